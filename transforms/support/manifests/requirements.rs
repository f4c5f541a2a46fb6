//! `pip install -r` and `uv pip install -r`: requirements files with everything that they include,
//! and the local paths in them.

use super::{InstallCall, Project, moves_elsewhere, pyproject, resolve};
use crate::knowledge::Confidence;
use crate::knowledge::languages::python::{ARCHIVES, OPTIONS_OF_REQUIREMENTS, OPTIONS_WITH_OTHER_FILES};
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

pub(super) fn project(install: &InstallCall<'_, '_>) -> Option<Result<Project, Reason>> {
    let files = match files(install) {
        Ok(files) if files.is_empty() => return None,
        // The working directory is not a copy of a folder, so these are other files.
        Ok(files) if install.place.folder.is_none() && files.iter().any(|file| is_relative(file)) => {
            return None;
        }
        Ok(files) => files,
        Err(reason) => return Some(Err(reason)),
    };
    Some(read_all(install, files).and_then(|mut project| {
        if install.call.manager.name == "uv" {
            let more = pyproject::settings_of_uv(install)?;
            project
                .reads
                .extend(more.into_iter().filter(|path| !project.reads.contains(path)).collect::<Vec<_>>());
        } else {
            distutils(install)?;
        }
        Ok(project)
    }))
}

/// Old releases of pip read the install locations from `setup.cfg` in the directory. (Python's
/// documentation, "Distributing Python Modules", Writing the Setup Configuration File.)
fn distutils(install: &InstallCall<'_, '_>) -> Result<(), Reason> {
    let Some(text) = install.context.text(&install.path("setup.cfg")) else { return Ok(()) };
    let sections = ["[install]", "[easy_install]", "[global]", "[build]", "[build_ext]"];
    match text.lines().map(str::trim).find(|line| sections.contains(line)) {
        Some(section) => Err(reasons::setup_cfg_section(section)),
        None => Ok(()),
    }
}

/// The files that the call names by `-r` and `-c`.
fn files(install: &InstallCall<'_, '_>) -> Result<Vec<String>, Reason> {
    let call = install.call;
    let mut found = Vec::new();
    let mut values = call.values.iter();
    for option in &call.options {
        let raw = option.raw.as_str();
        let takes_value = call.manager.options_with_value.iter().any(|name| name == raw);
        let value = if takes_value { values.next().copied() } else { None };
        let (name, text) = match (raw.split_once('='), raw.get(..2)) {
            (Some((name, text)), _) if raw.starts_with("--") => (name, Some(text.to_owned())),
            (_, Some(short @ ("-r" | "-c" | "-e" | "-f"))) if raw.len() > 2 && !raw.starts_with("--") => {
                (short, Some(raw[2..].to_owned()))
            }
            _ => (raw, value.map(literal).transpose()?),
        };
        match name {
            "-r" | "--requirement" | "--requirements" | "-c" | "--constraint" | "--constraints" => {
                found.push(text.ok_or(reasons::unnamed_requirements())?);
            }
            "-e" | "--editable" => return Err(reasons::editable_package()),
            "-f" | "--find-links" if !text.as_deref().unwrap_or_default().contains("://") => {
                return Err(reasons::local_search());
            }
            _ if OPTIONS_WITH_OTHER_FILES.contains(&name) => {
                return Err(reasons::option_reads_files(name));
            }
            name if moves_elsewhere(call.manager, name) && !matches!(name, "-f" | "-C") => {
                return Err(reasons::option_names_directory(name));
            }
            _ => {}
        }
    }
    if let Some(local) = call.packages.iter().find(|word| word.literal().is_none_or(is_local)) {
        return Err(reasons::may_be_local_path(&local.raw));
    }
    Ok(found)
}

fn is_relative(file: &str) -> bool {
    !file.starts_with('/') && !file.contains("://")
}

fn literal(word: &Word) -> Result<String, Reason> {
    word.literal().map(str::to_owned).ok_or_else(|| reasons::unknown_value(&word.raw))
}

fn is_local(text: &str) -> bool {
    let name = text.split(['[', '=', '<', '>', ';', ' ', '~', '!']).next().unwrap_or_default();
    text.starts_with(['.', '/', '~'])
        || text.starts_with("file:")
        || !text.contains("://")
            && (name.contains('/') || ARCHIVES.iter().any(|ending| name.ends_with(ending)))
}

/// Reads requirements files and those that they include.
fn read_all(install: &InstallCall<'_, '_>, files: Vec<String>) -> Result<Project, Reason> {
    let mut open: Vec<(String, String)> =
        files.into_iter().map(|file| (install.folder.to_owned(), file)).collect();
    let mut project = Project { reads: Vec::new(), makes: Vec::new(), confidence: Confidence::Safe };
    while let Some((folder, file)) = open.pop() {
        if file.contains("://") {
            continue;
        }
        let path =
            if file.starts_with('/') { (install.place.origin)(&file) } else { resolve(&folder, &file) };
        let path = path.filter(|_| !file.contains('$') && !folder.contains('\0') || file.starts_with('/'));
        let path = path.ok_or_else(|| reasons::outside_of_copied_files(&file))?;
        if project.reads.contains(&path) {
            continue;
        }
        let text = install.context.text(&path).ok_or_else(|| reasons::missing_file(&path))?;
        if path.ends_with(".toml") && install.call.manager.name == "uv" {
            if !path.ends_with("pyproject.toml") {
                return Err(reasons::not_requirements(&path));
            }
            pyproject::as_requirements(install, &path)?;
            project.reads.push(path);
            continue;
        }
        if [".py", ".cfg", ".toml", ".lock"].iter().any(|ending| path.ends_with(ending)) {
            return Err(reasons::not_requirements(&path));
        }
        let own = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        for line in lines(text) {
            if let Some(file) = includes(&line, &path)? {
                open.push((own.clone(), file));
            }
        }
        project.reads.push(path);
    }
    Ok(project)
}

/// The lines without comments, continued ones joined. (pip's documentation, "Requirements File
/// Format".)
fn lines(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut line = String::new();
    for part in text.trim_start_matches('\u{feff}').lines() {
        let part =
            if part.trim_start().starts_with('#') { "" } else { part.split(" #").next().unwrap_or_default() };
        match part.strip_suffix('\\') {
            Some(part) => line.push_str(part),
            None => {
                line.push_str(part);
                all.push(std::mem::take(&mut line).trim().to_owned());
            }
        }
    }
    all.push(line.trim().to_owned());
    all.retain(|line| !line.is_empty());
    all
}

/// The file that a line includes; an error for what is local.
fn includes(line: &str, path: &str) -> Result<Option<String>, Reason> {
    let (mut word, mut rest) = line.split_once([' ', '=']).unwrap_or((line, ""));
    // `-rfile` is `-r file`.
    if word.len() > 2
        && word.starts_with('-')
        && !word.starts_with("--")
        && let Some(parts) = line.split_at_checked(2)
    {
        (word, rest) = parts;
    }
    match word {
        "-r" | "--requirement" | "-c" | "--constraint" => Ok(Some(rest.trim().to_owned())),
        "-e" | "--editable" => Err(reasons::editable_requirement(path, line)),
        "-f" | "--find-links" if !rest.contains("://") => Err(reasons::requirements_local_search(path)),
        "-i" | "--index-url" | "--extra-index-url" if !rest.contains("://") => {
            Err(reasons::requirements_local_index(path))
        }
        _ if OPTIONS_OF_REQUIREMENTS.contains(&word) => Ok(None),
        _ if line.starts_with('-') => Err(reasons::unknown_requirement_option(path, line)),
        _ => {
            let direct = line.split_once(" @ ").map_or(line, |(_, address)| address.trim());
            if is_local(direct) || direct.contains("file:") || line.contains("${") {
                return Err(reasons::requirement_path(path, line));
            }
            Ok(None)
        }
    }
}

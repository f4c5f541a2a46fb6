//! The contents of a directory: all files and symlinks with their sizes, and the texts of those
//! that define what is installed, run or started.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use walkdir::WalkDir;

use crate::cli::context::relative;
use crate::cli::input;
use crate::context::compose::is_compose_file;
use crate::context::{Entry, is_settings, is_source};
use crate::knowledge::lists::files::{
    DIRECTORIES_OF_OTHERS_AND_GIT, ENDINGS_OF_MANIFESTS, MAKEFILES, SHELL_SCRIPTS,
};
use crate::knowledge::managers::{LOCKFILES, TEXTS, TEXTS_IN};
use crate::knowledge::{Knowledge, Starter};

/// The largest number of files to read.
const MOST_ENTRIES: usize = 300_000;
/// The largest size of a text.
const MOST_BYTES: u64 = 1024 * 1024;
/// The largest size of a lockfile.
const MOST_LOCK_BYTES: u64 = 16 * 1024 * 1024;
const MOST_SCRIPT_BYTES: u64 = 64 * 1024;
/// The largest total size of the settings.
const MOST_SETTINGS_BYTES: u64 = 1024 * 1024;
/// The largest total size of the sources.
const MOST_SOURCE_BYTES: u64 = 8 * 1024 * 1024;

/// The files of a directory.
#[derive(Debug, Default)]
pub struct Files {
    /// Sorted by path.
    pub entries: Vec<Entry>,
    /// The relevant texts, by path.
    pub texts: BTreeMap<String, String>,
}

/// Reads a directory, including hidden files, without following symlinks.
pub fn files(directory: &Path) -> Result<Files, String> {
    let mut found = Files::default();
    let (mut sources, mut settings) = (0_u64, 0_u64);
    for entry in WalkDir::new(directory) {
        let entry = entry.map_err(|error| format!("the build context can't be read: {error}"))?;
        if entry.file_type().is_dir() {
            continue;
        }
        // A Dockerfile can't contain a name that is not UTF-8.
        let Some(path) = relative(entry.path(), directory) else { continue };
        if found.entries.len() == MOST_ENTRIES {
            return Err(format!(
                "the build context {} has more than {MOST_ENTRIES} files",
                directory.display()
            ));
        }
        let Ok(metadata) = entry.metadata() else { continue };
        let size = metadata.len();
        let is_link = metadata.is_symlink();
        let source = is_source(&path) && sources.saturating_add(size) <= MOST_SOURCE_BYTES;
        if source {
            sources += size;
        }
        let are_settings = is_settings(&path)
            && size <= MOST_SCRIPT_BYTES
            && settings.saturating_add(size) <= MOST_SETTINGS_BYTES;
        if are_settings {
            settings += size;
        }
        if !is_link
            && metadata.is_file()
            && (source
                || are_settings
                || is_read(&path, size)
                || may_have_interpreter(&path, size) && is_script(entry.path()))
            && let Ok(Some(text)) = input::beside(entry.path(), MOST_LOCK_BYTES)
        {
            found.texts.insert(path.clone(), text);
        }
        found.entries.push(Entry { path, size, is_link, executable: is_executable(&metadata) });
    }
    found.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether a file is named like a shell script.
fn is_script_name(name: &str) -> bool {
    SHELL_SCRIPTS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with("docker-entrypoint")
        || name.starts_with("entrypoint")
}

/// Whether a file without a telling name may start with an interpreter line: `bin/start`.
fn may_have_interpreter(path: &str, size: u64) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_left_out = |part: &str| DIRECTORIES_OF_OTHERS_AND_GIT.contains(&part);
    size <= MOST_SCRIPT_BYTES && !name.contains('.') && !path.split('/').any(is_left_out)
}

/// Whether a file's first line names a shell or the interpreter of another language.
fn is_script(path: &Path) -> bool {
    let mut start = [0; 64];
    let Ok(length) = fs::File::open(path).and_then(|mut file| file.read(&mut start)) else { return false };
    let line = start[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let is_known = |name: &&str| line.contains(name);
    line.starts_with("#!") && ["sh", "with-contenv", "python", "node", "ruby"].iter().any(is_known)
}

fn is_read(path: &str, size: u64) -> bool {
    if path.split('/').any(|part| matches!(part, "node_modules" | ".git")) {
        return false;
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_lock = LOCKFILES.contains(&name);
    let is_requirements = name.ends_with(".txt")
        && (name.contains("requirements")
            || name.contains("constraints")
            || folder.ends_with("requirements")
            || name.starts_with("req"));
    let is_project = ENDINGS_OF_MANIFESTS.iter().any(|ending| name.ends_with(ending));
    let is_script = is_script_name(name) && size <= MOST_SCRIPT_BYTES;
    let is_in_folder = TEXTS_IN
        .iter()
        .any(|(inner, own)| name == *own && (folder == *inner || folder.ends_with(&format!("/{inner}"))));
    let starts = size <= MOST_SCRIPT_BYTES
        && Knowledge::embedded().starters().iter().any(|starter| says_what_to_start(starter, path, name));
    let is_dockerfile = name.to_ascii_lowercase().contains("dockerfile")
        && size <= MOST_SCRIPT_BYTES
        && !name.ends_with(".dockerignore");
    let limit = if is_lock { MOST_LOCK_BYTES } else { MOST_BYTES };
    size <= limit
        && (is_lock
            || TEXTS.contains(&name)
            || MAKEFILES.contains(&name)
            || is_in_folder
            || is_requirements
            || is_project
            || is_script
            || is_compose_file(name)
            || starts
            || is_dockerfile)
}

/// Whether a file is one of those by which a starter knows what to start, as its path tells.
fn says_what_to_start(starter: &Starter, path: &str, name: &str) -> bool {
    let mut words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let starts =
        |word: &str, text: &str| word.get(..text.len()).is_some_and(|own| own.eq_ignore_ascii_case(text));
    starter.scripts.iter().any(|script| script == name)
        || words.any(|word| starter.texts.iter().any(|text| starts(word, text)))
        || starter.texts.iter().any(|text| text.starts_with('.') && name.ends_with(text.as_str()))
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

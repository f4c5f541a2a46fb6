//! Go, Cargo, Composer, Maven, .NET and Mix: what each reads beside its manifests, and what stands against it.

use serde_json::Value;

use super::{Looked, Project, join, resolve};
use crate::knowledge::Confidence;

pub(super) fn look(manager: &str, looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    match manager {
        "go" => go(looked, project),
        "cargo" => cargo(looked),
        "composer" => composer(looked, project),
        "maven" => maven(looked, project),
        "dotnet" => dotnet(looked, project),
        "mix" => mix(looked, project),
        other => Err(format!("what {other} reads is not known")),
    }
}

fn go(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("go.mod")?;
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    if text
        .lines()
        .map(code)
        .any(|line| line.split("=>").nth(1).is_some_and(|target| target.trim().starts_with(['.', '/'])))
    {
        return Err("go.mod replaces a module by a local directory".into());
    }
    if !looked.context.sends_file(&looked.path("go.sum")) {
        project.makes.push(looked.path("go.sum"));
    }
    // Before Go 1.18, `go mod download` wrote to go.sum. (Go 1.18 release notes, "Go command".)
    let release = text.lines().find_map(|line| line.strip_prefix("go 1."));
    let release = release.and_then(|rest| rest.split('.').next()?.trim().parse::<u32>().ok());
    if release.is_none_or(|minor| minor < 18) {
        project.confidence = Confidence::Unsafe;
    }
    let mut folder = looked.folder;
    loop {
        if looked.context.sends_file(&join(folder, "go.work")) {
            return Err("a go.work names further modules".into());
        }
        match folder.rsplit_once('/') {
            Some((above, _)) => folder = above,
            None if folder.is_empty() => return Ok(()),
            None => folder = "",
        }
    }
}

/// cargo refuses a manifest whose targets are not there, unless each has a path of its own. (The Cargo Book, "Cargo Targets", Target auto-discovery.)
fn cargo(looked: &Looked<'_, '_>) -> Result<(), String> {
    let text = looked.text("Cargo.toml")?;
    if text.contains("[workspace") || text.contains("path = \"../") {
        return Err("Cargo.toml belongs to a workspace".into());
    }
    Err("cargo wants the sources of every target to be there, also to fetch".into())
}

fn composer(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("composer.json")?;
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("composer.json is no JSON ({error})"))?;
    let is_there = |value: &Value| match value {
        Value::Null => false,
        Value::Object(all) => !all.is_empty(),
        Value::Array(all) => !all.is_empty(),
        _ => true,
    };
    if is_there(&value["scripts"]) && !looked.has_option(&["--no-scripts"]) {
        return Err("composer.json has scripts, which may need the sources".into());
    }
    if !looked.has_option(&["--no-autoloader"]) {
        let scans = ["autoload", "autoload-dev"]
            .iter()
            .any(|key| ["classmap", "files", "psr-0"].iter().any(|kind| is_there(&value[*key][*kind])));
        let is_cluster =
            |raw: &str| raw.starts_with('-') && !raw.starts_with("--") && raw.contains(['o', 'a']);
        let clusters = looked.call.options.iter().any(|option| is_cluster(&option.raw));
        let optimizes = clusters
            || looked.has_option(&[
                "-o",
                "--optimize-autoloader",
                "-a",
                "--classmap-authoritative",
                "-ao",
                "-oa",
            ])
            || value["config"]["optimize-autoloader"] == true
            || value["config"]["classmap-authoritative"] == true;
        if scans || optimizes {
            return Err("composer's autoloader is made from the sources".into());
        }
    }
    let allowed = &value["config"]["allow-plugins"];
    let plugins =
        *allowed == true || allowed.as_object().is_some_and(|all| all.values().any(|one| *one == true));
    if plugins && !looked.has_option(&["--no-plugins"]) {
        return Err("composer.json allows plugins, which may need the sources".into());
    }
    let repositories = value["repositories"]
        .as_array()
        .into_iter()
        .flatten()
        .chain(value["repositories"].as_object().into_iter().flat_map(|all| all.values()));
    if repositories.into_iter().any(|one| matches!(one["type"].as_str(), Some("path" | "artifact"))) {
        return Err("composer.json takes packages from a local path".into());
    }
    if let Some(programs) = value["config"]["bin-dir"].as_str() {
        project
            .makes
            .push(resolve(looked.folder, programs).ok_or("composer's bin-dir is outside of the project")?);
    }
    if let Some(vendor) = value["config"]["vendor-dir"].as_str() {
        project
            .makes
            .push(resolve(looked.folder, vendor).ok_or("the vendor directory is outside of the project")?);
    }
    if !looked.context.sends_file(&looked.path("composer.lock")) {
        project.makes.push(looked.path("composer.lock"));
    }
    Ok(())
}

fn maven(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("pom.xml")?;
    if text.contains("<modules>") || text.contains("<systemPath>") {
        return Err("pom.xml has modules or local jars".into());
    }
    let parent = text.split("<parent>").nth(1).and_then(|rest| rest.split("</parent>").next());
    if parent.is_some_and(|parent| !parent.contains("<relativePath/>"))
        && looked
            .context
            .sends_file(&join(looked.folder.rsplit_once('/').map_or("", |(above, _)| above), "pom.xml"))
        && !looked.folder.is_empty()
    {
        return Err("pom.xml has a parent beside it".into());
    }
    // Plugins run as the build says; by convention none of these goals reads sources.
    project.confidence = Confidence::Unsafe;
    Ok(())
}

fn dotnet(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let kinds = [".csproj", ".fsproj", ".vbproj", ".sln"];
    let is_project = |path: &str| kinds.iter().any(|kind| path.ends_with(kind));
    let named: Vec<String> = looked
        .call
        .packages
        .iter()
        .map(|word| {
            word.literal()
                .and_then(|name| resolve(looked.folder, name))
                .ok_or("a project's name is not known")
        })
        .collect::<Result<_, _>>()?;
    let here = |folder: &str| -> Vec<String> {
        let entries = looked
            .context
            .below(folder)
            .filter(|entry| looked.context.sends_file(&entry.path) && is_project(&entry.path));
        entries
            .filter(|entry| entry.path.rsplit_once('/').map_or("", |(directory, _)| directory) == folder)
            .map(|entry| entry.path.clone())
            .collect()
    };
    let mut open: Vec<String> = Vec::new();
    if named.is_empty() {
        open = here(looked.folder);
    }
    for name in &named {
        if is_project(name) { open.push(name.clone()) } else { open.extend(here(name)) }
    }
    if open.is_empty() {
        return Err("no project file is found for `dotnet restore`".into());
    }
    while let Some(path) = open.pop() {
        if project.reads.contains(&path) {
            continue;
        }
        let text = looked.context.text(&path).ok_or_else(|| format!("`{path}` can't be read"))?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if text.contains("Include='")
            || text.contains("<Import ")
            || text.contains("$(") && text.contains("ProjectReference Include=\"$(")
        {
            return Err(format!("`{path}` imports other files"));
        }
        let references = text
            .split("<ProjectReference")
            .skip(1)
            .filter_map(|part| part.split("Include=\"").nth(1)?.split('"').next());
        let listed = text
            .lines()
            .filter(|line| line.starts_with("Project("))
            .filter_map(|line| line.split('"').nth(5));
        for other in references.chain(listed) {
            let other = other.replace('\\', "/");
            if is_project(&other) {
                open.push(
                    resolve(folder, &other)
                        .ok_or_else(|| format!("`{other}` is outside of the build context"))?,
                );
            }
        }
        project.makes.push(join(folder, "obj"));
        // What stands further up counts for all below it.
        let mut above = folder;
        loop {
            for name in &looked.call.manager.project.as_ref().expect("the caller found it").companions {
                let companion = join(above, name);
                if !looked.context.sends_file(&companion) {
                    continue;
                }
                if names_other_files(&companion, looked.context.text(&companion).unwrap_or_default()) {
                    return Err(format!("`{companion}` names other files"));
                }
                if !project.reads.contains(&companion) {
                    project.reads.push(companion);
                }
            }
            match above.rsplit_once('/') {
                Some((higher, _)) => above = higher,
                None if above.is_empty() => break,
                None => above = "",
            }
        }
        project.reads.push(path);
    }
    Ok(())
}

/// Whether a file that counts for several projects imports another one, or names a local feed.
fn names_other_files(path: &str, text: &str) -> bool {
    let is_local = |add: &str| {
        add.split("value=\"").nth(1).is_some_and(|value| !value.to_ascii_lowercase().starts_with("http"))
    };
    text.contains("<Import")
        || path.to_ascii_lowercase().ends_with("nuget.config") && text.split("<add ").skip(1).any(is_local)
}

fn mix(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("mix.exs")?;
    if let Some(word) = ["path:", "File.", "Code.", "apps_path", "System.cmd", "in_umbrella"]
        .iter()
        .find(|word| text.contains(**word))
    {
        return Err(format!("mix.exs uses `{word}`, which may read other files"));
    }
    if !looked.context.sends_file(&looked.path("mix.lock")) {
        project.makes.push(looked.path("mix.lock"));
    }
    Ok(())
}

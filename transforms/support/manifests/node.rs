//! npm, Yarn, pnpm and Bun: package.json with its scripts, dependencies and workspaces, the
//! lockfile, and the files that the scripts of dependencies read.

mod lockfile;
mod scripts;
mod specs;
mod yarn_lock;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{InstallCall, Parsed, Project, join, says_something, settings, strings};
use crate::context::{Format, Ignore};
use crate::knowledge::languages::node::{FILES_OF_WORKSPACES, LIFECYCLE_SCRIPTS};
use crate::reasons::{self, Reason};

use lockfile::Lockfile;

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    workspace_above(install)?;
    let root = install.value("package.json", Format::Json)?;
    if !root.is_object() {
        return Err(reasons::unknown_format(&install.path("package.json")));
    }
    specs::replacements(install, &root, project)?;
    plugins(install)?;
    // `pnpm fetch` reads only the lockfile and the settings. (pnpm's documentation, "pnpm fetch".)
    let fetches = install.call.manager.name == "pnpm" && install.call.verb == "fetch";
    if fetches && !install.has("pnpm-lock.yaml") {
        return Err(reasons::no_pnpm_lock());
    }
    let mut manifests = vec![(install.folder.to_owned(), root)];
    if !fetches {
        for member in members(install, &manifests[0].1)? {
            let path = join(&member, "package.json");
            let package = install.context.parsed(&path, Format::Json).map(Parsed)?;
            if says_something(&package["bin"]) || says_something(&package["directories"]["bin"]) {
                return Err(reasons::links_programs(&path));
            }
            if says_something(&package["publishConfig"]["directory"]) {
                return Err(reasons::linked_directory(&path));
            }
            project.reads.push(path);
            let npmrc = join(&member, ".npmrc");
            if install.context.sends_file(&npmrc) {
                project.reads.push(npmrc);
            }
            settings::view(install, &member, project)?;
            project.makes.push(join(&member, "node_modules"));
            manifests.push((member, package));
        }
        for (folder, package) in &manifests {
            own_scripts(install, folder, package)?;
            specs::dependencies(install, folder, package, project)?;
        }
    }
    let members: BTreeSet<&str> = manifests[1..].iter().map(|(folder, _)| folder.as_str()).collect();
    let lockfile = Lockfile::read(install, &manifests[0].1, &members, project)?;
    scripts::view(install, &manifests, lockfile.as_ref(), project)?;
    if let Some(lockfile) = &lockfile {
        lockfile.add_created_files(install, project);
    }
    lockfile::rewritten(install, &manifests[0].1, lockfile.as_ref(), !members.is_empty(), project)
}

/// A workspace in a parent directory that the project may be part of.
fn workspace_above(install: &InstallCall<'_, '_>) -> Result<(), Reason> {
    for folder in install.above() {
        let manifest = join(folder, "package.json");
        let is_workspace = install.context.sends_file(&manifest)
            && install
                .context
                .parsed(&manifest, Format::Json)
                .map_or(true, |value| says_something(&Parsed(value)["workspaces"]));
        let settings = FILES_OF_WORKSPACES;
        if is_workspace || settings.iter().any(|name| install.context.sends_file(&join(folder, name))) {
            return Err(reasons::workspace_above());
        }
    }
    Ok(())
}

/// Yarn's plugins are code that runs at every install.
fn plugins(install: &InstallCall<'_, '_>) -> Result<(), Reason> {
    let Some(plugins) = settings::setting(install, ".yarnrc.yml", "plugins") else { return Ok(()) };
    let known = install.call.manager.project.as_ref().map(|known| &known.plugins);
    for plugin in plugins.as_array().into_iter().flatten() {
        let spec = plugin["spec"].as_str().unwrap_or_default();
        let is_known = known.is_some_and(|known| known.iter().any(|name| name == spec));
        let is_inside = plugin["path"].as_str().is_some_and(|path| path.starts_with(".yarn/plugins/"));
        if !is_known || !is_inside {
            let name =
                if spec.is_empty() { plugin["path"].as_str().unwrap_or("without a name") } else { spec };
            return Err(reasons::yarn_plugin(name));
        }
    }
    Ok(())
}

/// Scripts of the project itself that an install runs.
fn own_scripts(install: &InstallCall<'_, '_>, folder: &str, package: &Value) -> Result<(), Reason> {
    if scripts::are_off(install) {
        return Ok(());
    }
    let path = join(folder, "package.json");
    let is_harmless = |script: &Value| script.as_str().is_some_and(only_asks_for_a_manager);
    let script = LIFECYCLE_SCRIPTS.iter().find(|name| {
        let script = &package["scripts"][**name];
        !script.is_null() && !is_harmless(script)
    });
    if let Some(script) = script {
        return Err(reasons::lifecycle_script(&path, script));
    }
    let gyp = join(folder, "binding.gyp");
    if install.context.sends_file(&gyp) {
        return Err(reasons::compiles_project(&gyp));
    }
    Ok(())
}

/// `npx only-allow pnpm` reads only the environment. (github.com/pnpm/only-allow, README and
/// bin.js.)
fn only_asks_for_a_manager(script: &str) -> bool {
    let words: Vec<&str> = script.split_whitespace().collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !matches!(*word, "-y" | "--yes")).collect();
    matches!(words[..], ["npx", "only-allow", "npm" | "pnpm" | "yarn" | "bun"])
}

/// The folders of the workspaces, those with a package.json.
fn members(install: &InstallCall<'_, '_>, root: &Value) -> Result<Vec<String>, Reason> {
    let patterns: Vec<String> = if install.call.manager.name == "pnpm" {
        if !install.has("pnpm-workspace.yaml") {
            return Ok(Vec::new());
        }
        let value = install.value("pnpm-workspace.yaml", Format::Yaml)?;
        match &value["packages"] {
            Value::Null => return Ok(Vec::new()),
            packages => listed(packages)
                .ok_or_else(|| reasons::workspace_packages(&install.path("pnpm-workspace.yaml")))?,
        }
    } else {
        let known = ["packages", "nohoist", "catalog", "catalogs"];
        match &root["workspaces"] {
            Value::Null => return Ok(Vec::new()),
            Value::Object(all) if all.keys().all(|key| known.contains(&key.as_str())) => {
                all.get("packages").map_or(Some(Vec::new()), listed)
            }
            value => listed(value),
        }
        .ok_or(reasons::workspaces_format())?
    };
    // The same kind of patterns as in an ignore file: a later `!` excludes a folder again.
    let wanted = Ignore::parse(&patterns.join("\n"));
    let manifests =
        install.context.below(install.folder).filter(|entry| install.context.sends_file(&entry.path));
    let folders = manifests.filter_map(|entry| {
        let folder = entry.path.strip_suffix("/package.json")?;
        let inner = if install.folder.is_empty() {
            folder
        } else {
            folder.strip_prefix(install.folder)?.trim_start_matches('/')
        };
        let installed = folder.split('/').any(|part| part == "node_modules");
        (!inner.is_empty() && !installed && wanted.excludes(inner)).then(|| folder.to_owned())
    });
    Ok(folders.collect())
}

fn listed(value: &Value) -> Option<Vec<String>> {
    Some(strings(value)?.into_iter().map(str::to_owned).collect())
}

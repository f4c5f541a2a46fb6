//! Poetry, uv and Pipenv: whether the project itself is installed, dependencies on local paths, and
//! plugins that read the Git history.

use serde_json::{Map, Value};

use super::settings::is_path;
use super::{InstallCall, Project, join, resolve, says_something, settings, strings};
use crate::context::Format;
use crate::knowledge::Confidence;
use crate::knowledge::languages::python::{KEYS_OF_PIPENV, KEYS_OF_POETRY, KEYS_OF_UV_SOURCES};
use crate::reasons::{self, Reason};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    match install.call.manager.name.as_str() {
        "poetry" => poetry(install, project),
        "uv" => uv(install),
        _ => pipenv(install, project),
    }
}

fn poetry(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let value = install.value("pyproject.toml", Format::Toml)?;
    let poetry = &value["tool"]["poetry"];
    if !install.has_option(&["--no-root"]) && poetry["package-mode"] != false {
        return Err(reasons::poetry_installs_project());
    }
    versions_from_history(install, &value)?;
    let groups = poetry["group"].as_object().into_iter().flat_map(|all| all.values());
    let tables = [&poetry["dependencies"], &poetry["dev-dependencies"]];
    for table in tables.into_iter().chain(groups.map(|group| &group["dependencies"])) {
        for (name, spec) in table.as_object().into_iter().flatten() {
            poetry_dependency(spec).map_err(|reason| local("pyproject.toml", name, &reason))?;
        }
    }
    if poetry["source"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|source| source["url"].as_str().is_some_and(|url| !url.contains("://")))
    {
        return Err(reasons::pyproject_local_index());
    }
    requirements_of(&value)?;
    // Poetry 2 reads the licence's text. (python-poetry/poetry-core, factory.py.)
    if let Some(file) = value["project"]["license"]["file"].as_str() {
        let path = resolve(install.folder, file).filter(|path| install.context.sends_file(path));
        project.reads.push(path.ok_or(reasons::missing_license_file())?);
    }
    if !install.has("poetry.lock") {
        // Another checkout may have one: by convention it is in all of them or in none.
        project.confidence = Confidence::Unsafe;
        return Ok(());
    }
    let lock = install.value("poetry.lock", Format::Toml)?;
    let packages = lock["package"].as_array().into_iter().flatten();
    let is_local =
        |package: &&Value| matches!(package["source"]["type"].as_str(), Some("directory" | "file"));
    if let Some(package) = packages.into_iter().find(is_local) {
        return Err(local("poetry.lock", package["name"].as_str().unwrap_or_default(), "a local path"));
    }
    Ok(())
}

/// Plugins run at every command of Poetry's; one that takes the version from git needs the history.
fn versions_from_history(install: &InstallCall<'_, '_>, value: &Value) -> Result<(), Reason> {
    let dynamic = &value["tool"]["poetry-dynamic-versioning"];
    if dynamic.is_object() && dynamic["enable"] != false {
        return Err(reasons::version_from_git());
    }
    let known =
        install.call.manager.project.as_ref().map(|known| known.plugins.as_slice()).unwrap_or_default();
    let is_known = |name: &str| name == "poetry" || known.iter().any(|plugin| plugin == name);
    let required = value["tool"]["poetry"]["requires-plugins"].as_object().into_iter().flatten();
    let installed: Vec<String> = (install.place.installed)();
    // `poetry-dynamic-versioning[plugin]>=1.0`; a URL contains the name too.
    let named =
        installed.iter().filter(|word| !word.starts_with('-') && word.contains("poetry")).map(|word| {
            let end = word.find(['[', '=', '<', '>', '~', '!', '@', ' ', ';']).unwrap_or(word.len());
            &word[..end]
        });
    // A URL from which Poetry itself is installed is not a plugin.
    let named = named.filter(|name| !name.contains("://") && !name.starts_with(['/', '.', '$']));
    let mut plugins = required.map(|(name, _)| name.as_str()).chain(named);
    match plugins.find(|name| !is_known(name)) {
        Some(name) => Err(reasons::poetry_plugin(name)),
        None => Ok(()),
    }
}

/// A version, or a table of understood keys that name no path; several of them in a list.
fn poetry_dependency(spec: &Value) -> Result<(), String> {
    let known = KEYS_OF_POETRY;
    match spec {
        Value::String(version) if !is_path(version) => Ok(()),
        Value::Object(all) => only_keys(all, known),
        Value::Array(all) => all.iter().try_for_each(poetry_dependency),
        _ => Err("an unknown location".into()),
    }
}

/// Whether a table has only these keys, and none of them holds a path.
fn only_keys(all: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match all.iter().find(|(key, value)| {
        !known.contains(&key.as_str())
            || value.as_str().is_some_and(is_path)
            || *key == "git" && !value.as_str().is_some_and(is_address)
    }) {
        Some((key, value)) => Err(format!("a local path or an unknown location (`{key} = {value}`)")),
        None => Ok(()),
    }
}

fn is_address(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@")
}

/// Requirements in the standard's tables: `[project]` and `[dependency-groups]`.
fn requirements_of(value: &Value) -> Result<(), Reason> {
    let project = &value["project"];
    let extras = project["optional-dependencies"].as_object().into_iter().flat_map(|all| all.values());
    let groups = value["dependency-groups"].as_object().into_iter().flat_map(|all| all.values());
    let lists = std::iter::once(&project["dependencies"]).chain(extras).chain(groups);
    for requirement in lists.filter_map(Value::as_array).flatten() {
        match requirement {
            Value::String(text) if is_path(text) => {
                return Err(local("pyproject.toml", text, "a local path"));
            }
            Value::String(_) => {}
            // `{ include-group = "test" }`
            Value::Object(all) if all.keys().all(|key| key == "include-group") => {}
            _ => return Err(reasons::dependency_format()),
        }
    }
    Ok(())
}

fn local(file: &str, name: &str, from: &str) -> Reason {
    reasons::dependency_from(file, name, from)
}

fn uv(install: &InstallCall<'_, '_>) -> Result<(), Reason> {
    let value = install.value("pyproject.toml", Format::Toml)?;
    let uv = &value["tool"]["uv"];
    // uv's documentation, "Configuring projects", Project packaging.
    let is_package = uv["package"] == true || value.get("build-system").is_some() && uv["package"] != false;
    if is_package && !install.has_option(&["--no-install-project"]) {
        return Err(reasons::uv_installs_project());
    }
    has_uv_parent(install)?;
    understood_by_uv(&value)?;
    if dynamic(&value, "dependencies") || dynamic(&value, "optional-dependencies") {
        return Err(reasons::dynamic_dependencies());
    }
    if !install.has("uv.lock") {
        return Err(reasons::no_uv_lock());
    }
    // Otherwise it may write a lockfile that the later copy would replace.
    if !install.has_option(&["--frozen", "--locked"]) {
        return Err(reasons::uv_may_rewrite_lock());
    }
    let lock = install.value("uv.lock", Format::Toml)?;
    for package in lock["package"].as_array().into_iter().flatten() {
        let source = &package["source"];
        let is_own = ["virtual", "editable"].iter().any(|key| source[*key] == ".");
        let is_remote = source["git"].is_string()
            || ["registry", "url"].iter().any(|key| source[*key].as_str().is_some_and(is_address));
        if !is_own && !is_remote {
            return Err(local("uv.lock", package["name"].as_str().unwrap_or_default(), "a local path"));
        }
    }
    Ok(())
}

/// Whether a list of what is not static has a key.
fn dynamic(value: &Value, key: &str) -> bool {
    match &value["project"]["dynamic"] {
        Value::Null => false,
        list => strings(list).is_none_or(|names| names.contains(&key)),
    }
}

/// A uv project or settings in a parent directory, which would apply too.
pub(super) fn has_uv_parent(install: &InstallCall<'_, '_>) -> Result<(), Reason> {
    let above = install.above().find(|folder| {
        let manifest = join(folder, "pyproject.toml");
        let has_table = || match install.context.parsed(&manifest, Format::Toml) {
            Ok(value) => value.as_ref().as_ref().is_ok_and(|value| value["tool"].get("uv").is_some()),
            Err(_) => install.context.sends_file(&manifest),
        };
        install.context.sends_file(&join(folder, "uv.toml")) || has_table()
    });
    above.map_or(Ok(()), |_| Err(reasons::uv_settings_above()))
}

/// Sources and requirements of a project as uv reads them.
pub(super) fn understood_by_uv(value: &Value) -> Result<(), Reason> {
    let uv = &value["tool"]["uv"];
    if says_something(&uv["workspace"]) {
        return Err(reasons::uv_workspace());
    }
    let known = KEYS_OF_UV_SOURCES;
    for (name, source) in uv["sources"].as_object().into_iter().flatten() {
        let all: Vec<&Value> = source.as_array().map_or_else(|| vec![source], |all| all.iter().collect());
        for source in all {
            let table =
                source.as_object().ok_or_else(|| local("pyproject.toml", name, "an unknown location"))?;
            only_keys(table, known).map_err(|reason| local("pyproject.toml", name, &reason))?;
        }
    }
    requirements_of(value)
}

fn pipenv(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let value = install.value("Pipfile", Format::Toml)?;
    let known = KEYS_OF_PIPENV;
    for (table, all) in value.as_object().into_iter().flatten() {
        match table.as_str() {
            // The settings are checked with the other settings files; only `pipenv run` runs
            // scripts.
            "pipenv" | "requires" | "scripts" | "pipfile" => continue,
            "source" => {
                let is_local = |source: &Value| source["url"].as_str().is_none_or(|url| !url.contains("://"));
                if all.as_array().is_none_or(|all| all.iter().any(is_local)) {
                    return Err(reasons::pipfile_local_index());
                }
                continue;
            }
            _ => {}
        }
        for (name, spec) in all.as_object().into_iter().flatten() {
            let understood = match spec {
                Value::String(version) => !is_path(version),
                Value::Object(all) => only_keys(all, known).is_ok(),
                _ => false,
            };
            if !understood {
                return Err(local("Pipfile", name, "a local path or an unknown location"));
            }
        }
    }
    if !install.has("Pipfile.lock") {
        // Another checkout may have one: by convention it is in all of them or in none.
        project.confidence = Confidence::Unsafe;
        return Ok(());
    }
    let lock = install.value("Pipfile.lock", Format::Json)?;
    for (_, table) in lock.as_object().into_iter().flatten().filter(|(name, _)| *name != "_meta") {
        let is_local = |package: &Value| {
            package["editable"] == true
                || !package["path"].is_null()
                || package["file"].as_str().is_some_and(|file| !file.contains("://"))
        };
        if let Some((name, _)) =
            table.as_object().into_iter().flatten().find(|(_, package)| is_local(package))
        {
            return Err(local("Pipfile.lock", name, "a local path"));
        }
    }
    if !install.has_option(&["--deploy", "--ignore-pipfile"]) && install.call.verb != "sync" {
        project.confidence = Confidence::Unsafe;
    }
    Ok(())
}

/// `uv pip install -r pyproject.toml`: what it names must be in it. The error follows "because".
pub(super) fn as_requirements(install: &InstallCall<'_, '_>, path: &str) -> Result<(), Reason> {
    let value = install.context.parsed(path, Format::Toml).map(super::Parsed)?;
    if value["project"].is_null()
        || dynamic(&value, "dependencies")
        || dynamic(&value, "optional-dependencies")
    {
        return Err(reasons::computed_dependencies(path));
    }
    understood_by_uv(&value)
}

/// Whether uv has settings that are not understood.
pub(super) fn settings_of_uv(install: &InstallCall<'_, '_>) -> Result<Vec<String>, Reason> {
    let mut project = Project { reads: Vec::new(), makes: Vec::new(), confidence: Confidence::Safe };
    settings::view(install, install.folder, &mut project)?;
    has_uv_parent(install)?;
    let names = ["uv.toml", "pyproject.toml", ".python-version"].iter().map(|name| install.path(name));
    project.reads.extend(names.filter(|path| install.context.sends_file(path)));
    Ok(project.reads)
}

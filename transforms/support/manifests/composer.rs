//! Composer: composer.json and composer.lock, its scripts, plugins, autoloader and local packages.

use serde_json::Value;

use super::{InstallCall, Project, resolve, says_something};
use crate::context::Format;
use crate::knowledge::Confidence;
use crate::reasons::{self, Reason};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let value = install.value("composer.json", Format::Json)?;
    if says_something(&value["scripts"]) && !install.has_option(&["--no-scripts"]) {
        return Err(reasons::composer_scripts());
    }
    autoloader(install, &value)?;
    plugins(install, &value)?;
    repositories(&value)?;
    // Without a version in composer.json, Composer reads the root package's version from git and
    // stores it with the packages. (getcomposer.org, "The composer.json schema", version.)
    let history = [".git", ".hg", ".svn"]
        .iter()
        .find(|name| install.context.sends(name) || install.context.sends(&install.path(name)));
    if let Some(history) = history.filter(|_| value["version"].is_null()) {
        return Err(reasons::composer_version(history));
    }
    for key in ["bin-dir", "vendor-dir"] {
        if let Some(directory) = value["config"][key].as_str() {
            let path = resolve(install.folder, directory).filter(|path| !path.is_empty());
            project.makes.push(path.ok_or_else(|| reasons::composer_directory_outside(key))?);
        }
    }
    if !install.has("composer.lock") {
        project.confidence = Confidence::Unsafe;
        return Ok(());
    }
    let lock = install.value("composer.lock", Format::Json)?;
    for package in ["packages", "packages-dev"].iter().filter_map(|key| lock[*key].as_array()).flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let is_local = |part: &str| {
            package[part]["type"] == "path"
                || package[part]["url"]
                    .as_str()
                    .is_some_and(|url| !url.contains("://") && !url.starts_with("git@"))
        };
        if is_local("dist") || package["dist"].is_null() && is_local("source") {
            return Err(reasons::composer_local_package(name));
        }
        let is_plugin = matches!(package["type"].as_str(), Some("composer-plugin" | "composer-installer"));
        if is_plugin
            && !install.has_option(&["--no-plugins"])
            && value["config"]["allow-plugins"][name] != false
        {
            return Err(reasons::composer_plugin(name));
        }
    }
    Ok(())
}

fn autoloader(install: &InstallCall<'_, '_>, value: &Value) -> Result<(), Reason> {
    if install.has_option(&["--no-autoloader"]) {
        return Ok(());
    }
    let mut kinds = ["autoload", "autoload-dev"].iter().filter_map(|key| value[*key].as_object()).flatten();
    let scans = kinds.any(|(kind, what)| {
        !matches!(kind.as_str(), "psr-4" | "exclude-from-classmap") && says_something(what)
    });
    let optimizes = ["o", "a"].iter().any(|letter| install.call.has_letters(letter))
        || install.has_option(&["--optimize-autoloader", "--classmap-authoritative"])
        || value["config"]["optimize-autoloader"] == true
        || value["config"]["classmap-authoritative"] == true;
    if scans || optimizes { Err(reasons::composer_autoloader()) } else { Ok(()) }
}

fn plugins(install: &InstallCall<'_, '_>, value: &Value) -> Result<(), Reason> {
    let allows = match &value["config"]["allow-plugins"] {
        Value::Null | Value::Bool(false) => false,
        Value::Object(all) => all.values().any(|allowed| *allowed != false),
        _ => true,
    };
    if allows && !install.has_option(&["--no-plugins"]) {
        return Err(reasons::composer_plugins_allowed());
    }
    Ok(())
}

/// Only repositories at a URL, and packages that the file defines itself.
fn repositories(value: &Value) -> Result<(), Reason> {
    let all: Vec<&Value> = match &value["repositories"] {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().collect(),
        Value::Object(all) => all.values().collect(),
        _ => return Err(reasons::composer_repositories()),
    };
    let is_known = |repository: &&Value| match repository["type"].as_str() {
        Some(
            "composer" | "vcs" | "git" | "github" | "gitlab" | "bitbucket" | "git-bitbucket" | "svn" | "hg"
            | "pear",
        ) => repository["url"]
            .as_str()
            .is_some_and(|url| url.contains("://") && !url.starts_with("file:") || url.starts_with("git@")),
        // `{ "packagist.org": false }`
        None => {
            **repository == false
                || repository.as_object().is_some_and(|all| all.values().all(|value| *value == false))
        }
        Some(_) => false,
    };
    match all.into_iter().find(|repository| !is_known(repository)) {
        Some(_) => Err(reasons::composer_local_repository()),
        None => Ok(()),
    }
}

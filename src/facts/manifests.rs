//! Which files of the build context an install of a project reads, what it makes, and what stands against it.
//!
//! The names of manifests, the keys of settings and the packages with scripts are data in `knowledge/`; what a manifest means is one file an ecosystem
//! here. Manifests and lockfiles are read by real parsers. An install is taken for one that reads nothing else only where all that it reads is
//! understood. Nothing is known of Dockerfiles here.

mod composer;
mod dotnet;
mod gemfile;
mod go;
mod maven;
mod mix;
mod modules;
mod node;
mod pyproject;
mod requirements;
mod settings;

use std::sync::Arc;

use serde_json::Value;

use crate::context::{BuildContext, Format};
use crate::facts::Call;
use crate::facts::execution::normalized;
use crate::knowledge::{self, Confidence, Knowledge};

/// What an install of a project reads and makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Context paths of the files that it reads, the most telling first; each is a file that is sent, or a directory that goes whole.
    pub reads: Vec<String>,
    /// What it makes, as context paths: a later copy of the same directory must not bring any of it.
    pub makes: Vec<String>,
    /// Safe where it provably reads nothing else.
    pub confidence: Confidence,
}

/// Where a call runs, and what else counts for it.
pub struct Place<'p> {
    /// The folder of the context that its directory is a copy of (the context itself is empty); none where it is no copy of one.
    pub folder: Option<&'p str>,
    /// Where a file of the image comes from.
    pub origin: &'p dyn Fn(&str) -> Option<String>,
    /// Whether it is called by `python -m`.
    pub as_module: bool,
    /// What earlier commands of the image's build installed, by the words of their calls.
    pub installed: &'p dyn Fn() -> Vec<String>,
    /// The build context.
    pub context: &'p BuildContext,
    /// What is known of the world.
    pub known: &'p Knowledge,
}

/// What a call reads of the project. None where it is no install of a project. The error is what stands against it, to follow "because".
pub fn project(call: &Call<'_>, place: &Place<'_>) -> Option<Result<Project, String>> {
    let known = call.manager.project.as_ref()?;
    let is_pip = call.manager.name == "pip" || call.verb.starts_with("pip ");
    if place.folder.is_none() && !is_pip {
        return None;
    }
    let looked = Looked { call, folder: place.folder.unwrap_or(NOWHERE), place, context: place.context };
    if place.as_module
        && let Some(name) = place.folder.and_then(|folder| modules::shadowing(folder, place.context))
    {
        return Some(Err(format!(
            "`{name}` in the directory bears the name of a module that `python -m` would take from there"
        )));
    }
    if call.manager.name == "uv" && call.verb.starts_with("pip ") {
        return requirements::project(&looked);
    }
    if !known.verbs.contains(&call.verb) {
        return None;
    }
    match call.manager.name.as_str() {
        "pip" => return requirements::project(&looked),
        _ if !call.packages.is_empty() && call.manager.name != "dotnet" => return None,
        _ => {}
    }
    Some(looked.with_names(known).and_then(|mut project| {
        match call.manager.name.as_str() {
            "npm" | "yarn" | "pnpm" | "bun" => node::look(&looked, &mut project)?,
            "poetry" | "uv" | "pipenv" => pyproject::look(&looked, &mut project)?,
            "bundler" => gemfile::look(&looked, &mut project)?,
            "composer" => composer::look(&looked, &mut project)?,
            "dotnet" => dotnet::look(&looked, &mut project)?,
            "go" => go::look(&looked, &mut project)?,
            "maven" => maven::look(&looked, &mut project)?,
            "mix" => mix::look(&looked, &mut project)?,
            // cargo refuses a manifest whose targets are not there. (The Cargo Book, "Cargo Targets", Target auto-discovery.)
            "cargo" => return Err("cargo needs the sources of every target, even to fetch".into()),
            name => return Err(format!("what {name} reads is unknown")),
        }
        Ok(project)
    }))
}

/// A folder that no context has.
const NOWHERE: &str = "\0";

/// A call with the place where it looks.
struct Looked<'l, 'a> {
    call: &'l Call<'a>,
    folder: &'l str,
    place: &'l Place<'l>,
    context: &'l BuildContext,
}

impl<'l> Looked<'l, '_> {
    /// The manifests and their companions that lie in the folder.
    fn with_names(&self, known: &knowledge::Project) -> Result<Project, String> {
        if self.call.options.iter().any(|option| moves_elsewhere(&option.raw)) {
            return Err(format!("{} is sent to another directory", self.call.manager.name));
        }
        let mut reads: Vec<String> = Vec::new();
        for name in &known.manifests {
            let path = self.path(name);
            if !self.context.sends_file(&path) {
                return Err(format!("the build context has no `{path}`"));
            }
            reads.push(path);
        }
        if let Some(name) = known.unreadable.iter().find(|name| self.context.sends(&self.path(name))) {
            return Err(format!(
                "{} reads `{}`, which may name other files",
                self.call.manager.name,
                self.path(name)
            ));
        }
        reads.extend(
            known.companions.iter().map(|name| self.path(name)).filter(|path| self.context.sends(path)),
        );
        let makes = known.makes.iter().map(|name| self.path(name)).collect();
        let mut project = Project { reads, makes, confidence: Confidence::Safe };
        settings::look(self, self.folder, &mut project)?;
        Ok(project)
    }

    /// The context path of a name in the folder.
    fn path(&self, name: &str) -> String {
        join(self.folder, name)
    }

    /// Whether the build context sends a file of this name in the folder.
    fn has(&self, name: &str) -> bool {
        self.context.sends_file(&self.path(name))
    }

    /// The text of a manifest in the folder.
    fn text(&self, name: &str) -> Result<&'l str, String> {
        let path = self.path(name);
        self.context.text(&path).ok_or_else(|| format!("`{path}` can't be read"))
    }

    /// The value of a manifest in the folder.
    fn value(&self, name: &str, format: Format) -> Result<Parsed, String> {
        self.context.parsed(&self.path(name), format).map(Parsed)
    }

    /// The folders above it, the nearest first, the context itself last.
    fn above(&self) -> impl Iterator<Item = &'l str> {
        let mut folder = Some(self.folder).filter(|folder| !folder.is_empty());
        std::iter::from_fn(move || {
            let above = folder?.rsplit_once('/').map_or("", |(above, _)| above);
            folder = Some(above).filter(|folder| !folder.is_empty());
            Some(above)
        })
    }

    fn has_option(&self, names: &[&str]) -> bool {
        self.call.options.iter().any(|option| {
            let (name, value) = option.raw.split_once('=').unwrap_or((&option.raw, ""));
            names.contains(&name) && value != "false" || names.contains(&option.raw.as_str())
        })
    }
}

/// The value of a manifest, which other steps share.
struct Parsed(Arc<Result<Value, String>>);

impl std::ops::Deref for Parsed {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &*self.0 {
            Ok(value) => value,
            // `BuildContext::parsed` gives out none that failed.
            Err(_) => &Value::Null,
        }
    }
}

/// The strings of a list; none where it is no list of strings.
fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// Whether a value says anything: it is not missing, null, empty or false.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(all) => !all.is_empty(),
        Value::Array(all) => !all.is_empty(),
        _ => true,
    }
}

/// Options that make a manager look or write in another directory than its own.
fn moves_elsewhere(option: &str) -> bool {
    let name = option.split('=').next().unwrap_or_default();
    matches!(
        name,
        "--prefix"
            | "-C"
            | "--cwd"
            | "--dir"
            | "--directory"
            | "--project"
            | "--gemfile"
            | "--working-dir"
            | "-d"
            | "--filter"
            | "-F"
            | "--workspace"
            | "-w"
            | "--modules-folder"
            | "--modules-dir"
            | "--manifest-path"
            | "-f"
            | "--file"
            | "-pl"
            | "--package"
            | "--userconfig"
            | "--globalconfig"
            | "--pnpmfile"
            | "--global-pnpmfile"
            | "--use-yarnrc"
            | "--config-file"
            | "--configfile"
            | "--cafile"
            | "--env-file"
            | "--script"
            | "--config"
            | "--lockfile-dir"
            | "--virtual-store-dir"
            | "-modfile"
            | "-modcacherw"
            | "-t"
            | "--target"
    )
}

/// A name relative to a folder of the context.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A path relative to a folder of the context, also one that climbs up; none where it climbs out.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    normalized(&parts.join("/")).map(|path| path.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests;

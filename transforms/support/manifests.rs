//! Which files of the build context an install of a project reads, what it creates, and why it may
//! read more.
//!
//! The names of manifests, the keys of settings and the packages with scripts are data in
//! `knowledge/`; the meaning of manifests is in one module per ecosystem. Parsers read manifests
//! and lockfiles. An install is assumed to read nothing else only if everything that it reads is
//! understood. These modules know nothing about Dockerfiles.

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
use crate::knowledge::lists::options::TO_ANOTHER_DIRECTORY;
use crate::knowledge::{self, Confidence, Ecosystem, Knowledge, Manager};
use crate::reasons::{self, Reason};

/// What an install of a project reads and makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Context paths of the files that it reads, the most important first; each is a file that is
    /// sent, or a directory that is sent as a whole.
    pub reads: Vec<String>,
    /// The files that it creates, as context paths: a later copy of the same directory must not
    /// contain any of them.
    pub makes: Vec<String>,
    /// Safe where it provably reads nothing else.
    pub confidence: Confidence,
}

/// The working directory of a call, and what is known about it.
pub struct Place<'p> {
    /// The folder of the context that the directory is a copy of (the empty path is the context
    /// itself), or `None` if it is not a copy of one.
    pub folder: Option<&'p str>,
    /// The source of a file of the image.
    pub origin: &'p dyn Fn(&str) -> Option<String>,
    /// Whether it is called by `python -m`.
    pub as_module: bool,
    /// What earlier commands of the image's build installed, by the words of their calls.
    pub installed: &'p dyn Fn() -> Vec<String>,
    /// The build context.
    pub context: &'p BuildContext,
    /// The data of `knowledge/`.
    pub known: &'p Knowledge,
}

/// The project files that a call reads, or `None` if the call does not install a project. The error
/// says why the files are unknown, and completes the clause "because …".
pub fn project(call: &Call<'_>, place: &Place<'_>) -> Option<Result<Project, Reason>> {
    let known = call.manager.project.as_ref()?;
    let is_pip = call.manager.name == "pip" || call.verb.starts_with("pip ");
    if place.folder.is_none() && !is_pip {
        return None;
    }
    let install =
        InstallCall { call, folder: place.folder.unwrap_or(NOWHERE), place, context: place.context };
    if place.as_module
        && let Some(name) = place.folder.and_then(|folder| modules::shadowing(folder, place.context))
    {
        return Some(Err(reasons::shadowed_module(name)));
    }
    if call.manager.name == "uv" && call.verb.starts_with("pip ") {
        return requirements::project(&install);
    }
    if !known.verbs.contains(&call.verb) {
        return None;
    }
    match call.manager.name.as_str() {
        "pip" => return requirements::project(&install),
        _ if !call.packages.is_empty() && call.manager.name != "dotnet" => return None,
        _ => {}
    }
    Some(install.with_names(known).and_then(|mut project| {
        match call.manager.ecosystem {
            Some(Ecosystem::Node) => node::view(&install, &mut project)?,
            Some(Ecosystem::Python) => pyproject::view(&install, &mut project)?,
            Some(Ecosystem::Ruby) => gemfile::view(&install, &mut project)?,
            Some(Ecosystem::Php) => composer::view(&install, &mut project)?,
            Some(Ecosystem::Dotnet) => dotnet::view(&install, &mut project)?,
            Some(Ecosystem::Go) => go::view(&install, &mut project)?,
            Some(Ecosystem::Maven) => maven::view(&install, &mut project)?,
            Some(Ecosystem::Elixir) => mix::view(&install, &mut project)?,
            // cargo rejects a manifest whose targets do not exist. (The Cargo Book, "Cargo
            // Targets", Target auto-discovery.)
            Some(Ecosystem::Rust) => {
                return Err(reasons::cargo_needs_sources());
            }
            None if known.complete => {}
            None => return Err(reasons::unknown_manager(&call.manager.name)),
        }
        Ok(project)
    }))
}

/// A folder that exists in no build context.
const NOWHERE: &str = "\0";

/// A call, with the folder that it reads.
struct InstallCall<'l, 'a> {
    call: &'l Call<'a>,
    folder: &'l str,
    place: &'l Place<'l>,
    context: &'l BuildContext,
}

impl<'l> InstallCall<'l, '_> {
    /// The manifests and their related files in the folder.
    fn with_names(&self, known: &knowledge::Project) -> Result<Project, Reason> {
        if self.call.options.iter().any(|option| moves_elsewhere(self.call.manager, &option.raw)) {
            return Err(reasons::other_directory(&self.call.manager.name));
        }
        let mut reads: Vec<String> = Vec::new();
        for name in &known.manifests {
            let path = self.path(name);
            if !self.context.sends_file(&path) {
                return Err(reasons::missing_file(&path));
            }
            reads.push(path);
        }
        if let Some(name) = known.unreadable.iter().find(|name| self.context.sends(&self.path(name))) {
            return Err(reasons::file_may_name_others(&self.call.manager.name, &self.path(name)));
        }
        reads.extend(
            known.companions.iter().map(|name| self.path(name)).filter(|path| self.context.sends(path)),
        );
        let makes = known.makes.iter().map(|name| self.path(name)).collect();
        let mut project = Project { reads, makes, confidence: Confidence::Safe };
        settings::view(self, self.folder, &mut project)?;
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
    fn text(&self, name: &str) -> Result<&'l str, Reason> {
        let path = self.path(name);
        self.context.text(&path).ok_or_else(|| reasons::unreadable_file(&path))
    }

    /// The value of a manifest in the folder.
    fn value(&self, name: &str, format: Format) -> Result<Parsed, Reason> {
        self.context.parsed(&self.path(name), format).map(Parsed)
    }

    /// The parent folders, nearest first; the context itself is the last.
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

/// The parsed value of a manifest.
struct Parsed(Arc<Result<Value, String>>);

impl std::ops::Deref for Parsed {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &*self.0 {
            Ok(value) => value,
            // `BuildContext::parsed` returns only successful results.
            Err(_) => &Value::Null,
        }
    }
}

/// The strings of a list, or `None` if it is not a list of strings.
fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// Whether a value is set: it is not missing, null, empty or false.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(all) => !all.is_empty(),
        Value::Array(all) => !all.is_empty(),
        _ => true,
    }
}

/// Options that make a manager read or write in another directory.
fn moves_elsewhere(manager: &Manager, option: &str) -> bool {
    let name = option.split('=').next().unwrap_or_default();
    let mut own = manager.project.iter().flat_map(|project| &project.elsewhere);
    TO_ANOTHER_DIRECTORY.contains(&name) || own.any(|own| own == name)
}

/// A name relative to a folder of the context.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A path relative to a folder of the context, which may contain `..`, or `None` if it leaves the
/// context.
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

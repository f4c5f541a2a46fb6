//! Which files of the build context an install of a project reads, what it makes, and what stands against it.
//!
//! The names of manifests are data (`project` in `knowledge/managers`); what has to be looked for in their texts is one file an ecosystem here.
//! An install is taken for one that reads nothing else only where its manifests say so. Nothing is known of Dockerfiles here.

mod gemfile;
mod modules;
mod node;
mod others;
mod pyproject;
mod requirements;

use crate::context::BuildContext;
use crate::facts::Call;
use crate::facts::execution::normalized;
use crate::knowledge::Confidence;

/// What an install of a project reads and makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Context paths of the files that it reads, the most telling first; each is a file that is sent, or a directory that goes whole.
    pub reads: Vec<String>,
    /// What it makes or writes, as context paths: a later copy of the same directory must not bring any of it.
    pub makes: Vec<String>,
    /// Safe where it provably reads nothing else.
    pub confidence: Confidence,
}

/// What a call reads that runs in a folder of the context (the context itself is empty; none where its directory is no copy of one).
/// `place` says where a file of the image comes from; `as_module` is whether it is called by `python -m`. None where it is no install of a project. The error is what stands against it, to follow
/// "because".
pub fn project(
    call: &Call<'_>,
    as_module: bool,
    folder: Option<&str>,
    place: &dyn Fn(&str) -> Option<String>,
    context: &BuildContext,
) -> Option<Result<Project, String>> {
    let known = call.manager.project.as_ref()?;
    let is_pip = call.manager.name == "pip" || call.verb.starts_with("pip ");
    if folder.is_none() && !is_pip {
        return None;
    }
    let looked = Looked { call, folder: folder.unwrap_or(NOWHERE), place, context };
    if as_module && let Some(name) = folder.and_then(|folder| modules::shadowing(folder, context)) {
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
    Some(looked.with_names().and_then(|mut project| {
        match call.manager.name.as_str() {
            "npm" | "yarn" | "pnpm" | "bun" => node::look(&looked, &mut project)?,
            "poetry" | "uv" | "pipenv" => pyproject::look(&looked, &mut project)?,
            "bundler" => gemfile::look(&looked, &mut project)?,
            name => others::look(name, &looked, &mut project)?,
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
    place: &'l dyn Fn(&str) -> Option<String>,
    context: &'l BuildContext,
}

impl<'l> Looked<'l, '_> {
    /// The manifests and their companions that lie in the folder.
    fn with_names(&self) -> Result<Project, String> {
        let known = self.call.manager.project.as_ref().expect("the caller found it");
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
        reads.extend(
            known.companions.iter().map(|name| self.path(name)).filter(|path| self.context.sends(path)),
        );
        let makes = known.makes.iter().map(|name| self.path(name)).collect();
        Ok(Project { reads, makes, confidence: Confidence::Safe })
    }

    /// The context path of a name in the folder.
    fn path(&self, name: &str) -> String {
        join(self.folder, name)
    }

    /// The text of a manifest in the folder.
    fn text(&self, name: &str) -> Result<&'l str, String> {
        let path = self.path(name);
        self.context.text(&path).ok_or_else(|| format!("`{path}` can't be read"))
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
            let name = option.raw.split('=').next().unwrap_or_default();
            names.contains(&name)
        })
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

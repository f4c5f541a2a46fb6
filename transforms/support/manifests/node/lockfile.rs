//! Lockfiles of npm, Yarn, pnpm and Bun: which packages are installed, which of them come from
//! local paths, which have scripts; and whether an install leaves the file as it is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{InstallCall, Project, resolve, settings};
use super::scripts::{Scripts, is_berry};
use super::yarn_lock;
use crate::context::Format;
use crate::facts::paths;
use crate::knowledge::Confidence;
use crate::knowledge::languages::node::{
    DEPENDENCY_TABLES, OPTIONS_THAT_KEEP_LOCKFILES, VERBS_THAT_KEEP_LOCKFILES,
};
use crate::reasons::{self, Reason};

/// What a lockfile says.
#[derive(Debug)]
pub(super) struct Lockfile {
    /// Its name.
    pub name: &'static str,
    /// The packages that it names.
    pub names: BTreeSet<String>,
    /// Whether these are all.
    pub is_complete: bool,
    /// Which of them have a script.
    pub scripts: Scripts,
}

/// The names of a manager's lockfiles; the first that exists is used.
fn names(manager: &str) -> &'static [&'static str] {
    match manager {
        "npm" => &["npm-shrinkwrap.json", "package-lock.json"],
        "yarn" => &["yarn.lock"],
        "pnpm" => &["pnpm-lock.yaml"],
        _ => &["bun.lock", "bun.lockb"],
    }
}

impl Lockfile {
    /// Reads the lockfile of the project; none where it has none.
    pub fn read(
        install: &InstallCall<'_, '_>,
        root: &Value,
        members: &BTreeSet<&str>,
        project: &mut Project,
    ) -> Result<Option<Self>, Reason> {
        let names = names(&install.call.manager.name);
        let Some(name) = names.iter().copied().find(|name| install.has(name)) else { return Ok(None) };
        let mut lock =
            Self { name, names: BTreeSet::new(), is_complete: true, scripts: Scripts::Of(BTreeSet::new()) };
        match name {
            "yarn.lock" if is_berry(install) => lock.berry(&*install.value(name, Format::Yaml)?)?,
            "yarn.lock" => {
                lock.names = yarn_lock::names(install.text(name)?)
                    .ok_or_else(|| reasons::lockfile_local_or_unknown(&install.path(name)))?;
                lock.scripts = Scripts::Perhaps(lock.names.clone());
            }
            "pnpm-lock.yaml" => lock.pnpm(install, &*install.value(name, Format::Yaml)?, project)?,
            "bun.lock" => lock.bun(&*install.value(name, Format::Yaml)?)?,
            "bun.lockb" => {
                lock.names = direct(root);
                lock.is_complete = false;
                lock.scripts = Scripts::Perhaps(lock.names.clone());
            }
            _ => {
                // npm rejects or rewrites a file that is not JSON.
                let value = install.value(name, Format::Json)?;
                lock.npm(install, &value, members)?;
            }
        }
        Ok(Some(lock))
    }

    /// package-lock.json, from version 2 on. (npm's documentation, "package-lock.json".)
    fn npm(
        &mut self,
        install: &InstallCall<'_, '_>,
        value: &Value,
        members: &BTreeSet<&str>,
    ) -> Result<(), Reason> {
        let (true, Some(packages)) =
            (value["lockfileVersion"].as_u64() >= Some(2), value["packages"].as_object())
        else {
            return self.old_npm(value);
        };
        let mut scripts = BTreeSet::new();
        for (path, entry) in packages {
            let Some((_, name)) = path.rsplit_once("node_modules/") else {
                let is_member = path.is_empty()
                    || resolve(install.folder, path).is_some_and(|path| members.contains(path.as_str()));
                if is_member {
                    continue;
                }
                return Err(reasons::package_in_directory(self.name, path));
            };
            let resolved = entry["resolved"].as_str().unwrap_or_default();
            if entry["link"] == true {
                if resolve(install.folder, resolved).is_some_and(|path| members.contains(path.as_str())) {
                    continue;
                }
                return Err(reasons::linked_package(self.name, name, resolved));
            }
            if settings::is_path(resolved) {
                return Err(reasons::package_from(self.name, name, resolved));
            }
            // An alias is stored with the real name.
            let name = entry["name"].as_str().unwrap_or(name);
            if entry["hasInstallScript"] == true && runs_on_linux(entry) {
                scripts.insert(name.to_owned());
            }
            self.names.insert(name.to_owned());
        }
        self.scripts = Scripts::Of(scripts);
        Ok(())
    }

    /// Version 1 names versions only.
    fn old_npm(&mut self, value: &Value) -> Result<(), Reason> {
        let mut open = vec![&value["dependencies"]];
        while let Some(all) = open.pop() {
            for (name, entry) in all.as_object().into_iter().flatten() {
                if entry["version"].as_str().is_some_and(settings::is_path) {
                    return Err(reasons::local_package(self.name, name));
                }
                self.names.insert(name.clone());
                open.push(&entry["dependencies"]);
            }
        }
        self.is_complete = value.is_object();
        self.scripts = Scripts::Perhaps(self.names.clone());
        Ok(())
    }

    /// yarn.lock of Yarn 2 and later, which is YAML.
    fn berry(&mut self, value: &Value) -> Result<(), Reason> {
        for (key, entry) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "__metadata") {
            let resolution = entry["resolution"].as_str().unwrap_or(key);
            let at =
                resolution.get(1..).and_then(|rest| rest.find('@')).map_or(resolution.len(), |at| at + 1);
            let (name, source) = resolution.split_at(at);
            if source.starts_with("@workspace:") {
                continue;
            }
            if ["@file:", "@link:", "@portal:", "@exec:"].iter().any(|scheme| source.starts_with(scheme)) {
                return Err(reasons::local_package(self.name, name));
            }
            self.names.insert(name.to_owned());
        }
        self.is_complete = value.is_object() || value.is_null();
        self.scripts = Scripts::Perhaps(self.names.clone());
        Ok(())
    }

    /// pnpm-lock.yaml: up to version 6 it says which packages are built, later not.
    fn pnpm(
        &mut self,
        install: &InstallCall<'_, '_>,
        value: &Value,
        project: &mut Project,
    ) -> Result<(), Reason> {
        let version = match &value["lockfileVersion"] {
            Value::String(text) => text.split('.').next().and_then(|major| major.parse::<u32>().ok()),
            Value::Number(number) => number.as_f64().map(|number| if number < 6.0 { 5 } else { 6 }),
            _ => None,
        };
        let mut scripts = BTreeSet::new();
        for (key, entry) in value["packages"].as_object().into_iter().flatten() {
            let name = pnpm_name(key, entry);
            let resolution = &entry["resolution"];
            let tarball = resolution["tarball"].as_str().unwrap_or_default();
            if resolution["type"] == "directory"
                || resolution.get("directory").is_some()
                || settings::is_path(tarball)
            {
                return Err(reasons::local_package(self.name, &name));
            }
            if entry["requiresBuild"] == true && runs_on_linux(entry) {
                scripts.insert(name.clone());
            }
            self.names.insert(name);
        }
        if let Some((name, _)) = value["overrides"]
            .as_object()
            .into_iter()
            .flatten()
            .find(|(_, spec)| spec.as_str().is_some_and(settings::is_path))
        {
            return Err(reasons::replaced_by_local_package(self.name, name));
        }
        for (name, patch) in value["patchedDependencies"].as_object().into_iter().flatten() {
            // From pnpm 10 on, it is only the checksum; the path is in the settings.
            let Some(path) = patch["path"].as_str() else { continue };
            let path = resolve(install.folder, path).filter(|path| install.context.sends_file(path));
            let path = path.ok_or_else(|| reasons::missing_patch(name))?;
            if !project.reads.iter().any(|known| paths::within(&path, known)) {
                project.reads.push(path);
            }
        }
        self.scripts = match version {
            Some(5 | 6) => Scripts::Of(scripts),
            _ => Scripts::Perhaps(self.names.clone()),
        };
        self.is_complete = value.is_object() || value.is_null();
        Ok(())
    }

    /// bun.lock: JSON with trailing commas.
    fn bun(&mut self, value: &Value) -> Result<(), Reason> {
        for entry in value["packages"].as_object().into_iter().flat_map(|all| all.values()) {
            let resolution = entry[0].as_str().unwrap_or_default();
            let at =
                resolution.get(1..).and_then(|rest| rest.find('@')).map_or(resolution.len(), |at| at + 1);
            let (name, source) = resolution.split_at(at);
            if source.starts_with("@workspace:") {
                continue;
            }
            if source.is_empty() || settings::is_path(&source[1..]) {
                return Err(reasons::local_package(self.name, name));
            }
            self.names.insert(name.to_owned());
        }
        self.is_complete = value.is_object() || value.is_null();
        self.scripts = Scripts::Perhaps(self.names.clone());
        Ok(())
    }

    /// The files that Yarn 2 and later creates next to `node_modules`.
    pub fn add_created_files(&self, install: &InstallCall<'_, '_>, project: &mut Project) {
        if self.name == "yarn.lock" && is_berry(install) {
            let linker = settings::setting(install, ".yarnrc.yml", "nodeLinker");
            let is_pnp = linker.is_none_or(|linker| linker == "pnp");
            let known = install.call.manager.project.iter().flat_map(|known| &known.may_make);
            let made = known.filter(|name| is_pnp || !name.starts_with(".pnp"));
            project.makes.extend(made.map(|name| install.path(name)));
        }
    }
}

/// `/@a/b/1.0.0`, `/@a/b@1.0.0(c@1)`, `@a/b@1.0.0`.
fn pnpm_name(key: &str, entry: &Value) -> String {
    if let Some(name) = entry["name"].as_str() {
        return name.to_owned();
    }
    let key = key.trim_start_matches('/');
    match key.get(1..).and_then(|rest| rest.find('@')) {
        Some(at) => key[..=at].to_owned(),
        None => key.rsplit_once('/').map_or(key, |(name, _)| name).to_owned(),
    }
}

/// Whether a package is one for Linux too.
fn runs_on_linux(entry: &Value) -> bool {
    let Some(systems) = super::strings(&entry["os"]) else { return true };
    let excluded = systems.contains(&"!linux");
    let named = systems.iter().all(|name| name.starts_with('!')) || systems.contains(&"linux");
    !excluded && named
}

fn direct(root: &Value) -> BTreeSet<String> {
    DEPENDENCY_TABLES
        .iter()
        .filter_map(|key| root[*key].as_object())
        .flat_map(|all| all.keys().cloned())
        .collect()
}

/// An install that may rewrite the lockfile: the later copy would restore the old one.
pub(super) fn rewritten(
    install: &InstallCall<'_, '_>,
    root: &Value,
    lockfile: Option<&Lockfile>,
    has_members: bool,
    project: &mut Project,
) -> Result<(), Reason> {
    let call = install.call;
    let is_ci = VERBS_THAT_KEEP_LOCKFILES.contains(&call.verb.as_str());
    let Some(lockfile) = lockfile else {
        if is_ci {
            return Err(reasons::npm_ci_without_lockfile());
        }
        // Some managers take the versions from the lockfile of another one.
        let foreign = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"];
        if foreign.iter().any(|name| install.has(name)) {
            return Err(reasons::foreign_lockfile());
        }
        return Ok(());
    };
    let frozen = is_ci || call.verb == "fetch" || install.has_option(OPTIONS_THAT_KEEP_LOCKFILES);
    let keeps = !has_members
        && match call.manager.name.as_str() {
            "npm" => npm_keeps(install, lockfile.name, root)?,
            "pnpm" => pnpm_keeps(install, lockfile.name, root)?,
            _ => false,
        };
    if !frozen && !keeps {
        project.confidence = project.confidence.max(Confidence::Unsafe);
    }
    Ok(())
}

/// Whether `npm install` finds nothing to change in a lockfile: its root entry asks for what
/// package.json asks for.
fn npm_keeps(install: &InstallCall<'_, '_>, name: &str, root: &Value) -> Result<bool, Reason> {
    let lock = install.value(name, Format::Json)?;
    let entry = &lock["packages"][""];
    let same = |key: &str| {
        let of = |value: &Value| value[key].as_object().filter(|all| !all.is_empty()).cloned();
        of(entry) == of(root)
    };
    Ok(lock["lockfileVersion"].as_u64().is_some_and(|version| version >= 2)
        && DEPENDENCY_TABLES.iter().all(|key| same(key)))
}

/// Whether `pnpm install` leaves a lockfile unchanged: it does if that satisfies package.json.
/// (pnpm's documentation, "Settings", prefer-frozen-lockfile.)
fn pnpm_keeps(install: &InstallCall<'_, '_>, name: &str, root: &Value) -> Result<bool, Reason> {
    let lock = install.value(name, Format::Yaml)?;
    let own = &lock["importers"]["."];
    let same = |key: &str| {
        let wanted = root[key].as_object().into_iter().flatten();
        let locked = own[key].as_object().map_or(0, serde_json::Map::len);
        let mut count = 0;
        let all = wanted.into_iter().all(|(name, version)| {
            count += 1;
            own[key][name]["specifier"] == *version
        });
        all && count == locked
    };
    let is_plain = ["pnpm", "resolutions", "peerDependencies"].iter().all(|key| root.get(*key).is_none());
    Ok(is_plain
        && own.is_object()
        && ["dependencies", "devDependencies", "optionalDependencies"].iter().all(|key| same(key)))
}

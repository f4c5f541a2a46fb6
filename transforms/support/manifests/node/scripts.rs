//! The project files that the install scripts of dependencies read.
//!
//! A lockfile may say which packages have one; the files that a script reads are data
//! (`knowledge/install-scripts.yaml`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{InstallCall, Parsed, Project, settings};
use super::lockfile::Lockfile;
use crate::context::Format;
use crate::knowledge::Confidence;
use crate::knowledge::languages::node::DEPENDENCY_TABLES;
use crate::reasons::{self, Reason};

/// Which packages run a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scripts {
    /// Just these.
    Of(BTreeSet<String>),
    /// Perhaps some of these, and perhaps others.
    Perhaps(BTreeSet<String>),
}

/// Looks up what the scripts of an install read: adds files, or lowers the confidence, or names the
/// package that prevents the rewrite.
pub(super) fn view(
    install: &InstallCall<'_, '_>,
    manifests: &[(String, Parsed)],
    lockfile: Option<&Lockfile>,
    project: &mut Project,
) -> Result<(), Reason> {
    if are_off(install) {
        return Ok(());
    }
    match which(install, manifests, lockfile)? {
        Scripts::Of(names) => {
            for name in names {
                let script = install
                    .place
                    .known
                    .install_script(&name)
                    .ok_or_else(|| reasons::install_script(&name))?;
                needs_no_more(install, &name)?;
                let reads = script.reads.iter().map(|file| install.path(file));
                project.reads.extend(reads.filter(|path| install.context.sends_file(path)));
            }
        }
        Scripts::Perhaps(names) => {
            names.iter().try_for_each(|name| needs_no_more(install, name))?;
            // By convention an install script reads only its own package.
            project.confidence = project.confidence.max(Confidence::Unsafe);
        }
    }
    Ok(())
}

fn needs_no_more(install: &InstallCall<'_, '_>, name: &str) -> Result<(), Reason> {
    let because = install.place.known.install_script(name).and_then(|script| script.because.as_ref());
    because.map_or(Ok(()), |because| Err(reasons::install_script_needs(name, because)))
}

/// Whether no scripts run at all: by an option or a setting.
pub(super) fn are_off(install: &InstallCall<'_, '_>) -> bool {
    let is_on = |file: &str, key: &str| {
        settings::setting(install, file, key).is_some_and(|value| value == "true" || value == true)
    };
    let by_option = install.has_option(&["--ignore-scripts"]);
    match install.call.manager.name.as_str() {
        "yarn" if is_berry(install) => {
            settings::setting(install, ".yarnrc.yml", "enableScripts").is_some_and(|value| value == false)
                || install.call.options.iter().any(|option| option.raw == "--mode=skip-build")
        }
        "yarn" => by_option || is_on(".npmrc", "ignore-scripts") || is_on(".yarnrc", "ignore-scripts"),
        "pnpm" => {
            by_option || is_on(".npmrc", "ignore-scripts") || is_on("pnpm-workspace.yaml", "ignoreScripts")
        }
        _ => by_option || is_on(".npmrc", "ignore-scripts"),
    }
}

/// Whether Yarn 2 or later made the lockfile.
pub(super) fn is_berry(install: &InstallCall<'_, '_>) -> bool {
    install.has(".yarnrc.yml")
        || install.context.text(&install.path("yarn.lock")).is_some_and(|text| text.contains("__metadata:"))
}

fn which(
    install: &InstallCall<'_, '_>,
    manifests: &[(String, Parsed)],
    lockfile: Option<&Lockfile>,
) -> Result<Scripts, Reason> {
    let Some(lockfile) = lockfile else {
        let names: BTreeSet<String> = manifests
            .iter()
            .flat_map(|(_, package)| DEPENDENCY_TABLES.iter().filter_map(|key| package[*key].as_object()))
            .flat_map(|all| all.keys().cloned())
            .collect();
        return Ok(if names.is_empty() { Scripts::Of(names) } else { Scripts::Perhaps(names) });
    };
    let found = match install.call.manager.name.as_str() {
        "pnpm" => allowed_by_pnpm(install, &manifests[0].1, lockfile)?,
        "bun" => match super::strings(&manifests[0].1["trustedDependencies"]) {
            Some(trusted) => among(lockfile, &trusted),
            // Bun has a built-in list of trusted packages.
            None => Scripts::Perhaps(lockfile.names.clone()),
        },
        _ => lockfile.scripts.clone(),
    };
    Ok(match found {
        Scripts::Perhaps(names) if names.is_empty() && lockfile.is_complete => Scripts::Of(names),
        found => found,
    })
}

/// pnpm runs the scripts of all dependencies before version 10, and only of those that are allowed
/// to from then on; a list of allowed ones holds for all versions. (pnpm's documentation,
/// "Settings", Build Settings; its release notes, 10.0.)
fn allowed_by_pnpm(
    install: &InstallCall<'_, '_>,
    root: &Value,
    lockfile: &Lockfile,
) -> Result<Scripts, Reason> {
    let workspace =
        install.has("pnpm-workspace.yaml").then(|| install.value("pnpm-workspace.yaml", Format::Yaml));
    let workspace = workspace.transpose()?;
    let setting = |key: &str| -> Value {
        let own = root["pnpm"][key].clone();
        match &workspace {
            Some(workspace) if own.is_null() => workspace[key].clone(),
            _ => own,
        }
    };
    if setting("dangerouslyAllowAllBuilds") == true || !setting("neverBuiltDependencies").is_null() {
        return Ok(lockfile.scripts.clone());
    }
    let only = setting("onlyBuiltDependencies");
    let allowed = setting("allowBuilds");
    let is_strict = pnpm_release(install, root).is_some_and(|release| release >= 10);
    if !is_strict && only.is_null() && allowed.is_null() {
        return Ok(lockfile.scripts.clone());
    }
    let mut names = match &only {
        Value::Null => Vec::new(),
        only => super::strings(only).ok_or(reasons::built_dependencies_format())?,
    };
    names.extend(
        allowed
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| **value != false)
            .map(|(name, _)| name.as_str()),
    );
    if !is_strict && only.is_null() {
        return Ok(lockfile.scripts.clone());
    }
    // `name@version || version`, or a pattern.
    let plain: Vec<&str> = names
        .iter()
        .map(|name| name.get(1..).and_then(|rest| rest.find('@')).map_or(*name, |at| &name[..=at]))
        .collect();
    if plain.iter().any(|name| name.contains('*')) {
        return Ok(lockfile.scripts.clone());
    }
    Ok(among(lockfile, &plain))
}

/// The given names that the lockfile contains and does not list as without a script.
fn among(lockfile: &Lockfile, names: &[&str]) -> Scripts {
    let may_run = |name: &&&str| match &lockfile.scripts {
        Scripts::Of(all) => all.contains(**name),
        Scripts::Perhaps(_) => !lockfile.is_complete || lockfile.names.contains(**name),
    };
    Scripts::Of(names.iter().filter(may_run).map(|name| (*name).to_owned()).collect())
}

/// The major release of pnpm that runs: package.json says it, or an earlier command that installed
/// it.
fn pnpm_release(install: &InstallCall<'_, '_>, root: &Value) -> Option<u32> {
    let release = |text: &str| -> Option<u32> {
        text.strip_prefix("pnpm@")?.split('.').next()?.trim_start_matches(['^', '~', 'v']).parse().ok()
    };
    let named = root["packageManager"].as_str().and_then(release);
    let installed = || {
        let words = (install.place.installed)();
        let mut all = words.iter().filter(|word| word.starts_with("pnpm@")).map(|word| release(word));
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    };
    match (named, installed()) {
        // Since 9.7 pnpm switches to the release that the project names; until then the installed
        // one runs.
        (Some(named), Some(installed)) => Some(named.min(installed)),
        (named, installed) => named.or(installed),
    }
}

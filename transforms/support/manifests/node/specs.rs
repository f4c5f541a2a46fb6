//! The dependency specifiers of package.json: only downloads and members of the workspace are
//! understood.

use serde_json::Value;

use super::super::{InstallCall, Parsed, Project, join, resolve};
use crate::context::Format;
use crate::facts::paths;
use crate::knowledge::languages::node::{DEPENDENCY_TABLES, REMOTE_SCHEMES};
use crate::reasons::{self, Reason};

/// The dependencies of one package.json.
pub(super) fn dependencies(
    install: &InstallCall<'_, '_>,
    folder: &str,
    package: &Value,
    project: &mut Project,
) -> Result<(), Reason> {
    let path = join(folder, "package.json");
    for key in DEPENDENCY_TABLES {
        let all = match &package[*key] {
            Value::Null => continue,
            Value::Object(all) => all,
            // In other places, npm accepts only lists of bundled names.
            _ => return Err(reasons::setting_format(key, &path)),
        };
        for (name, spec) in all {
            let spec = spec.as_str().ok_or_else(|| reasons::unknown_location(&path, name))?;
            is_understood(install, folder, spec, project)
                .map_err(|reason| reasons::dependency_from(&path, name, &reason))?;
        }
    }
    let injected = |value: &Value| value["injected"] == true;
    if package["dependenciesMeta"].as_object().is_some_and(|all| all.values().any(injected)) {
        return Err(reasons::injected_package(&path));
    }
    Ok(())
}

/// What replaces dependencies of dependencies: overrides, resolutions, catalogs, patches.
pub(super) fn replacements(
    install: &InstallCall<'_, '_>,
    root: &Value,
    project: &mut Project,
) -> Result<(), Reason> {
    let path = install.path("package.json");
    let mut all: Vec<(&str, Value)> = Vec::new();
    for key in ["overrides", "resolutions", "catalog", "catalogs"] {
        all.push((key, root[key].clone()));
    }
    all.push(("pnpm.overrides", root["pnpm"]["overrides"].clone()));
    for key in ["catalog", "catalogs"] {
        all.push((key, root["workspaces"][key].clone()));
    }
    if install.call.manager.name == "pnpm" && install.has("pnpm-workspace.yaml") {
        let workspace: Parsed = install.value("pnpm-workspace.yaml", Format::Yaml)?;
        for key in ["overrides", "catalog", "catalogs"] {
            all.push((key, workspace[key].clone()));
        }
    }
    for (key, value) in &all {
        nested(install, value, project)
            .map_err(|reason| reasons::replaced_dependency(key, &reason, &path))?;
    }
    // Bun's key; pnpm's are files of its settings.
    if let Some(patches) = root["patchedDependencies"].as_object() {
        for (name, patch) in patches {
            let patch = patch.as_str().and_then(|patch| resolve(install.folder, patch));
            let patch = patch.filter(|patch| install.context.sends_file(patch));
            project.reads.push(patch.ok_or_else(|| reasons::missing_patch(name))?);
        }
    }
    Ok(())
}

fn nested(install: &InstallCall<'_, '_>, value: &Value, project: &mut Project) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::String(spec) if spec.starts_with('$') || matches!(spec.as_str(), "-" | "") => Ok(()),
        Value::String(spec) => is_understood(install, install.folder, spec, project),
        Value::Object(all) => all.values().try_for_each(|inner| nested(install, inner, project)),
        _ => Err("a value in an unknown format".into()),
    }
}

/// Whether a package comes from elsewhere or from the workspace; the error says where else it is
/// from, to follow "from".
fn is_understood(
    install: &InstallCall<'_, '_>,
    folder: &str,
    spec: &str,
    project: &mut Project,
) -> Result<(), String> {
    if let Some(patched) = spec.strip_prefix("patch:") {
        return patch(install, folder, patched, project);
    }
    if is_remote(spec) { Ok(()) } else { Err(format!("a local path or an unknown location, `{spec}`")) }
}

/// A version, a tag, an address, or a member of the workspace. (npm-package-arg; pnpm's
/// documentation, "Workspace"; Yarn's, "Protocols".)
fn is_remote(spec: &str) -> bool {
    let spec = spec.trim();
    let is_archive =
        [".tgz", ".tar.gz", ".tar"].iter().any(|ending| spec.to_ascii_lowercase().ends_with(ending));
    if let Some(range) = spec.strip_prefix("workspace:") {
        return !range.contains('/') || range.starts_with('@') && range.matches('/').count() == 1;
    }
    if let Some(rest) = spec.strip_prefix("npm:").or_else(|| spec.strip_prefix("jsr:")) {
        return !rest.contains(':') && !rest.starts_with(['.', '/']);
    }
    let schemes = REMOTE_SCHEMES;
    if schemes.iter().any(|scheme| spec.starts_with(scheme)) {
        return true;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .*^~<>=|&+-_,!".contains(c);
    if spec.chars().all(is_plain) {
        return !is_archive && !spec.starts_with("..") && spec != ".";
    }
    // `user/repository#reference` is GitHub's.
    let (repository, reference) = spec.split_once('#').unwrap_or((spec, ""));
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(['.', '~'])
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    !is_archive
        && repository.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
        && !reference.contains("..")
}

/// Yarn's `patch:NAME@VERSION#PATH`: its file is read. A built-in patch is Yarn's own.
fn patch(
    install: &InstallCall<'_, '_>,
    folder: &str,
    patched: &str,
    project: &mut Project,
) -> Result<(), String> {
    let (source, file) = patched.split_once('#').ok_or_else(|| "a patch in an unknown format".to_owned())?;
    let file = file.split("::").next().unwrap_or(file);
    let source = source.rsplit_once('@').map_or(source, |(_, version)| version);
    if !is_remote(&source.replace("%3A", ":").replace("%2F", "/").replace("%5E", "^")) {
        return Err(format!("a patched package from an unknown location, `{source}`"));
    }
    for file in file.split('&').map(|file| file.trim_start_matches("optional!")) {
        if file.starts_with("builtin<") || file.starts_with("~builtin<") {
            continue;
        }
        let path = match file.strip_prefix("~/") {
            Some(inner) => resolve(install.folder, inner),
            None => resolve(folder, file),
        };
        let path = path.filter(|path| install.context.sends_file(path));
        let path = path.ok_or_else(|| format!("a patch that is not in the build context, `{file}`"))?;
        if !project.reads.iter().any(|known| paths::within(&path, known)) {
            project.reads.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_remote;

    #[test]
    fn what_is_fetched_from_elsewhere() {
        for spec in [
            "^4.0.0",
            "1.x || >=2 <3",
            "latest",
            "*",
            "",
            "~1.2",
            "npm:other@^1",
            "workspace:*",
            "workspace:^",
            "catalog:",
            "catalog:react18",
            "https://x/y.tgz",
            "git+ssh://git@x/y.git#v1",
            "user/repo",
            "user/repo#semver:^1",
            "github:user/repo",
            "workspace:@a/b@*",
        ] {
            assert!(is_remote(spec), "{spec}");
        }
        for spec in [
            "file:../a",
            "link:./a",
            "portal:../a",
            "exec:./a.js",
            "./a",
            "../a",
            "/a",
            "~/a",
            "a.tgz",
            "libs/x/a.tar.gz",
            "a/b.tgz",
            ".",
            "..",
            "workspace:./packages/a",
            "workspace:packages/a",
            "npm:./a",
            "unknown:x",
            "../a/b",
        ] {
            assert!(!is_remote(spec), "{spec}");
        }
    }
}

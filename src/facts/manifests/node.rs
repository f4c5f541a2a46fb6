//! npm, Yarn, pnpm and Bun: package.json with its scripts, local dependencies and workspaces, and lock files that an install rewrites.

use serde_json::Value;

use super::{Looked, Project, join, resolve};
use crate::context::{BuildContext, Ignore};
use crate::knowledge::Confidence;
use crate::yaml;

/// Scripts that an install of the project itself runs. (npm's documentation, "scripts", Life Cycle Operation Order; pnpm's "Scripts".)
const LIFECYCLE: &[&str] = &[
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
    "pnpm:devPreinstall",
    "dependencies",
];

/// Where a package.json names packages with their versions.
const DEPENDENCIES: &[&str] =
    &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

pub(super) fn look(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    if looked.call.manager.name == "pnpm" && looked.call.verb == "fetch" {
        return fetch(looked, project);
    }
    let root = manifest(looked.context, &looked.path("package.json"))?;
    surroundings(looked)?;
    check(looked, looked.folder, &root)?;
    let members = members(looked, &root)?;
    for member in &members {
        let path = join(member, "package.json");
        let package = manifest(looked.context, &path)?;
        check(looked, member, &package)?;
        if package.get("bin").is_some() || package["directories"].get("bin").is_some() {
            return Err(format!("`{path}` has programs (`bin`) that an install links to"));
        }
        project.reads.push(path);
        project.reads.extend(
            [".npmrc"].iter().map(|name| join(member, name)).filter(|path| looked.context.sends_file(path)),
        );
        project.makes.push(join(member, "node_modules"));
    }
    patches(looked, &root, project)?;
    lock(looked, &root, &members, project)
}

/// What stands around the project: a workspace further up that it is part of, and settings that name files.
fn surroundings(looked: &Looked<'_, '_>) -> Result<(), String> {
    for folder in looked.above() {
        let is_workspace = looked
            .context
            .text(&join(folder, "package.json"))
            .is_some_and(|text| text.contains("\"workspaces\""));
        let settings = ["pnpm-workspace.yaml", ".yarnrc.yml", ".yarnrc", "yarn.lock", "lerna.json"];
        if is_workspace || settings.iter().any(|name| looked.context.sends_file(&join(folder, name))) {
            return Err("it may be part of a workspace further up".into());
        }
    }
    let settings = |name: &str| looked.context.text(&looked.path(name)).unwrap_or_default().to_owned();
    let npmrc = settings(".npmrc");
    let names_files = |line: &str| {
        ["cafile", "userconfig", "globalconfig", "prefix", "node-options", "script-shell", "file:"]
            .iter()
            .any(|key| line.contains(key))
    };
    if npmrc.lines().any(names_files) {
        return Err(".npmrc names other files".into());
    }
    let yarn = settings(".yarnrc") + &settings(".yarnrc.yml");
    let elsewhere = yarn.lines().any(|line| {
        let names_file = ["yarnPath", "yarn-path", "path:", "spec:"].iter().any(|key| line.contains(key));
        names_file && !line.contains(".yarn/")
            || line.contains("offline-mirror")
            || line.contains("cafile")
            || line.contains("CaFilePath")
    });
    if elsewhere {
        return Err("Yarn's settings name other files".into());
    }
    Ok(())
}

/// `pnpm fetch` looks at the lock file and the settings only. (pnpm's documentation, "pnpm fetch".)
fn fetch(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let manifest = looked.path("package.json");
    if !looked.context.sends_file(&looked.path("pnpm-lock.yaml")) {
        return Err("`pnpm fetch` needs a pnpm-lock.yaml".into());
    }
    let root = self::manifest(looked.context, &manifest)?;
    patches(looked, &root, project)
}

fn manifest(context: &BuildContext, path: &str) -> Result<Value, String> {
    let text = context.text(path).ok_or_else(|| format!("`{path}` can't be read"))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| format!("`{path}` is no JSON ({error})"))
}

/// What may stand against it in one package.json.
fn check(looked: &Looked<'_, '_>, folder: &str, package: &Value) -> Result<(), String> {
    let path = join(folder, "package.json");
    let ignores_scripts = looked.has_option(&["--ignore-scripts"]);
    let script = LIFECYCLE.iter().find(|name| package["scripts"].get(**name).is_some());
    if let Some(script) = script.filter(|_| !ignores_scripts) {
        return Err(format!("`{path}` has a `{script}` script, which may need the sources"));
    }
    if looked.context.sends_file(&join(folder, "binding.gyp")) && !ignores_scripts {
        return Err(format!("`{}` is compiled by the install", join(folder, "binding.gyp")));
    }
    for (name, version) in DEPENDENCIES.iter().filter_map(|key| package[*key].as_object()).flatten() {
        let version = version.as_str().unwrap_or_default();
        let local = ["file:", "link:", "portal:", "./", "../", "/", "~/"]
            .iter()
            .any(|start| version.starts_with(start))
            || [".tgz", ".tar.gz", ".tar"].iter().any(|ending| version.ends_with(ending))
                && !version.contains("://");
        if local {
            return Err(format!("`{path}` takes `{name}` from a local path"));
        }
    }
    Ok(())
}

/// The folders of the workspaces, those with a package.json.
fn members(looked: &Looked<'_, '_>, root: &Value) -> Result<Vec<String>, String> {
    let listed = |value: &Value| -> Option<Vec<String>> {
        value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let declared = match &root["workspaces"] {
        Value::Null => None,
        value => Some(
            listed(value)
                .or_else(|| listed(&value["packages"]))
                .ok_or("the `workspaces` of package.json can't be read")?,
        ),
    };
    let patterns = if looked.call.manager.name == "pnpm" {
        let path = looked.path("pnpm-workspace.yaml");
        if !looked.context.sends_file(&path) {
            return Ok(Vec::new());
        }
        let text = looked.text("pnpm-workspace.yaml")?;
        let value: Value = yaml::value(text).map_err(|error| format!("`{path}` is no YAML ({error})"))?;
        match &value["packages"] {
            Value::Null => return Ok(Vec::new()),
            packages => listed(packages).ok_or_else(|| format!("the packages of `{path}` can't be read"))?,
        }
    } else {
        match declared {
            Some(patterns) => patterns,
            None => return Ok(Vec::new()),
        }
    };
    // The same kind of patterns as in an ignore file: a later `!` takes a folder out again.
    let wanted = Ignore::parse(&patterns.join("\n"));
    let manifests =
        looked.context.below(looked.folder).filter(|entry| looked.context.sends_file(&entry.path));
    let folders = manifests.filter_map(|entry| {
        let folder = entry.path.strip_suffix("/package.json")?;
        let inner = if looked.folder.is_empty() {
            folder
        } else {
            folder.strip_prefix(looked.folder)?.trim_start_matches('/')
        };
        let installed = folder.split('/').any(|part| part == "node_modules");
        (!inner.is_empty() && !installed && wanted.excludes(inner)).then(|| folder.to_owned())
    });
    Ok(folders.collect())
}

/// Patches of dependencies that the install applies.
fn patches(looked: &Looked<'_, '_>, root: &Value, project: &mut Project) -> Result<(), String> {
    let listed = [&root["pnpm"]["patchedDependencies"], &root["patchedDependencies"]];
    for (name, path) in listed.iter().filter_map(|value| value.as_object()).flatten() {
        let path = path
            .as_str()
            .and_then(|path| resolve(looked.folder, path))
            .filter(|path| looked.context.sends_file(path));
        project.reads.push(path.ok_or_else(|| format!("the patch of `{name}` is not in the build context"))?);
    }
    let versions = DEPENDENCIES
        .iter()
        .chain(&["resolutions", "overrides"])
        .filter_map(|key| root[*key].as_object())
        .flatten();
    let patched = versions
        .filter(|(_, version)| version.as_str().is_some_and(|version| version.starts_with("patch:")))
        .count()
        > 0;
    let in_yarn = root.to_string().matches("patch:").count() == root.to_string().matches(".yarn/").count();
    if patched && !(in_yarn && looked.context.sends(&looked.path(".yarn"))) {
        return Err("package.json patches dependencies by files elsewhere".into());
    }
    let text = looked.context.text(&looked.path("pnpm-workspace.yaml")).unwrap_or_default();
    if text.contains("patchedDependencies") || text.contains("configDependencies") {
        return Err("pnpm-workspace.yaml patches dependencies".into());
    }
    let replaced =
        [&root["resolutions"], &root["overrides"], &root["pnpm"]].map(ToString::to_string).concat();
    if ["\"file:", "\"link:", "\"portal:", "\"./", "\"../"].iter().any(|start| replaced.contains(start))
        && !replaced.contains("patchedDependencies")
    {
        return Err("package.json replaces a dependency by a local path".into());
    }
    Ok(())
}

/// An install that may rewrite the lock file: the later copy would bring the old one back.
fn lock(
    looked: &Looked<'_, '_>,
    root: &Value,
    members: &[String],
    project: &mut Project,
) -> Result<(), String> {
    let call = looked.call;
    let names: &[&str] = match call.manager.name.as_str() {
        "npm" => &["npm-shrinkwrap.json", "package-lock.json"],
        "yarn" => &["yarn.lock"],
        "pnpm" => &["pnpm-lock.yaml"],
        _ => &["bun.lock", "bun.lockb"],
    };
    let Some(name) = names.iter().find(|name| looked.context.sends_file(&looked.path(name))) else {
        if matches!(call.verb.as_str(), "ci" | "clean-install" | "ic" | "install-clean" | "isntall-clean") {
            return Err("`npm ci` needs a lock file, and the build context has none".into());
        }
        // Some managers take the versions from the lock file of another one.
        let foreign = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"];
        if foreign.iter().any(|name| looked.context.sends_file(&looked.path(name))) {
            return Err("the lock file is that of another package manager".into());
        }
        project.makes.push(looked.path(names[names.len() - 1]));
        return Ok(());
    };
    let frozen =
        matches!(call.verb.as_str(), "ci" | "clean-install" | "ic" | "install-clean" | "isntall-clean")
            || looked.has_option(&[
                "--frozen-lockfile",
                "--immutable",
                "--no-save",
                "--no-package-lock",
                "--pure-lockfile",
            ]);
    if frozen {
        return Ok(());
    }
    let keeps = match call.manager.name.as_str() {
        "npm" => npm_keeps(looked, name, root),
        "pnpm" => pnpm_keeps(looked, name, root),
        _ => false,
    };
    if members.is_empty() && keeps {
        return Ok(());
    }
    project.confidence = Confidence::Unsafe;
    Ok(())
}

/// Whether `npm install` finds nothing to change in a lock file: its root entry asks for what package.json asks for.
fn npm_keeps(looked: &Looked<'_, '_>, name: &str, root: &Value) -> bool {
    let Some(lock) =
        looked.context.text(&looked.path(name)).and_then(|text| serde_json::from_str::<Value>(text).ok())
    else {
        return false;
    };
    let entry = &lock["packages"][""];
    let same = |key: &str| {
        let of = |value: &Value| value[key].as_object().filter(|all| !all.is_empty()).cloned();
        of(entry) == of(root)
    };
    lock["lockfileVersion"].as_u64().is_some_and(|version| version >= 2)
        && DEPENDENCIES.iter().all(|key| same(key))
}

/// Whether `pnpm install` leaves a lock file alone: it does where that satisfies package.json. (pnpm's documentation, "Settings", prefer-frozen-lockfile.)
fn pnpm_keeps(looked: &Looked<'_, '_>, name: &str, root: &Value) -> bool {
    let lock = looked.context.text(&looked.path(name)).and_then(|text| yaml::value(text).ok());
    let Some(lock) = lock else { return false };
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
    is_plain
        && own.is_object()
        && ["dependencies", "devDependencies", "optionalDependencies"].iter().all(|key| same(key))
}

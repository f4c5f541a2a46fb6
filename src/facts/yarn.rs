//! Whether `yarn` is certainly Yarn 1: later versions run packages from the cache under Plug'n'Play.

use crate::context::BuildContext;
use crate::facts::{Base, Call, Facts, RunFacts};
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Instruction};

/// What shows the version of Yarn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Later,
    Unknown,
}

impl Facts<'_> {
    /// Whether these calls of a RUN are certainly calls of Yarn 1.
    pub(crate) fn is_yarn_1(&self, run: &RunFacts<'_>, fills: &[&Call<'_>]) -> Result<(), Reason> {
        // Yarn 2 has no such verb.
        let is_global = fills.iter().all(|call| call.verb.starts_with("global"));
        let is_certain = || {
            !self.is_far_down(run.item)
                && match self.context_source.context().map_or(Version::Unknown, in_context) {
                    Version::Later => false,
                    Version::One => self.may_keep_version(run),
                    Version::Unknown => self.is_that_of_node(run),
                }
        };
        if is_global || is_certain() { Ok(()) } else { Err(reasons::may_be_yarn_2()) }
    }

    /// Whether no instruction up to a RUN selects another version than the project does.
    fn may_keep_version(&self, run: &RunFacts<'_>) -> bool {
        self.file.instructions().take_while(|(item, _)| *item <= run.item).all(|(_, instruction)| {
            let text = instruction.logical.text.as_ref();
            !["berry", "set version", ".yarn/releases"].iter().any(|word| text.contains(word))
                && in_names(text) != Version::Later
        })
    }

    /// Whether it is the Yarn of Node's official image, or one that npm installed, and only manifests
    /// have been copied, which can't replace it.
    fn is_that_of_node(&self, run: &RunFacts<'_>) -> bool {
        let stage = &self.stages[run.stage];
        let mut copied = false;
        let mut version = Version::Unknown;
        let before =
            self.file.instructions().filter(|(item, _)| (stage.items.start..run.item).contains(item));
        for (_, instruction) in before {
            let text = instruction.logical.text.as_ref();
            if ["corepack", ".yarn", "berry", "set version"].iter().any(|word| text.contains(word)) {
                return false;
            }
            match in_names(text) {
                Version::Unknown => {}
                found => version = found,
            }
            match copies_only_manifests(instruction) {
                None => {}
                Some(false) => return false,
                Some(true) => copied = true,
            }
        }
        let is_node = self.root_image(run.stage).is_some_and(|image| image.name == "node");
        copied
            && stage.base != Base::Unknown
            && version != Version::Later
            && (is_node || version == Version::One)
    }
}

/// Whether a copy names only manifests; `None` if the instruction is not a copy.
fn copies_only_manifests(instruction: &Instruction<'_>) -> Option<bool> {
    let is_manifest = |path: &String| {
        ["package.json", "yarn.lock", "package*.json"].iter().any(|name| path.ends_with(name))
    };
    match &instruction.body {
        Body::Copy(transfer) => Some(transfer.sources.iter().all(is_manifest)),
        Body::Add(_) => Some(false),
        _ => None,
    }
}

/// The version that a text names, such as `yarn@1.22.22`. (nodejs/corepack, README.md; docs.npmjs.com,
/// "npm install".)
fn in_names(text: &str) -> Version {
    let mut found = Version::Unknown;
    for (at, name) in text.match_indices("yarn@") {
        let is_whole =
            !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_'));
        if !is_whole {
            continue;
        }
        let version = text[at + name.len()..].trim_start_matches(['^', '~', 'v', '=']);
        let rest = version.strip_prefix('1');
        if rest.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            return Version::Later;
        }
        found = Version::One;
    }
    found
}

/// What the files of a build context show: the start of a lockfile, the field `packageManager`, and
/// files that only later versions have. (yarnpkg/yarn, src/lockfile/stringify.js; nodejs/corepack,
/// README.md; yarnpkg.com, "Settings", yarnPath.)
fn in_context(context: &BuildContext) -> Version {
    let is_own = |path: &&str| !path.split('/').any(|part| part == "node_modules");
    let texts = |name: &'static str| {
        let paths = context.sent_by_name(name).map(|entry| entry.path.as_str()).filter(is_own);
        paths.map(|path| context.text(path))
    };
    let is_release = |path: &str| {
        let name = path.rsplit_once(".yarn/releases/").map(|(_, name)| name);
        name.is_some_and(|name| !name.starts_with("yarn-1."))
    };
    if context.sent_by_name(".yarnrc.yml").next().is_some()
        || context.sent().any(|entry| is_release(&entry.path))
    {
        return Version::Later;
    }
    let by_lockfile = texts("yarn.lock").map(|text| match text {
        Some(text) if text.lines().take(5).any(|line| line.trim() == "# yarn lockfile v1") => Version::One,
        Some(text) if text.contains("__metadata:") => Version::Later,
        _ => Version::Unknown,
    });
    let by_manifest = texts("package.json").map(|text| {
        let manifest = text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let manager = manifest.as_ref().and_then(|manifest| manifest["packageManager"].as_str());
        manager.map_or(Version::Unknown, in_names)
    });
    let all: Vec<Version> = by_lockfile.chain(by_manifest).collect();
    [Version::Later, Version::One]
        .into_iter()
        .find(|version| all.contains(version))
        .unwrap_or(Version::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_names() {
        for text in ["npm install -g yarn@1", "yarn@1.22.22+sha512.a6b2f", "npm i -g yarn@^1.22 x"] {
            assert_eq!(in_names(text), Version::One, "{text}");
        }
        for text in ["corepack prepare yarn@stable", "yarn@4.1.0", "yarn@10", "yarn@1 yarn@3"] {
            assert_eq!(in_names(text), Version::Later, "{text}");
        }
        for text in ["npm install -g yarn", "create-yarn@2", "@types/yarn@2"] {
            assert_eq!(in_names(text), Version::Unknown, "{text}");
        }
    }
}

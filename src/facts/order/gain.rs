//! Whether a step gains anything by a copy that no longer stands above it.
//!
//! A step is done again when any of the files changed that are copied above it. Where another copy that stays there changes as often as
//! the one that moves, nothing is gained.

use std::collections::HashMap;

use crate::facts::{Base, Facts, paths};
use crate::syntax::{Body, Flag, Instruction};

/// How often something changes that a step depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Rate {
    /// No more often than the Dockerfile: other images, text of the file itself.
    #[default]
    Fixed,
    /// Manifests and configuration.
    Seldom,
    /// Sources.
    Often,
}

/// How often each of some stages changes, computed when it is first asked for.
#[derive(Default)]
pub(super) struct Rates(HashMap<usize, Rate>);

impl Facts<'_> {
    /// How often what an instruction brings into its stage from outside changes.
    pub(super) fn rate(&self, item: usize, rates: &mut Rates) -> Rate {
        let Some(instruction) = self.instruction_at(item) else { return Rate::Fixed };
        match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                if let Some(from) = instruction.flags.iter().find(|flag| flag.name == "from") {
                    return self.rate_of_source(item, from.value.as_deref().unwrap_or_default(), rates);
                }
                if !instruction.heredocs.is_empty() {
                    return Rate::Fixed;
                }
                transfer.sources.iter().map(|source| rate_of_path(source)).max().unwrap_or_default()
            }
            Body::Run(_) => self.rate_of_mounts(item, instruction, rates),
            _ => Rate::Fixed,
        }
    }

    fn rate_of_mounts(&self, item: usize, instruction: &Instruction<'_>, rates: &mut Rates) -> Rate {
        let values = instruction.flags.iter().filter(|flag| flag.name == "mount");
        let mounts = paths::mounts(instruction).into_iter().zip(values);
        let rate = |(mount, flag): (paths::Mount, &Flag)| match mount.from {
            Some(from) => self.rate_of_source(item, &from, rates),
            None => {
                let fields = flag.value.as_deref().unwrap_or_default().split(',');
                let mut source = fields.filter_map(|field| field.split_once('='));
                let source = source.rfind(|(key, _)| matches!(*key, "source" | "src"));
                rate_of_path(source.map_or(".", |(_, path)| path))
            }
        };
        mounts.filter(|(mount, _)| mount.kind == "bind").map(rate).max().unwrap_or_default()
    }

    /// How often a stage that is named by `--from` changes; an image counts as fixed.
    fn rate_of_source(&self, item: usize, name: &str, rates: &mut Rates) -> Rate {
        let before = self.stage_at(item).map_or(0, |stage| stage.index);
        let stage = crate::facts::Stage::find(&self.stages, name, before);
        stage.map_or(Rate::Fixed, |stage| self.rate_of_stage(stage, rates))
    }

    /// How often anything in a stage changes.
    pub(super) fn rate_of_stage(&self, stage: usize, rates: &mut Rates) -> Rate {
        if let Some(known) = rates.0.get(&stage) {
            return *known;
        }
        let own = &self.stages[stage];
        let mut rate = self.rate_of_base(stage, rates);
        for item in own.items.clone().skip(1) {
            rate = rate.max(self.rate(item, rates));
        }
        rates.0.insert(stage, rate);
        rate
    }

    /// How often what a stage is built from changes.
    pub(super) fn rate_of_base(&self, stage: usize, rates: &mut Rates) -> Rate {
        match self.stages[stage].base {
            Base::Stage(base) => self.rate_of_stage(base, rates),
            _ => Rate::Fixed,
        }
    }
}

/// Endings of files that say what to install or how something is set up.
const SETTINGS: &[&str] = &[
    ".json",
    ".lock",
    ".lockb",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    ".xml",
    ".gradle",
    ".kts",
    ".cfg",
    ".ini",
    ".conf",
    ".config",
    ".props",
    ".targets",
    ".sln",
    ".csproj",
    ".fsproj",
    ".vbproj",
    ".mod",
    ".sum",
    ".work",
    ".gemspec",
    ".cabal",
    ".exs",
    ".sbt",
    ".properties",
    ".env",
    ".sh",
    ".bash",
    ".pem",
    ".crt",
    ".key",
    ".asc",
    ".gpg",
    ".list",
    ".repo",
    ".sql",
    ".service",
    ".tpl",
    ".template",
    ".md",
    ".deb",
    ".rpm",
    ".apk",
    ".whl",
    ".jar",
    ".tgz",
    ".gz",
    ".zip",
    ".tar",
    ".xz",
    ".cjs",
    ".mjs",
];

/// Names of such files without a telling ending.
const NAMES: &[&str] = &[
    "Gemfile", "Pipfile", "Makefile", "Rakefile", "Procfile", "mvnw", "gradlew", "setup.py", "build.rs",
    "LICENSE", "VERSION",
];

/// How often a path of the build context changes, by its name. A directory has sources in it.
fn rate_of_path(path: &str) -> Rate {
    if path.contains("://") {
        return Rate::Seldom;
    }
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_named = NAMES.contains(&name) || name.contains(".config.") || name.starts_with("entrypoint");
    let is_setting = SETTINGS.iter().any(|ending| name.trim_end_matches(['*', '?']).ends_with(ending));
    let is_hidden_file =
        name.starts_with('.') && name.len() > 2 && (name.ends_with("rc") || name.ends_with("-version"));
    if !path.ends_with('/') && (is_named || is_setting || is_hidden_file) {
        Rate::Seldom
    } else {
        Rate::Often
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_often_a_file_changes() {
        for path in
            ["package*.json", "./requirements.txt", "Gemfile", ".npmrc", "vite.config.ts", "poetry.lock*"]
        {
            assert_eq!(rate_of_path(path), Rate::Seldom, "{path}");
        }
        for path in [".", "src", "./app/", "main.py", "*.py", "config/", "$X", "conf.d/"] {
            assert_eq!(rate_of_path(path), Rate::Often, "{path}");
        }
    }
}

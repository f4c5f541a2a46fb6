//! Whether a copy that moves below a step makes the step run less often.
//!
//! A step runs again if any file that is copied above it has changed. If another copy that stays
//! above it changes as often as the one that moves, nothing is gained.

use crate::facts::{Base, Facts, paths};
use crate::knowledge::lists::files::{SELDOM_CHANGED_ENDINGS, SELDOM_CHANGED_NAMES};
use crate::syntax::{Body, Flag, Instruction};

/// How often a dependency of a step changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Rate {
    /// No more often than the Dockerfile: other images, text in the file itself.
    #[default]
    Fixed,
    /// Manifests and configuration.
    Seldom,
    /// Sources.
    Often,
}

impl Facts<'_> {
    /// How often the files that an instruction adds to its stage change.
    pub(crate) fn rate(&self, item: usize) -> Rate {
        self.rate_by(item, self.rates_of_stages())
    }

    fn rate_by(&self, item: usize, rates: &[Rate]) -> Rate {
        let Some(instruction) = self.instruction_at(item) else { return Rate::Fixed };
        match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                if instruction.flag("from").is_some() {
                    return self.rate_of_sources(item, rates);
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

    fn rate_of_mounts(&self, item: usize, instruction: &Instruction<'_>, rates: &[Rate]) -> Rate {
        let values = instruction.flags.iter().filter(|flag| flag.name == "mount");
        let mounts = paths::mounts(instruction).into_iter().zip(values);
        let rate = |(mount, flag): (paths::Mount, &Flag)| match mount.from {
            Some(_) => self.rate_of_sources(item, rates),
            None => {
                let fields = flag.value.as_deref().unwrap_or_default().split(',');
                let mut source = fields.filter_map(|field| field.split_once('='));
                let source = source.rfind(|(key, _)| matches!(*key, "source" | "src"));
                rate_of_path(source.map_or(".", |(_, path)| path))
            }
        };
        mounts.filter(|(mount, _)| mount.kind == "bind").map(rate).max().unwrap_or_default()
    }

    /// How often the stages that an instruction copies or mounts from change; an image counts as
    /// fixed.
    fn rate_of_sources(&self, item: usize, rates: &[Rate]) -> Rate {
        let first = self.copies.partition_point(|copied| copied.item < item);
        let sources = self.copies[first..].iter().take_while(|copied| copied.item == item);
        sources.filter_map(|copied| rates.get(copied.source)).max().copied().unwrap_or_default()
    }

    /// How often anything in each stage changes. A stage uses earlier stages only.
    fn rates_of_stages(&self) -> &[Rate] {
        self.kept.rates.get_or_init(|| {
            let mut rates: Vec<Rate> = Vec::with_capacity(self.stages.len());
            for stage in &self.stages {
                let base = match stage.base {
                    Base::Stage(base) => rates[base],
                    _ => Rate::Fixed,
                };
                let own = stage.items.clone().skip(1).map(|item| self.rate_by(item, &rates)).max();
                rates.push(base.max(own.unwrap_or_default()));
            }
            rates
        })
    }

    /// How often the base of a stage changes.
    pub(crate) fn rate_of_base(&self, stage: usize) -> Rate {
        match self.stages[stage].base {
            Base::Stage(base) => self.rates_of_stages()[base],
            _ => Rate::Fixed,
        }
    }
}

/// How often a path of the build context changes, by its name. A directory contains sources.
fn rate_of_path(path: &str) -> Rate {
    if path.contains("://") {
        return Rate::Seldom;
    }
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_named =
        SELDOM_CHANGED_NAMES.contains(&name) || name.contains(".config.") || name.starts_with("entrypoint");
    let without_pattern = name.trim_end_matches(['*', '?']);
    let is_setting = SELDOM_CHANGED_ENDINGS.iter().any(|ending| without_pattern.ends_with(ending));
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

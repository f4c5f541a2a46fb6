//! The check for a step that replaces cleanups with cache mounts.
//!
//! The step may add flags `--mount=type=cache`, and remove options that disable caches and commands
//! that only clean up. Everything else is unchanged: every other instruction, comment, flag and
//! word.

use crate::contract::commands::{Step, commands, comments, configuration, is_cleanup};
use crate::contract::{Contract, Effect};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Dockerfile};

/// Options that disable a cache.
const NO_CACHE: &[&str] = &["--no-cache-dir", "--no-cache"];

impl Contract {
    /// It replaces cleanups, and options that disable caches, with cache mounts.
    pub const CACHE_MOUNTS: Self = Self {
        effect: Effect::FasterBuild,
        is_conditional: true,
        ..Self::of("cache mounts", |old, after, _| {
            check(old, after)?;
            Ok(None)
        })
    };
}

fn check(old: &Facts<'_>, after: &Dockerfile<'_>) -> Result<(), Reason> {
    if configuration(old.file) != configuration(after) {
        return Err(reasons::instruction_differs());
    }
    if comments(old.file) != comments(after) {
        return Err(reasons::comment_lost_or_moved());
    }
    let (old_stages, new_stages) = (commands(old.file), commands(after));
    if old_stages.len() != new_stages.len() || runs(old.file) != runs(after) {
        return Err(reasons::stage_or_run_differs());
    }
    for (old, new) in old_stages.iter().zip(&new_stages) {
        compare(old, new)?;
    }
    Ok(())
}

/// The number of RUNs.
fn runs(file: &Dockerfile<'_>) -> usize {
    file.instructions().filter(|(_, instruction)| matches!(instruction.body, Body::Run(_))).count()
}

fn compare(before: &[Step<'_>], after: &[Step<'_>]) -> Result<(), Reason> {
    let mut new = after.iter().peekable();
    for step in before {
        if new.next_if(|new| is_same(step, new)).is_none() && !empties(step) {
            return Err(reasons::command_missing(&step.text()));
        }
    }
    match new.next() {
        None => Ok(()),
        Some(step) => Err(reasons::command_new(&step.text())),
    }
}

/// Whether a command only empties a cache.
fn empties(step: &Step<'_>) -> bool {
    is_cleanup(step)
        || is_rm(step)
        || step.texts().take(4).any(|word| matches!(word.as_ref(), "dist-clean" | "distclean"))
}

/// Whether a command is `rm`, perhaps by its path or after `sudo`.
fn is_rm(step: &Step<'_>) -> bool {
    step.texts().take(2).any(|word| base_name(&word) == "rm")
}

/// Whether the only differences are added cache mounts, and removed options or operands of a
/// cleanup.
fn is_same(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut flags = before.flags.iter().peekable();
    let mut added = after.flags.iter().filter(|flag| flags.next_if_eq(flag).is_none());
    let mounts = added.all(|flag| flag.starts_with("--mount=type=cache,")) && flags.peek().is_none();
    let mut words = after.words().peekable();
    let removes = is_rm(before);
    let may_go = |word: &str, text: &str| {
        // pip accepts `--no-cache` as an abbreviation of `--no-cache-dir`.
        let is_no_cache =
            text.starts_with("--no-c") && NO_CACHE.iter().any(|option| option.starts_with(text));
        is_no_cache || removes && word.starts_with(['/', '~', '$', '"', '\''])
    };
    let mut pairs = before.words().zip(before.texts());
    mounts
        && pairs.all(|(word, text)| words.next_if_eq(&word).is_some() || may_go(&word, &text))
        && words.peek().is_none()
}

//! The check for a step that replaces cleanups with cache mounts.
//!
//! The step may add flags `--mount=type=cache`, and remove options that disable caches and commands
//! that only clean up. Everything else is unchanged: every other instruction, comment, flag and
//! word.

use std::borrow::Cow;

use super::{Step, commands, comments, configuration, is_cleanup};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::shell::base_name;

/// Options that disable a cache.
const NO_CACHE: &[&str] = &["--no-cache-dir", "--no-cache"];

/// Compares the texts before and after such a step. The error completes the sentence "after this
/// step, …".
pub(super) fn check(old: &Facts<'_>, new: &Facts<'_>) -> Result<(), Reason> {
    if configuration(old.file) != configuration(new.file) {
        return Err(reasons::instruction_differs());
    }
    if comments(old.file) != comments(new.file) {
        return Err(reasons::comment_lost_or_moved());
    }
    if old.stages.len() != new.stages.len() || old.runs.len() != new.runs.len() {
        return Err(reasons::stage_or_run_differs());
    }
    for stage in 0..old.stages.len() {
        compare(&commands(old, stage), &commands(new, stage))?;
    }
    Ok(())
}

fn compare(before: &[Step<'_>], after: &[Step<'_>]) -> Result<(), Reason> {
    let mut new = after.iter().peekable();
    for step in before {
        if new.next_if(|new| is_same(step, new)).is_none() && !empties(step) {
            return Err(reasons::command_missing(&step.words.join(" ")));
        }
    }
    match new.next() {
        None => Ok(()),
        Some(step) => Err(reasons::command_new(&step.words.join(" "))),
    }
}

/// Whether a command only empties a cache.
fn empties(step: &Step<'_>) -> bool {
    is_cleanup(step)
        || is_rm(step)
        || step.texts.iter().take(4).any(|word| matches!(word.as_ref(), "dist-clean" | "distclean"))
}

/// Whether a command is `rm`, perhaps by its path or after `sudo`.
fn is_rm(step: &Step<'_>) -> bool {
    step.texts.iter().take(2).any(|word| base_name(word) == "rm")
}

/// Whether the only differences are added cache mounts, and removed options or operands of a
/// cleanup.
fn is_same(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut flags = before.flags.iter().peekable();
    let mut added = after.flags.iter().filter(|flag| flags.next_if_eq(flag).is_none());
    let mounts = added.all(|flag| flag.starts_with("--mount=type=cache,")) && flags.peek().is_none();
    let mut words = after.words.iter().peekable();
    let pairs = before.words.iter().zip(&before.texts);
    let dropped: Vec<_> = pairs.filter(|(word, _)| words.next_if_eq(word).is_none()).collect();
    let removes = is_rm(before);
    let may_go = |(word, text): &(&Cow<'_, str>, &Cow<'_, str>)| {
        // pip accepts `--no-cache` as an abbreviation of `--no-cache-dir`.
        let is_no_cache =
            text.starts_with("--no-c") && NO_CACHE.iter().any(|option| option.starts_with(text.as_ref()));
        is_no_cache || removes && word.starts_with(['/', '~', '$', '"', '\''])
    };
    mounts && words.peek().is_none() && dropped.iter().all(may_go)
}

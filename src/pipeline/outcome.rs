//! What became of a file: steps and their fixes, and what was not done and why. Plain data.

use std::ops::RangeInclusive;

use crate::config::Severity;
use crate::edit::Edits;
use crate::span::Place;
use crate::transform::{Applicability, Effect, Transform};

/// What became of a file. Every place is one of the text as it went in.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was applied, in order.
    pub steps: Vec<Step>,
    /// What a guard stopped.
    pub refused: Vec<Held>,
    /// What was proposed and not applied: unsafe without `--unsafe`, or told off by a comment.
    pub withheld: Vec<Held>,
    /// Lines that can't be read.
    pub unreadable: Vec<Held>,
    /// Steps that were undone because a check failed: mistakes of ours, worth a report.
    pub undone: Vec<Held>,
    /// Comments that keep nothing from being done any more.
    pub unused: Vec<Held>,
    /// Whether the time was over before the transforms came to rest; then nothing else is said of the file.
    pub is_late: bool,
}

/// One transform's part in the result.
#[derive(Debug, Clone)]
pub struct Step {
    /// Whose.
    pub transform: &'static Transform,
    /// What it did.
    pub fixes: Vec<Applied>,
    /// The edits, against the text before this step.
    pub edits: Edits,
    /// The whole text after it.
    pub text: String,
    /// The whole text of the build context's ignore file after it, where this step changed it.
    pub ignore_file: Option<String>,
}

/// A fix that was applied.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What it does.
    pub title: String,
    /// What it leans on, a line each.
    pub notes: Vec<String>,
    /// What applying it took.
    pub applicability: Applicability,
    /// Where; the text that an earlier step put there counts as the place where it was put.
    pub place: Place,
    /// The lines of what it is about.
    pub lines: RangeInclusive<usize>,
    /// What it weighs where it is shown as a finding.
    pub severity: Severity,
    /// The codes of hadolint that it answers.
    pub answers: Vec<String>,
    /// What it is good for.
    pub effect: Effect,
}

/// Something that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whose; none for lines that can't be read.
    pub transform: Option<&'static str>,
    /// Where.
    pub place: Place,
    /// The lines of what it is about.
    pub lines: RangeInclusive<usize>,
    /// The source line.
    pub line: String,
    /// What would be done or why it is not.
    pub reason: String,
    /// For a fix that was withheld, what it takes.
    pub applicability: Option<Applicability>,
}

impl Outcome {
    /// The new text of the Dockerfile; none where nothing changed in it.
    pub fn text(&self) -> Option<&str> {
        self.steps.iter().rev().find(|step| !step.edits.is_empty()).map(|step| step.text.as_str())
    }

    /// All steps' edits in one go, against the text as it went in.
    pub fn edits(&self) -> Edits {
        self.steps.iter().fold(Edits::new(), |all, step| all.then(&step.edits))
    }

    /// The new text of the build context's ignore file; none where nothing changed in it.
    pub fn ignore_file(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| step.ignore_file.as_deref())
    }
}

//! The result for one file: the steps with their fixes, and the reasons for changes that were not
//! made. Plain data.

use std::ops::RangeInclusive;

use crate::config::Severity;
use crate::edit::Edits;
use crate::reasons::Reason;
use crate::span::Place;
use crate::transform::{Applicability, Effect, Estimate, Transform};

/// The result for one file. Every position refers to the original text.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The applied steps, in order.
    pub steps: Vec<Step>,
    /// Fixes that a transform refused.
    pub refused: Vec<Unapplied>,
    /// Fixes that were proposed and not applied: unsafe without `--unsafe`, or suppressed by a
    /// comment.
    pub withheld: Vec<Unapplied>,
    /// Lines that can't be parsed, and inline Dockerfiles that can't be fixed.
    pub unreadable: Vec<Unapplied>,
    /// Steps that were rolled back because a check failed: bugs in Jettison, worth a report.
    pub undone: Vec<Unapplied>,
    /// Ignore comments without an effect.
    pub unused: Vec<Unapplied>,
    /// Whether the time limit was exceeded; then the rest of the result is empty.
    pub is_late: bool,
}

/// The changes of one transform.
#[derive(Debug, Clone)]
pub struct Step {
    /// The transform.
    pub transform: &'static Transform,
    /// Its fixes.
    pub fixes: Vec<Applied>,
    /// The edits, relative to the text before this step.
    pub edits: Edits,
    /// The complete text after the step.
    pub text: String,
    /// The complete text of the build context's ignore file after the step, if the step changed it.
    pub ignore_file: Option<String>,
}

/// A fix that was applied.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What it does.
    pub title: String,
    /// The facts that it depends on, one per line.
    pub notes: Vec<String>,
    /// Whether it was safe to apply.
    pub applicability: Applicability,
    /// Its position. Text that an earlier step inserted has the position of the insertion.
    pub place: Place,
    /// The lines that the fix concerns.
    pub lines: RangeInclusive<usize>,
    /// Its severity when reported as a finding.
    pub severity: Severity,
    /// The hadolint codes that it fixes.
    pub hadolint: Vec<String>,
    /// Its benefit.
    pub effect: Effect,
    /// What it saves, if that is known.
    pub estimate: Estimate,
}

/// A change that was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unapplied {
    /// The transform; `None` for lines that can't be parsed.
    pub transform: Option<&'static str>,
    /// Its position.
    pub place: Place,
    /// The lines that it concerns.
    pub lines: RangeInclusive<usize>,
    /// The source line.
    pub line: String,
    /// Why it was not made.
    pub reason: Reason,
    /// The position of another instruction that the reason mentions.
    pub related: Option<Place>,
    /// For a withheld fix, whether it is safe to apply.
    pub applicability: Option<Applicability>,
}

impl Outcome {
    /// The new text of the Dockerfile; `None` if it is unchanged.
    pub fn text(&self) -> Option<&str> {
        self.steps.iter().rev().find(|step| !step.edits.is_empty()).map(|step| step.text.as_str())
    }

    /// The edits of all steps combined, relative to the original text.
    pub fn edits(&self) -> Edits {
        self.steps.iter().fold(Edits::new(), |all, step| all.then(&step.edits))
    }

    /// The new text of the build context's ignore file; `None` if it is unchanged.
    pub fn ignore_file(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| step.ignore_file.as_deref())
    }
}

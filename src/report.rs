//! What people and machines get to read. The only code that formats; it decides nothing and reads nothing.

pub mod diff;
pub mod github;
pub mod gitlab;
pub mod human;
mod inert;
#[cfg(feature = "inspect")]
pub mod inspected;
pub mod json;
pub mod markdown;
pub mod measured;
#[cfg(feature = "pr")]
pub mod pull_request;
mod purpose;
pub mod sarif;
pub mod verified;

use std::collections::HashMap;

use crate::pipeline::{Applied, Held, Outcome, Step};
use measured::Measured;
use purpose::Purpose;

/// One file's result.
#[derive(Debug, Default)]
pub struct FileReport {
    /// The path as it is shown; none where a directory held nothing.
    pub path: Option<String>,
    /// The text as it was read.
    pub text: String,
    /// What the pipeline did.
    pub outcome: Outcome,
    /// What the build context's ignore file becomes, where that changes.
    pub ignore_file: Option<IgnoreFile>,
    /// What real builds said, where they were asked for.
    pub measured: Option<Measured>,
    /// What became of another linter's findings, where they were asked about.
    pub findings: Vec<Finding>,
    /// What went wrong, complete but for the path.
    pub error: Option<String>,
}

/// Another linter's finding, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The linter's code.
    pub code: String,
    /// The line that it names, from 1.
    pub line: usize,
    /// What became of it.
    pub answer: Answer,
    /// What was done, or why nothing was.
    pub reason: String,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A fix answers it.
    Fixed,
    /// A fix would, and needs more than was asked for.
    Withheld,
    /// A guard stopped the fix.
    Refused,
    /// The transform that answers such findings has nothing to do here.
    Nothing,
    /// No transform answers such findings.
    None,
}

impl Answer {
    /// The word that users see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Withheld => "withheld",
            Self::Refused => "refused",
            Self::Nothing => "nothing to do",
            Self::None => "not answered",
        }
    }

    /// The words that a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Withheld => "not applied",
            Self::None => "not covered",
            other => other.name(),
        }
    }
}

/// The ignore file of a build context.
#[derive(Debug)]
pub struct IgnoreFile {
    /// The path as it is shown.
    pub path: String,
    /// The text as it was read; none where there was no such file.
    pub old: Option<String>,
    /// The new text.
    pub new: String,
}

/// What became of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Printed as a diff.
    Shown,
    /// Printed as a list.
    Checked,
    /// Written to the files.
    Written,
}

/// How much is said beside the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Errors only.
    Errors,
    /// A last line on top.
    Summary,
    /// Each step and each refusal on top.
    Everything,
}

impl FileReport {
    /// A file that could not be worked on.
    pub fn failed(path: Option<String>, error: String) -> Self {
        Self { path, error: Some(error), ..Self::default() }
    }

    /// A file that went through the pipeline.
    pub fn fixed(path: String, text: String, outcome: Outcome) -> Self {
        Self { path: Some(path), text, outcome, ..Self::default() }
    }

    /// What was applied, in order, and each fix's step.
    pub fn fixes(&self) -> impl Iterator<Item = (&Step, &Applied)> {
        self.outcome.steps.iter().flat_map(|step| step.fixes.iter().map(move |fix| (step, fix)))
    }

    /// What was refused: each reason of a transform at its first place, and at how many more places it holds. A reason that
    /// speaks of one RUN's own form is said of each.
    pub fn refusals(&self) -> Vec<(&Held, usize)> {
        let mut found: Vec<(&Held, usize)> = Vec::new();
        let mut seen = HashMap::new();
        for held in &self.outcome.refused {
            let at =
                *seen.entry((held.transform, held.reason.as_str(), own_place(held))).or_insert_with(|| {
                    found.push((held, 0));
                    found.len() - 1
                });
            if !std::ptr::eq(found[at].0, held) {
                found[at].1 += 1;
            }
        }
        found
    }

    /// What its image is for, where that is not to be shipped.
    fn purpose(&self) -> Option<Purpose> {
        Purpose::of(self.path.as_deref()?)
    }

    /// Whether its text is known. One without a byte has no instructions, and is an error.
    pub fn was_read(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether there is a new text, of the file or of its context's ignore file.
    pub fn changed(&self) -> bool {
        self.outcome.text().is_some() || self.ignore_file.is_some()
    }
}

/// The results in the order of their worth: images that ship come first.
fn ranked(reports: &[FileReport]) -> Vec<&FileReport> {
    let mut all: Vec<&FileReport> = reports.iter().collect();
    all.sort_by_key(|report| report.purpose().is_some());
    all
}

/// The line of a refusal that is about one RUN alone.
fn own_place(held: &Held) -> usize {
    let is_own = ["because the RUN", ": the RUN"].iter().any(|reason| held.reason.contains(reason));
    if is_own { held.place.line } else { 0 }
}

/// ` (and at 2 more places)`, where there are more.
fn and_more(places: usize) -> String {
    if places == 0 {
        String::new()
    } else {
        format!(" (and at {places} more place{})", if places == 1 { "" } else { "s" })
    }
}

/// `1 file`, `2 files`
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

//! Output for people and programs. The only module that formats; it makes no decisions and reads no
//! files.

pub mod budget;
pub mod diff;
pub mod estimate;
mod excerpt;
pub mod github;
pub mod gitlab;
pub mod hadolint;
pub mod human;
mod inert;
#[cfg(feature = "inspect")]
pub mod inspected;
pub mod json;
pub mod markdown;
pub mod measured;
pub mod overview;
#[cfg(feature = "pr")]
pub mod pull_request;
pub mod sarif;
pub mod statistics;
pub mod verified;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{self, Write};

use crate::context::compose::is_compose_file;
use crate::context::purpose::Purpose;
use crate::pipeline::{Applied, Outcome, Step, Unapplied};
use crate::reasons::Reason;
use crate::span::Place;
use crate::transform::{Applicability, Effect};
use human::Drawing;
use measured::Measured;
use verified::Verified;

/// The output formats of `fix`.
pub const FORMATS: &[Format] = &[
    human::FULL,
    human::CONCISE,
    diff::FORMAT,
    json::FORMAT,
    sarif::FORMAT,
    github::FORMAT,
    gitlab::FORMAT,
    hadolint::FORMAT,
    markdown::FORMAT,
];

/// An output format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The value of `--format`.
    pub name: &'static str,
    /// Another value that means the same.
    pub alias: Option<&'static str>,
    /// What it is, for the help text.
    pub about: &'static str,
    /// Writes the results.
    pub write: fn(&mut dyn Write, &[FileReport], Output) -> io::Result<()>,
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What results are written to, and how much of them.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// What is done with the results.
    pub mode: Mode,
    /// How much is printed in addition to the results.
    pub verbosity: Verbosity,
    /// How source lines are drawn.
    pub drawing: Drawing,
    /// Whether a person reads them on a terminal.
    pub is_terminal: bool,
}

/// One file's result.
#[derive(Debug, Default)]
pub struct FileReport {
    /// The displayed path; `None` for a directory without Dockerfiles.
    pub path: Option<String>,
    /// The path from the top of the repository, if the current directory is another one: diffs use
    /// it, as git's do.
    pub top_path: Option<String>,
    /// The original text.
    pub text: String,
    /// The result of the pipeline.
    pub outcome: Outcome,
    /// The new ignore file of the build context, if it changes.
    pub ignore_file: Option<IgnoreFile>,
    /// The results of real builds, if requested.
    pub measured: Option<Measured>,
    /// What the checks of the built images have shown, if requested.
    pub verified: Option<Verified>,
    /// What happened to another linter's findings, if requested.
    pub findings: Vec<Finding>,
    /// The error, without the path.
    pub error: Option<String>,
    /// The code of the error, if it has one.
    pub error_code: Option<&'static str>,
    /// Where the error is, if that is known.
    pub error_at: Option<Spot>,
}

/// Why a file could not be processed.
#[derive(Debug, Clone)]
pub struct Failure {
    text: String,
    code: Option<&'static str>,
    at: Option<Box<Spot>>,
}

/// Where an error is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The displayed path of another file than the Dockerfile, such as a configuration, which many
    /// Dockerfiles may depend on.
    pub path: Option<String>,
    /// The position in the file.
    pub place: Option<Place>,
    /// The line there; empty if it is unknown or not to be shown.
    pub line: String,
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { text, code: None, at: None }
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { text: reason.to_string(), code: Some(reason.code()), at: None }
    }
}

impl fmt::Display for Failure {
    /// The message, after the place of a mistake in another file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Spot { path: Some(path), place, .. }) = self.at.as_deref() {
            write!(f, "{path}:")?;
            if let Some(place) = place {
                write!(f, "{place}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.text)
    }
}

impl Failure {
    /// The same with its place.
    #[must_use]
    pub fn at(self, spot: Spot) -> Self {
        Self { at: Some(Box::new(spot)), ..self }
    }

    /// The same with another place and the line there, if it has one.
    #[must_use]
    pub fn map_place(mut self, map: impl FnOnce(Place) -> (Place, String)) -> Self {
        if let Some(spot) = &mut self.at
            && let Some(place) = spot.place
        {
            let (place, line) = map(place);
            (spot.place, spot.line) = (Some(place), line);
        }
        self
    }

    /// The same with more words at the end.
    #[must_use]
    pub fn and(self, words: &str) -> Self {
        Self { text: self.text + words, ..self }
    }
}

/// Another linter's finding, and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The linter's code.
    pub code: String,
    /// The line that it names, from 1.
    pub line: usize,
    /// What happened to it.
    pub answer: Answer,
    /// The title of the fix, or why there is none.
    pub reason: String,
}

/// What happened to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A fix resolved it.
    Fixed,
    /// A fix exists, but was not requested or is suppressed.
    Withheld,
    /// A guard stopped the fix.
    Refused,
    /// The transform for such findings has nothing to do here.
    Nothing,
    /// No transform fixes such findings.
    None,
}

impl Answer {
    /// The name in machine-readable formats.
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
    /// The displayed path.
    pub path: String,
    /// The path from the top of the repository, if the current directory is another one.
    pub top_path: Option<String>,
    /// The original text; `None` if there was no such file.
    pub old: Option<String>,
    /// The new text.
    pub new: String,
}

/// What is done with the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Printed as a diff.
    Shown,
    /// Printed as a list.
    Checked,
    /// Written to the files.
    Written,
}

/// How much is printed in addition to the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors only.
    Errors,
    /// Also a summary line.
    Summary,
    /// Also each step and each refusal.
    Everything,
}

impl FileReport {
    /// A file that could not be processed.
    pub fn failed(path: Option<String>, error: impl Into<Failure>) -> Self {
        Self { path, ..Self::default() }.failing(error)
    }

    /// The same file, without the results and with an error.
    pub fn failing(self, error: impl Into<Failure>) -> Self {
        let error = error.into();
        Self {
            outcome: Outcome::default(),
            error: Some(error.to_string()),
            error_code: error.code,
            error_at: error.at.map(|spot| *spot),
            ..self
        }
    }

    /// A file that went through the pipeline.
    pub fn fixed(path: String, text: String, outcome: Outcome) -> Self {
        Self { path: Some(path), text, outcome, ..Self::default() }
    }

    /// The applied fixes in order, each with its step.
    pub fn fixes(&self) -> impl Iterator<Item = (&Step, &Applied)> {
        self.outcome.steps.iter().flat_map(|step| step.fixes.iter().map(move |fix| (step, fix)))
    }

    /// The applied fixes by their position in the original text, each with its step. A fix that
    /// says the same as another one at the same position is left out.
    fn fixes_by_place(&self) -> Vec<(&Step, &Applied)> {
        let mut all: Vec<_> = self.fixes().collect();
        all.sort_by_key(|(_, fix)| (fix.place.line, fix.place.column));
        let mut seen = HashSet::new();
        all.retain(|(step, fix)| {
            seen.insert((fix.place.line, fix.place.column, step.transform.id, &fix.title))
        });
        all
    }

    /// The refusals: each reason of a transform at its first place, with the number of further
    /// places. A reason about the form of one RUN is listed for each RUN.
    pub fn refusals(&self) -> Vec<(&Unapplied, usize)> {
        let mut found: Vec<(&Unapplied, usize)> = Vec::new();
        let mut seen = HashMap::new();
        for unapplied in &self.outcome.refused {
            let at = *seen
                .entry((unapplied.transform, unapplied.reason.to_string(), own_place(unapplied)))
                .or_insert_with(|| {
                    found.push((unapplied, 0));
                    found.len() - 1
                });
            if !std::ptr::eq(found[at].0, unapplied) {
                found[at].1 += 1;
            }
        }
        found
    }

    /// What its image is for, where that is not to be shipped.
    fn purpose(&self) -> Option<Purpose> {
        Purpose::of(self.path.as_deref()?)
    }

    /// Whether it is a Compose file with inline Dockerfiles, which `--verify` can't build.
    fn is_compose_file(&self) -> bool {
        let name = self.path.as_deref().and_then(|path| path.rsplit(['/', '\\']).next());
        name.is_some_and(is_compose_file)
    }

    /// Where the error is within the Dockerfile, if it is there and the position is known.
    fn error_place(&self) -> Option<Place> {
        self.error_at.as_ref().filter(|spot| spot.path.is_none())?.place
    }

    /// Whether its text is known. An empty file has no instructions and is an error.
    pub fn was_read(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether the file or the ignore file of its context changes.
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

/// The line of a refusal that is about a single RUN; 0 for other refusals.
fn own_place(unapplied: &Unapplied) -> usize {
    if unapplied.reason.is_about_one_run() { unapplied.place.line } else { 0 }
}

/// `, see line 12`, if the reason mentions another instruction.
fn and_related(unapplied: &Unapplied) -> String {
    unapplied.related.map(|place| format!(", see line {}", place.line)).unwrap_or_default()
}

/// `, and at 2 more places`, if there are more.
fn and_more(places: usize) -> String {
    if places == 0 {
        String::new()
    } else {
        format!(", and at {places} more place{}", if places == 1 { "" } else { "s" })
    }
}

/// The files with an error, without those whose error in another file has been listed already: a
/// configuration that many Dockerfiles share is reported once.
fn errors(reports: &[FileReport]) -> Vec<&FileReport> {
    let mut known = HashSet::new();
    let mut found: Vec<&FileReport> = reports.iter().filter(|report| report.error.is_some()).collect();
    found.retain(|report| match &report.error_at {
        Some(Spot { path: Some(_), .. }) => known.insert(&report.error),
        _ => true,
    });
    found
}

fn is_listed(errors: &[&FileReport], report: &FileReport) -> bool {
    errors.iter().any(|error| std::ptr::eq(*error, report))
}

/// `1 fix`, `2 fixes`
pub fn count_fixes(number: usize) -> String {
    format!("{number} {}", if number == 1 { "fix" } else { "fixes" })
}

/// The number of fixes that were not applied because they are not safe enough.
fn withheld(report: &FileReport, applicability: Applicability) -> usize {
    report.outcome.withheld.iter().filter(|unapplied| unapplied.applicability == Some(applicability)).count()
}

fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::SmallerImage => "smaller images",
        Effect::FasterBuild => "faster rebuilds",
        Effect::ReliableBuild => "more reliable builds",
        Effect::FewerLayers => "fewer layers",
        Effect::Tidier => "tidier Dockerfiles",
    }
}

/// `1 file`, `2 files`
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

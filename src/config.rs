//! The configuration: `.jettison.yaml` and the command line combined. `cli` finds and reads the
//! files.

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::yaml;

/// The configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Apply only these transforms.
    pub select: Option<Vec<String>>,
    /// Apply all transforms except these.
    pub ignore: Vec<String>,
    /// Apply unsafe fixes too.
    pub r#unsafe: bool,
    /// When neighbouring RUN instructions are merged.
    pub merge_runs: MergeRuns,
    /// How package managers' caches are handled.
    pub caches: Caches,
    /// The variant that may replace a base image.
    pub bases: Bases,
    /// Files and directories (absolute, or `~/…`) that a cleanup must not touch.
    pub keep: Vec<String>,
    /// Whether new instructions get a comment that explains them.
    pub comments: bool,
    /// Whether programs are built without symbol tables (with `unsafe`).
    pub strip: bool,
    /// Which Dockerfiles are found in a directory.
    pub search: Search,
    /// Whether files that are marked as generated are edited.
    pub edit_generated: bool,
    /// The time limit for a file in seconds, after which it is left unchanged; 0 means no limit.
    pub time_limit: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            select: None,
            ignore: Vec::new(),
            r#unsafe: false,
            merge_runs: MergeRuns::default(),
            caches: Caches::default(),
            bases: Bases::default(),
            keep: Vec::new(),
            comments: true,
            strip: false,
            search: Search::default(),
            edit_generated: false,
            time_limit: 10,
        }
    }
}

/// When neighbouring RUN instructions are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeRuns {
    /// If it saves bytes, or costs no significant cache hits.
    #[default]
    WhereItHelps,
    /// Wherever it is safe.
    All,
}

/// How package managers' caches are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caches {
    /// They are not written, or are emptied in the layer that writes them.
    #[default]
    Clean,
    /// They are in cache mounts, outside the image and kept between builds, where that is safe;
    /// otherwise as `clean`.
    Mount,
}

/// The variant that may replace the base image of a stage (with `unsafe`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bases {
    /// The slim variant of the same distribution.
    #[default]
    Slim,
    /// The Alpine Linux variant, if nothing depends on glibc.
    Alpine,
}

/// Which Dockerfiles are found in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Dockerfiles outside directories of tests (`tests`, `testdata`, `fixtures` …) and of other
    /// projects (`node_modules`, `vendor` …).
    #[default]
    WithoutTests,
    /// All Dockerfiles.
    All,
}

/// The effective configuration for one file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The configuration file, overridden by the command line.
    pub config: Config,
    /// The path of the configuration file.
    pub path: Option<PathBuf>,
    /// Whether the result is built and tested before it is accepted.
    pub proves: bool,
    /// The settings from `.hadolint.yaml`.
    pub hadolint: Hadolint,
    /// The part of the file that may be changed; `None` for the whole file.
    pub scope: Option<Scope>,
    /// The time limit for the file.
    pub deadline: Deadline,
}

/// The time limit for a file. The caller provides the clock; without one, there is no limit.
#[derive(Clone, Default)]
pub struct Deadline(Option<Arc<dyn Fn() -> bool + Send + Sync + UnwindSafe + RefUnwindSafe>>);

impl Deadline {
    /// A limit that asks the clock whether the time is over.
    pub fn by(clock: impl Fn() -> bool + Send + Sync + UnwindSafe + RefUnwindSafe + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        self.0.as_ref().is_some_and(|clock| clock())
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline({})", if self.0.is_some() { "by a clock" } else { "never" })
    }
}

/// The part of hadolint's configuration that concerns the same rules. (hadolint's manual,
/// "Configure".)
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Hadolint {
    /// Codes that are ignored everywhere.
    pub ignored: Vec<String>,
    /// Codes with a severity other than hadolint's default.
    pub r#override: Override,
    /// Whether comments `hadolint ignore=` have no effect.
    pub disable_ignore_pragma: bool,
}

/// Codes by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Override {
    /// Codes with the severity error.
    pub error: Vec<String>,
    /// Codes with the severity warning.
    pub warning: Vec<String>,
    /// Codes with the severity info.
    pub info: Vec<String>,
    /// Codes with the severity style.
    pub style: Vec<String>,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    /// An optional improvement.
    #[default]
    Note,
    /// A recommended improvement.
    Warning,
    /// A required improvement.
    Error,
}

impl Hadolint {
    /// Parses a configuration file. Keys that Jettison does not use are ignored.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        yaml::parse(text)
    }

    /// The severity of a finding with one of these names.
    pub fn severity(&self, names: &[&str]) -> Severity {
        let has = |codes: &[String]| codes.iter().any(|code| names.contains(&code.as_str()));
        match &self.r#override {
            all if has(&all.error) => Severity::Error,
            all if has(&all.warning) => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

/// A part of a file, in line numbers of the original text, from 1. An instruction is either in it
/// or not as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// A linter finding: a fix must resolve the code at the instruction.
    Found(Vec<(RangeInclusive<usize>, String)>),
    /// Instructions: a fix must be within them.
    Lines(Vec<RangeInclusive<usize>>),
}

/// Whether two line ranges overlap.
pub fn overlap(a: &RangeInclusive<usize>, b: &RangeInclusive<usize>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

impl Scope {
    /// Whether a fix is in scope: it concerns the lines `about`, changes the lines `touched`, and
    /// has one of these names.
    pub fn has(
        &self,
        names: &[&str],
        about: &RangeInclusive<usize>,
        touched: &[RangeInclusive<usize>],
    ) -> bool {
        match self {
            Self::Found(found) => {
                found.iter().any(|(lines, code)| names.contains(&code.as_str()) && overlap(lines, about))
            }
            Self::Lines(lines) => {
                let within = |one: &RangeInclusive<usize>| {
                    lines.iter().any(|lines| lines.start() <= one.start() && one.end() <= lines.end())
                };
                within(about) && touched.iter().all(within)
            }
        }
    }
}

impl Config {
    /// Parses a configuration file; the error names the line, the column and the key.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        yaml::parse(text)
    }
}

impl Settings {
    /// Whether a transform is enabled.
    pub fn wants(&self, id: &str) -> bool {
        let selected = self.config.select.as_ref().is_none_or(|ids| ids.iter().any(|one| one == id));
        selected && !self.config.ignore.iter().any(|one| one == id)
    }
}

//! What the user wants: `.jettison.yaml` and the command line, put together. Finding and reading files is `cli`'s job.

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::yaml;

/// The configuration file, as it may be written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Only these transforms.
    pub select: Option<Vec<String>>,
    /// All but these transforms.
    pub ignore: Vec<String>,
    /// Apply unsafe fixes too.
    pub r#unsafe: bool,
    /// When neighbouring RUN instructions are merged.
    pub merge_runs: MergeRuns,
    /// What becomes of package managers' caches.
    pub caches: Caches,
    /// Which variant of its base image a stage may be given.
    pub bases: Bases,
    /// Files and directories (absolute, or `~/…`) that no cleanup may touch.
    pub keep: Vec<String>,
    /// Whether new instructions get a comment that says what they are for.
    pub comments: bool,
    /// Whether programs are built without symbol tables (with `unsafe`).
    pub strip: bool,
    /// Which Dockerfiles a directory is searched for.
    pub search: Search,
    /// Whether files are edited that say of themselves that they are generated.
    pub edit_generated: bool,
    /// How many seconds a file may take before it is left alone; 0 for any number.
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
    /// Where it saves bytes or costs no cache hits worth having.
    #[default]
    WhereItHelps,
    /// Wherever it is safe.
    All,
}

/// What becomes of package managers' caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caches {
    /// They are not written, or emptied in the layer that wrote them.
    #[default]
    Clean,
    /// They lie in cache mounts, outside the image and kept from build to build, where that is safe; else as `clean`.
    Mount,
}

/// Which variant of its base image a stage may be given (with `unsafe`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bases {
    /// The slim one of the same distribution.
    #[default]
    Slim,
    /// The one on Alpine Linux, where nothing leans on glibc.
    Alpine,
}

/// Which Dockerfiles a directory is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Those outside of folders of tests (`tests`, `testdata`, `fixtures` …) and of other projects (`node_modules`, `vendor` …).
    #[default]
    WithoutTests,
    /// All of them.
    All,
}

/// The configuration in force for one file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What the configuration file says, the command line laid over it.
    pub config: Config,
    /// Where it was found.
    pub path: Option<PathBuf>,
    /// Whether what comes out is built and tried before it counts.
    pub proves: bool,
    /// What `.hadolint.yaml` says.
    pub hadolint: Hadolint,
    /// The part of the file that may be touched; none for all of it.
    pub scope: Option<Scope>,
    /// When the time for the file is over.
    pub deadline: Deadline,
}

/// When the time for a file is over. The clock is the caller's; without one, it never is.
#[derive(Clone, Default)]
pub struct Deadline(Option<Arc<dyn Fn() -> bool + Send + Sync + UnwindSafe + RefUnwindSafe>>);

impl Deadline {
    /// One by a clock that says whether the time is over.
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

/// The part of hadolint's configuration that is about what we do too. (hadolint's manual, "Configure".)
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Hadolint {
    /// Codes that are to be left alone everywhere.
    pub ignored: Vec<String>,
    /// Codes that weigh more or less than hadolint itself would have it.
    pub r#override: Override,
    /// Whether comments that say `hadolint ignore=` are out of force.
    pub disable_ignore_pragma: bool,
}

/// Codes by what they weigh.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Override {
    /// Errors.
    pub error: Vec<String>,
    /// Warnings.
    pub warning: Vec<String>,
    /// Remarks.
    pub info: Vec<String>,
    /// Matters of taste.
    pub style: Vec<String>,
}

/// What a finding weighs where one is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    /// Something could be better.
    #[default]
    Note,
    /// Something should be better.
    Warning,
    /// Something must be better.
    Error,
}

impl Hadolint {
    /// Reads a configuration file's text. Keys that are none of ours are passed over.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        yaml::parse(text)
    }

    /// What a finding weighs that goes by one of these names.
    pub fn severity(&self, names: &[&str]) -> Severity {
        let has = |codes: &[String]| codes.iter().any(|code| names.contains(&code.as_str()));
        match &self.r#override {
            all if has(&all.error) => Severity::Error,
            all if has(&all.warning) => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

/// A part of a file, in lines of the text as it goes in, counted from 1. Instructions are in it or not as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// What a linter found: a fix has to answer the code at the instruction.
    Found(Vec<(RangeInclusive<usize>, String)>),
    /// Instructions: a fix has to lie within them.
    Lines(Vec<RangeInclusive<usize>>),
}

/// Whether two ranges of lines have one in common.
pub fn meet(a: &RangeInclusive<usize>, b: &RangeInclusive<usize>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

impl Scope {
    /// Whether it has a fix that is about some lines, touches others, and goes by one of these names.
    pub fn has(
        &self,
        names: &[&str],
        about: &RangeInclusive<usize>,
        touched: &[RangeInclusive<usize>],
    ) -> bool {
        match self {
            Self::Found(found) => {
                found.iter().any(|(lines, code)| names.contains(&code.as_str()) && meet(lines, about))
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
    /// Reads a configuration file's text; the error names line, column and key.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        yaml::parse(text)
    }
}

impl Settings {
    /// Whether a transform is wanted.
    pub fn wants(&self, id: &str) -> bool {
        let selected = self.config.select.as_ref().is_none_or(|ids| ids.iter().any(|one| one == id));
        selected && !self.config.ignore.iter().any(|one| one == id)
    }
}

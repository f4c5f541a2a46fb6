//! The configuration: `.jettison.yaml` and the command line combined. `cli` finds and reads the
//! files.

mod options;
mod reading;
mod schema;

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::yaml;
#[doc(hidden)]
pub use options::Flags;
pub use options::{Bases, Caches, Config, FileSettings, MergeRuns, Search};
pub use reading::Mistake;
#[doc(hidden)]
pub use schema::schema;

/// The options about which files to find, which apply before any file is known.
const FOR_ALL_FILES: &[&str] = &["search", "exclude"];

/// The keys of all options, in their order.
#[doc(hidden)]
pub fn keys() -> Vec<String> {
    options::all().into_iter().map(|option| option.key).collect()
}

/// The keys of all options, each with the version that introduced it.
#[doc(hidden)]
pub fn versions() -> Vec<(String, &'static str)> {
    options::all().into_iter().map(|option| (option.key, option.since)).collect()
}

/// A configuration file in which every option is a comment, except those that have a value: a key,
/// the value as YAML, and where it comes from.
#[doc(hidden)]
pub fn template(values: &[(&str, String, String)]) -> String {
    let mut text = String::from(
        "# Configuration of Jettison for the Dockerfiles in this directory and below.\n\
         # To change a setting, remove the `# ` before it.\n",
    );
    for option in options::all() {
        let mut line = String::from("#");
        text.push('\n');
        for word in option.about.split_whitespace() {
            if line.len() + word.len() >= 90 {
                text += &format!("{line}\n");
                line = String::from("#");
            }
            line += &format!(" {word}");
        }
        text += &format!("{line}\n");
        match values.iter().find(|(key, ..)| *key == option.key) {
            Some((key, value, source)) => text += &format!("# {source}\n{key}: {value}\n"),
            None => text += &format!("# {}: {}\n", option.key, plain(&option.default)),
        }
    }
    text += "\n# Settings for some of the files, which replace those above.\n\
             # overrides:\n\
             #   - files: [legacy/]\n\
             #     ignore: [merge-runs]\n";
    text
}

/// A value as YAML, on one line.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(all) => {
            format!("[{}]", all.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
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
    ///
    /// # Errors
    /// Names the line, the column and the key.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        yaml::parse(text).map_err(|error| Mistake::of(&error))
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
                let within = |range: &RangeInclusive<usize>| {
                    lines.iter().any(|lines| lines.start() <= range.start() && range.end() <= lines.end())
                };
                within(about) && touched.iter().all(within)
            }
        }
    }
}

impl Config {
    /// The value of an option as YAML.
    #[doc(hidden)]
    pub fn value(&self, key: &str) -> Option<String> {
        serde_json::to_value(self).ok()?.get(key).map(plain)
    }

    /// Parses a configuration file.
    ///
    /// # Errors
    /// Names the line, the column and the key.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let config: Self = yaml::parse(text).map_err(|error| Mistake::of(&error))?;
        if config.select.as_ref().is_some_and(Vec::is_empty) {
            let advice = "`select` is empty, so nothing would run; leave it out to run all transforms";
            return Err(Mistake::new(advice).near("select", text));
        }
        for settings in &config.overrides {
            let has = [settings.search.is_some(), settings.exclude.is_some()];
            let key = FOR_ALL_FILES.iter().zip(has).find_map(|(key, is_there)| is_there.then_some(*key));
            if let Some(key) = key {
                let advice = format!("`{key}` can't be set in `overrides`; set it for all files");
                let from = text.find("overrides").unwrap_or_default();
                let skipped = text[..from].lines().count();
                let mut mistake = Mistake::new(advice).near(key, &text[from..]);
                if let Some(place) = &mut mistake.place {
                    place.line += skipped;
                }
                return Err(mistake);
            }
        }
        Ok(config)
    }
}

impl Settings {
    /// Whether a transform is enabled. For the findings of a linter's report, those of every group
    /// are.
    pub fn wants(&self, id: &str, group: Group) -> bool {
        let is_named = |names: &[String]| names.iter().any(|name| name == id || name == group.name());
        let is_selected = match &self.config.select {
            Some(names) => is_named(names),
            None => group == Group::Default || matches!(self.scope, Some(Scope::Found(_))),
        };
        is_selected && !is_named(&self.config.ignore)
    }

    /// The first of some codes that a configuration ignores.
    pub fn ignored_code(&self, codes: &[&str]) -> Option<(&str, IgnoredBy)> {
        let by_hadolint = self.hadolint.ignored.iter().map(|code| (code, IgnoredBy::Hadolint));
        let all = by_hadolint.chain(self.config.ignore.iter().map(|code| (code, IgnoredBy::Jettison)));
        all.map(|(code, by)| (code.as_str(), by))
            .find(|(code, _)| codes.iter().any(|own| own.eq_ignore_ascii_case(code)))
    }
}

/// Whose configuration ignores a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredBy {
    /// hadolint's.
    Hadolint,
    /// Jettison's own, or the command line.
    Jettison,
}

/// A group of transforms. `select` and `ignore` accept its name for all of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// They run unless `select` leaves them out.
    Default,
    /// They run only if they are selected, or for the findings of a linter's report.
    Tidy,
}

impl Group {
    /// All groups.
    pub const ALL: &[Self] = &[Self::Default, Self::Tidy];

    /// The name for `select` and `ignore`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Tidy => "tidy",
        }
    }

    /// What its transforms do, and when they run.
    pub fn about(self) -> &'static str {
        match self {
            Self::Default => "make images smaller and rebuilds faster; run unless `select` leaves them out",
            Self::Tidy => {
                "change how a Dockerfile is written, as linters advise; run only if selected \
                 (`--select tidy`), or for the findings of a linter's report"
            }
        }
    }

    /// The group with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|group| group.name() == name)
    }
}

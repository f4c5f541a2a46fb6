//! The reports of hadolint (`hadolint --format json`) and of BuildKit's checks (`docker build
//! --call=check,format=json`): their findings, and what happens to each of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use crate::cli::input;
use crate::knowledge::lists::hadolint::{ABOUT_BEHAVIOR, ABOUT_STYLE, ABOUT_VERSIONS, BUILD_CHECKS};
use crate::pipeline::Outcome;
use crate::report::{Answer, Finding};
use crate::transform::Transform;
use crate::transforms;

/// A report of BuildKit's checks. (BuildKit's `frontend/subrequests/lint`.)
#[derive(Debug, Deserialize)]
struct CheckReport {
    #[serde(default)]
    warnings: Vec<Warning>,
    sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Warning {
    rule_name: String,
    #[serde(default)]
    location: Location,
}

/// The places of a finding, in one of the sources.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    source_index: usize,
    #[serde(default)]
    ranges: Vec<Lines>,
}

#[derive(Debug, Deserialize)]
struct Lines {
    start: Position,
}

#[derive(Debug, Deserialize)]
struct Position {
    line: usize,
}

/// A file, by its name without the directory.
#[derive(Debug, Deserialize)]
struct Source {
    filename: PathBuf,
}

/// A finding as hadolint prints it.
#[derive(Debug, Clone, Deserialize)]
pub struct Found {
    pub code: String,
    pub line: usize,
    file: PathBuf,
}

/// All findings, by file.
pub struct Findings {
    by_file: HashMap<PathBuf, Vec<Found>>,
    files: Vec<PathBuf>,
}

impl Findings {
    /// Reads a report from a file or standard input (`-`).
    pub fn read(report: &Path) -> anyhow::Result<Self> {
        let text = input::document(report)?;
        let found: Vec<Found> = serde_json::from_str(&text).with_context(|| {
            format!("{} is not a hadolint report; create one with `hadolint --format json`", report.display())
        })?;
        Ok(Self::by_file(found))
    }

    /// Reads a report of BuildKit's checks. It names the Dockerfile without its directory, so it is
    /// about the file on the command line if there is one.
    pub fn read_check(report: &Path, paths: &[PathBuf]) -> anyhow::Result<Self> {
        let text = input::document(report)?;
        let read: CheckReport = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not a report of BuildKit's checks; create one with `docker build \
                 --call=check,format=json`",
                report.display()
            )
        })?;
        let file = |index: usize| match paths {
            [path] => Some(path.clone()),
            _ => read.sources.get(index).map(|source| source.filename.clone()),
        };
        let found = |warning: &Warning| {
            let line = warning.location.ranges.first().map_or(1, |lines| lines.start.line);
            let file = file(warning.location.source_index)?;
            Some(Found { code: warning.rule_name.clone(), line, file })
        };
        Ok(Self::by_file(read.warnings.iter().filter_map(found).collect()))
    }

    fn by_file(found: Vec<Found>) -> Self {
        let mut findings = Self { by_file: HashMap::new(), files: Vec::new() };
        for finding in found {
            if !findings.files.contains(&finding.file) {
                findings.files.push(finding.file.clone());
            }
            findings.by_file.entry(identity(&finding.file)).or_default().push(finding);
        }
        findings
    }

    /// The files that it mentions, in its order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The findings of a file.
    pub fn of(&self, path: &Path) -> impl Iterator<Item = &Found> {
        self.by_file.get(&identity(path)).into_iter().flatten()
    }

    /// What happened to each finding of a file.
    pub fn answers(&self, path: &Path, outcome: &Outcome) -> Vec<Finding> {
        let finding = |found: &Found| {
            let (answer, reason) = answer(found, outcome);
            Finding { code: found.code.clone(), line: found.line, answer, reason }
        };
        self.of(path).map(finding).collect()
    }

    /// The answers for a file that is not changed because of an error, which is shown above them.
    pub fn refusals(&self, path: &Path) -> Vec<Finding> {
        let finding = |found: &Found| {
            let (answer, reason) = if transforms::for_code(&found.code).is_empty() {
                (Answer::None, reason(&found.code).to_owned())
            } else {
                (Answer::Refused, "the file has an error, so nothing in it is changed".to_owned())
            };
            Finding { code: found.code.clone(), line: found.line, answer, reason }
        };
        self.of(path).map(finding).collect()
    }
}

/// A canonical name of a file.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Why no transform fixes a rule of hadolint, ShellCheck or BuildKit; `None` for any other word.
pub fn unanswered(code: &str) -> Option<String> {
    let upper = code.to_ascii_uppercase();
    let digits = upper.strip_prefix("DL").or_else(|| upper.strip_prefix("SC"));
    if digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some(reason(&upper).to_owned());
    }
    let check = BUILD_CHECKS.iter().find(|check| check.eq_ignore_ascii_case(code))?;
    Some(format!("{check} is a check of BuildKit; `docker build --check` explains it"))
}

fn answer(found: &Found, outcome: &Outcome) -> (Answer, String) {
    let ours: Vec<&Transform> = transforms::ALL
        .iter()
        .filter(|transform| transform.hadolint.contains(&found.code.as_str()))
        .collect();
    if ours.is_empty() {
        return (Answer::None, reason(&found.code).to_owned());
    }
    let is_ours = |id: &str| ours.iter().any(|transform| transform.id == id);
    let mut fixes =
        outcome.steps.iter().filter(|step| is_ours(step.transform.id)).flat_map(|step| &step.fixes);
    if let Some(fix) = fixes.find(|fix| fix.lines.contains(&found.line) && fix.hadolint.contains(&found.code))
    {
        return (Answer::Fixed, fix.title.clone());
    }
    let at = |unapplied: &&crate::pipeline::Unapplied| {
        unapplied.transform.is_some_and(is_ours) && unapplied.lines.contains(&found.line)
    };
    if let Some(unapplied) = outcome.withheld.iter().find(at) {
        let needs = match unapplied.applicability {
            Some(applicability) => format!(" ({}: --{0} applies it)", applicability.name()),
            None => String::new(),
        };
        return (Answer::Withheld, format!("{}{needs}", unapplied.reason));
    }
    if let Some(unapplied) = outcome.refused.iter().find(at) {
        return (Answer::Refused, unapplied.reason.to_string());
    }
    let ids: Vec<&str> = ours.iter().map(|transform| transform.id).collect();
    (Answer::Nothing, format!("`{}` found nothing to change here", ids.join("`, `")))
}

/// The answer for a code that is not known.
pub const UNKNOWN: &str = "no transform fixes this";

/// Why no transform fixes a code.
fn reason(code: &str) -> &'static str {
    match code {
        code if ABOUT_VERSIONS.contains(&code) => "you have to choose the version",
        code if ABOUT_BEHAVIOR.contains(&code) => "a fix would change what the image does",
        code if ABOUT_STYLE.contains(&code) => "a fix would save neither space nor time",
        code if BUILD_CHECKS.contains(&code) => "a person has to decide; `docker build --check` explains it",
        "DL1000" => "the file can't be parsed as a Dockerfile",
        "DL1001" => "the ignore comment is intentional",
        _ if code.starts_with("SC") => {
            "jettison does not change the style of scripts; what ShellCheck reports may be intended"
        }
        _ => UNKNOWN,
    }
}

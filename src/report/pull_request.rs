//! The text of a pull request: commit messages, title, and description with the mark by which a
//! later run recognises it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::digest::sha256;
use crate::report::markdown::LONGEST;
use crate::report::{FileReport, effect_name, inert, markdown, verified};
use crate::transform::{Applicability, Effect, Transform};

/// The width of a commit message, like git's own.
const WIDTH: usize = 72;

/// The size in bytes up to which a commit message lists fixes.
const LONGEST_MESSAGE: usize = 30_000;

/// The size in bytes up to which a commit message says why.
const LONGEST_REASON: usize = 280;

/// The data that a later run needs about a request, hidden in its description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mark {
    /// The commit that the branch starts from.
    pub base: String,
    /// The commit that the branch ends with.
    pub head: String,
    /// The checksum of the changes.
    pub fixes: String,
}

const MARK: &str = "<!-- jettison ";

/// A mark with a checksum, so that a changed or truncated mark is invalid.
#[derive(Deserialize)]
struct Written {
    #[serde(flatten)]
    mark: Mark,
    sum: String,
}

impl Mark {
    /// The mark of a description: the last one, since no text of a Dockerfile follows it.
    pub fn find(body: &str) -> Option<Self> {
        let (_, rest) = body.rsplit_once(MARK)?;
        let written: Written = serde_json::from_str(rest.split_once(" -->")?.0).ok()?;
        (written.sum == written.mark.sum()).then_some(written.mark)
    }

    fn sum(&self) -> String {
        sha256(&format!("jettison mark\n{}\n{}\n{}\n", self.base, self.head, self.fixes))
    }

    fn to_json(&self) -> String {
        let Self { base, head, fixes } = self;
        serde_json::json!({ "base": base, "head": head, "fixes": fixes, "sum": self.sum() }).to_string()
    }
}

/// One fix in a commit message.
#[derive(Debug)]
pub struct Line<'l> {
    /// `path:line`
    pub place: String,
    /// The title of the fix.
    pub title: &'l str,
    /// Additional explanations.
    pub notes: &'l [String],
}

/// A commit message: the summary, the places, why, where to read more; and trailers.
pub fn message(transform: &Transform, lines: &[Line<'_>], proofs: &[String], signer: Option<&str>) -> String {
    let mut text = format!("{}\n\n", subject(transform.summary()));
    for (number, line) in lines.iter().enumerate() {
        if text.len() > LONGEST_MESSAGE {
            text += &format!("- … and {} more\n", lines.len() - number);
            break;
        }
        text += &wrapped(&format!("- {}: {}", inert::message(&line.place), inert::message(line.title)), "  ");
        for note in line.notes {
            text += &wrapped(&format!("  {}", inert::message(note)), "  ");
        }
    }
    let why = transform.section("Why").unwrap_or_default();
    let more = format!("`jettison explain {}` says what is checked before such a change.", transform.id);
    for paragraph in [opening(&why), &more].into_iter().filter(|paragraph| !paragraph.is_empty()) {
        text += &format!("\n{}", wrapped(paragraph, ""));
    }
    for proof in proofs {
        text += &format!("\n{}", wrapped(proof, ""));
    }
    let _ = write!(text, "\n{TRAILER}: {}\n", transform.id);
    if let Some(signer) = signer {
        let _ = writeln!(text, "Signed-off-by: {signer}");
    }
    text
}

/// The first sentences of a paragraph: the first one, and the next ones as far as they are short.
fn opening(paragraph: &str) -> &str {
    let ends = paragraph.match_indices(". ").map(|(at, _)| at + 1).chain([paragraph.len()]);
    let ends: Vec<usize> = ends.collect();
    let end = ends.iter().rfind(|end| **end <= LONGEST_REASON).or(ends.first());
    &paragraph[..end.copied().unwrap_or_default()]
}

/// The first line: the summary, cut to the width of a subject, if possible at the end of a clause.
fn subject(summary: &str) -> &str {
    if summary.len() <= WIDTH {
        return summary;
    }
    let clauses =
        [", ", " where ", " in the ", " that "].iter().flat_map(|start| summary.match_indices(start));
    let words = summary.match_indices(' ').map(|(at, _)| at).filter(|at| *at <= WIDTH);
    let clause = clauses.map(|(at, _)| at).filter(|at| (20..=WIDTH).contains(at)).min();
    clause.or(words.max()).map_or(summary, |end| &summary[..end])
}

/// The trailer of each of our commits.
pub const TRAILER: &str = "Jettison-Transform";

/// Wraps a line.
fn wrapped(line: &str, indent: &str) -> String {
    let start = line.len() - line.trim_start().len();
    let mut text = line[..start].to_owned();
    let mut width = start;
    for (number, word) in line.split_whitespace().enumerate() {
        let length = word.chars().count();
        if number > 0 && width + 1 + length > WIDTH {
            text += "\n";
            text += indent;
            width = indent.len();
        } else if number > 0 {
            text.push(' ');
            width += 1;
        }
        text += word;
        width += length;
    }
    text + "\n"
}

/// The request's title: the benefit of its fixes, and their number.
pub fn title(reports: &[FileReport]) -> String {
    let effects: BTreeSet<Effect> =
        reports.iter().flat_map(FileReport::fixes).map(|(_, fix)| fix.effect).collect();
    let names: Vec<&str> = effects.into_iter().map(effect_name).collect();
    let gains = match &names[..] {
        [] => return markdown::title(reports),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    };
    let first = gains.get(..1).unwrap_or_default().to_ascii_uppercase();
    format!("{first}{}: {}", gains.get(1..).unwrap_or_default(), markdown::title(reports))
}

/// The checksum of the changes, independent of their position: a request that was closed is not
/// opened again for the same changes.
pub fn sum(reports: &[FileReport]) -> String {
    let mut all = String::new();
    for report in reports.iter().filter(|report| report.changed()) {
        let _ = writeln!(all, "{}", report.path.as_deref().unwrap_or_default());
        for step in &report.outcome.steps {
            let _ = writeln!(all, "{}", step.transform.id);
            for edit in step.edits.iter() {
                let _ = writeln!(all, "{} {}", edit.span.len(), edit.text);
            }
        }
        if let Some(file) = &report.ignore_file {
            let _ = writeln!(all, "{} {}", file.path, file.new);
        }
    }
    sha256(&all)
}

/// The contents of a description in addition to the changes.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'f> {
    /// The mark for later runs.
    pub mark: &'f Mark,
    /// Whether the images were built and tested.
    pub verified: bool,
    /// Commands that were run in both images.
    pub smoke: &'f [String],
}

/// The description of the request.
pub fn body(reports: &[FileReport], facts: Facts<'_>) -> String {
    let has_unsafe =
        reports.iter().flat_map(FileReport::fixes).any(|(_, fix)| fix.applicability != Applicability::Safe);
    let mut text = String::from(
        "Jettison rewrote these Dockerfiles. Each commit contains one kind of change; its message says what it changes and why.\n\n",
    );
    let assurance = if has_unsafe {
        "**Unsafe** changes remove things that a program may depend on. They are included because the images built with them passed all checks.\n\n"
    } else {
        "All changes are *safe*: the same programs run in the same order, directory and environment, and fail in the same cases. The configuration of the image is the same. Only files that can be downloaded or generated again are removed.\n\n"
    };
    let proof = evidence(reports)
        .or_else(|| proof(facts.verified, facts.smoke))
        .map_or(String::new(), |proof| format!("{proof}\n\n"));
    let no = "<details><summary>How to opt out</summary>\n\n- Of one change: put `# jettison: ignore=ID because …` above the instruction, with the id of the transform from the table.\n- Of one kind of change everywhere: add `ignore: [ID]` to `.jettison.yaml`.\n- Of all changes: close this request. Jettison does not open it again for the same changes.\n\nIf you add commits to this branch, jettison no longer changes it.\n\n</details>\n\n";
    let mark = format!("{MARK}{} -->\n", facts.mark.to_json());
    // The fixed parts reserve their room first.
    let most = LONGEST.saturating_sub(assurance.len() + proof.len() + no.len() + mark.len());
    let room = |text: &str| most.saturating_sub(text.len());
    text += &markdown::changes(reports, room(&text));
    let mut rest = markdown::figures(reports, room(&text));
    rest += &markdown::refusals(reports, room(&text).saturating_sub(rest.len()));
    rest += &markdown::folded_diff(reports, room(&text).saturating_sub(rest.len()));
    text + assurance + &proof + &rest + no + &mark
}

/// What the checks have shown, file by file; `None` without `--verify`.
fn evidence(reports: &[FileReport]) -> Option<String> {
    let lines: Vec<String> = reports
        .iter()
        .filter_map(|report| Some((report.path.as_deref().unwrap_or_default(), report.verified.as_ref()?)))
        .map(|(path, verified)| {
            format!("- {}: {}\n", inert::code(path), inert::prose(&verified::line(verified)))
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    Some(format!("Both images were built and compared:\n\n{}", lines.concat()))
}

/// A sentence about the checks that passed; `None` without `--verify`.
pub fn proof(verified: bool, smoke: &[String]) -> Option<String> {
    let commands: Vec<String> = smoke.iter().map(|command| inert::code(command)).collect();
    match (verified, commands.is_empty()) {
        (false, _) => None,
        (true, true) => Some(
            "Verified: both images were built and compared: configuration, files, the libraries of every program, and the program that a container starts.".into(),
        ),
        (true, false) => Some(format!(
            "Verified: both images were built and compared: configuration, files, the libraries of every program, and the output of {}.",
            commands.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_and_ends_with_a_sentence() {
        assert_eq!(opening("One. Two."), "One. Two.");
        let long = "x".repeat(LONGEST_REASON);
        assert_eq!(opening(&format!("One. {long}. Three.")), "One.");
        assert_eq!(opening(&format!("{long} x. Two.")), format!("{long} x."));
        assert_eq!(opening(""), "");
    }

    #[test]
    fn the_mark_is_found_again() {
        let mark = Mark { base: "a".into(), head: "b".into(), fixes: "c".into() };
        let text = body(&[], Facts { mark: &mark, verified: false, smoke: &[] });
        assert_eq!(Mark::find(&text), Some(mark.clone()));
        assert_eq!(Mark::find("<!-- jettison nonsense -->"), None);
        // A mark within another text comes before it.
        let forged = Mark { base: "x".into(), head: "y".into(), fixes: "z".into() };
        let forged = format!("<!-- jettison {} -->", forged.to_json());
        assert_eq!(Mark::find(&format!("<!-- jettison x --> {forged}\n{text}")), Some(mark.clone()));
        assert_eq!(Mark::find(&text.replace("\"a\"", "\"c\"")), None, "a mark that was changed is none");
    }

    #[test]
    fn every_transform_makes_a_first_line_that_git_shows_whole() {
        for transform in crate::transforms::ALL {
            let subject = subject(transform.summary());
            assert!((20..=WIDTH).contains(&subject.len()), "{subject}");
        }
        assert_eq!(
            subject(
                "Merge neighbouring RUN instructions where that saves bytes or costs no cache hit worth having"
            ),
            "Merge neighbouring RUN instructions"
        );
    }

    #[test]
    fn titles_claim_only_what_is_so() {
        let title = |text: &str, all: bool| {
            let mut settings = crate::config::Settings::default();
            if all {
                settings.config.merge_runs = crate::config::MergeRuns::All;
            }
            let outcome = crate::pipeline::fix(text, &settings);
            title(&[FileReport::fixed("Dockerfile".into(), text.into(), outcome)])
        };
        assert_eq!(
            title("FROM python:3.12\nRUN pip install flask\n", false),
            "Smaller images: 1 fix in 1 Dockerfile"
        );
        assert_eq!(
            title("FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n", false),
            "Smaller images and more reliable builds: 2 fixes in 1 Dockerfile"
        );
        assert_eq!(
            title("FROM debian:12\nRUN mkdir /a\nRUN mkdir /b\n", true),
            "Fewer layers: 1 fix in 1 Dockerfile"
        );
        assert_eq!(title("FROM debian:12\n", false), "nothing to change");
    }

    #[test]
    fn lines_of_messages_are_no_longer_than_gits() {
        let long = "- a/b:1: one two three four five six seven eight nine ten eleven twelve thirteen";
        assert_eq!(
            wrapped(long, "  "),
            "- a/b:1: one two three four five six seven eight nine ten eleven twelve\n  thirteen\n"
        );
    }
}

//! The results as one JSON document for `jettison apply`, editors and other programs.
//! `schemas/edits.schema.json` describes it, including the units of its numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::digest::sha256;
use crate::edit;
use crate::pipeline::Unapplied;
use crate::reasons::Argument;
use crate::report::{FileReport, Format, diff, estimate, measured, verified};
use crate::span::Place;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    path: Option<&'a str>,
    sha256: Option<String>,
    changed: bool,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_column: Option<usize>,
    edits: Vec<Edit<'a>>,
    result_sha256: Option<String>,
    steps: Vec<Step<'a>>,
    fixes: Vec<Fix<'a>>,
    refused: Vec<Other<'a>>,
    withheld: Vec<Other<'a>>,
    unreadable: Vec<Other<'a>>,
    undone: Vec<Other<'a>>,
    unused: Vec<Other<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Found<'a>>,
    diff: Option<String>,
    #[serde(rename = "ignore_file")]
    ignored: Option<IgnoreFile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct IgnoreFile<'a> {
    path: &'a str,
    is_new: bool,
    sha256: Option<String>,
    text: &'a str,
    diff: String,
}

#[derive(Serialize)]
struct Edit<'a> {
    start: usize,
    end: usize,
    replacement: Cow<'a, str>,
}

#[derive(Serialize)]
struct Step<'a> {
    transform: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Fix<'a> {
    transform: &'a str,
    applicability: &'a str,
    line: usize,
    column: usize,
    title: &'a str,
    reason: &'a str,
    step: usize,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Other<'a> {
    transform: Option<&'a str>,
    applicability: Option<&'a str>,
    line: usize,
    column: usize,
    code: &'a str,
    message: String,
    reason: String,
    arguments: BTreeMap<&'a str, &'a Argument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Related>,
}

#[derive(Serialize)]
struct Related {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'a str,
    line: usize,
    answer: &'a str,
    reason: &'a str,
}

/// `--format json`
pub const FORMAT: Format = Format {
    name: "json",
    alias: None,
    about: "Edits for programs and for `jettison apply`",
    write: |out, reports, _| write(out, reports),
};

/// Writes the document and a line break.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let document = Document { version: 1, files: reports.iter().map(file).collect() };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

fn file(report: &FileReport) -> File<'_> {
    let outcome = &report.outcome;
    let fixes = outcome.steps.iter().enumerate().flat_map(|(number, step)| {
        step.fixes.iter().map(move |fix| Fix {
            transform: step.transform.id,
            applicability: fix.applicability.name(),
            line: fix.place.line,
            column: fix.place.column,
            title: &fix.title,
            reason: step.transform.summary(),
            step: number,
            notes: &fix.notes,
            estimate: estimate::value(&fix.estimate),
        })
    });
    File {
        path: report.path.as_deref(),
        sha256: report.path.as_ref().filter(|_| report.was_read()).map(|_| sha256(&report.text)),
        changed: report.changed(),
        error: report.error.as_deref(),
        error_code: report.error_code,
        error_line: report.error_place().map(|place| place.line),
        error_column: report.error_place().map(|place| place.column),
        edits: outcome
            .edits()
            .iter()
            .map(|edit| Edit { replacement: Cow::Owned(edit.text.clone()), ..span(edit) })
            .collect(),
        result_sha256: outcome.text().map(sha256),
        steps: outcome
            .steps
            .iter()
            .map(|step| Step { transform: step.transform.id, edits: step.edits.iter().map(span).collect() })
            .collect(),
        fixes: fixes.collect(),
        refused: others(&outcome.refused),
        withheld: others(&outcome.withheld),
        unreadable: others(&outcome.unreadable),
        undone: others(&outcome.undone),
        unused: others(&outcome.unused),
        findings: report
            .findings
            .iter()
            .map(|finding| Found {
                code: &finding.code,
                line: finding.line,
                answer: finding.answer.name(),
                reason: &finding.reason,
            })
            .collect(),
        ignored: report.ignore_file.as_ref().map(|file| IgnoreFile {
            path: &file.path,
            is_new: file.old.is_none(),
            sha256: file.old.as_deref().map(sha256),
            text: &file.new,
            diff: file.old.as_ref().map_or_else(
                || diff::of_new(&file.path, &file.new),
                |old| diff::of(&file.path, old, &file.new),
            ),
        }),
        estimate: estimate::value(&estimate::of([report])),
        measured: report.measured.as_ref().map(measured::value),
        verified: report.verified.as_ref().map(verified::value),
        diff: outcome.text().map(|new| diff::of(report.path.as_deref().unwrap_or("-"), &report.text, new)),
    }
}

fn span(edit: &edit::Edit) -> Edit<'_> {
    Edit { start: edit.span.start, end: edit.span.end, replacement: Cow::Borrowed(&edit.text) }
}

fn others(unapplied: &[Unapplied]) -> Vec<Other<'_>> {
    unapplied
        .iter()
        .map(|unapplied| Other {
            transform: unapplied.transform,
            applicability: unapplied.applicability.map(crate::transform::Applicability::name),
            line: unapplied.place.line,
            column: unapplied.place.column,
            code: unapplied.reason.code(),
            message: unapplied.reason.to_string(),
            reason: unapplied.reason.to_string(),
            arguments: unapplied.reason.arguments().collect(),
            related: unapplied.related.map(|Place { line, column }| Related { line, column }),
        })
        .collect()
}

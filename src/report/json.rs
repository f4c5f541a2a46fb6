//! The results as one JSON document, for programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::pipeline::Held;
use crate::report::{FileReport, diff, measured};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    path: Option<&'a str>,
    changed: bool,
    error: Option<&'a str>,
    fixes: Vec<Fix<'a>>,
    refused: Vec<Other<'a>>,
    withheld: Vec<Other<'a>>,
    unreadable: Vec<Other<'a>>,
    undone: Vec<Other<'a>>,
    diff: Option<String>,
    #[serde(rename = "ignore_file")]
    ignored: Option<IgnoreFile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct IgnoreFile<'a> {
    path: &'a str,
    is_new: bool,
    diff: String,
}

#[derive(Serialize)]
struct Fix<'a> {
    transform: &'a str,
    applicability: &'a str,
    line: usize,
    column: usize,
    title: &'a str,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Other<'a> {
    transform: Option<&'a str>,
    applicability: Option<&'a str>,
    line: usize,
    column: usize,
    reason: &'a str,
}

/// Writes the document and a line break.
pub fn write(out: &mut impl Write, reports: &[FileReport]) -> io::Result<()> {
    let document = Document { version: 1, files: reports.iter().map(file).collect() };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

fn file(report: &FileReport) -> File<'_> {
    let outcome = &report.outcome;
    let fixes = outcome.steps.iter().flat_map(|step| {
        step.fixes.iter().map(|fix| Fix {
            transform: step.transform.id,
            applicability: fix.applicability.name(),
            line: fix.place.line,
            column: fix.place.column,
            title: &fix.title,
            notes: &fix.notes,
        })
    });
    File {
        path: report.path.as_deref(),
        changed: report.changed(),
        error: report.error.as_deref(),
        fixes: fixes.collect(),
        refused: others(&outcome.refused),
        withheld: others(&outcome.withheld),
        unreadable: others(&outcome.unreadable),
        undone: others(&outcome.undone),
        ignored: report.ignore_file.as_ref().map(|file| IgnoreFile {
            path: &file.path,
            is_new: file.old.is_none(),
            diff: file.old.as_ref().map_or_else(
                || diff::of_new(&file.path, &file.new),
                |old| diff::of(&file.path, old, &file.new),
            ),
        }),
        measured: report.measured.as_ref().map(measured::value),
        diff: outcome.text().map(|new| diff::of(report.path.as_deref().unwrap_or("-"), &report.text, new)),
    }
}

fn others(held: &[Held]) -> Vec<Other<'_>> {
    held.iter()
        .map(|held| Other {
            transform: held.transform,
            applicability: held.applicability.map(crate::transform::Applicability::name),
            line: held.place.line,
            column: held.place.column,
            reason: &held.reason,
        })
        .collect()
}

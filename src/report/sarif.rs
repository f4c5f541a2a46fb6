//! A SARIF log, for code scanning and editors: a rule for each transform, a result for each fix.
//!
//! A fix that was not made is a notification and not a result: a user can do nothing about such an
//! alert, and code scanning does not show notifications. Its descriptor is the code of the reason.
//!
//! Later steps build on earlier ones, so a single result can't be fixed alone: the first result of
//! each file carries the edits of all results. (OASIS, "Static Analysis Results Interchange Format
//! (SARIF) Version 2.1.0".)

use std::io::{self, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use crate::config::Severity;
use crate::digest::sha256;
use crate::escape;
use crate::pipeline::{Applied, Step, Unapplied};
use crate::reasons;
use crate::report::{FileReport, Format, errors};
use crate::span::{LineIndex, Place};
use crate::transform::Transform;

/// `--format sarif`
pub const FORMAT: Format = Format {
    name: "sarif",
    alias: None,
    about: "A SARIF 2.1.0 log",
    write: |out, reports, _| write(out, reports),
};

/// Writes the log and a line break.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let mut transforms: Vec<&Transform> =
        reports.iter().flat_map(|report| &report.outcome.steps).map(|step| step.transform).collect();
    transforms.sort_by_key(|transform| transform.id);
    transforms.dedup_by_key(|transform| transform.id);
    let results: Vec<Value> = reports.iter().flat_map(|report| results(report, &transforms)).collect();
    let errors: Vec<Value> = errors(reports).into_iter().filter_map(error).collect();
    let is_successful = errors.is_empty();
    let notifications: Vec<Value> = errors.into_iter().chain(reports.iter().flat_map(left)).collect();
    let mut codes: Vec<&str> =
        notifications.iter().filter_map(|notification| notification["descriptor"]["id"].as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "jettison",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": transforms.iter().map(|transform| rule(transform)).collect::<Vec<_>>(),
                "notifications": codes.into_iter().filter_map(descriptor).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": is_successful,
                "toolExecutionNotifications": notifications,
            }],
            "artifacts": reports.iter().filter(|report| report.was_read()).map(artifact).collect::<Vec<_>>(),
            "results": results,
        }],
    });
    serde_json::to_writer(&mut *out, &log)?;
    writeln!(out)
}

fn rule(transform: &Transform) -> Value {
    let manual = transform.manual();
    json!({
        "id": transform.id,
        "shortDescription": { "text": format!("{}.", transform.summary()) },
        "fullDescription": { "text": manual.trim_end() },
        "help": { "text": manual.trim_end(), "markdown": manual.trim_end() },
        "defaultConfiguration": { "level": "note" },
        "properties": { "tags": ["docker", "size"], "applicability": transform.applicability.name() },
    })
}

fn artifact(report: &FileReport) -> Value {
    json!({ "location": location(report), "hashes": { "sha-256": sha256(&report.text) } })
}

fn results(report: &FileReport, rules: &[&Transform]) -> Vec<Value> {
    let mut results: Vec<Value> =
        report.fixes_by_place().into_iter().map(|(step, fix)| result(report, step, fix, rules)).collect();
    if let (Some(first), Some(fix)) = (results.first_mut(), all_edits(report)) {
        first["fixes"] = json!([fix]);
    }
    results
}

fn result(report: &FileReport, step: &Step, fix: &Applied, rules: &[&Transform]) -> Value {
    let id = step.transform.id;
    let line = report.text.lines().nth(fix.place.line - 1).unwrap_or_default();
    json!({
        "ruleId": id,
        "ruleIndex": rules.iter().position(|rule| rule.id == id),
        "level": match fix.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        "message": { "text": unlinked(&fix.title) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": location(report),
            "region": { "startLine": fix.place.line, "startColumn": fix.place.column },
        }}],
        "partialFingerprints": { "jettison/v1": sha256(&format!("{id}\n{line}")) },
        "properties": { "applicability": fix.applicability.name(), "notes": fix.notes },
    })
}

/// A message without links. (SARIF 2.1.0, 3.11.6, "Messages with embedded links".)
fn unlinked(text: &str) -> String {
    let text = escape::line(text);
    if !text.contains("](") {
        return text.into_owned();
    }
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// All edits of the file as one SARIF fix.
fn all_edits(report: &FileReport) -> Option<Value> {
    let lines = LineIndex::of(&report.text);
    let edits = report.outcome.edits();
    let replacements: Vec<Value> = edits
        .iter()
        .map(|edit| {
            let (Place { line, column }, end) = (lines.place(edit.span.start), lines.place(edit.span.end));
            json!({
                "deletedRegion": { "startLine": line, "startColumn": column, "endLine": end.line, "endColumn": end.column },
                "insertedContent": { "text": edit.text },
            })
        })
        .collect();
    (!replacements.is_empty()).then(|| {
        json!({
            "description": { "text": "all fixes of this file" },
            "artifactChanges": [{ "artifactLocation": location(report), "replacements": replacements }],
        })
    })
}

fn error(report: &FileReport) -> Option<Value> {
    let error = report.error.as_ref()?;
    let mut notification = json!({ "level": "error", "message": { "text": unlinked(error) } });
    let other = report.error_at.as_ref().and_then(|spot| spot.path.as_deref());
    if let Some(path) = other.or(report.path.as_deref()) {
        let mut physical = json!({ "artifactLocation": location_of(path) });
        if let Some(place) = report.error_at.as_ref().and_then(|spot| spot.place) {
            physical["region"] = json!({ "startLine": place.line, "startColumn": place.column });
        }
        notification["locations"] = json!([{ "physicalLocation": physical }]);
    }
    if let Some(code) = report.error_code {
        notification["descriptor"] = json!({ "id": code });
    }
    Some(notification)
}

/// What a code means.
fn descriptor(code: &str) -> Option<Value> {
    let kind = reasons::find(code)?;
    Some(json!({ "id": code, "shortDescription": { "text": kind.meaning } }))
}

/// What was left as it is, and the comments without an effect.
fn left(report: &FileReport) -> Vec<Value> {
    let outcome = &report.outcome;
    let refused = report.refusals().into_iter().map(|(unapplied, _)| unapplied);
    let notes = refused.chain(&outcome.withheld).map(|unapplied| ("note", unapplied));
    let warnings = outcome.unreadable.iter().chain(&outcome.unused).chain(&outcome.undone);
    let all = notes.chain(warnings.map(|unapplied| ("warning", unapplied)));
    all.map(|(level, unapplied)| notification(report, level, unapplied)).collect()
}

fn notification(report: &FileReport, level: &str, unapplied: &Unapplied) -> Value {
    let Place { line, column } = unapplied.place;
    let mut notification = json!({
        "level": level,
        "descriptor": { "id": unapplied.reason.code() },
        "message": { "text": unlinked(&unapplied.reason.to_string()) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": location(report),
            "region": { "startLine": line, "startColumn": column },
        }}],
    });
    if let Some(transform) = unapplied.transform {
        notification["properties"] = json!({ "transform": transform });
    }
    notification
}

fn location(report: &FileReport) -> Value {
    location_of(report.path.as_deref().unwrap_or_default())
}

/// The path as a URI reference; a relative path starts from the current directory.
fn location_of(path: &str) -> Value {
    const SPECIAL: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}')
        .add(b':');
    let path = utf8_percent_encode(path, SPECIAL).to_string();
    json!({ "uri": if path.starts_with('/') { format!("file://{path}") } else { path } })
}

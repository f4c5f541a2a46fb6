//! A code quality report for GitLab, which merge requests show next to the code.
//! (GitLab's manual, "Code Quality report format".)

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::json;

use crate::config::Severity;
use crate::digest::sha256;
use crate::escape;
use crate::report::{FileReport, Format, errors, is_listed};

/// `--format gitlab`
pub const FORMAT: Format = Format {
    name: "gitlab",
    alias: None,
    about: "A code quality report for GitLab",
    write: |out, reports, _| write(out, reports),
};

/// Writes the document and a line break.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut entries = Vec::new();
    let errors = errors(reports);
    for report in reports {
        let path = report.path.as_deref().unwrap_or_default();
        for (step, fix) in report.fixes_by_place() {
            let key = format!("{path}\n{}\n{}", step.transform.id, fix.title);
            entries.push(json!({
                "description": format!("{} (jettison {})", escape::line(&fix.title), step.transform.id),
                "check_name": step.transform.id,
                "fingerprint": fingerprint(&mut seen, &key),
                "severity": match fix.severity {
                    Severity::Note => "minor",
                    Severity::Warning => "major",
                    Severity::Error => "critical",
                },
                "location": { "path": path, "lines": { "begin": fix.place.line } },
            }));
        }
        if let Some(error) = report.error.as_ref().filter(|_| is_listed(&errors, report)) {
            let spot = report.error_at.as_ref();
            let path = spot.and_then(|spot| spot.path.as_deref()).unwrap_or(path);
            let line = spot.and_then(|spot| spot.place).map_or(1, |place| place.line);
            entries.push(json!({
                "description": escape::lines(error),
                "check_name": "error",
                "fingerprint": fingerprint(&mut seen, &format!("{path}\nerror")),
                "severity": "major",
                "location": { "path": path, "lines": { "begin": line } },
            }));
        }
    }
    serde_json::to_writer(&mut *out, &entries)?;
    writeln!(out)
}

/// Identifies a finding in later reports: without its line, which other changes move. Duplicates
/// are numbered.
fn fingerprint(seen: &mut HashMap<String, usize>, key: &str) -> String {
    let number = seen.entry(key.to_owned()).or_default();
    *number += 1;
    sha256(&format!("{key}\n{number}"))
}

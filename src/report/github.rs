//! Annotations for GitHub Actions: one workflow command per line, which the pull request shows next
//! to the code. (GitHub's manual, "Workflow commands for GitHub Actions".)

use std::io::{self, Write};

use crate::config::Severity;
use crate::escape;
use crate::report::{FileReport, Format, errors, is_listed};

/// `--format github`
pub const FORMAT: Format = Format {
    name: "github",
    alias: None,
    about: "Annotations for GitHub Actions, and a job summary",
    write: |out, reports, _| write(out, reports),
};

/// Writes a notice for each fix and an error for each file that could not be processed.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let errors = errors(reports);
    for report in reports {
        let file = value(report.path.as_deref().unwrap_or_default());
        for (step, fix) in report.fixes_by_place() {
            let title = value(step.transform.id);
            let message = data(&format!("{}\n`jettison fix --write` applies it.", escape::line(&fix.title)));
            let (line, column) = (fix.place.line, fix.place.column);
            let level = match fix.severity {
                Severity::Note => "notice",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            writeln!(
                out,
                "::{level} file={file},line={line},col={column},title=jettison {title}::{message}"
            )?;
        }
        if let Some(error) = report.error.as_ref().filter(|_| is_listed(&errors, report)) {
            let spot = report.error_at.as_ref();
            let file = spot.and_then(|spot| spot.path.as_deref()).map_or(file, value);
            let place = spot.and_then(|spot| spot.place);
            let at = place.map(|at| format!(",line={},col={}", at.line, at.column)).unwrap_or_default();
            writeln!(out, "::error file={file}{at},title=jettison::{}", data(error))?;
        }
    }
    Ok(())
}

/// The text of a command.
fn data(text: &str) -> String {
    escape::lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn value(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_written_otherwise() {
        assert_eq!(data("50 %, then\nmore: all"), "50 %25, then%0Amore: all");
        assert_eq!(value("a,b:c"), "a%2Cb%3Ac");
    }
}

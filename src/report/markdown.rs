//! The results as Markdown: a comment on a pull request, or the summary of a workflow run.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::pipeline::Held;
use crate::report::{FileReport, and_more, diff, measured};

/// Writes the changes as a table, what was measured, and, folded, what was refused and the diff.
pub fn write(out: &mut impl Write, reports: &[FileReport]) -> io::Result<()> {
    writeln!(out, "### jettison: {}", title(reports))?;
    writeln!(out)?;
    write!(
        out,
        "{}{}{}{}",
        changes(reports),
        figures(reports),
        refusals(reports),
        folded_diff(reports, usize::MAX)
    )?;
    for report in reports {
        if let Some(error) = &report.error {
            writeln!(out, "- **error** `{}`: {}", report.path.as_deref().unwrap_or_default(), cell(error))?;
        }
    }
    Ok(())
}

/// `3 fixes in 2 Dockerfiles`
pub fn title(reports: &[FileReport]) -> String {
    let fixes = reports.iter().flat_map(FileReport::fixes).count();
    let files = reports.iter().filter(|report| report.changed()).count();
    match (fixes, files) {
        (0, _) => "nothing to change".to_owned(),
        (1, _) => "1 fix in 1 Dockerfile".to_owned(),
        (_, 1) => format!("{fixes} fixes in 1 Dockerfile"),
        _ => format!("{fixes} fixes in {files} Dockerfiles"),
    }
}

/// Where, what and why, a line each.
pub fn changes(reports: &[FileReport]) -> String {
    let mut rows = String::new();
    for report in reports {
        let path = report.path.as_deref().unwrap_or_default();
        for (step, fix) in report.fixes() {
            let notes: String = fix.notes.iter().map(|note| format!("<br>{}", cell(note))).collect();
            let _ = writeln!(
                rows,
                "| `{}:{}` | {}{notes} | {} ({}) |",
                cell(path),
                fix.place.line,
                cell(&fix.title),
                step.transform.id,
                fix.applicability.name()
            );
        }
    }
    if rows.is_empty() { rows } else { format!("| where | what | transform |\n|---|---|---|\n{rows}\n") }
}

/// What real builds said, where they were asked for.
pub fn figures(reports: &[FileReport]) -> String {
    let mut text = Vec::new();
    for one in reports.iter().filter_map(|report| report.measured.as_ref()) {
        // Memory takes all that is written.
        let _ = measured::markdown(&mut text, one);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// What was left as it is, folded.
pub fn refusals(reports: &[FileReport]) -> String {
    let mut lines = String::new();
    for report in reports {
        let path = report.path.as_deref().unwrap_or_default();
        for (Held { transform, place, reason, .. }, more) in report.refusals() {
            let who = transform.unwrap_or_default();
            let _ = writeln!(lines, "- `{path}:{}` {who}: {}{}", place.line, cell(reason), and_more(more));
        }
    }
    folded("Left as it is, and why", &lines)
}

/// The diff, folded; one of more than so many bytes is cut at a line's end and says so.
pub fn folded_diff(reports: &[FileReport], most: usize) -> String {
    let whole = diff::text(reports);
    if whole.is_empty() {
        return whole;
    }
    let (shown, rest) = if whole.len() <= most {
        (whole.as_str(), "")
    } else {
        let end = whole.as_bytes()[..most].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        (&whole[..end], "\n(The rest is too long for this page; the commits have it.)\n")
    };
    // A fence has to be longer than any in the text.
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    folded("The diff", &format!("{fence}diff\n{shown}{fence}\n{rest}"))
}

fn folded(title: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<details><summary>{title}</summary>\n\n{content}\n</details>\n\n")
}

/// Text that stays within its cell, and that nobody is called by.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('@', "@\u{200b}").replace(['\r', '\n'], " ")
}

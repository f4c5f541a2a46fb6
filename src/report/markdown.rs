//! The results as Markdown, for a comment on a pull request or a job summary.

use std::io::{self, Write};

use crate::escape;
use crate::pipeline::Unapplied;
use crate::report::{FileReport, Format, and_more, and_related, diff, inert, measured, ranked};

/// The largest size of a text in bytes. GitHub has the lowest limit of all forges: 65,536
/// characters for a comment or a request.
pub const LONGEST: usize = 60_000;

/// `--format markdown`
pub const FORMAT: Format = Format {
    name: "markdown",
    alias: None,
    about: "A comment for a pull request",
    write: |out, reports, _| write(out, reports),
};

/// Writes the changes as a table, the measurements, and, folded, the refusals and the diff, within
/// the size of a comment.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let mut text = format!("### jettison: {}\n\n", title(reports));
    // Errors are written last, but their room is reserved first.
    let errors = errors(reports, LONGEST / 4);
    let most = LONGEST - errors.len();
    text += &changes(reports, left(&text, most));
    text += &figures(reports, left(&text, most));
    text += &refusals(reports, left(&text, most));
    text += &folded_diff(reports, left(&text, most));
    out.write_all(text.as_bytes())?;
    out.write_all(errors.as_bytes())
}

/// The number of bytes that still fit.
pub fn left(text: &str, most: usize) -> usize {
    most.saturating_sub(text.len())
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

/// The lines that fit into `most` bytes; if some are left out, the last line says how many.
fn cut(lines: &[String], most: usize, note: impl Fn(usize) -> String) -> String {
    if lines.iter().map(String::len).sum::<usize>() <= most {
        return lines.concat();
    }
    let room = most.saturating_sub(note(lines.len()).len());
    let mut text = String::new();
    let mut shown = 0;
    for line in lines {
        if text.len() + line.len() > room {
            break;
        }
        text += line;
        shown += 1;
    }
    // Even the note may not fit.
    let note = note(lines.len() - shown);
    if text.len() + note.len() <= most { text + &note } else { String::new() }
}

/// A table with one line per fix: its place, its title and its transform.
pub fn changes(reports: &[FileReport], most: usize) -> String {
    const HEAD: &str = "| where | what | transform |\n|---|---|---|\n";
    let mut rows = Vec::new();
    for report in ranked(reports) {
        let path = report.path.as_deref().unwrap_or_default();
        let purpose = report.purpose().map_or(String::new(), |purpose| format!(" ({})", purpose.name()));
        for (step, fix) in report.fixes_by_place() {
            let notes: String = fix.notes.iter().map(|note| format!("<br>{}", inert::prose(note))).collect();
            rows.push(format!(
                "| {}{purpose} | {}{notes} | {} ({}) |\n",
                inert::code(&format!("{path}:{}", fix.place.line)),
                inert::prose(&fix.title),
                step.transform.id,
                fix.applicability.name()
            ));
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let rows = cut(&rows, most.saturating_sub(HEAD.len() + 1), |count| {
        format!("| … | {count} more, not shown here; `jettison fix --check` lists them | |\n")
    });
    if rows.is_empty() { rows } else { format!("{HEAD}{rows}\n") }
}

/// The results of real builds, if requested.
pub fn figures(reports: &[FileReport], most: usize) -> String {
    let measured = reports.iter().filter_map(|report| report.measured.as_ref());
    let parts: Vec<String> = measured
        .map(|measurements| {
            let mut text = Vec::new();
            // Writing to memory can't fail.
            let _ = measured::markdown(&mut text, measurements);
            String::from_utf8_lossy(&text).into_owned()
        })
        .collect();
    cut(&parts, most, |count| {
        format!("The measurements of {count} more are not shown here; `jettison measure` prints them.\n\n")
    })
}

/// The refusals, folded.
pub fn refusals(reports: &[FileReport], most: usize) -> String {
    const TITLE: &str = "Not changed, and why";
    let mut lines = Vec::new();
    for report in reports {
        let path = report.path.as_deref().unwrap_or_default();
        for (unapplied, more) in report.refusals() {
            let Unapplied { transform, place, reason, .. } = unapplied;
            let who = transform.unwrap_or_default();
            let place = inert::code(&format!("{path}:{}", place.line));
            let (text, code) = (inert::prose(&reason.to_string()), reason.code());
            lines.push(format!(
                "- {place} {who}: {text} ({code}{}{})\n",
                and_related(unapplied),
                and_more(more)
            ));
        }
    }
    let room = most.saturating_sub(folded(TITLE, "x").len());
    folded(TITLE, &cut(&lines, room, |count| format!("- … and {count} more; `jettison fix -v` lists them\n")))
}

/// The files that could not be processed.
fn errors(reports: &[FileReport], most: usize) -> String {
    let lines: Vec<String> = super::errors(reports)
        .into_iter()
        .map(|report| {
            let own = report.error_at.as_ref().is_none_or(|spot| spot.path.is_none());
            let place = report.error_place().map_or(String::new(), |place| format!(":{}", place.line));
            let path = report.path.as_ref().filter(|_| own);
            let path =
                path.map_or(String::new(), |path| format!(" {}", inert::code(&(path.clone() + &place))));
            format!("- **error**{path}: {}\n", inert::prose(report.error.as_deref().unwrap_or_default()))
        })
        .collect();
    cut(&lines, most, |count| format!("- … and {count} more errors\n"))
}

/// The diff, folded, within `most` bytes; a longer one is cut at the end of a line, with a note.
/// Invisible characters are made visible, since the diff is for people.
pub fn folded_diff(reports: &[FileReport], most: usize) -> String {
    const TITLE: &str = "The diff";
    const REST: &str = "\n(The rest is too long to show here; see the commits, or run `jettison fix`.)\n";
    let whole = diff::text(reports);
    if whole.is_empty() {
        return whole;
    }
    let lines = whole.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
        // A bare carriage return would end the line in Markdown, and `<!-- ` could start a forged
        // mark.
        Some(line) => escape::line(line.strip_suffix('\r').unwrap_or(line)).replace("<!-- ", "<!- - ") + "\n",
        None => escape::line(line).replace("<!-- ", "<!- - ") + "\n",
    });
    let lines: Vec<String> = lines.collect();
    // The fence must be longer than any fence in the text.
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let frame = folded(TITLE, &format!("{fence}diff\n{fence}\n")).len();
    let room = most.saturating_sub(frame);
    if lines.iter().map(String::len).sum::<usize>() <= room {
        return folded(TITLE, &format!("{fence}diff\n{}{fence}\n", lines.concat()));
    }
    let shown = cut(&lines, room.saturating_sub(REST.len()), |_| String::new());
    if shown.is_empty() {
        return if REST.len() <= most { format!("{}\n", REST.trim_start()) } else { String::new() };
    }
    folded(TITLE, &format!("{fence}diff\n{shown}{fence}\n{REST}"))
}

fn folded(title: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<details><summary>{title}</summary>\n\n{content}\n</details>\n\n")
}

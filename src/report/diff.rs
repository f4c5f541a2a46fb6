//! A unified diff that `git apply` and `patch -p1` take.

use std::io::{self, Write};

use similar::TextDiff;

use crate::report::FileReport;

/// Writes the diffs of all changed files, with the colours that git uses where they are wanted.
pub fn write(out: &mut impl Write, reports: &[FileReport], coloured: bool) -> io::Result<()> {
    for report in reports {
        let (Some(path), Some(new)) = (&report.path, report.outcome.text()) else { continue };
        let diff = of(path, &report.text, new);
        if !coloured {
            out.write_all(diff.as_bytes())?;
            continue;
        }
        for line in diff.split_inclusive('\n') {
            let (text, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
            write!(out, "{}{text}\u{1b}[0m{end}", colour(text))?;
        }
    }
    Ok(())
}

/// The escape sequence that starts a line of a diff.
fn colour(line: &str) -> &'static str {
    match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "\u{1b}[1m",
        [b'@', ..] => "\u{1b}[36m",
        [b'-', ..] => "\u{1b}[31m",
        [b'+', ..] => "\u{1b}[32m",
        _ => "",
    }
}

/// The diff of one file.
pub fn of(path: &str, old: &str, new: &str) -> String {
    let path = path.trim_start_matches('/');
    // git ends a name that holds a blank with a tab, so that patch knows where it ends.
    let tab = if path.contains(' ') { "\t" } else { "" };
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().header(&format!("a/{path}{tab}"), &format!("b/{path}{tab}")).to_string()
}

//! A unified diff that `git apply` and `patch -p1` take.

use std::io::{self, Write};

use similar::TextDiff;

use crate::report::FileReport;

/// Writes the diffs of all changed files.
pub fn write(out: &mut impl Write, reports: &[FileReport]) -> io::Result<()> {
    for report in reports {
        if let (Some(path), Some(new)) = (&report.path, report.outcome.text()) {
            write!(out, "{}", of(path, &report.text, new))?;
        }
    }
    Ok(())
}

/// The diff of one file.
pub fn of(path: &str, old: &str, new: &str) -> String {
    let path = path.trim_start_matches('/');
    // git ends a name that holds a blank with a tab, so that patch knows where it ends.
    let tab = if path.contains(' ') { "\t" } else { "" };
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().header(&format!("a/{path}{tab}"), &format!("b/{path}{tab}")).to_string()
}

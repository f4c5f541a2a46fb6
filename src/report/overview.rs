//! What can be improved, file by file, and the next command: `jettison` without arguments.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::escape;
use crate::report::{FileReport, count, count_fixes, effect_name, estimate, ranked, withheld};
use crate::transform::{Applicability, Effect};

/// The largest number of files to list.
const MOST_FILES: usize = 20;

/// Writes each file that would change with what that saves, a summary, and what to do next.
pub fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let read: Vec<&FileReport> = ranked(reports)
        .into_iter()
        .filter(|report| report.error.is_none() && report.path.is_some())
        .collect();
    let to_change: Vec<&FileReport> = read.iter().copied().filter(|report| report.changed()).collect();
    let shown = &to_change[..to_change.len().min(MOST_FILES)];
    let path = |report: &FileReport| escape::line(report.path.as_deref().unwrap_or_default()).into_owned();
    let width = shown.iter().map(|report| path(report).chars().count()).max().unwrap_or_default();
    for report in shown {
        let number = report.fixes_by_place().len();
        let noun = if number == 1 { "fix" } else { "fixes" };
        writeln!(out, "{:width$}  {number:>3} {noun:5}  {}", path(report), effects(report))?;
        let savings = estimate::sentences(&estimate::of([*report]));
        if !savings.is_empty() {
            writeln!(out, "    {}", savings.join("; "))?;
        }
    }
    if to_change.len() > shown.len() {
        writeln!(out, "… and {}", count(to_change.len() - shown.len(), "more file"))?;
    }
    let in_dockerfiles = read.iter().filter(|report| !report.is_compose_file());
    let held: usize = in_dockerfiles.map(|report| withheld(report, Applicability::Unsafe)).sum();
    let all: usize = to_change.iter().map(|report| report.fixes_by_place().len()).sum();
    if read.is_empty() {
        // The errors say why.
    } else if all == 0 {
        writeln!(out, "nothing to change in {}", count(read.len(), "file"))?;
    } else {
        writeln!(out, "\n{} in {} of {}", count_fixes(all), to_change.len(), count(read.len(), "file"))?;
        writeln!(out, "  jettison diff          print the changes")?;
        writeln!(out, "  jettison fix --write   apply them")?;
    }
    if held > 0 {
        writeln!(out, "  jettison fix --verify  build the images, and also test {}", unsafe_fixes(held))?;
    }
    Ok(())
}

fn unsafe_fixes(number: usize) -> String {
    count_fixes(number).replacen(' ', " unsafe ", 1)
}

/// `smaller images, faster rebuilds`
fn effects(report: &FileReport) -> String {
    let effects: BTreeSet<Effect> = report.fixes().map(|(_, fix)| fix.effect).collect();
    effects.into_iter().map(effect_name).collect::<Vec<_>>().join(", ")
}

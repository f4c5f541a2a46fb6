//! Output for people: `path:line:column: transform: title`, errors with their source line, and a
//! summary line.

use std::io::{self, Write};

use crate::escape;
use crate::pipeline::Held;
use crate::report::{Answer, FileReport, Mode, Verbosity, and_more, and_related, count, ranked};
use crate::transform::Applicability;

/// Writes one line per fix, and its notes if verbose.
pub fn fixes(
    out: &mut impl Write,
    reports: &[FileReport],
    mode: Mode,
    verbosity: Verbosity,
) -> io::Result<()> {
    for report in ranked(reports).into_iter().filter(|report| mode != Mode::Written || report.error.is_none())
    {
        let path = escape::line(report.path.as_deref().unwrap_or_default());
        let purpose = report.purpose().map_or(String::new(), |purpose| format!(" ({})", purpose.name()));
        for step in &report.outcome.steps {
            for fix in &step.fixes {
                let mark = if fix.applicability == Applicability::Safe {
                    String::new()
                } else {
                    format!(" [{}]", fix.applicability.name())
                };
                let title = escape::line(&fix.title);
                writeln!(out, "{path}:{}: {}: {title}{mark}{purpose}", fix.place, step.transform.id)?;
                for note in fix.notes.iter().filter(|_| verbosity == Verbosity::Everything) {
                    writeln!(out, "    {}", escape::line(note))?;
                }
            }
        }
    }
    Ok(())
}

/// Writes everything except the results: refusals, warnings, errors, and the summary.
pub fn messages(
    out: &mut impl Write,
    reports: &[FileReport],
    verbosity: Verbosity,
    mode: Mode,
) -> io::Result<()> {
    for report in reports {
        let path = escape::line(report.path.as_deref().unwrap_or_default());
        if verbosity == Verbosity::Everything {
            if mode == Mode::Shown {
                fixes(out, std::slice::from_ref(report), mode, verbosity)?;
            }
            for held in &report.outcome.withheld {
                // The applicability says the same as its code.
                let note = held.applicability.map_or_else(
                    || format!("({})", held.reason.code()),
                    |applicability| format!("[{}, not applied]", applicability.name()),
                );
                writeln!(
                    out,
                    "{path}:{}: {}: {} {note}",
                    held.place,
                    held.transform.unwrap_or_default(),
                    escape::line(&held.reason.to_string()),
                )?;
            }
            for (held, more) in report.refusals() {
                writeln!(
                    out,
                    "{path}:{}: {}: refused: {} ({}{}{})",
                    held.place,
                    held.transform.unwrap_or_default(),
                    escape::line(&held.reason.to_string()),
                    held.reason.code(),
                    and_related(held),
                    and_more(more)
                )?;
            }
        }
        if verbosity != Verbosity::Errors {
            for held in report.outcome.unreadable.iter().chain(&report.outcome.unused) {
                with_line(out, &path, "warning", held, verbosity)?;
            }
        }
        for one in
            report.findings.iter().filter(|one| one.answer != Answer::Fixed && verbosity != Verbosity::Errors)
        {
            writeln!(
                out,
                "{path}:{}: {}: {}: {}",
                one.line,
                escape::line(&one.code),
                one.answer.label(),
                escape::line(&one.reason)
            )?;
        }
        for held in &report.outcome.undone {
            with_line(out, &path, "bug", held, verbosity)?;
        }
        match (&report.error, &report.path) {
            (Some(error), Some(_)) => writeln!(out, "error: {path}: {}", escape::lines(error))?,
            (Some(error), None) => writeln!(out, "error: {}", escape::lines(error))?,
            (None, _) => {}
        }
    }
    if verbosity == Verbosity::Errors { Ok(()) } else { writeln!(out, "{}", summary(reports, mode)) }
}

fn with_line(
    out: &mut impl Write,
    path: &str,
    kind: &str,
    held: &Held,
    verbosity: Verbosity,
) -> io::Result<()> {
    let who = held.transform.map_or(String::new(), |id| format!("{id}: "));
    let reason = held.reason.to_string();
    let code =
        if verbosity == Verbosity::Everything { format!(" ({})", held.reason.code()) } else { String::new() };
    writeln!(out, "{kind}: {path}:{}: {who}{}{code}", held.place, escape::line(&reason))?;
    if held.line.is_empty() { Ok(()) } else { writeln!(out, "  | {}", escape::line(&held.line)) }
}

fn them(number: usize) -> &'static str {
    if number == 1 { "it" } else { "them" }
}

fn withheld(report: &FileReport, applicability: Applicability) -> usize {
    report.outcome.withheld.iter().filter(|held| held.applicability == Some(applicability)).count()
}

/// `3 files would change (5 fixes); held back: 2 unsafe, 4 refused; run with --write to apply`
pub fn summary(reports: &[FileReport], mode: Mode) -> String {
    let done: Vec<&FileReport> =
        reports.iter().filter(|report| report.changed() && report.error.is_none()).collect();
    let fixes: usize =
        done.iter().flat_map(|report| &report.outcome.steps).map(|step| step.fixes.len()).sum();
    let sum = |of: fn(&FileReport) -> usize| reports.iter().map(of).sum::<usize>();
    let unsafe_ones = sum(|report| withheld(report, Applicability::Unsafe));
    let manual = sum(|report| withheld(report, Applicability::Manual));
    let silenced =
        sum(|report| report.outcome.withheld.iter().filter(|held| held.applicability.is_none()).count());
    let refused = sum(|report| report.refusals().len());
    let failed = reports.iter().filter(|report| report.error.is_some()).count();
    let undone = sum(|report| report.outcome.undone.len());
    let mut parts = vec![match (done.len(), mode) {
        (0, _) => "nothing to change".to_owned(),
        (number, Mode::Written) => {
            format!("{} changed ({})", count(number, "file"), count(fixes, "fix").replace("fixs", "fixes"))
        }
        (number, _) => format!(
            "{} would change ({})",
            count(number, "file"),
            count(fixes, "fix").replace("fixs", "fixes")
        ),
    }];
    let held: Vec<String> = [
        (unsafe_ones, format!("{unsafe_ones} unsafe (--unsafe applies {})", them(unsafe_ones))),
        (manual, format!("{}, never applied (-v shows {})", count(manual, "suggestion"), them(manual))),
        (refused, format!("{refused} refused (-v says why)")),
        (silenced, format!("{silenced} suppressed by comments or configuration")),
    ]
    .into_iter()
    .filter_map(|(number, text)| (number > 0).then_some(text))
    .collect();
    if !held.is_empty() {
        parts.push(format!("held back: {}", held.join(", ")));
    }
    if undone > 0 {
        parts.push(format!("{} rolled back by a check", count(undone, "step")));
    }
    if failed > 0 {
        parts.push(count(failed, "error"));
    }
    if !done.is_empty() && mode != Mode::Written {
        parts.push("--write applies the changes".to_owned());
    }
    parts.join("; ")
}

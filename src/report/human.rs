//! Output for people: one line for each finding or its source line with a mark, and a summary line.
//! `excerpt` draws the source line.

use std::io::{self, Write};

use crate::escape;
use crate::pipeline::Held;
pub use crate::report::excerpt::Drawing;
use crate::report::excerpt::{Excerpt, Kind};
use crate::report::{
    Answer, FileReport, Format, Mode, Output, Verbosity, and_more, and_related, count, measured, ranked,
};
use crate::transform::Applicability;

/// `--format full`
pub const FULL: Format = Format {
    name: "full",
    alias: None,
    about: "Each fix with its source line",
    write: |out, reports, output| write(out, reports, output, Style::Full(output.drawing)),
};

/// `--format concise`
pub const CONCISE: Format = Format {
    name: "concise",
    alias: Some("human"),
    about: "One line per fix",
    write: |out, reports, output| write(out, reports, output, Style::Concise),
};

/// How findings look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One line each: `path:line:column: id: title`.
    Concise,
    /// With the source line.
    Full(Drawing),
}

/// What a list of findings looks like and contains.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What is done with the results.
    pub mode: Mode,
    /// How much is printed.
    pub verbosity: Verbosity,
    /// How it looks.
    pub style: Style,
}

/// Writes the fixes and the measurements.
fn write(out: &mut dyn Write, reports: &[FileReport], output: Output, style: Style) -> io::Result<()> {
    let Output { mode, verbosity, .. } = output;
    fixes(out, reports, Options { mode, verbosity, style })?;
    figures(out, reports)
}

/// Writes the measurements of all files.
pub fn figures(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let mut measured = reports.iter().filter_map(|report| report.measured.as_ref());
    measured.try_for_each(|figures| measured::human(out, figures))
}

/// Writes the fixes of each file by their position, with their notes if verbose.
fn fixes(out: &mut dyn Write, reports: &[FileReport], options: Options) -> io::Result<()> {
    let is_written = options.mode == Mode::Written;
    for report in ranked(reports).into_iter().filter(|report| !is_written || report.error.is_none()) {
        let purpose = report.purpose().map_or(String::new(), |purpose| format!(" ({})", purpose.name()));
        for (step, fix) in report.fixes_by_place() {
            let is_safe = fix.applicability == Applicability::Safe;
            let notes = if options.verbosity == Verbosity::Everything { &fix.notes[..] } else { &[] };
            let title = format!("{}{purpose}", fix.title);
            let one = Excerpt {
                kind: if is_safe { Kind::Fix } else { Kind::UnsafeFix },
                id: Some(step.transform.id),
                title: &title,
                path: report.path.as_deref().unwrap_or_default(),
                place: fix.place,
                line: report.text.lines().nth(fix.place.line.saturating_sub(1)).unwrap_or_default(),
                notes,
            };
            if let Style::Full(drawing) = options.style {
                out.write_all(one.render(drawing).as_bytes())?;
                continue;
            }
            let mark = if is_safe { String::new() } else { format!(" [{}]", fix.applicability.name()) };
            let (path, title) = (escape::line(one.path), escape::line(&fix.title));
            writeln!(out, "{path}:{}: {}: {title}{mark}{purpose}", fix.place, step.transform.id)?;
            for note in notes {
                writeln!(out, "    {}", escape::line(note))?;
            }
        }
    }
    Ok(())
}

/// Writes everything except the results: refusals, warnings, errors, and the summary.
pub fn messages(out: &mut dyn Write, reports: &[FileReport], options: Options) -> io::Result<()> {
    let Options { mode, verbosity, style } = options;
    for report in reports {
        let path = escape::line(report.path.as_deref().unwrap_or_default());
        if verbosity == Verbosity::Everything {
            if mode == Mode::Shown {
                fixes(out, std::slice::from_ref(report), options)?;
            }
            for held in &report.outcome.withheld {
                // The applicability says the same as its code.
                let note = held.applicability.map_or_else(
                    || format!("({})", held.reason.code()),
                    |applicability| format!("[{}, not applied]", applicability.name()),
                );
                not_made(out, report, held, style, (Kind::NotApplied, "", &note))?;
            }
            for (held, more) in report.refusals() {
                let note = format!("({}{}{})", held.reason.code(), and_related(held), and_more(more));
                not_made(out, report, held, style, (Kind::Refused, "refused: ", &note))?;
            }
        }
        if verbosity != Verbosity::Errors {
            for held in report.outcome.unreadable.iter().chain(&report.outcome.unused) {
                with_line(out, report, held, options, (Kind::Warning, "warning"))?;
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
            with_line(out, report, held, options, (Kind::Bug, "bug"))?;
        }
        match (&report.error, &report.path) {
            (Some(error), Some(_)) => writeln!(out, "error: {path}: {}", escape::lines(error))?,
            (Some(error), None) => writeln!(out, "error: {}", escape::lines(error))?,
            (None, _) => {}
        }
    }
    if verbosity == Verbosity::Errors { Ok(()) } else { writeln!(out, "{}", summary(reports, mode)) }
}

/// Writes a change that was not made, which `-v` lists.
fn not_made(
    out: &mut dyn Write,
    report: &FileReport,
    held: &Held,
    style: Style,
    (kind, label, note): (Kind, &str, &str),
) -> io::Result<()> {
    let reason = held.reason.to_string();
    if let Style::Full(drawing) = style {
        let note = note.trim_matches(['(', ')', '[', ']']).to_owned();
        let one = excerpt(report, held, kind, &reason, std::slice::from_ref(&note));
        return out.write_all(one.render(drawing).as_bytes());
    }
    let path = escape::line(report.path.as_deref().unwrap_or_default());
    let id = held.transform.unwrap_or_default();
    writeln!(out, "{path}:{}: {id}: {label}{} {note}", held.place, escape::line(&reason))
}

/// Writes a warning, or a mistake of Jettison.
fn with_line(
    out: &mut dyn Write,
    report: &FileReport,
    held: &Held,
    options: Options,
    (kind, word): (Kind, &str),
) -> io::Result<()> {
    let reason = held.reason.to_string();
    let is_verbose = options.verbosity == Verbosity::Everything;
    if let Style::Full(drawing) = options.style {
        let code = held.reason.code().to_owned();
        let notes = if is_verbose { std::slice::from_ref(&code) } else { &[] };
        return out.write_all(excerpt(report, held, kind, &reason, notes).render(drawing).as_bytes());
    }
    let path = escape::line(report.path.as_deref().unwrap_or_default());
    let who = held.transform.map_or(String::new(), |id| format!("{id}: "));
    let code = if is_verbose { format!(" ({})", held.reason.code()) } else { String::new() };
    writeln!(out, "{word}: {path}:{}: {who}{}{code}", held.place, escape::line(&reason))?;
    if held.line.is_empty() { Ok(()) } else { writeln!(out, "  | {}", escape::line(&held.line)) }
}

fn excerpt<'a>(
    report: &'a FileReport,
    held: &'a Held,
    kind: Kind,
    title: &'a str,
    notes: &'a [String],
) -> Excerpt<'a> {
    let path = report.path.as_deref().unwrap_or_default();
    Excerpt { kind, id: held.transform, title, path, place: held.place, line: &held.line, notes }
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

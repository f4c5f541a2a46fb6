//! Output for people: one line for each finding or its source line with a mark, and a summary line.
//! `excerpt` draws the source line.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::escape;
use crate::pipeline::Unapplied;
pub use crate::report::excerpt::Drawing;
use crate::report::excerpt::{Excerpt, Kind};
use crate::report::{
    Answer, FileReport, Format, IgnoreFile, Mode, Output, Verbosity, and_more, and_related, count,
    count_fixes, estimate, is_listed, measured, ranked, verified, withheld,
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
pub struct Options<'a> {
    /// What is done with the results.
    pub mode: Mode,
    /// How much is printed.
    pub verbosity: Verbosity,
    /// How it looks.
    pub style: Style,
    /// The command that applies the fixes, if there is one.
    pub apply: Option<&'a str>,
    /// What an unsafe fix of a transform risks.
    pub risk: fn(&str) -> Option<String>,
}

/// Writes the fixes and the measurements.
fn write(out: &mut dyn Write, reports: &[FileReport], output: Output, style: Style) -> io::Result<()> {
    let Output { mode, verbosity, .. } = output;
    fixes(out, reports, Options { mode, verbosity, style, apply: None, risk: |_| None })?;
    figures(out, reports)
}

/// Writes what was verified and measured, file by file.
pub fn figures(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    for report in reports {
        if let Some(verified) = &report.verified {
            let path = escape::line(report.path.as_deref().unwrap_or_default());
            writeln!(out, "{path}: {}", verified::line(verified))?;
            if !verified.is_tested {
                writeln!(out, "{path}: {}", verified::UNTESTED)?;
            }
        }
        if let Some(figures) = &report.measured {
            measured::human(out, figures)?;
        }
    }
    Ok(())
}

/// Writes the fixes of each file by their position, with their notes if verbose.
fn fixes(out: &mut dyn Write, reports: &[FileReport], options: Options<'_>) -> io::Result<()> {
    let is_written = options.mode == Mode::Written;
    let mut explained = HashSet::new();
    for report in ranked(reports).into_iter().filter(|report| !is_written || report.error.is_none()) {
        let purpose = report.purpose().map_or(String::new(), |purpose| format!(" ({})", purpose.name()));
        for (step, fix) in report.fixes_by_place() {
            let is_safe = fix.applicability == Applicability::Safe;
            let notes = if options.verbosity == Verbosity::Everything { &fix.notes[..] } else { &[] };
            let title = format!("{}{purpose}", fix.title);
            let help = format!("for details, run `jettison explain {}`", step.transform.id);
            let excerpt = Excerpt {
                kind: if is_safe { Kind::Fix } else { Kind::UnsafeFix },
                id: Some(step.transform.id),
                title: &title,
                path: report.path.as_deref().unwrap_or_default(),
                place: fix.place,
                line: report.text.lines().nth(fix.place.line.saturating_sub(1)).unwrap_or_default(),
                notes,
                help: explained.insert(step.transform.id).then_some(help.as_str()),
            };
            if let Style::Full(drawing) = options.style {
                out.write_all(excerpt.render(drawing).as_bytes())?;
                continue;
            }
            let mark = if is_safe { String::new() } else { format!(" [{}]", fix.applicability.name()) };
            let (path, title) = (escape::line(excerpt.path), escape::line(&fix.title));
            writeln!(out, "{path}:{}: {}: {title}{mark}{purpose}", fix.place, step.transform.id)?;
            for note in notes {
                writeln!(out, "    {}", escape::line(note))?;
            }
        }
        if let Some(file) = &report.ignore_file {
            ignore_file(out, file, options.style)?;
        }
    }
    Ok(())
}

/// Says what happens to the ignore file of the build context: `.dockerignore: new file: .git`.
fn ignore_file(out: &mut dyn Write, file: &IgnoreFile, style: Style) -> io::Result<()> {
    /// More patterns are counted.
    const SHOWN: usize = 3;
    let old = file.old.as_deref().unwrap_or_default();
    let is_new = |line: &&str| {
        !line.trim().is_empty() && !line.starts_with('#') && !old.lines().any(|other| other == *line)
    };
    let added: Vec<&str> = file.new.lines().filter(is_new).collect();
    let mut patterns = added[..added.len().min(SHOWN)].join(", ");
    if added.len() > SHOWN {
        patterns += &format!(" and {} more", added.len() - SHOWN);
    }
    let what = if file.old.is_none() { "new file" } else { "added" };
    let after = if matches!(style, Style::Full(_)) { "\n" } else { "" };
    writeln!(out, "{}: {what}: {}{after}", escape::line(&file.path), escape::line(&patterns))
}

/// Writes everything except the results: refusals, warnings, errors, and the summary.
pub fn messages(out: &mut dyn Write, reports: &[FileReport], options: Options<'_>) -> io::Result<()> {
    let Options { mode, verbosity, style, .. } = options;
    let errors = super::errors(reports);
    for report in reports {
        let path = escape::line(report.path.as_deref().unwrap_or_default());
        if verbosity == Verbosity::Everything {
            if mode == Mode::Shown {
                fixes(out, std::slice::from_ref(report), options)?;
            }
            let mut explained = HashSet::new();
            for unapplied in &report.outcome.withheld {
                // The applicability says the same as its code.
                let note = unapplied.applicability.map_or_else(
                    || format!("({})", unapplied.reason.code()),
                    |applicability| format!("[{}, not applied]", applicability.name()),
                );
                let is_unsafe = unapplied.applicability == Some(Applicability::Unsafe);
                let transform = unapplied.transform.filter(|id| is_unsafe && explained.insert(*id));
                let risk = transform.and_then(options.risk);
                not_made(out, report, unapplied, style, (Kind::NotApplied, "", &note), risk.as_deref())?;
            }
        }
        // What a build has shown is worth more than a guard's doubt, so it is always said.
        let is_shown = |unapplied: &Unapplied| match verbosity {
            Verbosity::Everything => true,
            Verbosity::Summary => unapplied.reason.is_shown_by_a_build(),
            Verbosity::Errors => false,
        };
        for (unapplied, more) in report.refusals().into_iter().filter(|(unapplied, _)| is_shown(unapplied)) {
            let note = format!("({}{}{})", unapplied.reason.code(), and_related(unapplied), and_more(more));
            not_made(out, report, unapplied, style, (Kind::Refused, "refused: ", &note), None)?;
        }
        if verbosity != Verbosity::Errors {
            for unapplied in report.outcome.unreadable.iter().chain(&report.outcome.unused) {
                with_line(out, report, unapplied, options, (Kind::Warning, "warning"))?;
            }
        }
        for finding in report
            .findings
            .iter()
            .filter(|finding| finding.answer != Answer::Fixed && verbosity != Verbosity::Errors)
        {
            writeln!(
                out,
                "{path}:{}: {}: {}: {}",
                finding.line,
                escape::line(&finding.code),
                finding.answer.label(),
                escape::line(&finding.reason)
            )?;
        }
        for unapplied in &report.outcome.undone {
            with_line(out, report, unapplied, options, (Kind::Bug, "bug"))?;
        }
        if is_listed(&errors, report) {
            error(out, report, style)?;
        }
    }
    let is_empty = !reports.is_empty() && reports.iter().all(|report| report.error.is_some());
    if verbosity == Verbosity::Errors || is_empty {
        return Ok(());
    }
    writeln!(out, "{}", summary(reports, options))
}

/// Writes a change that was not made, which `-v` lists, and what it would risk.
fn not_made(
    out: &mut dyn Write,
    report: &FileReport,
    unapplied: &Unapplied,
    style: Style,
    (kind, label, note): (Kind, &str, &str),
    risk: Option<&str>,
) -> io::Result<()> {
    let reason = unapplied.reason.to_string();
    // The output of a failing program follows the sentence.
    let (reason, output) = reason.split_once('\n').unwrap_or((&reason, ""));
    let reason = reason.trim_end_matches(':');
    let mut shown = last_lines(output).chain(risk);
    if let Style::Full(drawing) = style {
        let note = note.trim_matches(['(', ')', '[', ']']).to_owned();
        let notes: Vec<String> = shown.map(str::to_owned).chain([note]).collect();
        let excerpt = excerpt(report, unapplied, kind, reason, &notes);
        return out.write_all(excerpt.render(drawing).as_bytes());
    }
    let path = escape::line(report.path.as_deref().unwrap_or_default());
    let id = unapplied.transform.unwrap_or_default();
    writeln!(out, "{path}:{}: {id}: {label}{} {note}", unapplied.place, escape::line(reason))?;
    shown.try_for_each(|line| writeln!(out, "    {}", escape::line(line)))
}

/// The number of lines of a program's output that are shown.
const SHOWN: usize = 8;

/// The last lines of an output, without empty ones.
fn last_lines(output: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let skipped = lines.len().saturating_sub(SHOWN);
    lines.into_iter().skip(skipped)
}

/// Writes a warning, or a mistake of Jettison.
fn with_line(
    out: &mut dyn Write,
    report: &FileReport,
    unapplied: &Unapplied,
    options: Options<'_>,
    (kind, word): (Kind, &str),
) -> io::Result<()> {
    let reason = unapplied.reason.to_string();
    let is_verbose = options.verbosity == Verbosity::Everything;
    if let Style::Full(drawing) = options.style {
        let code = unapplied.reason.code().to_owned();
        let notes = if is_verbose { std::slice::from_ref(&code) } else { &[] };
        return out.write_all(excerpt(report, unapplied, kind, &reason, notes).render(drawing).as_bytes());
    }
    let path = escape::line(report.path.as_deref().unwrap_or_default());
    let who = unapplied.transform.map_or(String::new(), |id| format!("{id}: "));
    let code = if is_verbose { format!(" ({})", unapplied.reason.code()) } else { String::new() };
    writeln!(out, "{word}: {path}:{}: {who}{}{code}", unapplied.place, escape::line(&reason))?;
    if unapplied.line.is_empty() { Ok(()) } else { writeln!(out, "  | {}", escape::line(&unapplied.line)) }
}

/// Writes the errors of all files.
pub fn errors(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    super::errors(reports).into_iter().try_for_each(|report| error(out, report, Style::Concise))
}

/// Writes why a file was not processed.
fn error(out: &mut dyn Write, report: &FileReport, style: Style) -> io::Result<()> {
    let Some(error) = &report.error else { return Ok(()) };
    let line = report.error_at.as_ref().map_or("", |spot| &spot.line);
    if let (Style::Full(drawing), Some(place)) = (style, report.error_place()) {
        let path = report.path.as_deref().unwrap_or_default();
        let excerpt =
            Excerpt { kind: Kind::Error, id: None, title: error, path, place, line, notes: &[], help: None };
        return out.write_all(excerpt.render(drawing).as_bytes());
    }
    let in_other_file = report.error_at.as_ref().is_some_and(|spot| spot.path.is_some());
    let who = match (&report.path, report.error_place()) {
        (Some(path), Some(place)) => format!("{}:{place}: ", escape::line(path)),
        (Some(path), None) if !in_other_file => format!("{}: ", escape::line(path)),
        _ => String::new(),
    };
    writeln!(out, "error: {who}{}", escape::lines(error))?;
    if line.is_empty() { Ok(()) } else { writeln!(out, "  | {}", escape::line(line)) }
}

fn excerpt<'a>(
    report: &'a FileReport,
    unapplied: &'a Unapplied,
    kind: Kind,
    title: &'a str,
    notes: &'a [String],
) -> Excerpt<'a> {
    let path = report.path.as_deref().unwrap_or_default();
    Excerpt {
        kind,
        id: unapplied.transform,
        title,
        path,
        place: unapplied.place,
        line: &unapplied.line,
        notes,
        help: None,
    }
}

fn them(number: usize) -> &'static str {
    if number == 1 { "it" } else { "them" }
}

/// What changes and what that saves, in a line, and in another one how to apply it and what was not
/// applied: `3 files would change (5 fixes); saves about 40–90 MB` and `` `jettison fix --write`
/// applies them; not applied: 2 unsafe (…), 4 refused; -v says why``.
pub fn summary(reports: &[FileReport], options: Options<'_>) -> String {
    let Options { mode, verbosity, apply, .. } = options;
    let done: Vec<&FileReport> =
        reports.iter().filter(|report| report.changed() && report.error.is_none()).collect();
    let number: usize =
        done.iter().flat_map(|report| &report.outcome.steps).map(|step| step.fixes.len()).sum();
    let sum = |of: fn(&FileReport) -> usize| reports.iter().map(of).sum::<usize>();
    let unsafe_ones = sum(|report| withheld(report, Applicability::Unsafe));
    let manual = sum(|report| withheld(report, Applicability::Manual));
    let silenced = sum(|report| {
        report.outcome.withheld.iter().filter(|unapplied| unapplied.applicability.is_none()).count()
    });
    let refused = sum(|report| report.refusals().len());
    let failed = super::errors(reports).len();
    let undone = sum(|report| report.outcome.undone.len());
    let ignore_files = done.iter().filter(|report| report.ignore_file.is_some()).count();
    let with_ignore_files = match ignore_files {
        0 => String::new(),
        1 => ", and an ignore file".to_owned(),
        _ => format!(", and {ignore_files} ignore files"),
    };
    let of_fixes = format!("({}{with_ignore_files})", count_fixes(number));
    let mut parts = vec![match (done.len(), mode) {
        (0, _) => "nothing to change".to_owned(),
        (files, Mode::Written) => format!("{} changed {of_fixes}", count(files, "file")),
        (files, _) => format!("{} would change {of_fixes}", count(files, "file")),
    }];
    if undone > 0 {
        parts.push(format!("{} rolled back by a check", count(undone, "step")));
    }
    if failed > 0 {
        parts.push(count(failed, "error"));
    }
    parts.extend(estimate::sentences(&estimate::of(done.iter().copied())));
    let has_unknown_base = |report: &&FileReport| {
        let mut steps = report.outcome.steps.iter();
        !estimate::has_sizes(report) && steps.any(|step| step.transform.contract.chooses_base)
    };
    if done.iter().any(has_unknown_base) {
        parts.push("a smaller base image (--measure shows what it saves)".to_owned());
    }
    let in_dockerfiles = reports.iter().filter(|report| !report.is_compose_file());
    let is_tested = in_dockerfiles.map(|report| withheld(report, Applicability::Unsafe)).any(|held| held > 0);
    let tests = if is_tested { format!("--verify tests {}, ", them(unsafe_ones)) } else { String::new() };
    let unapplied: Vec<String> = [
        (unsafe_ones, format!("{unsafe_ones} unsafe ({tests}--unsafe applies {})", them(unsafe_ones))),
        (manual, count(manual, "suggestion")),
        (refused, format!("{refused} refused")),
        (silenced, format!("{silenced} suppressed")),
    ]
    .into_iter()
    .filter_map(|(number, text)| (number > 0).then_some(text))
    .collect();
    let mut next = Vec::new();
    if let Some(apply) = apply.filter(|_| !done.is_empty() && mode != Mode::Written) {
        next.push(format!("`{apply}` applies {}", them(number)));
    }
    if done.iter().any(|report| report.outcome.steps.iter().any(|step| step.transform.contract.splits)) {
        next.push("not needed: cleanups in stages that are no longer part of the image".to_owned());
    }
    if !unapplied.is_empty() {
        next.push(format!("not applied: {}", unapplied.join(", ")));
        next.extend((verbosity != Verbosity::Everything).then(|| "-v says why".to_owned()));
    }
    let lines = [parts, next].into_iter().filter(|parts| !parts.is_empty());
    lines.map(|parts| parts.join("; ")).collect::<Vec<_>>().join("\n")
}

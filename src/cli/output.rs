//! Where the results of `jettison fix` go and how they look: standard output or a file, the format,
//! colours and the width of the terminal. What is printed is the business of `report`.

use std::io::{self, IsTerminal as _, Write};

use anyhow::Context as _;

use crate::cli::args::{Color, Fix};
use crate::cli::plugin::{self, Called};
use crate::cli::{again, input};
use crate::report::human::{self, Drawing, Options, Style};
use crate::report::{self, FileReport, Output, Verbosity, diff, github, markdown, statistics};
use crate::transform::Transform;
use crate::transforms;

/// Prints the results, and on standard error what else there is to say.
pub fn print(args: &Fix, reports: &[FileReport]) -> anyhow::Result<()> {
    let (mode, format, is_terminal) = (mode_of(args), format_of(args), is_terminal(args));
    // Results are written unchanged: a stream that strips escape sequences would also strip them
    // from the text of a Dockerfile.
    let coloured = match args.output {
        Some(_) => args.color == Color::Always,
        None => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    let output = Output { mode, verbosity: verbosity(args), drawing: drawing(coloured), is_terminal };
    let mut out = io::BufWriter::new(target(args)?);
    (format.write)(&mut out, reports, output)?;
    out.flush()?;
    drop(out);
    if format == github::FORMAT {
        summarize(reports, output)?;
    }
    // The diff must remain valid input for `patch`.
    if format == diff::FORMAT {
        human::figures(&mut anstream::stderr().lock(), reports)?;
    }
    let mut err = io::BufWriter::new(anstream::stderr().lock());
    // The result of standard input goes to standard output.
    let is_file = !args.reads_standard_input();
    let apply = match plugin::called(std::env::args_os()) {
        Called::By { name, arguments } if is_file => Some(again::with_write(name, arguments)),
        _ => None,
    };
    human::messages(&mut err, reports, Options { mode, apply: apply.as_deref(), ..messages_of(args) })?;
    err.flush()?;
    Ok(())
}

fn mode_of(args: &Fix) -> report::Mode {
    match (args.mode.write, args.mode.check) {
        (true, _) => report::Mode::Written,
        (_, true) => report::Mode::Checked,
        _ => report::Mode::Shown,
    }
}

/// The format of the results.
pub fn format_of(args: &Fix) -> report::Format {
    let chosen = args.format.or(args.statistics.then_some(statistics::FORMAT));
    chosen.unwrap_or(match mode_of(args) {
        report::Mode::Shown => diff::FORMAT,
        _ if is_terminal(args) => human::FULL,
        _ => human::CONCISE,
    })
}

/// Whether the results go to a terminal.
pub fn is_terminal(args: &Fix) -> bool {
    io::stdout().is_terminal() && args.output.is_none()
}

/// Where the results go.
pub fn target(args: &Fix) -> anyhow::Result<Box<dyn Write>> {
    Ok(match &args.output {
        Some(path) => {
            let file = std::fs::File::create(path);
            Box::new(file.map_err(|error| anyhow::anyhow!(input::problem(path, &error)))?)
        }
        None => Box::new(io::stdout().lock()),
    })
}

/// Source lines as wide as the terminal or as `COLUMNS` says.
pub fn drawing(coloured: bool) -> Drawing {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = named.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0.into()));
    Drawing { coloured, width }
}

/// How messages look that go to standard error. `anstream` removes the colours where they are not
/// wanted.
pub fn messages_of(args: &Fix) -> Options<'static> {
    let is_full = match args.format {
        Some(format) if format != diff::FORMAT => format == human::FULL,
        _ => io::stderr().is_terminal(),
    };
    let style = if is_full { Style::Full(drawing(true)) } else { Style::Concise };
    Options {
        mode: report::Mode::Written,
        verbosity: verbosity(args),
        style,
        apply: None,
        risk: |id| transforms::find(id).and_then(Transform::risk),
    }
}

/// Adds to the job summary in GitHub Actions. (GitHub's manual, "Adding a job summary".)
fn summarize(reports: &[FileReport], output: Output) -> anyhow::Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let mut text = Vec::new();
    (markdown::FORMAT.write)(&mut text, reports, output)?;
    let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(&text))
        .with_context(|| format!("the summary in GITHUB_STEP_SUMMARY ({}) can't be written", path.display()))
}

fn verbosity(args: &Fix) -> Verbosity {
    match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Errors,
        (_, true) => Verbosity::Everything,
        _ => Verbosity::Summary,
    }
}

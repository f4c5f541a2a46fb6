//! The command line.

use std::ffi::OsString;

/// What the tracer does.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Traces a program.
    Run(Options),
    /// Prints this text.
    Print(&'static str),
}

/// How a program is traced.
#[cfg_attr(not(supported), allow(dead_code, reason = "only the tracer reads them"))]
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The trace file.
    pub output: OsString,
    /// How calls are seen.
    pub stops: Choice,
    /// Whether to run the program without a trace if tracing is not permitted.
    pub or_run: bool,
    /// The program and its arguments.
    pub program: Vec<OsString>,
}

/// How calls are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// With a filter, unless it might keep a program from getting its privileges.
    Auto,
    /// With a filter.
    Filter,
    /// Every call stops.
    All,
}

pub const HELP: &str = "\
Runs a program and records the files that it and its children use.

Usage: jettison-trace --output FILE [OPTIONS] [--] PROGRAM [ARGUMENTS…]

Options:
  --output FILE    the trace file
  --stops HOW      how calls are seen: `filter` (fast; set-user-ID programs don't get their
                   privileges), `all` (slow), or `auto` (default: `filter` for root and where
                   no program has privileges, else `all`)
  --or-run         if tracing is not permitted, run the program without it; the trace file says so
  --help           this text
  --version        the version

The exit status is that of the program; if a signal kills the program, the same signal kills the
tracer. 125: the tracer failed, and the program was not started. 126: the program can't be executed.
127: the program was not found.
";

const VERSION: &str = concat!("jettison-trace ", env!("CARGO_PKG_VERSION"), "\n");

/// Parses the arguments, without the tracer's own name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, String> {
    let mut arguments = arguments.into_iter();
    let mut output = None;
    let mut stops = Choice::Auto;
    let mut or_run = false;
    let mut program = Vec::new();
    while let Some(argument) = arguments.next() {
        let bytes = argument.as_encoded_bytes();
        if bytes == b"--" {
            break;
        }
        if !bytes.starts_with(b"-") {
            program.push(argument);
            break;
        }
        let text = argument.to_str().ok_or_else(|| unknown(&argument))?;
        let (name, mut inline) = match text.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text, None),
        };
        let mut value = || inline.take().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name {
            "--output" => output = Some(value()?),
            "--stops" => {
                stops = match value()?.to_str() {
                    Some("auto") => Choice::Auto,
                    Some("filter") => Choice::Filter,
                    Some("all") => Choice::All,
                    _ => return Err("--stops is `auto`, `filter` or `all`".into()),
                }
            }
            "--or-run" if inline.is_none() => or_run = true,
            "--help" if inline.is_none() => return Ok(Task::Print(HELP)),
            "--version" if inline.is_none() => return Ok(Task::Print(VERSION)),
            _ => return Err(unknown(&argument)),
        }
    }
    program.extend(arguments);
    if program.is_empty() {
        return Err("no program to run; see --help".into());
    }
    let output = output.ok_or("--output FILE is missing; see --help")?;
    Ok(Task::Run(Options { output, stops, or_run, program }))
}

fn unknown(argument: &OsString) -> String {
    format!("unknown option {}; see --help", argument.display())
}

#[cfg(test)]
mod tests {
    use super::{Choice, Options, Task, parse};

    fn run(arguments: &[&str]) -> Result<Task, String> {
        parse(arguments.iter().map(Into::into))
    }

    fn options(output: &str, stops: Choice, or_run: bool, program: &[&str]) -> Task {
        let program = program.iter().map(Into::into).collect();
        Task::Run(Options { output: output.into(), stops, or_run, program })
    }

    #[test]
    fn options_end_at_the_program() {
        let expected = options("t", Choice::Auto, false, &["ls", "--output", "x"]);
        assert_eq!(run(&["--output", "t", "--", "ls", "--output", "x"]), Ok(expected));
        let expected = options("t", Choice::All, true, &["ls", "--", "-l"]);
        assert_eq!(run(&["--or-run", "--output=t", "--stops=all", "ls", "--", "-l"]), Ok(expected));
        let expected = options("t", Choice::Filter, false, &["--help"]);
        assert_eq!(run(&["--output=t", "--stops", "filter", "--", "--help"]), Ok(expected));
        assert!(matches!(run(&["--help", "x"]), Ok(Task::Print(_))));
    }

    #[test]
    fn mistakes_are_errors() {
        for arguments in [
            &["ls"][..],
            &["--output", "t"],
            &["--output"],
            &["--output", "t", "--"],
            &["--output", "t", "--stops", "some", "ls"],
            &["--output", "t", "--or-run=yes", "ls"],
            &["--output", "t", "-v", "ls"],
            &[],
        ] {
            assert!(run(arguments).is_err(), "{arguments:?}");
        }
    }
}

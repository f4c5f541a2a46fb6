//! The command line: the only module that reads and writes files.
//!
//! Results go to standard output, everything else to standard error. The exit status is 0 if
//! nothing needs to change or everything was written, 1 if something would change, and 2 on an
//! error.

mod again;
mod args;
mod clock;
mod commands;
mod context;
mod discover;
mod dockerignore;
mod folders;
mod full_paths;
mod hadolint;
mod inline;
mod input;
mod interactive;
mod limits;
mod names;
mod output;
mod plugin;
mod progress;
mod reach;
mod recognize;
mod scope;
mod session;
mod settings;
mod write;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args as _, Command as CommandLine, CommandFactory, FromArgMatches};

use crate::escape;
use args::{Args, Command, Fix};
use plugin::Called;

/// The stack size of a thread that processes files: enough for the deepest script that the parser
/// accepts.
const STACK: usize = 16 * 1024 * 1024;

/// The result of a command, which becomes the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Nothing to do, or done.
    Clean,
    /// Something would change.
    WouldChange,
    /// Something went wrong.
    Failed,
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    let args = match plugin::called(std::env::args_os()) {
        Called::Introduced(what) => {
            // Docker considers a silent plugin broken.
            return ExitCode::from(u8::from(writeln!(io::stdout(), "{what}").is_err()));
        }
        Called::By { name, arguments } => match parse(name, arguments) {
            Ok(args) => args,
            Err(error) => error.exit(),
        },
    };
    // Scripts may nest deeply, so the program does not depend on the system's stack size.
    let work = std::thread::Builder::new().stack_size(STACK).spawn(move || run(args));
    let result = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => Err(anyhow::Error::new(error).context("no thread can be started")),
    };
    match result {
        Ok(Status::Clean) => ExitCode::SUCCESS,
        Ok(Status::WouldChange) => ExitCode::from(1),
        Ok(Status::Failed) => ExitCode::from(2),
        // The reader closed the pipe: `jettison fix | head`.
        Err(error)
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            // If standard error is closed too, the message is lost.
            let text = format!("error: {error:#}");
            let _ = writeln!(io::stderr(), "{}", escape::lines(&text));
            ExitCode::from(2)
        }
    }
}

fn run(args: Args) -> anyhow::Result<Status> {
    let Some(command) = args.command else { return commands::overview::run() };
    match command {
        Command::Fix(fix) => commands::fix::run(&fix),
        Command::Check(fix) => commands::fix::check(fix),
        Command::Diff(fix) => commands::fix::diff(fix),
        #[cfg(feature = "pr")]
        Command::PullRequest(request) => commands::pull_request::run(*request),
        #[cfg(not(feature = "pr"))]
        Command::PullRequest(_) => left_out("pr"),
        Command::Apply(apply) => commands::apply::run(&apply),
        Command::Measure(measure) => commands::measure::run(&measure),
        #[cfg(feature = "inspect")]
        Command::Inspect(inspect) => commands::inspect::run(&inspect),
        #[cfg(not(feature = "inspect"))]
        Command::Inspect(_) => left_out("inspect"),
        Command::Verify(verify) => commands::verify::run(&verify),
        Command::Explain(explain) => commands::explain::run(&explain),
        Command::Debug(debug) => commands::debug::run(&debug),
        Command::List => commands::explain::list(),
        Command::Init(init) => commands::config::init(&init),
        Command::Config(show) => commands::config::show(&show),
        Command::Completions { shell } => commands::completions::completions(shell),
        Command::Man => commands::completions::man(),
    }
}

/// Says that a command is not in this build; the Cargo feature that brings it has the command's
/// name.
#[cfg(not(all(feature = "pr", feature = "inspect")))]
fn left_out(name: &str) -> anyhow::Result<Status> {
    anyhow::bail!(
        "this build of jettison does not contain the command `{name}`; enable the Cargo feature `{name}`, which is on by default"
    )
}

/// Parses the arguments; the help text uses this program name.
fn parse(name: &'static str, arguments: Vec<OsString>) -> Result<Args, clap::Error> {
    if let Some(fix) = parse_fix(&arguments) {
        return Ok(Args { command: Some(Command::Fix(fix)) });
    }
    let mut command = Args::command();
    if name != command.get_name() {
        command = command.bin_name(name);
    }
    let first = arguments.get(1).map(std::path::PathBuf::from);
    let matches = command.try_get_matches_from_mut(arguments).map_err(|error| match first {
        Some(path) if error.kind() == ErrorKind::InvalidSubcommand && path.exists() => command.error(
            ErrorKind::InvalidSubcommand,
            format!(
                "`{0}` is a path, not a command; run `{name} check {0}`",
                escape::line(&path.to_string_lossy())
            ),
        ),
        _ => error,
    })?;
    Args::from_arg_matches(&matches)
}

/// Parses the arguments of the most frequent command without those of all others, which takes less
/// time. `None` if it is another command, or if there is anything to say: the whole parser says it.
fn parse_fix(arguments: &[OsString]) -> Option<Fix> {
    let arguments = arguments.get(1..).filter(|rest| rest.first().is_some_and(|name| name == "fix"))?;
    let matches = Fix::augment_args(CommandLine::new("fix")).try_get_matches_from(arguments).ok()?;
    Fix::from_arg_matches(&matches).ok()
}

//! `jettison fix`: reads the files, runs the pipeline, and prints, checks or writes the results.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::args::{Color, Fix};
use crate::cli::commands::measure::{Meter, Texts};
use crate::cli::commands::verify::Prover;
use crate::cli::context::Contexts;
use crate::cli::scope::Scopes;
use crate::cli::session::Session;
use crate::cli::settings::Configurations;
use crate::cli::{
    STACK, Status, clock, discover, dockerignore, inline, input, interactive, names, output, recognize, write,
};
use crate::config::Settings;
use crate::escape;
use crate::git;
use crate::pipeline::{self, Outcome};
use crate::reasons;
use crate::report::budget::Budget;
use crate::report::human;
use crate::report::{self, Failure, FileReport, diff};
use crate::verification::Proven;

/// `jettison check`: `fix` that lists what would change.
pub fn check(args: Fix) -> anyhow::Result<Status> {
    run(&without_writing(args, "check", true)?)
}

/// `jettison diff`: `fix` that prints what would change.
pub fn diff(args: Fix) -> anyhow::Result<Status> {
    run(&without_writing(args, "diff", false)?)
}

fn without_writing(mut args: Fix, name: &str, check: bool) -> anyhow::Result<Fix> {
    let writes = args.mode.write || args.mode.interactive;
    anyhow::ensure!(!writes, "`jettison {name}` writes nothing; use `jettison fix`");
    args.mode.check = check;
    if !check && !args.statistics {
        args.format = args.format.or(Some(diff::FORMAT));
    }
    Ok(args)
}

pub fn run(args: &Fix) -> anyhow::Result<Status> {
    match args.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    is_consistent(args)?;
    let configurations = Configurations::new(&args.choice)?;
    let is_named = args.stdin_filename.is_some();
    if args.reads_standard_input() {
        anyhow::ensure!(
            !is_named || args.paths.iter().all(|path| path == Path::new("-")),
            "--stdin-filename names standard input, which can't be fixed together with files"
        );
        anyhow::ensure!(!args.proof.builds(), "--verify and --measure need a file, not standard input");
        anyhow::ensure!(args.paths.len() <= 1, "standard input (-) can't be fixed together with files");
        anyhow::ensure!(
            !args.mode.write && !args.mode.interactive,
            "--write needs a file; the result of standard input goes to standard output"
        );
        let is_part = args.since.is_some() || args.from_hadolint.is_some() || args.from_check.is_some();
        anyhow::ensure!(
            !is_part,
            "--since, --from-hadolint and --from-check need files; standard input (-) has no name"
        );
        return standard_input(args, &configurations);
    }
    if args.mode.interactive {
        return interactive::run(args, &configurations);
    }
    let mut reports = reports_with(args, &configurations)?;
    if output::format_of(args) == diff::FORMAT {
        name_from_top(&mut reports);
        let is_outside = |report: &FileReport| {
            let path = report.path.as_deref().filter(|_| report.top_path.is_some());
            path.is_some_and(|path| path.starts_with("..") || Path::new(path).is_absolute())
        };
        if !args.quiet && reports.iter().any(is_outside) {
            // git ignores what is outside of the current directory without a word.
            writeln!(
                anstream::stderr(),
                "note: the paths of the diff start at the top of the repository; apply it there"
            )?;
        }
    }
    finish(args, &reports)
}

/// Prints the results, and which files are over the budget.
fn finish(args: &Fix, reports: &[FileReport]) -> anyhow::Result<Status> {
    output::print(args, reports)?;
    let excess = |report| args.fail_over.and_then(|budget| budget.excess(report));
    for message in reports.iter().filter_map(excess) {
        writeln!(anstream::stderr().lock(), "over budget: {message}")?;
    }
    Ok(status(args, reports))
}

/// Sets the paths from the top of the repository for the diff, if that is not the current directory.
fn name_from_top(reports: &mut [FileReport]) {
    let Ok(here) = std::env::current_dir().and_then(std::fs::canonicalize) else { return };
    let from_top = |path: &str| {
        let full = Path::new(path).canonicalize().ok().or_else(|| {
            // The ignore file may be new.
            let path = Path::new(path);
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Some(folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(path.file_name()?))
        })?;
        let top = git::root_of(full.parent()?).unwrap_or_else(|_| here.clone());
        let inner = full.strip_prefix(top).ok()?.display().to_string();
        (inner != path).then_some(inner)
    };
    for report in reports.iter_mut().filter(|report| report.changed()) {
        report.top_path = report.path.as_deref().and_then(from_top);
        if let Some(file) = &mut report.ignore_file {
            file.top_path = from_top(&file.path);
        }
    }
}

/// Checks the options that belong together and are defined apart.
fn is_consistent(args: &Fix) -> anyhow::Result<()> {
    if let Some(word) = args.building.more.first().filter(|_| !args.proof.builds()) {
        anyhow::bail!(
            "`{}` after -- is an option for builds, which only --verify and --measure make; name paths before it",
            escape::line(word)
        );
    }
    anyhow::ensure!(
        args.proof.verify || !args.choice.flags.minimize,
        "--minimize removes what no check of the image opens, so it needs --verify"
    );
    anyhow::ensure!(
        args.proof.measure || !matches!(args.fail_over, Some(Budget::Percent(_))),
        "--fail-over with a share of the image needs its size; add --measure, or give a size such as 50MB"
    );
    Ok(())
}

/// Fixes all files, and writes them if requested.
pub fn reports(args: &Fix) -> anyhow::Result<Vec<FileReport>> {
    is_consistent(args)?;
    reports_with(args, &Configurations::new(&args.choice)?)
}

fn reports_with(args: &Fix, configurations: &Configurations<'_>) -> anyhow::Result<Vec<FileReport>> {
    let session = Session::new(args, configurations)?;
    let engines = Engines {
        prover: args.proof.verify.then(|| Prover::new(args)).transpose()?,
        meter: args.proof.measure.then(|| Meter::new(args)).transpose()?,
    };
    let files = session.files();
    for remark in files.remarks().into_iter().filter(|_| !args.quiet) {
        writeln!(anstream::stderr().lock(), "{remark}")?;
    }
    let found = files.found;
    spares_input(args, &found)?;
    let work = |found: &discover::Found| one_file(&session, &engines, found);
    let mut reports: Vec<FileReport> = if found.len() > 1 && !args.proof.builds() {
        let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build()?;
        pool.install(|| found.par_iter().map(work).collect())
    } else {
        found.iter().map(work).collect()
    };
    dockerignore::finish_reports(&session, &found, &mut reports);
    Ok(reports)
}

/// Refuses results that would replace a file that is fixed, or its ignore file.
fn spares_input(args: &Fix, found: &[discover::Found]) -> anyhow::Result<()> {
    let Some(Ok(output)) = args.output.as_deref().map(Path::canonicalize) else { return Ok(()) };
    let is_input = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == output);
    let is_ignore_file =
        output.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".dockerignore"));
    anyhow::ensure!(
        !is_ignore_file && !found.iter().flatten().any(is_input),
        "--output would replace {} with the results; --write fixes files in place",
        escape::line(&output.to_string_lossy())
    );
    Ok(())
}

/// The requested checks that need a container engine.
struct Engines {
    prover: Option<Prover>,
    meter: Option<Meter>,
}

/// Fixes the inline Dockerfiles of a Compose file. A file that depends on a new ignore file is
/// written together with it.
fn one_host(session: &Session<'_>, path: &Path) -> FileReport {
    let name = names::display_name(path);
    let failed = |failure: Failure, text: String| FileReport {
        text,
        ..FileReport::failed(Some(name.clone()), failure)
    };
    let text = match input::compose(path) {
        Ok(text) => text,
        Err(error) => return failed(error.into(), String::new()),
    };
    let reason = session.only_dockerfiles().map(reasons::needs_dockerfile);
    let fixed = match reason {
        Some(reason) => Err(reason.into()),
        None => inline::fix(session, path, &text, &HashMap::new()),
    };
    match fixed {
        Err(failure) => failed(failure, text),
        Ok((outcome, _)) => {
            let error = write_now(session, path, &text, &outcome);
            FileReport { error, ..FileReport::fixed(name, text, outcome) }
        }
    }
}

/// Writes a file if that is requested, unless it depends on a new ignore file and is written together
/// with it. The result is the error.
fn write_now(session: &Session<'_>, path: &Path, text: &str, outcome: &Outcome) -> Option<String> {
    let new = outcome.text().filter(|_| session.args.mode.write && outcome.ignore_file().is_none())?;
    let number = outcome.steps.iter().map(|step| step.fixes.len()).sum();
    let lost = |error| format!("{error}; {} not applied", report::count_fixes(number));
    write::replace(path, text, new).err().map(lost)
}

fn one_file(session: &Session<'_>, engines: &Engines, found: &discover::Found) -> FileReport {
    let path = match found {
        Ok(path) if inline::is_host(path) => return one_host(session, path),
        Ok(path) => path,
        Err(error) => return FileReport::failed(None, error.clone()),
    };
    let name = names::display_name(path);
    // Each finding gets an answer, also those of a file that is left as it is.
    let failed = |failure: Failure, text: String| {
        let findings = match &session.scopes {
            Scopes::Found(findings) => findings.refusals(path),
            _ => Vec::new(),
        };
        FileReport { text, findings, ..FileReport::failed(Some(name.clone()), failure) }
    };
    let text = match recognize::read(path) {
        Ok(text) => text,
        Err(failure) => return failed(failure, String::new()),
    };
    let settings = session.settings(path, &text).map(|settings| clock::started(&settings));
    let file = match recognize::parse(Some(path), &text) {
        Ok(file) => file,
        Err(failure) => return failed(failure, text.clone()),
    };
    let fix = || -> Result<_, Failure> {
        let context_source = session.contexts.of_file(Some(path)).with_file(&file);
        let settings = settings?;
        let Proven { outcome, proof } = match &engines.prover {
            Some(prover) => {
                prover.fix(&text, &settings, &context_source).map_err(|error| format!("{error:#}"))?
            }
            None => Proven { outcome: pipeline::fix_file(&file, &settings, &context_source), proof: None },
        };
        let outcome = clock::in_time(outcome, &settings)?;
        let changes = !outcome.steps.is_empty();
        let measured = match engines.meter.as_ref().filter(|_| changes) {
            Some(meter) => {
                let after = outcome.text().unwrap_or(&text);
                let texts = Texts { before: &text, after, ignore_file: outcome.ignore_file() };
                Some(
                    meter
                        .measure(name.clone(), &context_source, &texts)
                        .map_err(|error| format!("{error:#}"))?,
                )
            }
            None => None,
        };
        Ok((outcome, proof, measured))
    };
    match fix() {
        Err(error) => failed(error, String::new()),
        Ok((outcome, verified, measured)) => {
            let error = write_now(session, path, &text, &outcome);
            let findings = match &session.scopes {
                Scopes::Found(findings) => findings.answers(path, &outcome),
                _ => Vec::new(),
            };
            FileReport { measured, verified, findings, error, ..FileReport::fixed(name, text, outcome) }
        }
    }
}

fn standard_input(args: &Fix, configurations: &Configurations<'_>) -> anyhow::Result<Status> {
    let text = input::stdin().map_err(|error| anyhow::anyhow!("standard input {error}"))?;
    let path = args.stdin_filename.as_deref();
    let name = path.map_or_else(|| "-".to_owned(), names::display_name);
    let settings = match path {
        Some(path) => configurations.for_file(path),
        None => configurations.for_directory(Path::new("")),
    };
    let settings = settings.map(|settings| clock::started(&settings));
    let file = match recognize::parse_stdin(path, &text) {
        Ok(file) => file,
        Err(failure) => {
            let reports = [FileReport { text, ..FileReport::failed(Some(name), failure) }];
            return finish(args, &reports);
        }
    };
    // The ignore file is not written in this mode, so no fix may depend on a new one.
    let mut settings = Settings::clone(&*settings.map_err(|failure| anyhow::anyhow!("{failure}"))?);
    settings.config.ignore.push("write-dockerignore".into());
    let contexts = Contexts::new(args.building.context.as_deref())?;
    let context_source = contexts.of_file(path).with_file(&file);
    let outcome: Outcome = pipeline::fix_file(&file, &settings, &context_source);
    let outcome =
        clock::in_time(outcome, &settings).map_err(|error| anyhow::anyhow!("standard input {error}"))?;
    if args.mode.check || args.format.is_some() || args.statistics {
        let reports = [FileReport::fixed(name, text, outcome)];
        return finish(args, &reports);
    }
    let new = outcome.text().unwrap_or(&text);
    let shown = if output::is_terminal(args) { escape::lines(new) } else { new.into() };
    output::target(args)?.write_all(shown.as_bytes())?;
    let reports = [FileReport::fixed(name, text, outcome)];
    let mut err = io::BufWriter::new(anstream::stderr().lock());
    human::messages(&mut err, &reports, output::messages_of(args))?;
    err.flush()?;
    Ok(Status::Clean)
}

/// The exit status.
pub(super) fn status(args: &Fix, reports: &[FileReport]) -> Status {
    let of = |report: &FileReport| match (&report.error, report.changed()) {
        (Some(_), _) => Status::Failed,
        (None, true) if args.mode.write || args.exit_zero => Status::Clean,
        (None, true) => match args.fail_over {
            Some(budget) if budget.excess(report).is_none() => Status::Clean,
            _ => Status::WouldChange,
        },
        (None, false) => Status::Clean,
    };
    reports.iter().map(of).max().unwrap_or(Status::Clean)
}

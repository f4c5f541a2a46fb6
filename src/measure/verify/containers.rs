//! Containers of a built image that run one program, and how they end; if there is a tracer, also
//! which files the program uses.

use std::time::{Duration, Instant};

use jettison_trace::Trace;

use super::Subject;
use crate::measure::Error;
use crate::measure::engine::Engine;
use crate::measure::leftovers::TemporaryContainer;
use crate::measure::tracer::{Tracer, trace_of};

/// How long a container may take until it is healthy.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a container without a HEALTHCHECK is observed.
const OBSERVED: Duration = Duration::from_secs(5);

/// How long a traced container may take to end after its stop signal, in seconds.
const GRACE: &str = "5";

/// The result of a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    /// The exit status, if it is a command.
    pub code: Option<i32>,
    /// How it ended, for people.
    pub status: String,
    /// Its standard output.
    pub printed: String,
    /// Its standard error.
    pub said: String,
}

/// A program to run in a container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Launch<'l> {
    /// The image.
    pub tag: &'l str,
    /// The value of `--network`.
    pub network: Option<&'l str>,
    /// The program and its arguments.
    pub program: &'l [String],
}

impl Launch<'_> {
    /// The arguments of `docker run` or `docker create`, after the name of the command.
    fn arguments<'s>(&'s self, name: &'s str, tracer: Option<&'s Tracer>) -> Vec<&'s str> {
        let mut arguments = vec!["--name", name];
        arguments.extend(self.network.iter().flat_map(|network| ["--network", network]));
        let words = tracer.iter().flat_map(|tracer| tracer.command()).chain(self.program);
        let mut words = words.map(String::as_str);
        if let Some(program) = words.next() {
            arguments.extend(["--entrypoint", program]);
        }
        arguments.push(self.tag);
        arguments.extend(words);
        arguments
    }
}

/// Runs a program to its end.
pub(super) fn run(
    engine: &Engine,
    launch: Launch<'_>,
    tracer: Option<&Tracer>,
) -> Result<(Outcome, Trace), Error> {
    let (output, trace) = if tracer.is_some() {
        let container = create(engine, launch, tracer)?;
        let output = engine.output(["start", "--attach", &container.name])?;
        (output, trace_of(engine, &container.name)?)
    } else {
        let container = TemporaryContainer::named(engine);
        let arguments = launch.arguments(&container.name, None);
        (engine.output(["run", "--rm"].into_iter().chain(arguments))?, Trace::default())
    };
    let outcome = Outcome {
        code: output.status.code(),
        status: output.status.to_string(),
        printed: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    Ok((outcome, trace))
}

/// Creates a container, and copies the tracer into it.
fn create(engine: &Engine, launch: Launch<'_>, tracer: Option<&Tracer>) -> Result<TemporaryContainer, Error> {
    let container = TemporaryContainer::named(engine);
    let arguments = launch.arguments(&container.name, tracer);
    engine.call(["create", "--no-healthcheck"].into_iter().chain(arguments))?;
    if let Some(tracer) = tracer {
        tracer.copy_to(engine, &container.name)?;
    }
    Ok(container)
}

/// Starts a container without options, and observes whether it runs on.
pub(super) fn start(
    engine: &Engine,
    subject: &Subject,
    tracer: Option<&Tracer>,
) -> Result<(Outcome, Trace), Error> {
    let program = program(subject, tracer);
    let launch = Launch { tag: &subject.built.image.tag, network: None, program: &program };
    let container = create(engine, launch, tracer)?;
    let started = engine.output(["start", &container.name])?;
    let since = Instant::now();
    while started.status.success() && runs(engine, &container)? && since.elapsed() < OBSERVED {
        std::thread::sleep(Duration::from_millis(200));
    }
    let status = match (started.status.success(), runs(engine, &container)?) {
        (false, _) => "can't be started".to_owned(),
        (true, true) => "still running".to_owned(),
        (true, false) => {
            let code = engine.call(["inspect", "--format", "{{.State.ExitCode}}", &container.name])?;
            format!("exit status: {code}")
        }
    };
    let logs = engine.output(["logs", &container.name])?;
    let ended = status.starts_with("exit");
    let printed = if ended { String::from_utf8_lossy(&logs.stdout).into_owned() } else { String::new() };
    let said = String::from_utf8_lossy(if started.status.success() { &logs.stderr } else { &started.stderr })
        .into_owned();
    let trace = stopped(engine, &container, tracer)?;
    Ok((Outcome { code: None, status, printed, said }, trace))
}

/// Starts a container without options, and runs the check in another container in its network until
/// it succeeds once or the time is over.
pub(super) fn health(
    engine: &Engine,
    subject: &Subject,
    tracer: Option<&Tracer>,
) -> Result<(Outcome, Trace), Error> {
    let tag = subject.built.image.tag.as_str();
    let check = subject.image.config.start.healthcheck.as_ref();
    let words: &[String] = check.map_or(&[], |check| &check.test);
    let check = match words {
        [kind, script] if kind == "CMD-SHELL" => vec!["/bin/sh".to_owned(), "-c".into(), script.clone()],
        [kind, program @ ..] if kind == "CMD" && !program.is_empty() => program.to_vec(),
        _ => {
            let (status, none) = ("no check".to_owned(), String::new());
            return Ok((Outcome { code: None, status, printed: none.clone(), said: none }, Trace::default()));
        }
    };
    let program = program(subject, tracer);
    let container = create(engine, Launch { tag, network: None, program: &program }, tracer)?;
    engine.call(["start", &container.name])?;
    let network = format!("container:{}", container.name);
    let once = Launch { tag, network: Some(&network), program: &check };
    let since = Instant::now();
    let (is_healthy, runs, checked) = loop {
        let (outcome, checked) = run(engine, once, tracer)?;
        let (succeeds, runs) = (outcome.code == Some(0), runs(engine, &container)?);
        if succeeds || !runs || since.elapsed() > PATIENCE {
            break (succeeds, runs, checked);
        }
        std::thread::sleep(Duration::from_millis(300));
    };
    let status = match (is_healthy, runs) {
        (true, _) => "healthy",
        (false, true) => "unhealthy",
        (false, false) => "container stopped",
    };
    let logs = engine.output(["logs", "--tail", "20", &container.name])?;
    let said = String::from_utf8_lossy(&logs.stdout).into_owned() + &String::from_utf8_lossy(&logs.stderr);
    let mut trace = stopped(engine, &container, tracer)?;
    trace.merge(checked);
    Ok((Outcome { code: None, status: status.to_owned(), printed: String::new(), said }, trace))
}

/// The program that containers start, where it has to be named: after a tracer.
fn program(subject: &Subject, tracer: Option<&Tracer>) -> Vec<String> {
    let start = &subject.image.config.start;
    let words = start.entrypoint.iter().chain(&start.cmd).flatten().cloned();
    tracer.map_or(Vec::new(), |_| words.collect())
}

fn runs(engine: &Engine, container: &TemporaryContainer) -> Result<bool, Error> {
    Ok(engine.call(["inspect", "--format", "{{.State.Running}}", &container.name])? == "true")
}

/// What a container used until its end. Asks it to end first.
fn stopped(engine: &Engine, container: &TemporaryContainer, tracer: Option<&Tracer>) -> Result<Trace, Error> {
    if tracer.is_none() {
        return Ok(Trace::default());
    }
    engine.call(["stop", "--time", GRACE, &container.name])?;
    trace_of(engine, &container.name)
}

//! `jettison verify` and `fix --verify`: builds before and after, and keeps only the fixes that
//! pass the checks.

mod trace_file;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::{Fix, InspectFormat, Verify};
use crate::cli::commands::measure::plans;
use crate::cli::context::Contexts;
use crate::cli::context::FileContext;
use crate::cli::progress::Bar;
use crate::cli::{Status, names, recognize};
use crate::config::{Deadline, Settings};
use crate::context::{ContextSource as _, PythonPart};
use crate::measure::tracer::Tracer;
use crate::measure::verify::{self, Evidence, Subject};
use crate::measure::workspace::{Version, Workspace};
use crate::measure::{self, BuildError, Engine, Plan, build};
use crate::pipeline;
use crate::report::verified::{self, Verified};
use crate::verification::{self, Failure, Proven};

pub fn run(args: &Verify) -> anyhow::Result<Status> {
    let engine = Engine::find()?;
    let (before, after) = (recognize::named(&args.before)?, recognize::named(&args.after)?);
    let contexts = Contexts::new(args.building.context.as_deref())?;
    let context_source = contexts.of_file(Some(&args.before));
    let mut is_well = true;
    let bar = Bar::new(args.quiet, &engine.activity);
    for (platform, plan) in plans(&args.building) {
        let mut trial = Trial::of(&engine, &context_source, &plan, &args.smoke, &before, &bar)?;
        trial.trace(args.trace_file.as_deref())?;
        let verified =
            trial.compare(&after, None)?.unwrap_or_else(|error| Verified::failed(error.to_string()));
        is_well &= verified.finding.broken.is_empty();
        bar.clear();
        let mut out = io::BufWriter::new(io::stdout().lock());
        let write = match args.format {
            InspectFormat::Human => verified::human,
            InspectFormat::Json => verified::json,
        };
        write(&mut out, &names::display_name(&args.after), platform.as_deref(), &verified)?;
        out.flush()?;
    }
    Ok(if is_well { Status::Clean } else { Status::WouldChange })
}

/// `fix --verify`: the engine and its options.
pub struct Prover {
    engine: Engine,
    plan: Plan,
    commands: Vec<String>,
    trace_file: Option<PathBuf>,
    is_quiet: bool,
}

impl Prover {
    /// Finds the engine.
    pub fn new(args: &Fix) -> anyhow::Result<Self> {
        let plans = plans(&args.building);
        let [(_, plan)] = &plans[..] else { anyhow::bail!("--verify builds for one platform at a time") };
        let engine = Engine::find()?;
        Ok(Self {
            engine,
            plan: plan.clone(),
            commands: args.proof.smoke.clone(),
            trace_file: args.proof.trace_file.clone(),
            is_quiet: args.quiet,
        })
    }

    /// Applies every fix that passes the checks, including unsafe ones.
    pub fn fix(
        &self,
        text: &str,
        settings: &Settings,
        context_source: &FileContext<'_>,
    ) -> anyhow::Result<Proven<Verified>> {
        let mut settings = settings.clone();
        settings.config.r#unsafe = true;
        let outcome = pipeline::fix_within(text, &settings, context_source);
        let may_gain = outcome.refused.iter().any(|held| held.reason.is_answered_by_a_build());
        if outcome.steps.is_empty() && !may_gain || outcome.is_late {
            return Ok(Proven { outcome, proof: None });
        }
        // It was in time, and the time limit is not meant for builds.
        settings.deadline = Deadline::default();
        let bar = Bar::new(self.is_quiet, &self.engine.activity);
        let mut trial = Trial::of(&self.engine, context_source, &self.plan, &self.commands, text, &bar)?;
        trial.trace(self.trace_file.as_deref())?;
        settings.proves = trial.tries_something();
        verification::fix(&trial, text, &settings, context_source)
    }
}

/// The built original, with which other versions are compared.
pub struct Trial<'t> {
    engine: &'t Engine,
    context_source: &'t FileContext<'t>,
    plan: &'t Plan,
    commands: &'t [String],
    before: Subject,
    /// The files that the checks use in the original.
    evidence: Evidence,
    bar: &'t Bar,
}

impl<'t> Trial<'t> {
    /// Builds the original. If the build fails, the error contains its last lines.
    pub fn of(
        engine: &'t Engine,
        context_source: &'t FileContext<'t>,
        plan: &'t Plan,
        commands: &'t [String],
        text: &str,
        bar: &'t Bar,
    ) -> anyhow::Result<Self> {
        bar.say("building the original");
        let version = Version { name: "original", text, ignore_file: None };
        let built = attempt(engine, context_source, plan, version)?.map_err(|error| {
            anyhow::anyhow!("the original does not build, so there is nothing to compare with: {error}")
        })?;
        let before = Subject::of(engine, built)?;
        let evidence = Evidence::default();
        Ok(Self { engine, context_source, plan, commands, before, evidence, bar })
    }

    /// Finds out which files the checks use in the original, in addition to those in a file.
    /// Without a tracer, the static rules remain.
    fn trace(&mut self, file: Option<&Path>) -> anyhow::Result<()> {
        if let Some(file) = file {
            self.evidence.trace = trace_file::read(file)?;
        }
        match Tracer::find(self.engine) {
            Err(reason) => self.evidence.without(&reason),
            Ok(tracer) => {
                self.bar.say("observing which files the original uses");
                verify::trace(self.engine, &tracer, &self.before, self.commands, &mut self.evidence)?;
                if let Some(file) = file {
                    trace_file::write(file, &self.evidence.trace)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a HEALTHCHECK or a smoke command tests the image.
    fn tries_something(&self) -> bool {
        !self.commands.is_empty() || self.before.image.config.start.checks_health()
    }

    /// Builds another version and compares; a build that fails is an answer.
    fn compare(&self, text: &str, ignore_file: Option<&str>) -> anyhow::Result<Result<Verified, BuildError>> {
        self.bar.say("building and testing the new version");
        let path =
            self.context_source.context().map(|context| context.ignore_path.clone()).unwrap_or_default();
        let ignore_file = ignore_file.map(|text| (path.as_str(), text));
        let version = Version { name: "new version", text, ignore_file };
        let built = match attempt(self.engine, self.context_source, self.plan, version)? {
            Ok(built) => built,
            Err(error) => return Ok(Err(error)),
        };
        let after = Subject::of(self.engine, built)?;
        let finding = verify::compare(self.engine, &self.before, &after, self.commands, &self.evidence)?;
        Ok(Ok(Verified {
            before: self.before.image.size(),
            after: after.image.size(),
            finding,
            untraced: self.evidence.untraced(),
            is_tested: self.tries_something(),
        }))
    }
}

impl verification::Trial for Trial<'_> {
    type Error = anyhow::Error;
    type Proof = Verified;

    fn release(&self) -> Option<String> {
        verify::release(self.engine, &self.before)
    }

    fn read_files(&self) -> Vec<String> {
        self.evidence.read_files(&self.before.image)
    }

    fn python_parts(&self) -> Option<Vec<PythonPart>> {
        self.evidence.python_parts(&self.before.image)
    }

    fn check(&self, text: &str, ignore_file: Option<&str>) -> anyhow::Result<Result<Verified, Failure>> {
        let failure = match self.compare(text, ignore_file)? {
            Ok(verified) if verified.finding.broken.is_empty() => return Ok(Ok(verified)),
            Ok(Verified { finding, .. }) => {
                Failure { evidence: finding.broken.join("\n"), lacking: finding.lacking, lost: finding.lost }
            }
            Err(error) => Failure {
                evidence: error.to_string(),
                // Packages of the original that would repair the build.
                lacking: verify::lacking(&self.before, &error.output),
                lost: Vec::new(),
            },
        };
        Ok(Err(failure))
    }
}

/// Builds a version. A failing build is a result; every other failure is an error.
fn attempt(
    engine: &Engine,
    context_source: &FileContext<'_>,
    plan: &Plan,
    version: Version<'_>,
) -> anyhow::Result<Result<build::Built, BuildError>> {
    let known = context_source.context().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let directory = context_source.directory().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let workspace = Workspace::of(directory, known, version, plan)?;
    match build::build(engine, &workspace.plan(), false) {
        Ok(built) => Ok(Ok(built)),
        Err(measure::Error::Build(error)) => Ok(Err(error)),
        Err(error) => Err(error.into()),
    }
}

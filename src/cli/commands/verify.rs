//! `jettison verify` and `fix --verify`: builds before and after, and keeps only the fixes that
//! pass the checks.

use std::io::{self, Write};

use crate::cli::args::{Fix, InspectFormat, Verify};
use crate::cli::commands::measure::{Bar, plans};
use crate::cli::context::Contexts;
use crate::cli::context::FileContext;
use crate::cli::{Status, discover, input};
use crate::config::Settings;
use crate::context::ContextSource as _;
use crate::measure::verify::{self, Finding, Subject};
use crate::measure::workspace::{Version, Workspace};
use crate::measure::{self, BuildError, Engine, Plan, build};
use crate::pipeline::{self, Outcome};
use crate::report::verified;
use crate::verification::{self, Failure};

pub fn run(args: &Verify) -> anyhow::Result<Status> {
    let engine = Engine::find()?;
    let (before, after) = (input::named(&args.before)?, input::named(&args.after)?);
    let contexts = Contexts::new(args.building.context.as_deref())?;
    let context_source = contexts.of_file(Some(&args.before));
    let mut is_well = true;
    let bar = Bar::new(args.quiet);
    for (platform, plan) in plans(&args.building) {
        let trial = Trial::of(&engine, &context_source, &plan, &args.smoke, &before, &bar)?;
        let finding = trial
            .compare(&after, None)?
            .unwrap_or_else(|error| Finding { broken: vec![error.to_string()], ..Finding::default() });
        is_well &= finding.broken.is_empty();
        bar.clear();
        let mut out = io::BufWriter::new(io::stdout().lock());
        let write = match args.format {
            InspectFormat::Human => verified::human,
            InspectFormat::Json => verified::json,
        };
        write(&mut out, &discover::display_name(&args.after), platform.as_deref(), &finding)?;
        out.flush()?;
    }
    Ok(if is_well { Status::Clean } else { Status::WouldChange })
}

/// `fix --verify`: the engine and its options.
pub struct Prover {
    engine: Engine,
    plan: Plan,
    commands: Vec<String>,
    is_quiet: bool,
}

impl Prover {
    /// Finds the engine.
    pub fn new(args: &Fix) -> anyhow::Result<Self> {
        let plans = plans(&args.building);
        let [(_, plan)] = &plans[..] else { anyhow::bail!("--verify builds for one platform at a time") };
        let engine = Engine::find()?;
        Ok(Self { engine, plan: plan.clone(), commands: args.proof.smoke.clone(), is_quiet: args.quiet })
    }

    /// Applies every fix that passes the checks, including unsafe ones.
    pub fn fix(
        &self,
        text: &str,
        settings: &Settings,
        context_source: &FileContext<'_>,
    ) -> anyhow::Result<Outcome> {
        let mut settings = settings.clone();
        settings.config.r#unsafe = true;
        let outcome = pipeline::fix_within(text, &settings, context_source);
        if outcome.steps.is_empty() {
            return Ok(outcome);
        }
        let bar = Bar::new(self.is_quiet);
        let trial = Trial::of(&self.engine, context_source, &self.plan, &self.commands, text, &bar)?;
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
        Ok(Self { engine, context_source, plan, commands, before, bar })
    }

    /// Whether a HEALTHCHECK or a smoke command tests the image.
    fn tries_something(&self) -> bool {
        !self.commands.is_empty() || self.before.image.config.start.checks_health()
    }

    /// Builds another version and compares; a build that fails is an answer.
    pub fn compare(
        &self,
        text: &str,
        ignore_file: Option<&str>,
    ) -> anyhow::Result<Result<Finding, BuildError>> {
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
        Ok(Ok(verify::compare(self.engine, &self.before, &after, self.commands)?))
    }
}

impl verification::Trial for Trial<'_> {
    type Error = anyhow::Error;

    fn check(&self, text: &str, ignore_file: Option<&str>) -> anyhow::Result<Result<(), Failure>> {
        let (evidence, lacking) = match self.compare(text, ignore_file)? {
            Ok(finding) if finding.broken.is_empty() => return Ok(Ok(())),
            Ok(finding) => (finding.broken.join("\n"), finding.lacking),
            // Packages of the original that would repair the build.
            Err(error) => (error.to_string(), verify::lacking(&self.before, &error.output)),
        };
        Ok(Err(Failure { evidence, lacking }))
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

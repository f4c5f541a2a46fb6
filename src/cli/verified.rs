//! `jettison verify` and `fix --verify`: builds before and after, and keeps only the fixes that
//! pass the checks.

use std::io::{self, Write};

use crate::cli::args::{Fix, InspectFormat, Verify};
use crate::cli::context::Around;
use crate::cli::context::Contexts;
use crate::cli::measured::{Bar, plans};
use crate::cli::{Status, discover, input};
use crate::config::Settings;
use crate::context::{BuildContext, Proven, Service, Surroundings};
use crate::measure::verify::{self, Finding, Lacking, Subject};
use crate::measure::workspace::{Version, Workspace};
use crate::measure::{BuildError, Engine, Plan, build};
use crate::pipeline::{self, Held, Outcome};
use crate::report::verified;

pub fn run(args: &Verify) -> anyhow::Result<Status> {
    let engine = Engine::find()?;
    let (before, after) = (input::named(&args.before)?, input::named(&args.after)?);
    let contexts = Contexts::new(args.building.context.as_deref())?;
    let around = contexts.around(Some(&args.before));
    let mut is_well = true;
    let bar = Bar::new(args.quiet);
    for (platform, plan) in plans(&args.building) {
        let trial = Trial::of(&engine, &around, &plan, &args.smoke, &before, &bar)?;
        let finding = match trial.check(&after, None)? {
            Ok(finding) | Err(Failure::Works(finding)) => finding,
            Err(Failure::Build(error)) => Finding { broken: vec![error.to_string()], ..Finding::default() },
        };
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
    pub fn fix(&self, text: &str, settings: &Settings, around: &Around<'_>) -> anyhow::Result<Outcome> {
        let mut settings = settings.clone();
        settings.config.r#unsafe = true;
        let outcome = pipeline::fix_within(text, &settings, around);
        if outcome.steps.is_empty() {
            return Ok(outcome);
        }
        let bar = Bar::new(self.is_quiet);
        let trial = Trial::of(&self.engine, around, &self.plan, &self.commands, text, &bar)?;
        settings.proves = trial.tries_something();
        fix(&trial, text, &settings, around)
    }
}

/// Why a version fails.
pub enum Failure {
    /// It does not build.
    Build(BuildError),
    /// A check of the image fails.
    Works(Finding),
}

impl Failure {
    /// The failure as text.
    fn evidence(&self) -> String {
        match self {
            Self::Build(error) => error.to_string(),
            Self::Works(finding) => finding.broken.join("\n"),
        }
    }
}

/// The context, with the packages that builds have shown to be required.
struct Proving<'a> {
    around: &'a Around<'a>,
    proven: Vec<Proven>,
}

impl Surroundings for Proving<'_> {
    fn context(&self) -> Result<&BuildContext, &str> {
        self.around.context()
    }

    fn dockerfile(&self) -> Option<&str> {
        self.around.dockerfile()
    }

    fn proven(&self) -> &[Proven] {
        &self.proven
    }

    fn services(&self) -> &[Service] {
        self.around.services()
    }
}

impl Proving<'_> {
    /// Adds the packages that are not known yet, and returns whether there were any.
    fn learn(&mut self, lacking: &[Lacking]) -> bool {
        let known = self.proven.len();
        for Lacking { package, why } in lacking {
            if !self.proven.iter().any(|proven| proven.package == *package) {
                self.proven.push(Proven { package: package.clone(), why: why.clone() });
            }
        }
        self.proven.len() > known
    }
}

/// The built original, with which other versions are compared.
pub struct Trial<'t> {
    engine: &'t Engine,
    around: &'t Around<'t>,
    plan: &'t Plan,
    commands: &'t [String],
    before: Subject,
    bar: &'t Bar,
}

impl<'t> Trial<'t> {
    /// Builds the original. If the build fails, the error contains its last lines.
    pub fn of(
        engine: &'t Engine,
        around: &'t Around<'t>,
        plan: &'t Plan,
        commands: &'t [String],
        text: &str,
        bar: &'t Bar,
    ) -> anyhow::Result<Self> {
        bar.say("building the original");
        let version = Version { name: "original", text, ignore_file: None };
        let built = attempt(engine, around, plan, version)?.map_err(|error| {
            anyhow::anyhow!("the original does not build, so there is nothing to compare with: {error}")
        })?;
        let before = Subject::of(engine, built)?;
        Ok(Self { engine, around, plan, commands, before, bar })
    }

    /// Whether a HEALTHCHECK or a smoke command tests the image.
    fn tries_something(&self) -> bool {
        !self.commands.is_empty() || self.before.image.config.config.checks_health()
    }

    /// Builds another version and compares.
    pub fn check(&self, text: &str, ignore_file: Option<&str>) -> anyhow::Result<Result<Finding, Failure>> {
        self.bar.say("building and testing the new version");
        let path = self.around.context().map(|context| context.ignore_path.clone()).unwrap_or_default();
        let ignore_file = ignore_file.map(|text| (path.as_str(), text));
        let version = Version { name: "new version", text, ignore_file };
        let built = match attempt(self.engine, self.around, self.plan, version)? {
            Ok(built) => built,
            Err(error) => return Ok(Err(Failure::Build(error))),
        };
        let after = Subject::of(self.engine, built)?;
        let finding = verify::compare(self.engine, &self.before, &after, self.commands)?;
        Ok(if finding.broken.is_empty() { Ok(finding) } else { Err(Failure::Works(finding)) })
    }

    /// Packages of the original that would repair a failure.
    fn lacking(&self, failure: &Failure) -> Vec<Lacking> {
        match failure {
            Failure::Build(error) => verify::lacking(&self.before, &error.output),
            Failure::Works(finding) => finding.lacking.clone(),
        }
    }
}

/// Builds a version. A failing build is a result; every other failure is an error.
fn attempt(
    engine: &Engine,
    around: &Around<'_>,
    plan: &Plan,
    version: Version<'_>,
) -> anyhow::Result<Result<build::Built, BuildError>> {
    let known = around.context().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let directory = around.directory().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let workspace = Workspace::of(directory, known, version, plan)?;
    match build::build(engine, &workspace.plan(), false) {
        Ok(built) => Ok(Ok(built)),
        Err(error) => error.downcast::<BuildError>().map(Err),
    }
}

/// Transforms that install packages that a build has shown to be missing.
const MENDED: &[&str] = &["split-stages", "slim-base"];

/// Fixes a text as far as the image still works afterwards: if something breaks, this holds back
/// the transform of the step that broke it, with the evidence, and tries the rest again.
fn fix(trial: &Trial<'_>, text: &str, settings: &Settings, around: &Around<'_>) -> anyhow::Result<Outcome> {
    let mut settings = settings.clone();
    let mut held: Vec<Held> = Vec::new();
    let mut proving = Proving { around, proven: Vec::new() };
    loop {
        let mut outcome = pipeline::fix_within(text, &settings, &proving);
        if outcome.steps.is_empty() {
            outcome.refused.extend(held);
            return Ok(outcome);
        }
        let last = outcome.steps.len();
        let Err(failure) = check_step(trial, text, &outcome, last)? else {
            outcome.refused.extend(held);
            return Ok(outcome);
        };
        // If possible, the transforms install packages that the original has and the new image
        // lacks.
        let installs = outcome.steps.iter().any(|step| MENDED.contains(&step.transform.id));
        if installs && proving.learn(&trial.lacking(&failure)) {
            continue;
        }
        // The original works and the last step fails: bisect the steps.
        let (mut good, mut bad, mut evidence) = (0, last, failure);
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            match check_step(trial, text, &outcome, middle)? {
                Ok(_) => good = middle,
                Err(failure) => (bad, evidence) = (middle, failure),
            }
        }
        let step = &outcome.steps[bad - 1];
        let id = step.transform.id;
        let place = step.fixes.first().map_or(crate::span::Place { line: 1, column: 1 }, |fix| fix.place);
        let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().to_owned();
        let reason = format!("held back: with it, {}", evidence.evidence().trim_end());
        let lines = place.line..=place.line;
        held.push(Held { transform: Some(id), place, lines, line, reason, applicability: None });
        settings.config.ignore.push(id.to_owned());
    }
}

/// Checks the text after the first steps.
fn check_step(
    trial: &Trial<'_>,
    text: &str,
    outcome: &Outcome,
    steps: usize,
) -> anyhow::Result<Result<Finding, Failure>> {
    let done = &outcome.steps[..steps];
    let text = done.last().map_or(text, |step| step.text.as_str());
    let ignore_file = done.iter().rev().find_map(|step| step.ignore_file.as_deref());
    trial.check(text, ignore_file)
}

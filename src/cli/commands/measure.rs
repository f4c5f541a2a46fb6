//! `jettison measure`: builds a Dockerfile before and after, and reports the differences.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;

use crate::cli::args::{Building, Fix, Measure, MeasureFormat};
use crate::cli::context::{Contexts, FileContext};
use crate::cli::progress::Bar;
use crate::cli::settings::Configurations;
use crate::cli::{Status, names, recognize};
use crate::context::ContextSource;
use crate::measure::workspace::{Version, Workspace};
use crate::measure::{self, Engine, Options, Plan, Progress};
use crate::pipeline;
use crate::report::diff;
use crate::report::measured::{self, Measured, Platform};

pub fn run(args: &Measure) -> anyhow::Result<Status> {
    let saved: anyhow::Result<Vec<_>> = args.save.iter().map(|path| Ok((path, format_of(path)?))).collect();
    let saved = saved?;
    let engine = Engine::find()?;
    let before = recognize::named(&args.before)?;
    let contexts = Contexts::new(args.building.context.as_deref())?;
    let context_source = contexts.of_file(Some(&args.before));
    let (after, ignore_file) = match &args.after {
        Some(path) => (recognize::named(path)?, None),
        None => {
            let configurations = Configurations::new(&args.choice)?;
            let settings =
                configurations.for_file(&args.before).map_err(|failure| anyhow::anyhow!("{failure}"))?;
            let outcome = pipeline::fix_within(&before, &settings, &context_source);
            let text = outcome.text().unwrap_or(&before).to_owned();
            (text, outcome.ignore_file().map(str::to_owned))
        }
    };
    let options = Options { runs: args.runs.map(|runs| runs.max(1)), compression: args.compression };
    let meter = Meter { engine, plans: plans(&args.building), options, is_quiet: args.quiet };
    let texts = Texts { before: &before, after: &after, ignore_file: ignore_file.as_deref() };
    let mut measured = meter.measure(names::display_name(&args.before), &context_source, &texts)?;
    measured.after = args.after.as_deref().map(names::display_name);
    let has_figures = measured.platforms.iter().any(|platform| platform.figures.is_ok());
    let mut out = io::BufWriter::new(io::stdout().lock());
    print(&mut out, args.format, &measured)?;
    out.flush()?;
    for (path, format) in saved {
        let mut text = Vec::new();
        print(&mut text, format, &measured)?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    if !has_figures {
        return Ok(Status::Failed);
    }
    match args.fail_over.and_then(|budget| budget.excess_of(&measured)) {
        Some(message) => {
            writeln!(anstream::stderr().lock(), "over budget: {message}")?;
            Ok(Status::WouldChange)
        }
        None => Ok(Status::Clean),
    }
}

/// The engine and the options for measuring.
pub struct Meter {
    engine: Engine,
    plans: Vec<(Option<String>, Plan)>,
    options: Options,
    is_quiet: bool,
}

/// The two versions of a Dockerfile.
pub struct Texts<'t> {
    /// The original.
    pub before: &'t str,
    /// The new version.
    pub after: &'t str,
    /// The ignore file of the new version, if it changes.
    pub ignore_file: Option<&'t str>,
}

impl Meter {
    /// Finds the engine, for `fix --measure`.
    pub fn new(args: &Fix) -> anyhow::Result<Self> {
        let options = Options { runs: args.proof.runs.map(|runs| runs.max(1)), compression: false };
        Ok(Self { engine: Engine::find()?, plans: plans(&args.building), options, is_quiet: args.quiet })
    }

    /// Builds both versions and compares.
    pub fn measure(
        &self,
        path: String,
        context_source: &FileContext<'_>,
        texts: &Texts<'_>,
    ) -> anyhow::Result<Measured> {
        let known = context_source.context().map_err(|reason| anyhow::anyhow!("{reason}"))?;
        let directory = context_source.directory().map_err(|reason| anyhow::anyhow!("{reason}"))?;
        let new_ignore = texts.ignore_file.map(|text| (known.ignore_path.as_str(), text));
        let bar = Bar::new(self.is_quiet, &self.engine.activity);
        let show = |progress: &Progress| bar.show(progress);
        let mut platforms = Vec::new();
        for (name, plan) in &self.plans {
            let versions = [
                Version { name: "before", text: texts.before, ignore_file: None },
                Version { name: "after", text: texts.after, ignore_file: new_ignore },
            ];
            let workspaces: Result<Vec<Workspace>, measure::Error> =
                versions.into_iter().map(|version| Workspace::of(directory, known, version, plan)).collect();
            let figures = match measure::compare(&self.engine, &workspaces?, &self.options, &show) {
                Ok(figures) => {
                    <[_; 2]>::try_from(figures).map(Into::into).map_err(|_| "a build is missing".to_owned())
                }
                // A platform that the engine can't run is reported by name; for a single platform,
                // it is the result.
                Err(error) if name.is_some() => Err(format!("{:#}", anyhow::Error::from(error))),
                Err(error) => return Err(error.into()),
            };
            platforms.push(Platform { name: name.clone(), figures });
        }
        let engine = format!("container engine {}", self.engine.version);
        let mut diff = diff::of(&path, texts.before, texts.after);
        if let Some(new) = texts.ignore_file {
            diff += &match &known.ignore_text {
                Some(old) => diff::of(&known.ignore_path, old, new),
                None => diff::of_new(&known.ignore_path, new),
            };
        }
        let date = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
        let date = date.split('T').next().unwrap_or_default().to_owned();
        Ok(Measured { path, after: None, diff, engine, date, platforms })
    }
}

/// Prints the measurements.
fn print(out: &mut impl Write, format: MeasureFormat, measurements: &Measured) -> io::Result<()> {
    match format {
        MeasureFormat::Human => measured::human(out, measurements),
        MeasureFormat::Json => measured::json(out, measurements),
        MeasureFormat::Markdown => measured::markdown(out, measurements),
        MeasureFormat::Html => measured::page(out, measurements),
    }
}

/// The format for a file name.
fn format_of(path: &Path) -> anyhow::Result<MeasureFormat> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "htm") => Ok(MeasureFormat::Html),
        Some("md") => Ok(MeasureFormat::Markdown),
        Some("json") => Ok(MeasureFormat::Json),
        Some("txt") => Ok(MeasureFormat::Human),
        _ => anyhow::bail!("--save {}: the file name must end in .html, .md, .json or .txt", path.display()),
    }
}

/// The build plans, by platform.
pub fn plans(building: &Building) -> Vec<(Option<String>, Plan)> {
    let plan = |platform: Option<String>| Plan {
        target: building.target.clone(),
        build_args: building.build_arg.clone(),
        platform,
        more: building.more.clone(),
        ..Plan::default()
    };
    if building.platform.is_empty() {
        return vec![(None, plan(None))];
    }
    building.platform.iter().map(|name| (Some(name.clone()), plan(Some(name.clone())))).collect()
}

//! `jettison measure`: builds a Dockerfile before and after, and says what changed.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;

use crate::cli::args::{Building, Measure, MeasureFormat};
use crate::cli::context::Contexts;
use crate::cli::settings::Configurations;
use crate::cli::{Status, discover, input};
use crate::context::Surroundings;
use crate::measure::workspace::{Version, Workspace};
use crate::measure::{self, Engine, Options, Plan};
use crate::pipeline;
use crate::report::measured::{self, Measured, Platform};

pub fn run(args: &Measure) -> anyhow::Result<Status> {
    let engine = Engine::find()?;
    let before = read(&args.before)?;
    let contexts = Contexts::new(args.building.context.as_deref())?;
    let around = contexts.around(Some(&args.before));
    let (after, ignore_file) = match &args.after {
        Some(path) => (read(path)?, None),
        None => {
            let configurations = Configurations::new(&args.choice)?;
            let settings = configurations.for_directory(args.before.parent().unwrap_or(Path::new("")));
            let outcome = pipeline::fix_within(&before, &*settings.map_err(anyhow::Error::msg)?, &around);
            let text = outcome.text().unwrap_or(&before).to_owned();
            (text, outcome.ignore_file().map(str::to_owned))
        }
    };
    let known = around.context().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let directory = around.directory().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let new_ignore = ignore_file.as_deref().map(|text| (known.ignore_path.as_str(), text));
    let options = Options { runs: args.runs.max(1), compression: args.compression };
    let say = talk(args.quiet);
    let mut platforms = Vec::new();
    for (name, plan) in plans(&args.building) {
        let versions = [
            Version { name: "before", text: &before, ignore_file: None },
            Version { name: "after", text: &after, ignore_file: new_ignore },
        ];
        let workspaces: anyhow::Result<Vec<Workspace>> =
            versions.into_iter().map(|version| Workspace::of(directory, known, version, &plan)).collect();
        let figures = measure::compare(&engine, &workspaces?, &options, &say);
        let figures = match figures {
            Ok(figures) => {
                <[_; 2]>::try_from(figures).map(Into::into).map_err(|_| "a build is missing".to_owned())
            }
            // A platform that the engine can't run is named; of the only one, this is the answer.
            Err(error) if name.is_some() => Err(format!("{error:#}")),
            Err(error) => return Err(error),
        };
        platforms.push(Platform { name, figures });
    }
    let measured = Measured {
        path: discover::display_name(&args.before),
        engine: format!("container engine {}", engine.version),
        platforms,
        runs: options.runs,
    };
    let has_figures = measured.platforms.iter().any(|platform| platform.figures.is_ok());
    print(args.format, &[measured])?;
    Ok(if has_figures { Status::Clean } else { Status::Failed })
}

/// Prints what was measured.
pub fn print(format: MeasureFormat, all: &[Measured]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match format {
        MeasureFormat::Human => all.iter().try_for_each(|one| measured::human(&mut out, one))?,
        MeasureFormat::Json => measured::json(&mut out, all)?,
        MeasureFormat::Markdown => all.iter().try_for_each(|one| measured::markdown(&mut out, one))?,
        MeasureFormat::Html => measured::page(&mut out, all)?,
    }
    out.flush()
}

/// How the builds are made, by platform.
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

/// Says on a terminal what is being done, and nothing elsewhere.
pub fn talk(quiet: bool) -> impl Fn(&str) {
    use std::io::IsTerminal;
    let is_heard = io::stderr().is_terminal() && !quiet;
    move |text: &str| {
        if is_heard {
            // Whoever closed it does not want to know.
            let _ = writeln!(io::stderr(), "{text} …");
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    input::file(path).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())
}

//! How long a rebuild of each example application takes before and after Jettison: after a change
//! to a source file and after a change to a manifest. Prints the table of docs/rebuilds.md.
//!
//! ```text
//! cargo bench --bench rebuild                    # all applications; takes its time
//! cargo bench --bench rebuild -- flask express   # only these
//! UPDATE_DOCS=1 cargo bench --bench rebuild      # also writes docs/rebuilds.md
//! JETTISON_RUNS=3 cargo bench --bench rebuild    # three runs instead of five
//! ```
//!
//! Both versions are built once, so base images and caches are warm. Then they take turns, so
//! anything that slows down the machine slows down both. Only the build is timed. Without a Docker
//! engine, the benchmark says so and exits with 2.

#[path = "../../tests/lab/applications.rs"]
#[allow(dead_code)]
mod applications;
#[path = "../../tests/lab/build.rs"]
#[allow(dead_code)]
mod build;
#[path = "../../tests/support/engine.rs"]
#[allow(dead_code)]
mod engine;
mod table;
mod touch;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use applications::Application;
use build::{Image, Workspace};
use table::{Comparison, Row};
use touch::Original;

fn main() -> ExitCode {
    if let Err(reason) = engine::answers() {
        eprintln!("rebuild times need a Docker engine, but {reason}");
        return ExitCode::from(2);
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // Cargo passes `--bench`.
    let names: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let unknown =
        names.iter().find(|name| !applications::ALL.iter().any(|application| application.name == **name));
    if let Some(name) = unknown {
        let known: Vec<&str> = applications::ALL.iter().map(|application| application.name).collect();
        anyhow::bail!("there is no application {name}; there are {}", known.join(", "));
    }
    let runs = match std::env::var("JETTISON_RUNS") {
        Ok(text) => text.parse().context("JETTISON_RUNS must be a number")?,
        Err(_) => 5,
    };
    ensure!(runs > 0, "JETTISON_RUNS must be at least 1");
    let chosen = applications::ALL
        .iter()
        .filter(|application| names.is_empty() || names.iter().any(|name| name == application.name));
    let rows = chosen.map(|application| measure(application, runs)).collect::<Result<Vec<_>>>()?;
    let version = engine::docker(&["info", "--format", "{{.ServerVersion}} with {{.NCPU}} processors"])?;
    let page = table::page(&rows, runs, &version);
    println!("{page}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rebuilds.md");
        std::fs::write(&path, page).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(())
}

/// One of the two versions of an application, and its most recent images, which a developer would
/// still have.
struct Side {
    name: &'static str,
    application: &'static Application,
    workspace: Workspace,
    images: Vec<Image>,
    built: usize,
}

impl Side {
    fn new(name: &'static str, application: &'static Application) -> Result<Self> {
        Ok(Self { name, application, workspace: Workspace::of(application)?, images: Vec::new(), built: 0 })
    }

    /// Builds all services, and returns how long that took.
    fn build(&mut self) -> Result<Duration> {
        self.built += 1;
        // Each build has its own name, since the images of the previous build are removed only
        // afterwards.
        let version = format!("rebuild-{}-{}", self.name, self.built);
        let mut images = Vec::new();
        let start = Instant::now();
        for service in self.application.services {
            images.push(self.workspace.build(service, &version, false)?);
        }
        let duration = start.elapsed();
        self.images = images;
        eprintln!("{} {}: {:.1} s", self.application.name, self.name, duration.as_secs_f64());
        Ok(duration)
    }
}

fn measure(application: &'static Application, runs: usize) -> Result<Row> {
    let (mut before, mut after) = (Side::new("before", application)?, Side::new("after", application)?);
    after.workspace.fix(&[])?;
    eprintln!("{}: first builds", application.name);
    before.build()?;
    after.build()?;
    let mut compare = |what: &str, paths: &[&str]| -> Result<Comparison> {
        eprintln!("{}: {what} changed ({})", application.name, paths.join(", "));
        let mut comparison = Comparison::default();
        let originals = [&before, &after].map(|side| Original::read(&side.workspace, paths));
        let [old, new] = originals;
        let (old, new) = (old?, new?);
        for _ in 0..runs {
            old.change()?;
            comparison.before.push(before.build()?);
            new.change()?;
            comparison.after.push(after.build()?);
        }
        Ok(comparison)
    };
    let source = compare("a source file", application.sources)?;
    let manifest = compare("a manifest", application.manifests)?;
    Ok(Row { name: application.name, source, manifest })
}

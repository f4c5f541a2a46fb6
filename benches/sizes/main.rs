//! How large the example applications' images are as written, and with all that `--unsafe` allows. Both must pass their smoke tests.
//! Prints the table of docs/sizes.md.
//!
//! ```text
//! cargo bench --bench sizes                    # all applications
//! cargo bench --bench sizes -- flask express   # only these
//! UPDATE_DOCS=1 cargo bench --bench sizes      # also writes docs/sizes.md
//! ```
//!
//! Without a Docker engine it says so and ends with 2; an application that fails has a row that says so, and the end is 1.

#[path = "../../tests/lab/applications.rs"]
#[allow(dead_code)]
mod applications;
#[path = "../../tests/lab/build.rs"]
#[allow(dead_code)]
mod build;
#[path = "../../tests/support/engine.rs"]
#[allow(dead_code)]
mod engine;
#[path = "../../tests/lab/sizes.rs"]
#[allow(dead_code)]
mod sizes;
#[path = "../../tests/lab/smoke.rs"]
#[allow(dead_code)]
mod smoke;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use sizes::Sizes;

fn main() -> ExitCode {
    if let Err(reason) = engine::answers() {
        eprintln!("sizes need a Docker engine, but {reason}");
        return ExitCode::from(2);
    }
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    // Cargo passes `--bench`.
    let names: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let chosen =
        applications::ALL.iter().filter(|one| names.is_empty() || names.iter().any(|name| name == one.name));
    let mut rows = Vec::new();
    for application in chosen {
        let result = sizes::of(application);
        match &result {
            Ok(sizes) => eprintln!("{}: {:.0} % less", application.name, 100.0 * sizes.reduction()),
            Err(error) => eprintln!("{}: {error:#}", application.name),
        }
        rows.push((application.name, result.ok()));
    }
    let version = engine::docker(&["info", "--format", "{{.ServerVersion}}"])?;
    let page = page(&rows, &version)?;
    println!("{page}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sizes.md");
        std::fs::write(&path, page).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(rows.iter().all(|(_, sizes)| sizes.is_some()))
}

#[allow(clippy::cast_precision_loss)]
fn page(rows: &[(&str, Option<Sizes>)], engine: &str) -> Result<String> {
    let mut page = format!(
        "# Sizes\n\n\
         How large the images of the applications in [examples](../examples) are, unpacked: with the Dockerfile as written, and as\n\
         `jettison fix --unsafe --write` leaves it. Both are built and pass the same smoke test, which asks the running program. Where an application has\n\
         several images, they are added up. Docker Engine {engine}.\n\n\
         Made by `UPDATE_DOCS=1 cargo bench --bench sizes`.\n\n\
         | application | as written | with `--unsafe` | change |\n|---|---|---|---|\n"
    );
    for (name, sizes) in rows {
        match sizes {
            Some(one) => writeln!(
                page,
                "| [{name}](../examples/{name}) | {:.1} MB | {:.1} MB | −{:.0} % |",
                one.before as f64 / 1e6,
                one.after as f64 / 1e6,
                100.0 * one.reduction()
            )?,
            None => writeln!(page, "| [{name}](../examples/{name}) | | | fails |")?,
        }
    }
    let all: Vec<f64> = rows.iter().filter_map(|(_, sizes)| sizes.map(Sizes::reduction)).collect();
    if !all.is_empty() {
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        writeln!(page, "| **mean** | | | **−{:.0} %** |", 100.0 * mean)?;
    }
    Ok(page)
}

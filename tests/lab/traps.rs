//! Applications that break on purpose: they use something late, or from outside of the application,
//! that a smaller image is usually written without. They must still work after every kind of fix,
//! whether Jettison keeps what they use or leaves them as they are.
//!
//! Each folder of `tests/lab/traps` also has the Dockerfile that one would write without looking
//! (`Naive`). It must fail the same test, so that the application is known to be a trap.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use crate::applications::{Application, Probe, Service, alone, get, once};
use crate::build::{Image, Workspace};
use crate::{smoke, support};

/// One folder of `tests/lab/traps`.
struct Trap {
    application: Application,
    /// A command that uses what the application needs late, for `--smoke`.
    smoke: Option<&'static str>,
}

/// An application without files to change.
const fn application(
    name: &'static str,
    services: &'static [Service],
    probes: &'static [Probe],
) -> Application {
    Application { name, services, probes, sources: &[], manifests: &[] }
}

static PACKAGE_AT_SECOND_REQUEST: Trap = Trap {
    application: application(
        "package-at-second-request",
        &[alone("app", 3000)],
        &[get("app", "GET /", "after 002")],
    ),
    smoke: Some("node dist/twice.js"),
};

static LIBRARY_AT_SECOND_REQUEST: Trap = Trap {
    application: application(
        "library-at-second-request",
        &[alone("app", 8000)],
        &[get("app", "GET /", "libpq 1")],
    ),
    smoke: Some("python twice.py"),
};

static FILE_OF_HEALTHCHECK: Trap = Trap {
    application: application(
        "file-of-healthcheck",
        &[alone("app", 8000)],
        &[get("app", "GET /", "check.py")],
    ),
    smoke: None,
};

static PROGRAM_OF_CRON: Trap = Trap {
    application: application(
        "program-of-cron",
        &[once("app")],
        &[Probe::Logs { service: "app", contains: "git version 2" }],
    ),
    smoke: None,
};

/// Fixes the application in several ways, and tests each result.
fn survives(trap: &'static Trap) -> Result<()> {
    let application = &trap.application;
    if !support::has_engine(application.name) || !support::has_tracer(application.name) {
        return Ok(());
    }
    let original = workspace(application)?;
    let image = original.build(&application.services[0], "as-written", false)?;
    test(application, image).context("as written")?;
    std::fs::rename(original.file("Naive"), original.file("Dockerfile"))?;
    let image = original.build(&application.services[0], "naive", false)?;
    ensure!(test(application, image).is_err(), "{}: the naive version works", application.name);

    let untested: &[&[&str]] = &[&["--unsafe"], &["--unsafe", "--verify"]];
    let tested = trap.smoke.map(|smoke| ["--unsafe", "--verify", "--smoke", smoke]);
    let ways = untested.iter().copied().chain(tested.as_ref().map(|words| &words[..]));
    let mut broken = Vec::new();
    for way in ways {
        let fixed = workspace(application)?;
        fixed.fix_file("Dockerfile", way)?;
        let image = fixed.build(&application.services[0], "fixed", false)?;
        let text = std::fs::read_to_string(fixed.file("Dockerfile"))?;
        eprintln!("{}, after {way:?}:\n{text}", application.name);
        if let Err(error) = test(application, image) {
            broken.push(format!("after {way:?}: {error:#}\n{text}"));
        }
    }
    if !broken.is_empty() {
        bail!("{} no longer works {}", application.name, broken.join("\n"));
    }
    Ok(())
}

fn workspace(application: &'static Application) -> Result<Workspace> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/lab/traps", application.name].iter().collect();
    Workspace::copied(application, &folder)
}

fn test(application: &'static Application, image: Image) -> Result<()> {
    smoke::test(application, &[image])
}

#[test]
fn a_package_that_the_second_request_loads() -> Result<()> {
    survives(&PACKAGE_AT_SECOND_REQUEST)
}

#[test]
fn a_library_that_the_second_request_loads() -> Result<()> {
    survives(&LIBRARY_AT_SECOND_REQUEST)
}

#[test]
fn a_file_that_only_the_healthcheck_reads() -> Result<()> {
    survives(&FILE_OF_HEALTHCHECK)
}

#[test]
fn a_program_that_cron_starts() -> Result<()> {
    survives(&PROGRAM_OF_CRON)
}

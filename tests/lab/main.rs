//! Real images: built before and after Jettison, they must have the same files, configuration and
//! behaviour. With `--unsafe`, they must still pass their smoke tests and be smaller.
//!
//! Each example application is built twice from the original Dockerfile, then fixed and built
//! again. `compare` and `allowed` define what is compared, independently of the code under test.
//!
//! ```text
//! cargo test --test lab                 # all of them, if a Docker engine is available
//! cargo test --test lab flask           # one application
//! JETTISON_REQUIRE_ALL=1 cargo test --test lab      # a missing engine fails instead of skipping
//! ```
//!
//! `benches/rebuild` measures rebuild times and `benches/sizes` measures image sizes, with the same
//! applications.

mod allowed;
// Here, the parts that only the benchmarks use are dead code.
#[allow(dead_code)]
mod applications;
#[allow(dead_code)]
mod build;
mod compare;
mod filesystem;
mod harm;
mod proof;
mod proved;
#[allow(dead_code)]
mod sizes;
mod smoke;
#[path = "../support/mod.rs"]
mod support;
mod traps;

use anyhow::Result;

use support::engine;

fn prove(name: &str) -> Result<()> {
    if !support::has_engine(name) {
        return Ok(());
    }
    let application = applications::named(name);
    proof::of(application)?;
    sizes::of(application)?.must_shrink(application)
}

// One test per application, so that they can be selected by name and run in parallel.

#[test]
fn flask() -> Result<()> {
    prove("flask")
}

#[test]
fn express() -> Result<()> {
    prove("express")
}

#[test]
fn pnpm_service() -> Result<()> {
    prove("pnpm-service")
}

#[test]
fn go_web() -> Result<()> {
    prove("go-web")
}

#[test]
fn typescript_service() -> Result<()> {
    prove("typescript-service")
}

#[test]
fn multi_stage() -> Result<()> {
    prove("multi-stage")
}

#[test]
fn compose_shop() -> Result<()> {
    prove("compose-shop")
}

#[test]
fn zlib_tool() -> Result<()> {
    prove("zlib-tool")
}

#[test]
fn java_jar() -> Result<()> {
    prove("java-jar")
}

#[test]
fn fastapi_postgres() -> Result<()> {
    prove("fastapi-postgres")
}

#[test]
fn django_static() -> Result<()> {
    prove("django-static")
}

#[test]
fn vite_site() -> Result<()> {
    prove("vite-site")
}

#[test]
fn pnpm_workspace() -> Result<()> {
    prove("pnpm-workspace")
}

#[test]
fn sklearn_report() -> Result<()> {
    prove("sklearn-report")
}

#[test]
fn agents_devbox() -> Result<()> {
    prove("agents-devbox")
}

#[test]
fn what_unsafe_fixes_leave_of_applications_verifies() -> Result<()> {
    if !support::has_engine("what_unsafe_fixes_leave_of_applications_verifies") {
        return Ok(());
    }
    ["flask", "zlib-tool"].into_iter().try_for_each(proved::verify)
}

#[test]
fn a_minimized_application_passes_a_smoke_test_that_its_check_does_not_contain() -> Result<()> {
    let test = "a_minimized_application_passes_a_smoke_test_that_its_check_does_not_contain";
    if !support::has_engine(test) || !support::has_tracer(test) {
        return Ok(());
    }
    for (name, check) in
        [("flask", "python -c 'import app'"), ("sklearn-report", "python -c 'import sklearn.cluster'")]
    {
        let found = sizes::minimized(applications::named(name), check)?;
        eprintln!("{name}: {} bytes, {} with --minimize", found.before, found.after);
        assert!(found.before - found.after > 5_000_000, "{name}: {found:?}");
    }
    Ok(())
}

#[test]
fn an_application_is_measured_before_and_after() -> Result<()> {
    if !support::has_engine("an_application_is_measured_before_and_after") {
        return Ok(());
    }
    let found = proved::measure("zlib-tool")?;
    let (before, after) = (&found["before"], &found["after"]);
    let size = |side: &serde_json::Value| side["size"].as_u64().unwrap_or_default();
    assert!(size(before) > 400_000_000 && size(after) < 10_000_000, "{found}");
    // After a change of a source file, the installed packages come from the cache, unlike before
    // the fix.
    let rebuild = |side: &serde_json::Value| side["rebuilds"][0]["cached"].as_u64();
    assert!(rebuild(after) > rebuild(before), "{found}");
    Ok(())
}

#[test]
fn every_example_is_an_application_or_says_why_not() -> Result<()> {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(examples)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = applications::ALL.iter().any(|application| application.name == name)
            || applications::NOT_BUILT.iter().any(|(other, _)| *other == name);
        assert!(known || !entry.path().is_dir(), "{name} is missing in tests/lab/applications.rs");
    }
    for (name, reason) in applications::NOT_BUILT {
        eprintln!("not built: {name}: {reason}");
    }
    Ok(())
}

//! What a test needs from the machine besides Rust, and what happens if that is missing.
//!
//! Such a test runs where it can. Elsewhere, it prints that it was skipped and why, and passes.
//! With `JETTISON_REQUIRE_ALL=1`, it fails instead; a machine that is set up for all tests
//! (`.ci/run`) uses that to make sure that all of them ran. Nothing else decides this: not `CI`,
//! and no variable for a single tool.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::engine;

/// Reports that a test is skipped, or fails if no test may be.
pub fn skip(test: &str, why: &str) {
    let all_is_required = env::var_os("JETTISON_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!all_is_required, "{test} must run, because JETTISON_REQUIRE_ALL=1, but {why}");
    // Directly to the stream, since the output of `eprintln!` in a passing test is not shown.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

/// The value that a test needs. If there is none, the test is skipped.
pub fn need<T>(test: &str, what: Result<T, String>) -> Option<T> {
    what.map_err(|why| skip(test, &why)).ok()
}

/// Whether a container engine answers. If not, the test is skipped.
pub fn has_engine(test: &str) -> bool {
    need(test, engine::answers()).is_some()
}

/// Whether the tracer was built next to the program. If not, the test is skipped.
pub fn has_tracer(test: &str) -> bool {
    let is_there = super::jettison().with_file_name("jettison-trace").is_file();
    if !is_there {
        skip(test, "jettison-trace was not built; `cargo build -p jettison-trace` does");
    }
    is_there
}

/// Whether these programs are in the PATH. If not, the test is skipped.
pub fn has_programs(test: &str, names: &[&str]) -> bool {
    let is_there = |name: &str| {
        let path = env::var_os("PATH").unwrap_or_default();
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&path).any(|directory| directory.join(&file).is_file())
    };
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        skip(test, &format!("{} is not in the PATH", missing.join(", ")));
    }
    missing.is_empty()
}

/// A Python interpreter with this module: the value of JETTISON_PYTHON, or `python3`. Without one,
/// the test is skipped.
pub fn python_with(test: &str, module: &str) -> Option<PathBuf> {
    let python = env::var_os("JETTISON_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let imports = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if imports.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skip(test, &format!("{} has no Python module `{module}` (set JETTISON_PYTHON)", python.display()));
    None
}

/// A program installed from PyPI next to the interpreter that JETTISON_PYTHON names. Without it,
/// the test is skipped.
pub fn from_pypi(test: &str, name: &str) -> Option<PathBuf> {
    let python = PathBuf::from(env::var_os("JETTISON_PYTHON").unwrap_or_default());
    let program = python.parent().map(|directory| directory.join(name)).filter(|program| program.is_file());
    need(test, program.ok_or_else(|| format!("{name} is not installed next to JETTISON_PYTHON")))
}

/// The folder `node_modules` with these packages, in the folder that JETTISON_PRISM names. Without
/// it, the test is skipped.
pub fn from_npm(test: &str, packages: &[&str]) -> Option<PathBuf> {
    let modules = env::var_os("JETTISON_PRISM").map(|folder| Path::new(&folder).join("node_modules"));
    let has_all = |modules: &PathBuf| packages.iter().all(|package| modules.join(package).is_dir());
    let why = || format!("JETTISON_PRISM names no folder with npm's {}", packages.join(" and "));
    let modules = need(test, modules.filter(has_all).ok_or_else(why))?;
    has_programs(test, &["node"]).then_some(modules)
}

/// The folder with the corpus of real Dockerfiles: the value of JETTISON_CORPUS, or `shared/corpus`
/// next to the project. The error says that there is none.
pub fn corpus_folder() -> Result<PathBuf, String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = env::var_os("JETTISON_CORPUS").map_or_else(beside, PathBuf::from);
    if folder.join("buildkit.jsonl").is_file() {
        return Ok(folder);
    }
    Err(format!("the corpus is not at {} (set JETTISON_CORPUS)", folder.display()))
}

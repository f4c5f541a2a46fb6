//! `fix --verify` and `measure` on the example applications, with the results of the program
//! itself.

use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::applications;
use crate::build::Workspace;

/// `--verify` applies every fix that `--unsafe` would make to an application, and withholds none.
pub fn verify(name: &str) -> Result<()> {
    let workspace = Workspace::of(applications::named(name))?;
    let found = workspace.verify()?;
    let file = &found["files"][0];
    let held: Vec<&Value> =
        file["refused"].as_array().into_iter().flatten().filter(|refusal| is_held(refusal)).collect();
    ensure!(held.is_empty(), "verify says that {name} does not work as before: {held:?}");
    let applied = file["fixes"].as_array().map_or(0, Vec::len);
    ensure!(applied > 0, "{name}: nothing was applied");
    Ok(())
}

fn is_held(refused: &Value) -> bool {
    refused["code"] == "fails-with-fix"
}

/// The report of `measure` on an application with `--unsafe`.
pub fn measure(name: &str) -> Result<Value> {
    let workspace = Workspace::of(applications::named(name))?;
    let before = workspace.files(&applications::named(name).services[0])?;
    let output =
        run(&workspace, &["measure", "--unsafe", "--runs", "1", "--format", "json"], &["Dockerfile"])?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    ensure!(
        before == workspace.files(&applications::named(name).services[0])?,
        "measuring changed a file of {name}"
    );
    let found: Value = serde_json::from_slice(&output.stdout).context("JSON")?;
    Ok(found["platforms"][0].clone())
}

fn run(workspace: &Workspace, arguments: &[&str], files: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_jettison"))
        .args(arguments)
        .args(files.iter().map(|file| workspace.file(file)))
        .args(["--", "--network=host"])
        .output()
        .context("jettison can't be started")
}

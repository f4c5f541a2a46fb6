//! The Docker engine, through its command line: whether it is available, and a single call.

use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// Whether an engine answers. The error says why not, and what to do.
pub fn answers() -> Result<(), String> {
    match call(&["info", "--format", "{{.ServerVersion}}"]) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "no Docker engine answers; start one, or set DOCKER_HOST ({})",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(_) => Err("there is no `docker` in the PATH; install Docker's command line".to_owned()),
    }
}

/// The output of `docker`, without the last line break.
pub fn docker(arguments: &[&str]) -> Result<String> {
    let output = call(arguments)?;
    if !output.status.success() {
        bail!(
            "`docker {}` failed ({}):\n{}{}",
            arguments.join(" "),
            output.status,
            last_lines(&output.stdout),
            last_lines(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// A `docker` command, for callers that need its output as a stream.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn call(arguments: &[&str]) -> Result<Output> {
    command(arguments).output().context("docker can't be started")
}

/// A failed build prints a lot; the reason is at the end.
fn last_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].iter().map(|line| format!("  {line}\n")).collect()
}

//! The container engine, through its command line: Docker, or Podman where it behaves the same.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Command, Output, Stdio};

use thiserror::Error;

use super::Error as MeasureError;
use super::process::{self, Running};
use super::progress::Activity;
use crate::knowledge::lists::variables::WITH_SECRETS;

/// An available engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    program: String,
    /// Its version.
    pub version: String,
    /// The step that the current build is at.
    pub activity: Activity,
}

/// Why no engine can be used.
#[derive(Debug, Error)]
pub enum NoEngine {
    /// The command is there, but no engine answers.
    #[error("no container engine is available {tried}; start one, or set DOCKER_HOST\n  {message}")]
    Unavailable {
        /// Where the command looked for it.
        tried: String,
        /// The error message of the command.
        message: String,
    },
    /// There is no command.
    #[error(
        "`{program}` can't be started ({reason}); install the docker command, or set {VARIABLE} to another one"
    )]
    NotInstalled {
        /// The command.
        program: String,
        /// The reason of the system.
        reason: io::Error,
    },
}

/// The variable that names a program to use instead of `docker`.
pub const VARIABLE: &str = "JETTISON_ENGINE";

impl Engine {
    /// Finds the engine. The error says what was tried.
    pub fn find() -> Result<Self, NoEngine> {
        let program = std::env::var(VARIABLE)
            .ok()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "docker".to_owned());
        let format = "{{if .Server}}{{.Server.Version}}{{else}}{{.Client.Version}}{{end}}";
        let output = command(&program, ["version", "--format", format]).output();
        match output {
            Ok(output) if output.status.success() => {
                let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                Ok(Self { program, version, activity: Activity::default() })
            }
            Ok(output) => {
                let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(NoEngine::Unavailable { tried: tried(), message })
            }
            Err(reason) => Err(NoEngine::NotInstalled { program, reason }),
        }
    }

    /// Whether it is Podman, which has no machine-readable progress.
    pub fn is_podman(&self) -> bool {
        self.program.rsplit('/').next() == Some("podman")
    }

    /// The output of a command. The error contains the last lines of standard error.
    pub fn call<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, MeasureError> {
        let output = self.output(arguments)?;
        if !output.status.success() {
            return Err(MeasureError::Command {
                program: self.program.clone(),
                status: output.status,
                output: last_lines(&output.stderr, 20),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// The output and exit status of a command, even if it fails.
    pub fn output<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Output, MeasureError> {
        let activity = self.activity.clone();
        let output = process::output(command(&self.program, arguments), move |line| activity.hear(line));
        self.activity.end();
        output.map_err(|source| MeasureError::Start { program: self.program.clone(), source })
    }

    /// Starts a command whose output is streamed.
    pub fn stream<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Stream, MeasureError> {
        match Running::start(command(&self.program, arguments), |_| {}) {
            Ok(running) => Ok(Stream { program: self.program.clone(), running }),
            Err(source) => Err(MeasureError::Start { program: self.program.clone(), source }),
        }
    }

    /// Removes something and ignores failures; also works during an interrupt.
    pub(super) fn remove<const N: usize>(&self, arguments: [&str; N]) {
        drop(command(&self.program, arguments).output());
    }
}

/// A running command with streamed output.
pub struct Stream {
    program: String,
    running: Running,
}

impl Stream {
    /// Its output.
    pub fn output(&mut self) -> impl Read + '_ {
        self.running.output()
    }

    /// Waits for its end. Unread output is discarded.
    pub fn finish(self) -> Result<(), MeasureError> {
        let program = self.program;
        match self.running.finish() {
            Ok((status, _)) if status.success() => Ok(()),
            Ok((status, said)) => {
                Err(MeasureError::Command { program, status, output: last_lines(&said, 20) })
            }
            Err(source) => Err(MeasureError::Output { program, source }),
        }
    }
}

fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    for name in WITH_SECRETS {
        if !command.get_args().any(|argument| asks_for(&argument.to_string_lossy(), name)) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Whether a user's option passes a variable: `--build-arg NAME`, `--secret id=x,env=NAME`, and
/// GitHub's cache. (Docker's manual, "docker buildx build": `--build-arg`, `--secret`, and "GitHub
/// Actions cache".)
fn asks_for(argument: &str, name: &str) -> bool {
    argument == name
        || argument.strip_prefix("--build-arg=") == Some(name)
        || argument.split(',').any(|part| part.strip_prefix("env=") == Some(name))
        || name == "ACTIONS_RUNTIME_TOKEN" && argument.split(',').any(|part| part.ends_with("type=gha"))
}

/// Where the command line looks for its engine. (Docker's manual, "Docker contexts": DOCKER_HOST
/// overrides all contexts.)
fn tried() -> String {
    match (std::env::var("DOCKER_HOST"), std::env::var("DOCKER_CONTEXT")) {
        (Ok(host), _) if !host.is_empty() => format!("at DOCKER_HOST={host}"),
        (_, Ok(context)) if !context.is_empty() => format!("in DOCKER_CONTEXT={context}"),
        _ => "at its usual socket (DOCKER_HOST is not set)".to_owned(),
    }
}

/// The last lines of an output, which contain the reason of a failure.
pub fn last_lines(text: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(most)..].iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_handed_on_by_name_only() {
        let command = |arguments: &[&str]| {
            let command = command("docker", arguments);
            let removed = command.get_envs().filter(|(_, value)| value.is_none());
            removed.map(|(name, _)| name.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(command(&["build", "."]).len(), WITH_SECRETS.len());
        for arguments in [
            &["--build-arg", "GITHUB_TOKEN"][..],
            &["--build-arg=GITHUB_TOKEN"],
            &["--secret", "id=token,env=GITHUB_TOKEN"],
        ] {
            let removed = command(arguments);
            assert!(!removed.contains(&"GITHUB_TOKEN".to_owned()), "{arguments:?}");
            assert!(removed.contains(&"GH_TOKEN".to_owned()), "{arguments:?}");
        }
        assert!(command(&["run", "echo $GITHUB_TOKEN"]).contains(&"GITHUB_TOKEN".to_owned()));
    }
}

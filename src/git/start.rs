//! How git is started: the only place that does. Nothing that a repository brings along runs: no hook, no filter, no textconv,
//! no external diff, no monitor of the file system, no pager, no helper of an unknown protocol. What git is told here goes
//! before all of its configuration files.
//!
//! Not everything of git that starts programs is listed: what is not listed is not reached by the commands in `git.rs`.
//! (git's manual, git-config(1) and git(1); "SECURITY" in git(1).)

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::{Login, said};
use crate::secret;

const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.alternateRefsCommand=",
    "core.askPass=",
    // A repository is where a `.git` is; a folder that only looks like one is content.
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "transfer.bundleURI=false",
    "push.gpgSign=false",
    "i18n.logOutputEncoding=UTF-8",
];

/// What git takes a repository from when it runs a hook, and programs that it would start. (`git rev-parse --local-env-vars`.)
const REMOVED: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
];

/// Which protocols a call may speak; all but those that have to speak one speak none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network<'l> {
    /// None at all.
    None,
    /// Those that are encrypted or stay on this machine; with a login where the server asks for one.
    To(Option<&'l Login>),
}

/// A call of git in a repository's top directory. `filters` are the names of all that the configuration has.
pub(super) fn command(root: &Path, filters: &[String], network: Network<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).arg("--no-pager");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    // A filter without a command passes on what it gets.
    for name in filters {
        for key in ["clean", "smudge", "process"] {
            command.arg(format!("--config-env=filter.{name}.{key}=JETTISON_EMPTY"));
        }
        command.arg(format!("--config-env=filter.{name}.required=JETTISON_FALSE"));
    }
    command.env("JETTISON_EMPTY", "").env("JETTISON_FALSE", "false");
    for name in REMOVED.iter().chain(secret::VARIABLES) {
        command.env_remove(name);
    }
    for (name, value) in [
        // There may be no person who could answer.
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", ""),
        // A path is a path, whatever it starts with.
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TRACE_REDACT", "1"),
    ] {
        command.env(name, value);
    }
    if let Some(above) = root.parent() {
        command.env("GIT_CEILING_DIRECTORIES", above);
    }
    match network {
        Network::None => {
            command.env("GIT_ALLOW_PROTOCOL", "none");
        }
        Network::To(login) => {
            // Addresses were looked at before: plain HTTP only goes to this machine.
            command.env("GIT_ALLOW_PROTOCOL", "https:http:ssh:file");
            if let Some(login) = login {
                login.tell(&mut command);
            }
        }
    }
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command on some input; its output, or what it said. `what` is the part of git that runs.
pub(super) fn finish(mut command: Command, what: &str, input: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut child = command.spawn().context("git can't be started; is it installed?")?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // It may answer before it has read everything. One that ends without reading says why itself.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    })?;
    if !output.status.success() {
        bail!("git {what}: {}", said(&output.stderr));
    }
    Ok(output.stdout)
}

//! The only place that starts git. No program of a repository runs: no hook, filter, textconv,
//! external diff, file system monitor, pager, or helper of an unknown protocol. The options set
//! here override all configuration files.
//!
//! The list is not complete: the commands of `Git` do not use the other features of git that
//! start programs. (git's manual, git-config(1) and git(1); "SECURITY" in git(1).)

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Error, said};
use crate::knowledge::lists::variables::WITH_SECRETS;

const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.alternateRefsCommand=",
    "core.askPass=",
    // Only a directory with a `.git` is a repository; a directory that looks like a bare one is
    // content.
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "transfer.bundleURI=false",
    "push.gpgSign=false",
    "i18n.logOutputEncoding=UTF-8",
];

/// Variables that select a repository, and variables that name programs to start. (`git rev-parse
/// --local-env-vars`.)
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

/// A git command in the top directory of a repository, still without arguments. `filters` are the
/// names of all configured filters. It may not use the network.
pub(super) fn command(root: &Path, filters: &[String]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).arg("--no-pager");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    // A filter without a command does not change its input.
    for name in filters {
        for key in ["clean", "smudge", "process"] {
            command.arg(format!("--config-env=filter.{name}.{key}=JETTISON_EMPTY"));
        }
        command.arg(format!("--config-env=filter.{name}.required=JETTISON_FALSE"));
    }
    command.env("JETTISON_EMPTY", "").env("JETTISON_FALSE", "false");
    for name in REMOVED.iter().chain(WITH_SECRETS) {
        command.env_remove(name);
    }
    for (name, value) in [
        // There may be no user to answer a prompt.
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", ""),
        // Paths have no special syntax.
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
    command.env("GIT_ALLOW_PROTOCOL", "none");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command on some input, and returns its output or its error message. `what` is the git
/// command.
pub(super) fn finish(mut command: Command, what: &str, input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut child = command.spawn().map_err(Error::Start)?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // It may answer before it has read everything. If it exits without reading, it reports the
        // error itself.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    let output = output.map_err(|source| Error::Output { command: what.to_owned(), source })?;
    if !output.status.success() {
        return Err(Error::Command { command: what.to_owned(), message: said(&output.stderr) });
    }
    Ok(output.stdout)
}

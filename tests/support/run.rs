//! Runs the program and git in a folder, and reads the program's output.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A Dockerfile with one thing to fix.
pub const NAIVE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
/// What `NAIVE` becomes.
pub const FIXED: &str =
    "FROM debian:12\nRUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\n";

/// The program under test.
pub fn jettison() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_jettison"))
}

/// The program in a folder, and without what a continuous integration service has in the
/// environment.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(jettison());
    command.args(arguments).current_dir(folder).env_remove("GITHUB_STEP_SUMMARY");
    command
}

/// Runs it.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

/// Runs it with something on standard input.
pub fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = command(folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// The exit status.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

/// What it wrote to standard output.
pub fn stdout(output: &Output) -> String {
    text(&output.stdout)
}

/// What it wrote to standard error.
pub fn stderr(output: &Output) -> String {
    text(&output.stderr)
}

/// Bytes that must be UTF-8.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A file of a folder.
pub fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a readable file")
}

/// git in a folder, with a name for commits; it must go well.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
    let output = command.current_dir(folder).output().expect("git starts");
    assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Compares with `snapshots/<of>/<name>.snap`.
pub fn assert_snapshot(of: &str, name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(of),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

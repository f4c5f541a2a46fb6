//! Runs the program and git in a folder, and reads the program's output.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A Dockerfile with one thing to fix.
pub const NAIVE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
/// The fixed text of `NAIVE`.
pub const FIXED: &str =
    "FROM debian:12\nRUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\n";

/// The program under test.
pub fn jettison() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_jettison"))
}

/// The program in a folder, without the variables that a continuous integration service sets.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(jettison());
    command.args(arguments).current_dir(folder).env_remove("GITHUB_STEP_SUMMARY");
    command
}

/// Runs the program.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

/// Runs the program with a text on standard input.
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

/// The standard output.
pub fn stdout(output: &Output) -> String {
    text(&output.stdout)
}

/// The standard error.
pub fn stderr(output: &Output) -> String {
    text(&output.stderr)
}

/// Bytes as text; they must be UTF-8.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The text of a file in a folder.
pub fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a readable file")
}

/// Runs git in a folder, with an author for commits. git must succeed.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
    let output = command.current_dir(folder).output().expect("git starts");
    assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Compares a text with `snapshots/<of>/<name>.snap`.
pub fn assert_snapshot(of: &str, name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(of),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

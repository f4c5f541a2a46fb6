//! `fix --interactive` in a real pseudo-terminal: every answer, Ctrl-C and Ctrl-D. A file is either
//! unchanged or complete.
#![cfg(unix)]

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::termios::tcgetattr;
use tempfile::TempDir;

use support::folder;

const NAIVE: &str = "\
FROM debian:12
RUN pip install flask==3.0.3
RUN apt-get update && apt-get install -y curl
RUN yum install -y git
";

/// The program in a terminal of its own.
struct Session {
    folder: TempDir,
    master: File,
    slave: OwnedFd,
    child: Child,
    output: Receiver<String>,
    seen: String,
}

impl Session {
    fn start(files: &[(&str, &str)], editor: &str) -> Self {
        let folder = folder(files);
        let pty = openpty(None, None).expect("a pseudo-terminal");
        let end = || Stdio::from(pty.slave.try_clone().expect("a handle"));
        // Starts it like a shell: in a session with this terminal, so that Ctrl-C is a signal.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(support::jettison())
            .args(["fix", "--interactive"])
            .current_dir(folder.path())
            .env("EDITOR", editor)
            .env("GITHUB_TOKEN", "tok-secret")
            .env_remove("VISUAL")
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid starts");
        let master = File::from(pty.master);
        let mut reader = master.try_clone().expect("a handle");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned()).is_err() {
                    break;
                }
            }
        });
        Self { folder, master, slave: pty.slave, child, output, seen: String::new() }
    }

    /// Waits for a question; returns the output since the last one.
    fn asked(&mut self) -> String {
        self.until("[y,n,a,q,e,?]?")
    }

    fn until(&mut self, words: &str) -> String {
        while !self.seen.contains(words) {
            match self.output.recv_timeout(Duration::from_secs(20)) {
                Ok(more) => self.seen += &more,
                Err(error) => panic!("{words} was not printed ({error}) after: {}", self.seen),
            }
        }
        std::mem::take(&mut self.seen)
    }

    fn answer(&mut self, answer: &str) {
        self.master.write_all(answer.as_bytes()).expect("it reads");
    }

    /// Waits until the program ends; returns its exit status and the file.
    fn ends(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        (status.code(), fs::read_to_string(self.folder.path().join("Dockerfile")).expect("a file"))
    }
}

const FILES: &[(&str, &str)] = &[("Dockerfile", NAIVE)];

#[test]
fn each_fix_is_asked_about_and_only_what_is_wanted_is_written() {
    let mut session = Session::start(FILES, "false");
    let first = session.asked();
    assert!(first.contains("Dockerfile:2:1: avoid-package-caches: pass --no-cache-dir to pip"), "{first}");
    assert!(first.contains("\u{1b}[1;7m"), "the words that changed are marked: {first}");
    session.answer("n\n");
    // Instead, pip's cache could be emptied.
    let second = session.asked();
    assert!(second.contains("Dockerfile:2:1: clean-package-caches"), "{second}");
    session.answer("n\n");
    assert!(session.asked().contains("Dockerfile:3:1: clean-package-caches"));
    session.answer("y\n");
    assert!(session.asked().contains("Dockerfile:4:1: clean-package-caches"));
    session.answer("n\n");
    session.until("1 file changed (1 fix)");
    let (code, text) = session.ends();
    assert_eq!(code, Some(0));
    assert_eq!(
        text,
        NAIVE.replace("install -y curl", "install -y curl \\\n    && rm -rf /var/lib/apt/lists/*")
    );
}

#[test]
fn all_takes_the_rest_of_the_file() {
    let mut session = Session::start(FILES, "false");
    session.asked();
    session.answer("a\n");
    session.until("1 file changed (3 fixes)");
    let (_, text) = session.ends();
    assert!(
        text.contains("--no-cache-dir") && text.contains("apt/lists") && text.contains("yum clean all"),
        "{text}"
    );
}

#[test]
fn quitting_and_the_end_of_input_keep_what_was_wanted_so_far() {
    for end in ["q\n", "\u{4}"] {
        let mut session = Session::start(FILES, "false");
        session.asked();
        session.answer("y\n");
        session.asked();
        session.answer(end);
        let (code, text) = session.ends();
        assert_eq!(code, Some(0));
        assert_eq!(text, NAIVE.replace("pip install", "pip install --no-cache-dir"));
    }
}

#[test]
fn a_question_mark_explains_and_asks_again() {
    let mut session = Session::start(FILES, "false");
    session.asked();
    session.answer("?\n");
    let explained = session.asked();
    assert!(explained.contains("q - quit"), "{explained}");
    assert!(explained.contains("`jettison explain avoid-package-caches` says more"), "{explained}");
    session.answer("nonsense\n");
    assert!(session.asked().contains("q - quit"));
    session.answer("q\n");
    assert_eq!(session.ends().1, NAIVE);
}

#[test]
fn an_editor_gets_no_token() {
    let mut session = Session::start(FILES, "sed -i \"s/--no-cache-dir/--quiet=${GITHUB_TOKEN:-none}/\"");
    session.asked();
    session.answer("e\n");
    session.asked();
    session.answer("q\n");
    assert_eq!(session.ends().1, NAIVE.replace("pip install", "pip install --quiet=none"));
}

/// Escape sequences in a Dockerfile are shown and have no effect on the terminal.
#[test]
fn escape_sequences_are_shown() {
    let text = NAIVE.replace("pip install", "pip install '\u{1b}[2J' ");
    let mut session = Session::start(&[("Dockerfile", &text)], "false");
    let asked = session.asked();
    assert!(asked.contains("\\u{1b}[2J") && !asked.contains("\u{1b}[2J"), "{asked:?}");
    session.answer("q\n");
    assert_eq!(session.ends().1, text);
}

#[test]
fn a_fix_can_be_edited() {
    let mut session = Session::start(FILES, "sed -i s/--no-cache-dir/--no-cache-dir --quiet/");
    session.asked();
    // A shell splits the variable, so this command is invalid and fails.
    session.answer("e\n");
    session.until("the editor exited with an error");
    session.answer("q\n");
    assert_eq!(session.ends().1, NAIVE);
    let mut session = Session::start(FILES, "sed -i 's/--no-cache-dir/--no-cache-dir --quiet/'");
    session.asked();
    session.answer("e\n");
    let next = session.asked();
    assert!(next.contains("Dockerfile:3:1"), "{next}");
    session.answer("q\n");
    assert_eq!(session.ends().1, NAIVE.replace("pip install", "pip install --no-cache-dir --quiet"));
}

#[test]
fn what_no_longer_parses_is_not_taken_over() {
    let mut session = Session::start(FILES, "sed -i 's/^RUN/RUNN/'");
    session.asked();
    session.answer("e\n");
    session.asked();
    session.answer("q\n");
    let said = session.until("rolled back by a check");
    assert!(said.contains("no longer parses"), "{said}");
    assert_eq!(session.ends().1, NAIVE);
}

#[test]
fn an_interrupt_leaves_the_file_and_the_terminal_as_they_were() {
    let mut session = Session::start(FILES, "false");
    let before = tcgetattr(&session.slave).expect("a terminal");
    session.asked();
    session.answer("y\n");
    session.asked();
    session.answer("\u{3}");
    let status = session.child.wait().expect("it ends");
    assert!(!status.success());
    assert_eq!(tcgetattr(&session.slave).expect("a terminal"), before);
    assert_eq!(fs::read_to_string(session.folder.path().join("Dockerfile")).expect("a file"), NAIVE);
}

#[test]
fn without_a_terminal_it_is_an_error() {
    let folder = folder(FILES);
    let output = Command::new(support::jettison())
        .args(["fix", "--interactive"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs a terminal"));
}

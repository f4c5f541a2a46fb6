//! Runs of `fix --write` that are killed at a random moment: no file is lost or half written, and
//! the next run removes all temporary files. `JETTISON_KILLS` sets the number of runs.

#![cfg(unix)]

#[path = "differential/random.rs"]
#[allow(dead_code)]
mod random;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use random::Random;

/// The number of killed runs without `JETTISON_KILLS`.
const KILLS: usize = 40;
/// The number of projects in one run.
const PROJECTS: usize = 12;

/// The files of a folder by path.
type Tree = BTreeMap<String, String>;

/// Projects in which a run changes the Dockerfile, and creates or changes the ignore file.
fn projects() -> Tree {
    let mut tree = Tree::new();
    for number in 0..PROJECTS {
        let mut put = |path: &str, text: &str| tree.insert(format!("p{number}/{path}"), text.to_owned());
        let install = "RUN apt-get update && apt-get install -y curl\n";
        let name = if number % 3 == 2 { "docker/Dockerfile" } else { "Dockerfile" };
        put(
            name,
            &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\n{install}CMD [\"python\", \"main.py\"]\n"),
        );
        put("main.py", "print()\n");
        put("__pycache__/main.pyc", &"x".repeat(120_000));
        put(".git/HEAD", "ref: refs/heads/main\n");
        if number % 3 == 1 {
            put(".dockerignore", "*.log\n");
        }
        if number % 3 == 2 {
            put(
                "compose.yaml",
                "services:\n  a:\n    build:\n      context: .\n      dockerfile: docker/Dockerfile\n",
            );
        }
    }
    tree
}

fn write(tree: &Tree, folder: &Path) {
    for (path, text) in tree {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("writable");
    }
}

fn read(folder: &Path) -> Tree {
    let mut found = Tree::new();
    let mut left = vec![folder.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let inner = path.strip_prefix(folder).expect("inside").to_str().expect("UTF-8").to_owned();
                found.insert(inner, fs::read_to_string(&path).expect("readable"));
            }
        }
    }
    found
}

/// Runs over all projects; given a moment and a signal, kills the run at that moment.
fn run(folder: &Path, end: Option<(Duration, Signal)>) -> ExitStatus {
    let mut child = Command::new(support::jettison())
        .args(["fix", "--write", "--unsafe", "--quiet", "."])
        .current_dir(folder)
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    if let Some((moment, signal)) = end {
        std::thread::sleep(moment);
        let process = Pid::from_raw(i32::try_from(child.id()).expect("a number of a process"));
        kill(process, signal).expect("it has not been waited for");
    }
    child.wait().expect("it ends")
}

#[test]
fn killed_runs_lose_nothing() {
    let kills = std::env::var("JETTISON_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let old = projects();
    let folder = tempfile::tempdir().expect("a temporary directory");
    write(&old, folder.path());
    let start = Instant::now();
    assert!(run(folder.path(), None).success());
    let most = u64::try_from(start.elapsed().as_micros()).expect("a moment");
    let new = read(folder.path());
    let changed = new.keys().filter(|path| old.get(*path) != new.get(*path)).count();
    assert_eq!(changed, 2 * PROJECTS, "each Dockerfile and ignore file");
    let (mut random, mut killed, mut between, mut left) = (Random::new(1), 0, 0, 0);
    for _ in 0..kills {
        let folder = tempfile::tempdir().expect("a temporary directory");
        write(&old, folder.path());
        let moment = Duration::from_micros(random.below(usize::try_from(most).expect("a moment")) as u64);
        let signal = if random.chance(70) { Signal::SIGKILL } else { Signal::SIGTERM };
        let status = run(folder.path(), Some((moment, signal)));
        killed += usize::from(status.signal().is_some());
        let now = read(folder.path());
        for path in old.keys() {
            assert!(now.contains_key(path), "{path} is lost");
        }
        let mut written = 0;
        for (path, text) in &now {
            if path.rsplit('/').next().is_some_and(|name| name.starts_with(".jettison-")) {
                left += 1;
                continue;
            }
            assert!(old.get(path) == Some(text) || new.get(path) == Some(text), "{path}: {text:?}");
            written += usize::from(old.get(path) != Some(text));
            // The ignore file is written first: without it, the new Dockerfile might copy more.
            if path.ends_with("Dockerfile") && old.get(path) != Some(text) {
                let project = path.split('/').next().unwrap_or_default();
                let ignore = format!("{project}/.dockerignore");
                assert_eq!(now.get(&ignore), new.get(&ignore), "{path} is written before its ignore file");
            }
        }
        between += usize::from(written > 0 && written < 2 * PROJECTS);
        assert!(run(folder.path(), None).success());
        assert_eq!(read(folder.path()), new, "the next run does the rest, and leaves no temporary file");
    }
    println!(
        "{kills} runs, {killed} killed, {between} between two writes, {left} temporary files left until the next run"
    );
}

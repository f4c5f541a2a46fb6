//! Hostile files next to a Dockerfile: each one costs at most a moment and is refused with a clear
//! message, and other files are still fixed.

#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::folder;

const DOCKERFILE: &str = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN pnpm install\nRUN apt-get update && apt-get install -y curl\n";

/// Runs the program, and kills it after a time that is far more than it needs even on a busy
/// machine.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(support::jettison());
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let start = Instant::now();
    while child.try_wait().expect("a state").is_none() {
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().expect("it ends");
            panic!("{arguments:?} took too long");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("an output");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

/// Puts a file of an unexpected kind in the place of a text file.
fn put(path: &Path, kind: &str) {
    match kind {
        "a pipe" => pipe(path),
        "an endless device" => symlink("/dev/zero", path).expect("a link"),
        "a circle of links" => symlink(path, path).expect("a link"),
        "a folder" => fs::create_dir(path).expect("a folder"),
        "megabytes" => fs::write(path, "a*b*c*\n".repeat(400_000)).expect("a file"),
        "brackets" => fs::write(path, format!("services: {}", "[".repeat(200_000))).expect("a file"),
        "aliases" => {
            let text = format!("services: &a [{}]\nx: [{}]\n", "x,".repeat(50_000), "*a,".repeat(50_000));
            fs::write(path, text).expect("a file");
        }
        "a NUL" => fs::write(path, b"a: b\0\n").expect("a file"),
        "Latin-1" => fs::write(path, b"a: \xe9\n").expect("a file"),
        other => panic!("{other}"),
    }
}

const KINDS: &[&str] = &[
    "a pipe",
    "an endless device",
    "a circle of links",
    "a folder",
    "megabytes",
    "brackets",
    "aliases",
    "a NUL",
    "Latin-1",
];

#[test]
fn what_is_around_a_dockerfile_is_refused_and_the_rest_is_fixed() {
    for name in [
        ".dockerignore",
        "Dockerfile.dockerignore",
        "compose.yaml",
        "docker-bake.json",
        "package.json",
        "package-lock.json",
        "pnpm-workspace.yaml",
        "pnpm-lock.yaml",
        "requirements.txt",
    ] {
        for kind in KINDS {
            let folder = folder(&[("Dockerfile", DOCKERFILE)]);
            put(&folder.path().join(name), kind);
            let (code, said) = run(folder.path(), &["fix", "-v", "--unsafe", "Dockerfile"]);
            assert_eq!(code, Some(1), "{name} is {kind}: {said}");
            let matters = !name.starts_with(['p', 'r'])
                && !matches!(*kind, "brackets" | "aliases" if !name.ends_with("yaml") && !name.ends_with("json"));
            assert!(!matters || said.contains(name), "{name} is {kind}, not mentioned in: {said}");
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error() {
    for name in [".jettison.yaml", ".hadolint.yaml"] {
        // Jettison ignores hadolint's other keys, whatever their values.
        for kind in KINDS.iter().filter(|kind| name != ".hadolint.yaml" || **kind != "aliases") {
            let folder = folder(&[("a/Dockerfile", DOCKERFILE), ("b/Dockerfile", DOCKERFILE)]);
            put(&folder.path().join("a").join(name), kind);
            let (code, said) = run(folder.path(), &["fix", "--write", "."]);
            assert_eq!(code, Some(2), "{name} is {kind}: {said}");
            assert!(said.contains(&format!("error: a/{name}:")), "{name} is {kind}: {said}");
            let read = |path: &str| fs::read_to_string(folder.path().join(path)).expect("readable");
            assert_eq!(read("a/Dockerfile"), DOCKERFILE, "{name} is {kind}");
            assert_ne!(read("b/Dockerfile"), DOCKERFILE, "{name} is {kind}");
        }
    }
}

#[test]
fn a_search_does_not_wait_for_ignore_files() {
    for kind in ["a pipe", "an endless device", "megabytes"] {
        let folder = folder(&[("a/Dockerfile", DOCKERFILE), ("b/Dockerfile", DOCKERFILE)]);
        put(&folder.path().join("a/.gitignore"), kind);
        let (code, said) = run(folder.path(), &["fix", "--write", "."]);
        assert_eq!(code, Some(2), "{kind}: {said}");
        assert!(said.contains("a/.gitignore: not a regular file of at most"), "{kind}: {said}");
        assert_ne!(fs::read_to_string(folder.path().join("b/Dockerfile")).expect("readable"), DOCKERFILE);
    }
}

#[test]
fn patterns_that_repeat_stars_end() {
    let stars = format!("{}b", "*a".repeat(20));
    let long = "a".repeat(200);
    let manifest = format!(r#"{{ "workspaces": ["packages/{stars}"] }}"#);
    let member = format!("packages/{long}/package.json");
    let folder = folder(&[
        ("Dockerfile", DOCKERFILE),
        (".dockerignore", &format!(".git/{stars}\n{stars}\n")),
        ("package.json", &manifest),
        ("package-lock.json", "{}"),
        (&member, "{}"),
        (&long, ""),
    ]);
    assert_eq!(run(folder.path(), &["fix", "Dockerfile"]).0, Some(1));
}

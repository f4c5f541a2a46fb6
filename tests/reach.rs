//! Nothing in a checkout makes the program use files outside of it: symlinks, contexts of Compose
//! files, and configurations in other folders.

#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::{Command, Output};

use support::folder;

const NAIVE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
/// A Dockerfile that gets an ignore file if the context has large files that an install creates.
const NODE: &str = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"main.js\"]\n";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(support::jettison())
        .args(arguments)
        .current_dir(folder)
        .env("HOME", "/nonexistent")
        .output()
        .expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn read(folder: &tempfile::TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).expect("readable")
}

/// A project, with a context in a folder outside of it.
fn project(compose: &str) -> tempfile::TempDir {
    let large = "x".repeat(200_000);
    let folder = folder(&[
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("node_modules/a/index.js", &large),
        ("work/repo/compose.yaml", compose),
        ("work/repo/svc/Dockerfile", NODE),
        ("work/repo/package.json", "{}"),
        ("work/repo/package-lock.json", "{}"),
        ("work/repo/node_modules/a/index.js", &large),
    ]);
    fs::create_dir(folder.path().join("work/repo/.git")).expect("a directory");
    folder
}

fn compose(context: &str, dockerfile: &str) -> String {
    format!("services:\n  a:\n    build:\n      context: {context}\n      dockerfile: {dockerfile}\n")
}

#[test]
fn a_context_outside_of_the_repository_is_not_looked_at() {
    let folder = project(&compose("../..", "work/repo/svc/Dockerfile"));
    let output = run(&folder.path().join("work/repo"), &["fix", "--unsafe", "--write", "-v", "svc"]);
    assert!(!folder.path().join(".dockerignore").exists(), "{}", said(&output));
    assert!(said(&output).contains("which is outside of"), "{}", said(&output));
    // The same context is used if it is in the repository.
    let folder = project(&compose(".", "svc/Dockerfile"));
    let output = run(&folder.path().join("work/repo"), &["fix", "--unsafe", "--write", "-v", "svc"]);
    assert!(folder.path().join("work/repo/.dockerignore").exists(), "{}", said(&output));
}

#[test]
fn a_context_outside_of_the_current_directory_is_not_looked_at_without_a_repository() {
    let folder = project(&compose("../..", "work/repo/svc/Dockerfile"));
    fs::remove_dir(folder.path().join("work/repo/.git")).expect("it is there");
    let output = run(&folder.path().join("work/repo"), &["fix", "--unsafe", "--write", "-v", "svc"]);
    assert!(!folder.path().join(".dockerignore").exists(), "{}", said(&output));
    assert!(said(&output).contains("which is outside of"), "{}", said(&output));
    let output = run(folder.path(), &["fix", "--unsafe", "--write", "-v", "work/repo/svc"]);
    assert!(folder.path().join(".dockerignore").exists(), "{}", said(&output));
}

#[test]
fn an_ignore_file_that_is_a_link_out_of_the_repository_is_not_written() {
    for name in [".dockerignore", "svc/Dockerfile.dockerignore"] {
        let folder = project(&compose(".", "svc/Dockerfile"));
        fs::write(folder.path().join("outside"), "*.log\n").expect("writable");
        symlink(folder.path().join("outside"), folder.path().join("work/repo").join(name)).expect("a link");
        let output = run(&folder.path().join("work/repo"), &["fix", "--unsafe", "--write", "-v", "svc"]);
        assert_eq!(read(&folder, "outside"), "*.log\n", "{name}: {}", said(&output));
        assert!(said(&output).contains("leads out of"), "{name}: {}", said(&output));
    }
}

#[test]
fn a_link_into_git_is_not_followed_by_a_search() {
    let folder = folder(&[
        ("Dockerfile", NAIVE),
        (".git/config", "[http]\n\textraheader = AUTHORIZATION: basic secret\n"),
        (".git/Dockerfile", NAIVE),
    ]);
    symlink(".git/config", folder.path().join("Dockerfile.a")).expect("a link");
    symlink(".git/Dockerfile", folder.path().join("Dockerfile.b")).expect("a link");
    for arguments in [&["fix", "--write", "."][..], &["fix", "--format", "github", "."]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(!said(&output).contains("secret"), "{}", said(&output));
    }
    assert_eq!(read(&folder, ".git/Dockerfile"), NAIVE);
}

#[test]
fn a_file_without_an_instruction_is_not_shown() {
    let folder = folder(&[("notes", "password = secret\n"), ("Dockerfile", NAIVE)]);
    symlink("notes", folder.path().join("Dockerfile.a")).expect("a link");
    let output = run(folder.path(), &["fix", "."]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("notes: has no instructions"), "{}", said(&output));
    assert!(!said(&output).contains("secret"), "{}", said(&output));
}

#[test]
fn a_configuration_above_the_repository_does_not_count() {
    let counts = |said: &str| said.contains("[unsafe]") || !said.contains("clean-package-caches");
    for (name, text) in [(".jettison.yaml", "unsafe: true\n"), (".hadolint.yaml", "ignored: [DL3009]\n")] {
        let folder = folder(&[("repo/svc/Dockerfile", NAIVE), (name, text)]);
        let repo = folder.path().join("repo");
        let check = || said(&run(&repo, &["fix", "--check", "svc"]));
        assert!(counts(&check()), "{name}: {}", check());
        fs::create_dir(repo.join(".git")).expect("a directory");
        assert!(!counts(&check()), "{name}: {}", check());
        fs::rename(folder.path().join(name), repo.join(name)).expect("it is there");
        assert!(counts(&check()), "{name}: {}", check());
    }
}

#[test]
fn the_users_own_configuration_counts_where_there_is_no_nearer_one() {
    let folder = folder(&[("home/.jettison.yaml", "unsafe: true\n"), ("repo/Dockerfile", NAIVE)]);
    fs::create_dir(folder.path().join("repo/.git")).expect("a directory");
    let home = folder.path().join("home");
    let run = || {
        let mut command = Command::new(support::jettison());
        command.args(["fix", "--check"]).current_dir(folder.path().join("repo")).env("HOME", &home);
        said(&command.output().expect("the program starts"))
    };
    assert!(run().contains("[unsafe]"));
    fs::write(folder.path().join("repo/.jettison.yaml"), "caches: clean\n").expect("writable");
    assert!(!run().contains("[unsafe]"));
}

#[test]
fn a_configuration_of_another_user_does_not_count() {
    let folder = folder(&[("sub/Dockerfile", NAIVE), (".jettison.yaml", "unsafe: true\n")]);
    let check = || said(&run(&folder.path().join("sub"), &["fix", "--check"]));
    assert!(check().contains("[unsafe]"));
    if chown(folder.path().join(".jettison.yaml"), Some(12_345), None).is_err() {
        return support::skip(
            "a_configuration_of_another_user_does_not_count",
            "only root can change the owner of a file",
        );
    }
    assert!(!check().contains("[unsafe]"));
    // A configuration counts if it belongs to the same user as the folder.
    chown(folder.path().join("sub"), Some(12_345), None).expect("it worked before");
    assert!(check().contains("[unsafe]"));
}

#[test]
fn a_configuration_that_is_a_link_out_of_the_repository_is_not_shown() {
    let folder = folder(&[("secret.json", "{\"auths\": \"secret\"}"), ("repo/Dockerfile", NAIVE)]);
    symlink("../secret.json", folder.path().join("repo/.jettison.yaml")).expect("a link");
    for has_repository in [false, true] {
        if has_repository {
            fs::create_dir(folder.path().join("repo/.git")).expect("a directory");
        }
        let output = run(&folder.path().join("repo"), &["fix"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        let said = said(&output);
        assert!(said.contains("leads out of") && !said.contains("auths"), "{said}");
    }
}

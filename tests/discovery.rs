//! Which files the program works on: what a search passes over, symbolic links, and files that say that they are generated.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::folder;

const APT: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(support::jettison())
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn folders_of_tests_are_passed_over_unless_they_are_named() {
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\n"),
        ("pkg/testdata/Dockerfile", APT),
        ("tests/a/Dockerfile", APT),
        ("tests/b/Dockerfile", APT),
    ]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("", Some(0)));
    let said = text(&output.stderr);
    assert!(
        said.starts_with("skipped 3 Dockerfiles in folders of tests and of other projects (testdata, tests); name such a folder or file, or set `search: all`, to include them\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 2, "{said}");
    for named in ["tests", "tests/a", "pkg/testdata/Dockerfile"] {
        let output = run(folder.path(), &["fix", named]);
        assert_eq!(output.status.code(), Some(1), "{named}");
        assert!(!text(&output.stderr).contains("skipped"), "{named}");
    }
    fs::write(folder.path().join(".jettison.yaml"), "search: all\n").expect("writable");
    let output = run(folder.path(), &["fix"]);
    assert!(text(&output.stderr).contains("3 files would change"), "{}", text(&output.stderr));
}

#[test]
fn a_file_counts_once_and_by_its_own_name() {
    let folder = folder(&[("images/base/Dockerfile", APT)]);
    std::os::unix::fs::symlink("images/base/Dockerfile", folder.path().join("Dockerfile")).expect("a link");
    std::os::unix::fs::symlink("images", folder.path().join("pictures")).expect("a link");
    for arguments in [&["fix"][..], &["fix", "Dockerfile"], &["fix", ".", "Dockerfile", "images"]] {
        let output = run(folder.path(), arguments);
        let diff = text(&output.stdout);
        assert_eq!(diff.matches("+++ ").count(), 1, "{diff}");
        assert!(diff.contains("+++ b/images/base/Dockerfile\n"), "{diff}");
        assert!(text(&output.stderr).contains("1 file would change"), "{}", text(&output.stderr));
        fs::write(folder.path().join("a.diff"), &diff).expect("writable");
        let applied =
            Command::new("git").args(["apply", "--check", "a.diff"]).current_dir(folder.path()).output();
        let applied = applied.expect("git");
        assert!(applied.status.success(), "{}", text(&applied.stderr));
    }
}

#[test]
fn a_link_out_of_the_searched_folder_is_not_followed() {
    let folder = folder(&[("outside/notes.txt", APT), ("project/Dockerfile", "FROM debian:12\n")]);
    std::os::unix::fs::symlink("../outside/notes.txt", folder.path().join("project/Dockerfile.x"))
        .expect("a link");
    assert_eq!(run(folder.path(), &["fix", "--write", "project"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("outside/notes.txt")).expect("readable"), APT);
}

#[test]
fn a_generated_file_is_left_alone() {
    let generated =
        format!("# This file was generated.\n# Please make your changes in Dockerfile.in.\n{APT}");
    let folder = folder(&[("Dockerfile", &generated)]);
    let output = run(folder.path(), &["fix", "--write", "-v", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("readable"), generated);
    let said = text(&output.stderr);
    assert!(said.contains("not done, because line 1 says that this file is not to be edited"), "{said}");
    fs::write(folder.path().join(".jettison.yaml"), "edit-generated: true\n").expect("writable");
    assert_eq!(run(folder.path(), &["fix", "Dockerfile"]).status.code(), Some(1));
}

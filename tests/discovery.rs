//! Which files the program works on: files that a search skips, symlinks, and files that are marked
//! as generated.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use support::folder;
use support::run::{NAIVE, git, run, stderr, stdout};

#[test]
fn folders_of_tests_are_passed_over_unless_they_are_named() {
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\n"),
        ("pkg/testdata/Dockerfile", NAIVE),
        ("tests/a/Dockerfile", NAIVE),
        ("tests/b/Dockerfile", NAIVE),
    ]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)));
    let said = stderr(&output);
    assert!(
        said.starts_with("skipped 3 Dockerfiles in directories of tests and of other projects (testdata, tests); to include them, name the directory or file, or set `search: all`\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 2, "{said}");
    for named in ["tests", "tests/a", "pkg/testdata/Dockerfile"] {
        let output = run(folder.path(), &["fix", named]);
        assert_eq!(output.status.code(), Some(1), "{named}");
        assert!(!stderr(&output).contains("skipped"), "{named}");
    }
    fs::write(folder.path().join(".jettison.yaml"), "search: all\n").expect("writable");
    let output = run(folder.path(), &["fix"]);
    assert!(stderr(&output).contains("3 files would change"), "{}", stderr(&output));
}

#[test]
fn a_file_counts_once_and_by_its_own_name() {
    if !support::has_programs("a_file_counts_once_and_by_its_own_name", &["git"]) {
        return;
    }
    let folder = folder(&[("images/base/Dockerfile", NAIVE)]);
    symlink("images/base/Dockerfile", folder.path().join("Dockerfile")).expect("a link");
    symlink("images", folder.path().join("pictures")).expect("a link");
    for arguments in [&["fix"][..], &["fix", "Dockerfile"], &["fix", ".", "Dockerfile", "images"]] {
        let output = run(folder.path(), arguments);
        let diff = stdout(&output);
        assert_eq!(diff.matches("+++ ").count(), 1, "{diff}");
        assert!(diff.contains("+++ b/images/base/Dockerfile\n"), "{diff}");
        assert!(stderr(&output).contains("1 file would change"), "{}", stderr(&output));
        fs::write(folder.path().join("a.diff"), &diff).expect("writable");
        git(folder.path(), &["apply", "--check", "a.diff"]);
    }
}

#[test]
fn a_link_out_of_the_searched_folder_is_not_followed() {
    let folder = folder(&[("outside/notes.txt", NAIVE), ("project/Dockerfile", "FROM debian:12\n")]);
    symlink("../outside/notes.txt", folder.path().join("project/Dockerfile.x")).expect("a link");
    assert_eq!(run(folder.path(), &["fix", "--write", "project"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("outside/notes.txt")).expect("readable"), NAIVE);
}

#[test]
fn a_generated_file_is_left_alone() {
    let generated =
        format!("# This file was generated.\n# Please make your changes in Dockerfile.in.\n{NAIVE}");
    let folder = folder(&[("Dockerfile", &generated)]);
    let output = run(folder.path(), &["fix", "--write", "-v", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("readable"), generated);
    let said = stderr(&output);
    assert!(said.contains("not done, because line 1 says that this file is not to be edited"), "{said}");
    fs::write(folder.path().join(".jettison.yaml"), "edit-generated: true\n").expect("writable");
    assert_eq!(run(folder.path(), &["fix", "Dockerfile"]).status.code(), Some(1));
}

//! The output in the README is the real output of the program.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;

use support::run::{run, stderr, stdout};

#[test]
fn the_example_in_the_readme_is_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("readable");
    let command = "$ cargo run --release --no-default-features -- fix examples/flask\n";
    let (_, rest) = readme.split_once(command).expect("the first command");
    let shown = rest.split("```").next().expect("the end of the block");
    let output = run(root, &["fix", "examples/flask"]);
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(shown, said);
}

#[test]
fn every_example_has_something_to_gain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = stdout(&run(root, &["fix", "-q", "--check", "examples"]));
    for entry in fs::read_dir(root.join("examples")).expect("readable") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            // A Compose application has its Dockerfiles one level down.
            let path = format!("examples/{}/", entry.file_name().to_string_lossy());
            assert!(said.contains(&path), "{path} has nothing to fix");
        }
    }
}

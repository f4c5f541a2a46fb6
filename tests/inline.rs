//! Inline Dockerfiles of Compose files (`dockerfile_inline`): what is read, where findings are, and
//! that nothing else in the file changes.

mod support;

use std::fs;

use serde_json::Value;
use support::folder;
use support::run::{code, git, read, run, run_with_input, stderr, stdout};

/// A Compose file with one thing to fix, in line 7.
const NAIVE: &str = "\
# A project.
services:
  web:
    build:
      dockerfile_inline: |
        FROM debian:12
        RUN apt-get update && apt-get install -y curl
    ports: [ '80:80' ]   # kept
";
const FIXED: &str = "\
# A project.
services:
  web:
    build:
      dockerfile_inline: |
        FROM debian:12
        RUN apt-get update && apt-get install -y curl \\
            && rm -rf /var/lib/apt/lists/*
    ports: [ '80:80' ]   # kept
";

/// The text after `fix --write`, which a second run does not change.
fn fixed(text: &str) -> String {
    let folder = folder(&[("compose.yaml", text)]);
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 0, "{text}\n{}", stderr(&output));
    let new = read(&folder, "compose.yaml");
    let output = run(folder.path(), &["fix"]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()), "{new}\n{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.starts_with("nothing to change\n") && !said.contains("--verify"), "{new}\n{said}");
    new
}

/// What `fix` says about a file that it does not change.
fn left(text: &str) -> String {
    let folder = folder(&[("compose.yaml", text)]);
    let output = run(folder.path(), &["fix", "--write", "compose.yaml"]);
    assert_eq!(read(&folder, "compose.yaml"), text);
    stderr(&output)
}

#[test]
fn findings_have_their_places_in_the_compose_file() {
    let folder = folder(&[("a/compose.yaml", NAIVE)]);
    for arguments in [&["check"][..], &["check", "a/compose.yaml"], &["check", "a"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        assert_eq!(
            stdout(&output),
            "a/compose.yaml:7:9: clean-package-caches: delete apt-get's cache in the RUN that fills it\n"
        );
    }
    let full = stdout(&run(folder.path(), &["check", "--format", "full"]));
    assert!(
        full.contains(
            " --> a/compose.yaml:7:9\n  |\n7 |         RUN apt-get update && apt-get install -y curl\n"
        ),
        "{full}"
    );
    let github = stdout(&run(folder.path(), &["check", "--format", "github"]));
    assert!(github.starts_with("::notice file=a/compose.yaml,line=7,col=9,"), "{github}");
    let sarif: Value =
        serde_json::from_str(&stdout(&run(folder.path(), &["check", "--format", "sarif"]))).expect("JSON");
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a/compose.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&7.into(), &9.into()));
    let change = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["deletedRegion"]["startLine"], 7);
    assert_eq!(code(&run(&folder.path().join("a"), &[])), 1, "the overview");
}

#[test]
fn the_diff_applies_and_only_lines_of_the_block_change() {
    assert_eq!(fixed(NAIVE), FIXED);
    if !support::has_programs("the_diff_applies_and_only_lines_of_the_block_change", &["git"]) {
        return;
    }
    let folder = folder(&[("a/compose.yaml", NAIVE), ("a/b.txt", "")]);
    git(folder.path(), &["init", "-q"]);
    let diff = stdout(&run(&folder.path().join("a"), &["diff"]));
    assert!(diff.contains("+++ b/a/compose.yaml\n"), "{diff}");
    fs::write(folder.path().join("a.diff"), diff).expect("writable");
    git(folder.path(), &["apply", "a.diff"]);
    assert_eq!(read(&folder, "a/compose.yaml"), FIXED);
}

#[test]
fn blocks_of_all_forms_are_kept() {
    let block = |header: &str, lines: &str, rest: &str| {
        format!("services:\n  web:\n    build:\n      dockerfile_inline: {header}\n{lines}{rest}")
    };
    let naive = "        FROM debian:12\n\n        # A tool.\n        RUN apt-get update && apt-get install -y curl\n";
    let fixed_lines = naive.replace(" curl\n", " curl \\\n            && rm -rf /var/lib/apt/lists/*\n");
    for header in ["|", "|-", "|+", "|2", "|2-", "| # a comment", "!!str |", "&unused |"] {
        for rest in
            ["", "    image: web\n", "\n\n  # a comment\n  db: {image: postgres}\n", "      # a comment\n"]
        {
            // The indicator counts from the indentation of the key.
            let text = block(header, naive, rest);
            assert_eq!(fixed(&text), block(header, &fixed_lines, rest));
            let text = text.replace('\n', "\r\n");
            assert_eq!(fixed(&text), block(header, &fixed_lines, rest).replace('\n', "\r\n"));
            let text = format!("\u{feff}{}", block(header, naive, rest));
            assert_eq!(fixed(&text), format!("\u{feff}{}", block(header, &fixed_lines, rest)));
        }
        // No line break at the end.
        let text = block(header, naive.trim_end(), "");
        assert_eq!(fixed(&text), block(header, fixed_lines.trim_end(), ""));
    }
    // Tabs after the indentation, blanks in an empty line, and a key in quotes.
    let odd = naive.replace("RUN apt", "RUN\tapt").replace("\n\n", "\n   \n");
    let new = fixed(&block("|", &odd, "").replace("build:", "\"build\":"));
    assert!(new.contains("12\n   \n        # A tool.\n        RUN\tapt-get update"), "{new}");
    assert!(new.contains("\n      \"build\":") || new.contains("    \"build\":\n"), "{new}");
}

#[test]
fn an_indentation_indicator_may_leave_blanks_in_the_text() {
    let text = "services:\n  web:\n    build:\n      dockerfile_inline: |1\n         FROM debian:12\n         RUN apt-get update && apt-get install -y curl\n";
    let new = fixed(text);
    assert!(new.starts_with(text.trim_end()), "{new}");
    assert_eq!(new.lines().count(), text.lines().count() + 1, "{new}");
}

#[test]
fn all_services_of_a_file_are_fixed_together() {
    let mut naive = String::from("services:\n");
    for n in 0..3 {
        naive += &format!(
            "  web{n}:\n    image: 'web{n}'\n    build:\n      dockerfile_inline: |\n        FROM debian:12\n        RUN apt-get update && apt-get install -y curl\n      context: .\n\n"
        );
    }
    naive += "  other: {build: other}\n";
    let expected = naive.replace("-y curl\n", "-y curl \\\n            && rm -rf /var/lib/apt/lists/*\n");
    assert_eq!(fixed(&naive), expected);
    let folder = folder(&[("compose.yaml", &naive)]);
    let output = run(folder.path(), &["check"]);
    let places: Vec<String> =
        stdout(&output).lines().filter_map(|line| line.split(": ").next().map(str::to_owned)).collect();
    assert_eq!(places, ["compose.yaml:7:9", "compose.yaml:15:9", "compose.yaml:23:9"]);
    // Edits as JSON.
    fs::write(folder.path().join("edits.json"), stdout(&run(folder.path(), &["fix", "--format", "json"])))
        .expect("writable");
    let output = run(folder.path(), &["apply", "edits.json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(read(&folder, "compose.yaml"), expected);
}

#[test]
fn edits_from_elsewhere_change_only_inline_dockerfiles() {
    let folder = folder(&[("compose.yaml", NAIVE)]);
    let document = stdout(&run(folder.path(), &["fix", "--format", "json"]));
    let mut document: Value = serde_json::from_str(&document).expect("JSON");
    let file = &mut document["files"][0];
    let at = NAIVE.find("    ports").expect("it is there");
    let edits = file["edits"].as_array_mut().expect("edits");
    edits.push(serde_json::json!({ "start": at, "end": at, "replacement": "    privileged: true\n" }));
    file.as_object_mut().expect("an object").remove("result_sha256");
    fs::write(folder.path().join("edits.json"), document.to_string()).expect("writable");
    let output = run(folder.path(), &["apply", "edits.json"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("the edits change more than its inline Dockerfiles"),
        "{}",
        stderr(&output)
    );
    assert_eq!(read(&folder, "compose.yaml"), NAIVE);
}

#[test]
fn dollar_signs_are_written_as_compose_reads_them() {
    let naive = NAIVE.replace("-y curl", "-y curl && echo \"$$HOME $${A:-b}\"");
    let new = fixed(&naive);
    assert!(new.contains("echo \"$$HOME $${A:-b}\" \\\n"), "{new}");
    // Compose keeps a dollar sign that starts no variable.
    let new = fixed(&NAIVE.replace("-y curl", "-y curl && echo $(date) \"$$HOME\""));
    assert!(new.contains("echo $(date) \"$$HOME\" \\\n"), "{new}");
    // Columns are those of the file.
    let folder = folder(&[(
        "compose.yaml",
        "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a\n        $$X b\n",
    )]);
    let said = stderr(&run(folder.path(), &["fix"]));
    assert!(
        said.starts_with("error: compose.yaml:6:9: unknown instruction `$X`\n  |         $$X b\n"),
        "{said}"
    );
}

#[test]
fn what_can_not_be_put_back_for_sure_is_refused_with_a_reason() {
    for (text, expected) in [
        (NAIVE.replace("debian:12", "debian:${TAG:-12}"), ":5:7: `web` is not fixed: Compose would substitute ${TAG:-12}; write $${TAG:-12} if the Dockerfile should see it"),
        (NAIVE.replace("-y curl", "-y $TOOL"), ":5:7: `web` is not fixed: Compose would substitute $TOOL; write $$TOOL if the Dockerfile should see it"),
        (NAIVE.replace('|', ">"), ":5:7: `web` is not fixed: write its Dockerfile as a block in the service (dockerfile_inline: |)"),
        ("services:\n  web:\n    build: {dockerfile_inline: \"FROM debian:12\\nRUN apt-get update\\n\"}\n".into(), ":2:3: `web` is not fixed: write its Dockerfile"),
        ("x-b: &b\n  dockerfile_inline: |\n    FROM a\nservices:\n  web:\n    build:\n      <<: *b\n      context: .\n".into(), ":5:3: `web` is not fixed: write its Dockerfile"),
        (NAIVE.replace("build:", "build: &b") + "  b: {build: *b}\n", ":5:7: `web` is not fixed: its Dockerfile is used again by *b; move it to a file"),
        (NAIVE.to_owned() + "  b:\n    extends: {service: web}\n    build: {context: b}\n", ":5:7: `web` is not fixed: extends changes its build"),
        (NAIVE.replace("update", "update\u{2028}        RUN a"), ":5:7: `web` is not fixed: it is unclear where its Dockerfile ends; move it to a file"),
    ] {
        let said = left(&text);
        assert!(said.starts_with(&format!("warning: compose.yaml{expected}")), "{text}\n{said}");
        assert!(said.contains("\n  | "), "{said}");
    }
    // The other services are fixed.
    let two = NAIVE.to_owned() + "  b: {build: {dockerfile_inline: FROM a}}\n";
    let folder = folder(&[("compose.yaml", &two)]);
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 0);
    assert_eq!(
        read(&folder, "compose.yaml"),
        FIXED.to_owned() + "  b: {build: {dockerfile_inline: FROM a}}\n"
    );
}

#[test]
fn mistakes_have_their_places_in_the_compose_file() {
    for (text, expected) in [
        (
            NAIVE.replace("RUN apt", "RNU apt"),
            "7:9: unknown instruction `RNU`; did you mean `RUN`?\n  |         RNU apt-get",
        ),
        (
            NAIVE.replace(" && apt-get", "\n          apt-get"),
            "8:11: unknown instruction `apt-get`; is a line continuation missing at the end of line 7?\n",
        ),
        (
            NAIVE.replace("      dockerfile_inline", "      dockerfile: Dockerfile\n      dockerfile_inline"),
            "6:7: service `web` has both dockerfile and dockerfile_inline, which Compose rejects; remove one\n",
        ),
        (NAIVE.replace("ports: [", "ports: [["), "9:1: is not valid YAML: did not find expected"),
    ] {
        let said = left(&text);
        assert!(said.starts_with(&format!("error: compose.yaml:{expected}")), "{text}\n{said}");
    }
    let folder = folder(&[("compose.yaml", &NAIVE.replace("RUN apt", "RNU apt"))]);
    let output = run(folder.path(), &["check", "--format", "github"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).starts_with("::error file=compose.yaml,line=7,col=9,"), "{}", stdout(&output));
    let json: Value =
        serde_json::from_str(&stdout(&run(folder.path(), &["fix", "--format", "json"]))).expect("JSON");
    assert_eq!((&json["files"][0]["error_line"], &json["files"][0]["error_column"]), (&7.into(), &9.into()));
}

/// A search reports a template that is not valid YAML and goes on.
#[test]
fn a_search_skips_files_that_are_not_yaml() {
    let folder =
        folder(&[("compose.yaml", &NAIVE.replace("[ '80", "{{ [")), ("Dockerfile", "FROM debian:12\n")]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!(code(&output), 0);
    let expected = "skipped the inline Dockerfiles of compose.yaml: the file is not valid YAML\n";
    assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
}

#[test]
fn here_documents_stay_in_the_block() {
    let text = "services:\n  web:\n    build:\n      dockerfile_inline: |\n        FROM debian:12\n        COPY <<EOF /etc/a.conf\n          key: value\n\n        # no comment\n        EOF\n        RUN apt-get update && apt-get install -y curl\n    command: [ \"true\" ]\n";
    let expected = text.replace("-y curl\n", "-y curl \\\n            && rm -rf /var/lib/apt/lists/*\n");
    assert_eq!(fixed(text), expected);
}

/// A project of npm with the packages that it needs.
const PROJECT: [(&str, &str); 4] = [
    ("api/package.json", r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "1.0.0"}}"#),
    (
        "api/package-lock.json",
        r#"{"name": "a", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "a", "version": "1.0.0", "dependencies": {"b": "1.0.0"}}, "node_modules/b": {"version": "1.0.0"}}}"#,
    ),
    ("api/index.js", "require('b')"),
    ("api/node_modules/b/index.js", ""),
];

/// A folder with a Compose file, and a project in `api`.
fn project(compose: &str) -> tempfile::TempDir {
    let mut files = vec![("compose.yaml", compose)];
    files.extend(PROJECT);
    folder(&files)
}

/// A service that is built in `api`.
fn service(name: &str, lines: &str) -> String {
    format!(
        "  {name}:\n    build:\n      context: ./api\n      dockerfile_inline: |\n        FROM node:22-slim\n        WORKDIR /app\n{lines}        CMD [\"node\", \"index.js\"]\n"
    )
}

const INSTALL: &str = "        COPY . .\n        RUN npm ci\n";

#[test]
fn the_context_is_that_of_the_service() {
    let folder = project(&format!("services:\n{}", service("api", INSTALL)));
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let new = read(&folder, "compose.yaml");
    let expected = "        COPY package.json package-lock.json ./\n        RUN npm ci \\\n            && npm cache clean --force\n        COPY . .\n";
    assert!(new.contains(expected), "{new}");
    assert!(read(&folder, "api/.dockerignore").contains("node_modules\n"), "{}", stderr(&output));
    assert!(!folder.path().join(".dockerignore").exists());
    let output = run(folder.path(), &["fix"]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()), "{}", stderr(&output));
}

/// What one inline Dockerfile copies stays in the context, although another one does not need it.
#[test]
fn the_ignore_file_respects_other_inline_dockerfiles() {
    let here = |text: &str| text.replace("./api", ".").replace("services:\n", "name: a\nservices:\n");
    let copies = service("b", "        COPY node_modules ./node_modules\n        COPY index.js .\n");
    let together = here(&format!("services:\n{}{copies}", service("a", INSTALL)));
    let alone = here(&format!("services:\n{}", service("a", INSTALL)));
    for (compose, is_ignored) in [(&alone, true), (&together, false)] {
        let files = PROJECT.map(|(path, text)| (path.strip_prefix("api/").expect("in api"), text));
        let folder = folder(&files);
        fs::write(folder.path().join("compose.yaml"), compose).expect("writable");
        let output = run(folder.path(), &["fix", "--write"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let ignored = fs::read_to_string(folder.path().join(".dockerignore")).unwrap_or_default();
        assert_eq!(ignored.contains("node_modules"), is_ignored, "{ignored}");
        let output = run(folder.path(), &["fix"]);
        assert_eq!((code(&output), stdout(&output)), (0, String::new()), "{}", stderr(&output));
    }
}

/// The context of these services does not contain the Compose file.
#[test]
fn services_share_the_ignore_file_of_another_directory() {
    let keeps = service("b", "        COPY node_modules ./node_modules\n        COPY index.js .\n");
    for (second, is_ignored) in [(service("b", INSTALL), true), (keeps, false)] {
        let folder = project(&format!("services:\n{}{second}", service("a", INSTALL)));
        let output = run(folder.path(), &["fix", "--write"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let ignored = fs::read_to_string(folder.path().join("api/.dockerignore")).unwrap_or_default();
        assert_eq!(ignored.contains("node_modules"), is_ignored, "{ignored}");
        let output = run(folder.path(), &["fix"]);
        assert_eq!((code(&output), stdout(&output)), (0, String::new()), "{}", stderr(&output));
    }
}

/// A run changes one ignore file for a Compose file, and says so.
#[test]
fn the_ignore_file_of_a_second_context_needs_a_second_run() {
    let second = service("b", INSTALL).replace("./api", "./web");
    let folder = project(&format!("services:\n{}{second}", service("a", INSTALL)));
    for (path, text) in PROJECT {
        let path = folder.path().join(path.replace("api/", "web/"));
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("writable");
    }
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains(": web/.dockerignore is not changed in this run; write"),
        "{}",
        stderr(&output)
    );
    run(folder.path(), &["fix", "--write"]);
    assert!(
        folder.path().join("api/.dockerignore").exists() && folder.path().join("web/.dockerignore").exists()
    );
    let output = run(folder.path(), &["fix"]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()), "{}", stderr(&output));
}

#[test]
fn the_context_of_a_service_is_known_or_is_not_used() {
    for (context, expected) in [
        (
            "${DIR}",
            "sets the build context ${DIR} of api, which is not a directory; name the context with --context",
        ),
        ("https://example.org/a.git", "which is not a directory"),
        ("../..", "which is outside of"),
        ("nowhere", "can't be read"),
    ] {
        let folder = project(&format!("services:\n{}", service("api", INSTALL)).replace("./api", context));
        fs::create_dir(folder.path().join(".git")).expect("a directory");
        let said = stderr(&run(folder.path(), &["fix", "-v"]));
        assert!(said.contains(expected), "{said}");
        let output = run(folder.path(), &["fix", "--context", "api"]);
        assert!(
            stdout(&output).contains("+        COPY package.json package-lock.json ./\n"),
            "{}",
            stdout(&output)
        );
    }
    let folder = project(&format!("services:\n{}", service("api", INSTALL)));
    fs::write(folder.path().join("compose.prod.yaml"), "services:\n  api: {build: .}\n").expect("writable");
    let said = stderr(&run(folder.path(), &["fix", "-v"]));
    assert!(said.contains("two build contexts are configured for api"), "{said}");
}

#[test]
fn options_that_need_a_dockerfile_say_so() {
    let folder = folder(&[("compose.yaml", NAIVE)]);
    let arguments = ["fix", "--stdin-filename", "compose.yaml", "-"];
    let output = run_with_input(folder.path(), &arguments, NAIVE.as_bytes());
    assert_eq!(code(&output), 2);
    assert_eq!(
        stderr(&output),
        "error: compose.yaml: is a Compose file; --stdin-filename works only with Dockerfiles: leave it out, or pass a Dockerfile\n"
    );
    let output = run(folder.path(), &["debug", "tree", "compose.yaml"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("compose.yaml: is a Compose file, not a Dockerfile"),
        "{}",
        stderr(&output)
    );
    assert_eq!(read(&folder, "compose.yaml"), NAIVE);
}

#[test]
fn generated_files_and_directories_of_tests_are_left_alone() {
    let generated = NAIVE.replace("# A project.", "# Generated by x. DO NOT EDIT.");
    let folder = folder(&[("compose.yaml", &generated), ("tests/compose.yaml", NAIVE)]);
    let output = run(folder.path(), &["fix", "-v"]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
    let said = stderr(&output);
    assert!(said.starts_with("skipped 1 Dockerfile in directories of tests"), "{said}");
    assert!(
        said.contains("compose.yaml:7:9: clean-package-caches: ") && said.contains("line 1 says"),
        "{said}"
    );
    assert_eq!(code(&run(folder.path(), &["fix", "tests"])), 1);
    fs::write(folder.path().join(".jettison.yaml"), "edit-generated: true\n").expect("writable");
    assert_eq!(code(&run(folder.path(), &["fix", "compose.yaml"])), 1);
    fs::write(folder.path().join(".jettison.yaml"), "exclude: [compose.yaml]\n").expect("writable");
    assert_eq!(code(&run(folder.path(), &["fix"])), 2, "nothing is left to fix");
}

#[test]
fn comments_suppress_fixes() {
    let text = NAIVE.replace("        RUN", "        # jettison: ignore=clean-package-caches\n        RUN");
    assert!(left(&text).contains("1 suppressed"), "{}", left(&text));
    let text = NAIVE.replace("        RUN", "        # jettison: ignore=nothing\n        RUN");
    let said = {
        let folder = folder(&[("compose.yaml", &text)]);
        stderr(&run(folder.path(), &["fix"]))
    };
    assert!(said.starts_with("warning: compose.yaml:7:"), "{said}");
}

#[test]
fn only_changed_instructions_are_fixed_with_since() {
    if !support::has_programs("only_changed_instructions_are_fixed_with_since", &["git"]) {
        return;
    }
    let folder = folder(&[("compose.yaml", NAIVE)]);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "a"]);
    let changed = NAIVE.replace("    ports", "    # new\n    ports");
    fs::write(folder.path().join("compose.yaml"), &changed).expect("writable");
    assert_eq!(code(&run(folder.path(), &["fix", "--since", "HEAD"])), 0);
    fs::write(folder.path().join("compose.yaml"), changed.replace("-y curl", "-y wget")).expect("writable");
    assert_eq!(code(&run(folder.path(), &["fix", "--since", "HEAD"])), 1);
}

#[test]
fn a_pull_request_has_one_commit_per_transform() {
    if !support::has_programs("a_pull_request_has_one_commit_per_transform", &["git"]) {
        return;
    }
    let service = |name: &str| {
        format!(
            "  {name}:\n    build:\n      dockerfile_inline: |\n        FROM debian:12\n        RUN apt-get update\n        RUN apt-get install -y curl\n"
        )
    };
    let text = format!("services:\n{}{}", service("a"), service("b"));
    let folder = folder(&[("compose.yaml", &text)]);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "a"]);
    let json: Value =
        serde_json::from_str(&stdout(&run(folder.path(), &["fix", "--format", "json"]))).expect("JSON");
    let steps = json["files"][0]["steps"].as_array().expect("steps");
    let transforms: Vec<&str> = steps.iter().filter_map(|step| step["transform"].as_str()).collect();
    assert_eq!(transforms.len(), 4, "{transforms:?}");
    assert!(transforms[0] == transforms[1] && transforms[2] == transforms[3], "{transforms:?}");
    let shown = run(folder.path(), &["pr", "--dry-run"]);
    assert!(matches!(code(&shown), 0 | 1), "{}", stderr(&shown));
    assert!(stdout(&shown).contains("    - compose.yaml:7: run `apt-get update` in the same RUN as the install\n    - compose.yaml:13: "), "{}", stdout(&shown));
}

#[cfg(unix)]
#[test]
fn a_file_that_can_not_be_written_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("compose.yaml", NAIVE)]);
    let path = folder.path().join("compose.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("possible");
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("error: compose.yaml: is read-only and was not changed"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("1 fix not applied"), "{}", stderr(&output));
    assert_eq!(read(&folder, "compose.yaml"), NAIVE);
}

#[test]
fn hostile_files_get_an_answer() {
    let block = "dockerfile_inline: |\n";
    let nested: String = (0..400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let many: String = (0..2000)
        .map(|n| format!("  s{n}:\n    build:\n      {block}        FROM a\n        RUN b\n"))
        .collect();
    for text in [
        format!("services:\n  a:\n    build:\n      {block}"),
        format!("services:\n  a:\n    build:\n      {block}\t\tFROM a\n"),
        format!("services:\n  a:\n    build:\n      {block}        FROM a\n       RUN b\n"),
        format!("services:\n  a:\n    build:\n      {block}           \n        FROM a\n"),
        format!("services:\n  a:\n    build:\n      {block}        FROM a\n---\nservices: {{}}\n"),
        "services:\n  a:\n    build:\n      dockerfile_inline: |9999999999\n        FROM a\n".to_owned(),
        format!("services:\n  a:\n    build:\n      dockerfile_inline: [1]\n  b: 1\n  c: [{block}]\n"),
        "services: &a\n  a: *a\n  dockerfile_inline: {}\n".to_owned(),
        "services: [{build: {dockerfile_inline: x}}]\n".to_owned(),
        format!("services:\n  a: !reset\n    build: !override\n      {block}        FROM a\n"),
        format!("services:\n  a:\n    build:\n      {block}        FROM a\n      {block}        FROM b\n"),
        format!(
            "services:\n  a:\n    image: \"x\n    build:\n      {block}        FROM a\n        \"\n    build: b\n"
        ),
        format!("{nested}# dockerfile_inline"),
        format!("services:\n{many}"),
        "services:\n  ? [a]\n  : {build: {dockerfile_inline: x}}\n".to_owned(),
    ] {
        let said = left(&text);
        assert!(!said.is_empty() && !said.contains("panicked"), "{said}");
    }
}

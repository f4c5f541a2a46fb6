//! The build context: which directory it is, which of its files affect a Dockerfile, and the ignore
//! file that Jettison writes.
#![cfg(unix)]

mod support;

use std::fs;

use support::folder;
use support::run::{git, read, run, run_with_input, text};

const NODE: &str =
    "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm cache clean --force\nRUN npm run build\n";
const PACKAGE: &str = r#"{ "dependencies": { "express": "4.21.2" }, "scripts": { "build": "tsc" } }"#;
const LOCK: &str =
    r#"{ "lockfileVersion": 3, "packages": { "": { "dependencies": { "express": "4.21.2" } } } }"#;
const MANIFESTS_FIRST: &str = "COPY package.json package-lock.json ./\nRUN npm ci && npm cache clean --force\nCOPY . .\nRUN npm run build\n";

#[test]
fn the_context_is_the_folder_of_the_dockerfile() {
    let folder =
        folder(&[("web/Dockerfile", NODE), ("web/package.json", PACKAGE), ("web/package-lock.json", LOCK)]);
    let output = run(folder.path(), &["fix", "--write", "web"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(read(&folder, "web/Dockerfile"), format!("FROM node:20\nWORKDIR /app\n{MANIFESTS_FIRST}"));
    assert_eq!(read(&folder, "web/.dockerignore"), "node_modules\n", "installed files are not sent");
}

#[test]
fn what_compose_files_and_supervisors_start_counts() {
    let fix = |files: &[(&str, &str)]| {
        let folder = folder(files);
        let output = run(folder.path(), &["fix", "--quiet", "--check", "api"]);
        output.status.code()
    };
    let apt = ("api/Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n");
    for (command, code) in [("apt-get install -y jq", 0), ("app", 1)] {
        let compose = format!("services: {{app: {{build: ./api, command: {command}}}}}\n");
        assert_eq!(fix(&[apt, ("compose.yaml", &compose)]), Some(code), "{command}, from above the context");
        assert_eq!(
            fix(&[apt, ("api/deploy/docker-compose.prod.yml", &compose.replace("./api", ".."))]),
            Some(code),
            "{command}, from a folder in the context"
        );
        let supervised = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nCOPY conf/supervisor /etc/supervisor/conf.d\n";
        let program = format!("[program:app]\ncommand={command}\n");
        assert_eq!(
            fix(&[("api/Dockerfile", supervised), ("api/conf/supervisor/app.conf", &program)]),
            Some(code),
            "{command}, by a supervisor"
        );
    }
}

#[test]
fn the_command_line_names_another_one() {
    let folder =
        folder(&[("docker/Dockerfile", NODE), ("package.json", PACKAGE), ("package-lock.json", LOCK)]);
    assert_eq!(
        run(folder.path(), &["fix", "--quiet", "docker"]).status.code(),
        Some(0),
        "its own folder has no manifests"
    );
    let output = run(folder.path(), &["fix", "--quiet", "--context", ".", "docker"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("+COPY package.json package-lock.json ./\n"),
        "{}",
        text(&output.stdout)
    );
    let output = run(folder.path(), &["fix", "--context", "nowhere", "docker"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: --context nowhere: no such directory; pass the directory that `docker build` gets\n"
    );
    let output = run(folder.path(), &["fix", "--context", "package.json", "docker"]);
    assert!(text(&output.stderr).contains("is not a directory"), "{}", text(&output.stderr));
}

#[test]
fn a_compose_file_names_it() {
    let compose = "services:\n  web:\n    build:\n      context: .\n      dockerfile: docker/Dockerfile\n";
    let files = [
        ("docker/Dockerfile", NODE),
        ("package.json", PACKAGE),
        ("package-lock.json", LOCK),
        ("compose.yaml", compose),
    ];
    let output = run(folder(&files).path(), &["fix", "--quiet", "docker/Dockerfile"]);
    assert!(
        text(&output.stdout).contains("+COPY package.json package-lock.json ./\n"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn two_contexts_are_none() {
    let compose = "services:\n  a:\n    build: { context: ., dockerfile: docker/Dockerfile }\n  b:\n    build: docker\n";
    let files = [
        ("docker/Dockerfile", NODE),
        ("package.json", PACKAGE),
        ("package-lock.json", LOCK),
        ("compose.yaml", compose),
    ];
    let output = run(folder(&files).path(), &["fix", "--quiet", "docker/Dockerfile"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn an_ignore_file_is_shown_and_written_like_any_other() {
    let files = [
        ("Dockerfile", NODE),
        ("package.json", PACKAGE),
        ("package-lock.json", LOCK),
        ("node_modules/express/index.js", "module.exports = 1\n"),
    ];
    let folder = folder(&files);
    let output = run(folder.path(), &["fix", "--quiet"]);
    assert_eq!(output.status.code(), Some(1));
    let diff = text(&output.stdout);
    assert!(
        diff.contains("--- /dev/null\n+++ b/.dockerignore\n") && diff.contains("+node_modules\n"),
        "{diff}"
    );
    assert!(
        diff.contains("+COPY package.json package-lock.json ./\n"),
        "the fix that depends on it is included:\n{diff}"
    );
    // git can apply the diff.
    fs::write(folder.path().join("a.diff"), &diff).expect("writable");
    if support::has_programs("`git apply --check`", &["git"]) {
        git(folder.path(), &["apply", "--check", "a.diff"]);
    }
    let json = run(folder.path(), &["fix", "--quiet", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["files"][0]["ignore_file"]["path"], ".dockerignore");
    assert_eq!(json["files"][0]["ignore_file"]["is_new"], true);
    assert_eq!(run(folder.path(), &["fix", "--write", "--quiet"]).status.code(), Some(0));
    assert_eq!(read(&folder, ".dockerignore"), "node_modules\n");
    assert!(read(&folder, "Dockerfile").contains("COPY package.json package-lock.json ./\n"));
    assert_eq!(run(folder.path(), &["fix", "--quiet"]).status.code(), Some(0), "a second run is silent");
}

#[test]
fn an_ignore_file_of_its_own_counts_for_a_dockerfile() {
    let files = [
        ("api.Dockerfile", NODE),
        ("api.Dockerfile.dockerignore", "node_modules\n"),
        ("package.json", PACKAGE),
        ("package-lock.json", LOCK),
        ("node_modules/express/index.js", ""),
    ];
    let folder = folder(&files);
    assert_eq!(run(folder.path(), &["fix", "--write", "--quiet"]).status.code(), Some(0));
    assert!(
        read(&folder, "api.Dockerfile").contains("COPY package.json"),
        "{}",
        read(&folder, "api.Dockerfile")
    );
    assert!(!folder.path().join(".dockerignore").exists());
}

#[test]
fn two_dockerfiles_add_to_one_ignore_file() {
    let python = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n";
    let cache = "x".repeat(200_000);
    let files = [
        ("a.Dockerfile", python),
        ("b.Dockerfile", python),
        ("main.py", ""),
        ("__pycache__/main.cpython-312.pyc", cache.as_str()),
        (".pytest_cache/README.md", ""),
    ];
    let folder = folder(&files);
    let output = run(folder.path(), &["fix", "--write", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let ignored = read(&folder, ".dockerignore");
    assert_eq!(ignored.matches("__pycache__").count(), 1, "{ignored}");
    assert_eq!(run(folder.path(), &["fix", "--quiet"]).status.code(), Some(0), "a second run is silent");
}

#[test]
fn a_step_changes_both_files_or_neither() {
    let files = [("Dockerfile", NODE), ("package.json", PACKAGE), ("package-lock.json", LOCK)];
    let with = folder(&files);
    let without = folder(&[&files[..], &[("node_modules/express/index.js", "")]].concat());
    for folder in [&with, &without] {
        assert_eq!(run(folder.path(), &["fix", "--write", "--quiet"]).status.code(), Some(0));
        assert_eq!(read(folder, ".dockerignore"), "node_modules\n");
    }
    assert_eq!(read(&with, "Dockerfile"), read(&without, "Dockerfile"), "whatever the checkout has");
    // With standard input, there is no folder with an ignore file that could be written.
    let folder = folder(&files);
    let output = run_with_input(folder.path(), &["fix", "--verbose", "--context", ".", "-"], NODE.as_bytes());
    assert!(text(&output.stdout).contains("COPY . .\nRUN npm ci"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("exclude it in .dockerignore"), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_nobody_may_write_leaves_both_as_they_are() {
    let files = [
        ("Dockerfile", NODE),
        ("package.json", PACKAGE),
        ("package-lock.json", LOCK),
        ("node_modules/express/index.js", ""),
        (".dockerignore", "*.log\n"),
    ];
    let folder = folder(&files);
    let path = folder.path().join(".dockerignore");
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("ours");
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("was not changed: .dockerignore is read-only"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        (read(&folder, "Dockerfile").as_str(), read(&folder, ".dockerignore").as_str()),
        (NODE, "*.log\n")
    );
}

#[test]
fn links_are_not_followed() {
    let folder = folder(&[("Dockerfile", NODE), ("package.json", PACKAGE), ("package-lock.json", LOCK)]);
    std::os::unix::fs::symlink("/", folder.path().join("root")).expect("a link");
    std::os::unix::fs::symlink("..", folder.path().join("up")).expect("a link");
    assert_eq!(run(folder.path(), &["fix", "--quiet"]).status.code(), Some(1));
}

/// A Python project whose cache is large enough for a line of an ignore file.
const PYTHON: &str = "FROM python:3.12\nWORKDIR /app\nCOPY src ./src\nCOPY main.py .\n";

#[test]
fn a_folder_without_any_source_is_not_the_context() {
    let cache = "x".repeat(200_000);
    let files = [
        ("docker/single-process/Dockerfile", PYTHON),
        ("docker/single-process/src-not", ""),
        ("main.py", ""),
        ("src/a.py", ""),
        ("src/__pycache__/a.pyc", cache.as_str()),
    ];
    let folder = folder(&files);
    git(folder.path(), &["init", "-q"]);
    let output = run(folder.path(), &["fix", "--write", "docker/single-process/Dockerfile"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(read(&folder, ".dockerignore"), "**/__pycache__\n");
    assert!(!folder.path().join("docker/single-process/.dockerignore").exists());
}

#[test]
fn a_context_that_could_be_two_folders_is_unknown() {
    let files = [
        ("a/b/c/Dockerfile", PYTHON),
        ("a/b/main.py", ""),
        ("a/b/src/__pycache__/a.pyc", ""),
        ("main.py", ""),
        ("src/__pycache__/a.pyc", ""),
        ("elsewhere/docker/Dockerfile", PYTHON),
        ("whole/docker/Dockerfile", "FROM python:3.12\nCOPY . .\n"),
    ];
    let folder = folder(&files);
    git(folder.path(), &["init", "-q"]);
    for path in ["a/b/c/Dockerfile", "whole/docker/Dockerfile"] {
        let said = text(&run(folder.path(), &["fix", "-v", path]).stderr);
        assert!(
            said.contains("the build context is unknown: the files that the Dockerfile copies are not in"),
            "{said}"
        );
    }
    let output = run(folder.path(), &["fix", "--quiet", "--context", "a/b", "a/b/c/Dockerfile"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn no_tracked_file_is_kept_out_where_the_history_travels() {
    let cache = "x".repeat(200_000);
    let files = [
        ("Dockerfile", "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install .\n"),
        ("pyproject.toml", "[build-system]\nrequires = [\"hatchling\", \"hatch-vcs\"]\n"),
        ("docs/.ipynb_checkpoints/a.ipynb", cache.as_str()),
        ("__pycache__/a.pyc", cache.as_str()),
    ];
    let folder = folder(&files);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "Dockerfile", "pyproject.toml", "docs"]);
    assert_eq!(run(folder.path(), &["fix", "--write", "--quiet", "--unsafe"]).status.code(), Some(0));
    assert_eq!(read(&folder, ".dockerignore"), "__pycache__\n", "untracked files may be excluded");
    let said = text(&run(folder.path(), &["fix", "-v", "--unsafe"]).stderr);
    assert!(
        said.contains(
            ".git and tracked files not excluded from the build context: pyproject.toml names `hatch-vcs`"
        ),
        "{said}"
    );
    // Without the history, nothing can ask for the state of the checkout.
    fs::write(folder.path().join(".dockerignore"), ".git\n").expect("writable");
    assert_eq!(run(folder.path(), &["fix", "--write", "--quiet", "--unsafe"]).status.code(), Some(0));
    assert_eq!(read(&folder, ".dockerignore"), ".git\n__pycache__\n**/.ipynb_checkpoints\n");
}

#[test]
fn scripts_that_are_started_are_read_whatever_they_are_called() {
    let dockerfile = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nCOPY bin /usr/local/bin\nCMD [\"launch\"]\n";
    for (script, code) in [("#!/bin/sh\napt-get install -y jq\n", 0), ("#!/bin/sh\nexec app\n", 1)] {
        let folder = folder(&[("Dockerfile", dockerfile), ("bin/launch", script)]);
        let output = run(folder.path(), &["fix", "--quiet", "."]);
        assert_eq!(output.status.code(), Some(code), "{script}{}", text(&output.stdout));
    }
}

#[test]
fn configuration_files_of_package_managers_are_read() {
    let dockerfile = "FROM rust:1\nWORKDIR /app\nCOPY . .\nRUN npm install -g a\nRUN npm install -g b\n";
    for (setting, code) in [("offline=true\n", 0), ("offline=false\n", 1)] {
        let folder = folder(&[("Dockerfile", dockerfile), (".npmrc", setting)]);
        let output = run(folder.path(), &["fix", "--quiet", "--select", "clean-package-caches", "."]);
        assert_eq!(output.status.code(), Some(code), "{setting}{}", text(&output.stdout));
    }
}

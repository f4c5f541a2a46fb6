//! `jettison pr` with real git repositories and a server that behaves like a forge: what it pushes
//! and sends, and that nothing is left half done, however it ends.
#![cfg(unix)]

mod hostile;
mod openapi;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod token;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use tempfile::TempDir;

use server::{Likeness, PASSWORD, Scripted, Server};
use support::run::text;

const FILES: &[(&str, &str)] = &[
    ("Dockerfile", "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y curl\n"),
    (
        "web/Dockerfile",
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"main.py\"]\n",
    ),
    ("web/requirements.txt", "itsdangerous==2.2.0\n"),
    ("web/main.py", "print(1)\n"),
    (
        "tools/Dockerfile",
        "FROM debian:bookworm-slim\nRUN apt-get update\nRUN apt-get install -y git\nCOPY run.sh /\nRUN apt-get update && apt-get install -y make\nRUN /run.sh\n",
    ),
    ("tools/run.sh", "#!/bin/sh\ntrue\n"),
];

/// A bare repository, a checkout of it, and a server.
struct Place {
    folder: TempDir,
    server: Server,
}

impl Place {
    fn new(likeness: Likeness) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let root = folder.path();
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "owner/name.git"]);
        git(root, &["clone", "--quiet", "owner/name.git", "work"]);
        let server = Server::start(likeness, root.to_owned());
        let place = Self { folder, server };
        for (name, text) in FILES {
            place.write(name, text);
        }
        git(&place.work(), &["checkout", "--quiet", "-B", "main"]);
        place.commit("Start");
        place
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, text).expect("a file");
        if text.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        }
    }

    /// Commits all files, and pushes the commit.
    fn commit(&self, message: &str) {
        git(&self.work(), &["add", "--all"]);
        git(&self.work(), &["commit", "--quiet", "--message", message]);
        git(&self.work(), &["push", "--quiet", "origin", "HEAD:main"]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_to(&self.server.address, arguments)
    }

    fn command_to(&self, api: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(support::jettison());
        let forge = match self.server.likeness() {
            Likeness::GitHub => "github",
            Likeness::GitLab => "gitlab",
            Likeness::Gitea => "gitea",
        };
        command
            .arg("pr")
            .args(["--forge", forge, "--api-url", api, "--repository", "owner/name"])
            .args(arguments);
        command.current_dir(self.work());
        for variable in ["GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN"] {
            command.env(variable, PASSWORD);
        }
        steady(&mut command);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// The commit of a branch of the bare repository.
    fn there(&self, branch: &str) -> Option<String> {
        let output = git_output(
            &self.folder.path().join("owner/name.git"),
            &["rev-parse", "--verify", "--quiet", branch],
        );
        output.status.success().then(|| text(&output.stdout).trim().to_owned())
    }

    /// Everything that must not change if there is nothing to do.
    fn state(&self) -> String {
        let branches = git(&self.folder.path().join("owner/name.git"), &["for-each-ref"]);
        let own = git(&self.work(), &["for-each-ref", "refs/heads"]);
        let status = git(&self.work(), &["status", "--porcelain", "--branch"]);
        format!("{branches}\n{own}\n{status}\n{:?}", self.server.requests())
    }

    /// Runs the command, which must fail with these words and leave nothing half done. The token
    /// must not appear anywhere.
    fn fails(&self, mut command: Command, words: &[&str]) {
        let before = self.state();
        let output = command.output().expect("the program starts");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        for word in words {
            assert!(said.contains(word), "{word} is missing in: {said}");
        }
        assert!(!said.contains(PASSWORD), "{said}");
        assert_eq!(self.state(), before);
    }
}

/// No configuration of the machine, a fixed name, and a fixed clock.
fn steady(command: &mut Command) {
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_AUTHOR_NAME", "A Bot"),
        ("GIT_AUTHOR_EMAIL", "bot@example.org"),
        ("GIT_COMMITTER_NAME", "A Bot"),
        ("GIT_COMMITTER_EMAIL", "bot@example.org"),
        ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
        ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
    ] {
        command.env(name, value);
    }
}

fn git_output(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    steady(&mut command);
    command.output().expect("git starts")
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_output(folder, arguments);
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn assert_snapshot(name: &str, text: &str) {
    support::run::assert_snapshot("pull-requests", name, text);
}

const BRANCH: &str = "jettison/dockerfiles";

#[test]
fn one_commit_for_each_transform_and_a_request_that_explains_them() {
    let place = Place::new(Likeness::GitHub);
    let before = git(&place.work(), &["status", "--porcelain", "--branch"]);
    let output = place.run(&["--signoff"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), format!("{}/web/1\n", place.server.address));
    let log = git(
        &place.folder.path().join("owner/name.git"),
        &["log", "--reverse", "--format=%B", "--patch", &format!("main..{BRANCH}")],
    );
    assert_snapshot("commits", &log);
    let request = &place.server.requests()[0];
    assert_eq!(request["base"]["ref"], "main");
    assert_snapshot(
        "body",
        &format!(
            "{}\n\n{}",
            request["title"].as_str().expect("a title"),
            request["body"].as_str().expect("a text")
        ),
    );
    assert_eq!(
        git(&place.work(), &["status", "--porcelain", "--branch"]),
        before,
        "the checkout is as it was"
    );
}

#[test]
fn the_last_commit_is_what_fix_writes() {
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    git(&place.work(), &["fetch", "--quiet", "origin", BRANCH]);
    Command::new(support::jettison())
        .args(["fix", "--write"])
        .current_dir(place.work())
        .output()
        .expect("it starts");
    assert_eq!(git(&place.work(), &["diff", "FETCH_HEAD"]), "");
}

#[test]
fn each_commit_builds() {
    if !support::has_engine("each_commit_builds") {
        return;
    }
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    git(&place.work(), &["fetch", "--quiet", "origin", BRANCH]);
    let commits = git(&place.work(), &["rev-list", "main..FETCH_HEAD"]);
    assert_eq!(commits.lines().count(), 4);
    for commit in commits.lines() {
        git(&place.work(), &["checkout", "--quiet", commit]);
        for (dockerfile, _) in FILES.iter().filter(|(name, _)| name.ends_with("Dockerfile")) {
            let directory = place.work().join(dockerfile);
            let output = Command::new("docker")
                .args(["buildx", "build", "--network=host", "--quiet"])
                .arg(directory.parent().expect("a folder"))
                .output()
                .expect("docker starts");
            assert!(output.status.success(), "{commit} {dockerfile}: {}", text(&output.stderr));
        }
    }
}

#[test]
fn what_was_measured_and_proven_stands_in_the_request() {
    if !support::has_engine("what_was_measured_and_proven_stands_in_the_request") {
        return;
    }
    let place = Place::new(Likeness::GitHub);
    let output = place.run(&[
        "--dry-run",
        "--measure",
        "--runs",
        "1",
        "--verify",
        "--smoke",
        "curl --version",
        "Dockerfile",
        "--",
        "--network=host",
    ]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    for part in [
        "and the output of `curl --version`",
        "| size, unpacked |",
        "Verified: both images were built and compared",
    ] {
        assert!(shown.contains(part), "{part} is missing in: {shown}");
    }
}

#[test]
fn a_dry_run_prints_all_of_it_and_touches_nothing() {
    let place = Place::new(Likeness::GitHub);
    let before = place.state();
    let mut command = place.command(&["--dry-run"]);
    command.env_remove("GITHUB_TOKEN");
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for part in [
        "branch jettison/dockerfiles onto main",
        "Jettison-Transform: merge-runs",
        "How to opt out",
        "+++ b/web/Dockerfile",
    ] {
        assert!(shown.contains(part), "{part} is missing in: {shown}");
    }
    assert_eq!(place.state(), before);
    assert!(place.server.asked().is_empty());
}

#[test]
fn a_second_run_does_nothing_and_a_base_that_moved_is_done_anew() {
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    let state = place.state();
    let again = place.run(&[]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("is up to date"), "{}", text(&again.stderr));
    assert_eq!(place.state(), state);
    place.write("other.txt", "by another person\n");
    place.commit("Something else");
    let moved = place.run(&[]);
    assert!(text(&moved.stderr).contains("updated a pull request"), "{}", text(&moved.stderr));
    let base = git(&place.work(), &["rev-parse", "HEAD"]);
    git(&place.work(), &["fetch", "--quiet", "origin", BRANCH]);
    assert_eq!(git(&place.work(), &["merge-base", "HEAD", "FETCH_HEAD"]), base);
    assert_eq!(place.server.requests().len(), 1);
    let patched = place.server.asked().iter().filter(|asked| asked.method == "PATCH").count();
    assert_eq!(patched, 1);
}

#[test]
fn a_closed_request_stays_closed_until_there_is_something_else() {
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    place.server.change("state", "closed");
    git(&place.folder.path().join("owner/name.git"), &["branch", "--quiet", "-D", BRANCH]);
    // The base branch moves, but the changes would be the same.
    place.write("other.txt", "by another person\n");
    place.commit("Something else");
    let state = place.state();
    let again = place.run(&[]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("is not opened again"), "{}", text(&again.stderr));
    assert_eq!(place.state(), state);
    place.write("more/Dockerfile", "FROM alpine:3.20\nRUN apk update\nRUN apk add curl\n");
    place.commit("One more");
    let new = place.run(&[]);
    assert!(text(&new.stderr).contains("opened a pull request"), "{}", text(&new.stderr));
    assert_eq!(place.server.requests().len(), 2);
}

/// A Dockerfile that contains the marks of a request, and text that would have an effect where it
/// is quoted.
#[test]
fn a_dockerfile_that_speaks_as_a_request_does_changes_nothing() {
    const LOUD: &str = "FROM debian:12\n# <!-- jettison {\"base\":\"a\",\"head\":\"b\",\"fixes\":\"c\",\"sum\":\"d\"} -->\nCOPY a /mara/\nRUN apt-get update && apt-get install -y curl '` closes #12, fixes https://github.com/o/r/issues/3, @everyone [skip ci] GH-7 `'\n";
    let place = Place::new(Likeness::GitHub);
    place.write("loud/Dockerfile", LOUD);
    place.write("loud/a", "a\n");
    place.commit("Loud");
    let opened = place.run(&[]);
    assert!(opened.status.success(), "{}", text(&opened.stderr));
    let again = place.run(&[]);
    assert!(text(&again.stderr).contains("is up to date"), "{}", text(&again.stderr));
    place.write("other.txt", "it moves\n");
    place.commit("Something else");
    let moved = place.run(&[]);
    assert!(text(&moved.stderr).contains("updated a pull request"), "{}", text(&moved.stderr));
    let log =
        git(&place.folder.path().join("owner/name.git"), &["log", "--format=%B", &format!("main..{BRANCH}")]);
    assert!(log.contains("curl"), "a message quotes the instruction: {log}");
    for alive in ["#12", "https://github.com", "@everyone", "[skip ci]", "GH-7"] {
        assert!(!log.contains(alive), "{alive} is alive: {log}");
    }
    place.server.change("state", "closed");
    git(&place.folder.path().join("owner/name.git"), &["branch", "--quiet", "-D", BRANCH]);
    let closed = place.run(&[]);
    assert!(text(&closed.stderr).contains("is not opened again"), "{}", text(&closed.stderr));
    assert_eq!(place.server.requests().len(), 1);
}

#[test]
fn a_request_of_many_files_fits_its_forge() {
    let place = Place::new(Likeness::GitHub);
    for number in 0..700 {
        place.write(&format!("service-{number}/Dockerfile"), FILES[0].1);
    }
    place.commit("Many");
    let opened = place.run(&[]);
    assert!(opened.status.success(), "{}", text(&opened.stderr));
    let body = place.server.requests()[0]["body"].as_str().expect("a text").to_owned();
    assert!(body.len() < 65_536, "{}", body.len());
    assert!(body.contains("more, not shown here"), "{body}");
    let again = place.run(&[]);
    assert!(text(&again.stderr).contains("is up to date"), "{}", text(&again.stderr));
}

#[test]
fn commits_of_a_person_on_the_branch_are_left_alone() {
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    git(&place.work(), &["fetch", "--quiet", "origin", BRANCH]);
    git(&place.work(), &["checkout", "--quiet", "FETCH_HEAD"]);
    place.write("notes.txt", "by a person\n");
    git(&place.work(), &["add", "--all"]);
    git(&place.work(), &["commit", "--quiet", "--message", "By a person"]);
    git(&place.work(), &["push", "--quiet", "origin", &format!("HEAD:{BRANCH}")]);
    git(&place.work(), &["checkout", "--quiet", "main"]);
    place.write("other.txt", "it moves\n");
    place.commit("Something else");
    let state = place.state();
    let again = place.run(&[]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("other people's"), "{}", text(&again.stderr));
    assert_eq!(place.state(), state);
    // Even without an open request, since it was closed for another reason.
    place.server.change("state", "closed");
    place.server.change("body", "no mark");
    place.fails(place.command(&[]), &["other people's commits", "--branch"]);
}

#[test]
fn a_branch_of_ours_that_lost_its_request_is_used_again() {
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    place.server.change("state", "closed");
    place.server.change("body", "no mark");
    let again = place.run(&[]);
    assert!(text(&again.stderr).contains("opened a pull request"), "{}", text(&again.stderr));
}

#[test]
fn whatever_the_server_refuses_nothing_is_half_done() {
    let place = Place::new(Likeness::GitHub);
    let mut wrong = place.command(&[]);
    wrong.env("GITHUB_TOKEN", "not-the-token");
    place.fails(wrong, &["401", "Bad credentials", "rejected the token"]);
    let mut none = place.command(&[]);
    none.env_remove("GITHUB_TOKEN");
    place.fails(none, &["set GITHUB_TOKEN"]);
    let refuse =
        |method, status, headers, body| place.server.script(Scripted { method, status, headers, body });
    refuse("POST", 403, "", r#"{"message":"Resource not accessible by integration"}"#);
    place.fails(
        place.command(&[]),
        &["403", "Resource not accessible", "pull-requests: write", "the branch was restored"],
    );
    refuse("POST", 422, "", r#"{"message":"Validation Failed","errors":[{"message":"base is invalid"}]}"#);
    place.fails(place.command(&[]), &["422", "Validation Failed; base is invalid"]);
    refuse("GET", 429, "retry-after: 99999\r\n", r#"{"message":"slow down"}"#);
    place.fails(place.command(&[]), &["429", "slow down", "asks to wait 99999 s"]);
    let gone = place.command_to("http://127.0.0.1:9", &[]);
    place.fails(gone, &["http://127.0.0.1:9/repos/owner/name/pulls"]);
}

#[test]
fn a_server_that_asks_to_wait_is_waited_for() {
    let place = Place::new(Likeness::GitHub);
    let script = |status, headers| place.server.script(Scripted { method: "GET", status, headers, body: "" });
    script(429, "retry-after: 2\r\n");
    script(502, "");
    let since = Instant::now();
    let output = place.run(&[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(since.elapsed().as_secs() >= 2, "{:?}", since.elapsed());
    assert!(text(&output.stderr).contains("waiting 2 s"), "{}", text(&output.stderr));
}

#[test]
fn a_checkout_that_is_not_ready_is_an_error() {
    let place = Place::new(Likeness::GitHub);
    place.write("web/main.py", "print(2)\n");
    place.fails(place.command(&[]), &["commit or stash them first", "web/main.py"]);
    git(&place.work(), &["commit", "--quiet", "--all", "--message", "Not pushed"]);
    place.fails(place.command(&[]), &["origin's main is at", "pull or push first"]);
    git(&place.work(), &["reset", "--quiet", "--hard", "HEAD~1"]);
    git(&place.work(), &["checkout", "--quiet", "--detach"]);
    place.fails(place.command(&[]), &["HEAD is detached", "--base"]);
    git(&place.work(), &["checkout", "--quiet", "main"]);
    place.fails(place.command(&["--remote", "upstream"]), &["no remote `upstream`", "git remote add"]);
    place.fails(place.command(&["--unsafe"]), &["--unsafe requires --verify"]);
    place.write(".jettison.yaml", "unsafe: true\n");
    place.commit("Configure");
    place.fails(place.command(&[]), &["the configuration enables unsafe fixes", "--verify"]);
    let outside = tempfile::tempdir().expect("a temporary directory");
    let mut command = place.command(&[]);
    command.current_dir(outside.path());
    place.fails(command, &["not a git repository"]);
}

#[test]
fn a_detached_head_is_no_hindrance_where_the_base_is_named() {
    let place = Place::new(Likeness::GitHub);
    git(&place.work(), &["checkout", "--quiet", "--detach"]);
    let output = place.run(&["--base", "main"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(place.there(BRANCH).is_some());
}

#[test]
fn a_password_is_passed_on_to_git_and_to_nobody_else() {
    let place = Place::new(Likeness::GitHub);
    let bare = place.folder.path().join("owner/name.git");
    git(&bare, &["config", "http.receivepack", "true"]);
    let url = format!("{}/git/owner/name.git", place.server.address);
    git(&place.work(), &["remote", "set-url", "origin", &url]);
    let output = place.run(&[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(place.there(BRANCH).is_some());
    let config = fs::read_to_string(place.work().join(".git/config")).expect("a file");
    assert!(!config.contains(PASSWORD));
    assert!(!text(&output.stderr).contains(PASSWORD) && !text(&output.stdout).contains(PASSWORD));
}

#[test]
fn gitlab_and_gitea_are_spoken_to_in_their_own_words() {
    for likeness in [Likeness::GitLab, Likeness::Gitea] {
        let place = Place::new(likeness);
        let opened = place.run(&[]);
        assert!(opened.status.success(), "{}", text(&opened.stderr));
        place.write("other.txt", "it moves\n");
        place.commit("Something else");
        let updated = place.run(&[]);
        assert!(text(&updated.stderr).contains("updated a"), "{}", text(&updated.stderr));
        let mut calls = String::new();
        for asked in place.server.asked() {
            let keys: Vec<String> =
                asked.json().as_object().map(|sent| sent.keys().cloned().collect()).unwrap_or_default();
            let token =
                if asked.header("private-token").is_some() { "private-token" } else { "authorization" };
            calls += &format!("{} {} [{token}] {}\n", asked.method, asked.target, keys.join(" "));
        }
        assert_snapshot(&format!("calls-{likeness:?}").to_lowercase(), &calls);
    }
}

#[test]
fn a_request_from_a_fork_is_not_ours() {
    for likeness in [Likeness::GitHub, Likeness::GitLab, Likeness::Gitea] {
        let place = Place::new(likeness);
        assert!(place.run(&[]).status.success());
        let own = place.server.requests().remove(0);
        let key = if likeness == Likeness::GitLab { "description" } else { "body" };
        // Closed, with a copy of our description: it does not keep us from asking again.
        let other = Place::new(likeness);
        other.server.open_from_fork(BRANCH, own[key].as_str().expect("a description"));
        other.server.change("state", "closed");
        let opened = other.run(&[]);
        assert!(text(&opened.stderr).contains("opened a"), "{likeness:?}: {}", text(&opened.stderr));
        // Open: it is not updated, and ours is.
        place.server.open_from_fork(BRANCH, "by a stranger");
        let before = place.server.requests().remove(1);
        place.write("other.txt", "it moves\n");
        place.commit("Something else");
        let updated = place.run(&[]);
        assert!(text(&updated.stderr).contains("updated a"), "{likeness:?}: {}", text(&updated.stderr));
        assert_eq!(place.server.requests()[1], before);
        let third = Place::new(likeness);
        third.server.open_from_fork(BRANCH, "by a stranger");
        let opened = third.run(&[]);
        assert!(text(&opened.stderr).contains("opened a"), "{likeness:?}: {}", text(&opened.stderr));
    }
}

#[test]
fn every_call_is_one_that_githubs_own_description_allows() {
    let test = "every_call_is_one_that_githubs_own_description_allows";
    let Some(checker) = openapi::Checker::start(test) else { return };
    let place = Place::new(Likeness::GitHub);
    assert!(place.run(&[]).status.success());
    place.write("other.txt", "it moves\n");
    place.commit("Something else");
    assert!(place.run(&[]).status.success());
    let asked = place.server.asked();
    let methods: Vec<&str> = asked.iter().map(|asked| asked.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "GET", "PATCH"]);
    for asked in &asked {
        assert_eq!(checker.complaint(asked), None, "{} {}", asked.method, asked.target);
    }
    // The checker does find mistakes.
    let mut wrong = asked[1].clone();
    wrong.body = br#"{"head": 1}"#.to_vec();
    let complaint = checker.complaint(&wrong).expect("a head is a text, and a base has to be there");
    assert!(complaint.contains("base"), "{complaint}");
}

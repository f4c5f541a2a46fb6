//! A checkout that tries to run its own program in every known way: hooks, filters, textconv,
//! monitors, a nested bare repository, toolchains and the configuration of other tools. Each trick
//! would write a line to a file, which must not exist at the end.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::server::{Likeness, PASSWORD, Server};
use super::{git, git_output, steady, support, text};

const NAIVE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";

struct Hostile {
    folder: TempDir,
}

impl Hostile {
    fn new() -> Self {
        let hostile = Self { folder: tempfile::tempdir().expect("a temporary directory") };
        let root = hostile.folder.path();
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "owner/name.git"]);
        git(root, &["clone", "--quiet", "owner/name.git", "work"]);
        let program = |path: &str| {
            let name = path.rsplit('/').next().expect("a name");
            let script = format!("#!/bin/sh\necho {name} $0 $* >>'{}'\nexit 1\n", hostile.canary().display());
            hostile.write(path, &script);
            let path = hostile.work().join(path);
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
        };
        program("pwn.sh");
        for hook in [
            "pre-push",
            "reference-transaction",
            "post-index-change",
            "pre-commit",
            "commit-msg",
            "fsmonitor-watchman",
            "pre-auto-gc",
        ] {
            program(&format!("hooks/{hook}"));
        }
        for toolchain in ["cargo", "rustc"] {
            program(&format!("evil/bin/{toolchain}"));
        }
        hostile.write("Dockerfile", NAIVE);
        hostile.write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
        hostile.write(
            ".gitmodules",
            "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::sh -c ./pwn.sh\n\tupdate = !./pwn.sh\n",
        );
        hostile.write("rust-toolchain.toml", "[toolchain]\npath = \"evil\"\n");
        hostile.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"./pwn.sh\"\n");
        hostile.write(".npmrc", "script-shell=./pwn.sh\n");
        hostile.write(".docker/config.json", r#"{"credsStore": "pwn", "cliPluginsExtraDirs": ["evil/bin"]}"#);
        hostile.write(
            "compose.yaml",
            "include:\n  - ../outside.yaml\nservices:\n  a:\n    build: .\n    extends:\n      file: ../outside.yaml\n      service: a\n",
        );
        hostile.write(".gitconfig", &hostile.configuration("./pwn.sh"));
        // A bare repository in the content.
        hostile.write("svc/Dockerfile", NAIVE);
        hostile.write("svc/.gitattributes", "* filter=evil diff=evil\n");
        hostile.write("svc/HEAD", "ref: refs/heads/main\n");
        hostile.write("svc/objects/keep", "");
        hostile.write("svc/refs/keep", "");
        let inner = hostile.configuration("../pwn.sh");
        hostile.write("svc/config", &format!("[core]\n\tbare = false\n\tworktree = .\n{inner}"));
        git(&hostile.work(), &["checkout", "--quiet", "-B", "main"]);
        git(&hostile.work(), &["add", "--all"]);
        git(&hostile.work(), &["commit", "--quiet", "--message", "Start"]);
        git(&hostile.work(), &["push", "--quiet", "origin", "HEAD:main"]);
        hostile
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn canary(&self) -> PathBuf {
        self.folder.path().join("canary")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// All settings that name a program.
    fn configuration(&self, program: &str) -> String {
        let mut text = format!("[core]\n\thooksPath = {}\n", self.work().join("hooks").display());
        for key in
            ["fsmonitor", "pager", "editor", "askPass", "sshCommand", "gitProxy", "alternateRefsCommand"]
        {
            text += &format!("\t{key} = {program}\n");
        }
        text += &format!("[diff]\n\texternal = {program}\n");
        text += &format!("[diff \"evil\"]\n\ttextconv = {program}\n\tcommand = {program}\n");
        text += &format!(
            "[filter \"evil\"]\n\tclean = {program}\n\tsmudge = {program}\n\tprocess = {program}\n\trequired = true\n"
        );
        text += &format!("[merge \"evil\"]\n\tdriver = {program}\n[sequence]\n\teditor = {program}\n");
        for command in ["status", "diff", "log", "push", "config"] {
            text += &format!("[alias]\n\t{command} = !{program}\n[pager]\n\t{command} = {program}\n");
        }
        text += &format!("[gpg]\n\tprogram = {program}\n[interactive]\n\tdiffFilter = {program}\n");
        text += &format!("[uploadpack]\n\tpackObjectsHook = {program}\n");
        text + &format!(
            "[remote \"origin\"]\n\tuploadpack = {program}\n\treceivepack = {program}\n\tproxy = {program}\n"
        )
    }

    /// Makes the repository's own configuration name all the programs.
    fn configured(self) -> Self {
        let path = self.work().join(".git/config");
        let old = fs::read_to_string(&path).expect("a file");
        fs::write(&path, old + &self.configuration("./pwn.sh")).expect("a file");
        self
    }

    fn run(&self, arguments: &[&str]) -> Output {
        // The timestamps differ, so that git would have to compare every file again.
        for name in ["Dockerfile", "svc/Dockerfile", "rust-toolchain.toml"] {
            let file = fs::File::options().write(true).open(self.work().join(name)).expect("a file");
            file.set_modified(std::time::SystemTime::now()).expect("a time");
        }
        let mut command = Command::new(support::jettison());
        command.args(arguments).current_dir(self.work()).env("GITHUB_TOKEN", PASSWORD);
        command.env("JETTISON_ENGINE", self.folder.path().join("engine")).env_remove("DOCKER_CONFIG");
        steady(&mut command);
        let output = command.output().expect("the program starts");
        let canary = fs::read_to_string(self.canary()).unwrap_or_default();
        assert_eq!(canary, "", "{arguments:?}: {}", text(&output.stderr));
        output
    }
}

#[test]
fn nothing_of_a_checkout_runs() {
    let hostile = Hostile::new().configured();
    let succeeds = |arguments: &[&str], code: i32| {
        let output = hostile.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    succeeds(&["fix", "."], 1);
    succeeds(&["fix", "--check", "svc"], 1);
    for path in [".", "svc"] {
        let shown = succeeds(&["pr", "--dry-run", path], 1);
        assert!(shown.contains("Jettison-Transform: clean-package-caches"), "{shown}");
    }
    hostile.write("svc/Dockerfile", &NAIVE.replace("curl", "git"));
    assert!(succeeds(&["fix", "--since", "HEAD", "svc"], 1).contains("+++ b/svc/Dockerfile"));
    succeeds(&["fix", "--since", "HEAD", "."], 1);
    hostile.write("svc/Dockerfile", NAIVE);
    let edits = succeeds(&["fix", "--format", "json", "svc"], 1);
    fs::write(hostile.folder.path().join("edits.json"), edits).expect("a file");
    succeeds(&["apply", "../edits.json"], 0);
    hostile.write("svc/Dockerfile", NAIVE);
}

#[test]
fn a_push_runs_no_hook_and_no_command_of_a_remote() {
    let hostile = Hostile::new().configured();
    let server = Server::start(Likeness::GitHub, hostile.folder.path().to_owned());
    let arguments = ["pr", "--forge", "github", "--api-url", &server.address, "--repository", "owner/name"];
    let output = hostile.run(&arguments);
    // The filter of .gitattributes applies to the Dockerfile, but does not run: the commit has the
    // same text as the work tree.
    assert!(output.status.success(), "{}", text(&output.stderr));
    let bare = hostile.folder.path().join("owner/name.git");
    let pushed = git(&bare, &["show", "jettison/dockerfiles:Dockerfile"]);
    assert!(pushed.contains("rm -rf /var/lib/apt/lists"), "{pushed}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn configuration_that_is_a_file_of_the_work_tree_is_refused() {
    for include in [
        "[include]\n\tpath = ../.gitconfig\n",
        "[includeIf \"gitdir:**\"]\n\tpath = ../.gitconfig\n",
        "[includeIf \"onbranch:main\"]\n\tpath = ../.gitconfig\n",
    ] {
        let hostile = Hostile::new();
        let path = hostile.work().join(".git/config");
        let old = fs::read_to_string(&path).expect("a file");
        fs::write(&path, format!("{old}{include}")).expect("a file");
        for arguments in [&["pr", "--dry-run"][..], &["fix", "--since", "HEAD"]] {
            let output = hostile.run(arguments);
            assert_eq!(output.status.code(), Some(2), "{include}");
            let said = text(&output.stderr);
            assert!(said.contains("includes") && said.contains(".gitconfig"), "{said}");
        }
        assert_eq!(hostile.run(&["fix", "."]).status.code(), Some(1));
    }
}

#[test]
fn a_file_that_a_filter_changes_is_not_committed_without_it() {
    let hostile = Hostile::new();
    let work = hostile.work();
    // The committed text differs from that in the work tree, as with git-crypt.
    git(&work, &["config", "filter.evil.clean", "rev"]);
    git(&work, &["config", "filter.evil.smudge", "rev"]);
    hostile.write("Dockerfile", &NAIVE.replace("curl", "git"));
    git(&work, &["add", "Dockerfile"]);
    git(&work, &["commit", "--quiet", "--message", "Encrypted"]);
    git(&work, &["push", "--quiet", "origin", "HEAD:main"]);
    let server = Server::start(Likeness::GitHub, hostile.folder.path().to_owned());
    let arguments = ["pr", "--forge", "github", "--api-url", &server.address, "--repository", "owner/name"];
    // The file's time is that of the index, so that git need not read it.
    let output = {
        let mut command = Command::new(support::jettison());
        command.args(arguments).current_dir(&work).env("GITHUB_TOKEN", PASSWORD);
        steady(&mut command);
        command.output().expect("the program starts")
    };
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("filter"), "{}", text(&output.stderr));
    assert!(server.requests().is_empty());
    let bare = hostile.folder.path().join("owner/name.git");
    assert!(!git_output(&bare, &["rev-parse", "--verify", "jettison/dockerfiles"]).status.success());
}

/// The engine gets no tokens, and runs no program of the checkout.
#[test]
fn an_engine_is_started_without_tokens() {
    let hostile = Hostile::new();
    let log = hostile.folder.path().join("log");
    let engine = hostile.folder.path().join("engine");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >>'{0}'\nenv >>'{0}'\n[ \"$1\" = version ] && echo 1\n",
        log.display()
    );
    fs::write(&engine, script).expect("a file");
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).expect("a mode");
    // An ignore file that is a link to the outside of the checkout is neither read nor written.
    let outside = hostile.folder.path().join("outside");
    fs::write(&outside, "*.log\n").expect("a file");
    symlink(&outside, hostile.work().join(".dockerignore")).expect("a link");
    hostile.write("package.json", "{}");
    hostile.write("node_modules/a/index.js", "");
    hostile.write("Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\n");
    let output = hostile.run(&["measure", "--unsafe", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("leads out of"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&outside).expect("a file"), "*.log\n");
    fs::remove_file(hostile.work().join(".dockerignore")).expect("it is there");
    let output = hostile.run(&["measure", "--unsafe", "Dockerfile"]);
    let log = fs::read_to_string(&log).unwrap_or_default();
    assert!(log.contains("buildx build"), "{log}{}", text(&output.stderr));
    assert!(!log.contains(PASSWORD), "{log}");
    assert_eq!(fs::read_to_string(&outside).expect("a file"), "*.log\n");
}

/// The editor must not find a token in its environment either. `tests/architecture.rs` checks every
/// program that is started.
#[test]
fn paths_that_look_like_patterns_are_paths() {
    let hostile = Hostile::new();
    let name = ":(glob)Dockerfile";
    hostile.write(name, NAIVE);
    let all = Path::new(name);
    let output = hostile.run(&["fix", "--since", "HEAD", &all.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

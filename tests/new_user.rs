//! What a new user tries, and what was wrong with the answer: D1 to D16 are the numbers of the
//! findings.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;

use support::folder;
use support::run::{FIXED, NAIVE, code, git, read, run, run_with_input, stderr, stdout};
use support::terminal;

const TWO_RUNS: &str =
    "FROM debian:12\n# jettison: ignore=merge-runs\nRUN apt-get update\nRUN apt-get install -y curl\n";

/// D1: a comment at either RUN suppresses the merge, and is not reported as unused.
#[test]
fn a_comment_at_the_first_of_two_runs_suppresses_their_merge() {
    let folder = folder(&[("Dockerfile", TWO_RUNS)]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!((stdout(&output).as_str(), code(&output)), ("", 0));
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
}

/// D2: a comment is reported as unused only if the result is the same without it.
#[test]
fn a_comment_that_matters_is_not_called_unused() {
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y gcc\n\
                # jettison: ignore=clean-package-caches\nRUN apt-get install -y curl\n";
    let folder = folder(&[("Dockerfile", text)]);
    let output = run(folder.path(), &["fix"]);
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
}

/// D3: every spelling that a user of another linter may write gets the right one as an answer.
#[test]
fn misspelled_comments_are_corrected() {
    for comment in [
        "jettison ignore=merge-runs",
        "Jettison: ignore=merge-runs",
        "jettison: ignore merge-runs",
        "jettison: disable=merge-runs",
    ] {
        let folder = folder(&[("Dockerfile", &TWO_RUNS.replace("jettison: ignore=merge-runs", comment))]);
        let said = stderr(&run(folder.path(), &["fix"]));
        assert!(
            said.contains(
                "Dockerfile:2:1: this comment does nothing; write it as `# jettison: ignore=merge-runs`"
            ),
            "{comment}: {said}"
        );
    }
    for (comment, changes) in [("jettison: ignore=all", 0), ("jettison: skip", 1)] {
        let folder = folder(&[("Dockerfile", &TWO_RUNS.replace("jettison: ignore=merge-runs", comment))]);
        assert_eq!(code(&run(folder.path(), &["fix"])), changes, "{comment}");
    }
}

/// CMD takes no here-document. Its lines are no instructions, and the rest of the file is fixed.
#[test]
fn a_document_of_an_instruction_that_takes_none_is_left_alone() {
    let end = "CMD <<EOF\necho hi\nEOF\n";
    let text = format!("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n{end}");
    let folder = folder(&[("Dockerfile", &text)]);
    let output = run(folder.path(), &["fix", "--write", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let new = std::fs::read_to_string(folder.path().join("Dockerfile")).expect("a file");
    assert!(new.contains("rm -rf /var/lib/apt/lists") && new.ends_with(end), "{new}");
}

/// D9: a misspelled instruction is an error with a suggestion, its file is left as it is, and the
/// other files are fixed.
#[test]
fn a_misspelled_instruction_is_an_error() {
    let wrong = NAIVE.replace("FROM", "FORM");
    let folder = folder(&[("a/Dockerfile", &wrong), ("b/Dockerfile", NAIVE)]);
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 2);
    assert_eq!(
        (read(&folder, "a/Dockerfile"), read(&folder, "b/Dockerfile").as_str()),
        (wrong.clone(), FIXED)
    );
    let message =
        "error: a/Dockerfile:1:1: unknown instruction `FORM`; did you mean `FROM`?\n  | FORM debian:12\n";
    assert!(stderr(&output).starts_with(message), "{}", stderr(&output));
    let output = run_with_input(folder.path(), &["fix", "-"], wrong.as_bytes());
    assert_eq!((stdout(&output).as_str(), code(&output)), ("", 2));
    assert!(stderr(&output).starts_with("error: -:1:1: unknown instruction `FORM`"), "{}", stderr(&output));
    let full = run(folder.path(), &["fix", "a", "--format", "full"]);
    assert_eq!(
        stderr(&full),
        "error: unknown instruction `FORM`; did you mean `FROM`?\n --> a/Dockerfile:1:1\n  |\n1 | FORM debian:12\n  | ^^^^^^^^^^^^^^\n\n"
    );
    let json = stdout(&run(folder.path(), &["fix", "a", "--format", "json"]));
    let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let file = &document["files"][0];
    assert_eq!(file["error_code"], "misspelled-instruction");
    assert_eq!((&file["error_line"], &file["error_column"]), (&1.into(), &1.into()));
    let github = stdout(&run(folder.path(), &["fix", "a", "--format", "github"]));
    assert!(github.starts_with("::error file=a/Dockerfile,line=1,col=1,title=jettison::unknown"), "{github}");
}

/// D9: a file with nothing but a misspelled FROM.
#[test]
fn a_lone_misspelled_instruction_gets_a_suggestion_too() {
    let folder = folder(&[("Dockerfile", "# a comment\nFORM debian:12\n")]);
    let said = stderr(&run(folder.path(), &["fix"]));
    assert!(
        said.starts_with("error: Dockerfile: has no instructions: unknown instruction `FORM` in line 2; did you mean `FROM`?\n"),
        "{said}"
    );
}

/// A frontend of its own may have instructions of its own.
#[test]
fn instructions_of_another_frontend_are_no_error() {
    let text = format!("# syntax=example.org/frontend:1\n{NAIVE}ENV A=1\nINCLUDE common\n");
    let folder = folder(&[("Dockerfile", &text)]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(
        stderr(&output).starts_with("warning: Dockerfile:5:1: an unknown instruction"),
        "{}",
        stderr(&output)
    );
}

/// D9: one clear answer for a file of another kind.
#[test]
fn files_of_other_kinds_are_not_read_as_dockerfiles() {
    let readme = "# Title\n\nSome text.\n\n```dockerfile\nFROM debian:12\n```\n\nRUN it.\n";
    let compose = "services:\n  web:\n    build: web\n  db:\n    image: postgres\n";
    let bake = "target \"web\" {\n  context = \"web\"\n}\n";
    let folder = folder(&[
        ("README.md", readme),
        ("compose.yaml", compose),
        ("docker-compose.prod.yml", "services: {}\n"),
        ("docker-bake.hcl", bake),
        ("web/Dockerfile", NAIVE),
    ]);
    for (name, expected) in [
        (
            "README.md",
            "is not a Dockerfile: line 3 does not start with an instruction; pass a Dockerfile, or a directory to search",
        ),
        ("compose.yaml", "is a Compose file, not a Dockerfile; pass what it builds: web/Dockerfile"),
        (
            "docker-compose.prod.yml",
            "is a Compose file, not a Dockerfile; pass the Dockerfiles that it builds",
        ),
        ("docker-bake.hcl", "is a Bake file, not a Dockerfile; pass what it builds: web/Dockerfile"),
    ] {
        let output = run(folder.path(), &["fix", name]);
        assert_eq!(code(&output), 2, "{name}");
        assert_eq!(stderr(&output), format!("error: {name}: {expected}\n"));
        assert_eq!(stdout(&output), "");
    }
}

/// D10: a mistake in a configuration is reported once, by its own place, with a suggestion; files
/// with another configuration are fixed.
#[test]
fn a_configuration_mistake_is_reported_once() {
    let folder = folder(&[
        ("a/x/Dockerfile", NAIVE),
        ("a/y/Dockerfile", NAIVE),
        ("b/Dockerfile", NAIVE),
        ("a/.jettison.yaml", "caches: clean\nignroe: [merge-runs]\n"),
    ]);
    let output = run(folder.path(), &["fix", "--write"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    let message = "error: a/.jettison.yaml:2:1: unknown key `ignroe`; did you mean `ignore`?\n  | ignroe: [merge-runs]\n";
    assert!(said.starts_with(message), "{said}");
    assert_eq!((said.matches("ignroe").count(), said.matches("1 error").count()), (2, 1), "{said}");
    assert_eq!(
        (read(&folder, "a/x/Dockerfile").as_str(), read(&folder, "b/Dockerfile").as_str()),
        (NAIVE, FIXED)
    );
    for format in ["github", "gitlab", "sarif", "markdown"] {
        let text = stdout(&run(folder.path(), &["fix", "--format", format]));
        assert_eq!(text.matches("did you mean").count(), 1, "{format}: {text}");
    }
}

/// D10: the same for an unknown transform, at the line that names it.
#[test]
fn an_unknown_transform_in_the_configuration_has_its_place() {
    let folder = folder(&[("Dockerfile", NAIVE), (".jettison.yaml", "caches: clean\nignore: [merge-run]\n")]);
    let said = stderr(&run(folder.path(), &["fix"]));
    assert!(
        said.starts_with(
            "error: .jettison.yaml:2:10: unknown transform `merge-run`; did you mean `merge-runs`?"
        ),
        "{said}"
    );
}

/// D10: `.jettison.yml` counts too.
#[test]
fn the_other_ending_of_yaml_files_works() {
    let folder = folder(&[("Dockerfile", NAIVE), (".jettison.yml", "ignore: clean-package-caches\n")]);
    assert_eq!(code(&run(folder.path(), &["fix"])), 0);
}

#[test]
fn overrides_are_for_some_of_the_files() {
    let configuration = "overrides:\n  - files: [/old/, '*.dev']\n    ignore: clean-package-caches\n";
    let folder = folder(&[
        ("Dockerfile", NAIVE),
        ("Dockerfile.dev", NAIVE),
        ("old/deep/Dockerfile", NAIVE),
        ("new/old/Dockerfile", NAIVE),
        (".jettison.yaml", configuration),
    ]);
    let changed = |arguments: &[&str]| {
        let said = stdout(&run(folder.path(), arguments));
        let lines = said.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(changed(&["fix", "--check"]), ["Dockerfile", "new/old/Dockerfile"]);
    assert_eq!(changed(&["fix", "--check", "old"]), [""; 0]);
    // From another directory, and by another path.
    let output = run(&folder.path().join("old"), &["fix", "deep/Dockerfile"]);
    assert_eq!(code(&output), 0);
}

#[test]
fn excluded_files_are_skipped_unless_they_are_named() {
    let folder = folder(&[("a/Dockerfile", NAIVE), ("b/Dockerfile", NAIVE), ("c/x/Dockerfile", NAIVE)]);
    let changed = |arguments: &[&str]| {
        let said = stdout(&run(folder.path(), arguments));
        said.lines().map(|line| line.split('/').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(changed(&["fix", "--check", "--exclude", "b", "--exclude", "c/"]), ["a"]);
    assert_eq!(changed(&["fix", "--check", "--exclude", "b", "b/Dockerfile"]), ["b"]);
    fs::write(folder.path().join(".jettison.yaml"), "exclude: [/c/x, a]\n").expect("writable");
    assert_eq!(changed(&["fix", "--check"]), ["b"]);
}

/// Installed packages and virtual environments are other projects.
#[test]
fn directories_of_installed_packages_are_skipped() {
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\n"),
        ("node_modules/x/Dockerfile", NAIVE),
        ("vendor/x/Dockerfile", NAIVE),
        (".venv/lib/Dockerfile", NAIVE),
        ("tests/fixtures/Dockerfile", NAIVE),
    ]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("skipped 4 Dockerfiles"), "{}", stderr(&output));
}

/// D11: findings are sorted by place, and none comes twice.
#[test]
fn findings_come_in_the_order_of_the_file() {
    let text = "FROM python:3.12\nCOPY . .\nRUN apt-get update\nRUN apt-get install -y gcc\nRUN apt-get install -y curl\n\
                RUN pip install flask\n";
    let folder = folder(&[("Dockerfile", text)]);
    for more in [&[][..], &["--unsafe"]] {
        let said = stdout(&run(folder.path(), &[&["fix", "--check"][..], more].concat()));
        let places: Vec<usize> = said
            .lines()
            .map(|line| line.split(':').nth(1).and_then(|n| n.parse().ok()).expect("a line"))
            .collect();
        assert!(places.is_sorted() && !places.is_empty(), "{said}");
    }
}

/// D12: a file that can't be written has its fixes named all the same.
#[test]
fn one_of_something_is_singular() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    let said = stderr(&run(folder.path(), &["fix"]));
    assert!(
        said.contains("1 file would change (1 fix)")
            && said.contains("1 unsafe (--verify tests it, --unsafe applies it)"),
        "{said}"
    );
}

/// D11: why there are fewer fixes with `--unsafe`, and the command that makes the same ones.
#[test]
fn fewer_fixes_with_unsafe_are_explained() {
    let text = "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n\
                COPY . .\nCMD [\"python\", \"app.py\"]\n";
    let folder =
        folder(&[("Dockerfile", text), ("requirements.txt", "flask==3.0.0\n"), ("app.py", "import flask\n")]);
    let said = stderr(&run(folder.path(), &["check", "--unsafe"]));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("1 file would change (1 fix)"), "{said}");
    assert!(lines[1].starts_with("`jettison fix --write --unsafe` applies it; "), "{said}");
    let note = "; not needed: cleanups in stages that are no longer part of the image";
    assert!(lines[1].contains(note), "{said}");
    let said = stderr(&run(folder.path(), &["check"]));
    assert!(said.contains("\n`jettison fix --write` applies it; "), "{said}");
    assert!(!said.contains("not needed"), "{said}");
}

/// D12: the list says of which transforms some fixes are unsafe, and a new ignore file is announced.
#[test]
fn an_unsafe_ignore_file_is_announced() {
    let big = "x".repeat(200_000);
    let folder =
        folder(&[("Dockerfile", "FROM debian:12\nCOPY . /srv\n"), (".git/HEAD", ""), (".git/objects", &big)]);
    let list = stdout(&run(folder.path(), &["list"]));
    let line = list.lines().find(|line| line.starts_with("write-dockerignore")).expect("it is listed");
    assert_eq!(line.split("  ").filter(|part| !part.is_empty()).nth(1).map(str::trim), Some("some unsafe"));
    let output = run(folder.path(), &["check", "--unsafe"]);
    assert!(stdout(&output).ends_with("[unsafe]\n.dockerignore: new file: .git\n"), "{}", stdout(&output));
    let said = stderr(&run(folder.path(), &["fix", "--unsafe", "--write"]));
    assert!(said.starts_with("1 file changed (1 fix, and an ignore file)\n"), "{said}");
    assert_eq!(read(&folder, ".dockerignore"), ".git\n");
}

/// D15: no transform is from a version that does not exist yet.
#[test]
fn transforms_are_not_from_the_future() {
    let parts = |version: &str| -> Vec<u32> {
        version.split('.').map(|part| part.parse().expect("a number")).collect()
    };
    for transform in jettison::transforms::ALL {
        assert!(parts(transform.since) <= parts(env!("CARGO_PKG_VERSION")), "{}", transform.id);
    }
}

/// D13: the diff of a subdirectory applies with git, from the top and from the subdirectory.
#[test]
fn a_diff_applies_wherever_it_was_made() {
    if !support::has_programs("a_diff_applies_wherever_it_was_made", &["git"]) {
        return;
    }
    let folder = folder(&[("Dockerfile", NAIVE), ("a b/Dockerfile", NAIVE), ("a b/c/notes", "")]);
    git(folder.path(), &["init", "--quiet"]);
    let absolute = folder.path().join("a b/Dockerfile").display().to_string();
    for (made_in, arguments, applied_in) in [
        ("a b", &["diff", "-q"][..], "a b"),
        ("a b", &["diff", "-q"], "."),
        ("a b/c", &["diff", "-q", "../.."], "."),
        ("a b/c", &["diff", "-q", absolute.as_str()], "a b"),
        (".", &["diff", "-q", absolute.as_str()], "."),
    ] {
        let output = run(&folder.path().join(made_in), arguments);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let diff = folder.path().join("x.diff");
        fs::write(&diff, &output.stdout).expect("writable");
        let before = read(&folder, "a b/Dockerfile");
        git(&folder.path().join(applied_in), &["apply", &diff.display().to_string()]);
        assert_eq!(
            (before.as_str(), read(&folder, "a b/Dockerfile").as_str()),
            (NAIVE, FIXED),
            "{arguments:?}"
        );
        fs::write(folder.path().join("a b/Dockerfile"), NAIVE).expect("writable");
        fs::write(folder.path().join("Dockerfile"), NAIVE).expect("writable");
    }
}

/// git ignores parts of a diff that are outside of the current directory, so there is a note.
#[test]
fn a_diff_of_files_elsewhere_says_where_it_applies() {
    let folder = folder(&[("Dockerfile", NAIVE), ("a/Dockerfile", NAIVE), (".git/HEAD", "")]);
    let note = "note: the paths of the diff start at the top of the repository; apply it there\n";
    assert!(stderr(&run(&folder.path().join("a"), &["diff", ".."])).starts_with(note));
    assert!(!stderr(&run(&folder.path().join("a"), &["diff"])).contains("note:"));
    assert!(!stderr(&run(folder.path(), &["diff"])).contains("note:"));
}

/// Without a command: what could be improved, and what to type next.
#[test]
fn the_bare_name_shows_what_can_be_improved() {
    let folder = folder(&[("a/Dockerfile", NAIVE), ("Dockerfile", FIXED), (".git/HEAD", "")]);
    let output = run(folder.path(), &[]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "a/Dockerfile    1 fix    smaller images\n    saves about 17–21 MB\n\n1 fix in 1 of 2 files\n  jettison diff          print the changes\n  \
         jettison fix --write   apply them\n  jettison fix --verify  build the images, and also test 2 unsafe fixes\n"
    );
    assert_eq!(stderr(&output), "");
    let empty = support::folder(&[("notes", "")]);
    let output = run(empty.path(), &[]);
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("Usage: jettison"), "{}", stdout(&output));
}

#[test]
fn check_lists_and_diff_prints() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    for (verb, same) in
        [("check", &["fix", "--check"][..]), ("lint", &["fix", "--check"]), ("diff", &["fix"])]
    {
        let (output, expected) = (run(folder.path(), &[verb]), run(folder.path(), same));
        assert_eq!(stdout(&output), stdout(&expected), "{verb}");
        assert_eq!((code(&output), code(&expected)), (1, 1));
    }
    let dry = run(folder.path(), &["fix", "--dry-run"]);
    assert_eq!(stdout(&dry), stdout(&run(folder.path(), &["fix"])));
    assert_eq!(code(&run(folder.path(), &["fix", "--dry-run", "--write"])), 2);
    let output = run_with_input(folder.path(), &["diff", "-"], NAIVE.as_bytes());
    assert!(stdout(&output).starts_with("--- a/-\n+++ b/-\n@@"), "{}", stdout(&output));
    let output = run(folder.path(), &["check", "--write"]);
    assert_eq!(
        (code(&output), stderr(&output).as_str()),
        (2, "error: `jettison check` writes nothing; use `jettison fix`\n")
    );
    assert_eq!(read(&folder, "Dockerfile"), NAIVE);
}

#[test]
fn a_path_instead_of_a_command_gets_advice() {
    let folder = folder(&[("app/Dockerfile", NAIVE)]);
    let output = run(folder.path(), &["app"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).starts_with("error: `app` is a path, not a command; run `jettison check app`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_exit_status_and_the_place_of_the_results_can_be_chosen() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    assert_eq!(code(&run(folder.path(), &["check", "--exit-zero"])), 0);
    assert_eq!(code(&run(folder.path(), &["check", "--exit-zero", "missing"])), 2);
    let output = run(folder.path(), &["check", "--output", "found.txt"]);
    assert_eq!((stdout(&output).as_str(), code(&output)), ("", 1));
    assert_eq!(read(&folder, "found.txt"), stdout(&run(folder.path(), &["check"])));
    let output = run_with_input(folder.path(), &["fix", "-", "-o", "fixed"], NAIVE.as_bytes());
    assert_eq!((stdout(&output).as_str(), read(&folder, "fixed").as_str()), ("", FIXED));
    let output = run(folder.path(), &["check", "--output-format", "concise"]);
    assert_eq!(stdout(&output), stdout(&run(folder.path(), &["check"])));
}

#[test]
fn statistics_count_the_fixes() {
    let folder = folder(&[("a/Dockerfile", NAIVE), ("b/Dockerfile", &format!("{NAIVE}RUN pip install x\n"))]);
    let output = run(folder.path(), &["check", "--statistics"]);
    let lines: Vec<String> = stdout(&output).lines().map(|line| line.trim().to_owned()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("2  clean-package-caches  "), "{lines:?}");
    assert!(lines[1].starts_with("1  avoid-package-caches  "), "{lines:?}");
}

/// An editor passes the text on standard input, and says which file it is.
#[test]
fn standard_input_may_have_a_name() {
    let folder = folder(&[
        ("app/.jettison.yaml", "ignore: clean-package-caches\n"),
        ("app/Dockerfile", "FROM debian:12\n"),
        ("web/Dockerfile", "FROM node:20\n"),
        ("web/package.json", "{}"),
    ]);
    let named = ["fix", "--stdin-filename", "app/Dockerfile", "-"];
    let output = run_with_input(folder.path(), &named, NAIVE.as_bytes());
    assert_eq!((stdout(&output).as_str(), code(&output)), (NAIVE, 0));
    let output =
        run_with_input(folder.path(), &["check", "--stdin-filename", "web/Dockerfile"], NAIVE.as_bytes());
    assert!(stdout(&output).starts_with("web/Dockerfile:2:1: clean-package-caches: "), "{}", stdout(&output));
    assert_eq!(code(&run(folder.path(), &["fix", "--stdin-filename", "x", "app/Dockerfile"])), 2);
}

#[test]
fn a_configuration_to_start_with_changes_nothing() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    let output = run(folder.path(), &["init"]);
    assert_eq!(
        (stdout(&output).as_str(), code(&output)),
        ("wrote .jettison.yaml\n", 0),
        "{}",
        stderr(&output)
    );
    let text = read(&folder, ".jettison.yaml");
    assert_eq!(stdout(&run(folder.path(), &["fix", "-"])), "");
    assert_eq!(code(&run(folder.path(), &["fix"])), 1);
    // With every setting in effect, it is valid too.
    let settings: String = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.split(": ").next().is_some_and(|key| !key.contains(' ') && line.contains(": ")))
        .filter(|line| !line.ends_with("null") && !line.starts_with("ignore: [merge"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(settings.lines().count() > 8, "{settings}");
    fs::write(folder.path().join(".jettison.yaml"), settings).expect("writable");
    assert_eq!(code(&run(folder.path(), &["fix"])), 1, "{}", stderr(&run(folder.path(), &["fix"])));
    let output = run(folder.path(), &["init"]);
    assert_eq!(
        (code(&output), stderr(&output).as_str()),
        (2, "error: .jettison.yaml exists already; it was not changed\n")
    );
}

#[test]
fn settings_are_shown_with_their_sources() {
    let folder = folder(&[
        ("old/Dockerfile", NAIVE),
        (".jettison.yaml", "caches: mount\noverrides:\n  - files: old\n    ignore: merge-runs\n"),
    ]);
    let output = run(folder.path(), &["config", "old/Dockerfile", "--unsafe"]);
    let said = stdout(&output);
    for line in [
        "# The settings for old/Dockerfile",
        "bases: slim          # default",
        "unsafe: true         # command line",
        "caches: mount        # .jettison.yaml",
        "ignore: [merge-runs] # .jettison.yaml, overrides[0]",
    ] {
        let is_there = said.lines().any(|shown| shown.split_whitespace().eq(line.split_whitespace()));
        assert!(is_there, "{line} is not in\n{said}");
    }
}

#[test]
fn codes_of_other_linters_are_explained() {
    let folder = folder(&[]);
    let said = stdout(&run(folder.path(), &["explain", "DL3009"]));
    assert!(
        said.starts_with("DL3009 is fixed by clean-package-caches.\n\nclean-package-caches (safe"),
        "{said}"
    );
    let said = stdout(&run(folder.path(), &["explain", "DL3008"]));
    assert_eq!(said, "No transform fixes DL3008: you have to choose the version.\n");
    let said = stdout(&run(folder.path(), &["explain", "jsonargsrecommended"]));
    assert!(said.starts_with("JSONArgsRecommended is fixed by command-array.\n"), "{said}");
    let said = stdout(&run(folder.path(), &["explain", "UndefinedVar"]));
    assert!(said.starts_with("No transform fixes UndefinedVar: "), "{said}");
    let output = run(folder.path(), &["explain", "merge-run"]);
    assert!(stderr(&output).contains("did you mean `merge-runs`?"), "{}", stderr(&output));
}

#[test]
fn completions_know_the_transforms() {
    let folder = folder(&[]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(folder.path(), &["completions", shell])).contains("merge-runs"), "{shell}");
    }
}

/// The manual page has the help of every option, and sections like those of other programs.
#[test]
fn the_manual_page_is_complete() {
    let folder = folder(&[]);
    let page = stdout(&run(folder.path(), &["man"]));
    for heading in ["EXAMPLES", "EXIT STATUS", "FILES", "ENVIRONMENT"] {
        assert!(page.contains(&format!("\n.SH \"{heading}\"\n")), "{heading}");
    }
    let lines: Vec<&str> = page.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[0].starts_with("\\fB\\-\\-")) {
        assert!(!pair[1].is_empty(), "{} has no help", pair[0]);
    }
    assert!(page.contains("Set a build argument"));
}

/// The short help has the frequent options under headings; the long one has all.
#[test]
fn help_is_short_or_long() {
    let folder = folder(&[]);
    let (short, long) =
        (stdout(&run(folder.path(), &["fix", "-h"])), stdout(&run(folder.path(), &["fix", "--help"])));
    for heading in
        ["Which fixes:", "Which files:", "Output:", "Builds (need a container engine):", "Examples:"]
    {
        assert!(short.contains(heading) && long.contains(heading), "{heading} is not in\n{short}");
    }
    assert!(!short.contains("--build-arg") && long.contains("--build-arg"));
    let whole = stdout(&run(folder.path(), &["--help"]));
    assert!(whole.contains("Exit status:") && whole.contains("JETTISON_ENGINE"), "{whole}");
    assert!(!stdout(&run(folder.path(), &["-h"])).contains("Exit status:"));
    for line in [&short, &whole].into_iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// What the program prints on a terminal with this many columns, without escape sequences.
fn on_terminal(folder: &Path, arguments: &[&str], columns: u16) -> String {
    let screen = terminal::shown(folder, arguments, columns);
    assert!(screen.contains('\u{1b}'), "there are colours: {screen}");
    terminal::with_colours(&screen, |_| String::new())
}

/// Findings have their source lines on a terminal, and words do not break at its edge.
#[test]
fn findings_fit_the_terminal() {
    let text = format!(
        "FROM debian:12\nCOPY . /app\nRUN apt-get update\nRUN apt-get install -y {}\n",
        "curl ".repeat(40)
    );
    let folder = folder(&[("Dockerfile", &text), ("app.py", "")]);
    for columns in [80, 120] {
        let said = on_terminal(folder.path(), &["check"], columns);
        assert!(said.contains("fix[merge-runs]: "), "{said}");
        assert!(said.contains("\n4 | RUN apt-get ins"), "{said}");
        assert!(said.contains("= help: for details, run `jettison explain merge-runs`\n"), "{said}");
        let (findings, _) = said.split_once("1 file would change").expect("a summary");
        for line in findings.lines() {
            assert!(line.chars().count() <= columns.into(), "{columns}: {line}");
        }
        let (_, summary) = said.rsplit_once("1 file would change").expect("a summary");
        assert_eq!(summary.trim_end().lines().count(), 2, "{said}");
        assert_eq!(summary.matches("; not applied: ").count(), 1, "{said}");
    }
    let said = on_terminal(folder.path(), &["diff"], 80);
    assert!(said.contains("\n-RUN apt-get update\n"), "{said}");
}

/// A budget fails a check only for what the fixes certainly save, and names the fix to blame.
#[test]
fn a_budget_fails_with_the_line_to_blame() {
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
    let folder = folder(&[("Dockerfile", text)]);
    let over = run(folder.path(), &["check", "--fail-over", "10MB"]);
    assert_eq!(code(&over), 1);
    let said = stderr(&over);
    let blamed = "most of it by Dockerfile:2:1: clean-package-caches: ";
    assert!(said.contains("over budget: Dockerfile: the fixes save at least 17"), "{said}");
    assert!(said.contains(", more than 10.0 MB; ") && said.contains(blamed), "{said}");
    let within = run(folder.path(), &["check", "--fail-over", "50MB"]);
    assert!(code(&within) == 0 && !stderr(&within).contains("over budget"), "{}", stderr(&within));
    let share = run(folder.path(), &["check", "--fail-over", "5%"]);
    assert!(code(&share) == 2 && stderr(&share).contains("--measure"), "{}", stderr(&share));
    let unknown = run(folder.path(), &["check", "--fail-over", "50"]);
    assert!(code(&unknown) == 2 && stderr(&unknown).contains("50MB"), "{}", stderr(&unknown));
}

/// What another linter ignores is taken over, in codes that have the same effect here.
#[test]
fn the_configuration_of_another_linter_is_taken_over() {
    let dockerfile = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\nRUN pip install x\n";
    let folder = folder(&[
        ("Dockerfile", dockerfile),
        ("droast.toml", "skip = [\"DF003\", \"DF012\"]\n"),
        (".tally.toml", "[rules.hadolint.DL3042]\nseverity = \"off\"\n"),
    ]);
    let initial = run(folder.path(), &["init", ".", "--from", "droast.toml", "--from", ".tally.toml"]);
    let said = stdout(&initial);
    assert!(said.contains("wrote .jettison.yaml\n"), "{said}{}", stderr(&initial));
    assert!(said.contains("droast.toml: ignored as there: DL3059\n"), "{said}");
    assert!(said.contains("droast.toml: not needed, because no transform fixes them: DF012\n"), "{said}");
    let written = read(&folder, ".jettison.yaml");
    assert!(written.contains("# From droast.toml and .tally.toml.\nignore: [DL3042, DL3059]\n"), "{written}");
    let checked = run(folder.path(), &["check", "--as", "hadolint"]);
    assert_eq!(stdout(&checked), "", "{}", stderr(&checked));
    assert!(stderr(&checked).contains(" suppressed"), "{}", stderr(&checked));
    let unknown = run(folder.path(), &["init", "--from", "Dockerfile"]);
    assert_eq!(code(&unknown), 2);
}

/// `ignore` takes the codes of hadolint, each for the fixes that answer it.
#[test]
fn a_code_can_be_ignored() {
    let folder = folder(&[("Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n")]);
    assert_eq!(code(&run(folder.path(), &["check"])), 1);
    let ignored = run(folder.path(), &["check", "-v", "--ignore", "dl3009"]);
    assert_eq!(code(&ignored), 0, "{}", stderr(&ignored));
    assert!(stderr(&ignored).contains("the configuration ignores dl3009"), "{}", stderr(&ignored));
    let unanswered = run(folder.path(), &["check", "--ignore", "DL3008"]);
    assert_eq!(code(&unanswered), 1, "a code that no transform fixes: {}", stderr(&unanswered));
    for (arguments, message) in [
        (["--select", "DL3008"], "no transform fixes DL3008: "),
        (["--select", "DL3009"], "DL3009 is a code, not a transform; clean-package-caches fixes it"),
        (["--ignore", "DL30"], "unknown transform `DL30`"),
    ] {
        let refused = run(folder.path(), &["check", arguments[0], arguments[1]]);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains(message), "{}", stderr(&refused));
    }
}

/// What would do something else than it seems is refused.
#[test]
fn arguments_that_mean_something_else_are_refused() {
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
    let folder = folder(&[("Dockerfile", text), ("b/Dockerfile", text)]);
    let words = run(folder.path(), &["fix", "--write", "--", "b/Dockerfile"]);
    assert_eq!(code(&words), 2);
    assert!(stderr(&words).contains("`b/Dockerfile` after -- is an option for builds"), "{}", stderr(&words));
    for arguments in [&["fix", "Dockerfile", "-o", "./Dockerfile"][..], &["check", "-o", "b/Dockerfile"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("--output would replace "), "{}", stderr(&output));
    }
    assert_eq!(read(&folder, "Dockerfile"), text);
    assert_eq!(read(&folder, "b/Dockerfile"), text);
    let explained = run(folder.path(), &["explain", "DL9999"]);
    assert_eq!((code(&explained), stdout(&explained)), (2, String::new()));
}

/// A configuration is checked, and can be left out.
#[test]
fn settings_without_effect_are_errors() {
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
    let folder = folder(&[("Dockerfile", text), (".jettison.yaml", "keep: [var/lib/apt/lists]\n")]);
    let said = run(folder.path(), &["check"]);
    assert_eq!(code(&said), 2);
    assert!(
        stderr(&said).contains(".jettison.yaml:1:8: `keep` needs paths in the image"),
        "{}",
        stderr(&said)
    );
    assert_eq!(code(&run(folder.path(), &["check", "--no-config"])), 1);
    let said = run(folder.path(), &["check", "--no-config", "--exclude", "*"]);
    assert!(stderr(&said).contains("that `exclude` does not skip"), "{}", stderr(&said));
}

/// A Compose file that is not valid is an error at its place, also if it has no inline Dockerfile.
#[test]
fn a_mistake_in_a_compose_file_has_its_place() {
    let folder = folder(&[("compose.yaml", "services:\n  a:\n    build: .\n  b: [\n")]);
    let said = run(folder.path(), &["check", "compose.yaml"]);
    assert_eq!(code(&said), 2);
    assert!(stderr(&said).starts_with("error: compose.yaml:5:1: is not valid YAML"), "{}", stderr(&said));
}

/// The findings of every format are in the order of the file.
#[test]
fn findings_are_in_order() {
    let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y git\n\
                RUN npm ci\nRUN pip install flask\nCMD [\"node\", \"a.js\"]\n";
    let folder = folder(&[("Dockerfile", text), ("a.js", "")]);
    for format in ["concise", "github", "gitlab", "markdown"] {
        let said = stdout(&run(folder.path(), &["check", "--format", format]));
        let at = |marks: [&str; 3]| marks.iter().find_map(|mark| said.find(*mark));
        let places = [4, 5, 6].map(|line| {
            at([&format!("line={line}"), &format!("\"begin\":{line}"), &format!("Dockerfile:{line}")])
        });
        assert!(places.is_sorted() && places[0].is_some(), "{format}: {places:?}\n{said}");
    }
}

//! The command line interface: modes, streams, exit statuses, and every kind of bad input.
#![cfg(unix)]

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::{Command, Output, Stdio};

use support::folder;
use support::run::{FIXED, NAIVE, code, git, read, run, run_with_input, stderr, stdout};

fn assert_snapshot(name: &str, text: &str) {
    support::run::assert_snapshot("cli", name, text);
}

fn snapshot(name: &str, output: &Output) {
    assert_snapshot(
        name,
        &format!("exit {}\n--- stdout\n{}--- stderr\n{}", code(output), stdout(output), stderr(output)),
    );
}

#[test]
fn a_diff_is_printed_and_nothing_written() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    snapshot("diff", &run(folder.path(), &["fix"]));
    assert_eq!(read(&folder, "Dockerfile"), NAIVE);
}

#[test]
fn the_diff_applies_with_git_and_with_patch() {
    if !support::has_programs("the_diff_applies_with_git_and_with_patch", &["git", "patch"]) {
        return;
    }
    let texts = [NAIVE.to_owned(), NAIVE.trim_end().to_owned(), NAIVE.replace('\n', "\r\n")];
    for text in texts {
        let folder = folder(&[("a b/Dockerfile", &text), ("Dockerfile", &text)]);
        let diff = run(folder.path(), &["fix", "--format", "diff", "-q"]).stdout;
        run(folder.path(), &["fix", "--write", "-q"]);
        let expected = (read(&folder, "a b/Dockerfile"), read(&folder, "Dockerfile"));
        for command in [["git", "apply", "-"], ["patch", "-p1", "--binary"]] {
            for name in ["a b/Dockerfile", "Dockerfile"] {
                fs::write(folder.path().join(name), &text).expect("a writable file");
            }
            let mut child = Command::new(command[0])
                .args(&command[1..])
                .current_dir(folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("{}: {error}", command[0]));
            child.stdin.take().expect("piped").write_all(&diff).expect("it reads");
            assert!(
                child.wait().expect("it ends").success(),
                "{command:?} refuses\n{}",
                String::from_utf8_lossy(&diff)
            );
            assert_eq!(
                (read(&folder, "a b/Dockerfile"), read(&folder, "Dockerfile")),
                expected,
                "{command:?}"
            );
        }
    }
}

#[test]
fn findings_have_their_source_lines_where_that_is_asked_for() {
    let text = "FROM debian:12\n# jettison: ignore=merge-runs\nRUN apt-get update && apt-get install -y gcc\n\
                RUN apt-get update && apt-get install -y curl && rm -rf /tmp/x\nCOPY a\n";
    let folder = folder(&[("Dockerfile", text)]);
    snapshot("check-full", &run(folder.path(), &["fix", "--check", "-v", "--format", "full"]));
}

#[test]
fn findings_are_sorted_by_place_and_none_comes_twice() {
    let text = "FROM python:3.12\nRUN apt-get update\nRUN apt-get install -y gcc\nRUN apt-get install -y curl\n\
                RUN pip install flask\nCOPY . /app\nRUN pip install gunicorn\n";
    let folder = folder(&[("Dockerfile", text)]);
    let text = stdout(&run(folder.path(), &["fix", "--check", "--unsafe"]));
    let lines: Vec<&str> = text.lines().collect();
    let numbers: Vec<usize> = lines
        .iter()
        .map(|line| line.split(':').nth(1).and_then(|n| n.parse().ok()).expect("a line"))
        .collect();
    assert!(numbers.len() > 2 && numbers.is_sorted(), "{text}");
    let mut different = lines.clone();
    different.dedup();
    assert_eq!(different, lines);
}

#[test]
fn writing_replaces_the_file_and_keeps_its_mode() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    fs::set_permissions(folder.path().join("Dockerfile"), fs::Permissions::from_mode(0o640))
        .expect("allowed");
    snapshot("write", &run(folder.path(), &["fix", "--write"]));
    assert_eq!(read(&folder, "Dockerfile"), FIXED);
    let mode = fs::metadata(folder.path().join("Dockerfile")).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(code(&run(folder.path(), &["fix", "--write"])), 0);
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "no other file may be left");
}

#[test]
fn writing_keeps_the_owner() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    let path = folder.path().join("Dockerfile");
    if chown(&path, Some(1234), Some(2345)).is_err() {
        support::skip("writing_keeps_the_owner", "only root can change the owner of a file");
        return;
    }
    assert_eq!(code(&run(folder.path(), &["fix", "--write"])), 0);
    let metadata = fs::metadata(&path).expect("there");
    assert_eq!((metadata.uid(), metadata.gid()), (1234, 2345));
}

#[test]
fn writing_goes_through_symbolic_links() {
    let folder = folder(&[("real/file", NAIVE)]);
    symlink("real/file", folder.path().join("Dockerfile")).expect("a link");
    assert_eq!(code(&run(folder.path(), &["fix", "--write", "Dockerfile"])), 0);
    assert_eq!(read(&folder, "real/file"), FIXED);
    assert!(fs::symlink_metadata(folder.path().join("Dockerfile")).expect("there").is_symlink());
}

#[test]
fn checking_says_what_and_why() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    snapshot("check", &run(folder.path(), &["fix", "--check"]));
    snapshot("check-verbose", &run(folder.path(), &["fix", "--check", "-v"]));
    snapshot("check-quiet", &run(folder.path(), &["fix", "--check", "-q"]));
    assert_eq!(read(&folder, "Dockerfile"), NAIVE);
}

#[test]
fn places_are_those_of_the_file_as_it_is() {
    let text = "FROM debian:12\nRUN apt-get update\n\n\nRUN apt-get install -y curl\n\nRUN npm install -g x\nRUN pip install x\n";
    let folder = folder(&[("Dockerfile", text)]);
    let output = run(folder.path(), &["fix", "--check"]);
    assert!(stdout(&output).contains("Dockerfile:5:1: merge-runs"), "{}", stdout(&output));
    assert!(stdout(&output).contains("Dockerfile:8:1: avoid-package-caches"), "{}", stdout(&output));
}

#[test]
fn refusals_are_explained() {
    let folder = folder(&[(
        "Dockerfile",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl && exec true\n",
    )]);
    snapshot("refusal", &run(folder.path(), &["fix", "-v"]));
}

#[test]
fn standard_input_comes_out_fixed() {
    let folder = folder(&[]);
    let output = run_with_input(folder.path(), &["fix", "-"], NAIVE.as_bytes());
    assert_eq!((stdout(&output).as_str(), code(&output)), (FIXED, 0));
    let output = run_with_input(folder.path(), &["fix", "-"], FIXED.as_bytes());
    assert_eq!((stdout(&output).as_str(), code(&output)), (FIXED, 0));
    let output = run_with_input(folder.path(), &["fix", "-", "--check"], NAIVE.as_bytes());
    assert_eq!(code(&output), 1);
}

#[test]
fn json_is_one_document() {
    let folder = folder(&[("Dockerfile", NAIVE), ("b.Dockerfile", "FROM a\n"), ("Dockerfile.bad", "\u{0}")]);
    let output = run(folder.path(), &["fix", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["files"].as_array().map(Vec::len), Some(3));
    assert_eq!(document["files"][0]["fixes"][0]["transform"], "clean-package-caches");
    assert_eq!(code(&output), 2);
    snapshot("json", &output);
}

#[test]
fn directories_are_searched_and_git_ignores_are_honoured() {
    let folder = folder(&[
        ("a/Dockerfile", NAIVE),
        ("a/Dockerfile.dev", NAIVE),
        ("b/api.Dockerfile", NAIVE),
        ("b/api.dockerfile", NAIVE),
        ("c/Containerfile", NAIVE),
        ("c/notes.md", NAIVE),
        ("ignored/Dockerfile", NAIVE),
        (".gitignore", "ignored/\n"),
    ]);
    let output = run(folder.path(), &["fix", "--write", "."]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for name in
        ["a/Dockerfile", "a/Dockerfile.dev", "b/api.Dockerfile", "b/api.dockerfile", "c/Containerfile"]
    {
        assert_eq!(read(&folder, name), FIXED, "{name}");
    }
    assert_eq!(read(&folder, "c/notes.md"), NAIVE);
    assert_eq!(read(&folder, "ignored/Dockerfile"), NAIVE);
}

#[test]
fn one_bad_file_never_stops_the_others() {
    let folder = folder(&[
        ("Dockerfile.1", NAIVE),
        ("Dockerfile.2", "\u{0}binary"),
        ("Dockerfile.3", NAIVE),
        ("Dockerfile.4", ""),
        ("Dockerfile.6", "# only a comment\n"),
    ]);
    fs::write(folder.path().join("Dockerfile.5"), b"FROM a\nRUN echo \xff\n").expect("a file");
    let output = run(folder.path(), &["fix", "--write", ".", "missing", "/dev/null"]);
    assert_eq!(read(&folder, "Dockerfile.1"), FIXED);
    assert_eq!(read(&folder, "Dockerfile.3"), FIXED);
    snapshot("bad-files", &output);
}

#[test]
fn a_directory_without_dockerfiles_is_an_error() {
    let folder = folder(&[("readme.md", "nothing")]);
    snapshot("empty-directory", &run(folder.path(), &["fix", "."]));
}

#[test]
fn an_enormous_file_is_an_error() {
    let folder = folder(&[]);
    File::create(folder.path().join("Dockerfile"))
        .and_then(|file| file.set_len(40 * 1024 * 1024))
        .expect("a sparse file");
    snapshot("enormous", &run(folder.path(), &["fix", "Dockerfile"]));
}

#[test]
fn a_read_only_file_stays_as_it_was() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    fs::set_permissions(folder.path().join("Dockerfile"), fs::Permissions::from_mode(0o444))
        .expect("allowed");
    snapshot("read-only", &run(folder.path(), &["fix", "--write"]));
    assert_eq!(read(&folder, "Dockerfile"), NAIVE);
}

/// A file with every kind of instruction: flags, comments inside, nested commands, exec form, a
/// here-document, and a line that can't be read.
#[test]
fn what_is_understood_is_printed_for_contributors() {
    let text = "\
# syntax=docker/dockerfile:1
FROM golang:1.22-bookworm AS build
ARG VERSION
ENV APP=/srv/app
WORKDIR $APP
# Tools.
RUN --mount=type=cache,target=/root/.cache apt-get update \\
    # and git
    && apt-get install -y \"git\" curl || true; \\
    cd tools && OUT=$PWD/bin && for t in a b; do go build -o \"$OUT/$t\" ./$t; done
RUN [\"make\", \"all\"]

FROM debian:12
COPY --from=build /srv/app/tools/bin /usr/local/bin/
USER nobody
RUM x\u{1b}[31m
RUN cat <<EOF
hi
EOF
";
    let folder = folder(&[("Dockerfile", text)]);
    snapshot("debug-tree", &run(folder.path(), &["debug", "tree", "Dockerfile"]));
    let facts = run(folder.path(), &["debug", "facts", "Dockerfile"]);
    snapshot("debug-facts", &facts);
    let again = run_with_input(folder.path(), &["debug", "facts", "-"], text.as_bytes());
    assert_eq!(stdout(&again), stdout(&facts), "the build context does not matter here");
    let missing = run(folder.path(), &["debug", "tree", "missing"]);
    assert_eq!((code(&missing), stderr(&missing).as_str()), (2, "error: missing: no such file\n"));
}

#[test]
fn broken_lines_are_named_and_the_rest_is_fixed() {
    let folder = folder(&[(
        "Dockerfile",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nENV A=1\nCOPY x\nENV B=1\nRUN apt-get install -y git\n",
    )]);
    snapshot("broken-line", &run(folder.path(), &["fix", "-v"]));
}

#[test]
fn what_a_kill_left_is_taken_away_by_the_next_run() {
    let folder = folder(&[
        ("Dockerfile", NAIVE),
        (".jettison-aB3dE6", "FROM deb"),
        (".jettison-notes", "mine\n"),
        (".jettison.yaml", "ignore: [merge-runs]\n"),
    ]);
    assert_eq!(code(&run(folder.path(), &["fix", "--write"])), 0);
    assert_eq!(read(&folder, "Dockerfile"), FIXED);
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, [".jettison-notes", ".jettison.yaml", "Dockerfile"]);
}

#[test]
fn hard_links_stay_links() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    fs::hard_link(folder.path().join("Dockerfile"), folder.path().join("other")).expect("a link");
    let output = run(folder.path(), &["fix", "--write", "Dockerfile"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("one of 2 hard links"), "{}", stderr(&output));
    assert_eq!(read(&folder, "Dockerfile"), NAIVE);
    assert_eq!(fs::metadata(folder.path().join("other")).expect("there").nlink(), 2);
}

/// With a full disk, writing the new text fails: the file is unchanged, and no other file is left.
#[test]
fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"]).arg(folder.path()).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        support::skip("a_full_disk_loses_nothing", "a small file system can't be mounted");
        return;
    }
    let result = std::panic::catch_unwind(|| {
        let text = format!("{NAIVE}# {}\n", "x".repeat(5000));
        fs::write(folder.path().join("Dockerfile"), &text).expect("there is room for this");
        // The filler takes the remaining space, so that no page is left for the new text.
        let _ = fs::write(folder.path().join("filler"), vec![b'x'; 64 * 1024]);
        let output = run(folder.path(), &["fix", "--write", "Dockerfile"]);
        let names: Vec<_> = fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        (output, names.len(), fs::read_to_string(folder.path().join("Dockerfile")).expect("readable") == text)
    });
    let _ = Command::new("umount").arg(folder.path()).status();
    let (output, names, same) = result.expect("no panic while the disk was full");
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("no space left"), "{}", stderr(&output));
    assert!(same && names == 2, "the file must be unchanged and the only one");
}

#[test]
fn configuration_is_found_upwards() {
    let folder = folder(&[("sub/Dockerfile", NAIVE), (".jettison.yaml", "ignore: [clean-package-caches]\n")]);
    let output = run(&folder.path().join("sub"), &["fix"]);
    assert_eq!((stdout(&output).as_str(), code(&output)), ("", 0));
}

#[test]
fn configuration_mistakes_are_shown_where_they_stand() {
    let folder = folder(&[("Dockerfile", NAIVE), (".jettison.yaml", "unsafe: false\nmerge-run: all\n")]);
    let output = run(folder.path(), &["fix"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output)
        .replace(&folder.path().canonicalize().expect("there").display().to_string(), "<folder>");
    assert_snapshot("configuration-mistake", &said);
}

#[test]
fn selection_and_unknown_names() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    assert_eq!(code(&run(folder.path(), &["fix", "--ignore", "clean-package-caches"])), 0);
    assert_eq!(code(&run(folder.path(), &["fix", "--select", "merge-runs"])), 0);
    snapshot("unknown-transform", &run(folder.path(), &["fix", "--select", "clean-package-cache"]));
}

#[test]
fn caches_go_into_mounts_on_request() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    let mount = "--mount=type=cache,target=/var/lib/apt/lists";
    assert!(!stdout(&run(folder.path(), &["fix"])).contains(mount));
    assert!(stdout(&run(folder.path(), &["fix", "--caches", "mount"])).contains(mount));
    fs::write(folder.path().join(".jettison.yaml"), "caches: mount\n").expect("a file");
    assert!(stdout(&run(folder.path(), &["fix"])).contains(mount));
    assert!(!stdout(&run(folder.path(), &["fix", "--caches", "clean"])).contains(mount));
}

#[test]
fn unsafe_fixes_need_to_be_asked_for() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    assert!(!stdout(&run(folder.path(), &["fix"])).contains("--no-install-recommends"));
    assert!(
        stdout(&run(folder.path(), &["fix", "--unsafe"])).contains("install --no-install-recommends -y curl")
    );
}

#[test]
fn merging_can_be_asked_for() {
    let folder = folder(&[("Dockerfile", "FROM debian:12\nRUN make a\nRUN pip install --no-cache-dir b\n")]);
    assert_eq!(code(&run(folder.path(), &["fix"])), 0);
    fs::write(folder.path().join(".jettison.yaml"), "merge-runs: all\n").expect("writable");
    assert_eq!(code(&run(folder.path(), &["fix"])), 1);
}

#[test]
fn transforms_are_listed_and_explained() {
    let folder = folder(&[]);
    snapshot("list", &run(folder.path(), &["list"]));
    snapshot("explain", &run(folder.path(), &["explain", "useradd-no-log-init"]));
    snapshot("explain-unknown", &run(folder.path(), &["explain", "nothing"]));
}

#[test]
fn colours_do_not_leak_into_files() {
    let folder = folder(&[("Dockerfile", NAIVE)]);
    for choice in [&["fix"][..], &["fix", "--color", "never"]] {
        assert!(!stdout(&run(folder.path(), choice)).contains('\u{1b}'));
    }
    assert!(stdout(&run(folder.path(), &["fix", "--color", "always"])).contains("\u{1b}[32m+"));
    // Control characters from the Dockerfile itself are printed unchanged.
    fs::write(folder.path().join("Dockerfile"), format!("{NAIVE}# \u{1b}[1mbold\n")).expect("writable");
    assert!(stdout(&run(folder.path(), &["fix"])).contains("\u{1b}[1mbold"));
}

/// `jettison fix | head -1` is not an error.
#[test]
fn a_closed_pipe_is_success() {
    let names: Vec<String> = (0..400).map(|number| format!("Dockerfile.{number}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), NAIVE)).collect();
    let folder = folder(&files);
    let mut child = Command::new(support::jettison())
        .args(["fix", "-q"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}

#[test]
fn only_what_changed_since_a_revision_is_touched() {
    if !support::has_programs("only_what_changed_since_a_revision_is_touched", &["git"]) {
        return;
    }
    let folder = folder(&[(
        "Dockerfile",
        "FROM debian:12\nRUN pip install flask==3.0.3\nENV A=1\nRUN pip install \\\n    django==5.0\n",
    )]);
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "Start"]);
    let changed = read(&folder, "Dockerfile").replace("5.0", "5.1");
    fs::write(folder.path().join("Dockerfile"), &changed).expect("a file");
    let output = run(folder.path(), &["fix", "--since", "HEAD", "--write"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    // The changed line is the second one of its instruction. The first instruction stays unchanged.
    let expected = changed.replace("RUN pip install \\", "RUN pip install --no-cache-dir \\");
    assert_eq!(read(&folder, "Dockerfile"), expected);
    fs::create_dir(folder.path().join("new")).expect("a directory");
    fs::write(folder.path().join("new/Dockerfile"), NAIVE).expect("a file");
    assert!(stdout(&run(folder.path(), &["fix", "--since", "HEAD", "new"])).contains("+++ b/new/Dockerfile"));
    let wrong = run(folder.path(), &["fix", "--since", "nowhere"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("unknown revision `nowhere`"), "{}", stderr(&wrong));
}

#[test]
fn a_file_that_takes_too_long_stops_no_other() {
    let long = format!("FROM debian:12\n{}", "RUN apt-get update && apt-get install -y x\n".repeat(20_000));
    let folder = folder(&[("Dockerfile", NAIVE), ("long.Dockerfile", &long)]);
    let output = run(folder.path(), &["fix", "--write", "--time-limit", "1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains("long.Dockerfile") && said.contains("takes longer than 1 s"), "{said}");
    assert_eq!(read(&folder, "Dockerfile"), FIXED);
    assert_eq!(read(&folder, "long.Dockerfile"), long);
}

#[test]
fn a_huge_file_is_refused_and_stops_no_other() {
    let huge = format!("FROM debian:12\nRUN echo {}\n", "a ".repeat(5_300_000));
    let folder = folder(&[("Dockerfile", NAIVE), ("huge.Dockerfile", &huge)]);
    let output = run(folder.path(), &["fix", "--write"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains("huge.Dockerfile") && said.contains("the limit for a Dockerfile"), "{said}");
    assert_eq!(read(&folder, "Dockerfile"), FIXED);
}

#[test]
fn a_small_stack_bears_deep_scripts() {
    let text = format!("FROM debian:12\nRUN {}true{}\n", "( ".repeat(100), " )".repeat(100));
    let folder = folder(&[("Dockerfile", &text)]);
    let command = format!("ulimit -s 1024; exec '{}' fix --check Dockerfile", support::jettison().display());
    let output =
        Command::new("sh").args(["-c", &command]).current_dir(folder.path()).output().expect("a shell");
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
}

/// In a build without a command, using it gives an error message, whatever arguments follow, and
/// the help does not list it.
#[cfg(not(all(feature = "pr", feature = "inspect")))]
#[test]
fn a_command_that_was_left_out_is_named() {
    let folder = folder(&[]);
    for (name, is_there) in [("pr", cfg!(feature = "pr")), ("inspect", cfg!(feature = "inspect"))] {
        let help = stdout(&run(folder.path(), &["--help"]));
        assert_eq!(help.contains(&format!("\n  {name} ")), is_there, "{help}");
        let output = run(folder.path(), &[name, "--dry-run", "image.tar"]);
        let says_so = stderr(&output)
            .contains(&format!("this build of jettison does not contain the command `{name}`"));
        assert_eq!((code(&output), says_so), (2, !is_there), "{}", stderr(&output));
    }
}

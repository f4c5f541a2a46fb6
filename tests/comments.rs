//! Comments that suppress fixes, tested through the program: which ones apply, and which ones cause
//! a warning.

mod support;

use support::folder;
use support::run::{run, stderr, stdout};

/// The output for a Dockerfile, on standard output and on standard error.
fn said(dockerfile: &str) -> (String, String) {
    let folder = folder(&[("Dockerfile", dockerfile)]);
    let output = run(folder.path(), &["fix"]);
    (stdout(&output), stderr(&output))
}

fn warnings(dockerfile: &str) -> Vec<String> {
    let lines = said(dockerfile).1;
    lines.lines().filter_map(|line| line.strip_prefix("warning: Dockerfile:")).map(str::to_owned).collect()
}

#[test]
fn comments_that_do_nothing_are_reported() {
    let text = "FROM debian:12\n# jettison: ignore=clean-package-caches it is needed\nRUN apt-get update && apt-get install -y curl\n# jettison: ignore=merge-runs\nRUN make\n# jettison: ignore=clean-caches\nRUN make install\n";
    let idle = "unused ignore comment: it suppresses no fix of `merge-runs`; move it right above its instruction, or remove it";
    let unknown = "there is no transform `clean-caches`; did you mean `clean-package-caches`?; this comment does nothing";
    assert_eq!(warnings(text), [format!("4:1: {idle}"), format!("6:1: {unknown}")]);
}

#[test]
fn a_comment_that_keeps_anything_is_not_idle() {
    for text in [
        // The first of two RUNs opts out; the merge would be reported at the second one.
        "FROM debian:12\n# jettison: ignore=merge-runs\nRUN apt-get update\nRUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        // Another transform does not touch instructions below a comment of ours.
        "FROM debian:12\nRUN apt-get update\n# jettison: ignore=clean-package-caches\nRUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        // The fix that it suppresses would be withheld or refused anyway, with a message.
        "FROM debian:12\n# jettison: ignore=clean-package-caches\nRUN apt-get update && apt-get install -y curl\nRUN ./configure.sh\n",
        // Only one of the two ids has a fix to suppress; for the other one, that is unknown without
        // a try.
        "FROM debian:12\n# jettison: ignore=all\nRUN true\n",
    ] {
        assert_eq!(warnings(text), Vec::<String>::new(), "{text}");
    }
    let two = "FROM debian:12\n# jettison: ignore=clean-package-caches,merge-runs\nRUN apt-get update && apt-get install -y curl\n";
    assert_eq!(
        warnings(two),
        [
            "2:1: unused ignore comment: it suppresses no fix of `merge-runs`; move it right above its instruction, or remove it"
        ]
    );
}

#[test]
fn a_comment_above_nothing_is_idle() {
    let text = "FROM debian:12\n# jettison: ignore=clean-package-caches\n\nRUN apt-get update && apt-get install -y curl\n";
    assert_eq!(
        warnings(text),
        [
            "2:1: unused ignore comment: it suppresses no fix of `clean-package-caches`; move it right above its instruction, or remove it"
        ]
    );
}

#[test]
fn near_misses_are_warned_about() {
    for comment in [
        "# jettison ignore=clean-package-caches",
        "# Jettison: ignore=clean-package-caches",
        "# jettison: disable=clean-package-caches",
        "# jettison: skip=clean-package-caches",
    ] {
        let text = format!("FROM debian:12\n{comment}\nRUN apt-get update && apt-get install -y curl\n");
        let expected =
            "2:1: this comment does nothing; write it as `# jettison: ignore=clean-package-caches`";
        assert_eq!(warnings(&text), [expected], "{comment}");
    }
    for comment in ["# jettison:ignore=all", "#  jettison: ignore = all because"] {
        let text = format!("FROM debian:12\n{comment}\nRUN apt-get update && apt-get install -y curl\n");
        assert_eq!(said(&text).0, "", "{comment}");
        assert_eq!(warnings(&text), Vec::<String>::new(), "{comment}");
    }
}

//! Whether a build reads version control: for a version, the ID of a commit, or a list of files.
//!
//! A name that contains `git` is not enough evidence: URLs end in `.git`, and `digit` is a word.
//! Evidence is the program `git` where a command can be, the directory `.git` as a path, and the
//! names of known readers.

use crate::knowledge::lists::version_control::{LIBRARIES, PROGRAMS};
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Run};
use crate::transforms::write_dockerignore::candidates::Search;

impl Search<'_, '_> {
    /// The reader of version control, to display, or `None` if there is no known one.
    pub(crate) fn asks_for_history(&self) -> Option<Reason> {
        let runs = &self.facts.runs;
        let called = runs.iter().flat_map(|run| &run.invocations).find_map(|invocation| {
            PROGRAMS.iter().find(|name| invocation.is(name)).map(|name| reasons::may_read_history(name))
        });
        let unread = || {
            let is_unread = |body: &Body| matches!(body, Body::Run(Run::Opaque(_) | Run::Exec(_)));
            runs.iter().any(|run| is_unread(&run.instruction.body)).then(reasons::run_not_read)
        };
        let mentioned = || {
            let is_lock =
                |path: &str| path.ends_with("package-lock.json") || path.ends_with("npm-shrinkwrap.json");
            let mut texts = self.project_texts().filter(|(path, _)| !is_lock(path));
            texts.find_map(|(path, text)| asks(text).map(|what| reasons::names_history(path, what)))
        };
        called.or_else(unread).or_else(mentioned)
    }
}

/// The reader of version control that a text names.
fn asks(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let has_word = |name: &str, is_part: fn(char) -> bool, is_meant: fn(&str, &str) -> bool| {
        lower.match_indices(name).any(|(at, _)| {
            let (before, after) = (&lower[..at], &lower[at + name.len()..]);
            !before.ends_with(is_part) && !after.starts_with(is_part) && is_meant(before, after)
        })
    };
    // Part of a URL, an option, a path to a program of another name, or a word that contains `git`.
    let is_part_of_name =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | '=');
    if has_word("git", is_part_of_name, is_command) {
        return Some("git");
    }
    let is_part_of_path = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '@');
    if lower.contains("/usr/bin/git ") || has_word(".git", is_part_of_path, |_, _| true) {
        return Some(".git");
    }
    LIBRARIES.iter().copied().find(|name| has_word(name, char::is_alphanumeric, |_, _| true))
}

/// Whether the word `git` can be a command: it is neither a key before a URL (`git = "https://…"`)
/// nor the type of a repository (`"type": "git"`).
fn is_command(before: &str, after: &str) -> bool {
    let is_key = after.trim_start_matches(['"', '\'']).trim_start().starts_with(['=', ':']);
    let key = before.trim_end_matches(['"', '\'']).trim_end();
    let is_kind =
        key.strip_suffix(':').is_some_and(|key| key.trim_end_matches(['"', '\'', ' ']).ends_with("type"));
    !is_key && !is_kind
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn the_program_the_directory_and_plugins_ask() {
        for text in [
            "VERSION=$(git describe --tags)",
            "version = `git rev-parse HEAD`",
            r#"execSync("git rev-parse --short HEAD")"#,
            r#"subprocess.check_output(["git", "describe"])"#,
            r#"{ "scripts": { "build": "node x && git log" } }"#,
            r#"fs.readFileSync(".git/HEAD")"#,
            "path.join(root, '.git')",
            "exec('/usr/bin/git status')",
            "[build-system]\nrequires = [\"hatchling\", \"hatch-vcs\"]",
            "<artifactId>git-commit-id-maven-plugin</artifactId>",
            "id 'com.gorylenko.gradle-git-properties'",
            "spec.files = `git ls-files -z`.split",
        ] {
            assert!(asks(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_part_of_a_word_or_an_address_does_not() {
        for text in [
            "each digit counts",
            "see https://docs.github.com/en and https://gitlab.com/a",
            r#"{ "repository": { "type": "git", "url": "git+https://github.com/a/b.git" } }"#,
            r#"{ "dependencies": { "x": "git://github.com/a/b.git#v1" } }"#,
            "git@github.com:a/b.git",
            ".gitignore .github/workflows",
            "x = { git = \"https://github.com/a/b\" }",
            "gem 'a', git: 'https://github.com/a/b'",
        ] {
            assert_eq!(asks(text), None, "{text}");
        }
    }
}

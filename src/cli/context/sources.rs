//! Whether a directory can be the build context, judging by the files that a Dockerfile copies.

use std::fs;
use std::path::Path;

use crate::cli::folders::Folders;
use crate::context::Ignore;
use crate::knowledge::lists::files::{CREATED_BY_EARLIER_BUILDS, WORDS_OF_BUILD_FILES};
use crate::syntax::{Body, Dockerfile};

/// How many of a Dockerfile's sources are in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It names no sources that help to decide.
    Unknown,
    None,
    Some,
    All,
}

/// The paths of the build context that a Dockerfile copies by name.
#[derive(Debug, Default)]
pub struct Sources {
    named: Vec<String>,
    /// Whether it copies the whole context.
    whole: bool,
}

/// Directories that an earlier build creates, so they may be missing. (The defaults of Cargo,
/// Maven, Gradle, npm's bundlers, .NET.)
const MADE_BEFORE: &[&str] = CREATED_BY_EARLIER_BUILDS;

impl Sources {
    /// The sources of all COPY and ADD instructions.
    pub fn of(file: &Dockerfile<'_>) -> Self {
        let mut sources = Self::default();
        for (_, instruction) in file.instructions() {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { continue };
            if instruction.flag("from").is_some() {
                continue;
            }
            for source in &transfer.sources {
                let source = source.trim_matches(['"', '\'']);
                let is_elsewhere =
                    source.starts_with("<<") || source.contains("://") || source.starts_with("git@");
                let path: Vec<&str> =
                    source.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
                let first = path.first().copied().unwrap_or("*");
                let says_something = !source.contains('$')
                    && !path.contains(&"..")
                    && !MADE_BEFORE.contains(&first)
                    && ![".jar", ".war"].iter().any(|ending| source.ends_with(ending));
                sources.whole |= !is_elsewhere && matches!(first, "*" | "**");
                if !is_elsewhere && says_something && !matches!(first, "*" | "**") {
                    sources.named.push(path.join("/"));
                }
            }
        }
        sources
    }

    /// How many of them are in a directory.
    pub fn presence(&self, folder: &Path, listed: &Folders) -> Presence {
        if self.named.is_empty() {
            // A directory that contains only Dockerfiles is not copied as a whole.
            return if self.whole && has_only_dockerfiles(folder, listed) {
                Presence::None
            } else {
                Presence::Unknown
            };
        }
        match self.named.iter().filter(|source| is_in(folder, source, listed)).count() {
            0 => Presence::None,
            count if count == self.named.len() => Presence::All,
            _ => Presence::Some,
        }
    }
}

/// Whether a directory contains a source, or a match for its first part with a wildcard.
fn is_in(folder: &Path, source: &str, listed: &Folders) -> bool {
    let mut path = folder.to_owned();
    let first = source.split('/').next().unwrap_or_default();
    if !has_wildcard(first) && !listed.has(folder, first) {
        return false;
    }
    for part in source.split('/') {
        if !has_wildcard(part) {
            path.push(part);
            continue;
        }
        let pattern = Ignore::parse(part);
        let Some(names) = listed.entries(&path) else { return false };
        return names.iter().any(|name| name.to_str().is_some_and(|name| pattern.excludes(name)));
    }
    fs::symlink_metadata(&path).is_ok()
}

fn has_wildcard(part: &str) -> bool {
    part.contains(['*', '?', '[', '\\'])
}

fn has_only_dockerfiles(folder: &Path, listed: &Folders) -> bool {
    let Some(names) = listed.entries(folder) else { return false };
    let mut names = names.iter().map(|name| name.to_string_lossy().to_ascii_lowercase());
    names.all(|name| WORDS_OF_BUILD_FILES.iter().any(|word| name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_what_is_copied_by_name() {
        let text = "FROM a AS b\nCOPY ./x /y/z $V target/a /w/\nCOPY --from=b /p /q\nADD https://example.com/a.tgz /\nCOPY <<E /e\nE\nCOPY . .\nCOPY [\"s t\", \"/\"]\n";
        let sources = Sources::of(&Dockerfile::outline(text));
        assert_eq!(sources.named, ["x", "y/z", "s t"]);
        assert!(sources.whole);
    }
}

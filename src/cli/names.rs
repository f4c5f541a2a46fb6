//! The names of files: which ones are Dockerfiles, and how a path is shown. Reads no file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::knowledge::lists::files::ENDINGS_OF_OTHER_DOCKERFILES;

/// Whether a file is named like a Dockerfile: `Dockerfile`, `Dockerfile.dev`, `api.Dockerfile`,
/// `api_Dockerfile`, `Containerfile`; but not like an accompanying file or a template.
pub fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS_OF_OTHER_DOCKERFILES.contains(&ending)) {
        return false;
    }
    let borders = |c: Option<char>| c.is_none_or(|c| matches!(c, '.' | '-' | '_'));
    let named = ["Dockerfile", "Containerfile"].iter().any(|word| {
        name.match_indices(word).any(|(at, _)| {
            borders(name[..at].chars().next_back()) && borders(name[at + word.len()..].chars().next())
        })
    });
    named
        || name.starts_with("Containerfile")
        || lower == "dockerfile"
        || lower.ends_with(".dockerfile")
        || lower.ends_with(".containerfile")
}

/// The path as messages and diffs show it: `./a/Dockerfile` is `a/Dockerfile`.
pub fn display_name(path: &Path) -> String {
    let plain: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    plain.display().to_string()
}

/// A full path relative to the current directory, if it is below it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    match here.ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(inner) => display_name(&inner),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_dockerfile;

    #[test]
    fn names_of_dockerfiles() {
        for name in [
            "Dockerfile",
            "Dockerfile.dev",
            "api.Dockerfile",
            "api.dockerfile",
            "Containerfile",
            "Containerfile.x",
            "Containerfile2",
            "a__Dockerfile.1",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.md",
            "Dockerfile.j2",
            "Dockerfiles",
            "dockerfile_parser.rs",
            "compose.yaml",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}

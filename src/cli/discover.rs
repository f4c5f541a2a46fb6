//! Which files are meant: those that are named, and the Dockerfiles in directories that are named.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{WalkBuilder, WalkState};

/// A file to work on, or why there is none.
pub type Found = Result<PathBuf, String>;

/// Finds the files for the paths given, in the order of the paths, those of a directory sorted.
pub fn files(paths: &[PathBuf]) -> Vec<Found> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = search(path);
            if found.is_empty() {
                all.push(Err(format!(
                    "{}: no Dockerfile in this directory; name the file itself if it is called differently",
                    path.display()
                )));
            }
            all.extend(found);
        } else {
            all.push(Ok(path.clone()));
        }
    }
    all
}

/// The path as messages and diffs show it: `./a/Dockerfile` is `a/Dockerfile`.
pub fn display_name(path: &Path) -> String {
    let plain: PathBuf =
        path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect();
    plain.display().to_string()
}

/// Walks a directory in parallel, honouring .gitignore.
fn search(directory: &Path) -> Vec<Found> {
    let found = Mutex::new(Vec::new());
    WalkBuilder::new(directory)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build_parallel()
        .run(|| {
            Box::new(|entry| {
                let new = match entry {
                    Ok(entry) => {
                        let is_file = entry.file_type().is_some_and(|kind| {
                            kind.is_file() || kind.is_symlink() && entry.path().is_file()
                        });
                        let name = entry.file_name().to_string_lossy();
                        (is_file && is_dockerfile(&name)).then(|| Ok(entry.into_path()))
                    }
                    Err(error) => Some(Err(error.to_string())),
                };
                if let Some(new) = new {
                    found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(new);
                }
                WalkState::Continue
            })
        });
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort();
    found
}

/// Whether a file's name is one that Dockerfiles have: `Dockerfile`, `Dockerfile.dev`, `api.Dockerfile`, `api_Dockerfile`,
/// `Containerfile`; not what only goes with one, nor a template for one.
fn is_dockerfile(name: &str) -> bool {
    const NOT: &[&str] = &[
        "dockerignore",
        "containerignore",
        "md",
        "j2",
        "jinja",
        "jinja2",
        "tmpl",
        "tpl",
        "template",
        "erb",
        "in",
        "orig",
        "bak",
        "rej",
        "swp",
        "snap",
    ];
    let lower = name.to_ascii_lowercase();
    if lower.rsplit_once('.').is_some_and(|(_, ending)| NOT.contains(&ending)) {
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

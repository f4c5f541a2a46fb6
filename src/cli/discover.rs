//! The files to process: the named files, and the Dockerfiles and Compose files with inline
//! Dockerfiles in the named directories. Each file counts once, no matter how many paths and
//! symlinks lead to it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};

use crate::cli::full_paths::FullPaths;
use crate::cli::names::{display_name, is_dockerfile};
use crate::cli::settings::Searched;
use crate::cli::{inline, reach};
use crate::config::Search;
use crate::context::compose::is_compose_file;
use crate::knowledge::lists::files::{DIRECTORIES_OF_OTHERS, DIRECTORIES_OF_TESTS};

/// A file to process, or an error.
pub type Found = Result<PathBuf, String>;

/// The files to process.
#[derive(Debug, Default)]
pub struct Files {
    /// The files, in the order of the given paths; sorted within a directory.
    pub found: Vec<Found>,
    /// The number of skipped Dockerfiles in directories of tests and of other projects, by
    /// directory name.
    pub skipped: BTreeMap<String, usize>,
    /// The skipped Compose files with inline Dockerfiles, and why.
    pub skipped_hosts: Vec<(PathBuf, String)>,
}

/// What a directory holds.
#[derive(Debug, Default)]
struct Within {
    found: Vec<Found>,
    /// The folders of Dockerfiles that were passed over.
    skipped: Vec<String>,
    /// Compose files with inline Dockerfiles.
    hosts: Vec<PathBuf>,
    /// Whether a pattern excludes a Dockerfile or a directory.
    is_reduced: bool,
}

impl Files {
    /// Says what was passed over, in a line each.
    pub fn remarks(&self) -> Vec<String> {
        let hosts = self.skipped_hosts.iter().map(|(path, why)| {
            let path = display_name(path);
            format!("skipped the inline Dockerfiles of {}: {why}", crate::escape::line(&path))
        });
        self.in_folders().into_iter().chain(hosts).collect()
    }

    fn in_folders(&self) -> Option<String> {
        let total: usize = self.skipped.values().sum();
        let folders: Vec<&str> = self.skipped.keys().map(String::as_str).take(MOST_NAMES).collect();
        let more = if self.skipped.len() > MOST_NAMES { ", …" } else { "" };
        (total > 0).then(|| {
            format!(
                "skipped {} in directories of tests and of other projects ({}{more}); to include them, name the directory or file, or set `search: all`",
                crate::report::count(total, "Dockerfile"),
                folders.join(", "),
            )
        })
    }
}

/// The largest number of skipped directories to name.
const MOST_NAMES: usize = 5;

/// Finds the files for the given paths. `search` may differ from directory to directory. Compose
/// files in directories are skipped if there is an option that works only with Dockerfiles.
pub fn files(
    paths: &[PathBuf],
    full_paths: &FullPaths,
    only_dockerfiles: Option<&str>,
    search: impl Fn(&Path) -> Searched,
) -> Files {
    let mut files = Files::default();
    let mut known = HashSet::new();
    for path in paths {
        let found = if path.is_dir() {
            let Within { mut found, skipped, hosts, is_reduced } = within(path, &search(path));
            for host in hosts {
                let why = match only_dockerfiles {
                    Some(option) => format!("{option} works only with Dockerfiles"),
                    None if !inline::is_valid(&host) => "the file is not valid YAML".to_owned(),
                    None => {
                        found.push(Ok(host));
                        continue;
                    }
                };
                files.skipped_hosts.push((host, why));
            }
            found.sort();
            if found.is_empty() && skipped.is_empty() {
                let (what, next) = if is_reduced {
                    (
                        "no Dockerfile in this directory that `exclude` does not skip",
                        "name the file to fix it anyway",
                    )
                } else {
                    ("no Dockerfile in this directory", "if it has another name, pass the file itself")
                };
                files.found.push(Err(format!("{}: {what}; {next}", path.display())));
            }
            for folder in skipped {
                *files.skipped.entry(folder).or_default() += 1;
            }
            found
        } else {
            vec![Ok(path.clone())]
        };
        for file in found.into_iter().map(|file| file.map(|path| target(&path))) {
            let identity = file.as_ref().ok().and_then(|path| full_paths.of(path).ok());
            if identity.is_none_or(|identity| known.insert(identity)) {
                files.found.push(file);
            }
        }
    }
    files
}

/// The target of a symlink, relative to the current directory: the name to use in a diff.
fn target(path: &Path) -> PathBuf {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let target = if is_link { fs::canonicalize(path).ok() } else { None };
    let Some(target) = target else { return path.to_owned() };
    let here = std::env::current_dir().and_then(fs::canonicalize).ok();
    let inner = here.and_then(|here| target.strip_prefix(here).ok().map(Path::to_owned));
    match inner {
        Some(inner) if path.is_relative() => inner,
        _ => target,
    }
}

/// Walks a directory in parallel, honouring .gitignore.
fn within(directory: &Path, searched: &Searched) -> Within {
    let found = Mutex::new(Within::default());
    let root = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let refused = |error: String| Within { found: vec![Err(error)], ..Within::default() };
    if let Err(error) = readable_ignore_files(directory) {
        return refused(error);
    }
    let mut walk = WalkBuilder::new(directory);
    // Parent directories are not checked.
    walk.parents(root.ancestors().skip(1).all(|above| readable_ignore_files(above).is_ok()));
    // The walk reads the ignore files of a directory as soon as it enters it.
    let refused_within = Arc::new(Mutex::new(Vec::new()));
    let refusals = Arc::clone(&refused_within);
    walk.hidden(false).require_git(false).filter_entry(move |entry| {
        if entry.file_name() == ".git" {
            return false;
        }
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        let readable = if is_directory { readable_ignore_files(entry.path()) } else { Ok(()) };
        let is_let_in = readable.is_ok();
        lock(&refusals).extend(readable.err().map(Err));
        is_let_in
    });
    walk.build_parallel().run(|| {
        Box::new(|entry| {
            let add = |new: Found| lock(&found).found.push(new);
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    add(Err(error.to_string()));
                    return WalkState::Continue;
                }
            };
            let Some(kind) = entry.file_type() else { return WalkState::Continue };
            // Symlinks out of the directory or into its `.git` are not followed.
            let is_file = kind.is_file()
                || kind.is_symlink()
                    && fs::canonicalize(entry.path())
                        .is_ok_and(|target| target.is_file() && reach::is_within(&target, &root));
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_searched = |path: &Path| {
                let full =
                    path.strip_prefix(directory).map_or_else(|_| path.to_owned(), |inner| root.join(inner));
                !searched.excludes(&full, kind.is_dir())
            };
            if !is_searched(entry.path()) {
                lock(&found).is_reduced |= is_file && is_dockerfile(&name) || kind.is_dir();
                return if kind.is_dir() { WalkState::Skip } else { WalkState::Continue };
            }
            let is_host = || is_compose_file(&name) && inline::is_host(entry.path());
            if !is_file || !is_dockerfile(&name) && !is_host() {
                return WalkState::Continue;
            }
            match passed_over(entry.path().strip_prefix(directory).unwrap_or(entry.path())) {
                Some(folder) if searched.search == Search::WithoutTests => lock(&found).skipped.push(folder),
                _ if is_compose_file(&name) => lock(&found).hosts.push(entry.into_path()),
                _ => add(Ok(entry.into_path())),
            }
            WalkState::Continue
        })
    });
    let mut within = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    within.found.append(&mut lock(&refused_within));
    within.found.sort();
    within.hosts.sort();
    within
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks that the ignore files of a directory can be read: a pipe would block, and a device may
/// never end.
fn readable_ignore_files(directory: &Path) -> Result<(), String> {
    for name in [".gitignore", ".ignore"] {
        let path = directory.join(name);
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if !metadata.is_file() || metadata.len() > MOST_IGNORE_BYTES {
            return Err(format!(
                "{}: not a regular file of at most {MOST_IGNORE_BYTES} bytes, so the directory was not searched",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Far larger than any real ignore file.
const MOST_IGNORE_BYTES: u64 = 1024 * 1024;

/// The directory because of which a file below a searched directory is skipped.
fn passed_over(inner: &Path) -> Option<String> {
    let folders = inner.parent()?.components().filter_map(|part| part.as_os_str().to_str());
    let is_passed_over = |name: &&str| {
        let lower = name.to_ascii_lowercase();
        // `integration-tests`, `build_fixtures`.
        let last = lower.rsplit(['-', '_']).next().unwrap_or_default();
        DIRECTORIES_OF_TESTS.contains(&lower.as_str())
            || DIRECTORIES_OF_OTHERS.contains(&lower.as_str())
            || matches!(last, "tests" | "fixtures" | "testdata")
    };
    folders.into_iter().find(is_passed_over).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::passed_over;

    #[test]
    fn folders_of_tests_are_known_by_their_names() {
        for path in [
            "testdata/Dockerfile",
            "a/tests/b/Dockerfile",
            "fixtures/x/Dockerfile",
            "src/__fixtures__/Dockerfile",
            "integration-tests/Dockerfile",
            "node_modules/x/Dockerfile",
            "vendor/x/Dockerfile",
            "Tests/Dockerfile",
        ] {
            assert!(passed_over(Path::new(path)).is_some(), "{path}");
        }
        for path in [
            "Dockerfile",
            "tests.Dockerfile",
            "testing/Dockerfile",
            "latest/Dockerfile",
            "contest/Dockerfile",
            "docker/test.Dockerfile",
        ] {
            assert_eq!(passed_over(Path::new(path)), None, "{path}");
        }
    }
}

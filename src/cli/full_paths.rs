//! Full paths of many files. Each folder is resolved once; a file that is not a symlink keeps its
//! name in that folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// The full paths of folders, by the paths that lead to them.
#[derive(Debug, Default)]
pub struct FullPaths(Mutex<HashMap<PathBuf, PathBuf>>);

impl FullPaths {
    /// Like [`fs::canonicalize`].
    pub fn of(&self, path: &Path) -> io::Result<PathBuf> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return fs::canonicalize(path);
        };
        // `name/.` is a folder, but `file_name` returns `name`. On some systems, a name may also be
        // written in another case.
        let is_named = path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
        if !cfg!(target_os = "linux") || !is_named || fs::symlink_metadata(path)?.is_symlink() {
            return fs::canonicalize(path);
        }
        Ok(self.of_folder(folder)?.join(name))
    }

    /// The full path of a folder; the empty path is the current directory.
    pub fn of_folder(&self, folder: &Path) -> io::Result<PathBuf> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full) = known().get(folder) {
            return Ok(full.clone());
        }
        let here = Path::new(".");
        let full = fs::canonicalize(if folder.as_os_str().is_empty() { here } else { folder })?;
        known().insert(folder.to_owned(), full.clone());
        Ok(full)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn full_paths_are_the_system_s() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("a/b")).expect("folders");
        fs::write(at("a/b/file"), "").expect("a file");
        std::os::unix::fs::symlink("a/b", at("folder")).expect("a link");
        std::os::unix::fs::symlink("a/b/file", at("link")).expect("a link");
        std::os::unix::fs::symlink("nowhere", at("broken")).expect("a link");
        let paths = FullPaths::default();
        for path in
            ["a/b/file", "folder/file", "link", "a/../folder/./file", "a/b", "a/b/.", "a/b/..", "folder"]
        {
            assert_eq!(paths.of(&at(path)).ok(), fs::canonicalize(at(path)).ok(), "{path}");
        }
        for path in ["broken", "missing", "a/missing/file"] {
            assert!(paths.of(&at(path)).is_err(), "{path}");
        }
    }
}

//! The names of the files in the folders around Dockerfiles. Each folder is read once, however many
//! Dockerfiles ask whether a configuration, a compose file or a source is there.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A folder with more entries is not listed; each question about it asks the file system.
const MOST_ENTRIES: usize = 2_000;

/// The folders, by their full paths.
#[derive(Debug, Default)]
pub struct Folders(Mutex<HashMap<PathBuf, Arc<OnceLock<Option<Names>>>>>);

/// The names of files, sorted, shared by all who ask for those of a folder.
pub type Names = Arc<Vec<OsString>>;

impl Folders {
    /// Whether a folder has an entry with this name; a symlink to nothing counts too.
    pub fn has(&self, folder: &Path, name: impl AsRef<OsStr>) -> bool {
        let name = name.as_ref();
        // Elsewhere a name may be written in letters of another case.
        let names = if cfg!(target_os = "linux") { self.names(folder) } else { None };
        match names {
            Some(names) => names.binary_search_by(|known| known.as_os_str().cmp(name)).is_ok(),
            None => fs::symlink_metadata(folder.join(name)).is_ok(),
        }
    }

    /// The names in a folder; `None` if it can't be read.
    pub fn entries(&self, folder: &Path) -> Option<Names> {
        let large = || {
            let mut names: Vec<OsString> =
                fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name()).collect();
            names.sort_unstable();
            Some(Arc::new(names))
        };
        self.names(folder).or_else(large)
    }

    /// The names in a folder; `None` if it can't be read or has too many.
    fn names(&self, folder: &Path) -> Option<Names> {
        let known = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match all.get(folder) {
                Some(known) => Arc::clone(known),
                None => Arc::clone(all.entry(folder.to_owned()).or_default()),
            }
        };
        known.get_or_init(|| listed(folder)).clone()
    }

    /// The top of the repository around a folder, given by its full path.
    pub fn repository<'f>(&self, folder: &'f Path) -> Option<&'f Path> {
        folder.ancestors().find(|above| self.has(above, ".git"))
    }
}

fn listed(folder: &Path) -> Option<Names> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        names.push(entry.ok()?.file_name());
        if names.len() > MOST_ENTRIES {
            return None;
        }
    }
    names.sort_unstable();
    Some(Arc::new(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_small_and_large_folders() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("small/.git")).expect("folders");
        fs::create_dir_all(at("small/inner")).expect("folders");
        fs::create_dir(at("large")).expect("a folder");
        for number in 0..=MOST_ENTRIES {
            fs::write(at("large").join(number.to_string()), "").expect("a file");
        }
        let folders = Folders::default();
        for _ in 0..2 {
            assert!(folders.has(&at("small"), "inner") && !folders.has(&at("small"), "other"));
            assert!(folders.has(&at("large"), "7") && !folders.has(&at("large"), "x"));
            assert!(!folders.has(&at("missing"), "x"));
        }
        assert_eq!(folders.entries(&at("small")).expect("names").len(), 2);
        assert_eq!(folders.entries(&at("large")).expect("names").len(), MOST_ENTRIES + 1);
        assert_eq!(folders.entries(&at("missing")), None);
        assert_eq!(folders.repository(&at("small/inner")), Some(&*at("small")));
    }
}

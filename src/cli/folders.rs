//! The folders around Dockerfiles: the names of their files, and their full paths. Each folder is
//! read once, however many Dockerfiles ask whether a configuration, a compose file or a source is
//! there.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::cli::full_paths::FullPaths;

/// A folder with more entries is not listed; each question about it asks the file system.
const MOST_ENTRIES: usize = 2_000;

/// What is known of folders.
#[derive(Debug, Default)]
pub struct Folders {
    /// By their full paths, as texts: to compare paths part by part takes longer.
    listed: Mutex<HashMap<OsString, Arc<OnceLock<Listed>>>>,
    /// Where the paths of files and folders lead.
    pub full_paths: FullPaths,
}

/// The names in a folder; `None` if it can't be read or has too many.
type Listed = Option<Arc<Names>>;

/// The names of the files in a folder, by a hash value: a question looks at a few of them, and a
/// folder with many files that few ask about is not sorted.
#[derive(Debug)]
pub struct Names([Vec<OsString>; Self::PARTS]);

impl Default for Names {
    fn default() -> Self {
        Self([const { Vec::new() }; Self::PARTS])
    }
}

impl Names {
    const PARTS: usize = 64;

    /// FNV-1a, of which the last bits are the number of the part.
    fn part(name: &OsStr) -> usize {
        let hash = name
            .as_encoded_bytes()
            .iter()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        hash as usize % Self::PARTS
    }

    fn add(&mut self, name: OsString) {
        self.0[Self::part(&name)].push(name);
    }

    fn has(&self, name: &OsStr) -> bool {
        self.0[Self::part(name)].iter().any(|known| known == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OsString> {
        self.0.iter().flatten()
    }
}

impl Folders {
    /// Whether a folder has an entry with this name; a symlink to nothing counts too.
    pub fn has(&self, folder: &Path, name: impl AsRef<OsStr>) -> bool {
        let name = name.as_ref();
        // Elsewhere a name may be written in letters of another case.
        let names = if cfg!(target_os = "linux") { self.names(folder) } else { None };
        match names {
            Some(names) => names.has(name),
            None => fs::symlink_metadata(folder.join(name)).is_ok(),
        }
    }

    /// The names in a folder; `None` if it can't be read.
    pub fn entries(&self, folder: &Path) -> Option<Arc<Names>> {
        self.names(folder).or_else(|| {
            let mut names = Names::default();
            fs::read_dir(folder).ok()?.flatten().for_each(|entry| names.add(entry.file_name()));
            Some(Arc::new(names))
        })
    }

    /// The names in a folder; `None` if it can't be read or has too many.
    fn names(&self, folder: &Path) -> Listed {
        let known = {
            let mut all = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            match all.get(folder.as_os_str()) {
                Some(known) => Arc::clone(known),
                None => Arc::clone(all.entry(folder.as_os_str().to_owned()).or_default()),
            }
        };
        known.get_or_init(|| listed(folder)).clone()
    }

    /// The top of the repository around a folder, given by its full path.
    pub fn repository<'f>(&self, folder: &'f Path) -> Option<&'f Path> {
        folder.ancestors().find(|above| self.has(above, ".git"))
    }
}

fn listed(folder: &Path) -> Listed {
    let mut names = Names::default();
    for (number, entry) in fs::read_dir(folder).ok()?.enumerate() {
        if number == MOST_ENTRIES {
            return None;
        }
        names.add(entry.ok()?.file_name());
    }
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
        assert_eq!(folders.entries(&at("small")).expect("names").iter().count(), 2);
        assert_eq!(folders.entries(&at("large")).expect("names").iter().count(), MOST_ENTRIES + 1);
        assert!(folders.entries(&at("missing")).is_none());
        assert_eq!(folders.repository(&at("small/inner")), Some(&*at("small")));
    }
}

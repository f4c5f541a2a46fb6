//! Temporary files next to the files that they replace. A killed run may leave one, which the next
//! run that writes there removes.
//!
//! Each file is locked while its run uses it, so no other run removes it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

const PREFIX: &str = ".jettison-";

/// The number of random characters after the prefix.
const RANDOM: usize = 6;

/// A new, empty, locked file in a directory.
pub fn file(directory: &Path) -> io::Result<NamedTempFile> {
    sweep_once(directory);
    let mut tries = 0;
    loop {
        let file = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempfile_in(directory)?;
        // On a file system without locks, old files are not removed either.
        let _ = file.as_file().lock();
        tries += 1;
        // Another run may have removed it before it was locked.
        if tries == 8 || is_there(file.as_file()) {
            return Ok(file);
        }
    }
}

/// Makes changes to a directory survive a crash of the machine, if the file system supports it.
pub fn sync(directory: &Path) {
    if cfg!(unix) {
        // The file itself is safe; nothing more can be done if this fails.
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
}

/// Cleans up a directory, once per run.
fn sweep_once(directory: &Path) {
    static SWEPT: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if swept.get_or_insert_default().insert(directory.to_owned()) {
        sweep(directory);
    }
}

/// Removes temporary files of killed runs. Files that can't be removed stay.
fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        let is_ours = random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(unix)]
fn is_there(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
}

#[cfg(not(unix))]
fn is_there(_: &File) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kill_left_is_taken_away_and_what_a_run_holds_is_not() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for name in [".jettison-aB3dE6", ".jettison.yaml", ".jettison-notes", ".jettison-a.cdef"] {
            fs::write(folder.path().join(name), "half").expect("writable");
        }
        let held = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder.path()).expect("writable");
        held.as_file().lock().expect("it can be locked");
        sweep(folder.path());
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        let held = held.path().file_name().expect("a name").to_string_lossy().into_owned();
        let mut expected = vec![
            ".jettison.yaml".to_owned(),
            ".jettison-notes".to_owned(),
            ".jettison-a.cdef".to_owned(),
            held,
        ];
        expected.sort();
        assert_eq!(left, expected);
    }
}

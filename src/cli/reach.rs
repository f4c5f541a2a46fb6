//! Which files a checkout may refer to: symlinks and paths must end in the same repository, and not
//! in its `.git`. Without a repository, the current directory or else the folder itself is the
//! limit.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::folders::Folders;

/// The top of the repository around a folder, given by its full path; where there is none, the
/// current directory if that is above, else the folder itself.
pub fn top_above(folder: &Path, folders: &Folders) -> PathBuf {
    let here = || folders.full_paths.of_folder(Path::new("")).ok().filter(|here| folder.starts_with(here));
    folders.repository(folder).map(Path::to_owned).or_else(here).unwrap_or_else(|| folder.to_owned())
}

/// Whether a full path without symlinks is in a folder or below it, and not in a `.git`.
pub fn is_within(full: &Path, top: &Path) -> bool {
    full.strip_prefix(top).is_ok_and(|inner| inner.components().all(|part| part.as_os_str() != ".git"))
}

/// Refuses a symlink that points out of a folder. A symlink to nothing counts as no file.
pub fn check_link(path: &Path, top: &Path) -> Result<(), String> {
    match fs::canonicalize(path) {
        Ok(full) if !is_within(&full, top) => {
            Err(format!("{} is a symbolic link that leads out of {}", path.display(), top.display()))
        }
        _ => Ok(()),
    }
}

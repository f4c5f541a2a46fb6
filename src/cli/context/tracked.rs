//! The files of a directory that git tracks, from its index. (git's documentation,
//! "gitformat-index".)
//!
//! The index is read as a file, since a git command would run programs that the repository's
//! configuration names.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::relative;
use crate::cli::folders::Folders;

/// Far larger than any real index.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// The largest length of a path.
const MOST_PATH_BYTES: u64 = 64 * 1024;

/// The sorted tracked files below a directory, relative to it; `None` if there is no repository
/// around it or its index can't be read.
pub fn below(directory: &Path, listed: &Folders) -> Option<Vec<String>> {
    let top = listed.repository(directory)?;
    let inner = relative(directory, top)?;
    let prefix = if inner.is_empty() { String::new() } else { format!("{inner}/") };
    let index = git_directory(&top.join(".git"))?.join("index");
    fs::metadata(&index).ok().filter(|metadata| metadata.is_file() && metadata.len() <= MOST_BYTES)?;
    let file = fs::File::open(&index).ok()?;
    let mut found = paths_below(&prefix, BufReader::with_capacity(32 * 1024, file.take(MOST_BYTES)))?;
    found.sort();
    Some(found)
}

/// The git directory: `.git` itself or, in a work tree or submodule, the directory that it names.
fn git_directory(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let text = crate::cli::input::beside(git, 4096).ok()??;
    let named = text.strip_prefix("gitdir:")?.trim();
    Some(git.parent()?.join(named))
}

/// The paths of an index that start with a prefix, without it; `None` for an unsupported format.
/// The index of a large repository is long, so it is not kept in memory.
fn paths_below(prefix: &str, mut index: impl BufRead) -> Option<Vec<String>> {
    const FIXED: usize = 62;
    /// The mask of the length of a path, and the length of all paths that are at least so long.
    const LONG: u16 = 0x0fff;
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    let mut header = [0; 12];
    index.read_exact(&mut header).ok()?;
    // Version 4 compresses each path relative to the previous one.
    if !header.starts_with(b"DIRC") || !matches!(number(&header[4..8])?, 2 | 3) {
        return None;
    }
    let mut found = Vec::new();
    let mut entry = [0; FIXED];
    let mut path = Vec::new();
    for _ in 0..number(&header[8..])? {
        index.read_exact(&mut entry).ok()?;
        let flags = u16::from_be_bytes([entry[FIXED - 2], entry[FIXED - 1]]);
        let is_extended = flags & 0x4000 != 0;
        if is_extended {
            index.read_exact(&mut [0; 2]).ok()?;
        }
        let length = usize::from(flags & LONG);
        path.clear();
        path.resize(length, 0);
        index.read_exact(&mut path).ok()?;
        if flags & LONG == LONG {
            (&mut index).take(MOST_PATH_BYTES).read_until(0, &mut path).ok()?;
            (path.pop() == Some(0)).then_some(())?;
        } else {
            let mut end = [1];
            index.read_exact(&mut end).ok()?;
            // A mismatch means another kind of hash, whose entries are longer.
            (end == [0]).then_some(())?;
        }
        let written = FIXED + usize::from(is_extended) * 2 + path.len() + 1;
        let padding = written.next_multiple_of(8) - written;
        index.read_exact(&mut [0; 8][..padding]).ok()?;
        if let Some(inner) = path.strip_prefix(prefix.as_bytes()) {
            found.push(std::str::from_utf8(inner).ok()?.to_owned());
        }
    }
    // `link`: another file contains the rest of the entries.
    let mut next = Vec::new();
    index.take(4).read_to_end(&mut next).ok()?;
    (next.len() == 4 && next != b"link").then_some(found)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn below(directory: &Path) -> Option<Vec<String>> {
        super::below(directory, &Folders::default())
    }

    fn git(folder: &Path, arguments: &[&str]) {
        let done = Command::new("git").args(arguments).current_dir(folder).output().expect("git");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    #[test]
    fn the_index_names_the_tracked_files() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path();
        assert_eq!(below(path), None);
        git(path, &["init", "-q"]);
        for name in ["a", "sub/b", "sub/deeper/a-rather-long-name-of-a-file", "untracked"] {
            fs::create_dir_all(path.join(name).parent().expect("a parent")).expect("a directory");
            fs::write(path.join(name), "x").expect("a file");
        }
        assert_eq!(below(path), None, "there is no index yet");
        git(path, &["add", "a", "sub"]);
        let names = ["a", "sub/b", "sub/deeper/a-rather-long-name-of-a-file"];
        assert_eq!(below(path).expect("an index"), names);
        assert_eq!(below(&path.join("sub")).expect("an index"), ["b", "deeper/a-rather-long-name-of-a-file"]);
        git(path, &["add", "-N", "untracked"]);
        assert_eq!(below(path).expect("version 3").len(), 4);
        git(path, &["update-index", "--index-version", "4"]);
        assert_eq!(below(path), None, "it is not read, so nothing is known");
    }

    #[test]
    fn a_damaged_index_is_none() {
        for bytes in [&b""[..], b"DIRC", b"DIRC\0\0\0\x02\xff\xff\xff\xff", b"DIRC\0\0\0\x02\0\0\0\x01short"]
        {
            assert_eq!(paths_below("", bytes), None);
        }
    }
}

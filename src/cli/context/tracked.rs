//! The files of a directory that git tracks, from its index. (git's documentation,
//! "gitformat-index".)
//!
//! The index is read as a file, since a git command would run programs that the repository's
//! configuration names.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::relative;
use crate::cli::folders::Folders;

/// Far larger than any real index.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// The largest length of a path.
const MOST_PATH_BYTES: usize = 64 * 1024;

/// The sorted tracked files below a directory, relative to it; `None` if there is no repository
/// around it or its index can't be read.
pub fn below(directory: &Path, listed: &Folders) -> Option<Vec<String>> {
    let top = listed.repository(directory)?;
    let inner = relative(directory, top)?;
    let prefix = if inner.is_empty() { String::new() } else { format!("{inner}/") };
    let index = git_directory(&top.join(".git"))?.join("index");
    fs::metadata(&index).ok().filter(|metadata| metadata.is_file() && metadata.len() <= MOST_BYTES)?;
    let file = fs::File::open(&index).ok()?;
    let mut found = paths_below(&prefix, file.take(MOST_BYTES))?;
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
fn paths_below(prefix: &str, index: impl Read) -> Option<Vec<String>> {
    const FIXED: usize = 62;
    /// The mask of the length of a path, and the length of all paths that are at least so long.
    const LONG: u16 = 0x0fff;
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    let mut index = Window { rest: index, bytes: Vec::new(), start: 0 };
    let header = index.peek(12)?;
    // Version 4 compresses each path relative to the previous one.
    if !header.starts_with(b"DIRC") || !matches!(number(&header[4..8])?, 2 | 3) {
        return None;
    }
    let entries = number(&header[8..])?;
    index.start += 12;
    let mut found = Vec::new();
    for _ in 0..entries {
        let fixed = index.peek(FIXED)?;
        let flags = u16::from_be_bytes([fixed[FIXED - 2], fixed[FIXED - 1]]);
        let is_extended = flags & 0x4000 != 0;
        let start = FIXED + usize::from(is_extended) * 2;
        let mut end = start + usize::from(flags & LONG);
        while flags & LONG == LONG && *index.peek(end + 1)?.last()? != 0 {
            end += 1;
            (end < start + MOST_PATH_BYTES).then_some(())?;
        }
        let length = (end + 1).next_multiple_of(8);
        let entry = index.peek(length)?;
        // A mismatch means another kind of hash, whose entries are longer.
        (entry[end] == 0).then_some(())?;
        if let Some(inner) = entry[start..end].strip_prefix(prefix.as_bytes()) {
            found.push(std::str::from_utf8(inner).ok()?.to_owned());
        }
        index.start += length;
    }
    // `link`: another file contains the rest of the entries.
    (index.peek(4)? != b"link").then_some(found)
}

/// A part of a file at a time: the index of a large repository is long.
struct Window<R> {
    rest: R,
    bytes: Vec<u8>,
    /// What comes before was read.
    start: usize,
}

impl<R: Read> Window<R> {
    /// The next bytes; `None` if fewer follow.
    fn peek(&mut self, count: usize) -> Option<&[u8]> {
        const STEP: u64 = 32 * 1024;
        while self.bytes.len() < self.start + count {
            self.bytes.drain(..self.start);
            self.start = 0;
            let read = (&mut self.rest).take(STEP).read_to_end(&mut self.bytes).ok()?;
            (read > 0).then_some(())?;
        }
        self.bytes.get(self.start..self.start + count)
    }
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
        let long = "long/".repeat(1000) + "name";
        let empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        git(path, &["update-index", "--add", "--cacheinfo", &format!("100644,{empty},{long}")]);
        assert!(below(path).expect("an index").contains(&long));
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

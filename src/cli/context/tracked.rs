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

/// The sorted tracked files below a directory, relative to it; `None` if there is no repository
/// around it or its index can't be read.
pub fn below(directory: &Path, listed: &Folders) -> Option<Vec<String>> {
    let top = listed.repository(directory)?;
    let inner = relative(directory, top)?;
    let prefix = if inner.is_empty() { String::new() } else { format!("{inner}/") };
    let index = git_directory(&top.join(".git"))?.join("index");
    let metadata = fs::metadata(&index).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    fs::File::open(&index).ok()?.take(MOST_BYTES + 1).read_to_end(&mut bytes).ok()?;
    if metadata.len() > MOST_BYTES || bytes.len() as u64 > MOST_BYTES {
        return None;
    }
    let all = paths(&bytes)?;
    let mut found: Vec<String> =
        all.iter().filter_map(|path| path.strip_prefix(&prefix)).map(str::to_owned).collect();
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

/// The paths of an index; `None` for an unsupported format.
fn paths(bytes: &[u8]) -> Option<Vec<String>> {
    const HEADER: usize = 12;
    const FIXED: usize = 62;
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let version = number(4)?;
    // Version 4 compresses each path relative to the previous one.
    if !bytes.starts_with(b"DIRC") || !matches!(version, 2 | 3) {
        return None;
    }
    let mut found = Vec::new();
    let mut at = HEADER;
    for _ in 0..number(8)? {
        let flags = u16::from_be_bytes(bytes.get(at + FIXED - 2..at + FIXED)?.try_into().ok()?);
        let is_extended = flags & 0x4000 != 0;
        let start = at + FIXED + if is_extended { 2 } else { 0 };
        let end = start + bytes.get(start..)?.iter().position(|byte| *byte == 0)?;
        let length = usize::from(flags & 0x0fff);
        // A mismatch means another kind of hash, whose entries are longer.
        if length < 0x0fff && length != end - start {
            return None;
        }
        found.push(std::str::from_utf8(&bytes[start..end]).ok()?.to_owned());
        at += (end - at + 8) / 8 * 8;
    }
    // `link`: another file contains the rest of the entries.
    let is_split = bytes.get(at..at + 4)? == b"link";
    (!is_split).then_some(found)
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
            assert_eq!(paths(bytes), None);
        }
    }
}

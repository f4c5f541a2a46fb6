//! From the path in a call to the absolute path that it means.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::credentials::Credentials;
use super::kernel::{Tid, as_user};
use super::resolve::Resolver;

/// AT_FDCWD, which means the working directory, in the lower half of a register.
pub const WORKING_DIRECTORY: u64 = 0xffff_ff9c;

/// Why a path can't be made absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// There is no such descriptor, or it is not a file, so the call will fail, too.
    NotThere,
    /// The kernel does not permit reading it.
    Denied,
}

/// The directory that a descriptor or AT_FDCWD means.
pub fn directory(tid: Tid, descriptor: u64) -> Result<Vec<u8>, Unknown> {
    // The kernel looks at the lower half of the register only.
    let link = match descriptor & 0xffff_ffff {
        WORKING_DIRECTORY => format!("/proc/{tid}/cwd"),
        descriptor => format!("/proc/{tid}/fd/{descriptor}"),
    };
    read_link(tid, &link)
}

/// The root of a process, as the tracer sees it.
pub fn root(tid: Tid) -> Result<Vec<u8>, Unknown> {
    read_link(tid, &format!("/proc/{tid}/root"))
}

/// The program that a process runs.
pub fn executable(tid: Tid) -> Option<Vec<u8>> {
    read_link(tid, &format!("/proc/{tid}/exe")).ok()
}

/// The arguments of a process, the first of which is the name of its program. Empty if they can't be
/// read.
pub fn arguments(tid: Tid) -> Vec<Vec<u8>> {
    let text = std::fs::read(format!("/proc/{tid}/cmdline")).unwrap_or_default();
    text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// The process of a thread, and its parent.
pub fn relatives(tid: Tid) -> Vec<Tid> {
    let status = std::fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let number = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok());
    ["Tgid:", "PPid:"].into_iter().filter_map(number).collect()
}

/// Reads a symlink in `/proc`. The kernel permits that for processes of the same user, so a root
/// user without CAP_SYS_PTRACE takes on the identity of the process.
fn read_link(tid: Tid, link: &str) -> Result<Vec<u8>, Unknown> {
    let read = || std::fs::read_link(link).map(|path| path.into_os_string().into_vec());
    let result = read().or_else(|error| match (error.kind(), Credentials::of(tid)) {
        (io::ErrorKind::PermissionDenied, Some(process)) => as_user(process.user, process.group, read),
        _ => Err(error),
    });
    match result {
        // A file in memory has a name, but is not in the file system.
        Ok(path) if path.starts_with(b"/") && !path.starts_with(b"/memfd:") => Ok(without_mark(path)),
        Ok(_) => Err(Unknown::NotThere),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Unknown::Denied),
        Err(_) => Err(Unknown::NotThere),
    }
}

/// The kernel marks removed files with a suffix, which may also be part of a name.
fn without_mark(mut path: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = b" (deleted)";
    if path.ends_with(MARK) && std::fs::symlink_metadata(OsStr::from_bytes(&path)).is_err() {
        path.truncate(path.len() - MARK.len());
    }
    path
}

/// Joins a path from a call with the directory to which it is relative, and normalises the result.
/// `root` is that of the process, without a slash at the end: empty if it is the root directory.
pub fn join(
    resolver: &mut Resolver,
    root: &[u8],
    directory: impl FnOnce() -> Result<Vec<u8>, Unknown>,
    path: &[u8],
) -> Result<Vec<u8>, Unknown> {
    let mut joined = if path.starts_with(b"/") { root.to_vec() } else { directory()? };
    joined.push(b'/');
    joined.extend_from_slice(path);
    Ok(normalise(resolver, root, joined))
}

/// Removes empty components, `.`, and `..`. A `..` after a symlink does not mean the directory of the
/// symlink, so what precedes it is resolved.
fn normalise(resolver: &mut Resolver, root: &[u8], path: Vec<u8>) -> Vec<u8> {
    let is_normal = !path.ends_with(b"/")
        && !path.windows(2).any(|pair| pair == b"//" || pair == b"/.")
        && path.len() > 1;
    if is_normal {
        return path;
    }
    let mut normal: Vec<u8> = Vec::with_capacity(path.len());
    for component in path.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                normal = resolver.resolve(root, &normal, true).path;
                if normal != root {
                    let parent = normal.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    normal.truncate(parent);
                }
            }
            name => {
                normal.push(b'/');
                normal.extend_from_slice(name);
            }
        }
    }
    if normal.is_empty() {
        normal.push(b'/');
    }
    normal
}

/// Makes paths below `/proc` comparable between runs: the own process is `self`, and other processes
/// are `[pid]`.
pub fn without_process(path: Vec<u8>, own: &str) -> Vec<u8> {
    const PROC: &[u8] = b"/proc/";
    let Some(rest) = path.strip_prefix(PROC) else { return path };
    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let (process, rest) = rest.split_at(end);
    if process.is_empty() || !process.iter().all(u8::is_ascii_digit) {
        return path;
    }
    let name: &[u8] = if process == own.as_bytes() { b"self" } else { b"[pid]" };
    [PROC, name, rest].concat()
}

#[cfg(test)]
mod tests {
    use super::{Unknown, join, without_process};
    use crate::tracer::resolve::Resolver;

    fn joined(directory: &str, path: &str) -> String {
        let directory = || Ok::<_, Unknown>(directory.as_bytes().to_vec());
        let path =
            join(&mut Resolver::default(), b"", directory, path.as_bytes()).expect("the directory is known");
        String::from_utf8(path).expect("all of it is ASCII")
    }

    #[test]
    fn paths_become_absolute_and_normal() {
        assert_eq!(joined("/a/b", "c"), "/a/b/c");
        assert_eq!(joined("/a/b", "/c//d/./e/"), "/c/d/e");
        assert_eq!(joined("/a/b", ".."), "/a");
        assert_eq!(joined("/a/b", "../../../.."), "/");
        assert_eq!(joined("/", "x"), "/x");
        assert_eq!(joined("/a", "."), "/a");
        assert_eq!(joined("/a", "..hidden/...x"), "/a/..hidden/...x");
        assert_eq!(joined("/a", "/"), "/");
    }

    #[test]
    fn parents_of_symlinks_are_those_of_their_targets() {
        let directory = std::env::temp_dir().join(format!("jettison-trace-paths-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("far/away")).expect("it can be created");
        let _ = std::os::unix::fs::symlink("far/away", directory.join("link"));
        let base = std::fs::canonicalize(&directory).expect("it is there").display().to_string();
        assert_eq!(joined(&base, "link/../file"), format!("{base}/far/file"));
        std::fs::remove_dir_all(directory).expect("it can be removed");
    }

    #[test]
    fn processes_have_no_number() {
        let changed = |path: &str| without_process(path.as_bytes().to_vec(), "12");
        assert_eq!(changed("/proc/12/fd/3"), b"/proc/self/fd/3");
        assert_eq!(changed("/proc/13"), b"/proc/[pid]");
        assert_eq!(changed("/proc/1x/stat"), b"/proc/1x/stat");
        assert_eq!(changed("/proc/meminfo"), b"/proc/meminfo");
        assert_eq!(changed("/process/12"), b"/process/12");
    }
}

//! Paths: whether two of them overlap, however the home directory is written, and the mounts of a
//! RUN.

use std::borrow::Cow;

use crate::syntax::Instruction;

/// The longest path that a system accepts. (Linux, `PATH_MAX` in limits.h.)
pub const LONGEST: usize = 4096;

/// A `--mount` of a RUN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `cache`, `bind`, `tmpfs`, `secret`, `ssh`.
    pub kind: String,
    /// The target in the build container, as written.
    pub target: Option<String>,
    /// The source path in that stage, image or build context.
    pub source: Option<String>,
    /// The source stage or image.
    pub from: Option<String>,
    /// Whether a bind mount may be written to.
    pub writable: bool,
}

/// The mounts of a RUN, in order. The keys may have any order; without a type, it is `bind`.
pub fn mounts(instruction: &Instruction<'_>) -> Vec<Mount> {
    let values =
        instruction.flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_deref());
    values.map(mount).collect()
}

fn mount(value: &str) -> Mount {
    let mut mount = Mount { kind: "bind".into(), target: None, source: None, from: None, writable: false };
    for field in value.split(',') {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "type" => mount.kind = value.trim().to_ascii_lowercase(),
            "target" | "dst" | "destination" => mount.target = Some(value.to_owned()),
            "source" | "src" => mount.source = Some(value.to_owned()),
            "from" => mount.from = Some(value.to_owned()),
            "rw" | "readwrite" => mount.writable = value != "false",
            _ => {}
        }
    }
    mount
}

/// A path with the home directory written as `~` and without irrelevant parts at its end.
pub fn normal(path: &str) -> String {
    plain(path).into_owned()
}

/// The same path. Most results borrow from the text.
pub(super) fn plain(path: &str) -> Cow<'_, str> {
    let path = path.trim_matches(['"', '\'']);
    let is_doubled = path.as_bytes().windows(2).any(|pair| pair == b"//");
    let mut path = if is_doubled { Cow::Owned(path.replace("//", "/")) } else { Cow::Borrowed(path) };
    for home in ["${HOME}", "$HOME", "/root"] {
        if let Some(rest) = path.strip_prefix(home)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            path = Cow::Owned(format!("~{rest}"));
        }
    }
    if let Some(rest) = path.strip_prefix("/home/") {
        path = match rest.split_once('/') {
            Some((_, rest)) => Cow::Owned(format!("~/{rest}")),
            None => Cow::Borrowed("~"),
        };
    }
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path.trim_end_matches(['*', '/', '.'])),
        Cow::Owned(mut path) => {
            path.truncate(path.trim_end_matches(['*', '/', '.']).len());
            Cow::Owned(path)
        }
    }
}

/// Whether the paths are equal or one contains the other. If either contains variables, the answer
/// is yes.
pub fn overlap(path: &str, other: &str) -> bool {
    let (path, other) = (plain(path), plain(other));
    if path.contains('$') || other.contains('$') {
        return true;
    }
    within(&path, &other) || within(&other, &path)
}

/// Whether `path` is `directory` or is in it; both are normalized. The root is `/` or empty.
pub fn within(path: &str, directory: &str) -> bool {
    let is_root = matches!(directory, "" | "/");
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || is_root)
}

/// An absolute path and its parents, without the root: all directories that it is [`within`].
pub fn and_around(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter(|&end| end > 0).map(|end| &path[..end])
}

/// Whether `path` is a parent of `directory` and below the home directory, so that it may exist
/// only because of its contents.
pub fn is_private_parent(path: &str, directory: &str) -> bool {
    path.starts_with("~/") && within(directory, path)
}

/// Whether a text names a directory or something in it: by the whole path, or, below the home
/// directory, by the part after the home directory.
pub fn names(text: &str, directory: &str) -> bool {
    let directory = plain(directory);
    text.contains(directory.strip_prefix('~').unwrap_or(&directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_within_the_root() {
        assert!(within("/etc/passwd", "/") && within("/etc/passwd", "") && within("/", "/"));
        assert!(within("/etc/passwd", "/etc") && within("/etc", "/etc"));
        assert!(!within("/etc2/passwd", "/etc") && !within("/", "/etc"));
    }

    #[test]
    fn homes_are_alike() {
        for path in [
            "/root/.cache/pip",
            "$HOME/.cache/pip/",
            "${HOME}/.cache/pip/*",
            "/home/me/.cache/pip",
            "~/.cache/pip",
        ] {
            assert_eq!(normal(path), "~/.cache/pip", "{path}");
        }
    }

    #[test]
    fn overlap_goes_both_ways() {
        assert!(overlap("/root/.cache", "~/.cache/pip"));
        assert!(overlap("~/.cache/pip/http", "~/.cache/pip"));
        assert!(overlap("$X/cache", "/var/cache"));
        assert!(!overlap("/var/lib/apt", "/var/lib/aptitude"));
    }

    #[test]
    fn mount_keys_come_in_any_order() {
        let mount = mount("target=/x,from=a,rw,type=cache");
        assert_eq!(
            (mount.kind.as_str(), mount.target.as_deref(), mount.writable),
            ("cache", Some("/x"), true)
        );
    }
}

//! Follows symlinks as the kernel does, and tells which were on the way.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use jettison_trace::FileType;

/// As many symlinks as the kernel follows.
const MOST_LINKS: usize = 40;
/// More directories are not remembered at once.
const MOST_DIRECTORIES: usize = 100_000;

/// Where a path leads.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The path without symlinks.
    pub path: Vec<u8>,
    /// Each symlink on the way, and its target.
    pub links: Vec<(Vec<u8>, Vec<u8>)>,
    /// What is there.
    pub presence: Presence,
}

/// Whether there is a file at a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// It is unknown: below `/proc`, or without permission.
    #[default]
    Unknown,
    /// There is none.
    Missing,
    /// There is one of this type.
    Found(FileType),
}

impl Presence {
    /// The type of the file, if there is one.
    pub fn file_type(self) -> Option<FileType> {
        match self {
            Self::Found(file_type) => Some(file_type),
            Self::Missing | Self::Unknown => None,
        }
    }

    fn of(metadata: &io::Result<fs::Metadata>) -> Self {
        match metadata {
            Ok(metadata) => Self::Found(file_type(metadata.file_type())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Self::Missing
            }
            Err(_) => Self::Unknown,
        }
    }
}

/// Resolves paths, and remembers which directories are not symlinks.
#[derive(Default)]
pub struct Resolver {
    directories: HashSet<Vec<u8>>,
    /// Where file systems are mounted that a process serves.
    served: Vec<Vec<u8>>,
}

impl Resolver {
    /// Finds the file systems that a process serves (FUSE). If that process is traced, it may be
    /// stopped, and a look at a file there waits for it. So the tracer must not look.
    pub fn find_mounts(&mut self) {
        let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
        self.served = mounts.split(|byte| *byte == b'\n').filter_map(served_mount).collect();
    }

    /// Whether the tracer may look at this path.
    pub fn may_touch(&self, path: &[u8]) -> bool {
        !self.served.iter().any(|mount| {
            path.strip_prefix(mount.as_slice()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    /// What is at a path now; symlinks are not followed.
    pub fn presence(&self, path: &[u8]) -> Presence {
        if self.may_touch(path) {
            Presence::of(&fs::symlink_metadata(Path::new(OsStr::from_bytes(path))))
        } else {
            Presence::Unknown
        }
    }

    /// Forgets everything, since the program has changed something.
    pub fn forget(&mut self) {
        self.directories.clear();
    }

    /// Follows the symlinks in a normal absolute path below `root`; a symlink in the last component
    /// only if `follow` is set. Below `/proc`, symlinks have another meaning for each process, so
    /// they are not followed.
    pub fn resolve(&mut self, root: &[u8], path: &[u8], follow: bool) -> Resolved {
        let mut resolved = Resolved { path: root.to_vec(), ..Resolved::default() };
        let inner = path.strip_prefix(root).unwrap_or(path);
        let mut rest: VecDeque<Vec<u8>> = components(inner).collect();
        while let Some(component) = rest.pop_front() {
            if component == b".." {
                if resolved.path != root {
                    let parent = resolved.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    resolved.path.truncate(parent);
                }
                continue;
            }
            resolved.path.push(b'/');
            resolved.path.extend_from_slice(&component);
            let is_last = rest.is_empty();
            if resolved.path == b"/proc" && !is_last || !self.may_touch(&resolved.path) {
                return resolved.with_rest(rest, Presence::Unknown);
            }
            if !is_last && self.directories.contains(&resolved.path) {
                continue;
            }
            let here = Path::new(OsStr::from_bytes(&resolved.path));
            let metadata = fs::symlink_metadata(here);
            resolved.presence = Presence::of(&metadata);
            let Ok(metadata) = metadata else {
                let presence = resolved.presence;
                return resolved.with_rest(rest, presence);
            };
            if metadata.is_symlink() && (!is_last || follow) && resolved.links.len() < MOST_LINKS {
                let Ok(target) = fs::read_link(here) else { return resolved };
                let target = target.into_os_string().into_vec();
                for component in components(&target).rev() {
                    rest.push_front(component);
                }
                let parent = resolved.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                let link = resolved.path.clone();
                resolved.path.truncate(if target.starts_with(b"/") { root.len() } else { parent });
                if target.starts_with(b"/") {
                    resolved.path = root.to_vec();
                }
                resolved.links.push((link, target));
                resolved.presence = Presence::Found(FileType::Directory);
            } else if metadata.is_dir() && !is_last {
                if self.directories.len() >= MOST_DIRECTORIES {
                    self.directories.clear();
                }
                self.directories.insert(resolved.path.clone());
            }
        }
        if resolved.path.is_empty() {
            resolved.path.push(b'/');
            resolved.presence = Presence::Found(FileType::Directory);
        }
        resolved
    }
}

impl Resolved {
    /// Appends components about which nothing is known.
    fn with_rest(mut self, rest: impl IntoIterator<Item = Vec<u8>>, presence: Presence) -> Self {
        for component in rest {
            self.path.push(b'/');
            self.path.extend_from_slice(&component);
        }
        self.presence = presence;
        self
    }
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec)
}

fn file_type(file_type: fs::FileType) -> FileType {
    if file_type.is_file() {
        FileType::File
    } else if file_type.is_dir() {
        FileType::Directory
    } else if file_type.is_symlink() {
        FileType::Symlink
    } else {
        FileType::Special
    }
}

/// The mount point in a line of `/proc/self/mountinfo`, if a process serves the file system.
fn served_mount(line: &[u8]) -> Option<Vec<u8>> {
    let mut fields = line.split(|byte| *byte == b' ');
    let mount = fields.nth(4)?;
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    kind.starts_with(b"fuse").then(|| without_escapes(mount))
}

/// The kernel writes blanks and similar as a backslash and three octal digits.
fn without_escapes(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        let code =
            after.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match code {
            Some(byte) if *first == b'\\' => {
                plain.push(byte);
                rest = &after[3..];
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use jettison_trace::FileType;

    use super::{Presence, Resolver, served_mount};

    #[test]
    fn chains_are_followed() {
        let directory = std::env::temp_dir().join(format!("jettison-trace-resolve-{}", std::process::id()));
        fs::create_dir_all(directory.join("real/deep")).expect("it can be created");
        let base = fs::canonicalize(&directory).expect("it is there");
        fs::write(base.join("real/deep/file"), "").expect("it can be written");
        symlink("real", base.join("relative")).expect("it can be created");
        symlink(base.join("relative/deep"), base.join("absolute")).expect("it can be created");
        symlink("../real/deep/../deep/file", base.join("real/last")).expect("it can be created");
        symlink("loop", base.join("loop")).expect("it can be created");
        symlink("nowhere/at/all", base.join("dangling")).expect("it can be created");
        let base = base.display().to_string();
        let mut resolver = Resolver::default();
        let mut resolve = |path: &str, follow| {
            let resolved = resolver.resolve(b"", format!("{base}/{path}").as_bytes(), follow);
            let strip = |bytes: &[u8]| String::from_utf8_lossy(bytes).replacen(&format!("{base}/"), "", 1);
            let links: Vec<String> = resolved.links.iter().map(|(link, _)| strip(link)).collect();
            (strip(&resolved.path), links, resolved.presence.file_type())
        };
        let file = Some(FileType::File);
        let real = "real/deep/file".to_owned();
        assert_eq!(resolve("real/deep/file", true), (real.clone(), vec![], file));
        assert_eq!(
            resolve("absolute/file", true),
            (real.clone(), vec!["absolute".into(), "relative".into()], file)
        );
        assert_eq!(resolve("relative/last", true), (real, vec!["relative".into(), "real/last".into()], file));
        assert_eq!(
            resolve("relative/last", false),
            ("real/last".into(), vec!["relative".into()], Some(FileType::Symlink))
        );
        assert_eq!(resolve("loop", true).0, "loop");
        assert_eq!(resolve("dangling", true), ("nowhere/at/all".into(), vec!["dangling".into()], None));
        assert_eq!(resolve("real/deep", true), ("real/deep".into(), vec![], Some(FileType::Directory)));
        fs::remove_dir_all(directory).expect("it can be removed");
    }

    #[test]
    fn another_root_keeps_targets_inside() {
        let directory = std::env::temp_dir().join(format!("jettison-trace-root-{}", std::process::id()));
        fs::create_dir_all(directory.join("etc")).expect("it can be created");
        let root = fs::canonicalize(&directory).expect("it is there");
        symlink("/etc/b", root.join("etc/a")).expect("it can be created");
        symlink("../../../../etc/c", root.join("etc/b")).expect("it can be created");
        fs::write(root.join("etc/c"), "").expect("it can be written");
        let root = root.display().to_string();
        let resolved = Resolver::default().resolve(root.as_bytes(), format!("{root}/etc/a").as_bytes(), true);
        assert_eq!(String::from_utf8_lossy(&resolved.path), format!("{root}/etc/c"));
        fs::remove_dir_all(directory).expect("it can be removed");
    }

    #[test]
    fn served_file_systems_are_not_touched() {
        let line = b"36 35 0:31 / /mnt/a\\040b rw,relatime shared:1 master:2 - fuse.sshfs host: rw";
        assert_eq!(served_mount(line).as_deref(), Some(&b"/mnt/a b"[..]));
        assert_eq!(served_mount(b"36 35 0:31 / /mnt rw - ext4 /dev/vda rw"), None);
        assert_eq!(served_mount(b""), None);
        let mut resolver = Resolver { served: vec![b"/tmp".to_vec()], ..Resolver::default() };
        assert_eq!(resolver.resolve(b"", b"/tmp/x/../y", true).presence, Presence::Unknown);
        assert!(!resolver.may_touch(b"/tmp") && resolver.may_touch(b"/tmpfile"));
    }

    #[test]
    fn the_root_and_proc() {
        let mut resolver = Resolver::default();
        assert_eq!(resolver.resolve(b"", b"/", true).path, b"/");
        assert_eq!(resolver.resolve(b"", b"/proc/self/exe", true).path, b"/proc/self/exe");
    }
}

//! One layer: the files that it adds or replaces, and those that it hides.
//! (OCI image specification, "Image Layer Filesystem Changeset": whiteouts and opaque whiteouts.)

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::sync::Arc;

use super::elf::{self, Elf};
use super::limits::{Budget, LONGEST_PATH};
use super::members::{Archive, Member};
use super::packed::Packed;
use super::{ReadError, rpm};

/// A layer.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// The instruction that made it, as far as the image's history says; empty where it does not.
    pub created_by: String,
    /// What it has, in the order of the archive. An image may have the same layer twice.
    pub entries: Arc<Vec<Entry>>,
}

impl Layer {
    /// The bytes of its files' contents.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

/// A file, directory or link of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path from the root, without a slash before or behind.
    pub path: Box<str>,
    /// What it is.
    pub kind: Kind,
    /// The bytes of its content.
    pub size: u64,
    /// Permissions, with set-user-ID, set-group-ID and sticky bit.
    pub mode: u32,
    /// Owner and group, by number.
    pub owner: (u32, u32),
    /// A hash of the content, to tell two files apart within one run of the program.
    pub hash: u64,
    /// What was found in it, of the few files that are looked into.
    inside: Option<Box<Inside>>,
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Inside {
    Elf(Elf),
    Content(Packed),
}

impl Inside {
    fn held(&self) -> u64 {
        match self {
            Self::Elf(elf) => elf.held(),
            Self::Content(packed) => packed.held(),
        }
    }
}

impl Entry {
    /// What it asks the loader for, where it is an executable or a library.
    pub fn elf(&self) -> Option<&Elf> {
        match self.inside.as_deref() {
            Some(Inside::Elf(elf)) => Some(elf),
            _ => None,
        }
    }

    /// The whole content, of the few files that something is looked up in.
    pub fn content(&self) -> Option<Vec<u8>> {
        match self.inside.as_deref() {
            Some(Inside::Content(packed)) => packed.content(),
            _ => None,
        }
    }
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, and where it points.
    Link(Box<str>),
    /// Another name for a file, and that file's path.
    Hard(Box<str>),
    /// The path is gone.
    Whiteout,
    /// All that lower layers have in this directory is gone.
    Opaque,
    /// A device, pipe or socket.
    Other,
}

/// Files whose content is kept, beside RPM's databases: what package managers have installed.
const KEPT: &[&str] = &["var/lib/dpkg/status", "lib/apk/db/installed"];

/// Directories with such files, and how their names end.
const KEPT_BELOW: &[(&str, &str)] = &[("var/lib/dpkg/status.d/", ""), ("var/lib/dpkg/info/", ".list")];

/// Reads a layer's archive.
pub(super) fn read(content: impl Read, budget: &Budget) -> Result<Layer, ReadError> {
    let mut entries = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let mut archive = Archive::new(content, budget.clone());
    while let Some(member) = archive.next()? {
        // Also one that is not kept has been read.
        let (path, link) = (below_root(&member.path), bounded(&member.link));
        budget.entry(path.as_ref().map_or(0, String::len) + link.len())?;
        if let Some(path) = path
            && let Some((path, kind)) = named(path, &member, link)
        {
            let mut entry = Entry {
                path,
                kind,
                size: 0,
                mode: member.mode,
                owner: (owner(member.owner.0), owner(member.owner.1)),
                hash: 0,
                inside: None,
            };
            if entry.kind == Kind::File {
                look_into(&mut archive.content(), &member, budget, &mut buffer, &mut entry)?;
            }
            entries.push(entry);
        }
    }
    Ok(Layer { created_by: String::new(), entries: Arc::new(entries) })
}

/// A number that no system has is as good as any other one.
fn owner(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Where a link points, as far as paths are long.
fn bounded(link: &[u8]) -> String {
    String::from_utf8_lossy(&link[..link.len().min(LONGEST_PATH)]).into_owned()
}

/// A path below the root; none for the root itself, and for one that is longer than paths are.
fn below_root(raw: &[u8]) -> Option<String> {
    let path = tidy(&String::from_utf8_lossy(raw));
    (raw.len() <= LONGEST_PATH && !path.is_empty()).then_some(path)
}

/// A path without empty parts and dots. What climbs above the root stays below, as it does where it is unpacked.
pub(super) fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a member is, and where; none for one that is only there for the archive.
fn named(path: String, member: &Member, link: String) -> Option<(Box<str>, Kind)> {
    use tar::EntryType;
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
    Some(match member.kind {
        _ if name == ".wh..wh..opq" => (directory.into(), Kind::Opaque),
        // Left over from another way to keep layers.
        _ if name.starts_with(".wh..wh.") => return None,
        _ if name.starts_with(".wh.") => {
            let hidden = &name[".wh.".len()..];
            let path = if directory.is_empty() { hidden.to_owned() } else { format!("{directory}/{hidden}") };
            (path.into(), Kind::Whiteout)
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => (path.into(), Kind::File),
        EntryType::Directory => (path.into(), Kind::Directory),
        EntryType::Symlink => (path.into(), Kind::Link(link.into())),
        EntryType::Link => {
            let target = below_root(link.as_bytes()).unwrap_or_default();
            (path.into(), Kind::Hard(target.into()))
        }
        _ => (path.into(), Kind::Other),
    })
}

fn look_into(
    content: &mut dyn Read,
    member: &Member,
    budget: &Budget,
    buffer: &mut [u8],
    found: &mut Entry,
) -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    let first = fill(content, buffer)?;
    let head = &buffer[..first];
    let path = &*found.path;
    let is_kept = KEPT.contains(&path)
        || rpm::is_database(path)
        || KEPT_BELOW.iter().any(|(start, end)| path.starts_with(start) && path.ends_with(end));
    let fits = member.holes.is_none() && member.size <= budget.room();
    found.size = member.size;
    if (elf::is_elf(head) || is_kept) && fits {
        let mut whole = Vec::with_capacity(usize::try_from(member.size).unwrap_or(0));
        whole.extend(head);
        content.read_to_end(&mut whole)?;
        hasher.write(&whole);
        let inside = if is_kept {
            Some(Inside::Content(Packed::of(&whole)?))
        } else {
            elf::read(&whole).map(Inside::Elf)
        };
        budget.hold(inside.as_ref().map_or(0, Inside::held))?;
        found.inside = inside.map(Box::new);
    } else {
        if let Some(holes) = member.holes {
            hasher.write_u64(holes);
        }
        let mut count = first;
        while count > 0 {
            hasher.write(&buffer[..count]);
            count = fill(content, buffer)?;
        }
    }
    found.hash = hasher.finish();
    Ok(())
}

/// Reads until the buffer is full or nothing comes, so that equal contents are hashed in equal pieces.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match content.read(&mut buffer[count..])? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(below_root(b"../../etc/passwd").as_deref(), Some("etc/passwd"));
        assert_eq!(below_root(b"/a/../../b").as_deref(), Some("b"));
        assert_eq!(below_root(b"./"), None);
        assert_eq!(below_root(&[b'a'; LONGEST_PATH + 1]), None);
    }
}

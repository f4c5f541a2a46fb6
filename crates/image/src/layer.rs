//! One layer: the files that it adds or replaces, and the files that it hides. (OCI image
//! specification, "Image Layer Filesystem Changeset": whiteouts and opaque whiteouts.)

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::sync::Arc;

use crate::elf::{self, Elf};
use crate::limits::{Budget, LONGEST_PATH};
use crate::members::{Archive, Member};
use crate::packed::Packed;
use crate::{ReadError, rpm};

/// A layer.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// The instruction that created it, according to the image's history; empty if unknown.
    pub created_by: String,
    /// Its entries, in the order of the archive. An image may contain the same layer twice.
    pub entries: Arc<Vec<Entry>>,
}

impl Layer {
    /// The total size of its files.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

/// A file, directory or link of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path from the root, without leading and trailing slashes.
    pub path: Box<str>,
    /// The type of the entry.
    pub kind: Kind,
    /// The size of its content.
    pub size: u64,
    /// The permissions, including set-user-ID, set-group-ID and sticky bit.
    pub mode: u32,
    /// The UID and GID of its owner.
    pub owner: (u32, u32),
    /// A hash of the content, to compare files within one run of the program.
    pub hash: u64,
    /// The findings in the content, for the few files that are read.
    inside: Option<Box<Inside>>,
}

/// The findings in a file.
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
    /// Its loader and libraries, if it is an executable or a library.
    pub fn elf(&self) -> Option<&Elf> {
        match self.inside.as_deref() {
            Some(Inside::Elf(elf)) => Some(elf),
            _ => None,
        }
    }

    /// The whole content, for the few files that are parsed later.
    pub fn content(&self) -> Option<Vec<u8>> {
        match self.inside.as_deref() {
            Some(Inside::Content(packed)) => packed.content(),
            _ => None,
        }
    }
}

/// The type of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symlink and its target.
    Link(Box<str>),
    /// A hard link, and the path of the other name.
    Hard(Box<str>),
    /// The path is deleted.
    Whiteout,
    /// The content of this directory in lower layers is hidden.
    Opaque,
    /// A device, pipe or socket.
    Other,
}

/// Files whose content is kept, in addition to RPM's databases: the databases of installed
/// packages.
const KEPT: &[&str] = &["var/lib/dpkg/status", "lib/apk/db/installed"];

/// Directories with such files, and the endings of their names.
const KEPT_BELOW: &[(&str, &str)] = &[("var/lib/dpkg/status.d/", ""), ("var/lib/dpkg/info/", ".list")];

/// Reads a layer's archive.
pub(crate) fn read(content: impl Read, budget: &Budget) -> Result<Layer, ReadError> {
    let mut entries = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let mut archive = Archive::new(content, budget.clone());
    while let Some(member) = archive.next()? {
        // A file whose content is not kept has been read, too.
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

/// A number that no system has; any such number will do.
fn owner(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The target of a link, up to the maximum length of a path.
fn bounded(link: &[u8]) -> String {
    String::from_utf8_lossy(&link[..link.len().min(LONGEST_PATH)]).into_owned()
}

/// A path relative to the root; `None` for the root itself, and for a path that is too long.
fn below_root(raw: &[u8]) -> Option<String> {
    let path = tidy(&String::from_utf8_lossy(raw));
    (raw.len() <= LONGEST_PATH && !path.is_empty()).then_some(path)
}

/// A path without empty components and dots. `..` does not leave the root, as in an extracted
/// archive.
pub(crate) fn tidy(path: &str) -> String {
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

/// The type and the path of a member; `None` for one that only concerns the archive.
fn named(path: String, member: &Member, link: String) -> Option<(Box<str>, Kind)> {
    use tar::EntryType;
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
    Some(match member.kind {
        _ if name == ".wh..wh..opq" => (directory.into(), Kind::Opaque),
        // A remnant of another storage driver.
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

/// Reads until the buffer is full or the input ends, so that equal contents are hashed in equal
/// blocks.
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

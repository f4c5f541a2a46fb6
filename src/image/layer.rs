//! One layer: the files that it adds or replaces, and those that it hides.
//! (OCI image specification, "Image Layer Filesystem Changeset": whiteouts and opaque whiteouts.)

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};

use super::ReadError;
use super::elf::{self, Elf};
use super::limits::{LONGEST_PATH, MOST_ENTRIES, MOST_IN_MEMORY};
use super::rpm;

/// A layer.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// The instruction that made it, as far as the image's history says; empty where it does not.
    pub created_by: String,
    /// What it has, in the order of the archive.
    pub entries: Vec<Entry>,
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
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The bytes of its content.
    pub size: u64,
    /// Permissions, with set-user-ID, set-group-ID and sticky bit.
    pub mode: u32,
    /// Owner and group, by number.
    pub owner: (u64, u64),
    /// A hash of the content, to tell two files apart within one run of the program.
    pub hash: u64,
    /// What it asks the loader for, where it is an executable or a library.
    pub elf: Option<Box<Elf>>,
    /// The whole content, of the few files that something is looked up in.
    pub content: Option<Box<[u8]>>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, and where it points.
    Link(String),
    /// Another name for a file, and that file's path.
    Hard(String),
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
pub(super) fn read(content: impl Read, known: &mut usize) -> Result<Layer, ReadError> {
    let mut layer = Layer::default();
    let mut archive = tar::Archive::new(content);
    for entry in archive.entries()? {
        let mut entry = entry?;
        *known += 1;
        if *known > MOST_ENTRIES {
            return Err(ReadError::Malformed(format!("it has more than {MOST_ENTRIES} files")));
        }
        let raw = entry.path_bytes().into_owned();
        let Some(path) = below_root(&raw) else { continue };
        if let Some(found) = one(&mut entry, path)? {
            layer.entries.push(found);
        }
    }
    Ok(layer)
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

fn one<R: Read>(entry: &mut tar::Entry<'_, R>, path: String) -> Result<Option<Entry>, ReadError> {
    use tar::EntryType;
    let header = entry.header();
    let link = || {
        entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned()).unwrap_or_default()
    };
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let (path, kind) = match header.entry_type() {
        _ if name == ".wh..wh..opq" => (directory.to_owned(), Kind::Opaque),
        // Left over from another way to keep layers.
        _ if name.starts_with(".wh..wh.") => return Ok(None),
        _ if name.starts_with(".wh.") => {
            let hidden = &name[".wh.".len()..];
            let path = if directory.is_empty() { hidden.to_owned() } else { format!("{directory}/{hidden}") };
            (path, Kind::Whiteout)
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => (path, Kind::File),
        EntryType::Directory => (path, Kind::Directory),
        EntryType::Symlink => (path, Kind::Link(link())),
        EntryType::Link => {
            let target = below_root(link().as_bytes()).unwrap_or_default();
            (path, Kind::Hard(target))
        }
        EntryType::XGlobalHeader => return Ok(None),
        _ => (path, Kind::Other),
    };
    let mut found = Entry {
        kind,
        size: 0,
        mode: header.mode().unwrap_or(0) & 0o7777,
        owner: (header.uid().unwrap_or(0), header.gid().unwrap_or(0)),
        hash: 0,
        elf: None,
        content: None,
        path,
    };
    if found.kind == Kind::File {
        let declared = header.size().unwrap_or(0);
        content(entry, declared, &mut found)?;
    }
    Ok(Some(found))
}

fn content(entry: &mut dyn Read, declared: u64, found: &mut Entry) -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    let mut buffer = vec![0; 64 << 10];
    let first = fill(entry, &mut buffer)?;
    let head = &buffer[..first];
    let path = found.path.as_str();
    let is_kept = KEPT.contains(&path)
        || rpm::is_database(path)
        || KEPT_BELOW.iter().any(|(start, end)| path.starts_with(start) && path.ends_with(end));
    if (elf::is_elf(head) || is_kept) && declared <= MOST_IN_MEMORY {
        let mut whole = head.to_vec();
        entry.read_to_end(&mut whole)?;
        hasher.write(&whole);
        found.size = whole.len() as u64;
        found.elf = elf::read(&whole).map(Box::new);
        found.content = is_kept.then(|| whole.into_boxed_slice());
    } else {
        let mut count = first;
        while count > 0 {
            hasher.write(&buffer[..count]);
            found.size += count as u64;
            count = fill(entry, &mut buffer)?;
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
    fn too_many_files_are_refused_when_the_limit_is_reached() {
        let mut archive = tar::Builder::new(Vec::new());
        for name in ["a", "b", "c"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            header.set_cksum();
            archive.append_data(&mut header, name, &[][..]).expect("memory");
        }
        let bytes = archive.into_inner().expect("memory");
        let mut known = MOST_ENTRIES - 3;
        assert_eq!(read(&bytes[..], &mut known).expect("it fits").entries.len(), 3);
        let error = read(&bytes[..], &mut known).expect_err("one more than all");
        assert!(error.to_string().contains("files"), "{error}");
    }

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(below_root(b"../../etc/passwd").as_deref(), Some("etc/passwd"));
        assert_eq!(below_root(b"/a/../../b").as_deref(), Some("b"));
        assert_eq!(below_root(b"./"), None);
        assert_eq!(below_root(&[b'a'; LONGEST_PATH + 1]), None);
    }
}

//! The final file system of an image, read from the engine's export; nothing is unpacked.
//!
//! Timestamps are ignored: they differ between any two builds. So are the names of hard links,
//! which the engine keeps or breaks depending on the layers: here, each one is a file with its own
//! content.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::Read;

use anyhow::{Context as _, Result, bail};
use tar::{Archive, EntryType};

use crate::build::Image;
use crate::engine;

/// Everything in an image, by absolute path.
pub type Tree = BTreeMap<String, Entry>;

/// One file, directory or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub mode: u32,
    pub user: u64,
    pub group: u64,
    /// Extended attributes, such as capabilities.
    pub attributes: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    File {
        size: u64,
        hash: u64,
    },
    Directory,
    Link {
        target: String,
    },
    /// Devices and pipes: type, major and minor number.
    Special(u8, u32, u32),
}

/// A hash of a file's content.
pub fn hash(mut content: impl Read) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            length => hasher.write(&buffer[..length]),
        }
    }
}

/// The files of an image, as a container sees them when it starts.
pub fn of(image: &Image) -> Result<Tree> {
    // The engine requires a command if the image has none. The command does not run.
    let container = engine::docker(&["create", &image.tag, "true"])?;
    let mut export = engine::command(&["export", &container]).spawn()?;
    let tree = read(export.stdout.take().context("the stream was asked for")?);
    let output = export.wait_with_output()?;
    engine::docker(&["rm", "--force", &container])?;
    if !output.status.success() {
        bail!("{} can't be exported: {}", image.tag, String::from_utf8_lossy(&output.stderr));
    }
    tree.with_context(|| format!("the export of {} can't be read", image.tag))
}

/// The tree in an archive.
pub fn read(archive: impl Read) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut archive = Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = absolute(&String::from_utf8_lossy(&entry.path_bytes()));
        let target = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
        let attributes = attributes(&mut entry)?;
        let header = entry.header().clone();
        let kind = match header.entry_type() {
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Link { target: target.context("a link has a target")? },
            EntryType::Link => {
                let target = absolute(&target.context("a link has a target")?);
                let first =
                    tree.get(&target).with_context(|| format!("{path} is linked to {target}, later"))?;
                let first = first.clone();
                tree.insert(path, first);
                continue;
            }
            EntryType::Regular | EntryType::Continuous => {
                let size = entry.size();
                let hash = if PASSWORDS.contains(&path.as_str()) {
                    hash(&undated(&mut entry)?[..])?
                } else {
                    hash(&mut entry)?
                };
                Kind::File { size, hash }
            }
            other => Kind::Special(
                other.as_byte(),
                header.device_major()?.unwrap_or_default(),
                header.device_minor()?.unwrap_or_default(),
            ),
        };
        let mode = header.mode()? & 0o7777;
        let (user, group) = owner(&header, &mut entry)?;
        tree.insert(path, Entry { kind, mode, user, group, attributes });
    }
    Ok(tree)
}

/// The files that say on which day a password was changed, which is the day of the build. (shadow(5))
const PASSWORDS: [&str; 2] = ["/etc/shadow", "/etc/shadow-"];

/// The content of a password file without the day of the last change, the third field of each line:
/// two builds of the same Dockerfile may run before and after midnight.
fn undated(mut content: impl Read) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    content.read_to_end(&mut text)?;
    let fields = |line: &[u8]| {
        let kept = line.split(|byte| *byte == b':').enumerate().filter(|(index, _)| *index != 2);
        kept.map(|(_, field)| field).collect::<Vec<_>>().join(&b':')
    };
    Ok(text.split(|byte| *byte == b'\n').map(fields).collect::<Vec<_>>().join(&b'\n'))
}

fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches("./").trim_matches('/'))
}

const ATTRIBUTE: &str = "SCHILY.xattr.";

fn attributes<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        let extension = extension?;
        if let Some(name) = extension.key()?.strip_prefix(ATTRIBUTE) {
            found.insert(name.to_owned(), extension.value_bytes().to_owned());
        }
    }
    Ok(found)
}

/// Large IDs are in an extension, not in the header.
fn owner<R: Read>(header: &tar::Header, entry: &mut tar::Entry<'_, R>) -> Result<(u64, u64)> {
    let (mut user, mut group) = (header.uid()?, header.gid()?);
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        let extension = extension?;
        match extension.key()? {
            "uid" => user = extension.value()?.parse()?,
            "gid" => group = extension.value()?.parse()?,
            _ => {}
        }
    }
    Ok((user, group))
}

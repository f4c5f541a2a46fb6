//! Archives of images: docker-archive (`docker save`) and OCI layouts, whole or in parts,
//! compressed or not.
//!
//! The parts may be in any order, so a stream is read once. (OCI image specification, "Image
//! Layout"; moby, image/tarexport.)

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use serde::Deserialize;

use crate::layer::{self, Layer};
use crate::limits::{Budget, Limited, MOST_JSON, MOST_LAYERS};
use crate::members::Archive;
use crate::{Config, Image, Malformed, ReadError};

/// Collects the parts of an image and assembles them, for OCI layouts that are directories.
///
/// ```no_run
/// use std::fs::File;
///
/// let mut reader = jettison_image::Reader::new(|| false);
/// for name in ["index.json", "blobs/sha256/4f…", "blobs/sha256/a0…"] {
///     reader.add(name, File::open(name)?)?;
/// }
/// let image = reader.finish()?;
/// # Ok::<(), jettison_image::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    /// Documents that are too large are known by name only.
    documents: BTreeMap<String, Option<Vec<u8>>>,
    layers: BTreeMap<String, Layer>,
    /// Parts that link to another part.
    aliases: BTreeMap<String, String>,
    budget: Budget,
}

/// Reads a whole archive, which may be compressed with gzip or zstd.
///
/// `is_late` is called for each block that is read; if it returns `true`, reading ends with an
/// error.
pub fn read(archive: impl Read, is_late: impl Fn() -> bool + 'static) -> Result<Image, ReadError> {
    let mut reader = Reader::new(is_late);
    let (head, content) = peek(archive)?;
    if !is_archive(&head) && compression(&head) == Compression::None {
        return Err(Malformed::NotAnArchive.into());
    }
    let content = Limited::new(unpacked(&head, content)?, reader.budget.clone());
    let mut archive = Archive::new(content, reader.budget.clone());
    while let Some(member) = archive.next()? {
        let name = String::from_utf8_lossy(&member.path).trim_start_matches("./").to_owned();
        reader.budget.entry(name.len() + member.link.len())?;
        match member.kind {
            tar::EntryType::Symlink | tar::EntryType::Link => {
                let target = String::from_utf8_lossy(&member.link).into_owned();
                reader.aliases.insert(name, target.trim_start_matches("../").to_owned());
            }
            kind if kind.is_file() => reader.add(&name, archive.content())?,
            _ => {}
        }
    }
    reader.finish()
}

impl Reader {
    /// An empty assembly. `is_late` is called for each block that is read; if it returns `true`,
    /// reading ends with an error.
    pub fn new(is_late: impl Fn() -> bool + 'static) -> Self {
        Self {
            documents: BTreeMap::new(),
            layers: BTreeMap::new(),
            aliases: BTreeMap::new(),
            budget: Budget::new(is_late),
        }
    }

    /// Reads a part, named as in the archive or layout. The order does not matter, and what is not
    /// part of an image is skipped.
    pub fn add(&mut self, name: &str, content: impl Read) -> Result<(), ReadError> {
        let (head, mut content) = peek(content)?;
        if head
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_some_and(|byte| matches!(byte, b'{' | b'['))
        {
            let mut text = Vec::new();
            content.by_ref().take(MOST_JSON + 1).read_to_end(&mut text)?;
            let fits = text.len() as u64 <= MOST_JSON;
            // Parsing it takes as much memory again. Bills of materials are larger, but are not
            // needed.
            self.budget.hold(if fits { 2 * text.len() as u64 } else { 0 })?;
            self.documents.insert(name.to_owned(), fits.then_some(text));
            io::copy(&mut content, &mut io::sink())?;
            return Ok(());
        }
        if !is_archive(&head) && compression(&head) == Compression::None {
            // It is not part of an image and is skipped.
            io::copy(&mut content, &mut io::sink())?;
            return Ok(());
        }
        let content = Limited::new(unpacked(&head, content)?, self.budget.clone());
        let layer = layer::read(content, &self.budget)?;
        self.layers.insert(name.to_owned(), layer);
        Ok(())
    }

    /// Assembles the image as described by its manifest.
    pub fn finish(self) -> Result<Image, ReadError> {
        let (config, layers) = self.manifest()?;
        let config: Config = self.document(&config)?;
        let mut image = Image { config, layers: Vec::new() };
        if layers.len() > MOST_LAYERS {
            return Err(Malformed::Layers(layers.len()).into());
        }
        let mut seen = BTreeSet::new();
        for name in layers {
            let name = self.aliases.get(&name).cloned().unwrap_or(name);
            let layer = self.layers.get(&name).cloned();
            let layer = layer.ok_or_else(|| Malformed::MissingLayer(name.clone()))?;
            // A layer may be listed twice; it was read once.
            if !seen.insert(name) {
                self.budget.again(layer.entries.len())?;
            }
            image.layers.push(layer);
        }
        let steps: Vec<String> = image.config.steps().map(str::to_owned).collect();
        if steps.len() == image.layers.len() {
            image.layers.iter_mut().zip(steps).for_each(|(layer, step)| layer.created_by = step);
        }
        Ok(image)
    }

    /// The names of the configuration and of the layers.
    fn manifest(&self) -> Result<(String, Vec<String>), ReadError> {
        if self.documents.contains_key("manifest.json") {
            let all: Vec<Saved> = self.document("manifest.json")?;
            let [image] = &all[..] else { return Err(Malformed::Images(all.len()).into()) };
            return Ok((image.config.clone(), image.layers.clone()));
        }
        let mut name = "index.json".to_owned();
        // An index may refer to another index.
        for _ in 0..4 {
            let found: Manifest = self.document(&name)?;
            if let Some(config) = &found.config {
                let layers = found.layers.iter().map(Descriptor::path).collect();
                return Ok((config.path(), layers));
            }
            let images: Vec<&Descriptor> =
                found.manifests.iter().filter(|manifest| manifest.is_image()).collect();
            let [image] = images[..] else { return Err(Malformed::Images(images.len()).into()) };
            name = image.path();
        }
        Err(Malformed::Circular.into())
    }

    fn document<T: for<'d> Deserialize<'d>>(&self, name: &str) -> Result<T, ReadError> {
        let text = self.documents.get(name).ok_or_else(|| Malformed::Missing(name.to_owned()))?;
        let text = text.as_deref().ok_or_else(|| Malformed::TooLarge(name.to_owned()))?;
        serde_json::from_slice(text)
            .map_err(|source| Malformed::Json { name: name.to_owned(), source }.into())
    }
}

/// `manifest.json` of `docker save`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// An index or a manifest of an OCI layout.
#[derive(Deserialize)]
struct Manifest {
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
}

impl Descriptor {
    fn path(&self) -> String {
        format!("blobs/{}", self.digest.replacen(':', "/", 1))
    }

    /// Attestations are listed next to images, with an unknown platform. (Docker's manual, "Image
    /// attestation storage".)
    fn is_image(&self) -> bool {
        self.platform.as_ref().is_none_or(|platform| platform.os != "unknown")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

fn compression(head: &[u8]) -> Compression {
    match head {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

/// Whether it starts like a tar archive; an empty archive consists of zeros.
fn is_archive(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") || head.len() == HEAD && head.iter().all(|byte| *byte == 0)
}

fn unpacked<'r>(head: &[u8], content: impl Read + 'r) -> Result<Box<dyn Read + 'r>, ReadError> {
    Ok(match compression(head) {
        Compression::None => Box::new(content),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(content)),
        #[cfg(feature = "zstd")]
        Compression::Zstd => Box::new(zstd::Decoder::new(content)?),
        #[cfg(not(feature = "zstd"))]
        Compression::Zstd => return Err(ReadError::ZstdDisabled),
    })
}

/// The size of a tar archive's first header.
const HEAD: usize = 512;

/// The first bytes, and a reader of everything including them.
fn peek(mut content: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::with_capacity(HEAD);
    content.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(content)))
}

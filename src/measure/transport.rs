//! The transfer size of an image: the compressed size of its layers, and the cost of compressing
//! them.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::Error;
use super::engine::Engine;

/// The same layers with several kinds of compression.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// In the order of [`NAMES`].
    pub compressed: Vec<Compressed>,
}

/// The result of one kind of compression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compressed {
    /// "gzip", "zstd 3" …
    pub name: &'static str,
    /// The size of all layers in bytes.
    pub size: u64,
    /// The time on one processor.
    pub took: Duration,
}

/// The kinds of compression: the defaults of registries and builders, and the strongest practical
/// level of zstd.
const NAMES: &[&str] = if cfg!(feature = "inspect") { &["gzip", "zstd 3", "zstd 19"] } else { &["gzip"] };

/// Something that compresses what is written to it.
trait Encoder: Write {
    /// Ends it; how many bytes came out.
    fn end(self: Box<Self>) -> io::Result<u64>;
}

impl Encoder for flate2::write::GzEncoder<Counter> {
    fn end(self: Box<Self>) -> io::Result<u64> {
        Ok(self.finish()?.0)
    }
}

#[cfg(feature = "inspect")]
impl Encoder for zstd::Encoder<'static, Counter> {
    fn end(self: Box<Self>) -> io::Result<u64> {
        Ok(self.finish()?.0)
    }
}

/// In the order of [`NAMES`].
#[cfg(feature = "inspect")]
fn encoders() -> io::Result<Vec<Box<dyn Encoder>>> {
    let zstd = |level| zstd::Encoder::new(Counter(0), level).map(Box::new);
    Ok(vec![gzip(), zstd(3)?, zstd(19)?])
}

/// In the order of [`NAMES`].
#[cfg(not(feature = "inspect"))]
#[expect(clippy::unnecessary_wraps, reason = "with zstd it may fail")]
fn encoders() -> io::Result<Vec<Box<dyn Encoder>>> {
    Ok(vec![gzip()])
}

fn gzip() -> Box<dyn Encoder> {
    Box::new(flate2::write::GzEncoder::new(Counter(0), flate2::Compression::default()))
}

/// Compresses the layers of an image while the engine streams them.
pub fn of(engine: &Engine, tag: &str) -> Result<Transport, Error> {
    let mut saving = engine.stream(["image", "save", tag])?;
    let compressed =
        compress(saving.output()).map_err(|source| Error::Compress { tag: tag.to_owned(), source })?;
    saving.finish()?;
    Ok(Transport { compressed })
}

fn compress(archive: impl Read) -> io::Result<Vec<Compressed>> {
    let mut compressed: Vec<Compressed> =
        NAMES.iter().map(|name| Compressed { name, ..Compressed::default() }).collect();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let is_layer = entry.header().entry_type().is_file() && is_archive(&mut entry)?;
        // `is_archive` has read the first block, which has the same size in all archives.
        if is_layer {
            compress_layer(&mut entry, &mut compressed)?;
        }
    }
    Ok(compressed)
}

/// Whether it starts like a tar archive; reads the first 512 bytes.
fn is_archive(entry: &mut impl Read) -> io::Result<bool> {
    let mut head = Vec::new();
    entry.take(512).read_to_end(&mut head)?;
    Ok(head.get(257..262) == Some(b"ustar"))
}

fn compress_layer(content: &mut impl Read, compressed: &mut [Compressed]) -> io::Result<()> {
    let mut encoders = encoders()?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        for (encoder, result) in encoders.iter_mut().zip(compressed.iter_mut()) {
            let start = Instant::now();
            encoder.write_all(&buffer[..count])?;
            result.took += start.elapsed();
        }
    }
    for (encoder, result) in encoders.into_iter().zip(compressed) {
        let start = Instant::now();
        result.size += encoder.end()?;
        result.took += start.elapsed();
    }
    Ok(())
}

/// Counts the bytes that pass through.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_compressed_and_nothing_else_is() {
        let file = |archive: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_cksum();
            archive.append_data(&mut header, name, content).expect("memory");
        };
        let mut layer = tar::Builder::new(Vec::new());
        file(&mut layer, "zeros", &vec![0; 1 << 20]);
        let mut outer = tar::Builder::new(Vec::new());
        file(&mut outer, "manifest.json", b"[]");
        file(&mut outer, "layer.tar", &layer.into_inner().expect("memory"));
        let compressed = compress(&outer.into_inner().expect("memory")[..]).expect("an archive");
        assert_eq!(compressed.iter().map(|result| result.name).collect::<Vec<_>>(), NAMES);
        assert!(compressed.iter().all(|result| (20..5000).contains(&result.size)), "{compressed:?}");
    }
}

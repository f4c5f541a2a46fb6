//! Compressed contents that are kept until the whole image is read: every layer that installs
//! something contains the package manager's database again.

use std::io;

/// A compressed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
    length: usize,
}

impl Packed {
    pub(crate) fn of(content: &[u8]) -> io::Result<Self> {
        Ok(Self { bytes: compress(content)?, length: content.len() })
    }

    pub(crate) fn content(&self) -> Option<Vec<u8>> {
        decompress(&self.bytes, self.length).ok()
    }

    /// The memory that it uses.
    pub(crate) fn held(&self) -> u64 {
        self.bytes.len() as u64
    }
}

#[cfg(feature = "zstd")]
fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(content, 1)
}

#[cfg(feature = "zstd")]
fn decompress(bytes: &[u8], length: usize) -> io::Result<Vec<u8>> {
    zstd::bulk::decompress(bytes, length)
}

#[cfg(not(feature = "zstd"))]
fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content)?;
    encoder.finish()
}

#[cfg(not(feature = "zstd"))]
fn decompress(bytes: &[u8], length: usize) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::with_capacity(length);
    flate2::read::DeflateDecoder::new(bytes).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_comes_back_and_takes_less_room() {
        let content = b"Package: curl\nStatus: install ok installed\n".repeat(1000);
        let packed = Packed::of(&content).expect("memory");
        assert!(packed.held() * 10 < content.len() as u64, "{}", packed.held());
        assert_eq!(packed.content().expect("it comes back"), content);
    }
}

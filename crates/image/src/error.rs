//! Why an image can't be read.

use std::io;

use thiserror::Error;

use crate::limits::{MOST_ENTRIES, MOST_JSON, MOST_LAYERS};

/// Why an image can't be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream failed, or is not an archive.
    #[error("the archive can't be read")]
    Io(#[source] io::Error),
    /// Reading stopped before the archive could take too much memory or time.
    #[error("the archive exceeds a limit")]
    Limit(#[source] Limit),
    /// It violates the specification.
    #[error("this is not a readable image")]
    Malformed(#[source] Malformed),
    /// It is compressed with zstd, and this crate was built without the Cargo feature `zstd`.
    #[error("the archive is compressed with zstd, which this build can't read (Cargo feature `zstd`)")]
    ZstdDisabled,
}

/// A limit that an archive exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Limit {
    /// The function passed to [`read`](crate::read) said so.
    #[error("reading it takes too long")]
    Time,
    /// Its unpacked size.
    #[error("it unpacks to more data than any image has; it may be a decompression bomb")]
    Bytes,
    /// The memory for what is kept.
    #[error(
        "its names, manifests and package databases take more memory than those of any image; it may be a decompression bomb"
    )]
    Memory,
    /// The number of files and directories.
    #[error("it has more than {MOST_ENTRIES} files")]
    Files,
    /// The bytes of a name, or of the attributes of a file.
    #[error("a file has a name or attributes of {0} bytes; it may be a decompression bomb")]
    Name(u64),
}

impl From<Limit> for io::Error {
    /// Limits pass through readers of other crates.
    fn from(limit: Limit) -> Self {
        Self::new(io::ErrorKind::InvalidData, limit)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.downcast() {
            Ok(limit) => Self::Limit(limit),
            Err(error) => Self::Io(error),
        }
    }
}

/// What is wrong with an archive.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It is something else.
    #[error("it is neither a tar archive nor one compressed with gzip or zstd")]
    NotAnArchive,
    /// A file that another one refers to.
    #[error("{0} is missing")]
    Missing(String),
    /// A layer that the manifest lists.
    #[error("the layer {0} is missing")]
    MissingLayer(String),
    /// A manifest or a configuration.
    #[error("{0} has more than {MOST_JSON} bytes")]
    TooLarge(String),
    /// A manifest or a configuration.
    #[error("{name} can't be parsed")]
    Json {
        /// Its name in the archive.
        name: String,
        /// The place and the reason.
        source: serde_json::Error,
    },
    /// Several images in one archive, or none.
    #[error("it contains {0} images, but exactly one can be read; save one image only")]
    Images(usize),
    /// The number of layers.
    #[error("it has {0} layers, more than any engine supports ({MOST_LAYERS} are read)")]
    Layers(usize),
    /// Indexes may refer to indexes, but not forever.
    #[error("its indexes refer to each other")]
    Circular,
}

impl From<Malformed> for ReadError {
    fn from(what: Malformed) -> Self {
        Self::Malformed(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_recognised_after_it_passed_through_a_reader() {
        let error = ReadError::from(io::Error::from(Limit::Bytes));
        assert!(matches!(error, ReadError::Limit(Limit::Bytes)), "{error:?}");
        let error = ReadError::from(io::Error::other("the disk is broken"));
        assert!(matches!(error, ReadError::Io(_)), "{error:?}");
    }
}

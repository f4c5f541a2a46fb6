//! A container image read from an archive: its configuration, and the files that each layer adds,
//! replaces and hides.
//!
//! Nothing is unpacked: archives are read as streams, and only the name, size, owner and a hash of
//! each file are kept. This module does not judge the content. (OCI image specification, "Image
//! Layer Filesystem Changeset" and "Image Configuration"; docker-archive is what `docker save`
//! writes.)

mod archive;
mod config;
mod elf;
mod layer;
mod limits;
mod members;
mod owners;
mod packed;
mod rpm;
mod tree;

pub use archive::{Reader, stream};
pub use config::Config;
pub use elf::Elf;
pub use layer::{Entry, Kind, Layer};
pub use owners::{Owners, Package};
pub use tree::{Hidden, Tree};

use std::fmt;
use std::io;

/// An image.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// How containers start, and the instructions that created the image.
    pub config: Config,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

impl Image {
    /// The size of all layers, unpacked: the disk space that the image takes if it shares no
    /// layers.
    pub fn size(&self) -> u64 {
        self.layers.iter().map(Layer::size).sum()
    }
}

/// Why an image can't be read.
#[derive(Debug)]
pub enum ReadError {
    /// The stream failed, or is not an archive.
    Io(io::Error),
    /// Something in it violates the specification, or exceeds a limit.
    Malformed(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the archive can't be read: {error}"),
            Self::Malformed(what) => write!(f, "this is not a readable image: {what}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

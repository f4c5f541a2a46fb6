//! A container image, as an archive holds it: its configuration, and of each layer what it adds, replaces and hides.
//!
//! Nothing is unpacked: archives are read as streams, and of a file only its name, size, owner and a hash are kept. What is
//! good or bad about any of it is not asked here. (OCI image specification, "Image Layer Filesystem Changeset" and "Image
//! Configuration"; docker-archive is what `docker save` writes.)

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
    /// How containers of it are started, and the instructions that made it.
    pub config: Config,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

impl Image {
    /// The bytes of all layers, unpacked: what the image takes on a disk that shares nothing.
    pub fn size(&self) -> u64 {
        self.layers.iter().map(Layer::size).sum()
    }
}

/// Why an archive is no image that can be read.
#[derive(Debug)]
pub enum ReadError {
    /// The stream broke, or is no archive.
    Io(io::Error),
    /// Something in it is not as the specification says, or beyond all reason.
    Malformed(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the archive can't be read: {error}"),
            Self::Malformed(what) => write!(f, "this is no image that can be read: {what}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

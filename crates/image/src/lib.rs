//! Container images read from archives: the configuration, and the files that each layer adds,
//! replaces and hides.
//!
//! [`read`] reads what `docker save` writes and archives of OCI image layouts; a [`Reader`] takes
//! the parts one by one. Nothing is unpacked: archives are read as streams, and of each file only
//! the name, size, owner, mode and a hash are kept, and the content of package databases. All
//! readers of an archive share one budget of bytes, memory, files and time, so a hostile archive
//! ends with an error. (OCI image specification, "Image Layer Filesystem Changeset" and "Image
//! Configuration"; docker-archive is what `docker save` writes.)
//!
//! ```
//! use jettison_image::Tree;
//!
//! # fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
//! #     let mut archive = tar::Builder::new(Vec::new());
//! #     for (name, content) in files {
//! #         let mut header = tar::Header::new_ustar();
//! #         header.set_size(content.len() as u64);
//! #         archive.append_data(&mut header, name, *content).expect("memory");
//! #     }
//! #     archive.into_inner().expect("memory")
//! # }
//! // Two layers: the first adds a file, the second deletes it.
//! let saved = archive(&[
//!     ("1.tar", &archive(&[("etc/motd", b"Welcome"), ("etc/passwd", b"root")])),
//!     ("2.tar", &archive(&[("etc/.wh.motd", b"")])),
//!     ("config.json", br#"{ "config": { "Cmd": ["sh"] } }"#),
//!     ("manifest.json", br#"[{ "Config": "config.json", "Layers": ["1.tar", "2.tar"] }]"#),
//! ]);
//!
//! let image = jettison_image::read(&saved[..], || false)?;
//! assert_eq!(image.config.start.cmd.as_deref(), Some(&["sh".to_owned()][..]));
//! assert_eq!(image.size(), 11);
//!
//! let tree = Tree::of(&image);
//! assert_eq!(tree.places.keys().collect::<Vec<_>>(), [&"etc/passwd"]);
//! assert_eq!(tree.size(), 4);
//! let hidden = &tree.hidden[0];
//! assert_eq!((&*hidden.place.entry.path, hidden.place.layer, hidden.by), ("etc/motd", 0, 1));
//! # Ok::<(), jettison_image::ReadError>(())
//! ```

mod archive;
mod config;
mod elf;
mod error;
mod layer;
mod limits;
mod members;
mod owners;
mod packed;
mod rpm;
mod tree;

pub use archive::{Reader, read};
pub use config::{Config, Healthcheck, History, Start};
pub use elf::Elf;
pub use error::{Limit, Malformed, ReadError};
pub use layer::{Entry, Kind, Layer};
pub use owners::{Ecosystem, Owners, Package};
pub use tree::{Hidden, Place, Tree};

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

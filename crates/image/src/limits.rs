//! Limits beyond which an archive is treated as hostile: one budget for everything that belongs to
//! an image.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use crate::Limit;

/// The largest manifest or configuration, in bytes. Registries accept four million.
pub const MOST_JSON: u64 = 4 << 20;

/// The most bytes held in memory temporarily: a file that is read, and data that is kept until the
/// image is complete.
pub const MOST_IN_MEMORY: u64 = 256 << 20;

/// The most files and directories of one image.
pub const MOST_ENTRIES: usize = 2_000_000;

/// The largest unpacked size of an image in bytes.
pub const MOST_BYTES: u64 = 128 << 30;

/// The most memory for one image in bytes: names, manifests, package databases.
pub const MOST_HELD: u64 = 192 << 20;

/// The most layers of one image. Engines stop at 127 or soon after. (moby, `layer/layer_store.go`,
/// `maxLayerDepth`.)
pub const MOST_LAYERS: usize = 1000;

/// The longest path, in bytes. (Linux, PATH_MAX.)
pub const LONGEST_PATH: usize = 4096;

/// The longest extended header of an entry: a long name, or extended attributes.
pub const LONGEST_RECORD: u64 = 1 << 20;

/// The memory for an entry in addition to its names, and about the same again when layers are
/// combined.
const ENTRY: u64 = 160;

/// The remaining budget of an image, shared by all readers of its archive.
#[derive(Clone)]
pub struct Budget(Rc<Left>);

struct Left {
    bytes: Cell<u64>,
    held: Cell<u64>,
    entries: Cell<usize>,
    is_late: Box<dyn Fn() -> bool>,
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("bytes", &self.0.bytes)
            .field("held", &self.0.held)
            .field("entries", &self.0.entries)
            .finish_non_exhaustive()
    }
}

impl Budget {
    /// The full budget; reading ends when the time limit is exceeded.
    pub fn new(is_late: impl Fn() -> bool + 'static) -> Self {
        Self(Rc::new(Left {
            bytes: Cell::new(MOST_BYTES),
            held: Cell::new(MOST_HELD),
            entries: Cell::new(MOST_ENTRIES),
            is_late: Box::new(is_late),
        }))
    }

    /// Charges for bytes that are unpacked, or that a hole represents.
    pub fn unpack(&self, bytes: u64) -> io::Result<()> {
        if (self.0.is_late)() {
            return Err(Limit::Time.into());
        }
        self.0.bytes.set(self.0.bytes.get().checked_sub(bytes).ok_or(Limit::Bytes)?);
        Ok(())
    }

    /// Charges for bytes that are kept until the image is complete.
    pub fn hold(&self, bytes: u64) -> io::Result<()> {
        self.0.held.set(self.0.held.get().checked_sub(bytes).ok_or(Limit::Memory)?);
        Ok(())
    }

    /// Charges for a file or directory with names of this total length.
    pub fn entry(&self, names: usize) -> io::Result<()> {
        self.0.entries.set(self.0.entries.get().checked_sub(1).ok_or(Limit::Files)?);
        self.hold(ENTRY + names as u64)
    }

    /// Charges for the existing entries of a layer that is listed again.
    pub fn again(&self, entries: usize) -> io::Result<()> {
        self.hold(entries as u64 * ENTRY / 2)
    }

    /// The number of bytes that can be held temporarily.
    pub fn room(&self) -> u64 {
        MOST_IN_MEMORY - (MOST_HELD - self.0.held.get())
    }
}

/// Passes bytes through as long as the budget allows, and then fails.
pub struct Limited<R> {
    inner: R,
    budget: Budget,
}

impl<R: Read> Limited<R> {
    /// A reader that charges a budget.
    pub fn new(inner: R, budget: Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.unpack(count as u64)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_stop_at_the_limit() {
        let budget = Budget::new(|| false);
        budget.unpack(MOST_BYTES - 100_000).expect("it fits");
        // Endless, like the output of a decompression bomb.
        let mut limited = Limited::new(io::repeat(0), budget.clone());
        let error = io::copy(&mut limited, &mut io::sink()).expect_err("it stops");
        assert!(error.to_string().contains("bomb"), "{error}");
        let mut limited = Limited::new(&[1, 2, 3][..], Budget::new(|| false));
        assert_eq!(io::copy(&mut limited, &mut io::sink()).expect("it fits"), 3);
    }

    #[test]
    fn reading_ends_when_it_is_late() {
        let mut limited = Limited::new(io::repeat(0), Budget::new(|| true));
        let error = io::copy(&mut limited, &mut io::sink()).expect_err("it stops");
        assert!(error.to_string().contains("too long"), "{error}");
    }

    #[test]
    fn too_many_files_are_refused_when_the_limit_is_reached() {
        let budget = Budget::new(|| false);
        budget.0.entries.set(1);
        budget.entry(10).expect("it fits");
        let error = budget.entry(10).expect_err("one more than all");
        assert!(error.to_string().contains("files"), "{error}");
    }
}

//! How much of an archive is read before it is taken for a hostile one, and a reader that stops there.

use std::io::{self, Read};

/// The largest manifest or configuration, in bytes. Registries take four million.
pub const MOST_JSON: u64 = 8 << 20;

/// The largest file that is held whole while it is looked into, in bytes.
pub const MOST_IN_MEMORY: u64 = 256 << 20;

/// The most files and directories of one image.
pub const MOST_ENTRIES: usize = 2_000_000;

/// The most bytes that one image is unpacked to.
pub const MOST_BYTES: u64 = 128 << 30;

/// The longest path, in bytes. (Linux, PATH_MAX.)
pub const LONGEST_PATH: usize = 4096;

/// Passes bytes on up to a number of them, and then fails.
pub struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Limited<R> {
    /// A reader that fails behind this many bytes.
    pub fn new(inner: R, most: u64) -> Self {
        Self { inner, left: most }
    }

    /// How many bytes may still come.
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "it unpacks to more than any image has; it may be a bomb",
            )
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_stop_at_the_limit() {
        // Endless, as what unpacks from a bomb.
        let mut limited = Limited::new(io::repeat(0), 100_000);
        let error = io::copy(&mut limited, &mut io::sink()).expect_err("it stops");
        assert!(error.to_string().contains("bomb"), "{error}");
        let mut limited = Limited::new(&[1, 2, 3][..], 3);
        assert_eq!(io::copy(&mut limited, &mut io::sink()).expect("it fits"), 3);
    }
}

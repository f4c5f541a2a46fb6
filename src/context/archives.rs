//! Whether the start of a file is that of an archive, which ADD unpacks whatever its name is.
//! (containerd's `pkg/archive/compression`; moby's `pkg/archive`, `IsArchivePath`.)

/// How many bytes of a file decide.
pub const BYTES: usize = 512;

/// The first bytes of compressed files: gzip, bzip2, xz, Zstandard.
const COMPRESSED: &[&[u8]] =
    &[&[0x1f, 0x8b], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z', 0], &[0x28, 0xb5, 0x2f, 0xfd]];
/// The place of the checksum in the header of a tar entry, and of the word `ustar`.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const MAGIC: std::ops::Range<usize> = 257..262;

/// Whether a file that starts with these bytes may be an archive.
pub fn may_be_archive(start: &[u8]) -> bool {
    // Zstandard's skippable frames start with one of sixteen bytes.
    let is_skippable = start.len() >= 4 && start[0] & 0xf0 == 0x50 && start[1..4] == [0x2a, 0x4d, 0x18];
    COMPRESSED.iter().any(|magic| start.starts_with(magic)) || is_skippable || is_tar(start)
}

fn is_tar(start: &[u8]) -> bool {
    let Some(header) = start.get(..BYTES) else { return false };
    let digits: String = header[CHECKSUM].iter().map(|&byte| char::from(byte)).collect();
    let stated = i64::from_str_radix(digits.trim_matches([' ', '\0']), 8).ok();
    let blank = |(at, &byte): (usize, &u8)| if CHECKSUM.contains(&at) { b' ' } else { byte };
    let bytes = || header.iter().enumerate().map(blank);
    let unsigned: i64 = bytes().map(i64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    &header[MAGIC] == b"ustar" || stated.is_some_and(|stated| stated == unsigned || stated == signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_content() {
        assert!(may_be_archive(&[0x1f, 0x8b, 8, 0]));
        assert!(may_be_archive(&[0x51, 0x2a, 0x4d, 0x18, 0]));
        assert!(!may_be_archive(b"#!/bin/sh\n"));
        assert!(!may_be_archive(&[b'x'; BYTES]));
        assert!(!may_be_archive(&[0; BYTES]));
        // An entry of Unix V7, which has a checksum and no magic.
        let mut header = [0; BYTES];
        header[0] = b'a';
        header[CHECKSUM].copy_from_slice(b"000541\0 ");
        assert!(may_be_archive(&header));
        header[0] = b'b';
        assert!(!may_be_archive(&header));
    }
}

//! The blobs of RPM's own database format, `Packages.db`, on SUSE. (RPM 4.18,
//! `lib/backend/ndb/rpmpkg.c`: 32 bytes of header, then slots of 16 bytes, one for each package, on
//! a number of pages; then the blobs.)

use super::little;

const FILE: &[u8] = b"RpmP";
const SLOT: &[u8] = b"Slot";
const BLOB: &[u8] = b"BlbS";
/// The size of a slot, of a blob's header, and of the blocks that blobs are counted in.
const BLOCK: usize = 16;
const PAGE: usize = 4096;

/// The package headers.
pub fn headers(bytes: &[u8]) -> Box<dyn Iterator<Item = Vec<u8>> + '_> {
    let pages = little(bytes, 12).filter(|_| bytes.starts_with(FILE)).unwrap_or(0);
    let end = (pages as usize).saturating_mul(PAGE).min(bytes.len());
    let slots = bytes.get(2 * BLOCK..end).unwrap_or_default().chunks_exact(BLOCK);
    Box::new(slots.filter(|slot| slot.starts_with(SLOT)).filter_map(|slot| blob(bytes, slot)))
}

/// A slot: magic, number of the package, first block, number of blocks. A blob: magic, number,
/// generation, bytes.
fn blob(bytes: &[u8], slot: &[u8]) -> Option<Vec<u8>> {
    let number = little(slot, 4).filter(|number| *number != 0)?;
    let start = (little(slot, 8)? as usize).checked_mul(BLOCK)?;
    let head = bytes.get(start..)?;
    let is_its_own = head.starts_with(BLOB) && little(head, 4)? == number;
    let length = little(head, 12)? as usize;
    is_its_own.then(|| head.get(BLOCK..BLOCK.checked_add(length)?).map(<[u8]>::to_vec)).flatten()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A database with these blobs.
    pub fn database(blobs: &[Vec<u8>]) -> Vec<u8> {
        let words = |magic: &[u8], words: [u32; 3]| -> Vec<u8> {
            [magic, &words.map(u32::to_le_bytes).concat()].concat()
        };
        // Version 0, generation 1, one page of slots; the number of the next package.
        let mut head = words(FILE, [0, 1, 1]);
        head.extend(13_u32.to_le_bytes());
        head.resize(2 * BLOCK, 0);
        let mut body = Vec::new();
        for (number, blob) in (1..).zip(blobs) {
            let first = u32::try_from((PAGE + body.len()) / BLOCK).expect("it is small");
            let length = u32::try_from(blob.len()).expect("it is small");
            let blocks = (length + 16).div_ceil(16);
            head.extend(words(SLOT, [number, first, blocks]));
            body.extend(words(BLOB, [number, 1, length]));
            body.extend(blob);
            body.resize(body.len().next_multiple_of(BLOCK), 0);
        }
        head.resize(PAGE, 0);
        head.extend(body);
        head
    }
}

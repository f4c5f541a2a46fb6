//! The values of a Berkeley DB hash table, the format of RPM's `Packages` until 2020. No other kind
//! of table is supported, and only little-endian files, which nearly all machines that build images
//! write. (Berkeley DB 5.3, `dbinc/db_page.h`.)

use super::little;

/// The header of each page.
const HEADER: usize = 26;
/// Page types.
const UNSORTED_HASH: u8 = 2;
const HASH: u8 = 13;
/// Value types: on the page itself, and on a chain of other pages.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 3;

/// The package headers.
pub fn headers(bytes: &[u8]) -> Box<dyn Iterator<Item = Vec<u8>> + '_> {
    Box::new(File::open(bytes).into_iter().flat_map(File::values))
}

#[derive(Clone, Copy)]
struct File<'b> {
    bytes: &'b [u8],
    page: usize,
}

impl<'b> File<'b> {
    fn open(bytes: &'b [u8]) -> Option<Self> {
        const MAGIC: u32 = 0x0006_1561;
        (little(bytes, 12)? == MAGIC).then_some(())?;
        let page = little(bytes, 20)? as usize;
        (512..=65_536).contains(&page).then_some(Self { bytes, page })
    }

    /// The second, fourth … item of every hash page, in the order of the pages.
    fn values(self) -> impl Iterator<Item = Vec<u8>> {
        let pages = self.bytes.chunks_exact(self.page);
        let pages = pages.filter(|page| matches!(page[25], UNSORTED_HASH | HASH));
        let items = pages.flat_map(|page| (1..short(page, 20)).step_by(2).map(move |item| (page, item)));
        // The values of a valid table are not longer than the file; this ends a chain that is
        // referenced repeatedly.
        let mut left = self.bytes.len().saturating_mul(2);
        let values = items.map_while(move |(page, item)| {
            left = left.checked_sub(1)?;
            Some(self.value(page, item, &mut left))
        });
        values.flatten()
    }

    fn value(self, page: &[u8], item: usize, left: &mut usize) -> Option<Vec<u8>> {
        let at = (HEADER + item * 2 + 2 <= page.len()).then(|| short(page, HEADER + item * 2))?;
        match *page.get(at)? {
            // Items grow from the end of the page: one ends where the previous one starts.
            HERE => {
                let end = short(page, HEADER + (item - 1) * 2);
                page.get(at + 1..end).map(<[u8]>::to_vec)
            }
            ELSEWHERE => self.chain(little(page, at + 4)?, little(page, at + 8)? as usize, left),
            _ => None,
        }
    }

    /// A value on separate pages: each has its number of bytes and the next page.
    fn chain(self, mut number: u32, length: usize, left: &mut usize) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        while value.len() < length {
            let start = (number as usize).checked_mul(self.page)?;
            let page = self.bytes.get(start..start.checked_add(self.page)?)?;
            let count = short(page, 22).min(self.page - HEADER);
            value.extend_from_slice(&page[HEADER..HEADER + count]);
            *left = left.checked_sub(count)?;
            if count == 0 || value.len() > self.bytes.len() {
                return None;
            }
            number = little(page, 16)?;
        }
        Some(value)
    }
}

/// A number of two bytes in a page's header or index, for which every page has room.
fn short(page: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([page[at], page[at + 1]]))
}

//! The blobs of the table `Packages` of an SQLite file. No other feature of SQLite is supported:
//! write-ahead logs and indexes are ignored. (SQLite's manual, "Database File Format".)

use std::collections::HashSet;

/// The package headers.
pub fn headers(bytes: &[u8]) -> Box<dyn Iterator<Item = Vec<u8>> + '_> {
    let packages = File::open(bytes).and_then(File::packages);
    Box::new(packages.into_iter().flatten())
}

#[derive(Clone, Copy)]
struct File<'b> {
    bytes: &'b [u8],
    page: usize,
    /// The usable content of a page: without the bytes that are reserved at its end.
    usable: usize,
}

/// A row.
struct Record<'p> {
    payload: &'p [u8],
}

impl<'b> File<'b> {
    fn open(bytes: &'b [u8]) -> Option<Self> {
        bytes.starts_with(b"SQLite format 3\0").then_some(())?;
        let page = match big(bytes, 16, 2)? {
            1 => 65_536,
            size => size,
        };
        let usable = page.checked_sub(big(bytes, 20, 1)?).filter(|usable| *usable >= 480)?;
        Some(Self { bytes, page, usable })
    }

    /// The schema is the table that starts at the first page: type, name, table, first page, text.
    fn packages(self) -> Option<impl Iterator<Item = Vec<u8>>> {
        let root = self.rows(1).find_map(|payload| {
            let record = Record { payload: &payload };
            let is_table = record.column(0)? == b"table" && record.column(1)? == b"Packages";
            is_table.then(|| record.column(3)).flatten().and_then(|root| big(root, 0, root.len()))
        })?;
        Some(self.rows(root).filter_map(|payload| Record { payload: &payload }.column(1).map(<[u8]>::to_vec)))
    }

    /// The records of the table that starts at a page.
    fn rows(self, root: usize) -> impl Iterator<Item = Vec<u8>> {
        // The records of a valid table are not longer than the file; this ends a record that is
        // referenced repeatedly.
        let mut left = self.bytes.len().saturating_mul(2);
        let leaves = self.leaves(root).into_iter().filter_map(move |page| self.cells(page));
        let places = leaves.flat_map(|(content, cells, _)| cells.into_iter().map(move |at| (content, at)));
        let payloads = places.map_while(move |(content, at)| {
            left = left.checked_sub(1)?;
            Some(self.payload(content, at, &mut left))
        });
        payloads.flatten()
    }

    /// The pages that contain records. A page with an invalid reference has none.
    fn leaves(self, root: usize) -> Vec<usize> {
        let mut leaves = Vec::new();
        let mut waiting = vec![root];
        let mut seen = HashSet::from([root]);
        while let Some(page) = waiting.pop() {
            let Some((content, cells, last)) = self.cells(page) else { continue };
            let Some(last) = last else {
                leaves.push(page);
                continue;
            };
            let below = cells.iter().filter_map(|at| big(content, *at, 4)).chain([last]);
            let is_there = |page: &usize| *page <= self.bytes.len() / self.page;
            waiting.extend(below.filter(is_there).filter(|page| seen.insert(*page)));
        }
        leaves
    }

    /// A page's content, the start of its cells, and, on an inner page, the last child page.
    fn cells(self, page: usize) -> Option<(&'b [u8], Vec<usize>, Option<usize>)> {
        let content = self.content(page)?;
        let header = if page == 1 { 100 } else { 0 };
        let count = big(content, header + 3, 2)?;
        let (last, first) = match content.get(header)? {
            5 => (Some(big(content, header + 8, 4)?), header + 12),
            13 => (None, header + 8),
            _ => return None,
        };
        let cells = (0..count).map_while(|cell| big(content, first + cell * 2, 2)).collect();
        Some((content, cells, last))
    }

    /// A cell of a leaf: the length of the record, the row number, and the part of the record that
    /// fits; the rest is a chain.
    fn payload(self, content: &[u8], at: usize, left: &mut usize) -> Option<Vec<u8>> {
        let (length, at) = varint(content, at)?;
        let (_, at) = varint(content, at)?;
        let most = self.usable - 35;
        let here = if length <= most {
            length
        } else {
            let least = (self.usable - 12) * 32 / 255 - 23;
            let fitting = least + (length - least) % (self.usable - 4);
            if fitting <= most { fitting } else { least }
        };
        let mut payload = content.get(at..at.checked_add(here)?)?.to_vec();
        let mut next = if here < length { big(content, at + here, 4)? } else { 0 };
        while payload.len() < length {
            // Every page adds bytes, so the length ends a cycle of pages.
            let page = self.content(next)?;
            let count = (length - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(page.get(4..4 + count)?);
            *left = left.checked_sub(count)?;
            if payload.len() > self.bytes.len() {
                return None;
            }
            next = big(page, 0, 4)?;
        }
        Some(payload)
    }

    fn content(self, page: usize) -> Option<&'b [u8]> {
        let start = page.checked_sub(1)?.checked_mul(self.page)?;
        self.bytes.get(start..start.checked_add(self.page)?)
    }
}

impl Record<'_> {
    /// The bytes of a column. The record starts with the length of its header and the type of each
    /// column.
    fn column(&self, wanted: usize) -> Option<&[u8]> {
        let (header, mut at) = varint(self.payload, 0)?;
        let mut start = header;
        for column in 0.. {
            if at >= header {
                return None;
            }
            let (kind, behind) = varint(self.payload, at)?;
            let length = match kind {
                0 | 8 | 9 => 0,
                1..=4 => kind,
                5 => 6,
                6 | 7 => 8,
                kind => kind.checked_sub(12)? / 2,
            };
            if column == wanted {
                return self.payload.get(start..start.checked_add(length)?);
            }
            start = start.checked_add(length)?;
            at = behind;
        }
        None
    }
}

/// A big-endian number of a few bytes.
fn big(bytes: &[u8], at: usize, count: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(count)?).filter(|bytes| bytes.len() <= size_of::<usize>())?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// A variable-length number of SQLite, seven bits per byte, and its end. No length here needs all
/// nine bytes.
fn varint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut sum: usize = 0;
    for _ in 0..8 {
        let byte = *bytes.get(at)?;
        at += 1;
        sum = sum << 7 | usize::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((sum, at));
        }
    }
    None
}

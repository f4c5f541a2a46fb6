//! The loader and the libraries that an executable or a shared library needs. Symbols and code are
//! not read. (System V ABI, "Dynamic Section"; man 8 ld.so.)

/// The requirements of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elf {
    /// The loader that starts it; `None` for libraries and static programs.
    pub interpreter: Option<String>,
    /// The libraries that it loads.
    pub needed: Vec<String>,
    /// 32 or 64.
    pub bits: u8,
    /// The number of its processor architecture.
    pub machine: u16,
}

/// The maximum number of entries in the dynamic section, and of libraries: many times what linkers
/// write.
const MOST_PAIRS: usize = 10_000;
const MOST_NEEDED: usize = 1_000;

/// The magic bytes of ELF.
const MAGIC: &[u8; 4] = b"\x7fELF";

/// Whether a file starts with the magic bytes.
pub(crate) fn is_elf(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// A number in the file's byte order and word size.
struct File<'b> {
    bytes: &'b [u8],
    is_little: bool,
    is_64: bool,
}

impl Elf {
    /// The length of its names in bytes.
    pub(crate) fn held(&self) -> u64 {
        let names = self.needed.iter().chain(&self.interpreter);
        names.map(|name| name.len() as u64 + 24).sum()
    }
}

impl File<'_> {
    fn number(&self, at: usize, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let digits = bytes.iter().copied();
        let fold = |value: u64, byte: u8| value << 8 | u64::from(byte);
        Some(if self.is_little { digits.rev().fold(0, fold) } else { digits.fold(0, fold) })
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.number(at, if self.is_64 { 8 } else { 4 })
    }

    fn text(&self, at: usize) -> Option<String> {
        let rest = self.bytes.get(at..)?;
        let end = rest.iter().take(4096).position(|byte| *byte == 0)?;
        String::from_utf8(rest[..end].to_vec()).ok()
    }
}

/// Reads the requirements; `None` if the file is malformed.
pub(crate) fn read(bytes: &[u8]) -> Option<Elf> {
    if !is_elf(bytes) {
        return None;
    }
    let (class, order) = (*bytes.get(4)?, *bytes.get(5)?);
    let file = File { bytes, is_little: order == 1, is_64: class == 2 };
    let at = |offset: u64| usize::try_from(offset).ok();
    let table = at(file.word(if file.is_64 { 32 } else { 28 })?)?;
    let entry = at(file.number(if file.is_64 { 54 } else { 42 }, 2)?)?;
    let count = at(file.number(if file.is_64 { 56 } else { 44 }, 2)?)?;
    let machine = u16::try_from(file.number(18, 2)?).ok()?;
    let mut elf = Elf { bits: if file.is_64 { 64 } else { 32 }, machine, ..Elf::default() };
    // Each program header as (type, offset in the file, address, length in the file).
    let headers = (0..count).filter_map(|index| {
        let start = table.checked_add(index.checked_mul(entry)?)?;
        let (offset, address, length) = if file.is_64 { (8, 16, 32) } else { (4, 8, 16) };
        Some((
            file.number(start, 4)?,
            at(file.word(start + offset)?)?,
            file.word(start + address)?,
            file.word(start + length)?,
        ))
    });
    let headers: Vec<(u64, usize, u64, u64)> = headers.collect();
    // An address is in a loaded segment.
    let place = |address: u64| {
        let loaded = headers.iter().filter(|(kind, ..)| *kind == 1);
        let mut around =
            loaded.filter(|(_, _, start, length)| (*start..start.saturating_add(*length)).contains(&address));
        around.next().and_then(|(_, offset, start, _)| offset.checked_add(at(address - start)?))
    };
    if let Some((_, offset, ..)) = headers.iter().find(|(kind, ..)| *kind == 3) {
        elf.interpreter = file.text(*offset);
    }
    let Some((_, dynamic, _, length)) = headers.iter().find(|(kind, ..)| *kind == 2) else {
        return Some(elf);
    };
    let width = if file.is_64 { 8 } else { 4 };
    let pairs = (0..(at(*length)? / (2 * width)).min(MOST_PAIRS)).map_while(|index| {
        let start = dynamic.checked_add(index * 2 * width)?;
        Some((file.word(start)?, file.word(start + width)?)).filter(|(tag, _)| *tag != 0)
    });
    let pairs: Vec<(u64, u64)> = pairs.collect();
    // DT_STRTAB.
    let strings = pairs.iter().find(|(tag, _)| *tag == 5).and_then(|(_, address)| place(*address))?;
    // DT_NEEDED.
    for (_, value) in pairs.iter().filter(|(tag, _)| *tag == 1).take(MOST_NEEDED) {
        elf.needed.extend(at(*value).and_then(|value| file.text(strings.checked_add(value)?)));
    }
    Some(elf)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The positions of the parts of `program`.
    const HEADERS: usize = 64;
    const HEADER: u16 = 56;
    const INTERPRETER: usize = 300;
    const DYNAMIC: usize = 400;
    const STRINGS: usize = 500;
    /// Addresses are offsets in the file plus this.
    const BASE: u64 = 0x40_0000;

    /// A program for x86-64 with a loader and two libraries, in the layout of a linker; without
    /// code.
    fn program() -> Vec<u8> {
        let mut bytes = vec![0; 600];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, b"\x7fELF\x02\x01\x01");
        put(16, &2_u16.to_le_bytes());
        put(18, &62_u16.to_le_bytes());
        put(32, &(HEADERS as u64).to_le_bytes());
        put(54, &HEADER.to_le_bytes());
        put(56, &3_u16.to_le_bytes());
        // PT_LOAD, PT_DYNAMIC and PT_INTERP: type, offset, address, length.
        let headers = [(1_u32, 0, 600_u64), (2, DYNAMIC, 64), (3, INTERPRETER, 28)];
        for (index, (kind, offset, length)) in headers.into_iter().enumerate() {
            let at = HEADERS + index * usize::from(HEADER);
            put(at, &kind.to_le_bytes());
            put(at + 8, &(offset as u64).to_le_bytes());
            put(at + 16, &(BASE + offset as u64).to_le_bytes());
            put(at + 32, &length.to_le_bytes());
        }
        put(INTERPRETER, b"/lib64/ld-linux-x86-64.so.2\0");
        // Twice DT_NEEDED, DT_STRTAB, DT_NULL.
        let pairs = [(1, 1), (1, 12), (5, BASE + STRINGS as u64), (0, 0)];
        for (index, (tag, value)) in pairs.into_iter().enumerate() {
            put(DYNAMIC + index * 16, &u64::to_le_bytes(tag));
            put(DYNAMIC + index * 16 + 8, &u64::to_le_bytes(value));
        }
        put(STRINGS, b"\0libz.so.1\0\0libc.so.6\0");
        bytes
    }

    #[test]
    fn a_program_names_its_loader_and_its_libraries() {
        let expected = Elf {
            interpreter: Some("/lib64/ld-linux-x86-64.so.2".into()),
            needed: vec!["libz.so.1".into(), "libc.so.6".into()],
            bits: 64,
            machine: 62,
        };
        assert_eq!(read(&program()), Some(expected));
    }

    /// The output of this system's linker, if it is ELF.
    #[test]
    #[cfg(target_os = "linux")]
    fn this_very_program_is_read() {
        let bytes = std::fs::read(std::env::current_exe().expect("a path")).expect("readable");
        let elf = read(&bytes).expect("it is one");
        assert_eq!(usize::from(elf.bits), usize::BITS as usize);
        assert!(
            cfg!(target_env = "musl") || elf.needed.iter().any(|name| name.starts_with("libc")),
            "{elf:?}"
        );
    }

    #[test]
    fn a_file_that_ends_early_is_no_program_or_names_less() {
        let whole = read(&program()).expect("it is one");
        for length in 0..program().len() {
            let Some(part) = read(&program()[..length]) else { continue };
            assert!(length > 57, "{length} bytes have no header: {part:?}");
            assert!(whole.needed.starts_with(&part.needed), "{length}: {part:?}");
        }
        assert_eq!(read(b"#!/bin/sh\n"), None);
    }

    /// Offsets, lengths and counts out of bounds: the result is empty, without a panic.
    #[test]
    fn numbers_out_of_bounds_lead_nowhere() {
        let broken = |at: usize, length: usize| {
            let mut bytes = program();
            bytes[at..at + length].fill(0xff);
            read(&bytes)
        };
        let nothing = Elf { bits: 64, machine: 62, ..Elf::default() };
        assert_eq!(broken(32, 8), Some(nothing), "the program headers are nowhere");
        assert_eq!(broken(DYNAMIC + 40, 8), None, "the names are nowhere");
        let libraries = |elf: Option<Elf>| elf.map(|elf| elf.needed);
        assert_eq!(libraries(broken(DYNAMIC + 8, 8)), Some(vec!["libc.so.6".to_owned()]));
        let both = Some(vec!["libz.so.1".to_owned(), "libc.so.6".to_owned()]);
        assert_eq!(libraries(broken(56, 2)), both, "65535 program headers");
        assert_eq!(
            libraries(broken(HEADERS + usize::from(HEADER) + 32, 8)),
            both,
            "an endless dynamic section"
        );
    }
}

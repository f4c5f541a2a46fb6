//! The loader and the libraries that an executable or a shared library needs. Symbols and code are
//! not read. (System V ABI, "Dynamic Section"; man 8 ld.so.)

use object::elf::{
    DT_NEEDED, DT_NULL, DT_STRTAB, ELFMAG, FileHeader32, FileHeader64, PT_DYNAMIC, PT_INTERP, PT_LOAD,
};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::{Endianness, FileKind};

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
const MOST_ENTRIES: usize = 10_000;
const MOST_NEEDED: usize = 1_000;

/// The longest name in bytes.
const LONGEST_NAME: usize = 4096;

/// Whether a file starts with the magic bytes.
pub(crate) fn is_elf(head: &[u8]) -> bool {
    head.starts_with(&ELFMAG)
}

impl Elf {
    /// Reads the requirements of a program or library; `None` if it is none, or malformed.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        read(bytes)
    }

    /// The length of its names in bytes.
    pub(crate) fn held(&self) -> u64 {
        let names = self.needed.iter().chain(&self.interpreter);
        names.map(|name| name.len() as u64 + 24).sum()
    }
}

/// Reads the requirements; `None` if the file is malformed.
pub(crate) fn read(bytes: &[u8]) -> Option<Elf> {
    match FileKind::parse(bytes).ok()? {
        FileKind::Elf32 => requirements::<FileHeader32<Endianness>>(bytes, 32),
        FileKind::Elf64 => requirements::<FileHeader64<Endianness>>(bytes, 64),
        _ => None,
    }
}

fn requirements<H: FileHeader>(bytes: &[u8], bits: u8) -> Option<Elf> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let mut elf = Elf { bits, machine: header.e_machine(endian), ..Elf::default() };
    let Ok(segments) = header.program_headers(endian, bytes) else { return Some(elf) };
    let of_type = |kind: u32| segments.iter().filter(move |segment| segment.p_type(endian) == kind);
    elf.interpreter =
        of_type(PT_INTERP).next().and_then(|segment| name(bytes, segment.p_offset(endian).into()));
    let Some(dynamic) = of_type(PT_DYNAMIC).next() else { return Some(elf) };
    let entries = dynamic.dynamic(endian, bytes).ok()??;
    let entries = || {
        let used = entries.iter().take(MOST_ENTRIES).map(|entry| (entry.tag(endian), entry.val(endian)));
        used.take_while(|(tag, _)| *tag != DT_NULL)
    };
    // An address is in a loaded segment.
    let offset_of = |address: u64| {
        of_type(PT_LOAD).find_map(|segment| {
            let (offset, size) = segment.file_range(endian);
            let within = address.checked_sub(segment.p_vaddr(endian).into())?;
            if within < size { offset.checked_add(within) } else { None }
        })
    };
    let strings = entries().find(|(tag, _)| *tag == DT_STRTAB).and_then(|(_, address)| offset_of(address))?;
    let needed = entries().filter(|(tag, _)| *tag == DT_NEEDED).take(MOST_NEEDED);
    elf.needed = needed.filter_map(|(_, at)| name(bytes, strings.checked_add(at)?)).collect();
    Some(elf)
}

/// The name at an offset.
fn name(bytes: &[u8], at: u64) -> Option<String> {
    let rest = bytes.get(usize::try_from(at).ok()?..)?;
    let end = rest.iter().take(LONGEST_NAME).position(|byte| *byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
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
        assert_eq!(broken(32, 8), Some(nothing.clone()), "the program headers are nowhere");
        assert_eq!(broken(DYNAMIC + 40, 8), None, "the names are nowhere");
        let libraries = |elf: Option<Elf>| elf.map(|elf| elf.needed);
        assert_eq!(libraries(broken(DYNAMIC + 8, 8)), Some(vec!["libc.so.6".to_owned()]));
        assert_eq!(broken(56, 2), Some(nothing), "the number of program headers is nowhere");
        assert_eq!(broken(HEADERS + usize::from(HEADER) + 32, 8), None, "an endless dynamic section");
    }
}

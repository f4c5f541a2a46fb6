//! What an executable or a shared library asks the loader for. Only that: no symbols, no code.
//! (System V ABI, "Dynamic Section"; man 8 ld.so.)

/// The demands of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elf {
    /// The loader that starts it; none for libraries and static programs.
    pub interpreter: Option<String>,
    /// The libraries that it names.
    pub needed: Vec<String>,
    /// 32 or 64.
    pub bits: u8,
    /// The number of its processor family.
    pub machine: u16,
}

/// The most entries of the dynamic section that are read, and the most libraries: many times what linkers write.
const MOST_PAIRS: usize = 10_000;
const MOST_NEEDED: usize = 1_000;

/// The bytes that such a file starts with.
const MAGIC: &[u8; 4] = b"\x7fELF";

/// Whether a file starts like one.
pub(super) fn is_elf(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// A number of the file's own byte order and width.
struct File<'b> {
    bytes: &'b [u8],
    is_little: bool,
    is_64: bool,
}

impl Elf {
    /// The bytes of its names.
    pub(super) fn held(&self) -> u64 {
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

/// Reads the demands; none where the file is not what it seems.
pub(super) fn read(bytes: &[u8]) -> Option<Elf> {
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
    // An address lies in a loaded segment.
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

    #[test]
    fn a_program_of_this_system_names_its_libraries() {
        let bytes = std::fs::read("/bin/sh").expect("a shell");
        let elf = read(&bytes).expect("it is one");
        assert!(elf.interpreter.is_some_and(|loader| loader.contains("ld")));
        assert!(elf.needed.iter().any(|name| name.starts_with("libc")), "{:?}", elf.needed);
    }

    #[test]
    fn broken_files_are_no_harm() {
        let bytes = std::fs::read("/bin/sh").expect("a shell");
        for length in [0, 4, 16, 63, 64, 200, 1000] {
            let _ = read(&bytes[..length]);
        }
        let mut broken = bytes;
        broken[24..64].fill(0xff);
        assert_eq!(read(&broken).map(|elf| elf.needed.len()), None.or(Some(0)));
    }
}

//! What the kernel itself opens when it executes a file: the interpreter that a script names, and
//! the dynamic loader that an ELF file names.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// As much of the first line of a script as the kernel reads.
const FIRST_LINE: usize = 256;

/// What the kernel opens to execute a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interpreter {
    /// Named in the first line of a script; runs in place of it, and may be a script.
    OfScript(Vec<u8>),
    /// The dynamic loader of a program.
    Loader(Vec<u8>),
}

/// The interpreter or loader of the file at this path, if it has one.
pub fn of(path: &[u8]) -> Option<Interpreter> {
    // Not blocking, since the path may be a pipe by now.
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(Path::new(OsStr::from_bytes(path)))
        .ok()?;
    let mut start = Vec::with_capacity(FIRST_LINE);
    (&file).take(FIRST_LINE as u64).read_to_end(&mut start).ok()?;
    if start.starts_with(b"#!") {
        script(&start).map(Interpreter::OfScript)
    } else {
        elf(&file, &start).map(Interpreter::Loader)
    }
}

/// The interpreter in the first line of a script.
fn script(start: &[u8]) -> Option<Vec<u8>> {
    let line = start[2..].split(|byte| *byte == b'\n').next()?;
    let is_blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let from = line.iter().position(|byte| !is_blank(byte))?;
    let name = line[from..].split(is_blank).next()?;
    Some(name.to_vec())
}

/// The segment PT_INTERP of a little-endian ELF file.
fn elf(file: &File, start: &[u8]) -> Option<Vec<u8>> {
    const LITTLE_ENDIAN: u8 = 1;
    const INTERPRETER: u32 = 3;
    if !start.starts_with(b"\x7fELF") || start.get(5) != Some(&LITTLE_ENDIAN) {
        return None;
    }
    let is_64_bit = start.get(4) == Some(&2);
    let word = |bytes: &[u8], at: usize, length: usize| -> Option<u64> {
        let bytes = bytes.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let (table, size, count) = if is_64_bit {
        (word(start, 32, 8)?, word(start, 54, 2)?, word(start, 56, 2)?)
    } else {
        (word(start, 28, 4)?, word(start, 42, 2)?, word(start, 44, 2)?)
    };
    for index in 0..count {
        let mut header = [0; 56];
        let length = usize::try_from(size).ok()?.min(header.len());
        file.read_exact_at(&mut header[..length], table.checked_add(index * size)?).ok()?;
        if word(&header, 0, 4)? != u64::from(INTERPRETER) {
            continue;
        }
        let (offset, length) = if is_64_bit {
            (word(&header, 8, 8)?, word(&header, 32, 8)?)
        } else {
            (word(&header, 4, 4)?, word(&header, 16, 4)?)
        };
        let mut name = vec![0; usize::try_from(length).ok()?.min(4096)];
        file.read_exact_at(&mut name, offset).ok()?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        name.truncate(end);
        return Some(name);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Interpreter, of, script};

    #[test]
    fn scripts_name_their_interpreter() {
        assert_eq!(script(b"#!/bin/sh\necho").as_deref(), Some(&b"/bin/sh"[..]));
        assert_eq!(script(b"#! \t/usr/bin/env -S python3\n").as_deref(), Some(&b"/usr/bin/env"[..]));
        assert_eq!(script(b"#!  \n"), None);
    }

    #[test]
    fn a_dynamic_program_names_its_loader() {
        let own = std::env::current_exe().expect("it is known");
        let loader = of(own.as_os_str().as_encoded_bytes());
        if cfg!(target_feature = "crt-static") {
            assert_eq!(loader, None);
        } else {
            let Some(Interpreter::Loader(loader)) = loader else { panic!("a dynamic program has a loader") };
            assert!(String::from_utf8_lossy(&loader).contains("/ld"), "{}", String::from_utf8_lossy(&loader));
        }
    }

    #[test]
    fn other_files_have_none() {
        assert_eq!(of(b"/etc/passwd"), None);
        assert_eq!(of(b"/nowhere"), None);
        assert_eq!(of(b"/"), None);
    }
}

//! Reads strings from the memory of tracees.

use std::io;

use super::kernel::{Request, Tid, ptrace, read_memory};

/// The longest path that Linux accepts, with its NUL.
const LONGEST_PATH: usize = 4096;
const PAGE: u64 = 4096;

/// Why memory can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The address is wrong, so the call will fail, too.
    Fault,
    /// The kernel does not permit it.
    Denied,
}

/// The string at an address, without its NUL. `Fault` if it is longer than a path may be.
pub fn string(tid: Tid, address: u64) -> Result<Vec<u8>, Unreadable> {
    let mut text = Vec::with_capacity(128);
    let mut buffer = [0; 256];
    while text.len() < LONGEST_PATH {
        let from = address.wrapping_add(text.len() as u64);
        // Not beyond the page, since the next one may not be there.
        let in_page = usize::try_from(PAGE - from % PAGE).unwrap_or(1);
        let length = in_page.min(buffer.len());
        let count = some(tid, from, &mut buffer[..length])?;
        if let Some(end) = buffer[..count].iter().position(|byte| *byte == 0) {
            text.extend_from_slice(&buffer[..end]);
            return Ok(text);
        }
        text.extend_from_slice(&buffer[..count]);
    }
    Err(Unreadable::Fault)
}

/// Exactly as many bytes as the buffer has.
pub fn bytes(tid: Tid, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
    let mut done = 0;
    while done < into.len() {
        let from = address.wrapping_add(done as u64);
        done += some(tid, from, &mut into[done..])?;
    }
    Ok(())
}

/// At least one byte, with one call if the kernel permits it. A root user without CAP_SYS_PTRACE may
/// not use that call for a process of another user, but may read word by word as its tracer.
fn some(tid: Tid, address: u64, into: &mut [u8]) -> Result<usize, Unreadable> {
    if address == 0 {
        return Err(Unreadable::Fault);
    }
    match read_memory(tid, address, into) {
        Ok(0) => Err(Unreadable::Fault),
        Ok(count) => Ok(count),
        Err(error) if error.raw_os_error() == Some(libc::EFAULT) => Err(Unreadable::Fault),
        Err(_) => word(tid, address, into),
    }
}

fn word(tid: Tid, address: u64, into: &mut [u8]) -> Result<usize, Unreadable> {
    let mut word = [0; 8];
    let start = address % 8;
    ptrace(tid, Request::Peek(address - start, &mut word)).map_err(|_: io::Error| Unreadable::Denied)?;
    let word = &word[usize::try_from(start).unwrap_or(0)..];
    let count = word.len().min(into.len());
    into[..count].copy_from_slice(&word[..count]);
    Ok(count)
}

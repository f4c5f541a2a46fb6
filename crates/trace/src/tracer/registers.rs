//! The registers of a tracee, as far as a call that the tracer adds needs them.

use std::io;

use super::kernel::{Request, Tid, ptrace};

/// The general registers, in the kernel's order.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Registers([u64; COUNT]);

#[cfg(target_arch = "x86_64")]
const COUNT: usize = 27;
#[cfg(target_arch = "aarch64")]
const COUNT: usize = 34;

impl Registers {
    /// The registers of a tracee. Fails for a 32-bit process.
    pub fn of(tid: Tid) -> io::Result<Self> {
        let mut registers = Self([0; COUNT]);
        ptrace(tid, Request::Registers(&mut registers))?;
        Ok(registers)
    }

    /// Replaces the call that the tracee is about to make.
    #[cfg(target_arch = "x86_64")]
    pub fn replace_call(&self, tid: Tid, number: i64, first: u64, second: u64) -> io::Result<()> {
        let mut changed = *self;
        changed.0[x86_64::NUMBER] = number.cast_unsigned();
        changed.0[x86_64::FIRST] = first;
        changed.0[x86_64::SECOND] = second;
        ptrace(tid, Request::SetRegisters(&changed))
    }

    /// Lets the tracee make the original call again, after the one that replaced it.
    #[cfg(target_arch = "x86_64")]
    pub fn repeat_call(&self, tid: Tid) -> io::Result<()> {
        // The length of the instruction `syscall`.
        const LENGTH: u64 = 2;
        let mut changed = *self;
        changed.0[x86_64::RESULT] = self.0[x86_64::NUMBER];
        changed.0[x86_64::INSTRUCTION] = self.0[x86_64::INSTRUCTION].wrapping_sub(LENGTH);
        // The tracee is not in a call that could be restarted.
        changed.0[x86_64::NUMBER] = u64::MAX;
        ptrace(tid, Request::SetRegisters(&changed))
    }

    /// Replaces the call that the tracee is about to make.
    #[cfg(target_arch = "aarch64")]
    pub fn replace_call(&self, tid: Tid, number: i64, first: u64, second: u64) -> io::Result<()> {
        let mut changed = *self;
        changed.0[0] = first;
        changed.0[1] = second;
        ptrace(tid, Request::SetRegisters(&changed))?;
        ptrace(tid, Request::SetSyscall(i32::try_from(number).unwrap_or(-1)))
    }

    /// Lets the tracee make the original call again, after the one that replaced it. The number of
    /// the call is still in register 8.
    #[cfg(target_arch = "aarch64")]
    pub fn repeat_call(&self, tid: Tid) -> io::Result<()> {
        const INSTRUCTION: usize = 32;
        // The length of the instruction `svc`.
        const LENGTH: u64 = 4;
        let mut changed = *self;
        changed.0[INSTRUCTION] = self.0[INSTRUCTION].wrapping_sub(LENGTH);
        ptrace(tid, Request::SetRegisters(&changed))
    }
}

/// Positions of registers.
#[cfg(target_arch = "x86_64")]
mod x86_64 {
    pub const RESULT: usize = 10;
    pub const SECOND: usize = 13;
    pub const FIRST: usize = 14;
    pub const NUMBER: usize = 15;
    pub const INSTRUCTION: usize = 16;
}

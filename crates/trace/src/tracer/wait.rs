//! What a tracee reports.

use std::io;

use rustix::process::{Pid, WaitOptions, WaitStatus, wait, waitpid};

use super::kernel::Tid;

/// A change of a tracee or child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It exited with a status.
    Exit(i32),
    /// A signal killed it.
    Killed(i32),
    /// It is about to get a signal.
    Signal(i32),
    /// It stopped at the entry to or exit from a system call.
    Syscall,
    /// The filter stopped it before a system call.
    Filter,
    /// It executed a program.
    Execute,
    /// It started a process (or a thread, if `false`), which is traced, too.
    Fork(bool),
    /// The whole process stopped because of a signal.
    GroupStop,
    /// It stopped for the tracer only: since it is new, or may go on after a group-stop.
    Stop,
    /// Something of no interest; it is stopped.
    Other,
    /// Something of no interest; it is not stopped.
    Nothing,
}

/// Also threads, and children that report no signal.
const ALL: u32 = 0x4000_0000;

fn options() -> WaitOptions {
    WaitOptions::from_bits_retain(ALL)
}

/// Waits for any tracee or child. Fails with ECHILD if there is none, with EINTR at a signal.
pub fn wait_for_any() -> io::Result<(Tid, Event)> {
    match wait(options())? {
        Some((pid, status)) => Ok((pid.as_raw_nonzero().get(), event(status))),
        None => Err(io::ErrorKind::Interrupted.into()),
    }
}

/// Waits for one child.
pub fn wait_for(pid: Tid) -> io::Result<Event> {
    loop {
        match waitpid(Pid::from_raw(pid), options()) {
            Ok(Some((_, status))) => return Ok(event(status)),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn event(status: WaitStatus) -> Event {
    const STOPPED: i32 = 0x7f;
    const SYSCALL: i32 = libc::SIGTRAP | 0x80;
    const PTRACE_EVENT_STOP: i32 = 128;
    let status = status.as_raw();
    match status & 0x7f {
        0 => return Event::Exit(status >> 8 & 0xff),
        STOPPED if status & 0xff == STOPPED => {}
        // SIGCONT, which is not asked for.
        STOPPED => return Event::Nothing,
        signal => return Event::Killed(signal),
    }
    let signal = status >> 8 & 0xff;
    match status >> 16 {
        0 if signal == SYSCALL => Event::Syscall,
        0 => Event::Signal(signal),
        libc::PTRACE_EVENT_SECCOMP => Event::Filter,
        libc::PTRACE_EVENT_EXEC => Event::Execute,
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK => Event::Fork(true),
        libc::PTRACE_EVENT_CLONE => Event::Fork(false),
        PTRACE_EVENT_STOP
            if [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&signal) =>
        {
            Event::GroupStop
        }
        PTRACE_EVENT_STOP => Event::Stop,
        _ => Event::Other,
    }
}

//! The calls into the kernel that have no safe interface elsewhere. All unsafe code is here.
//!
//! The crates that wrap ptrace and wait represent signals as an enum without the real-time signals;
//! a tracer that can't pass these breaks programs with threads. So the few calls that are needed
//! are made here, each with arguments whose types rule out a wrong address.
#![expect(unsafe_code, reason = "ptrace, seccomp, fork, exec and signal handlers have no safe interface")]

use std::ffi::{CStr, CString};
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::filter::Instruction;
use super::registers::Registers;

/// A thread, by the number of the kernel.
pub type Tid = i32;

/// A ptrace request.
pub enum Request<'a> {
    /// Attaches to a process with these options.
    Seize(i32),
    /// Stops a tracee.
    Interrupt,
    /// Resumes with a signal or 0.
    Continue(i32),
    /// Resumes until the next entry into or exit from a system call.
    Syscall(i32),
    /// Lets a stopped process stay stopped until SIGCONT.
    Listen,
    /// Resumes and stops tracing.
    Detach,
    /// The number that belongs to an event, such as the ID of a new process.
    EventMessage(&'a mut u64),
    /// What the system call is at which a tracee stopped.
    SyscallInfo(&'a mut SyscallInfo),
    /// Eight bytes of the tracee's memory.
    Peek(u64, &'a mut [u8; 8]),
    /// The registers; returns whether all of them were read.
    Registers(&'a mut Registers),
    /// Sets the registers.
    SetRegisters(&'a Registers),
    /// Changes the number of the call that a tracee is about to make.
    #[cfg(target_arch = "aarch64")]
    SetSyscall(i32),
}

/// `struct ptrace_syscall_info`.
#[derive(Debug, Default, Clone, Copy)]
#[repr(C)]
pub struct SyscallInfo {
    /// Which of the following fields are meaningful.
    pub operation: u8,
    padding: [u8; 3],
    /// AUDIT_ARCH_….
    pub architecture: u32,
    instruction_pointer: u64,
    stack_pointer: u64,
    /// The number of the call; at an exit, the result.
    pub number: u64,
    /// The arguments; at an exit, the lowest byte of the first says whether the result is an error.
    pub arguments: [u64; 6],
    filter_data: u32,
    reserved: u32,
}

/// `SyscallInfo::operation`: the tracee enters a call.
pub const ENTRY: u8 = 1;
/// The tracee leaves a call.
pub const EXIT: u8 = 2;
/// The filter stopped the tracee before a call.
pub const SECCOMP: u8 = 3;

/// The result of a call, if the tracee leaves one.
impl SyscallInfo {
    /// The value that the call returns, or the number of the error.
    pub fn result(&self) -> Result<i64, i32> {
        let value = self.number.cast_signed();
        let [is_error, ..] = self.arguments[0].to_le_bytes();
        if is_error == 0 { Ok(value) } else { Err(i32::try_from(-value).unwrap_or(i32::MAX)) }
    }
}

/// PTRACE_GET_SYSCALL_INFO, which not every C library names.
const GET_SYSCALL_INFO: i64 = 0x420e;
/// The registers of a process as one block (NT_PRSTATUS).
const REGISTERS: usize = 1;

fn check(result: libc::c_long) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Makes a ptrace request.
pub fn ptrace(tid: Tid, request: Request<'_>) -> io::Result<()> {
    let raw = |request: i64, address: usize, data: usize| {
        // SAFETY: the kernel only writes to where `data` or the vector to which it points tells it,
        // and every address below is that of an exclusive reference to a value of the type that the
        // request writes. Requests that change the tracee can't touch memory of this process.
        check(unsafe { libc::syscall(libc::SYS_ptrace, request, i64::from(tid), address, data) }).map(drop)
    };
    match request {
        Request::Seize(options) => raw(libc::PTRACE_SEIZE.into(), 0, options.cast_unsigned() as usize),
        Request::Interrupt => raw(libc::PTRACE_INTERRUPT.into(), 0, 0),
        Request::Continue(signal) => raw(libc::PTRACE_CONT.into(), 0, signal.cast_unsigned() as usize),
        Request::Syscall(signal) => raw(libc::PTRACE_SYSCALL.into(), 0, signal.cast_unsigned() as usize),
        Request::Listen => raw(libc::PTRACE_LISTEN.into(), 0, 0),
        Request::Detach => raw(libc::PTRACE_DETACH.into(), 0, 0),
        Request::EventMessage(into) => raw(libc::PTRACE_GETEVENTMSG.into(), 0, ptr::from_mut(into).addr()),
        Request::SyscallInfo(into) => {
            raw(GET_SYSCALL_INFO, size_of::<SyscallInfo>(), ptr::from_mut(into).addr())
        }
        Request::Peek(address, into) => {
            let address = usize::try_from(address).map_err(|_| io::Error::from_raw_os_error(libc::EIO))?;
            raw(libc::PTRACE_PEEKDATA.into(), address, ptr::from_mut(into).addr())
        }
        Request::Registers(into) => {
            let length = size_of::<Registers>();
            let mut vector = libc::iovec { iov_base: ptr::from_mut(into).cast(), iov_len: length };
            raw(libc::PTRACE_GETREGSET.into(), REGISTERS, ptr::from_mut(&mut vector).addr())?;
            // A 32-bit process has fewer registers.
            if vector.iov_len == length { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EIO)) }
        }
        Request::SetRegisters(from) => {
            let base = ptr::from_ref(from).cast_mut().cast();
            let mut vector = libc::iovec { iov_base: base, iov_len: size_of::<Registers>() };
            raw(libc::PTRACE_SETREGSET.into(), REGISTERS, ptr::from_mut(&mut vector).addr())
        }
        #[cfg(target_arch = "aarch64")]
        Request::SetSyscall(mut number) => {
            const SYSTEM_CALL: usize = 0x404;
            let base = ptr::from_mut(&mut number).cast();
            let mut vector = libc::iovec { iov_base: base, iov_len: size_of::<i32>() };
            raw(libc::PTRACE_SETREGSET.into(), SYSTEM_CALL, ptr::from_mut(&mut vector).addr())
        }
    }
}

/// Reads memory of another process; returns how much was read.
pub fn read_memory(tid: Tid, address: u64, into: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let base = ptr::without_provenance_mut(usize::try_from(address).unwrap_or(0));
    let remote = libc::iovec { iov_base: base, iov_len: into.len() };
    // SAFETY: the local vector is exactly the exclusive slice; the other address is not one of this
    // process.
    let count = unsafe { libc::process_vm_readv(tid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Which of the two processes goes on after `fork`.
pub enum Fork {
    /// The new one.
    Child,
    /// The old one; this is the ID of the new one.
    Parent(Tid),
}

/// Duplicates the process. It must have one thread.
pub fn fork() -> io::Result<Fork> {
    // SAFETY: the tracer never starts a thread, so no lock is held by a thread that the child lacks.
    match unsafe { libc::fork() } {
        0 => Ok(Fork::Child),
        -1 => Err(io::Error::last_os_error()),
        child => Ok(Fork::Parent(child)),
    }
}

/// Executes a program in place of this one. Returns only if that fails.
pub fn execute(program: &CStr, arguments: &[CString], environment: &[CString]) -> io::Error {
    let list = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
    };
    let (arguments, environment) = (list(arguments), list(environment));
    // SAFETY: all strings end with NUL, both lists end with a null pointer, and all of them live
    // until the call returns.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Ends the process at once, without what the C library does at the end.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: it takes no pointer and does not return.
    unsafe { libc::_exit(status) }
}

/// Gives up the gain of privileges by executing programs, for this process and its children.
pub fn set_no_new_privileges() -> io::Result<()> {
    // SAFETY: the call takes numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1_usize, 0_usize, 0_usize, 0_usize) }.into())
        .map(drop)
}

/// Installs a seccomp filter for this process and its children.
pub fn install_filter(program: &[Instruction]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // The kernel copies the program and does not write to it.
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: `Instruction` has the layout of `sock_filter`, and the length is that of the slice.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0_usize, &raw const filter)
    };
    check(result).map(drop)
}

/// Sends a signal, real-time signals included.
pub fn kill(process: Tid, signal: i32) -> io::Result<()> {
    // SAFETY: the call takes numbers only.
    check(unsafe { libc::kill(process, signal) }.into()).map(drop)
}

/// Calls a function with the file system identity of another user, which decides whether `/proc`
/// shows what a process of that user has open.
pub fn as_user<T>(user: u32, group: u32, action: impl FnOnce() -> T) -> T {
    // SAFETY: the calls take numbers only, and change the identity of this only thread.
    let (own_user, own_group) = unsafe {
        let own_group = libc::setfsgid(group);
        (libc::setfsuid(user), own_group)
    };
    let result = action();
    // SAFETY: as above.
    unsafe {
        libc::setfsuid(own_user.cast_unsigned());
        libc::setfsgid(own_group.cast_unsigned());
    }
    result
}

/// The process that gets the signals that the tracer gets; 0 if there is none any more.
static RECIPIENT: AtomicI32 = AtomicI32::new(0);
/// The signal that asked the tracer to end when there was no recipient.
static END: AtomicI32 = AtomicI32::new(0);
/// Whether the terminal stopped the process group.
static STOP: AtomicBool = AtomicBool::new(false);

/// Passes signals to the process from now on.
pub fn forward_signals(process: Tid, signals: &[i32]) {
    RECIPIENT.store(process, Ordering::SeqCst);
    for signal in signals {
        // SAFETY: zero is a valid value for all fields of the structure.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as usize;
        // Without SA_RESTART: the wait for tracees ends, and END is looked at.
        action.sa_flags = libc::SA_SIGINFO;
        // SAFETY: the structure is valid, and the handler calls nothing but `kill` and atomics,
        // which are async-signal-safe.
        unsafe { libc::sigaction(*signal, &raw const action, ptr::null_mut()) };
    }
    unblock_signals();
}

/// Stops passing signals.
pub fn stop_forwarding() {
    RECIPIENT.store(0, Ordering::SeqCst);
}

/// Whether the terminal asked the tracer to stop since the last time that it was asked.
pub fn is_asked_to_stop() -> bool {
    STOP.swap(false, Ordering::SeqCst)
}

/// Whether a signal asked the tracer to end after the program had ended.
pub fn is_asked_to_end() -> bool {
    END.load(Ordering::SeqCst) != 0
}

extern "C" fn on_signal(signal: i32, information: *const libc::siginfo_t, _: *const libc::c_void) {
    // The terminal and the kernel send to the whole process group, so the program got it, too.
    const FROM_KERNEL: i32 = 0x80;
    // SAFETY: the kernel passes a valid structure to a handler with SA_SIGINFO; `getpid` is
    // async-signal-safe. The sender is meaningful for the codes below zero and for 0, and otherwise
    // some number that is not used.
    let (code, is_own) = unsafe { ((*information).si_code, (*information).si_pid() == libc::getpid()) };
    // The tracer's own, such as SIGXFSZ when the trace file becomes too long.
    if code <= 0 && is_own {
        return;
    }
    if code == FROM_KERNEL {
        if [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&signal) {
            STOP.store(true, Ordering::SeqCst);
        }
        return;
    }
    match RECIPIENT.load(Ordering::SeqCst) {
        0 if [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM].contains(&signal) => {
            END.store(signal, Ordering::SeqCst);
        }
        0 => {}
        process => {
            // SAFETY: the call takes numbers only. It may set errno, which the interrupted code does
            // not read after a successful call; a failed wait is repeated.
            unsafe { libc::kill(process, signal) };
        }
    }
}

fn unblock_signals() {
    // SAFETY: both structures are valid: an empty set is all zeros after `sigemptyset`.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Stops this process until SIGCONT, as the program was.
pub fn stop_self() {
    // SAFETY: the call takes numbers only.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Ends this process by a signal; returns if the signal does not kill it.
pub fn die_of(signal: i32) {
    // SAFETY: the calls take numbers only; SIG_DFL is a valid disposition.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
    }
    unblock_signals();
    // SAFETY: as above.
    unsafe {
        libc::raise(signal);
    }
}

//! The system calls that name files: what each does with which argument.
//!
//! `calls` describes each call once; the tables of the architectures give them their numbers.

mod aarch64;
mod arm;
mod calls;
mod i386;
mod x86_64;

use jettison_trace::Operation;

/// Where a path is among the arguments of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathAt {
    /// The argument with the descriptor of the directory; without one, the working directory.
    pub directory: Option<usize>,
    /// The argument with the address of the path.
    pub path: usize,
}

/// Where the flags of an opening call are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFlags {
    /// An argument.
    Argument(usize),
    /// The first field of the structure to which an argument points.
    How(usize),
    /// `creat` has none.
    Create,
}

/// Whether a call follows a symlink in the last component of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// It does.
    Follow,
    /// It works on the symlink.
    Keep,
    /// It follows, unless this argument has AT_SYMLINK_NOFOLLOW.
    Flags(usize),
    /// It works on the symlink, unless this argument has AT_SYMLINK_FOLLOW.
    FlagsFollow(usize),
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Opens a file.
    Open(PathAt, OpenFlags),
    /// Does something with one path.
    Path(PathAt, Operation, Last),
    /// Does something with two paths; symlinks are not followed, unless the first says so.
    Paths(PathAt, Operation, Last, PathAt, Operation),
    /// Executes a program.
    Execute(PathAt),
    /// Lists the directory with this descriptor.
    List,
    /// Changes the working directory.
    Enter,
    /// Changes the root, or mounts something: paths mean other files afterwards.
    Root(Option<PathAt>),
    /// Binds or connects a socket.
    Socket(Operation),
    /// The same in one call with a number on i386: the arguments are in memory.
    #[cfg(target_arch = "x86_64")]
    SocketByNumber,
    /// Enters or creates namespaces, if this argument has the flags of interest.
    Namespace(usize),
    /// Sets up io_uring.
    IoUring,
    /// Opens a file by its handle.
    Handle,
    /// Traces a process.
    Debugger,
}

/// How system calls are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abi {
    /// The AUDIT_ARCH_ value, as seccomp and ptrace name it.
    pub architecture: u32,
    /// The numbers of its calls of interest that other ABIs may have under other numbers.
    own: &'static [(u32, Call)],
    /// The bit that marks x32, whose numbers are otherwise those of x86_64.
    pub marker: u32,
    /// Calls with other numbers when the marker is set.
    pub marked: &'static [(u32, Call)],
}

/// Calls that have the same number in all ABIs, as all new ones since Linux 5.1 (syscalls(2)).
const COMMON: &[(u32, Call)] = &[
    (425, calls::IO_URING_SETUP),
    (428, calls::OPEN_TREE),
    (429, calls::MOVE_MOUNT),
    (437, calls::OPENAT2),
    (439, calls::FACCESSAT2),
    (452, calls::FCHMODAT2),
];

impl Abi {
    /// The numbers of the calls of interest.
    pub fn calls(&self) -> impl Iterator<Item = &'static (u32, Call)> + use<> {
        self.own.iter().chain(COMMON)
    }
}

#[cfg(target_arch = "x86_64")]
const ABIS: &[Abi] = &[x86_64::ABI, i386::ABI];
#[cfg(target_arch = "aarch64")]
const ABIS: &[Abi] = &[aarch64::ABI, arm::ABI];

/// The ABIs whose processes the tracer may meet; its own is first.
pub fn abis() -> &'static [Abi] {
    ABIS
}

/// The calls of one ABI by their number.
struct Table {
    abi: &'static Abi,
    by_number: Vec<Option<Call>>,
}

/// Finds what a call does.
pub struct Calls(Vec<Table>);

impl Calls {
    pub fn new() -> Self {
        let table = |abi: &'static Abi| {
            let highest = abi.calls().map(|(number, _)| *number as usize).max().unwrap_or(0);
            let mut by_number = vec![None; highest + 1];
            for (number, call) in abi.calls() {
                by_number[*number as usize] = Some(*call);
            }
            Table { abi, by_number }
        };
        Self(ABIS.iter().map(table).collect())
    }

    /// What this call does: `Ok(None)` if it is of no interest, an error for an unknown architecture.
    pub fn find(&self, architecture: u32, number: u64) -> Result<Option<Call>, UnknownArchitecture> {
        let table =
            self.0.iter().find(|table| table.abi.architecture == architecture).ok_or(UnknownArchitecture)?;
        let Ok(number) = u32::try_from(number) else { return Ok(None) };
        let (is_marked, number) = (number & table.abi.marker != 0, number & !table.abi.marker);
        let mut marked = table.abi.marked.iter().filter(|_| is_marked);
        let other = marked.find(|(other, _)| *other == number).map(|(_, call)| *call);
        Ok(other.or_else(|| table.by_number.get(number as usize).copied().flatten()))
    }
}

/// A process has an architecture without a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownArchitecture;

#[cfg(test)]
mod tests {
    use super::{Call, Calls, abis};

    #[test]
    fn numbers_are_unique() {
        for abi in abis() {
            let mut numbers: Vec<u32> = abi.calls().map(|(number, _)| *number).collect();
            numbers.sort_unstable();
            let count = numbers.len();
            numbers.dedup();
            assert_eq!(numbers.len(), count);
        }
    }

    #[test]
    fn own_numbers_are_those_of_the_c_library() {
        let calls = Calls::new();
        let own = abis()[0].architecture;
        let find = |number: libc::c_long| {
            calls
                .find(own, u64::try_from(number).expect("it is positive"))
                .expect("it is our own")
                .expect("it is there")
        };
        assert!(matches!(find(libc::SYS_openat), Call::Open(..)));
        assert!(matches!(find(libc::SYS_openat2), Call::Open(..)));
        assert!(matches!(find(libc::SYS_execve), Call::Execute(..)));
        assert!(matches!(find(libc::SYS_execveat), Call::Execute(..)));
        assert!(matches!(find(libc::SYS_getdents64), Call::List));
        assert!(matches!(find(libc::SYS_chdir), Call::Enter));
        assert!(matches!(find(libc::SYS_connect), Call::Socket(_)));
        assert!(matches!(find(libc::SYS_io_uring_setup), Call::IoUring));
        for number in [
            libc::SYS_newfstatat,
            libc::SYS_statx,
            libc::SYS_faccessat,
            libc::SYS_faccessat2,
            libc::SYS_readlinkat,
            libc::SYS_mkdirat,
            libc::SYS_unlinkat,
            libc::SYS_fchmodat,
            libc::SYS_fchownat,
            libc::SYS_utimensat,
            libc::SYS_truncate,
            libc::SYS_statfs,
            libc::SYS_getxattr,
            libc::SYS_inotify_add_watch,
        ] {
            assert!(matches!(find(number), Call::Path(..)), "{number}");
        }
        for number in [libc::SYS_renameat2, libc::SYS_linkat] {
            assert!(matches!(find(number), Call::Paths(..)), "{number}");
        }
        assert!(calls.find(own, u64::try_from(libc::SYS_read).expect("positive")).expect("own").is_none());
        assert!(calls.find(0, 0).is_err());
    }
}

//! What each system call does, independent of its number.

use super::{Call, Last, OpenFlags, PathAt};
use jettison_trace::Operation;

const fn at(path: usize) -> PathAt {
    PathAt { directory: None, path }
}

const fn under(directory: usize, path: usize) -> PathAt {
    PathAt { directory: Some(directory), path }
}

const fn simple(operation: Operation) -> Call {
    Call::Path(at(0), operation, Last::Follow)
}

const fn on_link(operation: Operation) -> Call {
    Call::Path(at(0), operation, Last::Keep)
}

pub const OPEN: Call = Call::Open(at(0), OpenFlags::Argument(1));
pub const CREAT: Call = Call::Open(at(0), OpenFlags::Create);
pub const OPENAT: Call = Call::Open(under(0, 1), OpenFlags::Argument(2));
pub const OPENAT2: Call = Call::Open(under(0, 1), OpenFlags::How(2));
pub const OPEN_TREE: Call = Call::Path(under(0, 1), Operation::Stat, Last::Flags(2));
pub const USELIB: Call = simple(Operation::Read);

pub const STAT: Call = simple(Operation::Stat);
pub const LSTAT: Call = on_link(Operation::Stat);
pub const FSTATAT: Call = Call::Path(under(0, 1), Operation::Stat, Last::Flags(3));
pub const STATX: Call = Call::Path(under(0, 1), Operation::Stat, Last::Flags(2));
pub const ACCESS: Call = STAT;
pub const FACCESSAT: Call = Call::Path(under(0, 1), Operation::Stat, Last::Follow);
pub const FACCESSAT2: Call = FSTATAT;
pub const STATFS: Call = STAT;
pub const GETXATTR: Call = STAT;
pub const LGETXATTR: Call = LSTAT;
pub const INOTIFY_ADD_WATCH: Call = Call::Path(at(1), Operation::Stat, Last::Follow);
/// The flags are the last argument, and 0 keeps a symlink.
pub const NAME_TO_HANDLE_AT: Call = Call::Path(under(0, 1), Operation::Stat, Last::FlagsFollow(4));

pub const READLINK: Call = on_link(Operation::ReadLink);
pub const READLINKAT: Call = Call::Path(under(0, 1), Operation::ReadLink, Last::Keep);
pub const GETDENTS: Call = Call::List;
pub const CHDIR: Call = Call::Enter;

pub const EXECVE: Call = Call::Execute(at(0));
pub const EXECVEAT: Call = Call::Execute(under(0, 1));

pub const MKDIR: Call = on_link(Operation::Create);
pub const MKDIRAT: Call = Call::Path(under(0, 1), Operation::Create, Last::Keep);
pub const MKNOD: Call = MKDIR;
pub const MKNODAT: Call = MKDIRAT;
pub const RMDIR: Call = on_link(Operation::Remove);
pub const UNLINK: Call = RMDIR;
pub const UNLINKAT: Call = Call::Path(under(0, 1), Operation::Remove, Last::Keep);
pub const RENAME: Call = Call::Paths(at(0), Operation::Remove, Last::Keep, at(1), Operation::Create);
pub const RENAMEAT: Call =
    Call::Paths(under(0, 1), Operation::Remove, Last::Keep, under(2, 3), Operation::Create);
pub const LINK: Call = Call::Paths(at(0), Operation::Stat, Last::Keep, at(1), Operation::Create);
pub const LINKAT: Call =
    Call::Paths(under(0, 1), Operation::Stat, Last::FlagsFollow(4), under(2, 3), Operation::Create);
pub const SYMLINK: Call = Call::Path(at(1), Operation::Create, Last::Keep);
pub const SYMLINKAT: Call = Call::Path(under(1, 2), Operation::Create, Last::Keep);

pub const CHMOD: Call = simple(Operation::Change);
pub const FCHMODAT: Call = Call::Path(under(0, 1), Operation::Change, Last::Follow);
pub const FCHMODAT2: Call = Call::Path(under(0, 1), Operation::Change, Last::Flags(3));
pub const CHOWN: Call = CHMOD;
pub const LCHOWN: Call = on_link(Operation::Change);
pub const FCHOWNAT: Call = Call::Path(under(0, 1), Operation::Change, Last::Flags(4));
pub const UTIME: Call = CHMOD;
pub const FUTIMESAT: Call = FCHMODAT;
pub const UTIMENSAT: Call = FCHMODAT2;
pub const SETXATTR: Call = CHMOD;
pub const LSETXATTR: Call = LCHOWN;
pub const TRUNCATE: Call = simple(Operation::Write);

pub const CHROOT: Call = Call::Root(Some(at(0)));
pub const MOUNT: Call = Call::Root(Some(at(1)));
pub const UMOUNT: Call = Call::Root(Some(at(0)));
pub const PIVOT_ROOT: Call = Call::Root(Some(at(0)));
pub const MOVE_MOUNT: Call = Call::Root(Some(under(2, 3)));
pub const UNSHARE: Call = Call::Namespace(0);
pub const SETNS: Call = Call::Namespace(1);

pub const BIND: Call = Call::Socket(Operation::Create);
pub const CONNECT: Call = Call::Socket(Operation::Connect);
#[cfg(target_arch = "x86_64")]
pub const SOCKETCALL: Call = Call::SocketByNumber;

pub const IO_URING_SETUP: Call = Call::IoUring;
pub const OPEN_BY_HANDLE_AT: Call = Call::Handle;
pub const PTRACE: Call = Call::Debugger;

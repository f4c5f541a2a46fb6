//! 64-bit ARM.

#![cfg(target_arch = "aarch64")]

use super::{Abi, Call, calls};

pub const ABI: Abi = Abi { architecture: 0xc000_00b7, own: CALLS, marker: 0, marked: &[] };

const CALLS: &[(u32, Call)] = &[
    (5, calls::SETXATTR),
    (6, calls::LSETXATTR),
    (8, calls::GETXATTR),
    (9, calls::LGETXATTR),
    (11, calls::GETXATTR),
    (12, calls::LGETXATTR),
    (14, calls::SETXATTR),
    (15, calls::LSETXATTR),
    (27, calls::INOTIFY_ADD_WATCH),
    (33, calls::MKNODAT),
    (34, calls::MKDIRAT),
    (35, calls::UNLINKAT),
    (36, calls::SYMLINKAT),
    (37, calls::LINKAT),
    (38, calls::RENAMEAT),
    (39, calls::UMOUNT),
    (40, calls::MOUNT),
    (41, calls::PIVOT_ROOT),
    (43, calls::STATFS),
    (45, calls::TRUNCATE),
    (48, calls::FACCESSAT),
    (49, calls::CHDIR),
    (51, calls::CHROOT),
    (53, calls::FCHMODAT),
    (54, calls::FCHOWNAT),
    (56, calls::OPENAT),
    (61, calls::GETDENTS),
    (78, calls::READLINKAT),
    (79, calls::FSTATAT),
    (88, calls::UTIMENSAT),
    (97, calls::UNSHARE),
    (117, calls::PTRACE),
    (200, calls::BIND),
    (203, calls::CONNECT),
    (221, calls::EXECVE),
    (264, calls::NAME_TO_HANDLE_AT),
    (265, calls::OPEN_BY_HANDLE_AT),
    (268, calls::SETNS),
    (276, calls::RENAMEAT),
    (281, calls::EXECVEAT),
    (291, calls::STATX),
];

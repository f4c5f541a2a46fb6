//! Who a process is, and whether a program would give it privileges.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, getxattr, statvfs};

use super::kernel::Tid;

/// What `/proc/PID/status` says about a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    pub user: u32,
    pub group: u32,
    pub no_new_privileges: bool,
    pub effective_capabilities: u64,
    /// The number of seccomp filters, if the kernel tells it.
    pub filters: Option<u32>,
}

const SETUID: u32 = 7;
const SYS_PTRACE: u32 = 19;
const SYS_ADMIN: u32 = 21;

impl Credentials {
    /// Those of a process. Everyone may read them.
    pub fn of(tid: Tid) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{tid}/status")).ok()?)
    }

    /// Those of the tracer.
    pub fn own() -> Option<Self> {
        Self::parse(&fs::read("/proc/self/status").ok()?)
    }

    fn parse(status: &[u8]) -> Option<Self> {
        let status = String::from_utf8_lossy(status);
        let field = |name: &str, position: usize| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_ascii_whitespace().nth(position)
        };
        // Real, effective, saved, file system: the effective ID decides.
        Some(Self {
            user: field("Uid", 1)?.parse().ok()?,
            group: field("Gid", 1)?.parse().ok()?,
            no_new_privileges: field("NoNewPrivs", 0) == Some("1"),
            effective_capabilities: u64::from_str_radix(field("CapEff", 0)?, 16).ok()?,
            filters: field("Seccomp_filters", 0).and_then(|number| number.parse().ok()),
        })
    }

    /// May trace processes of other users.
    pub fn may_trace_all(&self) -> bool {
        self.effective_capabilities >> SYS_PTRACE & 1 == 1
    }

    /// May take on any user and group, and so gets them from programs even while it is traced.
    pub fn may_be_anyone(&self) -> bool {
        self.effective_capabilities >> SETUID & 1 == 1
    }

    /// May install a filter without giving up privileges.
    pub fn may_install_filters(&self) -> bool {
        self.effective_capabilities >> SYS_ADMIN & 1 == 1
    }

    /// Whether this process gets privileges by executing the file: those of another user or group,
    /// or capabilities.
    pub fn gains_by(&self, program: &Path) -> bool {
        const SET_USER: u32 = 0o4000;
        // Without the permission to execute for the group, the bit means something else.
        const SET_GROUP: u32 = 0o2010;
        if self.no_new_privileges {
            return false;
        }
        let Ok(metadata) = fs::metadata(program) else { return false };
        if !metadata.is_file() {
            return false;
        }
        let by_user = metadata.mode() & SET_USER != 0 && metadata.uid() != self.user;
        let by_group = metadata.mode() & SET_GROUP == SET_GROUP && metadata.gid() != self.group;
        let has_capabilities = || {
            let mut value = [0; 64];
            self.user != 0
                && getxattr(program, "security.capability", &mut value[..]).is_ok_and(|length| length > 0)
        };
        (by_user || by_group || has_capabilities()) && !is_without_privileges(program)
    }
}

/// Whether the file system is mounted with `nosuid`.
fn is_without_privileges(path: &Path) -> bool {
    statvfs(path).is_ok_and(|file_system| file_system.f_flag.contains(StatVfsMountFlags::NOSUID))
}

/// Whether one of these directories has a program that would give privileges.
pub fn has_privileged_program<'a>(own: &Credentials, directories: impl Iterator<Item = &'a [u8]>) -> bool {
    directories
        .filter_map(|directory| fs::read_dir(Path::new(std::ffi::OsStr::from_bytes(directory))).ok())
        .any(|entries| entries.flatten().any(|entry| own.gains_by(&entry.path())))
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    const STATUS: &[u8] =
        b"Name:\tsh\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4\nCapEff:\t0000000000280000\n\
        NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";

    #[test]
    fn status_is_parsed() {
        let credentials = Credentials::parse(STATUS).expect("it is complete");
        assert_eq!((credentials.user, credentials.group), (1001, 2));
        assert!(credentials.no_new_privileges);
        assert_eq!(credentials.filters, Some(3));
        assert!(credentials.may_trace_all() && credentials.may_install_filters());
        assert!(Credentials::parse(b"Uid: 1\n").is_none());
    }

    #[test]
    fn the_own_process_can_be_read() {
        assert!(Credentials::own().is_some());
    }
}

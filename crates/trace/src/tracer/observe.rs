//! Reads from a stopped tracee what a call is about to do.

use std::fs;

use jettison_trace::{FileType, NotSeen, Operation};

use super::kernel::{SyscallInfo, Tid};
use super::memory::{self, Unreadable};
use super::paths::{self, Unknown};
use super::resolve::{Presence, Resolver};
use super::syscalls::{Call, Last, OpenFlags, PathAt};

/// One path that a call uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Absolute and normal.
    pub path: Vec<u8>,
    /// What the call does with it.
    pub operation: Operation,
    /// Whether a symlink in the last component is followed.
    pub follow: bool,
    /// The type of a file that may be gone after the call.
    pub file_type: Option<FileType>,
}

/// What a call does, if it succeeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The paths. Several accesses may have the same path.
    pub accesses: Vec<Access>,
    /// Whether the call executes a program.
    pub executes: bool,
    /// Whether paths may mean other files after the call.
    pub effect: Effect,
    /// What the call does that can't be recorded.
    pub not_seen: Option<NotSeen>,
    /// The root of the process, without a slash at the end: empty if it is the root directory.
    pub root: Vec<u8>,
}

/// What a call changes about the meaning of paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effect {
    #[default]
    Nothing,
    /// What is at the paths of the call.
    AtPaths,
    /// The root of the process, or what is mounted.
    Root,
}

/// Why a call can't be observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The call is of no interest, or will fail since its arguments are wrong.
    Nothing,
    /// The kernel does not permit reading the memory or the descriptors of the process.
    Denied(NotSeen),
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Fault => Self::Nothing,
            Unreadable::Denied => Self::Denied(NotSeen::Memory),
        }
    }
}

impl From<Unknown> for Problem {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::NotThere => Self::Nothing,
            Unknown::Denied => Self::Denied(NotSeen::Directory),
        }
    }
}

/// Observes a call.
pub struct Observer<'a> {
    pub tid: Tid,
    pub info: &'a SyscallInfo,
    pub resolver: &'a mut Resolver,
    /// Whether a process may have another root than the tracer.
    pub roots_vary: bool,
}

const SYMLINK_NOFOLLOW: u64 = 0x100;
const SYMLINK_FOLLOW: u64 = 0x400;

impl Observer<'_> {
    /// What the call does.
    pub fn observe(&mut self, call: Call) -> Result<Observation, Problem> {
        let mut observation = Observation { root: self.root()?, ..Observation::default() };
        let root = observation.root.clone();
        match call {
            Call::Open(at, flags) => self.open(&root, at, flags, &mut observation)?,
            Call::Path(at, operation, last) => {
                observation.accesses = vec![self.access(&root, at, operation, last)?];
                if matches!(operation, Operation::Create | Operation::Remove) {
                    observation.effect = Effect::AtPaths;
                }
            }
            Call::Paths(first, first_operation, last, second, second_operation) => {
                observation.accesses = vec![
                    self.access(&root, first, first_operation, last)?,
                    self.access(&root, second, second_operation, Last::Keep)?,
                ];
                observation.effect = Effect::AtPaths;
            }
            Call::Execute(at) => {
                observation.accesses = vec![match self.access(&root, at, Operation::Execute, Last::Follow) {
                    Err(Problem::Nothing) => self.descriptor(at, Operation::Execute)?,
                    access => access?,
                }];
                observation.executes = true;
            }
            Call::List => {
                let path = self.comparable(paths::directory(self.tid, self.info.arguments[0])?);
                observation.accesses =
                    vec![Access { path, operation: Operation::List, follow: true, file_type: None }];
            }
            Call::Enter => {
                let at = PathAt { directory: None, path: 0 };
                observation.accesses = vec![self.access(&root, at, Operation::Stat, Last::Follow)?];
            }
            Call::Root(at) => {
                // The path may be null or of no interest, but the effect is not.
                let access = at.map(|at| self.access(&root, at, Operation::Stat, Last::Follow));
                observation.accesses.extend(access.and_then(Result::ok));
                observation.effect = Effect::Root;
            }
            Call::Socket(operation) => {
                let (address, length) = (self.info.arguments[1], self.info.arguments[2]);
                observation.accesses = vec![self.socket(&root, operation, address, length)?];
            }
            #[cfg(target_arch = "x86_64")]
            Call::SocketByNumber => {
                const BIND: u64 = 2;
                const CONNECT: u64 = 3;
                let operation = match self.info.arguments[0] {
                    BIND => Operation::Create,
                    CONNECT => Operation::Connect,
                    _ => return Err(Problem::Nothing),
                };
                let mut arguments = [0; 12];
                memory::bytes(self.tid, self.info.arguments[1], &mut arguments)?;
                let word = |at: usize| {
                    arguments[at..at + 4].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
                };
                observation.accesses = vec![self.socket(&root, operation, word(4), word(8))?];
            }
            Call::Namespace(argument) => {
                const NEW_MOUNTS: u64 = 0x2_0000;
                const NEW_USERS: u64 = 0x1000_0000;
                let flags = self.info.arguments[argument];
                let enters_any = argument == 1 && flags == 0;
                if !enters_any && flags & (NEW_MOUNTS | NEW_USERS) == 0 {
                    return Err(Problem::Nothing);
                }
                observation.not_seen = Some(NotSeen::Namespace);
                observation.effect = Effect::Root;
            }
            Call::IoUring => observation.not_seen = Some(NotSeen::IoUring),
            Call::Handle => observation.not_seen = Some(NotSeen::Handle),
            Call::Debugger => {
                /// TRACEME, ATTACH and SEIZE.
                const ATTACHING: [u64; 3] = [0, 16, 0x4206];
                if !ATTACHING.contains(&self.info.arguments[0]) {
                    return Err(Problem::Nothing);
                }
                observation.not_seen = Some(NotSeen::Debugger);
            }
        }
        Ok(observation)
    }

    /// The root of the process, without a slash at the end.
    fn root(&self) -> Result<Vec<u8>, Unknown> {
        if !self.roots_vary {
            return Ok(Vec::new());
        }
        let mut root = paths::root(self.tid)?;
        if root == b"/" {
            root.clear();
        }
        Ok(root)
    }

    fn open(
        &mut self,
        root: &[u8],
        at: PathAt,
        flags: OpenFlags,
        observation: &mut Observation,
    ) -> Result<(), Problem> {
        const OPENS_IN_ROOT: u64 = 0x10;
        const READ_AND_WRITE: i32 = libc::O_RDWR;
        let mut own_root = None;
        let flags = match flags {
            OpenFlags::Argument(argument) => self.info.arguments[argument],
            OpenFlags::Create => (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC).cast_unsigned().into(),
            OpenFlags::How(argument) => {
                // Three numbers of 64 bits: flags, mode, resolve.
                let mut how = [0; 24];
                memory::bytes(self.tid, self.info.arguments[argument], &mut how)?;
                let number =
                    |at: usize| how[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                if number(16) & OPENS_IN_ROOT != 0 {
                    let mut directory = paths::directory(self.tid, self.info.arguments[0])?;
                    if directory == b"/" {
                        directory.clear();
                    }
                    own_root = Some(directory);
                }
                number(0)
            }
        };
        if let Some(own_root) = own_root {
            observation.root = own_root;
        }
        let root = if observation.root == root { root.to_vec() } else { observation.root.clone() };
        let flags = i32::try_from(flags & 0x7fff_ffff).unwrap_or(0);
        let has = |flag: i32| flags & flag == flag;
        let is_exclusive = has(libc::O_CREAT) && has(libc::O_EXCL);
        let last = if has(libc::O_NOFOLLOW) || is_exclusive { Last::Keep } else { Last::Follow };
        let access = self.access(&root, at, Operation::Read, last)?;
        let is_new = has(libc::O_CREAT)
            && self.resolver.resolve(&root, &access.path, access.follow).presence == Presence::Missing;
        let operations: &[Operation] = if has(libc::O_PATH) || has(libc::O_TMPFILE) {
            &[Operation::Stat]
        } else if is_new {
            &[Operation::Create]
        } else {
            match flags & libc::O_ACCMODE {
                READ_AND_WRITE => &[Operation::Read, Operation::Write],
                libc::O_WRONLY => &[Operation::Write],
                _ if has(libc::O_TRUNC) => &[Operation::Read, Operation::Write],
                _ => &[Operation::Read],
            }
        };
        observation.accesses =
            operations.iter().map(|operation| Access { operation: *operation, ..access.clone() }).collect();
        Ok(())
    }

    /// The path that an argument names.
    fn access(
        &mut self,
        root: &[u8],
        at: PathAt,
        operation: Operation,
        last: Last,
    ) -> Result<Access, Problem> {
        let text = memory::string(self.tid, self.info.arguments[at.path])?;
        if text.is_empty() {
            // With AT_EMPTY_PATH, the call is about a descriptor, which was opened before.
            return Err(Problem::Nothing);
        }
        let arguments = &self.info.arguments;
        // A slash at the end demands a directory, so a symlink is followed.
        let follow = text.ends_with(b"/")
            || match last {
                Last::Follow => true,
                Last::Keep => false,
                Last::Flags(argument) => arguments[argument] & SYMLINK_NOFOLLOW == 0,
                Last::FlagsFollow(argument) => arguments[argument] & SYMLINK_FOLLOW != 0,
            };
        let directory = at.directory.map_or(paths::WORKING_DIRECTORY, |argument| arguments[argument]);
        let tid = self.tid;
        let path = paths::join(self.resolver, root, || paths::directory(tid, directory), &text)?;
        let path = self.comparable(path);
        let is_removed = operation == Operation::Remove;
        let file_type = is_removed.then(|| self.resolver.presence(&path).file_type()).flatten();
        Ok(Access { path, operation, follow, file_type })
    }

    /// The file that is open with a descriptor.
    fn descriptor(&self, at: PathAt, operation: Operation) -> Result<Access, Problem> {
        let directory = at.directory.ok_or(Problem::Nothing)?;
        let path = self.comparable(paths::directory(self.tid, self.info.arguments[directory])?);
        Ok(Access { path, operation, follow: true, file_type: None })
    }

    /// The path of a Unix socket.
    fn socket(
        &mut self,
        root: &[u8],
        operation: Operation,
        address: u64,
        length: u64,
    ) -> Result<Access, Problem> {
        const FAMILY: usize = 2;
        const LONGEST: usize = 110;
        let length = usize::try_from(length & 0xffff_ffff).unwrap_or(0).min(LONGEST);
        let mut buffer = [0; LONGEST];
        if length <= FAMILY {
            return Err(Problem::Nothing);
        }
        memory::bytes(self.tid, address, &mut buffer[..length])?;
        let is_unix = i32::from(u16::from_le_bytes([buffer[0], buffer[1]])) == libc::AF_UNIX;
        let name = buffer[FAMILY..length].split(|byte| *byte == 0).next().unwrap_or_default();
        // An abstract socket begins with NUL and has no path.
        if !is_unix || name.is_empty() {
            return Err(Problem::Nothing);
        }
        let tid = self.tid;
        let directory = || paths::directory(tid, paths::WORKING_DIRECTORY);
        let path = paths::join(self.resolver, root, directory, name)?;
        Ok(Access { path, operation, follow: operation == Operation::Connect, file_type: None })
    }

    fn comparable(&self, path: Vec<u8>) -> Vec<u8> {
        if !path.starts_with(b"/proc/") {
            return path;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.tid)).unwrap_or_default();
        let process = status.lines().find_map(|line| line.strip_prefix("Tgid:")).map_or("", str::trim);
        paths::without_process(path, process)
    }
}

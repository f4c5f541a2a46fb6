//! Starts the program: a child that waits until it is traced, and whether it can be.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jettison_trace::Stops;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::pipe::{PipeFlags, pipe_with};

use super::filter;
use super::kernel::{self, Fork, Request, SyscallInfo, Tid, ptrace};
use super::syscalls::abis;
use super::wait::{Event, wait_for};

/// What the program is started with.
pub struct Program {
    file: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

/// Why the program is not started.
pub enum Refusal {
    /// It was not found.
    NotFound(String),
    /// It is not executable.
    NotExecutable(String),
}

impl Program {
    /// Looks the program up in the PATH, as a container engine does.
    pub fn find(words: &[OsString]) -> Result<Self, Refusal> {
        let name = words.first().map_or(OsStr::new(""), OsString::as_os_str);
        let file = look_up(name)?;
        let c_string = |bytes: &[u8]| CString::new(bytes).unwrap_or_default();
        // Rust's own list leaves out variables without a name. Without `/proc`, nothing can be traced.
        let environment = fs::read("/proc/self/environ").unwrap_or_default();
        let environment = environment.strip_suffix(b"\0").unwrap_or(&environment);
        Ok(Self {
            file: c_string(file.as_os_str().as_bytes()),
            arguments: words.iter().map(|word| c_string(word.as_bytes())).collect(),
            environment: if environment.is_empty() {
                Vec::new()
            } else {
                environment.split(|byte| *byte == 0).map(c_string).collect()
            },
        })
    }

    /// Executes the program in place of this process. Returns only if that fails.
    pub fn execute(&self) -> io::Error {
        kernel::execute(&self.file, &self.arguments, &self.environment)
    }
}

fn look_up(name: &OsStr) -> Result<PathBuf, Refusal> {
    let is_executable = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    let not_found = || Refusal::NotFound(format!("{} was not found", name.display()));
    if name.is_empty() {
        return Err(not_found());
    }
    if name.as_bytes().contains(&b'/') {
        // Executing it says what is wrong with it.
        return Ok(name.into());
    }
    let mut not_executable = None;
    for directory in super::search_path() {
        let path = PathBuf::from(OsString::from_vec(directory)).join(name);
        if is_executable(&path) {
            return Ok(path);
        }
        if path.is_file() {
            not_executable = Some(path);
        }
    }
    Err(not_executable.map_or_else(not_found, |path| {
        Refusal::NotExecutable(format!("{} is not executable", path.display()))
    }))
}

/// A child that is traced and about to execute the program.
pub struct Started {
    pub pid: Tid,
    pub stops: Stops,
    /// Whether the filter keeps programs from getting privileges.
    pub loses_privileges: bool,
    failure: File,
}

impl Started {
    /// Why the program could not be executed, if so. To be called when the child has ended.
    pub fn failure(&mut self) -> Option<io::Error> {
        let mut number = [0; 4];
        self.failure.read_exact(&mut number).ok()?;
        Some(io::Error::from_raw_os_error(i32::from_ne_bytes(number)))
    }
}

/// A pipe whose ends are no standard streams, even if these are closed, and that no program inherits.
fn pipe() -> io::Result<(File, File)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    let high = |end: OwnedFd| fcntl_dupfd_cloexec(&end, 10).map(File::from);
    Ok((high(reader)?, high(writer)?))
}

/// How the child installed the filter.
mod answer {
    pub const NO_FILTER: u8 = b'-';
    pub const FILTER: u8 = b'f';
    pub const FILTER_WITHOUT_PRIVILEGES: u8 = b'n';
}

/// The options: follow everything, and end all processes with the tracer, since their calls fail
/// without it.
const OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_EXITKILL;

/// Forks and attaches. The error says why tracing is not possible; the program has not run then.
pub fn start(program: &Program, filter: bool) -> Result<Started, String> {
    let problem = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| format!("{what}: {error}")
    };
    let (mut go, mut may_go) = pipe().map_err(problem("can't create a pipe"))?;
    let (mut answers, mut answer) = pipe().map_err(problem("can't create a pipe"))?;
    let pid = match kernel::fork().map_err(problem("can't start a process"))? {
        Fork::Parent(pid) => pid,
        Fork::Child => {
            drop((may_go, answers));
            child(program, filter, &mut go, &mut answer);
        }
    };
    drop((go, answer));
    let mut kind = [0];
    let attached = answers
        .read_exact(&mut kind)
        .map_err(problem("the child ended early"))
        .and_then(|()| attach(pid, kind[0] == answer::NO_FILTER));
    if let Err(reason) = attached {
        let _ = kernel::kill(pid, libc::SIGKILL);
        let _ = wait_for(pid);
        return Err(reason);
    }
    // From now on, the child may stop at any time.
    let _ = may_go.write_all(b"g");
    Ok(Started {
        pid,
        stops: if kind[0] == answer::NO_FILTER { Stops::All } else { Stops::Filter },
        loses_privileges: kind[0] == answer::FILTER_WITHOUT_PRIVILEGES,
        failure: answers,
    })
}

/// Attaches to the child, and tries everything that tracing needs.
fn attach(pid: Tid, every_call_stops: bool) -> Result<(), String> {
    ptrace(pid, Request::Seize(OPTIONS)).map_err(|error| format!("ptrace is not permitted: {error}"))?;
    ptrace(pid, Request::Interrupt).map_err(|error| format!("ptrace is not permitted: {error}"))?;
    loop {
        match wait_for(pid) {
            Ok(Event::Stop) => break,
            Ok(Event::Exit(_) | Event::Killed(_)) => return Err("the child ended early".into()),
            // A signal that arrived before.
            Ok(Event::Signal(signal)) => {
                let _ = ptrace(pid, Request::Continue(signal));
            }
            Ok(_) => {}
            Err(error) => return Err(format!("can't wait for the child: {error}")),
        }
    }
    let mut info = SyscallInfo::default();
    ptrace(pid, Request::SyscallInfo(&mut info)).map_err(|error| {
        format!("this kernel can't say at which system call a process stops (it needs Linux 5.3): {error}")
    })?;
    let address = info_address();
    super::memory::string(pid, address).map_err(|_| {
        "the memory of traced processes can't be read (process_vm_readv and ptrace)".to_owned()
    })?;
    fs::read_link(format!("/proc/{pid}/cwd")).map_err(|error| format!("/proc can't be read: {error}"))?;
    let resume = if every_call_stops { Request::Syscall(0) } else { Request::Continue(0) };
    ptrace(pid, resume).map_err(|error| format!("ptrace is not permitted: {error}"))
}

/// An address that is valid in the child, too, which is a copy of this process.
fn info_address() -> u64 {
    static TEXT: &[u8] = b"jettison-trace\0";
    TEXT.as_ptr().addr() as u64
}

/// The child: installs the filter, waits until it is traced, and executes the program.
fn child(program: &Program, filter: bool, go: &mut File, answers: &mut File) -> ! {
    /// As a shell reports it.
    const NOT_FOUND: i32 = 127;
    const NOT_EXECUTABLE: i32 = 126;
    let kind = if filter { install_filter() } else { answer::NO_FILTER };
    let _ = answers.write_all(&[kind]);
    let mut word = [0];
    if go.read_exact(&mut word).is_err() {
        kernel::exit_now(crate::FAILED);
    }
    let error = program.execute();
    let number = error.raw_os_error().unwrap_or(0);
    let _ = answers.write_all(&number.to_ne_bytes());
    kernel::exit_now(if number == libc::ENOENT { NOT_FOUND } else { NOT_EXECUTABLE });
}

fn install_filter() -> u8 {
    let program = filter::program(abis());
    if kernel::install_filter(&program).is_ok() {
        return answer::FILTER;
    }
    let installed = kernel::set_no_new_privileges().and_then(|()| kernel::install_filter(&program));
    // If only the second part failed, privileges are lost without need; no kernel with ptrace does that.
    if installed.is_ok() { answer::FILTER_WITHOUT_PRIVILEGES } else { answer::NO_FILTER }
}

//! Runs a program under ptrace, and records the files that it uses.
//!
//! `start` forks and attaches, `filter` stops the system calls of interest, which `syscalls` lists;
//! `observe` reads their arguments from the stopped process, `paths` and `resolve` find out which
//! files they mean, and `recorder` counts them. `follow` waits for stops, and resumes each process as
//! soon as its call is read. This module decides how the program is started.

mod credentials;
mod filter;
mod follow;
mod interpreters;
mod kernel;
mod memory;
mod observe;
mod paths;
mod recorder;
mod registers;
mod resolve;
mod start;
mod syscalls;
mod wait;

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use jettison_trace::{Header, NotSeen, Stops, Text, VERSION};

use crate::arguments::{Choice, Options};
use credentials::Credentials;
use follow::Tracer;
use recorder::Recorder;
use start::{Program, Refusal};

/// The directories of the PATH, or where the C library looks without one.
fn search_path() -> Vec<Vec<u8>> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let directory = |part: &[u8]| if part.is_empty() { b".".to_vec() } else { part.to_vec() };
    path.as_bytes().split(|byte| *byte == b':').map(directory).collect()
}

/// Runs the program, and returns its exit status. If a signal kills it, the same signal kills the
/// tracer.
pub fn run(options: &Options) -> Result<i32, String> {
    let program = match Program::find(&options.program) {
        Ok(program) => program,
        Err(Refusal::NotFound(message)) => return Ok(refuse(&message, 127)),
        Err(Refusal::NotExecutable(message)) => return Ok(refuse(&message, 126)),
    };
    let own = Credentials::own().ok_or("/proc/self/status can't be read")?;
    let wants_filter = match options.stops {
        Choice::Filter => true,
        Choice::All => false,
        Choice::Auto => filter_is_harmless(&own),
    };
    let started = start::start(&program, wants_filter);
    if let Err(reason) = &started
        && !options.or_run
    {
        return Err(format!("{reason}; the program was not started (--or-run runs it without a trace)"));
    }
    let stops = started.as_ref().map_or(Stops::None, |started| started.stops);
    let header = Header {
        trace: "jettison".into(),
        version: VERSION,
        program: options.program.iter().map(|word| Text::from(word.as_bytes())).collect(),
        workdir: std::env::current_dir().map(|path| path.as_os_str().as_bytes().into()).unwrap_or_default(),
        architecture: std::env::consts::ARCH.into(),
        stops,
        user: Some(own.user),
    };
    let created = Recorder::create(Path::new(&options.output), header);
    let mut recorder = match (created, &started) {
        (Ok(recorder), _) => recorder,
        (Err(error), started) => {
            if let Ok(started) = started {
                // It waits for its first stop, and has not executed the program.
                let _ = kernel::kill(started.pid, libc::SIGKILL);
            }
            return Err(format!("can't write {}: {error}", options.output.display()));
        }
    };
    match started {
        Ok(started) => Ok(Tracer::new(started, recorder, own).trace()),
        Err(reason) => {
            warn(&format!("{reason}; the program runs without a trace"));
            recorder.not_seen(NotSeen::Everything, None);
            drop(recorder);
            let error = program.execute();
            let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
            Ok(refuse(&format!("can't execute {}: {error}", options.program[0].display()), status))
        }
    }
}

fn warn(message: &str) {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "jettison-trace: {message}");
}

fn refuse(message: &str, status: i32) -> i32 {
    warn(message);
    status
}

/// Whether the filter changes nothing for the program. Without CAP_SYS_ADMIN, the filter requires
/// `no_new_privs`. That changes nothing if it is set already, nor for root, who has all privileges;
/// but other users may start programs like sudo.
fn filter_is_harmless(own: &Credentials) -> bool {
    const USUAL: [&[u8]; 6] =
        [b"/usr/local/sbin", b"/usr/local/bin", b"/usr/sbin", b"/usr/bin", b"/sbin", b"/bin"];
    if own.no_new_privileges || own.may_install_filters() || own.user == 0 {
        return true;
    }
    let path = search_path();
    let directories = path.iter().map(Vec::as_slice).chain(USUAL);
    !credentials::has_privileged_program(own, directories)
}

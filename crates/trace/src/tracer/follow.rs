//! Follows the processes of the program: waits until one of them stops, finds out why, and resumes it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Instant;

use jettison_trace::{End, FileType, NotSeen, Operation, Status, Stops};
use rustix::process::{Resource, Rlimit, getpid, setrlimit};

use super::credentials::Credentials;
use super::interpreters::Interpreter;
use super::kernel::{self, Request, SyscallInfo, Tid, ptrace};
use super::observe::{Effect, Observation, Observer, Problem};
use super::paths;
use super::recorder::{Outcome, Recorder, UNKNOWN_PROGRAM};
use super::registers::Registers;
use super::resolve::Presence;
use super::start::Started;
use super::syscalls::{Calls, UnknownArchitecture};
use super::wait::{Event, wait_for_any};

/// What a tracee is about to finish.
enum Pending {
    /// A call that was observed.
    Call(Observation),
    /// The call that makes the process readable, in place of the one that these registers describe.
    Opening(Registers),
}

#[derive(Default)]
struct Tracee {
    pending: Option<Pending>,
    /// Whether the process was made readable for the current call.
    opened: bool,
    /// The program that it runs, as the recorder counts them.
    program: Option<usize>,
}

/// The state of one run.
pub struct Tracer {
    started: Started,
    recorder: Recorder,
    own: Credentials,
    calls: Calls,
    tracees: HashMap<Tid, Tracee>,
    roots_vary: bool,
    /// Seccomp filters of the program before it started, and ours.
    filters: Option<u32>,
    processes: u64,
    status: Option<Status>,
    since: Instant,
}

/// How a tracee is resumed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Resume {
    /// Until something of interest happens.
    On(i32),
    /// Until the call has finished.
    UntilResult,
    /// Not at all, until SIGCONT.
    Listen,
    /// Without being traced any more.
    Untraced,
    /// It is not stopped.
    Nothing,
}

/// The signals that are passed to the program. SIGCHLD is about the program, and faults are about
/// the tracer itself.
fn forwarded() -> Vec<i32> {
    const OWN: [i32; 9] = [
        libc::SIGKILL,
        libc::SIGSTOP,
        libc::SIGCHLD,
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];
    // The C library uses 32 and 33 itself, and does not let a handler be set.
    (1..=64).filter(|signal| !OWN.contains(signal)).collect()
}

impl Tracer {
    /// The tracer of a child that is about to execute the program.
    pub fn new(started: Started, recorder: Recorder, own: Credentials) -> Self {
        let filters = Credentials::of(started.pid).and_then(|child| child.filters);
        Self {
            started,
            recorder,
            own,
            calls: Calls::new(),
            tracees: HashMap::new(),
            roots_vary: false,
            filters,
            processes: 1,
            status: None,
            since: Instant::now(),
        }
    }

    /// Follows all processes to the end of the last one. As process 1, to the end of the program: the
    /// kernel then ends the others, as it does without the tracer.
    pub fn trace(mut self) -> i32 {
        kernel::forward_signals(self.started.pid, &forwarded());
        let is_init = getpid().is_init();
        loop {
            match wait_for_any() {
                Ok((tid, event)) => self.handle(tid, event),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            if self.status.is_some() && (is_init || kernel::is_asked_to_end()) {
                break;
            }
        }
        let failure = self.started.failure();
        // There is no tracee without a status, since the program is one of them.
        let status = self.status.unwrap_or(Status::Exit(crate::FAILED));
        let seconds = (self.since.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let end = End { end: status, processes: self.processes, seconds };
        if let Err(error) = self.recorder.finish(end) {
            super::warn(&format!("the trace file is incomplete: {error}"));
        }
        if let Some(error) = failure {
            super::warn(&format!("can't execute the program: {error}"));
        }
        match status {
            Status::Exit(status) => status,
            Status::Signal(signal) => {
                // The program has dumped its core, if it should.
                let no_core = Rlimit { current: Some(0), maximum: Some(0) };
                let _ = setrlimit(Resource::Core, no_core);
                kernel::die_of(signal);
                // Process 1 does not die of a signal; a container engine reports it like this.
                128 + signal
            }
        }
    }

    fn handle(&mut self, tid: Tid, event: Event) {
        if matches!(event, Event::Filter | Event::Syscall | Event::Execute | Event::Stop) {
            self.recorder.acting = self.program(tid);
        }
        let resume = match event {
            Event::Exit(status) => self.ended(tid, Status::Exit(status)),
            Event::Killed(signal) => self.ended(tid, Status::Signal(signal)),
            Event::Signal(signal) => Resume::On(signal),
            Event::Filter => self.enter(tid),
            Event::Syscall => self.at_syscall(tid),
            Event::Execute => self.executed(tid),
            Event::Fork(is_process) => {
                self.processes += u64::from(is_process);
                Resume::On(0)
            }
            Event::GroupStop => Resume::Listen,
            Event::Stop | Event::Other => Resume::On(0),
            Event::Nothing => Resume::Nothing,
        };
        self.resume(tid, resume);
    }

    /// The program that a tracee runs: until it executes another one, that of its process or parent.
    /// A new tracee stops before it does anything, so its parent is usually still there.
    fn program(&mut self, tid: Tid) -> usize {
        let of = |tid: Tid| self.tracees.get(&tid).and_then(|tracee| tracee.program);
        if let Some(program) = of(tid) {
            return program;
        }
        let program = paths::relatives(tid).into_iter().find_map(of).unwrap_or(UNKNOWN_PROGRAM);
        self.tracees.entry(tid).or_default().program = Some(program);
        program
    }

    /// A tracee may be killed at any time, so it is no error if it can't be resumed.
    fn resume(&mut self, tid: Tid, resume: Resume) {
        let is_in_call = || self.tracees.get(&tid).is_some_and(|tracee| tracee.pending.is_some());
        let request = match resume {
            Resume::On(signal) if self.started.stops == Stops::All || is_in_call() => {
                Request::Syscall(signal)
            }
            Resume::On(signal) => Request::Continue(signal),
            Resume::UntilResult => Request::Syscall(0),
            Resume::Listen => Request::Listen,
            Resume::Untraced => Request::Detach,
            Resume::Nothing => return,
        };
        let _ = ptrace(tid, request);
        // If the terminal stopped the program, the shell waits for the tracer to stop.
        if resume == Resume::Listen && tid == self.started.pid && kernel::is_asked_to_stop() {
            kernel::stop_self();
        }
    }

    fn ended(&mut self, tid: Tid, status: Status) -> Resume {
        self.tracees.remove(&tid);
        if tid == self.started.pid {
            self.status = Some(status);
            kernel::stop_forwarding();
        }
        Resume::Nothing
    }

    /// A stop at the entry to a call, if every call stops, or at the exit from one.
    fn at_syscall(&mut self, tid: Tid) -> Resume {
        let mut info = SyscallInfo::default();
        if ptrace(tid, Request::SyscallInfo(&mut info)).is_err() {
            return Resume::On(0);
        }
        match info.operation {
            kernel::ENTRY if self.started.stops == Stops::All => self.observe(tid, &info),
            kernel::EXIT => self.leave(tid, info.result()),
            _ => Resume::On(0),
        }
    }

    /// The filter stopped the tracee before a call.
    fn enter(&mut self, tid: Tid) -> Resume {
        let mut info = SyscallInfo::default();
        match ptrace(tid, Request::SyscallInfo(&mut info)) {
            Ok(()) if info.operation == kernel::SECCOMP => self.observe(tid, &info),
            _ => Resume::On(0),
        }
    }

    fn observe(&mut self, tid: Tid, info: &SyscallInfo) -> Resume {
        let call = match self.calls.find(info.architecture, info.number) {
            Ok(Some(call)) => call,
            Ok(None) => return Resume::On(0),
            Err(UnknownArchitecture) => {
                self.not_seen(tid, NotSeen::Architecture);
                return Resume::On(0);
            }
        };
        let resolver = &mut self.recorder.resolver;
        let observed = Observer { tid, info, resolver, roots_vary: self.roots_vary }.observe(call);
        let tracee = self.tracees.entry(tid).or_default();
        match observed {
            Ok(observation) => {
                tracee.opened = false;
                if observation.executes && self.execution_gains(tid, &observation) {
                    return Resume::Untraced;
                }
                if let Some(outcome) = self.foresee(&observation) {
                    self.record(&observation, outcome);
                    return Resume::On(0);
                }
                self.expect(tid, Pending::Call(observation))
            }
            Err(Problem::Nothing) => {
                tracee.opened = false;
                Resume::On(0)
            }
            Err(Problem::Denied(what)) => {
                if !tracee.opened
                    && let Some(registers) = self.open(tid)
                {
                    return self.expect(tid, Pending::Opening(registers));
                }
                // Denied even after the process was made readable: the address is wrong.
                let tracee = self.tracees.entry(tid).or_default();
                if !std::mem::take(&mut tracee.opened) {
                    self.not_seen(tid, what);
                }
                Resume::On(0)
            }
        }
    }

    /// The outcome of a call that only looks, which the tracer can do as well: stopping the process
    /// once more for the result takes longer. (A process without permission is told that it has none;
    /// what counts here is whether there is a file.)
    fn foresee(&mut self, observation: &Observation) -> Option<Outcome> {
        let [access] = observation.accesses.as_slice() else { return None };
        if self.roots_vary || observation.effect != Effect::Nothing || observation.not_seen.is_some() {
            return None;
        }
        let mut presence = || self.recorder.presence(&observation.root, &access.path, access.follow);
        match access.operation {
            Operation::List => Some(Outcome::Found),
            Operation::Stat => match presence() {
                Presence::Found(_) => Some(Outcome::Found),
                Presence::Missing => Some(Outcome::Missing),
                Presence::Unknown => None,
            },
            Operation::ReadLink => match presence() {
                Presence::Found(FileType::Symlink) => Some(Outcome::Found),
                Presence::Found(_) => Some(Outcome::Failed),
                Presence::Missing => Some(Outcome::Missing),
                Presence::Unknown => None,
            },
            _ => None,
        }
    }

    fn expect(&mut self, tid: Tid, pending: Pending) -> Resume {
        self.tracees.entry(tid).or_default().pending = Some(pending);
        Resume::UntilResult
    }

    fn not_seen(&mut self, tid: Tid, what: NotSeen) {
        let program = paths::executable(tid);
        self.recorder.not_seen(what, program.as_deref());
    }

    /// A process that gives up being root can't be read any more by a tracer without CAP_SYS_PTRACE,
    /// unless it sets PR_SET_DUMPABLE. So it makes that call first, and then repeats its own.
    fn open(&self, tid: Tid) -> Option<Registers> {
        const SET_DUMPABLE: u64 = 4;
        // A filter of the program might kill it for this call.
        let process = Credentials::of(tid)?;
        if process.filters? != self.filters? {
            return None;
        }
        let registers = Registers::of(tid).ok()?;
        registers.replace_call(tid, libc::SYS_prctl, SET_DUMPABLE, 1).ok()?;
        Some(registers)
    }

    /// Whether a call executes a program that gives privileges. Where every call stops, the process
    /// is let go, since it does not get them while it is traced; with a filter, it can't be.
    fn execution_gains(&mut self, tid: Tid, observation: &Observation) -> bool {
        let Some(access) = observation.accesses.first() else { return false };
        let is_lost = self.started.loses_privileges || !self.own.may_trace_all();
        if !is_lost {
            return false;
        }
        let Some(mut process) = Credentials::of(tid) else { return false };
        if self.started.loses_privileges {
            process.no_new_privileges = false;
        } else if process.may_be_anyone() {
            return false;
        }
        // The privileges of a script are those of its interpreter.
        let program = match self.interpreter(&access.path) {
            Some(Interpreter::OfScript(interpreter)) => interpreter,
            _ => access.path.clone(),
        };
        if !process.gains_by(Path::new(OsStr::from_bytes(&program))) {
            return false;
        }
        if self.started.stops == Stops::Filter {
            self.recorder.not_seen(NotSeen::PrivilegesLost, Some(&program));
            return false;
        }
        self.recorder.not_seen(NotSeen::Privileges, Some(&program));
        self.record(observation, Outcome::Found);
        self.tracees.remove(&tid);
        true
    }

    /// A call has finished.
    fn leave(&mut self, tid: Tid, result: Result<i64, i32>) -> Resume {
        let Some(tracee) = self.tracees.get_mut(&tid) else { return Resume::On(0) };
        match tracee.pending.take() {
            Some(Pending::Call(observation)) => match result {
                Ok(_) => self.succeeded(tid, &observation),
                Err(error) => {
                    if let Some(outcome) = Outcome::of_error(error) {
                        self.failed(&observation, outcome);
                    }
                }
            },
            Some(Pending::Opening(registers)) => {
                tracee.opened = result.is_ok();
                if registers.repeat_call(tid).is_err() {
                    self.not_seen(tid, NotSeen::Memory);
                }
            }
            None => {}
        }
        Resume::On(0)
    }

    fn succeeded(&mut self, tid: Tid, observation: &Observation) {
        for access in &observation.accesses {
            if let Some(file_type) = access.file_type {
                self.recorder.set_type(&access.path, file_type);
            }
        }
        match observation.effect {
            Effect::Nothing => {}
            Effect::AtPaths => {
                for access in &observation.accesses {
                    self.recorder.changed(&access.path);
                }
            }
            Effect::Root => {
                self.roots_vary = true;
                self.recorder.resolver.find_mounts();
                self.recorder.files_moved();
            }
        }
        if let Some(what) = observation.not_seen {
            self.not_seen(tid, what);
        }
        self.record(observation, Outcome::Found);
    }

    fn failed(&mut self, observation: &Observation, outcome: Outcome) {
        if observation.executes
            && outcome == Outcome::Missing
            && let Some(access) = observation.accesses.first()
            && matches!(
                self.recorder.resolver.resolve(&observation.root, &access.path, true).presence,
                Presence::Found(_)
            )
        {
            // The file is there, but its interpreter is not.
            self.record(observation, Outcome::Failed);
            self.interpreters(&observation.root, &access.path);
            return;
        }
        self.record(observation, outcome);
    }

    fn record(&mut self, observation: &Observation, outcome: Outcome) {
        for access in &observation.accesses {
            self.recorder.record(&observation.root, &access.path, access.operation, outcome, access.follow);
        }
    }

    /// A process has executed a program; other threads are gone.
    fn executed(&mut self, tid: Tid) -> Resume {
        let mut former = 0;
        let _ = ptrace(tid, Request::EventMessage(&mut former));
        let former = Tid::try_from(former).unwrap_or(tid);
        let pending = self.tracees.remove(&former).and_then(|tracee| tracee.pending);
        self.tracees.insert(tid, Tracee::default());
        if let Some(Pending::Call(observation)) = pending {
            self.record(&observation, Outcome::Found);
            if let Some(access) = observation.accesses.first() {
                let last = self.interpreters(&observation.root, &access.path);
                self.handler(tid, &last);
                let program = self.name(tid, &observation.root, last);
                self.tracees.entry(tid).or_default().program = Some(program);
            }
        }
        Resume::On(0)
    }

    /// The program that a process has just executed, with the first of its arguments that is a file.
    fn name(&mut self, tid: Tid, root: &[u8], mut program: Vec<u8>) -> usize {
        /// The script comes after the interpreter's options.
        const FIRST: usize = 16;
        let resolver = &mut self.recorder.resolver;
        let mut file = |argument: &Vec<u8>| {
            let directory = || paths::directory(tid, paths::WORKING_DIRECTORY);
            let path = paths::join(resolver, root, directory, argument).ok()?;
            let resolved = resolver.resolve(root, &path, true);
            (resolved.presence == Presence::Found(FileType::File)).then_some(resolved.path)
        };
        let arguments = paths::arguments(tid).into_iter().skip(1).take(FIRST);
        let mut operands = arguments.filter(|argument| !argument.is_empty() && !argument.starts_with(b"-"));
        if let Some(file) = operands.find_map(|argument| file(&argument)) {
            program.push(b' ');
            program.extend(file);
        }
        self.recorder.program(program)
    }

    /// Records the interpreter or loader of a program, and theirs. Returns the program that runs in
    /// the end, symlinks resolved.
    fn interpreters(&mut self, root: &[u8], program: &[u8]) -> Vec<u8> {
        /// As many as the kernel follows.
        const MOST: usize = 5;
        let mut program = self.recorder.resolver.resolve(root, program, true).path;
        for _ in 0..MOST {
            let (name, is_loader) = match self.interpreter(&program) {
                // A relative name is looked up in the working directory; no script means that.
                Some(Interpreter::OfScript(name)) if name.starts_with(b"/") => (name, false),
                Some(Interpreter::Loader(name)) if name.starts_with(b"/") => (name, true),
                _ => break,
            };
            let name = [root, &name].concat();
            let resolved = self.recorder.resolver.resolve(root, &name, true);
            let is_missing = resolved.presence == Presence::Missing;
            let outcome = if is_missing { Outcome::Missing } else { Outcome::Found };
            self.recorder.record(root, &name, Operation::Execute, outcome, true);
            if is_loader || is_missing {
                break;
            }
            program = resolved.path;
        }
        program
    }

    /// The interpreter of a file, which the tracer reads if it may.
    fn interpreter(&self, program: &[u8]) -> Option<Interpreter> {
        if self.recorder.resolver.may_touch(program) { super::interpreters::of(program) } else { None }
    }

    /// If the kernel runs another program than the file says, it is a handler of binfmt_misc.
    fn handler(&mut self, tid: Tid, expected: &[u8]) {
        if let Some(running) = paths::executable(tid)
            && running != expected
            && matches!(self.recorder.resolver.presence(&running), Presence::Found(_))
        {
            self.recorder.record(b"", &running, Operation::Execute, Outcome::Found, true);
        }
    }
}

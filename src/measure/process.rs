//! Child processes that are waited for and end together with this program: an interrupt ends them
//! first.
//!
//! After an interrupt, no process is started, and a thread that tries to start one waits for the
//! end of the program.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

/// How long a child process may take to end after a signal.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a program to its end, and captures its output. `hear` gets each line of standard error at once.
pub(super) fn output(command: Command, hear: impl Fn(&[u8]) + Send + 'static) -> io::Result<Output> {
    let mut running = Running::start(command, hear)?;
    let mut stdout = Vec::new();
    running.output().read_to_end(&mut stdout)?;
    let (status, stderr) = running.finish()?;
    Ok(Output { status, stdout, stderr })
}

/// A program whose output is streamed.
pub struct Running {
    child: Arc<Mutex<Child>>,
    output: ChildStdout,
    said: JoinHandle<Vec<u8>>,
}

impl Running {
    /// Starts it; both output streams must be piped.
    pub(super) fn start(mut command: Command, hear: impl Fn(&[u8]) + Send + 'static) -> io::Result<Self> {
        wait_if_stopping();
        let mut child = command.spawn()?;
        let (Some(output), Some(said)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("its streams are not piped"));
        };
        // A thread reads standard error, so that the program never blocks on it.
        let said = std::thread::spawn(move || {
            let mut said = BufReader::new(said);
            let mut text = Vec::new();
            let mut heard = 0;
            while said.read_until(b'\n', &mut text).is_ok_and(|read| read > 0) {
                hear(&text[heard..]);
                heard = text.len();
            }
            text
        });
        let child = Arc::new(Mutex::new(child));
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(child.clone());
        Ok(Self { child, output, said })
    }

    /// Its output.
    pub fn output(&mut self) -> impl Read + '_ {
        &mut self.output
    }

    /// Waits for its end and discards unread output. Returns its exit status and its standard
    /// error.
    pub fn finish(mut self) -> io::Result<(ExitStatus, Vec<u8>)> {
        io::copy(&mut self.output, &mut io::sink())?;
        let said = self.said.join().unwrap_or_default();
        // Its streams are closed, so it has ended or is about to end.
        let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait()?;
        RUNNING
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|other| !Arc::ptr_eq(other, &self.child));
        wait_if_stopping();
        Ok((status, said))
    }
}

/// Ends all running processes and prevents new ones. For the thread that handles the interrupt.
pub(super) fn stop() {
    STOPPING.store(true, Ordering::SeqCst);
    let running = std::mem::take(&mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
    let ask =
        |child: &Arc<Mutex<Child>>| interrupt(child.lock().unwrap_or_else(PoisonError::into_inner).id());
    running.iter().for_each(ask);
    let since = Instant::now();
    for child in running {
        loop {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            match child.try_wait() {
                Ok(None) if since.elapsed() < PATIENCE => {}
                Ok(None) => drop(child.kill()),
                _ => break,
            }
            drop(child);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Asks a program to end like a terminal does: Docker's command line then cancels its requests.
#[cfg(unix)]
fn interrupt(id: u32) {
    let Ok(id) = i32::try_from(id) else { return };
    // It may already have ended.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGINT);
}

#[cfg(not(unix))]
fn interrupt(_: u32) {}

/// Whether an interrupt ends the program.
pub fn is_stopping() -> bool {
    STOPPING.load(Ordering::SeqCst)
}

/// Blocks forever: the thread that handles the interrupt ends the program after everything is
/// removed.
fn wait_if_stopping() {
    while is_stopping() {
        std::thread::park();
    }
}

//! The time limit of a file, so that no file stops a run over many files.
//!
//! It counts the CPU time of the thread that processes the file if the system provides it, so a
//! busy machine makes no difference; otherwise it counts elapsed time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{Deadline, Settings};
use crate::pipeline::Outcome;
use crate::reasons::{self, Reason};

/// The settings for a file, with a deadline that starts now.
pub fn started(settings: &Settings) -> Arc<Settings> {
    let limit = Duration::from_secs(settings.config.time_limit);
    let mut settings = Settings::clone(settings);
    if !limit.is_zero() {
        // Asking for a thread's time is a call to the system, and its time is never more than the
        // clock's.
        let (clock, start) = (Instant::now(), now());
        settings.deadline =
            Deadline::by(move || clock.elapsed() > limit && now().saturating_sub(start) > limit);
    }
    Arc::new(settings)
}

/// The outcome, or an error if the file exceeded its time limit.
pub fn in_time(outcome: Outcome, settings: &Settings) -> Result<Outcome, Reason> {
    if outcome.is_late {
        let limit = usize::try_from(settings.config.time_limit).unwrap_or(usize::MAX);
        return Err(reasons::out_of_time(limit));
    }
    Ok(outcome)
}

/// The CPU time of this thread so far.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn now() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// The time since the first call.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn now() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

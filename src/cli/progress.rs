//! Progress: one line on a terminal, which is erased again; elsewhere, a line now and then if an action
//! takes long.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::escape;
use crate::measure::{Activity, Progress, is_stopping};

/// Shows what is done, which build step runs, and for how long.
pub struct Bar {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    change: Condvar,
}

#[derive(Default)]
struct State {
    /// What is done, and since when.
    now: Option<(Progress, Instant)>,
    /// Whether the line is on the screen.
    is_drawn: bool,
    is_over: bool,
}

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(200);
/// How long an action takes before a log mentions it, and how often it does so.
const PATIENCE: Duration = Duration::from_secs(30);

impl Bar {
    /// A bar on standard error.
    pub fn new(quiet: bool, activity: &Activity) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = (!quiet).then(|| {
            let (shared, activity) = (shared.clone(), activity.clone());
            std::thread::spawn(move || {
                if io::stderr().is_terminal() { draw(&shared, &activity) } else { log(&shared, &activity) }
            })
        });
        Self { shared, thread }
    }

    /// Shows an action.
    pub fn show(&self, progress: &Progress) {
        self.set(Some((progress.clone(), Instant::now())));
    }

    /// Shows an action without a count.
    pub fn say(&self, what: &str) {
        self.show(&Progress { what: what.to_owned(), done: 0, total: 0 });
    }

    /// Erases the line, so that other output can follow.
    pub fn clear(&self) {
        self.set(None);
    }

    fn set(&self, now: Option<(Progress, Instant)>) {
        let mut state = self.shared.lock();
        if now.is_none() {
            erase(&mut state);
        }
        state.now = now;
        drop(state);
        self.shared.change.notify_all();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
        self.shared.lock().is_over = true;
        self.shared.change.notify_all();
        if let Some(thread) = self.thread.take() {
            // It ends at once.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change or for some time. `None` if the bar is over.
    fn wait(&self, time: Duration) -> Option<std::sync::MutexGuard<'_, State>> {
        let state = self.lock();
        if state.is_over {
            return None;
        }
        let (state, _) = self.change.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner);
        (!state.is_over && !is_stopping()).then_some(state)
    }
}

/// Erases the line if it is on the screen. If standard error is closed, progress is not needed.
fn erase(state: &mut State) {
    if std::mem::take(&mut state.is_drawn) {
        let _ = write!(io::stderr(), "\r\u{1b}[K");
    }
}

/// Draws the line again and again.
fn draw(shared: &Shared, activity: &Activity) {
    while let Some(mut state) = shared.wait(TICK) {
        if let Some((progress, since)) = &state.now {
            let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| width.0.into());
            let line = line(progress, &activity.step(), since.elapsed(), width);
            let _ = write!(io::stderr(), "\r\u{1b}[K{line}");
            state.is_drawn = true;
        }
    }
}

/// Writes a line for each action that takes long.
fn log(shared: &Shared, activity: &Activity) {
    let mut said = None;
    while let Some(state) = shared.wait(TICK) {
        let Some((progress, since)) = &state.now else { continue };
        let last = said.filter(|last| last > since).unwrap_or(*since);
        if last.elapsed() >= PATIENCE {
            let line = line(progress, &activity.step(), since.elapsed(), usize::MAX);
            let _ = writeln!(io::stderr(), "{line}");
            said = Some(Instant::now());
        }
    }
}

/// The number of characters of the bar.
const LENGTH: usize = 10;

/// `███░░░░░░░ 3/8 after: clean build, run 1: [2/5] RUN make… 12 s`, in less than `width` columns.
fn line(progress: &Progress, step: &str, elapsed: Duration, width: usize) -> String {
    let Progress { what, done, total } = progress;
    let full = (done * LENGTH).checked_div(*total).unwrap_or_default().min(LENGTH);
    let bar = format!("{}{} {done}/{total} ", "█".repeat(full), "░".repeat(LENGTH - full));
    let bar = if *total > 0 { bar } else { String::new() };
    let step = if step.is_empty() { String::new() } else { format!(": {step}") };
    let text = format!("{bar}{what}{step}");
    let text = escape::line(&text);
    let time = match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    };
    // The last column stays free: some terminals wrap after it.
    let room = width.saturating_sub(time.len() + 3);
    let shown: String = text.chars().take(room).collect();
    format!("{shown}… {time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D6: the line fits every terminal, and says which step runs and for how long.
    #[test]
    fn the_line_fits_the_terminal() {
        let progress = Progress {
            what: "before: rebuild after a change to notes/__init__.py, run 1".into(),
            done: 1,
            total: 8,
        };
        let step = "[build 4/9] RUN pip install --no-cache-dir -r requirements.txt";
        let whole = line(&progress, step, Duration::from_secs(12), 200);
        assert_eq!(
            whole,
            "█░░░░░░░░░ 1/8 before: rebuild after a change to notes/__init__.py, run 1: \
             [build 4/9] RUN pip install --no-cache-dir -r requirements.txt… 12 s"
        );
        for width in [20, 40, 80, 120] {
            let shown = line(&progress, step, Duration::from_secs(185), width);
            assert!(shown.chars().count() < width, "{width}: {shown}");
            assert!(shown.ends_with("… 3 min 05 s"), "{shown}");
        }
        let plain = Progress { what: "building the original".into(), done: 0, total: 0 };
        assert_eq!(line(&plain, "", Duration::from_secs(3), 80), "building the original… 3 s");
    }
}

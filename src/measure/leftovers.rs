//! Temporary images, containers and directories, which are removed when the program ends, also on
//! an interrupt.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};

use super::engine::Engine;

static LEFT: Mutex<Vec<Leftover>> = Mutex::new(Vec::new());

/// A resource to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Leftover {
    Image(Engine, String),
    Container(Engine, String),
    Directory(PathBuf),
}

/// Installs the signal handler that removes temporary images, containers and directories. Call this
/// before creating any.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without the handler, only an interrupt leaves something.
        let _ = ctrlc::set_handler(|| {
            super::process::stop();
            let left: Vec<Leftover> = LEFT.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
            left.iter().rev().for_each(Leftover::remove);
            // If standard error is closed, the message is lost.
            let start = if std::io::stderr().is_terminal() { "\r\u{1b}[K" } else { "" };
            let _ = writeln!(
                std::io::stderr(),
                "{start}{}",
                if left.is_empty() { "interrupted" } else { FAREWELL }
            );
            std::process::exit(130);
        });
    });
}

/// The last message after an interrupt.
const FAREWELL: &str = "interrupted; temporary files, images and containers are removed";

impl Leftover {
    fn remove(&self) {
        // Nothing more can be done about a failure.
        match self {
            Self::Image(engine, tag) => engine.remove(["image", "rm", "--force", tag]),
            Self::Container(engine, name) => engine.remove(["rm", "--force", "--volumes", name]),
            Self::Directory(path) => drop(std::fs::remove_dir_all(path)),
        }
    }
}

fn take(what: &Leftover) {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).retain(|leftover| leftover != what);
}

fn put(what: Leftover) {
    watch();
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

/// An image that is removed when dropped.
#[derive(Debug)]
pub struct TemporaryImage {
    engine: Engine,
    /// Its name.
    pub tag: String,
}

impl TemporaryImage {
    /// A unique name; the image may be created later or never.
    pub fn named(engine: &Engine) -> Self {
        let tag = format!("jettison-measure:{}", unique());
        put(Leftover::Image(engine.clone(), tag.clone()));
        Self { engine: engine.clone(), tag }
    }
}

impl Drop for TemporaryImage {
    fn drop(&mut self) {
        let own = Leftover::Image(self.engine.clone(), self.tag.clone());
        own.remove();
        take(&own);
    }
}

/// A container that is removed when dropped.
#[derive(Debug)]
pub struct TemporaryContainer {
    engine: Engine,
    /// Its name.
    pub name: String,
}

impl TemporaryContainer {
    /// A unique name; the container may be created later or never.
    pub fn named(engine: &Engine) -> Self {
        let name = format!("jettison-verify-{}", unique());
        put(Leftover::Container(engine.clone(), name.clone()));
        Self { engine: engine.clone(), name }
    }
}

impl Drop for TemporaryContainer {
    fn drop(&mut self) {
        let own = Leftover::Container(self.engine.clone(), self.name.clone());
        own.remove();
        take(&own);
    }
}

/// A directory that is removed when dropped.
#[derive(Debug)]
pub struct TemporaryDirectory {
    inner: tempfile::TempDir,
}

impl TemporaryDirectory {
    /// Creates an empty directory.
    pub fn new() -> std::io::Result<Self> {
        let inner = tempfile::Builder::new().prefix("jettison-").tempdir()?;
        put(Leftover::Directory(inner.path().to_owned()));
        Ok(Self { inner })
    }

    /// Its path.
    pub fn path(&self) -> &std::path::Path {
        self.inner.path()
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        take(&Leftover::Directory(self.inner.path().to_owned()));
    }
}

/// Letters that make a name unique among all running processes.
fn unique() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

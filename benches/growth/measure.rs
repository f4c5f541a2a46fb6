//! The time that a file takes, as CPU time of its thread, so that other load on the machine makes
//! no difference.

use std::collections::BTreeMap;
use std::time::Duration;

use jettison::config::{Caches, Config, Settings};
use jettison::context::{BuildContext, ContextSource, Entry};
use jettison::pipeline::{self, Outcome};

/// The ways in which files are fixed.
pub const MODES: &[&str] = &["by default", "with --unsafe", "with --caches mount"];

/// The settings of a mode.
pub fn settings(mode: &str) -> Settings {
    let mut config = Config::default();
    match mode {
        "with --unsafe" => config.r#unsafe = true,
        "with --caches mount" => config.caches = Caches::Mount,
        _ => {}
    }
    Settings { config, ..Settings::default() }
}

/// Fixes a text with a small build context, and returns how long that takes.
pub fn fix(text: &str, settings: &Settings) -> (Duration, Outcome) {
    let context_source = Project::new();
    let start = now();
    let outcome = pipeline::fix_within(text, settings, &context_source);
    (now().saturating_sub(start), outcome)
}

/// The exponent: the time grows with this power of the file's length.
pub fn exponent(sizes: (usize, usize), times: (Duration, Duration)) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let sizes = sizes.1 as f64 / sizes.0 as f64;
    (times.1.as_secs_f64() / times.0.as_secs_f64().max(1e-6)).ln() / sizes.ln()
}

/// A project with a few manifests and sources.
struct Project(BuildContext);

impl Project {
    fn new() -> Self {
        let texts = [
            (
                "package.json",
                "{\"name\": \"a\", \"dependencies\": {\"b\": \"1\"}, \"devDependencies\": {\"c\": \"1\"}}",
            ),
            ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}"),
            ("requirements.txt", "flask==3.0\n"),
            ("go.mod", "module x\n"),
            ("app.py", "import flask\n"),
            ("app.js", "require('b')\n"),
        ];
        let others = (0..50).map(|number| format!("src/file{number}.txt"));
        let paths = texts.iter().map(|(path, _)| (*path).to_owned()).chain(others);
        let entries =
            paths.map(|path| Entry { path, size: 100, is_link: false, executable: false }).collect();
        let texts: BTreeMap<_, _> =
            texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self(BuildContext::of(entries, texts, ".dockerignore", None))
    }
}

impl ContextSource for Project {
    fn context(&self) -> Result<&BuildContext, &str> {
        Ok(&self.0)
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn now() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock").into()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("later than 1970")
}

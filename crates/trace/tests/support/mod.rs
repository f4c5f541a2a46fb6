//! Runs programs with the tracer, and finds what they need.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use jettison_trace::{Operation, PathRecord, Trace};

/// The tracer.
pub const TRACER: &str = env!("CARGO_BIN_EXE_jettison-trace");

/// How the tracer sees calls; most tests run with each.
pub const STOPS: [&str; 2] = ["filter", "all"];

/// Reports that a test is skipped, or fails if no test may be.
pub fn skip(test: &str, why: &str) {
    let all_is_required = std::env::var_os("JETTISON_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!all_is_required, "{test} must run, because JETTISON_REQUIRE_ALL=1, but {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

/// Whether these programs are in the PATH. If not, the test is skipped.
pub fn has_programs(test: &str, names: &[&str]) -> bool {
    let is_there = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
    };
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        skip(test, &format!("{} is not in the PATH", missing.join(", ")));
    }
    missing.is_empty()
}

/// Whether the test runs as root. If not, it is skipped.
pub fn is_root(test: &str) -> bool {
    let is_root = rustix::process::getuid().is_root();
    if !is_root {
        skip(test, "it needs root");
    }
    is_root
}

/// The C programs, linked statically and dynamically. Without a C compiler, the test is skipped.
pub fn programs(test: &str) -> Option<[PathBuf; 2]> {
    static BUILT: OnceLock<Result<[PathBuf; 2], String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/programs.c");
        let build = |name: &str, option: &str| {
            // A name of its own, since another test program may be building it, too.
            let new = folder.join(format!("{name}.{}", std::process::id()));
            let status = Command::new("cc")
                .args(["-O1", "-w", "-pthread", option, source, "-o"])
                .arg(&new)
                .status()
                .map_err(|error| format!("cc can't be run: {error}"))?;
            let built = folder.join(name);
            let is_built = status.success() && fs::rename(&new, &built).is_ok();
            if is_built { Ok(built) } else { Err(format!("cc {option} fails")) }
        };
        Ok([build("programs-static", "-static")?, build("programs-dynamic", "-pie")?])
    });
    built.clone().map_err(|why| skip(test, &why)).ok()
}

/// A directory that is removed at the end, without symlinks in its path.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("jettison-trace-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("it can be created");
        Self(fs::canonicalize(path).expect("it is there"))
    }

    /// Writes files; each has this content.
    pub fn with(self, names: &[&str]) -> Self {
        for name in names {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be created");
            fs::write(path, "abc").expect("it can be written");
        }
        self
    }

    /// A script with this text.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.join(name);
        fs::write(&path, text).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it has an owner");
        path
    }

    /// The tracer, in this directory. The trace is written outside of it.
    pub fn tracer(&self, stops: &str) -> Command {
        let mut command = Command::new(TRACER);
        command.arg("--output").arg(self.output()).args(["--stops", stops, "--"]).current_dir(&self.0);
        command
    }

    fn output(&self) -> PathBuf {
        self.0.with_extension("trace")
    }

    /// Runs a program with the tracer.
    pub fn trace<I: AsRef<OsStr>>(&self, stops: &str, program: impl IntoIterator<Item = I>) -> Traced {
        let output = self.tracer(stops).args(program).output().expect("the tracer starts");
        Traced { trace: self.read(), folder: self.0.clone(), output }
    }

    /// The trace as it is now.
    pub fn read(&self) -> Trace {
        let text = fs::read(self.output()).expect("there is a trace");
        Trace::read(&text[..]).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_file(self.output());
    }
}

/// What a traced program did.
pub struct Traced {
    pub trace: Trace,
    pub output: Output,
    folder: PathBuf,
}

impl Traced {
    /// Checks that the program exited with this status, and that the trace says so.
    pub fn exits(self, status: i32) -> Self {
        let errors = String::from_utf8_lossy(&self.output.stderr);
        assert_eq!(self.output.status.code(), Some(status), "{errors}");
        assert!(self.trace.is_complete());
        let end = self.trace.runs[0].end.as_ref().expect("it is complete");
        assert_eq!(end.end, jettison_trace::Status::Exit(status));
        self
    }

    /// Checks that everything was seen.
    pub fn sees_all(self) -> Self {
        assert!(self.trace.is_exhaustive(), "{:?}", self.trace.not_seen);
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// What was done with a path, absolute or below the directory.
    pub fn path(&self, path: impl AsRef<Path>) -> PathRecord {
        let path = self.folder.join(path);
        self.trace.paths.get(path.as_os_str().as_encoded_bytes()).cloned().unwrap_or_default()
    }

    pub fn found(&self, path: impl AsRef<Path>, operation: Operation) -> u64 {
        self.path(path).found.get(&operation).copied().unwrap_or(0)
    }

    pub fn missing(&self, path: impl AsRef<Path>, operation: Operation) -> u64 {
        self.path(path).missing.get(&operation).copied().unwrap_or(0)
    }
}

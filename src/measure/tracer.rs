//! The program `jettison-trace`, as containers need it.
//!
//! It is copied into a container together with its loader and its libraries, so that it starts in
//! every image, whatever that contains. This module does not know what a trace means.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use jettison_trace::Trace;
use thiserror::Error;

use super::Error as MeasureError;
use super::engine::Engine;
use super::leftovers::TemporaryDirectory;
use crate::image::Elf;

/// The variable that names the program.
pub const VARIABLE: &str = "JETTISON_TRACER";

const PROGRAM: &str = "jettison-trace";

/// The directory in containers that has the tracer and its trace.
pub const DIRECTORY: &str = "/.jettison";

/// Where the tracer writes: a directory that every user may write to.
const TRACE: &str = "/.jettison/out/trace";

/// Where the loader of Linux systems finds libraries. (man 8 ld.so, and the multiarch directories of
/// Debian.)
const LIBRARIES: [&str; 8] = [
    "/lib64",
    "/usr/lib64",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib",
    "/usr/lib",
];

/// Why nothing can be traced.
#[derive(Debug, Error)]
pub enum NoTracer {
    /// The program is not installed.
    #[error(
        "the program `{PROGRAM}` is neither next to jettison nor in the PATH (or set {VARIABLE} to its path)"
    )]
    NotFound,
    /// Containers can't run it.
    #[error("{} is not a Linux program for {engine}, where the engine runs", path.display())]
    Platform {
        /// The program.
        path: PathBuf,
        /// The engine's operating system and architecture.
        engine: String,
    },
    /// A library that it needs.
    #[error("{library}, a library of {}, is in no usual directory", path.display())]
    Library {
        /// The program.
        path: PathBuf,
        /// The library.
        library: String,
    },
    /// Something can't be read or copied.
    #[error("{}: {source}", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] Box<MeasureError>),
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Tracer {
    /// The files to copy.
    directory: TemporaryDirectory,
    /// The first words of the command that runs a program under it.
    command: Vec<String>,
}

impl Tracer {
    /// Finds the program and what it needs.
    pub fn find(engine: &Engine) -> Result<Self, NoTracer> {
        let path = program().ok_or(NoTracer::NotFound)?;
        let bytes = fs::read(&path).map_err(copying(&path))?;
        let format = "{{if .Server}}{{.Server.Os}}/{{.Server.Arch}}{{else}}{{.Client.OsArch}}{{end}}";
        let platform = engine.call(["version", "--format", format]).map_err(Box::new)?;
        let elf = Elf::parse(&bytes).filter(|elf| runs_on(elf, &platform));
        let elf = elf.ok_or_else(|| NoTracer::Platform { path: path.clone(), engine: platform })?;
        let directory = TemporaryDirectory::new().map_err(copying(Path::new("a temporary directory")))?;
        let put = |name: &str, from: &Path| {
            let to = directory.path().join(name);
            fs::copy(from, &to).and_then(|_| make(&to, 0o755)).map_err(copying(from))
        };
        put(PROGRAM, &path)?;
        let out = directory.path().join("out");
        fs::create_dir(&out).and_then(|()| make(&out, 0o777)).map_err(copying(&out))?;
        make(directory.path(), 0o755).map_err(copying(directory.path()))?;
        let mut command = Vec::new();
        if let Some(loader) = &elf.interpreter {
            let loader = Path::new(loader);
            put("loader", loader)?;
            for (name, from) in libraries(&path, elf)? {
                put(&name, &from)?;
            }
            command.extend([format!("{DIRECTORY}/loader"), "--library-path".into(), DIRECTORY.into()]);
        }
        command.extend([format!("{DIRECTORY}/{PROGRAM}"), "--output".into(), TRACE.into(), "--".into()]);
        Ok(Self { directory, command })
    }

    /// The words before the program to run.
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// Copies it into a container that has not started.
    pub fn copy_to(&self, engine: &Engine, container: &str) -> Result<(), MeasureError> {
        let from = format!("{}/.", self.directory.path().display());
        engine.call(["cp", &from, &format!("{container}:{DIRECTORY}")]).map(drop)
    }
}

/// Reads what was recorded in a container. The trace is empty if the tracer could not start.
pub fn trace_of(engine: &Engine, container: &str) -> Result<Trace, MeasureError> {
    let copy = TemporaryDirectory::new().map_err(MeasureError::Temporary)?;
    let to = copy.path().join("trace");
    let from = format!("{container}:{TRACE}");
    let output = engine.output(["cp", &from, &to.to_string_lossy()])?;
    let file = fs::File::open(&to).ok().filter(|_| output.status.success());
    let trace = file.and_then(|file| Trace::read(BufReader::new(file)).ok());
    Ok(trace.unwrap_or_default())
}

/// The path of the program: named by the user, next to this program, or in the PATH.
fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let own = std::env::current_exe().ok();
    let folder = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = folder.into_iter().chain(std::env::split_paths(&path));
    directories.map(|directory| directory.join(PROGRAM)).find(|path| path.is_file())
}

/// Whether a program runs on this platform, such as `linux/amd64`. (ELF, `e_machine`.)
fn runs_on(elf: &Elf, platform: &str) -> bool {
    match platform {
        "linux/amd64" => elf.machine == 62,
        "linux/arm64" => elf.machine == 183,
        _ => false,
    }
}

/// The names and paths of all libraries that a program loads.
fn libraries(program: &Path, elf: Elf) -> Result<Vec<(String, PathBuf)>, NoTracer> {
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    let mut left = elf.needed;
    while let Some(name) = left.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let path = LIBRARIES.iter().map(|directory| Path::new(directory).join(&name));
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).ok()?;
            Elf::parse(&bytes).filter(|other| other.machine == elf.machine).map(|other| (path, other))
        };
        let missing = || NoTracer::Library { path: program.to_owned(), library: name.clone() };
        let (path, library) = path.into_iter().find_map(read).ok_or_else(missing)?;
        left.extend(library.needed);
        found.push((name, path));
    }
    Ok(found)
}

/// Sets the mode of a file or directory.
#[cfg(unix)]
fn make(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn make(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

fn copying(path: &Path) -> impl FnOnce(std::io::Error) -> NoTracer {
    let path = path.to_owned();
    move |source| NoTracer::Copy { path, source }
}

//! Throwaway roots: a server in its own namespaces, written in C and compiled here (`throwaway/`),
//! in whose file systems real shells run scripts. The oracle and the differential test each have a
//! server; this is the code that they share.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use tempfile::TempDir;

/// A value that is created once, shared, and removed with its last user.
pub struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// The existing value, or a new one. The error says what this machine lacks.
    pub fn get(&self, make: impl FnOnce() -> io::Result<T>) -> Result<Arc<T>, String> {
        let mut known = self.0.lock().map_err(|error| error.to_string())?;
        if let Some(shared) = known.upgrade() {
            return Ok(shared);
        }
        let made = Arc::new(make().map_err(|error| error.to_string())?);
        *known = Arc::downgrade(&made);
        Ok(made)
    }
}

/// Runs a program and returns its output.
pub fn run(command: &mut Command) -> io::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?} failed")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The path of a program. The error says that this machine does not have it.
pub fn program(name: &str) -> io::Result<PathBuf> {
    let path = run(Command::new("sh").args(["-c", &format!("command -v {name}")]));
    Ok(PathBuf::from(path.map_err(|_| io::Error::other(format!("there is no {name} in the PATH")))?.trim()))
}

/// Compiles the sources in a folder below `tests` to a statically linked program.
pub fn compile(to: &Path, folder: &str, sources: &[&str]) -> io::Result<()> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let sources = sources.iter().map(|source| tests.join(folder).join(source));
    let mut compile = Command::new("cc");
    compile.args(["-static", "-O1", "-I"]).arg(tests.join("support/throwaway"));
    run(compile.arg("-o").arg(to).args(sources)).map(drop)
}

/// Copies a shell into a directory, and returns the libraries that it loads.
pub fn copy_shell(name: &str, to: &Path) -> io::Result<Vec<PathBuf>> {
    let path = program(name)?;
    fs::copy(&path, to.join(name))?;
    let listed = run(Command::new("ldd").arg(&path))?;
    Ok(listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

/// A running server, its root, and the connection to it. Numbers have four bytes, and texts follow
/// their length.
pub struct Connection {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    _root: TempDir,
}

impl Connection {
    /// Starts a server on a new root. The root and the tools are its last arguments.
    pub fn start(mut server: Command, tools: &Path) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("jettison-root-").tempdir()?;
        server.arg(root.path()).arg(tools).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = server.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        Ok(Self { child, input: Some(input), output, _root: root })
    }

    /// Sends a request. If the server has ended, reading its answer fails.
    pub fn send(&mut self, request: &Request) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(&request.0);
        }
    }

    pub fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.output.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.number()? as usize];
        self.output.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The server ends when its input does.
        self.input = None;
        let _ = self.child.wait();
    }
}

/// A request as bytes.
#[derive(Default)]
pub struct Request(Vec<u8>);

impl Request {
    pub fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut request = self.number(u32::try_from(bytes.len()).expect("requests are small"));
        request.0.extend(bytes);
        request
    }

    pub fn texts<T: AsRef<str>>(
        self,
        texts: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    ) -> Self {
        let texts = texts.into_iter();
        let request = self.number(u32::try_from(texts.len()).expect("requests are small"));
        texts.fold(request, |request, text| request.bytes(text.as_ref().as_bytes()))
    }
}

/// Removes a number from the front of an answer.
pub fn take_number(rest: &mut &[u8]) -> u32 {
    let (number, after) = rest.split_at(4);
    *rest = after;
    u32::from_le_bytes(number.try_into().expect("four bytes"))
}

/// Removes bytes from the front of an answer.
pub fn take_bytes(rest: &mut &[u8]) -> Vec<u8> {
    let length = take_number(rest) as usize;
    let (bytes, after) = rest.split_at(length);
    *rest = after;
    bytes.to_vec()
}

/// Removes a text from the front of an answer.
pub fn take_text(rest: &mut &[u8]) -> String {
    String::from_utf8_lossy(&take_bytes(rest)).into_owned()
}

//! The process that holds the file systems of a build, and its requests (`tools/server.c`).

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::Arc;

use crate::support::throwaway::{Connection, Request, take_bytes, take_number, take_text};
use crate::tools::{Tools, tools};

/// The number of file systems, including the build context. No case needs more.
pub const ROOTS: u32 = 8;

const NONE: u32 = u32::MAX;

/// A server.
pub struct Server {
    connection: Connection,
    /// The tools in the file systems.
    pub tools: Arc<Tools>,
}

/// The contents of a file system, by path.
pub type Files = BTreeMap<String, File>;

/// A file, directory or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The kind of file and the permissions.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// The content; for a link, its target.
    pub data: Vec<u8>,
}

/// A process to start.
#[derive(Debug, Clone)]
pub struct Process<'p> {
    pub root: u32,
    pub user: (u32, u32),
    /// Whether its commands are recorded and may be made to fail.
    pub is_traced: bool,
    pub cwd: &'p str,
    pub argv: &'p [String],
    pub env: &'p BTreeMap<String, String>,
    /// The cache mounts: the name of the cache and the path.
    pub mounts: &'p [(String, String)],
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit status; -1 if it took too long.
    pub status: i32,
    /// Standard output and error.
    pub output: String,
}

/// A command that is made to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The directory and the words, as recorded.
    pub record: Vec<u8>,
    /// The number of earlier commands with the same record, which succeed.
    pub occurrence: u32,
    /// Whether it does its work before it fails.
    pub works: bool,
}

impl Server {
    /// Starts a server. The error says why this machine can't run one.
    pub fn start() -> Result<Self, String> {
        let tools = tools()?;
        let connection = Connection::start(Command::new(tools.server()), tools.path());
        let connection = connection.map_err(|error| error.to_string())?;
        let mut server = Self { connection, tools };
        server.reset(false);
        server.list(0).map_err(|error| format!("no throwaway root: {error}"))?;
        Ok(server)
    }

    /// Empties all file systems and, unless they are kept, the caches.
    pub fn reset(&mut self, keeps_caches: bool) {
        self.send(&ask(b'N').number(ROOTS).number(u32::from(keeps_caches)));
    }

    /// Puts a file (`f`), directory (`d`) or link (`l`) into a root.
    pub fn put(&mut self, root: u32, kind: char, path: &str, (owner, mode): ((u32, u32), u32), data: &[u8]) {
        let request = ask(b'P').number(root).number(u32::from(kind));
        self.send(&request.number(owner.0).number(owner.1).number(mode).bytes(path.as_bytes()).bytes(data));
    }

    /// Copies a whole root.
    pub fn clone_root(&mut self, from: u32, to: u32) {
        self.send(&ask(b'c').number(from).number(to));
    }

    /// Copies like COPY. Returns whether that succeeded.
    pub fn copy(
        &mut self,
        (from, sources): (u32, &[String]),
        (to, destination): (u32, &str),
        owner: Option<(u32, u32)>,
        mode: Option<u32>,
    ) -> io::Result<bool> {
        let (user, group) = owner.unwrap_or((NONE, NONE));
        let request = ask(b'C').number(from).number(to).number(user).number(group);
        self.send(&request.number(mode.unwrap_or(NONE)).bytes(destination.as_bytes()).texts(sources));
        Ok(self.number()? == 0)
    }

    /// Creates the directory of a WORKDIR. Returns whether that succeeded.
    pub fn make_directory(&mut self, root: u32, path: &str) -> io::Result<bool> {
        self.send(&ask(b'W').number(root).bytes(path.as_bytes()));
        Ok(self.number()? == 0)
    }

    /// Runs a process until it ends.
    pub fn run(&mut self, process: &Process<'_>) -> io::Result<Ended> {
        let env: Vec<String> = process.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mounts: Vec<String> =
            process.mounts.iter().flat_map(|(cache, path)| [cache.clone(), path.clone()]).collect();
        let request = ask(b'X').number(process.root).number(process.user.0).number(process.user.1);
        let request = request.number(u32::from(process.is_traced)).number(5000).bytes(process.cwd.as_bytes());
        self.send(&request.texts(process.argv).texts(&env).texts(&mounts));
        let status = self.number()?.cast_signed();
        let output = String::from_utf8_lossy(&self.bytes()?).into_owned();
        Ok(Ended { status, output })
    }

    /// All files in a root.
    pub fn list(&mut self, root: u32) -> io::Result<Files> {
        self.send(&ask(b'D').number(root));
        let bytes = self.bytes()?;
        let mut rest = &bytes[..];
        let mut files = Files::new();
        while !rest.is_empty() {
            let path = take_text(&mut rest);
            let mode = take_number(&mut rest);
            let owner = (take_number(&mut rest), take_number(&mut rest));
            files.insert(path, File { mode, owner, data: take_bytes(&mut rest) });
        }
        Ok(files)
    }

    /// The text of a file in a root; empty if the file does not exist.
    pub fn read(&mut self, root: u32, path: &str) -> io::Result<String> {
        self.send(&ask(b'R').number(root).bytes(path.as_bytes()));
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    /// Clears the recorded commands, and sets the command that must fail.
    pub fn prepare_trace(&mut self, fault: Option<&Fault>) {
        let mut key = Vec::new();
        if let Some(fault) = fault {
            key.extend(u32::from(fault.works).to_le_bytes());
            key.extend(fault.occurrence.to_le_bytes());
            key.extend(&fault.record);
        }
        self.send(&ask(b'F').bytes(&key));
    }

    /// The recorded commands: directory and words, each followed by a zero byte.
    pub fn trace(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.send(&ask(b'R').number(NONE).bytes(b"/.control/trace"));
        let bytes = self.bytes()?;
        let mut records = Vec::new();
        let mut start = 0;
        for at in 1..bytes.len() {
            // Two zero bytes end a record, unless the first one ends an empty word.
            if bytes[at] == 0 && bytes[at - 1] == 0 && at > start {
                records.push(bytes[start..at].to_vec());
                start = at + 1;
            }
        }
        Ok(records)
    }

    fn send(&mut self, request: &Request) {
        self.connection.send(request);
    }

    fn number(&mut self) -> io::Result<u32> {
        self.connection.number()
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        self.connection.bytes()
    }
}

/// The start of a request.
fn ask(operation: u8) -> Request {
    Request::default().number(operation.into())
}

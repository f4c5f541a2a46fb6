//! The process that holds the file systems of a build, and its commands (`tools/server.c`).

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::Arc;

use crate::support::throwaway::{Connection, Request, take_bytes, take_number, take_text};
use crate::tools::{Tools, tools};

/// More file systems than this, the build context included, no case has.
pub const ROOTS: u32 = 8;

const NONE: u32 = u32::MAX;

/// A server.
pub struct Server {
    connection: Connection,
    /// The tools in its roots.
    pub tools: Arc<Tools>,
}

/// What is in a file system, by path.
pub type Files = BTreeMap<String, File>;

/// A file, directory or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Kind and permissions.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// The content; of a link, where it points to.
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
    /// Cache mounts: a name of the cache, and the path.
    pub mounts: &'p [(String, String)],
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit status; -1 where it took too long.
    pub status: i32,
    /// Standard output and error.
    pub output: String,
}

/// A command that is to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Directory and words, as recorded.
    pub record: Vec<u8>,
    /// How many such commands go well before.
    pub occurrence: u32,
    /// Whether it does its work and fails then.
    pub works: bool,
}

impl Server {
    /// Starts one; the error says why this machine can't.
    pub fn start() -> Result<Self, String> {
        let tools = tools()?;
        let connection = Connection::start(Command::new(tools.server()), tools.path());
        let connection = connection.map_err(|error| error.to_string())?;
        let mut server = Self { connection, tools };
        server.reset(false);
        server.list(0).map_err(|error| format!("no throwaway root: {error}"))?;
        Ok(server)
    }

    /// Empties all file systems, and the caches unless they are kept.
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

    /// Copies as COPY does; says whether that went well.
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

    /// Makes the directory of a WORKDIR; says whether that went well.
    pub fn make_directory(&mut self, root: u32, path: &str) -> io::Result<bool> {
        self.send(&ask(b'W').number(root).bytes(path.as_bytes()));
        Ok(self.number()? == 0)
    }

    /// Runs a process to its end.
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

    /// All that is in a root.
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

    /// The text of a file in a root; empty where there is none.
    pub fn read(&mut self, root: u32, path: &str) -> io::Result<String> {
        self.send(&ask(b'R').number(root).bytes(path.as_bytes()));
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    /// Forgets what was recorded, and says which command is to fail.
    pub fn prepare_trace(&mut self, fault: Option<&Fault>) {
        let mut key = Vec::new();
        if let Some(fault) = fault {
            key.extend(u32::from(fault.works).to_le_bytes());
            key.extend(fault.occurrence.to_le_bytes());
            key.extend(&fault.record);
        }
        self.send(&ask(b'F').bytes(&key));
    }

    /// The commands that were recorded: directory and words, a zero after each.
    pub fn trace(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.send(&ask(b'R').number(NONE).bytes(b"/.control/trace"));
        let bytes = self.bytes()?;
        let mut records = Vec::new();
        let mut start = 0;
        for at in 1..bytes.len() {
            // A record ends with two zeros; an empty word has one of its own before it.
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

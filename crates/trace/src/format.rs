//! The format of the trace file: JSON Lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use crate::Text;

/// The version of the format that this library reads and writes.
pub const VERSION: u32 = 1;

/// The longest line that is read: longer than any command line that Linux accepts in JSON.
const LONGEST_LINE: u64 = 64 << 20;

/// What one or several runs used.
///
/// A trace file contains one JSON object a line, of four kinds:
///
/// - `{"trace":"jettison","version":1,…}`: a [`Header`]; a run begins.
/// - `{"path":"/etc/motd","type":"file","found":{"read":1}}`: a [`PathRecord`]. Several lines may
///   name the same path; their counts are added.
/// - `{"not_seen":"io-uring","path":"/usr/bin/node","count":1}`: an [`Unseen`]; these are added, too.
/// - `{"end":{"exit":0},…}`: an [`End`]; the run of the last header is complete.
///
/// Therefore the concatenation of trace files is a trace file, and the beginning of a trace file is
/// one as well: a run without an end is incomplete, but what it recorded is right. The reader
/// ignores a last line without a line break, and keys that it does not know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The runs, in their order.
    pub runs: Vec<Run>,
    /// What was done with each absolute path.
    pub paths: BTreeMap<Text, PathRecord>,
    /// What happened but could not be recorded, and how often.
    pub not_seen: BTreeMap<(NotSeen, Option<Text>), u64>,
}

/// One run of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What was run.
    pub header: Header,
    /// How it ended. `None` if the tracer was killed before.
    pub end: Option<End>,
}

/// The first line of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Always `jettison`.
    pub trace: String,
    /// [`VERSION`].
    pub version: u32,
    /// The program and its arguments.
    pub program: Vec<Text>,
    /// The working directory in which it was started.
    pub workdir: Text,
    /// The architecture of the tracer, as Rust names it: `x86_64` or `aarch64`.
    pub architecture: String,
    /// How the calls were seen.
    pub stops: Stops,
    /// The user ID with which the program was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
}

/// How the tracer learns about system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stops {
    /// A seccomp filter stops the calls of interest. The program runs with `no_new_privs`.
    Filter,
    /// Every system call stops. Slow, but set-user-ID programs get their privileges.
    All,
    /// None: the program ran without being traced.
    None,
}

/// What a call does with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Opened for reading. Shared libraries are read.
    Read,
    /// Opened for writing, or truncated.
    Write,
    /// Created: a file, directory, link, node or socket that was not there before.
    Create,
    /// Executed: a program, its interpreter, or its dynamic loader.
    Execute,
    /// Looked up: `stat`, `access`, `chdir`, `statfs`, `getxattr` and similar.
    Stat,
    /// A directory whose entries were listed.
    List,
    /// A symlink whose target was read.
    ReadLink,
    /// A symlink on the way to another path.
    Follow,
    /// Mode, owner, times or extended attributes were changed.
    Change,
    /// Removed or moved to another path.
    Remove,
    /// A socket that was connected to.
    Connect,
}

impl Operation {
    /// All operations, in the order of their discriminants.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Execute,
        Self::Stat,
        Self::List,
        Self::ReadLink,
        Self::Follow,
        Self::Change,
        Self::Remove,
        Self::Connect,
    ];
}

/// How often each operation was done.
pub type Counts = BTreeMap<Operation, u64>;

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink.
    Symlink,
    /// A device, pipe or socket.
    Special,
}

/// What was done with one path.
///
/// A path that leads over symlinks is recorded as the program named it, and so is the path to which
/// it leads; each symlink between them has the operation [`Operation::Follow`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRecord {
    /// What the path was when it was first found.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub file_type: Option<FileType>,
    /// The target of a symlink, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Text>,
    /// Calls that succeeded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: Counts,
    /// The programs that made these calls: the path of each, and after a blank, the path of the first
    /// of its arguments that is a file, as for a script and its interpreter. An empty text means that
    /// the program is not known, as in traces of earlier versions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub by: BTreeSet<Text>,
    /// Calls that failed because there was no such file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: Counts,
    /// Calls that failed for another reason, such as missing permissions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: Counts,
}

impl PathRecord {
    /// Whether the content of this file was used: read, executed, or listed.
    pub fn is_read(&self) -> bool {
        [Operation::Read, Operation::Execute, Operation::List]
            .iter()
            .any(|used| self.found.contains_key(used))
    }

    /// Whether the program ever saw a file at this path.
    pub fn is_found(&self) -> bool {
        !self.found.is_empty()
    }

    fn add(&mut self, other: &Self) {
        if other.by.is_empty() && !other.found.is_empty() {
            self.by.insert(Text::default());
        }
        self.by.extend(other.by.iter().cloned());
        if self.file_type.is_none() {
            self.file_type = other.file_type;
        }
        if self.target.is_none() {
            self.target.clone_from(&other.target);
        }
        for (into, from) in [
            (&mut self.found, &other.found),
            (&mut self.missing, &other.missing),
            (&mut self.failed, &other.failed),
        ] {
            for (operation, count) in from {
                let sum = into.entry(*operation).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
    }
}

/// What the tracer can't record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotSeen {
    /// Everything: the program was not traced, since the system does not permit it.
    Everything,
    /// `io_uring` was set up; files opened through it are not recorded.
    IoUring,
    /// A program got privileges when it was executed, so it and its children were not traced.
    Privileges,
    /// A program did not get the privileges that it gets without the tracer, so it may have behaved
    /// differently.
    PrivilegesLost,
    /// A call whose path could not be read from the process.
    Memory,
    /// A path relative to a directory that could not be determined. The path is as in the call.
    Directory,
    /// A file was opened by its handle.
    Handle,
    /// A process of an unknown architecture.
    Architecture,
    /// A process tried to trace another one, which is impossible while it is traced itself.
    Debugger,
    /// A process entered other namespaces; its paths may mean other files.
    Namespace,
    /// There were more distinct paths than the tracer keeps.
    Paths,
}

/// A line about what could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// What could not be recorded.
    pub not_seen: NotSeen,
    /// The program that did it, or the path that is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// How often.
    pub count: u64,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It exited with this status.
    Exit(i32),
    /// It was killed by this signal.
    Signal(i32),
}

/// The last line of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How the program ended.
    pub end: Status,
    /// The number of processes, threads not counted.
    pub processes: u64,
    /// How long it ran.
    pub seconds: f64,
}

/// One line of a trace file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A run begins.
    Header(Header),
    /// A path was used.
    Path {
        /// Absolute and without `.` and `..`.
        path: Text,
        /// What was done with it.
        #[serde(flatten)]
        record: PathRecord,
    },
    /// Something was not recorded.
    Unseen(Unseen),
    /// The run is complete.
    End(End),
}

impl Line {
    /// Writes the line with its line break.
    pub fn write(&self, mut into: impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        into.write_all(&line)
    }

    /// Reads one line. An untagged enum would accept a line of an unknown kind as something else and
    /// hide why a line is wrong, so the first key decides.
    fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        let value: serde_json::Value = serde_json::from_slice(line)?;
        if value.get("trace").is_some() {
            serde_json::from_value(value).map(Self::Header)
        } else if value.get("not_seen").is_some() {
            serde_json::from_value(value).map(Self::Unseen)
        } else if value.get("end").is_some() {
            serde_json::from_value(value).map(Self::End)
        } else {
            #[derive(Deserialize)]
            struct PathLine {
                path: Text,
                #[serde(flatten)]
                record: PathRecord,
            }
            serde_json::from_value(value).map(|PathLine { path, record }| Self::Path { path, record })
        }
    }
}

/// Why a trace file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is not as this format demands.
    #[error("line {line}: {source}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The first line is not the header of a trace.
    #[error("not a trace file: the first line must be a header")]
    NoHeader,
    /// The file has a newer format.
    #[error("the trace file has version {0}, but this program reads version {VERSION}")]
    Version(u32),
    /// A line is longer than anything that the tracer writes.
    #[error("line {0} is too long")]
    TooLong(u64),
}

impl Trace {
    /// Reads a trace file, or several that are concatenated.
    pub fn read(mut from: impl BufRead) -> Result<Self, Error> {
        let mut trace = Self::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                if line.len() as u64 == LONGEST_LINE {
                    return Err(Error::TooLong(number));
                }
                break;
            }
            let parsed = Line::parse(&line);
            if trace.runs.is_empty() && !matches!(parsed, Ok(Line::Header(_))) {
                return Err(Error::NoHeader);
            }
            trace.add(parsed.map_err(|source| Error::Line { line: number, source })?)?;
        }
        if trace.runs.is_empty() { Err(Error::NoHeader) } else { Ok(trace) }
    }

    fn add(&mut self, line: Line) -> Result<(), Error> {
        match line {
            Line::Header(header) if header.version != VERSION => return Err(Error::Version(header.version)),
            Line::Header(header) => self.runs.push(Run { header, end: None }),
            Line::Path { path, record } => self.paths.entry(path).or_default().add(&record),
            Line::Unseen(Unseen { not_seen, path, count }) => {
                let sum = self.not_seen.entry((not_seen, path)).or_default();
                *sum = sum.saturating_add(count);
            }
            Line::End(end) => {
                if let Some(run) = self.runs.last_mut() {
                    run.end = Some(end);
                }
            }
        }
        Ok(())
    }

    /// Adds the runs of another trace.
    pub fn merge(&mut self, other: Self) {
        self.runs.extend(other.runs);
        for (path, record) in &other.paths {
            self.paths.entry(path.clone()).or_default().add(record);
        }
        for (unseen, count) in other.not_seen {
            let sum = self.not_seen.entry(unseen).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Whether every run was recorded to its end.
    pub fn is_complete(&self) -> bool {
        !self.runs.is_empty() && self.runs.iter().all(|run| run.end.is_some())
    }

    /// Whether everything that happened is in the trace: it is complete, and nothing was not seen.
    pub fn is_exhaustive(&self) -> bool {
        self.is_complete() && self.not_seen.is_empty()
    }

    /// Writes the trace: the runs, then the paths in their order. The result of reading it again is
    /// the same trace.
    pub fn write(&self, mut into: impl Write) -> io::Result<()> {
        for (position, run) in self.runs.iter().enumerate() {
            Line::Header(run.header.clone()).write(&mut into)?;
            // The last line of a complete file is an end.
            if position + 1 < self.runs.len()
                && let Some(end) = &run.end
            {
                Line::End(end.clone()).write(&mut into)?;
            }
        }
        for (path, record) in &self.paths {
            Line::Path { path: path.clone(), record: record.clone() }.write(&mut into)?;
        }
        for ((not_seen, path), count) in &self.not_seen {
            Line::Unseen(Unseen { not_seen: *not_seen, path: path.clone(), count: *count })
                .write(&mut into)?;
        }
        if let Some(end) = self.runs.last().and_then(|run| run.end.as_ref()) {
            Line::End(end.clone()).write(&mut into)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

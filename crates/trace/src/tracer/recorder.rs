//! Counts what was done with each path, and writes the trace file.
//!
//! Whatever is new is appended to the file at once, one line each, so that the file is usable if the
//! tracer is killed, as by `docker kill`. There are as many lines as distinct paths and operations,
//! so this costs little. At the end, the complete trace takes the place of the file in one step.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jettison_trace::{
    Counts, End, FileType, Header, Line, NotSeen, Operation, PathRecord, Run, Text, Trace, Unseen,
};
use rustix::io::fcntl_dupfd_cloexec;

use super::resolve::{Presence, Resolver};

/// More distinct paths are not kept; a program that makes up paths must not fill the memory.
const MOST_PATHS: usize = 2_000_000;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Found,
    Missing,
    Failed,
}

impl Outcome {
    /// The outcome of a call that failed with this error. `None` if the call will be repeated.
    pub fn of_error(error: i32) -> Option<Self> {
        /// The kernel's own numbers for calls that are restarted after a signal.
        const RESTART: std::ops::RangeInclusive<i32> = 512..=530;
        match error {
            libc::ENOENT | libc::ENOTDIR => Some(Self::Missing),
            libc::EINTR | libc::EFAULT => None,
            error if RESTART.contains(&error) => None,
            _ => Some(Self::Failed),
        }
    }
}

/// More distinct programs are not told apart.
const MOST_PROGRAMS: usize = 1000;

/// The index of a program that is not known.
pub const UNKNOWN_PROGRAM: usize = 0;

const OPERATIONS: usize = Operation::ALL.len();

#[derive(Default)]
struct Entry {
    counts: [[u64; OPERATIONS]; 3],
    /// The programs that used it, as indices.
    by: Vec<usize>,
    file_type: Option<FileType>,
    target: Option<Text>,
    /// Where the path leads, without and with following a symlink in its last component, and for
    /// which state of the file system that is true.
    real: [Option<(u64, usize)>; 2],
}

/// The trace of one run.
pub struct Recorder {
    file: File,
    name: PathBuf,
    header: Header,
    indices: HashMap<Vec<u8>, usize>,
    paths: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    programs: Vec<Text>,
    /// The program whose calls are recorded now, as an index.
    pub acting: usize,
    not_seen: BTreeMap<(NotSeen, Option<Text>), u64>,
    /// Resolves symlinks.
    pub resolver: Resolver,
    /// Increases whenever a symlink may lead elsewhere.
    state: u64,
    error: Option<io::Error>,
}

impl Recorder {
    /// Creates the trace file with its header.
    pub fn create(output: &Path, header: Header) -> io::Result<Self> {
        let name = std::path::absolute(output)?;
        let created = File::create(&name)?;
        // If a standard stream is closed, the file must not take its place.
        let file = File::from(fcntl_dupfd_cloexec(&created, 10)?);
        Line::Header(header.clone()).write(&file)?;
        Ok(Self {
            file,
            name,
            header,
            indices: HashMap::new(),
            paths: Vec::new(),
            entries: Vec::new(),
            programs: vec![Text::default()],
            acting: UNKNOWN_PROGRAM,
            not_seen: BTreeMap::new(),
            resolver: Resolver::default(),
            state: 0,
            error: None,
        })
    }

    /// The index of a program.
    pub fn program(&mut self, name: Vec<u8>) -> usize {
        let name = Text(name);
        if let Some(index) = self.programs.iter().position(|known| *known == name) {
            return index;
        }
        if self.programs.len() >= MOST_PROGRAMS {
            return UNKNOWN_PROGRAM;
        }
        self.programs.push(name);
        self.programs.len() - 1
    }

    /// The program has mounted something or changed its root: paths may lead elsewhere.
    pub fn files_moved(&mut self) {
        self.state += 1;
        self.resolver.forget();
    }

    /// The program has removed, moved or created something at this path. If that was or is a symlink
    /// or a directory, other paths may lead elsewhere.
    pub fn changed(&mut self, path: &[u8]) {
        let leads_on = |file_type| matches!(file_type, Some(FileType::Symlink | FileType::Directory));
        let known = self.indices.get(path).and_then(|index| self.entries[*index].file_type);
        if leads_on(known) || leads_on(self.resolver.presence(path).file_type()) {
            self.files_moved();
        }
    }

    /// Records an operation on a normal absolute path. `root` is that of the process, and `follow`
    /// says whether a symlink in the last component is followed.
    pub fn record(&mut self, root: &[u8], path: &[u8], operation: Operation, outcome: Outcome, follow: bool) {
        // Resolved before it is counted, so that the type of the file is in the line that is appended.
        let Some((index, real)) = self.place(root, path, follow) else { return };
        self.count(index, operation, outcome);
        if real != index {
            self.count(real, operation, outcome);
        }
    }

    /// Whether there is a file at a normal absolute path.
    pub fn presence(&mut self, root: &[u8], path: &[u8], follow: bool) -> Presence {
        let Some(index) = self.index(path) else { return Presence::Unknown };
        match self.entries[index].real[usize::from(follow)] {
            Some((state, real)) if state == self.state => {
                let real = &self.paths[real];
                if real.starts_with(b"/proc/") { Presence::Unknown } else { self.resolver.presence(real) }
            }
            _ => self.resolve(root, path, index, follow).map_or(Presence::Unknown, |(_, presence)| presence),
        }
    }

    /// The positions of a path and of the path to which it leads.
    fn place(&mut self, root: &[u8], path: &[u8], follow: bool) -> Option<(usize, usize)> {
        let index = self.index(path)?;
        if let Some((state, real)) = self.entries[index].real[usize::from(follow)]
            && state == self.state
        {
            return Some((index, real));
        }
        let (real, _) = self.resolve(root, path, index, follow)?;
        Some((index, real))
    }

    /// Sets the type of a file that is about to be removed.
    pub fn set_type(&mut self, path: &[u8], file_type: FileType) {
        if let Some(index) = self.index(path) {
            self.entries[index].file_type.get_or_insert(file_type);
        }
    }

    /// Records the symlinks on the way, and returns where the path leads, and what is there.
    fn resolve(&mut self, root: &[u8], path: &[u8], index: usize, follow: bool) -> Option<(usize, Presence)> {
        let resolved = self.resolver.resolve(root, path, follow);
        let file_type = resolved.presence.file_type();
        for (link, target) in resolved.links {
            if let Some(link) = self.index(&link) {
                let entry = &mut self.entries[link];
                entry.file_type = Some(FileType::Symlink);
                entry.target = Some(Text(target));
                self.count(link, Operation::Follow, Outcome::Found);
            }
        }
        let real = if resolved.path == path { index } else { self.index(&resolved.path)? };
        let entry = &mut self.entries[real];
        if entry.file_type.is_none() {
            entry.file_type = file_type;
            if file_type == Some(FileType::Symlink) {
                let target = fs::read_link(OsStr::from_bytes(&resolved.path)).ok();
                entry.target = target.map(|target| target.as_os_str().as_bytes().into());
            }
        }
        self.entries[index].real[usize::from(follow)] = Some((self.state, real));
        Some((real, resolved.presence))
    }

    fn index(&mut self, path: &[u8]) -> Option<usize> {
        if let Some(index) = self.indices.get(path) {
            return Some(*index);
        }
        if self.entries.len() >= MOST_PATHS {
            self.not_seen(NotSeen::Paths, None);
            return None;
        }
        let index = self.entries.len();
        self.indices.insert(path.to_vec(), index);
        self.paths.push(path.to_vec());
        self.entries.push(Entry::default());
        Some(index)
    }

    fn count(&mut self, index: usize, operation: Operation, outcome: Outcome) {
        let Entry { counts, by, .. } = &mut self.entries[index];
        let count = &mut counts[outcome as usize][operation as usize];
        *count += 1;
        let is_new = *count == 1;
        let is_other_program = outcome == Outcome::Found && !by.contains(&self.acting);
        if is_other_program {
            by.push(self.acting);
        }
        if is_new || is_other_program {
            let counts = if is_new { Counts::from([(operation, 1)]) } else { Counts::new() };
            let record = self.with_counts(index, outcome, counts);
            self.append(&Line::Path { path: Text(self.paths[index].clone()), record });
        }
    }

    fn with_counts(&self, index: usize, outcome: Outcome, counts: Counts) -> PathRecord {
        let Entry { file_type, target, .. } = &self.entries[index];
        let mut record =
            PathRecord { file_type: *file_type, target: target.clone(), ..PathRecord::default() };
        match outcome {
            Outcome::Found => {
                record.found = counts;
                record.by.insert(self.programs[self.acting].clone());
            }
            Outcome::Missing => record.missing = counts,
            Outcome::Failed => record.failed = counts,
        }
        record
    }

    /// Records that something was not seen.
    pub fn not_seen(&mut self, not_seen: NotSeen, path: Option<&[u8]>) {
        let path = path.map(Text::from);
        let count = self.not_seen.entry((not_seen, path.clone())).or_default();
        *count += 1;
        if *count == 1 {
            self.append(&Line::Unseen(Unseen { not_seen, path, count: 1 }));
        }
    }

    /// Appends a line. The program runs on if the file can't be written; the first error is reported
    /// at the end.
    fn append(&mut self, line: &Line) {
        if self.error.is_none()
            && let Err(error) = line.write(&self.file)
        {
            self.error = Some(error);
        }
    }

    /// Completes the file.
    pub fn finish(mut self, end: End) -> io::Result<()> {
        let trace = self.trace(&end, |count| count);
        if self.replace(&trace).is_ok() {
            return Ok(());
        }
        // The file may be a mount, or the directory may not be writable: what was not appended yet
        // is appended now.
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let rest = self.trace(&end, |count| count - 1);
        let mut file = BufWriter::new(&self.file);
        for (path, record) in rest.paths {
            Line::Path { path, record }.write(&mut file)?;
        }
        for ((not_seen, path), count) in rest.not_seen {
            Line::Unseen(Unseen { not_seen, path, count }).write(&mut file)?;
        }
        Line::End(end).write(&mut file)?;
        file.flush()
    }

    /// The trace with its counts changed; what becomes zero is left out.
    fn trace(&self, end: &End, change: impl Fn(u64) -> u64) -> Trace {
        let counts = |counts: &[u64; OPERATIONS]| -> Counts {
            let counts = Operation::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0);
            counts
                .map(|(operation, count)| (operation, change(*count)))
                .filter(|(_, count)| *count > 0)
                .collect()
        };
        let record = |entry: &Entry| PathRecord {
            file_type: entry.file_type,
            target: entry.target.clone(),
            found: counts(&entry.counts[Outcome::Found as usize]),
            by: entry.by.iter().map(|program| self.programs[*program].clone()).collect(),
            missing: counts(&entry.counts[Outcome::Missing as usize]),
            failed: counts(&entry.counts[Outcome::Failed as usize]),
        };
        let is_used = |record: &PathRecord| {
            !record.found.is_empty() || !record.missing.is_empty() || !record.failed.is_empty()
        };
        let paths =
            self.paths.iter().zip(&self.entries).map(|(path, entry)| (Text(path.clone()), record(entry)));
        let not_seen = self.not_seen.iter().map(|(what, count)| (what.clone(), change(*count)));
        Trace {
            runs: vec![Run { header: self.header.clone(), end: Some(end.clone()) }],
            paths: paths.filter(|(_, record)| is_used(record)).collect(),
            not_seen: not_seen.filter(|(_, count)| *count > 0).collect(),
        }
    }

    /// Writes the trace next to the file, and renames it.
    fn replace(&self, trace: &Trace) -> io::Result<()> {
        let metadata = fs::symlink_metadata(&self.name)?;
        if !metadata.is_file() {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        let mut name = self.name.clone().into_os_string();
        name.push(format!(".{}.tmp", std::process::id()));
        let name = PathBuf::from(name);
        let written = File::create_new(&name).and_then(|file| {
            file.set_permissions(metadata.permissions())?;
            let mut file = BufWriter::new(file);
            trace.write(&mut file)?;
            file.into_inner()?.sync_data()?;
            fs::rename(&name, &self.name)
        });
        if written.is_err() {
            let _ = fs::remove_file(&name);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use jettison_trace::{End, Header, NotSeen, Operation, Status, Stops, Text, Trace, VERSION};

    use super::{Outcome, Recorder};

    fn header() -> Header {
        Header {
            trace: "jettison".into(),
            version: VERSION,
            program: vec![Text::from("a")],
            workdir: Text::from("/"),
            architecture: "x86_64".into(),
            stops: Stops::Filter,
            user: None,
        }
    }

    const END: End = End { end: Status::Exit(0), processes: 1, seconds: 1.0 };

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("jettison-trace-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("it can be created");
            Self(fs::canonicalize(path).expect("it is there"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn read(path: &Path) -> Trace {
        Trace::read(&fs::read(path).expect("it is there")[..]).expect("it is a trace")
    }

    fn fill(recorder: &mut Recorder, folder: &Path) {
        let link = folder.join("link");
        for _ in 0..3 {
            recorder.record(b"", link.as_os_str().as_encoded_bytes(), Operation::Read, Outcome::Found, true);
        }
        recorder.record(b"", b"/nowhere/x", Operation::Stat, Outcome::Missing, true);
        recorder.not_seen(NotSeen::IoUring, Some(b"/bin/x"));
        recorder.not_seen(NotSeen::IoUring, Some(b"/bin/x"));
    }

    fn judge(trace: &Trace, folder: &Path, count: u64) {
        let path = |name: &str| folder.join(name).into_os_string().into_encoded_bytes();
        assert_eq!(trace.paths[path("link").as_slice()].found[&Operation::Read], count);
        assert_eq!(trace.paths[path("link").as_slice()].found[&Operation::Follow], 1);
        assert_eq!(trace.paths[path("link").as_slice()].target, Some(Text::from("file")));
        assert_eq!(trace.paths[path("file").as_slice()].found[&Operation::Read], count);
        assert_eq!(trace.paths[b"/nowhere/x".as_slice()].missing[&Operation::Stat], 1);
        assert_eq!(
            trace.not_seen[&(NotSeen::IoUring, Some(Text::from("/bin/x")))],
            if count == 3 { 2 } else { 1 }
        );
    }

    #[test]
    fn the_file_is_usable_before_the_end_and_complete_after_it() {
        let folder = Folder::new("recorder");
        fs::write(folder.0.join("file"), "").expect("it can be written");
        std::os::unix::fs::symlink("file", folder.0.join("link")).expect("it can be created");
        let output = folder.0.join("trace");
        let mut recorder = Recorder::create(&output, header()).expect("it can be created");
        fill(&mut recorder, &folder.0);
        let before = read(&output);
        assert!(!before.is_complete());
        judge(&before, &folder.0, 1);
        recorder.finish(END).expect("it can be written");
        let after = read(&output);
        assert!(after.is_complete());
        judge(&after, &folder.0, 3);
        assert_eq!(fs::read_dir(&folder.0).expect("it is there").count(), 3, "no other file is left");
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_appended_to() {
        let folder = Folder::new("appended");
        fs::write(folder.0.join("file"), "").expect("it can be written");
        std::os::unix::fs::symlink("file", folder.0.join("link")).expect("it can be created");
        let output = folder.0.join("trace");
        fs::write(folder.0.join("real"), "").expect("it can be written");
        std::os::unix::fs::symlink("real", &output).expect("it can be created");
        let mut recorder = Recorder::create(&output, header()).expect("it can be created");
        fill(&mut recorder, &folder.0);
        recorder.finish(END).expect("it can be written");
        let trace = read(&folder.0.join("real"));
        assert!(trace.is_complete());
        judge(&trace, &folder.0, 3);
    }
}

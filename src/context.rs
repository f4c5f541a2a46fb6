//! The context of a Dockerfile as plain data: the build context with the files that Docker sends.
//! This module reads no files; `cli` does, on the first request.

mod archives;
pub mod compose;
pub mod ignore;
pub mod parsed;
pub mod purpose;
pub mod runs;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::knowledge::languages::READ_SOURCES;
use crate::knowledge::lists::files::{DIRECTORIES_WITHOUT_SOURCES, NAMES_OF_OTHER_JSON};
use crate::reasons::{self, Reason};

use serde_json::Value;

pub use compose::{CommandLine, Service};
pub use ignore::Ignore;
pub use parsed::Format;
use parsed::Parsed;
pub use runs::ImageRun;

/// What a transform can ask about the context of a Dockerfile. Reading it takes time, so it is read
/// at the first question.
pub trait ContextSource: Sync {
    /// The build context. The error says why it is unknown and what to do, and completes the clause
    /// "because …".
    fn context(&self) -> Result<&BuildContext, &str>;

    /// System packages that a build has shown to be needed at run time.
    fn proven(&self) -> &[RequiredPackage] {
        &[]
    }

    /// Files of the original image that are needed at run time, and that no package installs:
    /// absolute paths, as a build has shown.
    fn needed_files(&self) -> &[String] {
        &[]
    }

    /// Files of the original image that its checks have read or executed: absolute paths. Empty if
    /// nothing is known.
    fn read_files(&self) -> &[String] {
        &[]
    }

    /// Parts of the Python packages of the original image that running applications seldom need.
    /// `None` if it is not known which files its checks open.
    fn python_parts(&self) -> Option<&[PythonPart]> {
        None
    }

    /// The distribution and release of the image that the last stage is based on, as a build has
    /// shown: `debian:12`.
    fn observed_release(&self) -> Option<&str> {
        None
    }

    /// How Compose files start the image.
    fn services(&self) -> &[Service] {
        &[]
    }

    /// How other files of the repository run its images: CI workflows, makefiles, manifests.
    fn runs(&self) -> &[ImageRun] {
        &[]
    }

    /// The paths and texts of all tracked files of the repository that contain the word "target",
    /// except the Dockerfile. The error says why not all files were read, and completes the clause
    /// "because …".
    fn texts_about_targets(&self) -> Result<&[(String, String)], &str> {
        Err("the repository is unknown")
    }

    /// Whether the ignore file can be written with the Dockerfile. It can't for standard input.
    fn can_write_ignore_file(&self) -> bool {
        true
    }

    /// The path of the Dockerfile in the context, if it is inside: `api/Dockerfile`, or
    /// `compose.yaml (web)`.
    fn dockerfile(&self) -> Option<&str> {
        None
    }
}

/// A system package that is needed at run time, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredPackage {
    /// The package.
    pub package: String,
    /// The reason, as shown to the user.
    pub why: String,
}

impl RequiredPackage {
    /// A package and the reason for it.
    pub fn of(package: &str, why: impl Into<String>) -> Self {
        Self { package: package.to_owned(), why: why.into() }
    }
}

/// A part of the installed Python packages of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonPart {
    /// Which part it is.
    pub name: PythonPartName,
    /// Its size in bytes.
    pub size: u64,
    /// One of its files that a check has read or executed.
    pub opened: Option<String>,
}

/// The parts of Python packages that running applications seldom need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PythonPartName {
    /// The installer of packages.
    Pip,
    /// The directories `tests` of packages.
    Tests,
}

impl fmt::Display for PythonPartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pip => "pip",
            Self::Tests => "the tests of packages",
        })
    }
}

/// A Dockerfile of which only the text is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBuildContext;

impl ContextSource for NoBuildContext {
    fn context(&self) -> Result<&BuildContext, &str> {
        Err("the build context is unknown; pass it with --context")
    }
}

/// The directory that a build sends to the builder.
#[derive(Debug, Clone, Default)]
pub struct BuildContext {
    /// All files and symlinks below the directory, ignored or not, sorted by path.
    pub entries: Arc<Vec<Entry>>,
    /// The texts of manifests (`package.json`, `requirements.txt`, `go.mod` …) and of small
    /// scripts, by path.
    pub texts: Arc<BTreeMap<String, String>>,
    /// The path of the effective ignore file, in the context: `.dockerignore`, or
    /// `docker/api.Dockerfile.dockerignore`.
    pub ignore_path: String,
    /// Its text; `None` if there is no such file.
    pub ignore_text: Option<String>,
    /// The patterns of the ignore file, compiled.
    pub ignore: Ignore,
    /// The files tracked by version control.
    pub tracked: Tracked,
    /// The first bytes of its files.
    pub starts: Starts,
    /// Whether the ignore file excludes each entry.
    excluded: OnceLock<Vec<bool>>,
    /// The entries selected by [`Self::notable`], as indices into `entries`.
    notable: OnceLock<Vec<usize>>,
    /// The indices into `entries` by the last component of the path. The ignore file does not
    /// change the entries.
    by_name: Arc<OnceLock<HashMap<String, Vec<usize>>>>,
    /// The manifests that have been parsed so far.
    parsed: Parsed,
    /// The Dockerfiles in Compose files, by their names in messages.
    inline: Arc<OnceLock<Vec<(String, String)>>>,
}

/// The files tracked by version control, sorted; `None` if that is unknown. They are read at the
/// first question, which few Dockerfiles ask.
#[derive(Clone)]
pub struct Tracked(Arc<LazyLock<Option<Vec<String>>, Reading>>);

type Reading = Box<dyn FnOnce() -> Option<Vec<String>> + Send>;

impl Tracked {
    /// The files that this function finds, called at most once.
    pub fn read_by(read: impl FnOnce() -> Option<Vec<String>> + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(read))))
    }

    fn files(&self) -> Option<&[String]> {
        self.0.as_deref()
    }
}

impl Default for Tracked {
    fn default() -> Self {
        Self::read_by(|| None)
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracked")
    }
}

/// The first bytes of files, which are read at the first question about one: enough to see whether
/// it is an archive. `None` if a file can't be read.
#[derive(Clone)]
pub struct Starts(Arc<ReadStart>);

type ReadStart = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

impl Starts {
    /// How many bytes of a file are read.
    pub const BYTES: usize = archives::BYTES;

    /// The bytes that this function reads.
    pub fn read_by(read: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl Default for Starts {
    fn default() -> Self {
        Self::read_by(|_| None)
    }
}

impl fmt::Debug for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Starts")
    }
}

/// One file or symlink of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path relative to the context's directory, with slashes, without a leading one.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is a symlink.
    pub is_link: bool,
    /// Whether anyone may execute it.
    pub executable: bool,
}

impl BuildContext {
    /// A context with these files and the effective ignore file.
    pub fn of(
        mut entries: Vec<Entry>,
        texts: BTreeMap<String, String>,
        ignore_path: &str,
        ignore_text: Option<String>,
    ) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let ignore = Ignore::parse(ignore_text.as_deref().unwrap_or_default());
        Self {
            entries: Arc::new(entries),
            texts: Arc::new(texts),
            ignore_path: ignore_path.to_owned(),
            ignore_text,
            ignore,
            tracked: Tracked::default(),
            starts: Starts::default(),
            excluded: OnceLock::new(),
            notable: OnceLock::new(),
            by_name: Arc::default(),
            parsed: Parsed::default(),
            inline: Arc::default(),
        }
    }

    /// The other Dockerfiles of the context, which share its ignore file, with their names in
    /// messages.
    pub fn other_dockerfiles(&self, own: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
        let files = self.texts.iter().filter(|(path, _)| path.to_ascii_lowercase().contains("dockerfile"));
        let files = files.map(|(path, text)| (path.as_str(), text.as_str()));
        let inline = self.inline_dockerfiles().iter().map(|(name, text)| (name.as_str(), text.as_str()));
        files.chain(inline).filter(move |(name, _)| Some(*name) != own)
    }

    /// The same context, which also builds the inline Dockerfiles of a Compose file outside of it.
    #[must_use]
    pub fn with_inline_dockerfiles(&self, path: &str, host: &str) -> Self {
        let mut all = self.inline_dockerfiles().to_vec();
        all.extend(compose::inline_dockerfiles(path, host));
        Self { inline: Arc::new(OnceLock::from(all)), ..self.clone() }
    }

    fn inline_dockerfiles(&self) -> &[(String, String)] {
        let is_host = |path: &str| path.rsplit('/').next().is_some_and(compose::is_compose_file);
        self.inline.get_or_init(|| {
            let hosts = self.texts.iter().filter(|(path, _)| is_host(path));
            hosts.flat_map(|(path, text)| compose::inline_dockerfiles(path, text)).collect()
        })
    }

    /// The files that are sent to the builder: those that the ignore file does not exclude.
    pub fn sent(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().zip(self.excluded()).filter(|(_, excluded)| !**excluded).map(|(entry, _)| entry)
    }

    /// Whether the file at this path, or anything below the directory at this path, is sent to the
    /// builder.
    pub fn sends(&self, path: &str) -> bool {
        self.below(path).any(|entry| self.sends_file(&entry.path))
    }

    /// Whether a file or symlink at exactly this path is sent to the builder.
    pub fn sends_file(&self, path: &str) -> bool {
        self.position(path).is_some_and(|at| !self.excluded()[at])
    }

    /// Whether the ignore file excludes each entry.
    pub fn excluded(&self) -> &[bool] {
        self.excluded
            .get_or_init(|| self.ignore.excluded(self.entries.iter().map(|entry| entry.path.as_str())))
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()
    }

    /// Whether version control is known to track a file at this path, or anything below it.
    pub fn is_tracked(&self, path: &str) -> Option<bool> {
        let tracked = self.tracked.files()?;
        let at = tracked.partition_point(|known| known.as_str() < path);
        let below = format!("{path}/");
        let within = tracked[at..].iter().take_while(|known| known.starts_with(path));
        Some(within.into_iter().any(|known| known == path || known.starts_with(&below)))
    }

    /// Whether version control may track a file: it does, or the tracked files are unknown.
    pub fn may_be_tracked(&self, path: &str) -> bool {
        self.is_tracked(path).unwrap_or(true)
    }

    /// The entry at exactly this path, ignored or not.
    pub fn file(&self, path: &str) -> Option<&Entry> {
        self.entries.get(self.position(path)?)
    }

    /// The entry at this path and those below it, ignored or not; the empty path means all entries.
    pub fn below(&self, path: &str) -> impl Iterator<Item = &Entry> {
        let path = path.trim_matches('/');
        // The entries below a path are adjacent, but not to the path's own entry: `a-b` sorts
        // between `a` and `a/b`.
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let first = self.entries.partition_point(|entry| entry.path.as_str() < inside.as_str());
        let own = self.file(path).filter(|_| !path.is_empty());
        own.into_iter()
            .chain(self.entries[first..].iter().take_while(move |entry| entry.path.starts_with(&inside)))
    }

    /// The files with this name, in any directory, that are sent to the builder.
    pub fn sent_by_name(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.places_of(name).filter(|&at| !self.excluded()[at]).map(|at| &self.entries[at])
    }

    /// The files with this name, in any directory, ignored or not.
    pub fn by_name(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.places_of(name).map(|at| &self.entries[at])
    }

    fn places_of(&self, name: &str) -> impl Iterator<Item = usize> {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
            for (at, entry) in self.entries.iter().enumerate() {
                let name = entry.path.rsplit('/').next().unwrap_or_default();
                by_name.entry(name.to_owned()).or_default().push(at);
            }
            by_name
        });
        by_name.get(name).into_iter().flatten().copied()
    }

    /// The sources that are sent to the builder and were too large to be read.
    pub fn unread_sources(&self) -> impl Iterator<Item = &str> {
        let paths = self.sent().map(|entry| entry.path.as_str());
        paths.filter(|path| is_source(path) && !self.texts.contains_key(*path))
    }

    /// The text of a manifest that is sent to the builder.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str).filter(|_| self.sends_file(path))
    }

    /// Whether the file at this path may be an archive: its content is one, or is unknown.
    pub fn may_be_archive(&self, path: &str) -> bool {
        match self.texts.get(path) {
            Some(text) => archives::may_be_archive(text.as_bytes()),
            None => (self.starts.0)(path).is_none_or(|start| archives::may_be_archive(&start)),
        }
    }

    /// The value of a manifest that is sent to the builder. The error says why it is
    /// unknown.
    pub fn parsed(&self, path: &str, format: Format) -> Result<Arc<Result<Value, String>>, Reason> {
        let text = self.text(path).ok_or_else(|| reasons::unreadable_file(path))?;
        let reading = self.parsed.read(path, text, format);
        match &*reading {
            Ok(_) => Ok(reading),
            Err(error) => Err(reasons::unparsable_file(path, error)),
        }
    }

    /// The entries selected by a rule, which is the same for all Dockerfiles that share the
    /// context.
    pub fn notable(&self, is_notable: fn(&str) -> bool) -> impl Iterator<Item = &Entry> {
        let found = self.notable.get_or_init(|| {
            let places = self.entries.iter().enumerate().filter(|(_, entry)| is_notable(&entry.path));
            places.map(|(at, _)| at).collect()
        });
        found.iter().map(|&at| &self.entries[at])
    }

    /// The same context with another ignore file.
    #[must_use]
    pub fn with_ignore(&self, text: &str) -> Self {
        let (ignore_text, ignore) = (Some(text.to_owned()), Ignore::parse(text));
        Self { ignore_text, ignore, excluded: OnceLock::new(), ..self.clone() }
    }
}

/// Whether a file may show which programs it starts and which packages it loads, so that its text is
/// read. Generated, installed and test files are excluded.
pub fn is_source(path: &str) -> bool {
    let is_left_out = |part: &str| DIRECTORIES_WITHOUT_SOURCES.contains(&part);
    READ_SOURCES.iter().any(|ending| path.ends_with(ending))
        && !path.ends_with(".min.js")
        && !path.split('/').any(is_left_out)
}

/// Whether a file may hold settings of the application that name packages: JSON that is no manifest,
/// no lockfile and no configuration of a compiler.
pub fn is_settings(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".json")
        && !NAMES_OF_OTHER_JSON.iter().any(|start| name.starts_with(start))
        && !path.split('/').any(|part| DIRECTORIES_WITHOUT_SOURCES.contains(&part) || part.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_path_is_found_among_neighbours() {
        let entry = |path: &str| Entry { path: path.into(), size: 1, is_link: false, executable: false };
        let entries = ["a", "a-b", "a/b", "a/c/d", "a0", "b"].map(entry).to_vec();
        let context = BuildContext::of(entries, BTreeMap::new(), ".dockerignore", None);
        let below = |path| context.below(path).map(|entry| entry.path.as_str()).collect::<Vec<_>>();
        assert_eq!(below("a"), ["a", "a/b", "a/c/d"]);
        assert_eq!(below("/a/c/"), ["a/c/d"]);
        assert_eq!(below("a/"), ["a", "a/b", "a/c/d"]);
        assert_eq!(below("c"), [""; 0]);
        assert_eq!(below("").len(), 6);
    }

    #[test]
    fn files_are_found_by_name_as_long_as_they_are_sent() {
        let entry = |path: &str| Entry { path: path.into(), size: 1, is_link: false, executable: false };
        let entries = ["run.sh", "a/run.sh", "a/run", "b/c/run.sh"].map(entry).to_vec();
        let context = BuildContext::of(entries, BTreeMap::new(), ".dockerignore", None);
        let named = |context: &BuildContext, name| {
            context.sent_by_name(name).map(|entry| entry.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(named(&context, "run.sh"), ["a/run.sh", "b/c/run.sh", "run.sh"]);
        assert_eq!(named(&context.with_ignore("a\n"), "run.sh"), ["b/c/run.sh", "run.sh"]);
        assert_eq!(named(&context, "sh"), [""; 0]);
    }
}

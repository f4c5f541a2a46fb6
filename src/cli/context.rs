//! The build context of a Dockerfile: its directory and its files. Everything is
//! looked up at the first question, and once for all Dockerfiles that share a directory.
//!
//! Reads only. What the ignore file excludes is decided by `context::ignore`, and what matters of
//! it by `facts`.

mod compose;
mod repository;
mod sources;
mod tracked;
mod walk;

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::cli::context::compose::InlineService;
pub use crate::cli::context::compose::dockerfiles_of;
use crate::cli::context::sources::{Presence, Sources};
use crate::cli::folders::Folders;
use crate::cli::{input, names, reach};
use crate::context::compose::name_of_inline;
use crate::context::{BuildContext, ContextSource, Ignore, ImageRun, Service, Starts, Tracked};
use crate::embedded::compose::InlineDockerfile;
use crate::syntax::Dockerfile;

/// Far larger than any real ignore file.
const MOST_IGNORE_BYTES: u64 = 1024 * 1024;
/// Longer patterns are cut in messages.
const MOST_SHOWN: usize = 60;
/// The largest number of comparisons between patterns and files.
const MOST_MATCHES: usize = 20_000_000;

/// The contexts of all files in one run of the program.
#[derive(Default)]
pub struct Contexts {
    /// The directory that the command line names.
    given: Option<PathBuf>,
    /// By directory and ignore file.
    loaded: Kept<Loaded>,
    /// What is known of the folders of Dockerfiles.
    folders: Kept<Folder>,
    /// Compose files in a folder, and those in a context.
    compose_files: Kept<compose::Files>,
    compose_files_within: Kept<compose::Files>,
    /// What the compose and bake files in one folder build.
    builds: Kept<compose::Builds>,
    /// How the files of a repository run images, by its top.
    runs: Kept<Vec<ImageRun>>,
    /// The files of a repository that mention a target of builds, by its top.
    targets: Kept<AboutTargets>,
    listed: Arc<Folders>,
}

/// Answers by path. A thread waits if another one is already looking for the same answer.
type Kept<T> = Mutex<HashMap<PathBuf, Arc<OnceLock<T>>>>;

/// What Dockerfiles in a folder share.
struct Folder {
    /// What the compose and bake files in it and above it build.
    builds: Vec<compose::Builds>,
    /// The top of the repository around it.
    top: PathBuf,
    has_ignore_file: bool,
}

impl Folder {
    fn at(path: &Path, contexts: &Contexts) -> Self {
        let builds = compose::folders_around(path, &contexts.listed).map(|folder| {
            let builds = kept(&contexts.builds, folder.to_owned());
            builds.get_or_init(|| compose::builds_in(folder, &contexts.listed)).clone()
        });
        Self {
            builds: builds.collect(),
            top: reach::top_above(path, &contexts.listed),
            has_ignore_file: contexts.listed.has(path, ".dockerignore"),
        }
    }
}

/// A context, or why it is unknown.
type Loaded = Result<Arc<BuildContext>, String>;

/// Paths and texts, or why not all of them are known.
type AboutTargets = Result<Vec<(String, String)>, String>;

/// The build context of one Dockerfile.
pub struct FileContext<'c> {
    contexts: &'c Contexts,
    /// The file of the Dockerfile; `None` for standard input.
    dockerfile: Option<&'c Path>,
    /// The Dockerfile, parsed, if it has been read.
    file: Option<&'c Dockerfile<'c>>,
    /// The service of a Compose file that contains the Dockerfile.
    service: Option<InlineService<'c>>,
    /// Whether the ignore file can be written with the Dockerfile.
    writes_ignore_file: bool,
    directory: OnceLock<Result<PathBuf, String>>,
    context: OnceLock<Loaded>,
    full: OnceLock<Option<PathBuf>>,
    inner: OnceLock<Option<String>>,
    services: OnceLock<Vec<Service>>,
    runs: OnceLock<Arc<OnceLock<Vec<ImageRun>>>>,
    targets: OnceLock<Arc<OnceLock<AboutTargets>>>,
}

impl Contexts {
    /// Checks what the command line says.
    pub fn new(given: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(directory) = given {
            let is_there = fs::metadata(directory);
            let what = match &is_there {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    Some("no such directory".to_owned())
                }
                Err(error) => Some(format!("can't be read: {error}")),
                Ok(metadata) if !metadata.is_dir() => Some("is not a directory".to_owned()),
                Ok(_) => None,
            };
            if let Some(what) = what {
                anyhow::bail!(
                    "--context {}: {what}; pass the directory that `docker build` gets",
                    directory.display()
                );
            }
        }
        Ok(Self { given: given.map(Path::to_owned), ..Self::default() })
    }

    /// The compose files in a folder.
    fn compose_files_in(&self, folder: &Path) -> Arc<OnceLock<compose::Files>> {
        let files = kept(&self.compose_files, folder.to_owned());
        files.get_or_init(|| compose::files_in(folder, &self.listed));
        files
    }

    /// The same contexts, with folders that may already be listed.
    #[must_use]
    pub fn with_folders(self, listed: Arc<Folders>) -> Self {
        Self { listed, ..self }
    }

    /// The context of one Dockerfile; without a path, of standard input.
    pub fn of_file<'c>(&'c self, dockerfile: Option<&'c Path>) -> FileContext<'c> {
        FileContext {
            contexts: self,
            dockerfile,
            service: None,
            writes_ignore_file: dockerfile.is_some(),
            file: None,
            directory: OnceLock::new(),
            context: OnceLock::new(),
            full: OnceLock::new(),
            inner: OnceLock::new(),
            runs: OnceLock::new(),
            targets: OnceLock::new(),
            services: OnceLock::new(),
        }
    }

    /// The context of an inline Dockerfile in a Compose file.
    pub fn of_inline<'c>(
        &'c self,
        path: &'c Path,
        host: &'c str,
        inline: &'c InlineDockerfile,
    ) -> FileContext<'c> {
        let service = InlineService { name: &inline.service, context: inline.context.as_deref(), host };
        FileContext { service: Some(service), ..self.of_file(Some(path)) }
    }
}

/// The answer for a path, from wherever it is kept.
fn kept<T>(all: &Kept<T>, path: PathBuf) -> Arc<OnceLock<T>> {
    Arc::clone(all.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_default())
}

impl<'c> FileContext<'c> {
    /// The same context, with the parsed Dockerfile, which is then not read again.
    #[must_use]
    pub fn with_file(self, file: &'c Dockerfile<'c>) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The same context, whose ignore file is not written.
    #[must_use]
    pub fn without_ignore_file(self) -> Self {
        Self { writes_ignore_file: false, ..self }
    }

    /// The full path of the context directory.
    pub fn directory(&self) -> Result<&Path, &str> {
        self.directory.get_or_init(|| self.find()).as_deref().map_err(String::as_str)
    }

    fn find(&self) -> Result<PathBuf, String> {
        let full = |path: &Path| {
            fs::canonicalize(path)
                .map_err(|error| format!("the build context {} can't be read: {error}", path.display()))
        };
        if let Some(given) = &self.contexts.given {
            return full(given);
        }
        let dockerfile = self.dockerfile.ok_or("the build context is unknown; name it with --context")?;
        let Some(dockerfile) = self.full_path() else {
            full(dockerfile)?;
            return Err("the Dockerfile can't be read".into());
        };
        let own = dockerfile.parent().unwrap_or(Path::new("/"));
        let folder = kept(&self.contexts.folders, own.to_owned());
        let folder = folder.get_or_init(|| Folder::at(own, self.contexts));
        if let Some(service) = &self.service {
            let files = self.contexts.compose_files_in(own);
            let others = files.get().into_iter().flatten().map(|(_, file)| file);
            let directory = full(&service.directory(dockerfile, others)?)?;
            return within(directory, dockerfile, &folder.top);
        }
        let Some((file, directory)) = compose::context_of(&folder.builds, dockerfile)? else {
            let read = || Some(Sources::of(&Dockerfile::outline(&input::file(dockerfile).ok()?)));
            let sources = || self.file.map(Sources::of).or_else(read);
            return by_sources(sources, own, folder, &self.contexts.listed);
        };
        within(full(directory)?, file, &folder.top)
    }

    fn load(&self) -> Result<Arc<BuildContext>, String> {
        let directory = self.directory()?;
        // Compose stores an inline Dockerfile in a folder of its own.
        let dockerfile = self.full_path().filter(|_| self.service.is_none());
        let own = own_ignore_file(directory, dockerfile, &self.contexts.listed)?;
        let ignore_path = own.as_ref().map_or(".dockerignore", |(path, _)| path).to_owned();
        let loaded = kept(&self.contexts.loaded, directory.join(&ignore_path));
        let load = || {
            let ignore_text = match own {
                Some((_, text)) => Some(text),
                None => ignore_file(&directory.join(&ignore_path), directory, &self.contexts.listed)?,
            };
            let files = walk::files(directory)?;
            let mut context = BuildContext::of(files.entries, files.texts, &ignore_path, ignore_text);
            let (below, listed) = (directory.to_owned(), Arc::clone(&self.contexts.listed));
            context.tracked = Tracked::read_by(move || tracked::below(&below, &listed));
            let folder = directory.to_owned();
            context.starts = Starts::read_by(move |path| input::start_of(&folder.join(path), Starts::BYTES));
            let (patterns, entries) = (context.ignore.patterns(), context.entries.len());
            if patterns.saturating_mul(entries) > MOST_MATCHES {
                return Err(format!("{ignore_path} has too many patterns ({patterns}) for {entries} files"));
            }
            Ok(Arc::new(context))
        };
        let loaded = loaded.get_or_init(load).clone()?;
        let outside = self.full_path().filter(|path| relative(path, directory).is_none());
        Ok(match self.service.as_ref().zip(outside) {
            // The context does not contain the other Dockerfiles of the file.
            Some((service, path)) => {
                let name = name_in(path, directory);
                Arc::new(loaded.with_inline_dockerfiles(&name, service.host))
            }
            None => loaded,
        })
    }

    /// The full path of the Dockerfile.
    fn full_path(&self) -> Option<&Path> {
        let full = || self.dockerfile.and_then(|path| self.contexts.listed.full_paths.of(path).ok());
        self.full.get_or_init(full).as_deref()
    }
}

impl ContextSource for FileContext<'_> {
    fn context(&self) -> Result<&BuildContext, &str> {
        self.context.get_or_init(|| self.load()).as_deref().map_err(String::as_str)
    }

    fn can_write_ignore_file(&self) -> bool {
        self.writes_ignore_file
    }

    fn dockerfile(&self) -> Option<&str> {
        let path = || {
            let (full, directory) = (self.full_path()?, self.directory().ok()?);
            match &self.service {
                Some(service) => Some(name_of_inline(&name_in(full, directory), service.name)),
                None => relative(full, directory),
            }
        };
        self.inner.get_or_init(path).as_deref()
    }

    fn runs(&self) -> &[ImageRun] {
        let Some(own) = self.full_path().and_then(Path::parent) else { return &[] };
        let top = || reach::top_above(own, &self.contexts.listed);
        let runs = self.runs.get_or_init(|| kept(&self.contexts.runs, top()));
        runs.get_or_init(|| repository::runs(&top()))
    }

    fn texts_about_targets(&self) -> Result<&[(String, String)], &str> {
        let own = self.full_path().and_then(Path::parent).ok_or("the repository is unknown")?;
        let top = || reach::top_above(own, &self.contexts.listed);
        let texts = self.targets.get_or_init(|| kept(&self.contexts.targets, top()));
        let texts = texts.get_or_init(|| repository::about_targets(&top(), &self.contexts.listed));
        texts.as_deref().map_err(String::as_str)
    }

    fn services(&self) -> &[Service] {
        self.services.get_or_init(|| {
            let Some(dockerfile) = self.full_path() else { return Vec::new() };
            let own = dockerfile.parent().unwrap_or(Path::new("/"));
            let listed = &self.contexts.listed;
            let around = compose::folders_around(own, listed);
            let mut all: Vec<_> = around.map(|folder| self.contexts.compose_files_in(folder)).collect();
            if let Some((context, directory)) = self.context().ok().zip(self.directory().ok()) {
                let files = kept(&self.contexts.compose_files_within, directory.to_owned());
                files.get_or_init(|| compose::files_within(directory, context));
                all.push(files);
            }
            let service = self.service.as_ref().map(|service| service.name);
            compose::services_of(dockerfile, service, all.iter().filter_map(|files| files.get()))
        })
    }
}

/// A context that a file sets, if it is below a directory.
fn within(directory: PathBuf, by: &Path, top: &Path) -> Result<PathBuf, String> {
    if reach::is_within(&directory, top) {
        return Ok(directory);
    }
    Err(format!(
        "{} sets the build context {}, which is outside of {}; name the context with --context",
        by.display(),
        directory.display(),
        top.display()
    ))
}

/// The context of a Dockerfile that no file names one for: its own folder, unless nothing of what
/// it copies is there. Then it is the one folder above, up to the top of the repository, that has
/// it all.
fn by_sources(
    sources: impl FnOnce() -> Option<Sources>,
    own: &Path,
    folder: &Folder,
    listed: &Folders,
) -> Result<PathBuf, String> {
    // An ignore file only counts in the context directory.
    if own == folder.top || folder.has_ignore_file {
        return Ok(own.to_owned());
    }
    let Some(sources) = sources() else { return Ok(own.to_owned()) };
    let in_own = sources.presence(own, listed);
    if matches!(in_own, Presence::All | Presence::Unknown) {
        return Ok(own.to_owned());
    }
    let above = own.ancestors().skip(1).take_while(|above| above.starts_with(&folder.top));
    let mut whole = above.filter(|folder| sources.presence(folder, listed) == Presence::All);
    match (whole.next(), whole.next(), in_own) {
        (Some(folder), None, _) => Ok(folder.to_owned()),
        (None, _, Presence::Some) => Ok(own.to_owned()),
        _ => Err(format!(
            "the build context is unknown: the files that the Dockerfile copies are not in {}; name it with --context",
            own.display()
        )),
    }
}

/// The ignore file next to the Dockerfile that has its name, and its text: it overrides that of the
/// context. (Docker's manual, "Build context", "Filename and location".)
fn own_ignore_file(
    directory: &Path,
    dockerfile: Option<&Path>,
    listed: &Folders,
) -> Result<Option<(String, String)>, String> {
    let Some(dockerfile) = dockerfile else { return Ok(None) };
    let mut name = dockerfile.as_os_str().to_owned();
    name.push(".dockerignore");
    let own = PathBuf::from(name);
    let text = ignore_file(&own, directory, listed)?;
    Ok(text.and_then(|text| Some((relative(&own, directory)?, text))))
}

/// The text of an ignore file of a context directory, where there is one; its patterns are valid.
fn ignore_file(path: &Path, directory: &Path, listed: &Folders) -> Result<Option<String>, String> {
    let folder = path.parent().unwrap_or(directory);
    if !path.file_name().is_some_and(|name| listed.has(folder, name)) {
        return Ok(None);
    }
    // Jettison may write this file later.
    reach::check_link(path, &reach::top_above(directory, listed))?;
    let text = input::beside(path, MOST_IGNORE_BYTES)?;
    match text.as_deref().and_then(Ignore::broken) {
        Some((line, pattern)) => {
            let pattern: String = pattern.chars().take(MOST_SHOWN).collect();
            Err(format!("the pattern `{pattern}` in line {line} of {} is not valid", path.display()))
        }
        None => Ok(text),
    }
}

/// The name of a file in a context, or of one outside.
fn name_in(path: &Path, directory: &Path) -> String {
    relative(path, directory).unwrap_or_else(|| names::shown(path))
}

/// A path relative to a directory, with slashes; `None` if it is outside.
fn relative(path: &Path, directory: &Path) -> Option<String> {
    let inner = path.strip_prefix(directory).ok()?;
    let parts: Option<Vec<&str>> = inner
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    Some(parts?.join("/"))
}

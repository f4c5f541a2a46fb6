//! The configuration of a file: the nearest `.jettison.yaml` in its directory or above, up to the
//! top of the repository, otherwise the one in the home directory; then its `overrides` for this
//! file, and the command line.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::cli::args::Choice;
use crate::cli::folders::Folders;
use crate::cli::{hadolint, input, names, reach};
use crate::config::{Config, Hadolint, Mistake, Search, Settings};
use crate::report::{Failure, Spot};
use crate::span::Place;
use crate::transforms;

/// Far larger than any real configuration.
const MOST_BYTES: u64 = 256 * 1024;
/// Longer lines are cut in messages.
const MOST_SHOWN: usize = 200;
/// The names of a configuration file, the preferred one first.
pub const FILE_NAMES: &[&str] = &[".jettison.yaml", ".jettison.yml"];
const HADOLINT: &[&str] = &[".hadolint.yaml", ".hadolint.yml"];

/// Finds and caches configurations.
pub struct Configurations<'a> {
    args: &'a Choice,
    found: Mutex<HashMap<PathBuf, Result<Arc<Found>, Failure>>>,
    folders: Arc<Folders>,
}

/// What is configured for a directory.
struct Found {
    /// The settings for files that no override matches.
    settings: Arc<Settings>,
    /// What the configuration file says, without the command line.
    config: Config,
    /// For each override, the files that it is for.
    overrides: Vec<Gitignore>,
}

/// One source of settings, and the settings after it.
pub struct Layer {
    pub source: String,
    pub config: Config,
}

/// Which files a search finds.
pub struct Searched {
    /// Whether it finds those in directories of tests and of other projects.
    pub search: Search,
    /// The files and directories that it skips.
    pub excluded: Vec<Gitignore>,
}

impl Searched {
    /// Whether a file or directory, given by its full path, is skipped.
    pub fn excludes(&self, path: &Path, is_directory: bool) -> bool {
        self.excluded.iter().any(|patterns| matches(patterns, path, is_directory))
    }
}

impl<'a> Configurations<'a> {
    /// Checks what the command line says.
    pub fn new(args: &'a Choice) -> anyhow::Result<Self> {
        let (selected, ignored) = (args.flags.select.iter(), args.flags.ignore.iter());
        if let Some(id) = first_unknown(selected, ignored) {
            bail!(unknown_transform(id));
        }
        patterns(Path::new(""), &args.flags.exclude).map_err(anyhow::Error::msg)?;
        Ok(Self { args, found: Mutex::default(), folders: Arc::default() })
    }

    /// The folders that were searched.
    pub fn folders(&self) -> Arc<Folders> {
        Arc::clone(&self.folders)
    }

    /// The settings for a file.
    pub fn for_file(&self, path: &Path) -> Result<Arc<Settings>, Failure> {
        let found = self.found_for(path.parent().unwrap_or(Path::new("")))?;
        if found.overrides.is_empty() {
            return Ok(Arc::clone(&found.settings));
        }
        let full = self.folders.full_paths.of(path).map_err(|error| input::problem(path, &error))?;
        let mut config = found.config.clone();
        let all = found.config.overrides.iter().zip(&found.overrides);
        for (settings, _) in all.filter(|(_, files)| matches(files, &full, false)) {
            settings.overlay(&mut config);
        }
        self.args.flags.override_config(&mut config);
        Ok(Arc::new(Settings { config, ..Settings::clone(&found.settings) }))
    }

    /// The settings for files in a directory that no override matches.
    pub fn for_directory(&self, directory: &Path) -> Result<Arc<Settings>, Failure> {
        Ok(Arc::clone(&self.found_for(directory)?.settings))
    }

    /// The settings for a file or directory as they come about: the defaults, the configuration
    /// file, its overrides, and the command line.
    pub fn layers(&self, path: &Path) -> Result<Vec<Layer>, Failure> {
        let is_directory = path.is_dir();
        let directory = if is_directory { path } else { path.parent().unwrap_or(Path::new("")) };
        let found = self.found_for(directory)?;
        let full = fs::canonicalize(path).map_err(|error| input::problem(path, &error))?;
        let mut layers = vec![Layer { source: "default".into(), config: Config::default() }];
        let file = found.settings.path.as_deref().map(names::shown);
        if let Some(file) = &file {
            layers.push(Layer { source: file.clone(), config: found.config.clone() });
        }
        let mut config = found.config.clone();
        for (number, (settings, files)) in found.config.overrides.iter().zip(&found.overrides).enumerate() {
            if matches(files, &full, is_directory) {
                settings.overlay(&mut config);
                let source = format!("{}, overrides[{number}]", file.as_deref().unwrap_or_default());
                layers.push(Layer { source, config: config.clone() });
            }
        }
        self.args.flags.override_config(&mut config);
        layers.push(Layer { source: "command line".into(), config });
        Ok(layers)
    }

    fn found_for(&self, directory: &Path) -> Result<Arc<Found>, Failure> {
        if let Some(known) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(directory) {
            return known.clone();
        }
        let found = self.load(directory).map(Arc::new);
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.to_owned(), found.clone());
        found
    }

    /// Which Dockerfiles to search in a directory; if its configuration can't be read, each file
    /// reports the error.
    pub fn search(&self, directory: &Path) -> Searched {
        let settings = self.for_directory(directory).unwrap_or_default();
        let folder = settings.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let lists = [(folder, &settings.config.exclude), (Path::new(""), &self.args.flags.exclude)];
        let lists = lists.iter().filter(|(_, list)| !list.is_empty());
        // Wrong patterns are errors already.
        let excluded = lists.filter_map(|(folder, list)| patterns(folder, list).ok()).collect();
        Searched { search: settings.config.search, excluded }
    }

    fn load(&self, directory: &Path) -> Result<Found, Failure> {
        let start = self.folders.full_paths.of_folder(directory).ok();
        let start = start.as_deref();
        let repository = start.and_then(|start| self.folders.repository(start));
        let path = match &self.args.config {
            Some(path) => Some(path.clone()),
            None => self.nearest(start, repository, FILE_NAMES)?,
        };
        let (config, overrides) = match &path {
            Some(path) => read(path)?,
            None => Default::default(),
        };
        let mut effective = config.clone();
        self.args.flags.override_config(&mut effective);
        let hadolint = match self.nearest(start, repository, HADOLINT)? {
            Some(path) => read_hadolint(&path)?,
            None => Hadolint::default(),
        };
        let settings = Arc::new(Settings { config: effective, path, hadolint, ..Settings::default() });
        Ok(Found { settings, config, overrides })
    }

    /// The nearest of some files: in the directory with this full path or above it, up to the top of
    /// the repository or, without one, to the root directory; then in the home directory. None if
    /// there is no such directory, or no file is to be read.
    fn nearest(
        &self,
        start: Option<&Path>,
        repository: Option<&Path>,
        names: &[&str],
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(start) = start.filter(|_| !self.args.no_config) else { return Ok(None) };
        let folders =
            start.ancestors().take_while(|folder| repository.is_none_or(|top| folder.starts_with(top)));
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        for folder in folders.chain(home.as_deref()) {
            let is_home = home.as_deref() == Some(folder);
            for path in
                names.iter().filter(|name| self.folders.has(folder, name)).map(|name| folder.join(name))
            {
                // An existing file must be readable, or is an error.
                let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
                // Any user can create a file in `/tmp`.
                if repository.is_none() && !is_home && !is_trusted(&metadata, start) {
                    continue;
                }
                if !is_home {
                    reach::check_link(&path, repository.unwrap_or(folder))
                        .map_err(|error| unusable(&path, &error))?;
                }
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

/// The first name that `select` or `ignore` does not accept.
fn first_unknown<'n>(
    mut selected: impl Iterator<Item = &'n String>,
    mut ignored: impl Iterator<Item = &'n String>,
) -> Option<&'n String> {
    selected
        .find(|id| !transforms::is_selector(id))
        // What no transform fixes is ignored anyway.
        .or_else(|| ignored.find(|id| !transforms::can_be_ignored(id) && hadolint::unanswered(id).is_none()))
}

/// The message for an unknown transform, with the most similar id.
pub fn unknown_transform(id: &str) -> String {
    let fixing: Vec<&str> = transforms::for_code(id).iter().map(|transform| transform.id).collect();
    if !fixing.is_empty() {
        return format!("{id} is a code, not a transform; {} fixes it", fixing.join(", "));
    }
    if let Some(reason) = hadolint::unanswered(id) {
        return format!("no transform fixes {id}: {reason}");
    }
    let hint = transforms::nearest(id).map(|best| format!("; did you mean `{best}`?")).unwrap_or_default();
    format!("unknown transform `{id}`{hint} (`jettison list` shows all)")
}

/// Whether a configuration belongs to the owner of the folder that it configures, or to root.
#[cfg(unix)]
fn is_trusted(metadata: &fs::Metadata, folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == 0 || fs::metadata(folder).is_ok_and(|folder| folder.uid() == metadata.uid())
}

#[cfg(not(unix))]
fn is_trusted(_: &fs::Metadata, _: &Path) -> bool {
    true
}

/// Matches paths below a folder, as `.gitignore` in that folder would.
pub fn patterns(folder: &Path, list: &[String]) -> Result<Gitignore, String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mut builder = GitignoreBuilder::new(folder);
    for pattern in list {
        builder.add_line(None, pattern).map_err(|error| format!("`{pattern}` is not a pattern: {error}"))?;
    }
    builder.build().map_err(|error| error.to_string())
}

/// Whether patterns match a file or a directory above it, given by its full path.
fn matches(patterns: &Gitignore, path: &Path, is_directory: bool) -> bool {
    path.starts_with(patterns.path()) && patterns.matched_path_or_any_parents(path, is_directory).is_ignore()
}

/// Reads the relevant part of hadolint's configuration.
fn read_hadolint(path: &Path) -> Result<Hadolint, Failure> {
    let text = configuration(path)?;
    Hadolint::parse(&text).map_err(|mistake| wrong(path, &text, mistake))
}

fn configuration(path: &Path) -> Result<String, Failure> {
    let text = input::beside(path, MOST_BYTES).map_err(|error| unusable(path, &error))?;
    text.ok_or_else(|| unusable(path, "no such configuration file"))
}

/// A configuration that can't be read; the error may start with its path.
fn unusable(path: &Path, error: &str) -> Failure {
    let text = error.strip_prefix(&path.display().to_string()).unwrap_or(error).trim_start();
    let spot = Spot { path: Some(names::shown(path)), place: None, line: String::new() };
    Failure::from(text.to_owned()).at(spot)
}

/// A mistake in a configuration file, with its line.
fn wrong(path: &Path, text: &str, mistake: Mistake) -> Failure {
    let line = mistake.place.and_then(|Place { line, .. }| text.lines().nth(line.saturating_sub(1)));
    let line = line.unwrap_or_default().chars().take(MOST_SHOWN).collect();
    let spot = Spot { path: Some(names::shown(path)), place: mistake.place, line };
    Failure::from(mistake.text).at(spot)
}

/// The configuration in a file, and the files that each of its overrides is for.
fn read(path: &Path) -> Result<(Config, Vec<Gitignore>), Failure> {
    let text = configuration(path)?;
    let config = Config::parse(&text).map_err(|mistake| wrong(path, &text, mistake))?;
    let overrides = || config.overrides.iter();
    let selected = overrides().flat_map(|settings| settings.select.iter().flatten().flatten());
    let ignored = overrides().flat_map(|settings| settings.ignore.iter().flatten());
    let selected = config.select.iter().flatten().chain(selected);
    if let Some(id) = first_unknown(selected, config.ignore.iter().chain(ignored)) {
        return Err(wrong(path, &text, Mistake::new(unknown_transform(id)).near(id, &text)));
    }
    let kept = overrides().flat_map(|settings| settings.keep.iter().flatten()).chain(&config.keep);
    if let Some(kept) = kept.into_iter().find(|kept| !kept.starts_with('/') && !kept.starts_with("~/")) {
        let mistake = format!("`keep` needs paths in the image that start with / or ~/, not `{kept}`");
        return Err(wrong(path, &text, Mistake::new(mistake).near(kept, &text)));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let compiled =
        |list: &Vec<String>| patterns(folder, list).map_err(|error| wrong(path, &text, Mistake::new(error)));
    compiled(&config.exclude)?;
    let overrides = config.overrides.iter().map(|entry| compiled(&entry.files)).collect::<Result<_, _>>()?;
    Ok((config, overrides))
}

//! The configuration of a file: the nearest `.jettison.yaml` in its directory or above, up to the
//! top of the repository, otherwise the one in the home directory, overridden by the command line.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};

use crate::cli::args::Choice;
use crate::cli::folders::Folders;
use crate::cli::{input, reach};
use crate::config::{Config, Hadolint, Search, Settings};
use crate::transforms;

/// Far larger than any real configuration.
const MOST_BYTES: u64 = 256 * 1024;
/// Longer lines are cut in messages.
const MOST_SHOWN: usize = 200;
const FILE_NAME: &str = ".jettison.yaml";
const HADOLINT: &[&str] = &[".hadolint.yaml", ".hadolint.yml"];

/// Finds and caches configurations.
pub struct Configurations<'a> {
    args: &'a Choice,
    found: Mutex<HashMap<PathBuf, Result<Arc<Settings>, String>>>,
    folders: Arc<Folders>,
}

impl<'a> Configurations<'a> {
    /// Checks what the command line says.
    pub fn new(args: &'a Choice) -> anyhow::Result<Self> {
        for id in args.flags.select.iter().chain(&args.flags.ignore) {
            if transforms::find(id).is_none() {
                bail!(unknown_transform(id));
            }
        }
        Ok(Self { args, found: Mutex::default(), folders: Arc::default() })
    }

    /// The folders that were searched.
    pub fn folders(&self) -> Arc<Folders> {
        Arc::clone(&self.folders)
    }

    /// The settings for a file.
    pub fn for_file(&self, path: &Path) -> Result<Arc<Settings>, String> {
        self.for_directory(path.parent().unwrap_or(Path::new("")))
    }

    /// The settings for files in a directory.
    pub fn for_directory(&self, directory: &Path) -> Result<Arc<Settings>, String> {
        if let Some(known) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(directory) {
            return known.clone();
        }
        let settings = self.load(directory).map(Arc::new).map_err(|error| format!("{error:#}"));
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(directory.to_owned(), settings.clone());
        settings
    }

    /// Which Dockerfiles to search in a directory; if its configuration can't be read, each file
    /// reports the error.
    pub fn search(&self, directory: &Path) -> Search {
        self.for_directory(directory).map(|settings| settings.config.search).unwrap_or_default()
    }

    fn load(&self, directory: &Path) -> anyhow::Result<Settings> {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let start = fs::canonicalize(directory).ok();
        let path = match &self.args.config {
            Some(path) => Some(path.clone()),
            None => self.nearest(start.as_deref(), &[FILE_NAME])?,
        };
        let mut config = match &path {
            Some(path) => read(path)?,
            None => Config::default(),
        };
        self.args.flags.override_config(&mut config);
        let hadolint = match self.nearest(start.as_deref(), HADOLINT)? {
            Some(path) => read_hadolint(&path)?,
            None => Hadolint::default(),
        };
        Ok(Settings { config, path, hadolint, ..Settings::default() })
    }

    /// The nearest of some files: in the directory with this full path or above it, up to the top of
    /// the repository or, without one, to the root directory; then in the home directory. None if
    /// there is no such directory.
    fn nearest(&self, start: Option<&Path>, names: &[&str]) -> anyhow::Result<Option<PathBuf>> {
        let Some(start) = start else { return Ok(None) };
        let repository = self.folders.repository(start);
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
                    reach::check_link(&path, repository.unwrap_or(folder)).map_err(anyhow::Error::msg)?;
                }
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

/// The message for an unknown transform, with the most similar id.
pub fn unknown_transform(id: &str) -> String {
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

fn configuration(path: &Path) -> anyhow::Result<String> {
    let text = input::beside(path, MOST_BYTES).map_err(anyhow::Error::msg)?;
    text.with_context(|| format!("{}: no such configuration file", path.display()))
}

/// Reads the relevant part of hadolint's configuration.
fn read_hadolint(path: &Path) -> anyhow::Result<Hadolint> {
    let text = configuration(path)?;
    Hadolint::parse(&text).map_err(|error| mistake(path, &text, &error))
}

/// A mistake in a configuration file, with its position.
fn mistake(path: &Path, text: &str, error: &serde_yaml::Error) -> anyhow::Error {
    let at = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
    let line =
        error.location().and_then(|at| text.lines().nth(at.line().saturating_sub(1))).unwrap_or_default();
    let line: String = line.chars().take(MOST_SHOWN).collect();
    let shown = if line.is_empty() { String::new() } else { format!("\n  | {line}") };
    anyhow::anyhow!("{}{at}: {error}{shown}", path.display())
}

fn read(path: &Path) -> anyhow::Result<Config> {
    let text = configuration(path)?;
    let config = Config::parse(&text).map_err(|error| mistake(path, &text, &error))?;
    for id in config.select.iter().flatten().chain(&config.ignore) {
        if transforms::find(id).is_none() {
            bail!("{}: {}", path.display(), unknown_transform(id));
        }
    }
    Ok(config)
}

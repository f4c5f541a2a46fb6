//! The configuration in force for a file: the nearest `.jettison.yaml` upwards, the command line laid over it.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};

use crate::cli::args::{self, Choice};
use crate::config::{Bases, Caches, Config, Settings};
use crate::transforms;

const FILE_NAME: &str = ".jettison.yaml";

/// Finds and remembers configurations.
pub struct Configurations<'a> {
    args: &'a Choice,
    found: Mutex<HashMap<PathBuf, Result<Arc<Settings>, String>>>,
}

impl<'a> Configurations<'a> {
    /// Checks what the command line says.
    pub fn new(args: &'a Choice) -> anyhow::Result<Self> {
        for id in args.select.iter().chain(&args.ignore) {
            if transforms::find(id).is_none() {
                bail!(unknown_transform(id));
            }
        }
        Ok(Self { args, found: Mutex::default() })
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

    fn load(&self, directory: &Path) -> anyhow::Result<Settings> {
        let path = match &self.args.config {
            Some(path) => Some(path.clone()),
            None => nearest(directory),
        };
        let mut config = match &path {
            Some(path) => read(path)?,
            None => Config::default(),
        };
        if !self.args.select.is_empty() {
            config.select = Some(self.args.select.clone());
        }
        config.ignore.extend(self.args.ignore.iter().cloned());
        config.r#unsafe |= self.args.r#unsafe;
        config.caches = match self.args.caches {
            Some(args::Caches::Clean) => Caches::Clean,
            Some(args::Caches::Mount) => Caches::Mount,
            None => config.caches,
        };
        config.bases = match self.args.bases {
            Some(args::Bases::Slim) => Bases::Slim,
            Some(args::Bases::Alpine) => Bases::Alpine,
            None => config.bases,
        };
        config.comments &= !self.args.no_comments;
        Ok(Settings { config, path, proves: false })
    }
}

/// The message for an id that no transform has, with the nearest one that there is.
pub fn unknown_transform(id: &str) -> String {
    let near = |known: &&str| similar::TextDiff::from_chars(id, *known).ratio();
    let best =
        transforms::ALL.iter().map(|transform| transform.id).max_by(|a, b| near(a).total_cmp(&near(b)));
    let hint = best
        .filter(|best| near(best) > 0.6)
        .map(|best| format!("; did you mean `{best}`?"))
        .unwrap_or_default();
    format!("there is no transform `{id}`{hint} (`jettison list` shows them all)")
}

fn nearest(directory: &Path) -> Option<PathBuf> {
    let absolute =
        fs::canonicalize(if directory.as_os_str().is_empty() { Path::new(".") } else { directory }).ok()?;
    absolute.ancestors().map(|ancestor| ancestor.join(FILE_NAME)).find(|candidate| candidate.is_file())
}

fn read(path: &Path) -> anyhow::Result<Config> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("{}: there is no such configuration file", path.display())
        }
        Err(error) => return Err(error).with_context(|| format!("{}: can't be read", path.display())),
    };
    let config = Config::parse(&text).map_err(|error| {
        let at = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        let line =
            error.location().and_then(|at| text.lines().nth(at.line().saturating_sub(1))).unwrap_or_default();
        anyhow::anyhow!("{}{at}: {error}\n  | {line}", path.display())
    })?;
    for id in config.select.iter().flatten().chain(&config.ignore) {
        if transforms::find(id).is_none() {
            bail!("{}: {}", path.display(), unknown_transform(id));
        }
    }
    Ok(config)
}

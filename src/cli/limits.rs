//! The files that a document from elsewhere may name: those below the top directory of the
//! repository, or below the current directory if there is no repository, after resolving symlinks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::cli::reach;
use crate::git;

/// See the module's documentation.
pub enum Limits {
    /// Files below a directory; with advice for other files.
    Below(PathBuf, &'static str),
    /// All files.
    None,
}

impl Limits {
    /// The repository around the current directory, or else the current directory.
    pub fn here(advice: &'static str) -> anyhow::Result<Self> {
        let here = Path::new(".");
        let directory = git::root_of(here)
            .or_else(|_| here.canonicalize().context("the current directory can't be read"));
        Ok(Self::Below(directory?, advice))
    }

    /// Refuses a file that is not below the directory, or has another kind of name. For a new file,
    /// its directory is checked.
    pub fn allow(&self, path: &Path, has_name: fn(&str) -> bool) -> anyhow::Result<()> {
        let Self::Below(directory, advice) = self else { return Ok(()) };
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let full = match path.canonicalize() {
            Ok(full) => full,
            Err(_) => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                let parent = parent
                    .unwrap_or(Path::new("."))
                    .canonicalize()
                    .map_err(|_| anyhow::anyhow!("no such file"))?;
                parent.join(path.file_name().context("is not a file name")?)
            }
        };
        ensure!(
            reach::is_within(&full, directory),
            "is outside of {}, or in its .git, and was not changed; {advice}",
            directory.display()
        );
        // A symlink and its target may have different names.
        let fits = [name(path), name(&full)].iter().all(|name| name.as_deref().is_some_and(has_name));
        ensure!(fits, "is not named like a Dockerfile or an ignore file, and was not changed; {advice}");
        Ok(())
    }
}

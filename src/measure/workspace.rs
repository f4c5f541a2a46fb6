//! A copy of a build context with one version of a Dockerfile, in which files may be changed.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Error;
use super::build::Plan;
use super::leftovers::TemporaryDirectory;
use super::rebuild::Touch;
use crate::context::BuildContext;

/// See the module's documentation.
#[derive(Debug)]
pub struct Workspace {
    /// Its name: "before", "after".
    pub name: String,
    /// The files to change for rebuilds.
    pub touches: Vec<Touch>,
    /// The directory that contains it, and that is removed with it.
    _directory: TemporaryDirectory,
    plan: Plan,
}

/// One version of a Dockerfile.
#[derive(Debug, Clone, Copy)]
pub struct Version<'v> {
    /// Its name.
    pub name: &'v str,
    /// Its text.
    pub text: &'v str,
    /// The ignore file of this version: its path in the context, and its text.
    pub ignore_file: Option<(&'v str, &'v str)>,
}

impl Workspace {
    /// Copies a build context. `plan` contains the options of the build; its Dockerfile and context
    /// are replaced.
    pub fn of(
        context: &Path,
        known: &BuildContext,
        version: Version<'_>,
        plan: &Plan,
    ) -> Result<Self, Error> {
        let directory = TemporaryDirectory::new().map_err(Error::Temporary)?;
        let root = directory.path().join("context");
        copy(context, &root).map_err(|source| Error::Copy { path: context.to_owned(), source })?;
        if let Some((path, text)) = version.ignore_file {
            // A copied symlink would lead out of the copy.
            let path = root.join(path);
            if fs::symlink_metadata(&path).is_ok() {
                fs::remove_file(&path).map_err(Error::writing(&path))?;
            }
            fs::write(&path, text).map_err(Error::writing(&path))?;
        }
        let dockerfile = directory.path().join("Dockerfile");
        fs::write(&dockerfile, version.text).map_err(Error::writing(&dockerfile))?;
        // A Dockerfile-specific ignore file overrides that of the context. (Docker's manual,
        // ".dockerignore files".)
        let own = version.ignore_file.map(|(_, text)| text).or(known.ignore_text.as_deref());
        if let Some(text) = own.filter(|_| known.ignore_path != ".dockerignore") {
            let path = directory.path().join("Dockerfile.dockerignore");
            fs::write(&path, text).map_err(Error::writing(&path))?;
        }
        let touches = Touch::of(known, &root);
        let plan = Plan { dockerfile, context: root, ..plan.clone() };
        Ok(Self { name: version.name.to_owned(), touches, _directory: directory, plan })
    }

    /// The options of the build.
    pub fn plan(&self) -> Plan {
        self.plan.clone()
    }
}

/// Copies a directory, symlinks as symlinks, with the modification times of its files, which some
/// languages use.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut all: Vec<PathBuf> = vec![PathBuf::new()];
    while let Some(inner) = all.pop() {
        for entry in fs::read_dir(from.join(&inner))? {
            let entry = entry?;
            let (path, kind) = (inner.join(entry.file_name()), entry.file_type()?);
            let target = to.join(&path);
            if kind.is_dir() {
                fs::create_dir_all(&target)?;
                all.push(path);
            } else if kind.is_symlink() {
                link(&fs::read_link(entry.path())?, &target)?;
            } else if kind.is_file() {
                fs::copy(entry.path(), &target)?;
                let times = fs::metadata(entry.path())?.modified()?;
                fs::File::options().write(true).open(&target).and_then(|file| file.set_modified(times)).ok();
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) -> io::Result<()> {
    Err(io::Error::other(format!("{} is a symlink", at.display())))
}

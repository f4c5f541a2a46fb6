//! What all files of one `jettison fix` share: the arguments, the configurations, the build
//! contexts and the part of each file that may be changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::args::Fix;
use crate::cli::context::Contexts;
use crate::cli::discover::{self, Files};
use crate::cli::scope::Scopes;
use crate::cli::settings::Configurations;
use crate::config::Settings;
use crate::report::Failure;

/// One call of the program.
pub struct Session<'a> {
    /// What the user asked for.
    pub args: &'a Fix,
    /// The configuration files.
    pub configurations: &'a Configurations<'a>,
    /// The build contexts, each read once.
    pub contexts: Contexts,
    /// Which part of each file may be changed.
    pub scopes: Scopes,
}

impl<'a> Session<'a> {
    /// Checks what the command line says.
    pub fn new(args: &'a Fix, configurations: &'a Configurations<'a>) -> anyhow::Result<Self> {
        let contexts =
            Contexts::new(args.building.context.as_deref())?.with_folders(configurations.folders());
        Ok(Self { args, configurations, contexts, scopes: Scopes::new(args)? })
    }

    /// Reads the build contexts again, since files may have been written.
    pub fn forget_contexts(&mut self) -> anyhow::Result<()> {
        self.contexts = Contexts::new(self.args.building.context.as_deref())?;
        Ok(())
    }

    /// The files: those that are named, those that a report is about, or all below the working
    /// directory.
    pub fn files(&self) -> Files {
        let here = [PathBuf::from(".")];
        let paths = match &self.scopes {
            _ if !self.args.paths.is_empty() => &self.args.paths,
            Scopes::Found(findings) => findings.files(),
            _ => &here[..],
        };
        let folders = self.configurations.folders();
        let search = |directory: &Path| self.configurations.search(directory);
        discover::files(paths, &folders.full_paths, self.only_dockerfiles(), search)
    }

    /// The option of this call that works only with Dockerfiles, if there is one.
    pub fn only_dockerfiles(&self) -> Option<&'static str> {
        let Fix { proof, mode, .. } = self.args;
        let options =
            [(proof.verify, "--verify"), (proof.measure, "--measure"), (mode.interactive, "--interactive")];
        options.into_iter().find_map(|(is_set, name)| is_set.then_some(name))
    }

    /// The settings for a file with this text.
    ///
    /// # Errors
    /// The configuration can't be read, or git does not know which lines have changed; without the
    /// path.
    pub fn settings(&self, path: &Path, text: &str) -> Result<Arc<Settings>, Failure> {
        Ok(self.scopes.within(self.configurations.for_file(path)?, path, text)?)
    }
}

//! Why a build was not measured, or two images were not compared.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use thiserror::Error;

use super::build::BuildError;
use crate::image::ReadError;

/// See the module's documentation.
#[derive(Debug, Error)]
pub enum Error {
    /// A build of one of several versions failed.
    #[error("{version}")]
    Version {
        /// The name of the version: "before", "after".
        version: String,
        /// The failure.
        source: Box<Error>,
    },
    /// The Dockerfile does not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Nothing was asked for.
    #[error("nothing was measured, because the number of runs is 0")]
    NoRuns,
    /// The engine's program is missing, or can't be executed.
    #[error("{program} can't be started")]
    Start {
        /// The program.
        program: String,
        /// The reason.
        source: io::Error,
    },
    /// A command of the engine failed.
    #[error("{program} ({status}):\n{output}")]
    Command {
        /// The program.
        program: String,
        /// Its exit status.
        status: ExitStatus,
        /// The last lines of its standard error.
        output: String,
    },
    /// The output of the engine's program ended with an error.
    #[error("the output of {program} can't be read")]
    Output {
        /// The program.
        program: String,
        /// The reason.
        source: io::Error,
    },
    /// The engine's archive of an image.
    #[error("the image {tag}")]
    Image {
        /// The name of the image.
        tag: String,
        /// The reason.
        source: ReadError,
    },
    /// This build of the program does not read zstd.
    #[error(
        "the image {0} has layers compressed with zstd, which this build of jettison can't read; build it with the Cargo feature `inspect`"
    )]
    ZstdDisabled(String),
    /// The layers of an image could not be compressed.
    #[error("the image {tag} can't be compressed")]
    Compress {
        /// The name of the image.
        tag: String,
        /// The reason.
        source: io::Error,
    },
    /// The copy of the build context.
    #[error("the build context {} can't be copied", path.display())]
    Copy {
        /// The directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The temporary directory.
    #[error("no temporary directory can be created")]
    Temporary(#[source] io::Error),
    /// A file in the copy of the build context.
    #[error("{} can't be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A command fails in the original image as well.
    #[error("{check} failed in the original image ({status}), so it can't be used for comparison:\n{output}")]
    Smoke {
        /// The command.
        check: String,
        /// Its exit status.
        status: i32,
        /// The last lines of its standard error.
        output: String,
    },
}

impl Error {
    /// For `map_err`: a file that can't be written.
    pub(super) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

//! Why git gave no answer, or why its answer was not used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// See the module's documentation.
#[derive(Debug, Error)]
pub enum Error {
    /// git is missing, or can't be executed.
    #[error("git can't be started; is it installed?")]
    Start(#[source] io::Error),
    /// The output of a command.
    #[error("git {command}")]
    Output {
        /// The command of git.
        command: String,
        /// The reason.
        source: io::Error,
    },
    /// A command failed.
    #[error("git {command}: {message}")]
    Command {
        /// The command of git.
        command: String,
        /// Its error message, without passwords.
        message: String,
    },
    /// A command ended early.
    #[error("git {0}: incomplete answer")]
    Incomplete(&'static str),
    /// A file or directory that does not exist, or is not readable.
    #[error("{}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// No parent directory has a `.git`.
    #[error("{}: not a git repository (there is no .git here or above)", .0.display())]
    NoRepository(PathBuf),
    /// A `.git` that git itself interprets differently.
    #[error("{} has a .git that belongs to another work tree: {other}", root.display())]
    OtherWorkTree {
        /// The directory with the `.git`.
        root: PathBuf,
        /// The work tree, according to git.
        other: String,
    },
    /// The author of a file in the repository would decide what git runs.
    #[error(
        "git's configuration includes {}, a file of the work tree, so a change to it could run programs here; remove the include from .git/config, or copy its content there",
        .0.display()
    )]
    ConfigurationInWorkTree(PathBuf),
    /// A name that is not a commit.
    #[error("unknown revision `{revision}` in {}", root.display())]
    Revision {
        /// The name.
        revision: String,
        /// The repository.
        root: PathBuf,
        /// The message of git.
        source: Box<Error>,
    },
    /// A file of another repository.
    #[error("is outside of {}", .0.display())]
    Outside(PathBuf),
    /// An object that the repository does not contain.
    #[error("git cat-file: {0}; a partial clone may not contain it, and jettison does not fetch it")]
    NoObject(String),
    /// A file that is only in the work tree.
    #[cfg(feature = "pr")]
    #[error("{0} is not part of the current commit; commit it first")]
    NotCommitted(String),
    /// A file that git converts.
    #[cfg(feature = "pr")]
    #[error(
        "{0} differs between the commit and the work tree; the reason may be a filter or an encoding in .gitattributes, and jettison runs no filters"
    )]
    Converted(String),
    /// A new file that git would convert.
    #[cfg(feature = "pr")]
    #[error("{0} would get a filter or an encoding from .gitattributes, and jettison runs no filters")]
    Filtered(String),
    /// A remote that pushes to several servers.
    #[cfg(feature = "pr")]
    #[error("{0} has several URLs; name a remote that has only one")]
    SeveralUrls(String),
    /// The files from which a commit is made.
    #[cfg(feature = "pr")]
    #[error("temporary files can't be written")]
    Temporary(#[source] io::Error),
    /// git reads the names of temporary files as UTF-8.
    #[cfg(feature = "pr")]
    #[error("the name of the temporary directory is not UTF-8: {}", .0.display())]
    TemporaryName(PathBuf),
}

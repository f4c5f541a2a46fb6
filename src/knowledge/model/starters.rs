//! Programs that start others, and the files in which they find them.

use serde::{Deserialize, Serialize};

/// A program that starts others according to a file, or directories whose files a running image
/// starts (`knowledge/starters.yaml`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Starter {
    /// Its name in these files.
    pub name: String,
    /// The programs that read such files.
    #[serde(default)]
    pub programs: Vec<String>,
    /// The format of the files.
    pub format: StarterFormat,
    /// The prefixes of the names of sections that start something.
    #[serde(default)]
    pub sections: Vec<String>,
    /// The keys in those sections whose values are commands.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Options whose value is the file.
    #[serde(default)]
    pub file_options: Vec<String>,
    /// Options whose value is the directory in which files are searched.
    #[serde(default)]
    pub directory_options: Vec<String>,
    /// Further options that take their value as the next word.
    #[serde(default)]
    pub options_with_value: Vec<String>,
    /// Whether the operands name the files, or their directories.
    #[serde(default)]
    pub operands: bool,
    /// Files that are read from the working directory if the command line names none.
    #[serde(default)]
    pub files: Vec<String>,
    /// Files, and directories of files, that are read in every image.
    #[serde(default)]
    pub directories: Vec<String>,
    /// The endings of file names in those directories, and of operands that are files; any name if
    /// empty.
    #[serde(default)]
    pub endings: Vec<String>,
    /// Whether its programs only install a file where a running image finds it.
    #[serde(default)]
    pub installs: bool,
    /// Names of scripts that need no `#!` line.
    #[serde(default)]
    pub scripts: Vec<String>,
    /// The prefixes of words in paths of a build context, or the ends of paths, that identify such
    /// files.
    #[serde(default)]
    pub texts: Vec<String>,
    /// The sources.
    pub source: String,
}

/// The format of a file that defines what to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StarterFormat {
    /// Sections of keys and values.
    Sections,
    /// Lines of five fields of time and a command.
    Crontab,
    /// The same, with a user before the command.
    CrontabWithUser,
    /// Lines of a name, a colon and a command.
    Procfile,
    /// The files are scripts themselves.
    Scripts,
    /// Targets with recipes; the command line names some of them.
    Recipes,
    /// A text that Jettison does not parse.
    Text,
}

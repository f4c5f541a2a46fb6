//! What ordinary programs do: the names of the programs, and their command lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The known ordinary programs, as opposed to unknown ones (`knowledge/programs.yaml`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Programs {
    /// Take no time and write a few bytes: `mkdir`, `ln`, `chmod`, `echo`.
    pub cheap: Vec<String>,
    /// Do not call a system package manager and leave no process running, but may take long or
    /// write much.
    pub ordinary: Vec<String>,
    /// Run commands of the project, but by convention install no system packages and leave no
    /// process running: `make`, `python`, `node`.
    pub builders: Vec<String>,
    /// Names of files that a shell sources to set its environment, and that start no process.
    pub sourced: Vec<String>,
    /// Run the command that follows their own options (`sudo`, `env`, `time`, `nice`).
    pub wrappers: Vec<Wrapper>,
    /// Leave a process running after they return (daemons and programs that start them).
    pub daemons: Vec<String>,
}

/// A program that runs another one.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wrapper {
    /// The program.
    pub name: String,
    /// Its options that take their value as the next word.
    #[serde(default)]
    pub options_with_value: Vec<String>,
    /// Whether the command runs as another user.
    #[serde(default)]
    pub changes_user: bool,
    /// The number of operands before the command (`timeout 10 CMD` has one).
    #[serde(default)]
    pub operands: usize,
}

/// The files that ordinary programs touch (`knowledge/effects.yaml`). A program that is not listed
/// may touch any file.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Effects {
    /// No file except the system's own.
    pub nothing: Vec<String>,
    /// The files that they name.
    pub operands: Vec<String>,
    /// The files that they name, except for the first word.
    pub scripted: Vec<String>,
    /// The files that they name, and their working directory.
    pub archives: Vec<String>,
    /// A file that they download.
    pub downloads: Vec<String>,
    /// Users, groups and home directories.
    pub accounts: Vec<String>,
    /// The distribution's own directories, by names.
    pub named: Vec<String>,
    /// The distribution's own directories, and the files that they name.
    pub system: Vec<String>,
    /// The prefixes of the names of variables that redirect programs to other files.
    pub variables: Vec<String>,
}

/// How the arguments of a program name files (`knowledge/commands.yaml`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CommandLine {
    /// The programs.
    pub programs: Vec<String>,
    /// How the arguments are written.
    pub form: ArgumentForm,
    /// What happens to the files that the operands name.
    pub operands: Act,
    /// The subcommand to which the rest applies: the first argument.
    pub verb: Option<String>,
    /// The same for operands with these endings; then only those are files.
    pub endings: BTreeMap<Act, Vec<String>>,
    /// The same for the first operand, if it differs.
    pub first: Option<Act>,
    /// Options that change what happens to the first operand.
    pub first_with: BTreeMap<Act, Vec<String>>,
    /// Options with which the first operand is like the others.
    pub given: Vec<String>,
    /// The same for the last operand, if it differs.
    pub last: Option<Act>,
    /// Options that take a value, by what happens to it.
    pub options: BTreeMap<Act, Vec<String>>,
    /// Options whose value is optional, and attached to them.
    pub attached: Vec<String>,
    /// Options that change what happens to all operands.
    pub with: BTreeMap<Act, Vec<String>>,
    /// Options with which the working directory is read if there is no operand.
    pub here_with: Vec<String>,
    /// Options that unpack the archive.
    pub extracts: Vec<String>,
    /// Options that write the archive.
    pub creates: Vec<String>,
    /// Options with which a download gets the name in its address; the others are printed.
    pub named: Vec<String>,
    /// Options without which a download gets the name in its address.
    pub named_unless: Vec<String>,
    /// Options with which that name, or where it is, depends on the server.
    pub unnamed: Vec<String>,
    /// The source.
    pub source: String,
}

/// How the arguments of a program are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentForm {
    /// Options and operands.
    #[default]
    Plain,
    /// The same, but the first argument may be options without a dash, whose values follow.
    Tar,
    /// Options, and addresses to download.
    Download,
    /// Options, a script of sed, and operands.
    Sed,
    /// Options, a program of awk, and operands.
    Awk,
    /// Options, a script, and its own arguments. Values of options are words of their own.
    Interpreter,
    /// Starting points and an expression of find.
    Find,
}

/// What a program does with one of its arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It may read or write a file of this name.
    #[default]
    Uses,
    /// The argument is no file's name, but a mode, a number, a user.
    Text,
    /// The argument is no file's name, but a script or a pattern, which may look like one.
    Nothing,
    /// An address, or a file if it has no scheme.
    Address,
    /// It reads the file or directory.
    Reads,
    /// It checks, lists or prints the file; nothing depends on it afterwards.
    Checks,
    /// It installs the package file.
    Installs,
    /// It runs the file, or a script in it.
    Runs,
    /// The argument is the text of a script, which it runs.
    Evaluates,
    /// It creates the directory.
    Makes,
    /// It creates or overwrites the file.
    Writes,
    /// It changes the file's content, or adds to it.
    Edits,
    /// It writes a download to the file.
    Fetches,
    /// It puts files into the directory.
    Into,
    /// Downloads get names in this directory.
    Under,
    /// An archive, which is unpacked or written by the option that says so.
    Archive,
    /// It unpacks the archive.
    Unpacks,
    /// It removes the file.
    Removes,
    /// It removes the file or directory.
    RemovesTrees,
    /// It removes some of what is in the directory, or the directory itself.
    Prunes,
    /// It removes some files in the directory.
    PrunesFiles,
    /// It removes the directory and those around it.
    RemovesParents,
    /// It moves the file or directory away.
    Moves,
    /// It makes a link to the file or directory.
    Links,
    /// It changes the owner or the mode.
    Changes,
    /// The argument is an account or group.
    Account,
    /// An account that it creates.
    AddsAccount,
    /// The same, with a home directory.
    AddsHome,
    /// An account that gets another name, ID or home directory.
    MovesAccount,
    /// An account that it removes.
    RemovesAccount,
    /// The same, with its home directory.
    RemovesHome,
    /// The argument is the ID of an account.
    Uid,
    /// The argument is the ID of a group, or its name.
    Gid,
    /// The argument is the home directory of an account.
    Home,
}

impl Act {
    /// Whether it removes the file or directory.
    pub fn removes(self) -> bool {
        matches!(self, Self::Removes | Self::RemovesTrees | Self::RemovesParents)
    }

    /// Whether it creates, changes or removes the file, or what is in the directory.
    pub fn changes(self) -> bool {
        let changes = matches!(
            self,
            Self::Makes
                | Self::Writes
                | Self::Edits
                | Self::Fetches
                | Self::Into
                | Self::Moves
                | Self::Changes
                | Self::Uses
        );
        changes || self.removes() || self.prunes()
    }

    /// Whether it removes some of what is in the directory.
    pub fn prunes(self) -> bool {
        matches!(self, Self::Prunes | Self::PrunesFiles)
    }
}

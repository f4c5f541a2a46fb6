//! What the install of a project reads and creates.

use serde::{Deserialize, Serialize};

/// Project files that a manager reads before it installs. Names are relative to its working
/// directory.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Project {
    /// The verbs that install from the manifests.
    pub verbs: Vec<String>,
    /// Files without which it fails.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Files and directories that it reads if they exist.
    #[serde(default)]
    pub companions: Vec<String>,
    /// Files of code, settings or packages that it reads if they exist, and which may read or run
    /// anything in the project.
    #[serde(default)]
    pub unreadable: Vec<String>,
    /// Whether an install reads nothing of the project but the manifests and the companions.
    #[serde(default)]
    pub complete: bool,
    /// Options with which it reads or writes in another directory, in addition to the usual ones
    /// (`knowledge/lists/options.yaml`).
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// Plugins of the manager that read no project files during an install.
    #[serde(default)]
    pub plugins: Vec<String>,
    /// The files that it creates there.
    #[serde(default)]
    pub makes: Vec<String>,
    /// The files that some of its releases create there, or all releases with some settings.
    #[serde(default)]
    pub may_make: Vec<String>,
    /// The command that only downloads what a build of the project needs.
    #[serde(default)]
    pub fetch: Option<Fetch>,
    /// The sources.
    pub source: String,
}

/// A command that only downloads what a build of the project downloads.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fetch {
    /// Its verb, with the options that it always has.
    pub verb: String,
    /// What it downloads, for messages: "the modules".
    pub what: String,
    /// The verbs that download the same before anything else.
    pub before: Vec<String>,
    /// Verbs that may be in the same call.
    #[serde(default)]
    pub together_with: Vec<String>,
    /// Whether the operands of a call are verbs too.
    #[serde(default)]
    pub several_verbs: bool,
    /// Whether it takes the operands of the build.
    #[serde(default)]
    pub takes_operands: bool,
    /// Options of the build that it has too.
    #[serde(default)]
    pub shared_options: Vec<String>,
    /// Options of the build that do not change what is downloaded.
    pub harmless_options: Vec<String>,
    /// Variables that do not change what is downloaded.
    #[serde(default)]
    pub harmless_variables: Vec<String>,
    /// Files without which it is unknown whether anything is downloaded.
    pub needs: Vec<String>,
    /// Words of the Dockerfile that mean credentials, or another place of the dependencies.
    pub unless_word: Vec<String>,
    /// Directories of the project that contain the dependencies.
    #[serde(default)]
    pub unless_directory: Vec<String>,
    /// The sources.
    pub source: String,
}

/// A settings file of a project (`knowledge/settings.yaml`), with the keys that name no other file
/// and run nothing. A key that is not listed may do either. `*` matches any characters; a dot
/// separates nested tables.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingsFile {
    /// Its name in the project.
    pub file: String,
    /// The table with the manager's settings, if the others belong to other programs.
    #[serde(default)]
    pub table: Option<String>,
    /// The format.
    pub format: SettingsFormat,
    /// The managers that read it.
    pub managers: Vec<String>,
    /// Keys that are harmless if no value is a path.
    pub keys: Vec<String>,
    /// Keys whose values the program interprets itself.
    #[serde(default)]
    pub read: Vec<String>,
    /// Keys whose values are paths of other files.
    #[serde(default)]
    pub files: Vec<String>,
    /// The sources.
    pub source: String,
}

/// The format of a settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum SettingsFormat {
    Ini,
    Json,
    Toml,
    Yaml,
    /// Lines of a key and a value, as in Yarn 1.
    Yarnrc,
}

/// Packages with an install script (`knowledge/install-scripts.yaml`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InstallScript {
    /// The packages.
    pub packages: Vec<String>,
    /// Project files that the script reads if they exist.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Why it needs more of the project than that, if it does.
    #[serde(default)]
    pub because: Option<String>,
    /// The source.
    pub source: String,
}

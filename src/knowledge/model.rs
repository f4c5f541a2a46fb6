//! The types of the knowledge files, `knowledge/**/*.yaml`.
//!
//! Only types. The build script parses the YAML with these types, rejects unknown keys, and embeds
//! the result as JSON, which starts up much faster than a YAML parser. `super` looks entries up.

use serde::{Deserialize, Serialize};

/// A package manager: one file in `knowledge/managers/`, named after it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manager {
    /// The name used in messages and configuration, equal to the file's name.
    pub name: String,
    /// The kind of manager, which determines the privileges of its calls.
    pub kind: Kind,
    /// Names of the programs, without a directory and without a version suffix.
    pub programs: Vec<String>,
    /// Python modules (`python -m MODULE`) that call this manager.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Whether a version may follow the program's name, as in `pip3.11`.
    #[serde(default)]
    pub versioned: bool,
    /// The default verb (`yarn`), or the verb if the words are packages (`cpanm Moose`).
    #[serde(default)]
    pub default_verb: Option<String>,
    /// Options before or after the verb that take their value as the next word (`-o`, `--setopt`).
    #[serde(default)]
    pub options_with_value: Vec<String>,
    /// The source for the claim that a long option may be abbreviated (`--no-cache` for
    /// `--no-cache-dir`).
    #[serde(default)]
    pub abbreviates: Option<String>,
    /// The meaning of the words after the program.
    pub verbs: Verbs,
    /// Other programs that download its index.
    #[serde(default)]
    pub refreshed_by: Vec<String>,
    /// The files that its verbs leave.
    #[serde(default)]
    pub caches: Vec<Cache>,
    /// The option that disables the cache.
    #[serde(default)]
    pub avoid: Option<Avoid>,
    /// The option that excludes recommended packages.
    #[serde(default)]
    pub without_recommended: Option<WithoutRecommended>,
    /// The option that answers its question, which fails a build.
    #[serde(default)]
    pub unattended: Option<Unattended>,
    /// The option that leaves out dev dependencies.
    #[serde(default)]
    pub production: Option<Production>,
    /// The command that removes dev dependencies after a build.
    #[serde(default)]
    pub prune: Option<Prune>,
    /// The language whose manifests it reads, for what only code can tell about them.
    #[serde(default)]
    pub ecosystem: Option<Ecosystem>,
    /// Calls that install packages by their names and read nothing of the project.
    #[serde(default)]
    pub by_name: Option<ByName>,
    /// Whether the verbs that empty caches also read or change the project.
    #[serde(default)]
    pub cleans_project: bool,
    /// Packages that are only needed to build others, and that no built program runs or links.
    #[serde(default)]
    pub build_packages: Vec<String>,
    /// The targets of cache mounts.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Files near the caches that must never be deleted.
    #[serde(default)]
    pub keep: Vec<Keep>,
    /// The files that it reads and creates when it installs from a project's manifests.
    #[serde(default)]
    pub project: Option<Project>,
    /// Files of a project whose texts Jettison reads, in addition to the manifests of `project` and
    /// to the files that its modes name.
    #[serde(default)]
    pub texts: Texts,
    /// How to make it install from its caches alone.
    #[serde(default)]
    pub offline: Option<Mode>,
    /// How to make it link installed files into its caches, so that they depend on the caches.
    #[serde(default)]
    pub linked: Option<Mode>,
    /// Whether installed files are hard links to files in its caches: a change of the owner or mode
    /// of one of them is a change of both.
    #[serde(default)]
    pub hard_links: bool,
    /// How to disable its cache.
    #[serde(default)]
    pub uncached: Option<Mode>,
    /// Configuration files that move its cache.
    #[serde(default)]
    pub moved: Option<Mode>,
}

/// Files of a project whose texts Jettison reads.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Texts {
    /// Names of files.
    pub names: Vec<String>,
    /// Names of lockfiles, which may be large.
    pub lockfiles: Vec<String>,
    /// Manifests, each with its kind of comment: `hash`, `slashes`, `markup`, or `field` for JSON.
    pub comments: Vec<(String, String)>,
}

/// A mode that options, variables or configuration files enable.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mode {
    /// Options of a call; `--name=value` is equivalent to two words.
    #[serde(default)]
    pub options: Vec<String>,
    /// Environment variables, in any case.
    #[serde(default)]
    pub variables: Vec<Switch>,
    /// Keys of configuration files.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// The sources.
    pub source: String,
}

/// A variable that enables a mode.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// The values that enable it.
    #[serde(default)]
    pub on: On,
}

/// A key of a configuration file that enables a mode.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Setting {
    /// The file's name, or the end of its path (`.cargo/config.toml`).
    pub file: String,
    /// The format of the file.
    pub format: Format,
    /// The key, after its section or table and a dot. Empty for a file of words.
    #[serde(default)]
    pub key: String,
    /// The values that enable it.
    #[serde(default)]
    pub on: On,
}

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

/// The values that enable a mode: those listed, or those that contain one of these words; without
/// either, all except the empty value and the negative ones (`0`, `false`, `no`, `off`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct On {
    /// Whole values.
    pub values: Vec<String>,
    /// Words of the value, separated by blanks or commas.
    pub words: Vec<String>,
}

/// The format of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Lines of `key = value`, `key: value` or `key value`, optionally under `[sections]`.
    Lines,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// XML; the key is an element's name.
    Xml,
    /// Options as on the command line.
    Words,
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

/// The kind of a manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The distribution's own manager: it runs as root, or it fails.
    System,
    /// A language's package manager: it runs as any user.
    Language,
    /// A build tool that downloads what it compiles: later builds or the running program may depend
    /// on its cache.
    Build,
}

/// The manager's verbs, grouped by effect. A verb may be several words (`mod download`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Verbs {
    /// Download only the index of packages.
    pub refresh: Vec<String>,
    /// Do only that if no package follows, and install otherwise.
    pub refresh_alone: Vec<String>,
    /// Download packages and install, build or unpack them.
    pub install: Vec<String>,
    /// Remove packages.
    pub remove: Vec<String>,
    /// Empty caches.
    pub clean: Vec<String>,
    /// Read the index or the installed packages without changing either.
    pub query: Vec<String>,
}

/// A directory full of files that can be downloaded or generated again.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// Its name in messages: "package lists".
    pub name: String,
    /// The verbs that fill it.
    pub filled_by: Vec<String>,
    /// Its path: absolute paths, or `~/…` for the home directory of the user who runs the manager.
    pub directories: Vec<String>,
    /// Variables that move it; if one is set, the command below may miss it.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Options that move it or disable it.
    #[serde(default)]
    pub options: Vec<String>,
    /// The shell command that empties it, for the user who filled it.
    pub clean: String,
    /// Whether the command needs the manager itself (it may have been removed, or depend on the
    /// directory).
    #[serde(default)]
    pub clean_needs_manager: bool,
    /// Verbs of this manager that empty it.
    #[serde(default)]
    pub cleaned_by: Vec<String>,
    /// Verbs of this manager that fail later if it is empty.
    #[serde(default)]
    pub needed_by: Vec<String>,
    /// Options with which those verbs download it again.
    #[serde(default)]
    pub refreshing_options: Vec<String>,
    /// Other programs that read it, directly or through the manager without a refresh.
    #[serde(default)]
    pub read_by: Vec<String>,
    /// How certain it is that only time is lost without it.
    #[serde(default)]
    pub applicability: Confidence,
    /// Why it is not `safe`, or the preconditions.
    #[serde(default)]
    pub because: Option<String>,
    /// The hadolint codes for a missing cleanup.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// How large it usually is after one install.
    #[serde(default)]
    pub size: Option<UsualSize>,
    /// The sources.
    pub source: String,
}

/// A usual size in megabytes (a million bytes each), at least and at most.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UsualSize {
    /// At least.
    pub low: u64,
    /// At most.
    pub high: u64,
    /// The distributions (`debian`) that the numbers are about; empty for all.
    #[serde(default)]
    pub distributions: Vec<String>,
    /// Whether it counts once for all installs of a stage: a second one makes it no larger, or the
    /// numbers are those of a whole application.
    #[serde(default)]
    pub once: bool,
    /// What was measured, or who says so.
    pub source: String,
}

impl UsualSize {
    /// The range in bytes.
    pub fn bytes(&self) -> std::ops::RangeInclusive<u64> {
        self.low * 1_000_000..=self.high * 1_000_000
    }
}

/// How much a rewrite may depend on a claim; the most certain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// By default.
    #[default]
    Safe,
    /// With `--unsafe` only.
    Unsafe,
    /// Never applied; it is listed to inform the user.
    Never,
}

/// An option that disables a cache.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Avoid {
    /// The option, as one word.
    pub option: String,
    /// The verbs that accept it.
    pub verbs: Vec<String>,
    /// Options with the same or the opposite effect: if one is present, nothing is added.
    #[serde(default)]
    pub unless_option: Vec<String>,
    /// Variables with the same or the opposite effect.
    #[serde(default)]
    pub unless_variable: Vec<String>,
    /// The first major release of the manager that supports the option.
    #[serde(default)]
    pub since: Option<u32>,
    /// Base images (`debian:8`, `alpine:3.2`) whose manager is too old to support the option; a
    /// release includes all earlier ones.
    #[serde(default)]
    pub unless_base: Vec<String>,
    /// The directories that stay empty, so that mounts on them are noticed.
    pub directories: Vec<String>,
    /// How certain it is that only time is lost.
    #[serde(default)]
    pub applicability: Confidence,
    /// Why it is not `safe`, or the preconditions.
    #[serde(default)]
    pub because: Option<String>,
    /// The hadolint codes for the missing option.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// The sources.
    pub source: String,
}

/// An option that installs fewer packages.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WithoutRecommended {
    /// The id of the transform that adds the option.
    pub transform: String,
    /// The option, as one word.
    pub option: String,
    /// The verbs that accept it.
    pub verbs: Vec<String>,
    /// Options (or prefixes of options) with the same or the opposite effect.
    #[serde(default)]
    pub unless_option: Vec<String>,
    /// The setting with the same or the opposite effect (`Install-Recommends`), and the common part
    /// of the names of the files that may contain it.
    #[serde(default)]
    pub unless_setting: Option<ManagerSetting>,
    /// The hadolint codes for the missing option.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// The sources.
    pub source: String,
}

/// An option that answers the question of a command, which otherwise fails without a terminal.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unattended {
    /// The option, as one word.
    pub option: String,
    /// The verbs that ask.
    pub verbs: Vec<String>,
    /// Options (or prefixes of options) that answer as well, or prevent the question.
    pub unless_option: Vec<String>,
    /// Letters of short options that do so: `qq` is twice the same.
    #[serde(default)]
    pub unless_letters: Vec<String>,
    /// The hadolint codes for the missing option.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// The sources.
    pub source: String,
}

/// An option that leaves out dev dependencies.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Production {
    /// The option, as one word.
    pub option: String,
    /// The verbs that accept it.
    pub verbs: Vec<String>,
    /// Options (or prefixes of options) that select groups already, or another project.
    pub unless_option: Vec<String>,
    /// Variables (or prefixes of variables) that select groups.
    #[serde(default)]
    pub unless_variable: Vec<String>,
    /// The file that lists the dev dependencies.
    pub manifest: String,
    /// The sources.
    pub source: String,
}

/// A command that removes dev dependencies.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prune {
    /// The command.
    pub command: String,
    /// A file that marks a workspace, and the command there.
    #[serde(default)]
    pub in_workspace: Option<(String, String)>,
    /// The verbs that install what it removes.
    pub verbs: Vec<String>,
    /// Options (or prefixes of options) that select groups already, or another project.
    pub unless_option: Vec<String>,
    /// The sources.
    pub source: String,
}

/// Calls that read nothing of the project.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ByName {
    /// The verbs.
    pub verbs: Vec<String>,
    /// Options of which one is needed.
    #[serde(default)]
    pub needs_option: Vec<String>,
    /// Options (or prefixes of options) that name files or directories.
    pub unless_option: Vec<String>,
    /// Whether the values of other options may name files.
    #[serde(default)]
    pub reads_files: bool,
    /// Verbs that read nothing of the project with any operands.
    #[serde(default)]
    pub other_verbs: Vec<String>,
    /// The sources.
    pub source: String,
}

/// A language with package managers that read the same manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ecosystem {
    /// `package.json`.
    Node,
    /// `pyproject.toml`, `Pipfile` and requirement files.
    Python,
    /// `Gemfile`.
    Ruby,
    /// `composer.json`.
    Php,
    /// Projects of `MSBuild`.
    Dotnet,
    /// `go.mod`.
    Go,
    /// `pom.xml`.
    Maven,
    /// `mix.exs`.
    Elixir,
    /// `Cargo.toml`.
    Rust,
}

/// A setting in a manager's configuration.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManagerSetting {
    /// Its name.
    pub name: String,
    /// A part of the path of every file that can contain it.
    pub file: String,
    /// The sources.
    pub source: String,
}

/// A target of `--mount=type=cache`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mount {
    /// Absolute path, or `~/…`.
    pub target: String,
    /// `shared`, `private` or `locked`, as in Docker's reference.
    #[serde(default)]
    pub sharing: Option<String>,
    /// The name of the cache at this path. A mount without a cache is listed so that it is
    /// recognized, but is never added to a file.
    #[serde(default)]
    pub holds: Option<String>,
    /// Variables, from the file or the base image, without which the target differs.
    #[serde(default)]
    pub needs: std::collections::BTreeMap<String, String>,
    /// Variables that move the target, in addition to those of the cache.
    #[serde(default)]
    pub unless_variable: Vec<String>,
    /// Variables of the cache that do not affect a mount if they have this value.
    #[serde(default)]
    pub harmless: std::collections::BTreeMap<String, String>,
    /// Words of a call that stores something there which exists nowhere else.
    #[serde(default)]
    pub unless_word: Vec<String>,
    /// Whether another call needs the content, so that all calls of a stage need the mount or none.
    #[serde(default)]
    pub for_all: bool,
    /// Whether it contains locally built programs that are distinguished by processor only, so that
    /// images with another C library need a separate mount.
    #[serde(default)]
    pub by_libc: bool,
    /// The source.
    pub source: String,
}

/// A directory that resembles a cache and is not one.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Keep {
    /// Absolute path, or `~/…`.
    pub path: String,
    /// The data that would be lost.
    pub because: String,
    /// The source.
    pub source: String,
}

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
    pub endings: std::collections::BTreeMap<Act, Vec<String>>,
    /// The same for the first operand, if it differs.
    pub first: Option<Act>,
    /// Options that change what happens to the first operand.
    pub first_with: std::collections::BTreeMap<Act, Vec<String>>,
    /// Options with which the first operand is like the others.
    pub given: Vec<String>,
    /// The same for the last operand, if it differs.
    pub last: Option<Act>,
    /// Options that take a value, by what happens to it.
    pub options: std::collections::BTreeMap<Act, Vec<String>>,
    /// Options whose value is optional, and attached to them.
    pub attached: Vec<String>,
    /// Options that change what happens to all operands.
    pub with: std::collections::BTreeMap<Act, Vec<String>>,
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

/// A base image that is identified by its name (`knowledge/images.yaml`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// The repository without registry defaults: `python`,
    /// `mcr.microsoft.com/devcontainers/python`.
    pub name: String,
    /// The distribution of a tag that does not name one.
    #[serde(default)]
    pub distribution: Option<String>,
    /// The distribution of tags with these prefixes, if it differs from that of the others.
    #[serde(default)]
    pub releases: std::collections::BTreeMap<String, String>,
    /// The user that its tags set; absent means root.
    #[serde(default)]
    pub user: Option<String>,
    /// The working directory that its tags set, except for those named `onbuild`; absent if
    /// unknown.
    #[serde(default)]
    pub workdir: Option<String>,
    /// Variables that its tags set and that a rule depends on.
    #[serde(default)]
    pub environment: std::collections::BTreeMap<String, String>,
    /// The source.
    pub source: String,
}

/// The system packages that only a build needs (`knowledge/runtime.yaml`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Runtime {
    /// Compilers, build systems, headers without a library.
    pub build_tools: Vec<String>,
    /// For people who inspect a container.
    pub looking: Vec<String>,
    /// Download files.
    pub fetching: Vec<String>,
    /// Headers with their libraries.
    pub libraries: Vec<Library>,
}

/// Development packages, and the packages that programs built with them load.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Library {
    /// The development packages.
    pub dev: Vec<String>,
    /// The libraries' packages, if they have the same names in all releases of Debian and Ubuntu in
    /// use.
    #[serde(default)]
    pub everywhere: Vec<String>,
    /// The libraries' packages by release (`debian:12`, or `debian` for all releases).
    #[serde(default)]
    pub releases: std::collections::BTreeMap<String, Vec<String>>,
    /// The file names of the library that programs load on Debian 12; only if the library needs no
    /// others than the C library and these.
    #[serde(default)]
    pub files: Vec<String>,
    /// The source.
    pub source: String,
}

/// Names that the code looks for, which the build script turns into a constant
/// (`knowledge/lists/*.yaml`, and `lists` of a language). One of the three forms is used.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct List {
    /// What the names have in common: the documentation of the constant.
    pub about: String,
    /// Whether the order matters. All other lists are sorted.
    #[serde(default)]
    pub ordered: bool,
    /// Names.
    #[serde(default)]
    pub words: Vec<String>,
    /// Names, each with one value.
    #[serde(default)]
    pub pairs: Vec<(String, String)>,
    /// Names, each with several values.
    #[serde(default)]
    pub table: Vec<(String, Vec<String>)>,
    /// The sources.
    pub source: String,
}

/// Lists by their names, in lower case.
pub type Lists = std::collections::BTreeMap<String, List>;

/// A programming language: one file in `knowledge/languages/`, named after the module in
/// `transforms/split_stages/languages/` that uses its lists. Most fields are lists that all languages
/// have; the build script joins them.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Language {
    /// Whether split-stages tries this language after all others, because builds of other languages
    /// use its tools as well.
    #[serde(default)]
    pub tried_last: bool,
    /// Environment variables that only its compilers and package managers read.
    #[serde(default)]
    pub build_variables: Option<List>,
    /// Environment variables of its build images that the final image sets as well.
    #[serde(default)]
    pub image_variables: Option<List>,
    /// Base images with a slim variant.
    #[serde(default)]
    pub slim_images: Option<List>,
    /// Base images with an Alpine variant for amd64 and arm64.
    #[serde(default)]
    pub alpine_images: Option<List>,
    /// Base images that contain a distribution, or its tools in the usual directories, and no
    /// application.
    #[serde(default)]
    pub plain_images: Option<List>,
    /// Base images that set no working directory.
    #[serde(default)]
    pub images_without_workdir: Option<List>,
    /// Endings of source files that are read to learn what a program starts and loads.
    #[serde(default)]
    pub read_sources: Option<List>,
    /// Endings of source files, each with its kind of comment.
    #[serde(default)]
    pub comments: Option<List>,
    /// Lists that only the code for this language uses.
    #[serde(default)]
    pub lists: Lists,
}

/// All knowledge, as embedded by the build script.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Everything {
    /// Sorted by file name.
    pub managers: Vec<Manager>,
    /// See [`Programs`].
    pub programs: Programs,
    /// See [`Effects`].
    pub effects: Effects,
    /// See [`CommandLine`].
    pub commands: Vec<CommandLine>,
    /// See [`Image`].
    pub images: Vec<Image>,
    /// See [`Runtime`].
    pub runtime: Runtime,
    /// See [`SettingsFile`].
    pub settings: Vec<SettingsFile>,
    /// See [`InstallScript`].
    pub install_scripts: Vec<InstallScript>,
    /// See [`Starter`].
    pub starters: Vec<Starter>,
    /// See [`List`], by the name of the file.
    pub lists: std::collections::BTreeMap<String, Lists>,
    /// See [`Language`], by name.
    pub languages: std::collections::BTreeMap<String, Language>,
}

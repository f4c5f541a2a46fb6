//! The shape of the knowledge files: what may stand in a `knowledge/**/*.yaml`.
//!
//! Types only. The build script reads the YAML through these very types (unknown keys are refused there) and
//! embeds the result as JSON, which costs a fraction of a YAML parser's start-up. Looking things up is `super`'s job.

use serde::{Deserialize, Serialize};

/// A package manager: one file in `knowledge/managers/`, named after it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manager {
    /// The name used in messages and configuration, equal to the file's name.
    pub name: String,
    /// What kind of manager it is, which decides whose privileges its calls imply.
    pub kind: Kind,
    /// Names of the programs, without a directory and without a version suffix.
    pub programs: Vec<String>,
    /// Python modules (`python -m MODULE`) that are this manager.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Whether a version may follow the program's name, as in `pip3.11`.
    #[serde(default)]
    pub versioned: bool,
    /// The verb that is meant where none stands (`yarn`), or where the words are packages right away (`cpanm Moose`).
    #[serde(default)]
    pub default_verb: Option<String>,
    /// Options before or after the verb that take their value as the next word (`-o`, `--setopt`).
    #[serde(default)]
    pub options_with_value: Vec<String>,
    /// Where it was read that a long option may be given by an unambiguous beginning (`--no-cache` for `--no-cache-dir`).
    #[serde(default)]
    pub abbreviates: Option<String>,
    /// What the words after the program mean.
    pub verbs: Verbs,
    /// Other programs that fetch its index.
    #[serde(default)]
    pub refreshed_by: Vec<String>,
    /// What its verbs leave behind.
    #[serde(default)]
    pub caches: Vec<Cache>,
    /// The option that keeps the cache from being written.
    #[serde(default)]
    pub avoid: Option<Avoid>,
    /// The option that leaves out packages which are only recommended.
    #[serde(default)]
    pub lean: Option<Lean>,
    /// Packages that serve to build others and that no built program runs or links.
    #[serde(default)]
    pub build_packages: Vec<String>,
    /// Where a cache mount belongs.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// What lies near the caches and must never be deleted.
    #[serde(default)]
    pub keep: Vec<Keep>,
    /// What it reads and makes when it installs what a project's manifests say.
    #[serde(default)]
    pub project: Option<Project>,
    /// How it is told to install from its caches alone.
    #[serde(default)]
    pub offline: Option<Mode>,
    /// How it is told to link what it installs into its caches, so that the installed files need them.
    #[serde(default)]
    pub linked: Option<Mode>,
    /// How it is told to keep no cache.
    #[serde(default)]
    pub uncached: Option<Mode>,
    /// Which configuration files have its cache elsewhere.
    #[serde(default)]
    pub moved: Option<Mode>,
}

/// A way of working that options, variables or configuration files switch on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mode {
    /// Options of a call; `--name=value` stands for the two words as well.
    #[serde(default)]
    pub options: Vec<String>,
    /// Variables of the environment. Upper and lower case do not matter.
    #[serde(default)]
    pub variables: Vec<Switch>,
    /// Keys of configuration files.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Where all of this was read.
    pub source: String,
}

/// A variable that switches a mode on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// When it does.
    #[serde(default)]
    pub on: On,
}

/// A key of a configuration file that switches a mode on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Setting {
    /// The file's name, or the end of its path (`.cargo/config.toml`).
    pub file: String,
    /// How the file is read.
    pub format: Format,
    /// The key; a dot separates it from the section or table that it is in. Of a file of words, nothing.
    #[serde(default)]
    pub key: String,
    /// When it does.
    #[serde(default)]
    pub on: On,
}

/// Files of a project that a manager reads before it installs. Names are relative to the directory that it runs in.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Project {
    /// The verbs that install what the manifests say.
    pub verbs: Vec<String>,
    /// Files without which it fails.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Files and directories that it reads where they are there.
    #[serde(default)]
    pub companions: Vec<String>,
    /// Files of code, settings or packages that it reads where they are there, and which may read or run anything of the project.
    #[serde(default)]
    pub unreadable: Vec<String>,
    /// Plugins of the manager that read nothing of the project when it installs.
    #[serde(default)]
    pub plugins: Vec<String>,
    /// What it makes there.
    #[serde(default)]
    pub makes: Vec<String>,
    /// What some of its releases make there, or all by some settings.
    #[serde(default)]
    pub may_make: Vec<String>,
    /// Where all of this was read.
    pub source: String,
}

/// Which values switch a mode on: those listed, or those that have one of these words; without either, all but the empty
/// one and those that say no (`0`, `false`, `no`, `off`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct On {
    /// Whole values.
    pub values: Vec<String>,
    /// Words of the value, between blanks or commas.
    pub words: Vec<String>,
}

/// How a configuration file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Lines of `key = value`, `key: value` or `key value`, perhaps under `[sections]`.
    Lines,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// XML; the key is an element's name.
    Xml,
    /// Options as on a command line.
    Words,
}

/// A file of settings in a project (`knowledge/settings.yaml`), with the keys that name no other file and run nothing. A key in none of the lists may
/// do either. `*` stands for any characters, a dot for a table within a table.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingsFile {
    /// Its name in the project.
    pub file: String,
    /// The table of it that is meant, where the others are not the manager's.
    #[serde(default)]
    pub table: Option<String>,
    /// How it is written.
    pub format: SettingsFormat,
    /// The managers that read it.
    pub managers: Vec<String>,
    /// Keys that are harmless as long as no value is a path.
    pub keys: Vec<String>,
    /// Keys whose values the program looks at by itself.
    #[serde(default)]
    pub read: Vec<String>,
    /// Keys whose values are paths of further files.
    #[serde(default)]
    pub files: Vec<String>,
    /// Where all of this was read.
    pub source: String,
}

/// How a file of settings is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum SettingsFormat {
    Ini,
    Json,
    Toml,
    Yaml,
    /// Lines of a key and a value, as Yarn 1 has them.
    Yarnrc,
}

/// Packages that run a script of their own when they are installed (`knowledge/install-scripts.yaml`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InstallScript {
    /// The packages.
    pub packages: Vec<String>,
    /// Files of the project that the script reads where they are there.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Why it needs more of the project than that, where it does.
    #[serde(default)]
    pub because: Option<String>,
    /// Where this was read.
    pub source: String,
}

/// Whom a manager installs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The distribution's own manager: it runs as root, or it fails.
    System,
    /// A language's package manager: it runs as anybody.
    Language,
    /// A build tool that fetches what it compiles: its cache may be what a later build or the running program leans on.
    Build,
}

/// The manager's verbs by what they do. A verb may be several words (`mod download`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Verbs {
    /// Fetch the index of packages and nothing else.
    pub refresh: Vec<String>,
    /// Do no more than that where no package follows, and install otherwise.
    pub refresh_alone: Vec<String>,
    /// Fetch packages and install, build or unpack them.
    pub install: Vec<String>,
    /// Remove packages.
    pub remove: Vec<String>,
    /// Empty caches.
    pub clean: Vec<String>,
    /// Read the index or the installed packages without changing either.
    pub query: Vec<String>,
}

/// A directory full of files that can be fetched or made again.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// What it is, in a message: "package lists".
    pub name: String,
    /// The verbs that fill it.
    pub filled_by: Vec<String>,
    /// Where it is: absolute paths, or `~/…` for the home directory of the user who runs the manager.
    pub directories: Vec<String>,
    /// Variables that move it; where one is set, the command below may miss it.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Options that move it or keep it from being written.
    #[serde(default)]
    pub options: Vec<String>,
    /// The shell command that empties it, for the user who filled it.
    pub clean: String,
    /// Whether the command needs the manager itself (it may be gone by then, or depend on the directory).
    #[serde(default)]
    pub clean_needs_manager: bool,
    /// Verbs of this manager that empty it.
    #[serde(default)]
    pub cleaned_by: Vec<String>,
    /// Verbs of this manager that fail, later on, when it is empty.
    #[serde(default)]
    pub leaned_on_by: Vec<String>,
    /// Options with which those verbs fetch it again by themselves.
    #[serde(default)]
    pub refreshing_options: Vec<String>,
    /// Other programs that read it, directly or by calling the manager without refreshing first.
    #[serde(default)]
    pub read_by: Vec<String>,
    /// How sure it is that nothing but time is lost with it.
    #[serde(default)]
    pub applicability: Confidence,
    /// Why it is not `safe`, or what has to hold.
    #[serde(default)]
    pub because: Option<String>,
    /// hadolint's codes for a forgotten cleanup.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// Where all of this was read.
    pub source: String,
}

/// How much a rewrite may lean on a claim; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// By default.
    #[default]
    Safe,
    /// With `--unsafe` only.
    Unsafe,
    /// Never by itself; it is listed so that people know why.
    Never,
}

/// An option that keeps a cache from being written.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Avoid {
    /// The option, as one word.
    pub option: String,
    /// The verbs that take it.
    pub verbs: Vec<String>,
    /// Options that say the same or the opposite: where one stands, nothing is added.
    #[serde(default)]
    pub unless_option: Vec<String>,
    /// Variables that say the same or the opposite.
    #[serde(default)]
    pub unless_variable: Vec<String>,
    /// The first major release of the manager that knows the option.
    #[serde(default)]
    pub since: Option<u32>,
    /// Bases (`debian:8`, `alpine:3.2`) whose manager is too old to know the option; a release stands for all before it.
    #[serde(default)]
    pub unless_base: Vec<String>,
    /// The directories that stay empty, so that mounts on them are noticed.
    pub directories: Vec<String>,
    /// How sure it is that nothing but time is lost.
    #[serde(default)]
    pub applicability: Confidence,
    /// Why it is not `safe`, or what has to hold.
    #[serde(default)]
    pub because: Option<String>,
    /// hadolint's codes for the missing option.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// Where all of this was read.
    pub source: String,
}

/// An option that installs less.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lean {
    /// The option, as one word.
    pub option: String,
    /// The verbs that take it.
    pub verbs: Vec<String>,
    /// Options (or beginnings of options) that say the same or the opposite.
    #[serde(default)]
    pub unless_option: Vec<String>,
    /// The setting that says the same or the opposite (`Install-Recommends`), and what the names of the files that hold it have in common.
    #[serde(default)]
    pub unless_setting: Option<ManagerSetting>,
    /// hadolint's codes for the missing option.
    #[serde(default)]
    pub hadolint: Vec<String>,
    /// Where all of this was read.
    pub source: String,
}

/// A setting in a manager's own configuration.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManagerSetting {
    /// Its name.
    pub name: String,
    /// A part of the path of every file that can hold it.
    pub file: String,
    /// Where all of this was read.
    pub source: String,
}

/// A place for `--mount=type=cache`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mount {
    /// Absolute path, or `~/…`.
    pub target: String,
    /// `shared`, `private` or `locked`, as in Docker's reference.
    #[serde(default)]
    pub sharing: Option<String>,
    /// The cache, by its name, that lies there. A mount that holds none is known, so that it is noticed, and never put
    /// into a file.
    #[serde(default)]
    pub holds: Option<String>,
    /// Variables, from the file or the base image, without which the target is another.
    #[serde(default)]
    pub needs: std::collections::BTreeMap<String, String>,
    /// Variables that move the target, besides those of the cache.
    #[serde(default)]
    pub unless_variable: Vec<String>,
    /// Variables of the cache that do no harm to a mount while they hold this.
    #[serde(default)]
    pub harmless: std::collections::BTreeMap<String, String>,
    /// Words of a call that put something there which exists nowhere else.
    #[serde(default)]
    pub unless_word: Vec<String>,
    /// Whether another call would miss what lies there, so that all calls of a stage need the mount or none.
    #[serde(default)]
    pub for_all: bool,
    /// Whether it holds programs that were built here and are told apart by processor only, so that images with another C
    /// library need a mount of their own.
    #[serde(default)]
    pub by_libc: bool,
    /// Where this was read.
    pub source: String,
}

/// Something that looks like a cache and is not.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Keep {
    /// Absolute path, or `~/…`.
    pub path: String,
    /// What would be lost.
    pub because: String,
    /// Where this was read.
    pub source: String,
}

/// What is known of ordinary programs, so that an unknown one can be told from them (`knowledge/programs.yaml`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Programs {
    /// Take no time and write a few bytes: `mkdir`, `ln`, `chmod`, `echo`.
    pub cheap: Vec<String>,
    /// Do not call a system package manager and leave no process running, but may take long or write much.
    pub ordinary: Vec<String>,
    /// Run whatever the project tells them, but by convention install no system packages and leave nothing running:
    /// `make`, `python`, `node`.
    pub builders: Vec<String>,
    /// Names of files that a shell sources to set its environment, and that start nothing.
    pub sourced: Vec<String>,
    /// Run the command that follows their own options (`sudo`, `env`, `time`, `nice`).
    pub wrappers: Vec<Wrapper>,
    /// Leave a process running after they return (daemons and what starts them).
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
    /// How many words that are not options come before the command (`timeout 10 CMD` has one).
    #[serde(default)]
    pub operands: usize,
}

/// A program that starts others by what a file says, or directories whose files a running image starts
/// (`knowledge/starters.yaml`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Starter {
    /// Its name here.
    pub name: String,
    /// The programs that read such files.
    #[serde(default)]
    pub programs: Vec<String>,
    /// How the files are written.
    pub format: StarterFormat,
    /// The beginnings of the names of the sections that start something.
    #[serde(default)]
    pub sections: Vec<String>,
    /// The keys in them whose values are commands.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Options whose value is the file.
    #[serde(default)]
    pub file_options: Vec<String>,
    /// Options whose value is the directory that files are looked for in.
    #[serde(default)]
    pub directory_options: Vec<String>,
    /// Further options that take their value as the next word.
    #[serde(default)]
    pub options_with_value: Vec<String>,
    /// Whether the words that are not options name the files, or their directories.
    #[serde(default)]
    pub operands: bool,
    /// Files that are read where the command line names none, from the working directory.
    #[serde(default)]
    pub files: Vec<String>,
    /// Files, and directories of files, that are read wherever an image has them.
    #[serde(default)]
    pub directories: Vec<String>,
    /// How the names of files in those directories end; any name counts where there is none.
    #[serde(default)]
    pub endings: Vec<String>,
    /// Whether its programs only put a file where a running image looks for it.
    #[serde(default)]
    pub installs: bool,
    /// Names of scripts that need no first line to say so.
    #[serde(default)]
    pub scripts: Vec<String>,
    /// The beginnings of words in paths of a build context, or the ends of paths, by which such files are known.
    #[serde(default)]
    pub texts: Vec<String>,
    /// Where all of this was read.
    pub source: String,
}

/// How a file is written that says what to start.
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
    /// Targets with recipes, of which the command line names some.
    Recipes,
}

/// What ordinary programs touch (`knowledge/effects.yaml`). A program in none of the lists may touch anything.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Effects {
    /// No file but the system's own.
    pub nothing: Vec<String>,
    /// The files that they name.
    pub operands: Vec<String>,
    /// The files that they name, but for the first word.
    pub scripted: Vec<String>,
    /// The files that they name, and the directory that they run in.
    pub archives: Vec<String>,
    /// A file that they fetch.
    pub downloads: Vec<String>,
    /// Users, groups and home directories.
    pub accounts: Vec<String>,
    /// The distribution's own directories, by names.
    pub named: Vec<String>,
    /// The distribution's own directories, and the files that they name.
    pub system: Vec<String>,
    /// The beginnings of the names of variables that send programs elsewhere.
    pub variables: Vec<String>,
}

/// A base image known by its name (`knowledge/images.yaml`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// The repository without registry defaults: `python`, `mcr.microsoft.com/devcontainers/python`.
    pub name: String,
    /// The distribution of a tag that names none.
    #[serde(default)]
    pub distribution: Option<String>,
    /// The distribution of tags that start so, where it is not that of the others.
    #[serde(default)]
    pub releases: std::collections::BTreeMap<String, String>,
    /// The user that its tags leave in force; absent means root.
    #[serde(default)]
    pub user: Option<String>,
    /// The working directory that its tags leave in force, those named `onbuild` aside; absent where that is not known.
    #[serde(default)]
    pub workdir: Option<String>,
    /// Variables that its tags set and on which a rule leans.
    #[serde(default)]
    pub environment: std::collections::BTreeMap<String, String>,
    /// Where this was read.
    pub source: String,
}

/// Which system packages serve the build alone (`knowledge/runtime.yaml`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Runtime {
    /// Compilers, build systems, headers without a library.
    pub build_tools: Vec<String>,
    /// For people who look into a container.
    pub looking: Vec<String>,
    /// Fetch files.
    pub fetching: Vec<String>,
    /// Headers with their libraries.
    pub libraries: Vec<Library>,
}

/// Packages of headers, and the packages that programs built against them load.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Library {
    /// The packages of headers.
    pub dev: Vec<String>,
    /// The libraries' packages, where they have the same names in all releases of Debian and Ubuntu in use.
    #[serde(default)]
    pub everywhere: Vec<String>,
    /// The libraries' packages by release (`debian:12`, or `debian` for all of it).
    #[serde(default)]
    pub releases: std::collections::BTreeMap<String, Vec<String>>,
    /// The names that programs load of it on Debian 12; only where the library needs no more than the C library and these.
    #[serde(default)]
    pub files: Vec<String>,
    /// Where this was read.
    pub source: String,
}

/// Everything, as the build script embeds it.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Everything {
    /// In the order of their files' names.
    pub managers: Vec<Manager>,
    /// See [`Programs`].
    pub programs: Programs,
    /// See [`Effects`].
    pub effects: Effects,
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
}

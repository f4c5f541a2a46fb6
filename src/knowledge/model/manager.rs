//! What is known about a package manager: what its calls do, and which files they use.

use serde::{Deserialize, Serialize};

use super::caches::{Cache, Mount};
use super::modes::Mode;
use super::options::{Avoid, Production, Prune, Repeated, Unattended, WithoutRecommended};
use super::project::Project;

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
    /// What that command takes over from the install.
    #[serde(default)]
    pub repeated: Option<Repeated>,
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

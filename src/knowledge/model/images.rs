//! Base images and the system packages that a running image needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    pub releases: BTreeMap<String, String>,
    /// The user that its tags set; absent means root.
    #[serde(default)]
    pub user: Option<String>,
    /// The working directory that its tags set, except for those named `onbuild`; absent if
    /// unknown.
    #[serde(default)]
    pub workdir: Option<String>,
    /// Variables that its tags set and that a rule depends on.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
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
    pub releases: BTreeMap<String, Vec<String>>,
    /// The file names of the library that programs load on Debian 12; only if the library needs no
    /// others than the C library and these.
    #[serde(default)]
    pub files: Vec<String>,
    /// The source.
    pub source: String,
}

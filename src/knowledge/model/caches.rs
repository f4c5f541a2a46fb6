//! The caches of a package manager, and the cache mounts for them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::options::Confidence;

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
    /// The shell command that empties it without the manager, where the manager may be gone.
    #[serde(default)]
    pub clean_by_path: Option<String>,
    /// Base images (`golang:1.9`, `debian:9`) whose manager is too old for the command; a release
    /// includes all earlier ones.
    #[serde(default)]
    pub unless_base: Vec<String>,
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
    pub fn bytes(&self) -> RangeInclusive<u64> {
        self.low * 1_000_000..=self.high * 1_000_000
    }
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
    pub needs: BTreeMap<String, String>,
    /// Variables that move the target, in addition to those of the cache.
    #[serde(default)]
    pub unless_variable: Vec<String>,
    /// Variables of the cache that do not affect a mount if they have this value.
    #[serde(default)]
    pub harmless: BTreeMap<String, String>,
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

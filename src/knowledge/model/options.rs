//! Options of package managers and their other commands, which the transforms add to a file.

use serde::{Deserialize, Serialize};

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
    /// Base images (`debian:8`, `ruby:1.9`) whose manager is too old to support the option; a release
    /// includes all earlier ones.
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

/// What another command that changes the installed packages needs as well, because it decides which
/// packages are chosen or what is checked.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repeated {
    /// Options of an install, repeated as they are written; a final `*` matches any ending.
    #[serde(default)]
    pub options: Vec<String>,
    /// Options of an install that the other command only accepts as settings.
    #[serde(default)]
    pub settings: Vec<String>,
    /// What a setting starts with, instead of two hyphens.
    #[serde(default)]
    pub setting_start: String,
    /// Starts of the names of variables.
    pub variables: Vec<String>,
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

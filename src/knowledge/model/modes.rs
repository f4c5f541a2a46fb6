//! Modes of a package manager that options, variables or configuration files enable.

use serde::{Deserialize, Serialize};

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

//! The options. Each is defined once: its key in `.jettison.yaml`, its description, its type, its
//! default, and its flag on the command line if it has one. The schema for editors is made from
//! the same definitions.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reading::{some, value};
use super::schema::{Described, Form, one_of};

/// Declares the options: the configuration file, the flags, and the table for the schema.
macro_rules! options {
    ($(
        $(#[doc = $about:literal])+
        $key:ident: $type:ty = $default:expr, since: $since:literal
        $(, flag: { $(#[$attribute:meta])+ $flag:ident: $flag_type:ty } => $set:expr)?;
    )+) => {
        /// The configuration file.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub struct Config {
            $($(#[doc = $about])+ #[serde(deserialize_with = "value")] pub $key: $type,)+
            /// Settings for some of the files.
            pub overrides: Vec<FileSettings>,
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($key: $default,)+ overrides: Vec::new() }
            }
        }

        /// Settings for some of the files below the directory of the configuration file.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct FileSettings {
            /// Patterns like those of `.gitignore`.
            #[serde(deserialize_with = "value")]
            pub files: Vec<String>,
            $($(#[doc = $about])+ #[serde(default, deserialize_with = "some")] pub $key: Option<$type>,)+
        }

        impl FileSettings {
            /// Replaces the settings that it contains.
            pub fn overlay(&self, config: &mut Config) {
                $(if let Some(value) = &self.$key { config.$key.clone_from(value); })+
            }
        }

        /// The fixes to make: overrides .jettison.yaml.
        #[doc(hidden)]
        #[derive(Debug, Clone, Default, clap::Args)]
        pub struct Flags {
            $($($(#[$attribute])+ pub $flag: $flag_type,)?)+
        }

        impl Flags {
            /// Overrides what the configuration file says.
            pub fn override_config(&self, config: &mut Config) {
                $($({
                    let set: fn(&mut $type, &$flag_type) = $set;
                    set(&mut config.$key, &self.$flag);
                })?)+
            }
        }

        /// All options, for the schema.
        pub(super) fn all() -> Vec<Described> {
            let Config { $($key,)+ .. } = Config::default();
            vec![$(Described {
                key: stringify!($key).trim_start_matches("r#").replace('_', "-"),
                about: concat!($($about),+).trim_start(),
                form: <$type as Form>::form(),
                default: serde_json::json!($key),
                since: $since,
            }),+]
        }
    };
}

options! {
    /// Run only these transforms, or those of a group: `default` or `tidy` (`jettison list` shows all
    /// of them).
    select: Option<Vec<String>> = None, since: "0.1.0", flag: {
        /// Run only these transforms, or those of a group (default, tidy)
        #[arg(long, value_name = "ID", value_delimiter = ',')]
        select: Vec<String>
    } => |value, ids| if !ids.is_empty() { *value = Some(ids.clone()) };

    /// Skip these transforms, those of a group, or the fixes for these codes of hadolint and checks of
    /// BuildKit.
    ignore: Vec<String> = Vec::new(), since: "0.1.0", flag: {
        /// Skip these transforms, or the fixes for a code such as DL3059
        #[arg(long, value_name = "ID", value_delimiter = ',')]
        ignore: Vec<String>
    } => |value, ids| value.extend(ids.iter().cloned());

    /// Also apply unsafe fixes, which remove things that a program may depend on.
    r#unsafe: bool = false, since: "0.1.0", flag: {
        /// Also apply unsafe fixes, which remove things that a program may depend on
        #[arg(long)]
        r#unsafe: bool
    } => |value, is_on| *value |= is_on;

    /// When to merge consecutive RUN instructions: if that makes the image smaller, or wherever it
    /// is safe.
    merge_runs: MergeRuns = MergeRuns::WhereItHelps, since: "0.1.0";

    /// How to handle package manager caches: delete them in the layer that fills them, or keep them
    /// in BuildKit cache mounts.
    caches: Caches = Caches::Clean, since: "0.1.0", flag: {
        /// How to handle package manager caches
        #[arg(long, value_enum)]
        caches: Option<Caches>
    } => |value, caches| *value = caches.unwrap_or(*value);

    /// The smaller base image variant to switch to, with `unsafe`: the slim variant of the same
    /// distribution, or the Alpine Linux variant.
    bases: Bases = Bases::Slim, since: "0.1.0", flag: {
        /// Smaller base image variant to switch to (with --unsafe)
        #[arg(long, value_enum)]
        bases: Option<Bases>
    } => |value, bases| *value = bases.unwrap_or(*value);

    /// With `--verify`, also remove parts of packages that no check of the original image opened, such
    /// as pip. A request that no check makes may need them.
    minimize: bool = false, since: "0.1.0", flag: {
        /// Also remove parts of packages that no check opened, such as pip (with --verify)
        #[arg(long)]
        minimize: bool
    } => |value, is_on| *value |= is_on;

    /// Files and directories (absolute, or `~/…`) that no cleanup may remove.
    keep: Vec<String> = Vec::new(), since: "0.1.0";

    /// Whether to add explanatory comments to new instructions.
    comments: bool = true, since: "0.1.0", flag: {
        /// Don't add explanatory comments to new instructions
        #[arg(long, hide_short_help = true)]
        no_comments: bool
    } => |value, is_off| *value &= !is_off;

    /// Whether to build programs without symbol tables, with `unsafe`.
    strip: bool = false, since: "0.1.0";

    /// Which Dockerfiles to find in a directory: those outside of directories of tests (`tests`,
    /// `testdata`, `fixtures` …) and of other projects (`node_modules`, `vendor` …), or all.
    search: Search = Search::WithoutTests, since: "0.1.0";

    /// Files and directories that a search skips: patterns like those of `.gitignore`. Files that are
    /// named on the command line are not skipped.
    exclude: Vec<String> = Vec::new(), since: "0.1.0", flag: {
        /// Skip files and directories that match a pattern like those of .gitignore (repeatable)
        #[arg(long, value_name = "PATTERN", help_heading = "Which files")]
        exclude: Vec<String>
    } => |_, _| {};

    /// Whether to edit Dockerfiles that are marked at the top as generated or not to be edited.
    edit_generated: bool = false, since: "0.1.0";

    /// The time limit for a file in seconds, after which it is left unchanged; 0 means no limit.
    time_limit: u64 = 10, since: "0.1.0", flag: {
        /// Leave a file unchanged if it takes longer; 0 means no limit [default: 10]
        #[arg(long, value_name = "SECONDS", hide_short_help = true)]
        time_limit: Option<u64>
    } => |value, limit| *value = limit.unwrap_or(*value);
}

/// When neighbouring RUN instructions are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MergeRuns {
    /// If it saves bytes, or costs no significant cache hits.
    #[default]
    WhereItHelps,
    /// Wherever it is safe.
    All,
}

impl Form for MergeRuns {
    fn form() -> Vec<(&'static str, Value)> {
        one_of::<Self>()
    }
}

/// How package managers' caches are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Caches {
    /// Don't write them, or delete them in the layer that fills them.
    #[default]
    Clean,
    /// Keep them between builds in BuildKit cache mounts, where that is safe; otherwise like clean.
    Mount,
}

impl Form for Caches {
    fn form() -> Vec<(&'static str, Value)> {
        one_of::<Self>()
    }
}

/// The variant that may replace the base image of a stage (with `unsafe`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Bases {
    /// The slim variant of the same distribution.
    #[default]
    Slim,
    /// The Alpine Linux variant, if nothing depends on glibc.
    Alpine,
}

impl Form for Bases {
    fn form() -> Vec<(&'static str, Value)> {
        one_of::<Self>()
    }
}

/// Which Dockerfiles are found in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Dockerfiles outside directories of tests (`tests`, `testdata`, `fixtures` …) and of other
    /// projects (`node_modules`, `vendor` …).
    #[default]
    WithoutTests,
    /// All Dockerfiles.
    All,
}

impl Form for Search {
    fn form() -> Vec<(&'static str, Value)> {
        one_of::<Self>()
    }
}

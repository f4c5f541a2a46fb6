//! Lists of names, and the programming languages, which consist of lists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
pub type Lists = BTreeMap<String, List>;

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

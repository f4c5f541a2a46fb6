//! The languages that split-stages knows.
//!
//! Made from the files in `knowledge/languages/`. To update this file, run `UPDATE_DOCS=1 cargo test
//! --test architecture`.

mod c;
mod dotnet;
mod go;
mod java;
mod node;
mod php;
mod python;
mod ruby;
mod rust;

use crate::transforms::split_stages::recipe::Language;

/// All languages. The first one that matches a stage is used.
pub(super) const LANGUAGES: &[Language] = &[
    Language { detects: dotnet::detects, recipe: dotnet::recipe },
    Language { detects: go::detects, recipe: go::recipe },
    Language { detects: java::detects, recipe: java::recipe },
    Language { detects: node::detects, recipe: node::recipe },
    Language { detects: php::detects, recipe: php::recipe },
    Language { detects: python::detects, recipe: python::recipe },
    Language { detects: ruby::detects, recipe: ruby::recipe },
    Language { detects: rust::detects, recipe: rust::recipe },
    Language { detects: c::detects, recipe: c::recipe },
];

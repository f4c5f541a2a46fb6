//! Manifests and lockfiles of a build context, each parsed once.
//!
//! This module handles only the syntax; the caller interprets the keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::yaml;

/// The syntax of a file. Each has its own parser; all produce the same type of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// JSON, optionally with a byte-order mark.
    Json,
    /// YAML 1.2, which includes JSON with trailing commas.
    Yaml,
    /// TOML 1.0.
    Toml,
}

/// The files that have been parsed so far, by path and format.
#[derive(Debug, Clone, Default)]
pub struct Parsed(Arc<Mutex<BTreeMap<(String, Format), Reading>>>);

/// The value of a file, or the parser's error.
type Reading = Arc<Result<Value, String>>;

impl Parsed {
    /// The value of a file with this text. The texts of a context never change.
    pub fn read(&self, path: &str, text: &str, format: Format) -> Reading {
        let key = (path.to_owned(), format);
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&key) {
            return Arc::clone(found);
        }
        let reading = Arc::new(parse(text, format));
        Arc::clone(known().entry(key).or_insert(reading))
    }
}

fn parse(text: &str, format: Format) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let (name, value) = match format {
        Format::Json => ("JSON", serde_json::from_str(text).map_err(|error| error.to_string())),
        Format::Yaml => ("YAML", yaml::value(text).map_err(|error| error.to_string())),
        Format::Toml => ("TOML", toml::from_str(text).map_err(|error| error.message().to_owned())),
    };
    value.map_err(|error| format!("is not {name} ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_parser() {
        assert_eq!(parse("\u{feff}{\"a\": 1}", Format::Json), Ok(serde_json::json!({"a": 1})));
        assert_eq!(parse("{\"a\": [1,],}", Format::Yaml), Ok(serde_json::json!({"a": [1]})));
        assert_eq!(
            parse("[a.b]\nc = 'd' # e\n", Format::Toml),
            Ok(serde_json::json!({"a": {"b": {"c": "d"}}}))
        );
        assert!(parse("{", Format::Json).is_err_and(|error| error.starts_with("is not JSON")));
    }

    #[test]
    fn deep_nesting_ends_in_an_error() {
        for (open, format) in [("[", Format::Json), ("[", Format::Yaml), ("a = [", Format::Toml)] {
            assert!(parse(&open.repeat(100_000), format).is_err());
        }
        let bomb = (0..60).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, at| {
            text + &format!("a{}: &a{} [{}]\n", at + 1, at + 1, vec![format!("*a{at}"); 9].join(", "))
        });
        assert!(parse(&bomb, Format::Yaml).is_err());
    }
}

//! How the values of options are read: what a person may write instead of the exact form, and what
//! the message says if a value is wrong.

use std::fmt;
use std::marker::PhantomData;

use clap::ValueEnum;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::{Bases, Caches, MergeRuns, Search};
use crate::span::Place;
use crate::spelling;

/// A mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is, if that is known.
    pub place: Option<Place>,
    /// What is wrong, in a sentence.
    pub text: String,
}

/// A type whose values a configuration file can contain.
pub(super) trait Read: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Reads the value of an option.
pub(super) fn value<'de, D: Deserializer<'de>, T: Read>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// Reads the value of an option that is there.
pub(super) fn some<'de, D: Deserializer<'de>, T: Read>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::read(deserializer).map(Some)
}

impl Read for bool {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Read for u64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// A list, or a single value instead of it.
impl Read for Vec<String> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Self>::read(deserializer).map(Option::unwrap_or_default)
    }
}

impl Read for Option<Vec<String>> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Option<Vec<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(text) = all.next_element::<String>()? {
            found.push(text);
        }
        Ok(Some(found))
    }
}

/// One of several words.
struct Word<T>(PhantomData<T>);

impl<T: ValueEnum> Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names::<T>().join(" or "))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_str(text, false).map_err(|_| {
            let names: Vec<String> = words::<T>();
            let near = spelling::nearest(text, names.iter().map(String::as_str));
            E::custom(format!("`{text}` is not {}{}", self::names::<T>().join(" or "), spelling::hint(near)))
        })
    }
}

fn words<T: ValueEnum>() -> Vec<String> {
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    values.map(|value| value.get_name().to_owned()).collect()
}

fn names<T: ValueEnum>() -> Vec<String> {
    words::<T>().into_iter().map(|word| format!("`{word}`")).collect()
}

macro_rules! read_words {
    ($($type:ty),+) => {
        $(impl Read for $type {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Word(PhantomData))
            }
        })+
    };
}

read_words!(Bases, Caches, MergeRuns, Search);

impl Mistake {
    /// A mistake without a place.
    pub fn new(text: impl Into<String>) -> Self {
        Self { place: None, text: text.into() }
    }

    /// The mistake with the place of the first line that contains a word.
    #[must_use]
    pub fn near(self, word: &str, text: &str) -> Self {
        let part = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
        let place = text.lines().enumerate().find_map(|(number, line)| {
            let code = line.split(" #").next().unwrap_or_default();
            let at = code.match_indices(word).find(|(at, _)| {
                code[..*at].chars().next_back().is_none_or(part)
                    && code[at + word.len()..].chars().next().is_none_or(part)
            });
            Some(Place { line: number + 1, column: code[..at?.0].chars().count() + 1 })
        });
        Self { place: self.place.or(place), ..self }
    }

    /// What the parser says, in the words of the user.
    pub(super) fn of(error: &serde_yaml::Error) -> Self {
        let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
        let text = error.to_string();
        // The place is known already.
        let text = text.split(" at line ").next().unwrap_or_default();
        Self { place, text: worded(text) }
    }
}

/// The sentence of a message of serde: `caches: invalid type: sequence, expected a boolean`.
fn worded(text: &str) -> String {
    let (key, text) = match text.split_once(": ") {
        Some((key, rest)) if !key.contains(' ') => (format!("`{key}`: "), rest),
        _ => (String::new(), text),
    };
    if let Some(rest) = text.strip_prefix("unknown field `") {
        let (name, rest) = rest.split_once('`').unwrap_or((rest, ""));
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        let list = || format!("; the keys are {}", known.join(", "));
        let near = spelling::nearest(name, known.iter().copied());
        let hint = if near.is_some() { spelling::hint(near) } else { list() };
        return format!("{key}unknown key `{name}`{hint}");
    }
    if let Some(name) = text.strip_prefix("missing field ") {
        return format!("{key}the key {name} is missing");
    }
    let wrong = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    if let Some((found, expected)) = wrong.and_then(|rest| rest.split_once(", expected ")) {
        let expected = match expected {
            "a boolean" => "`true` or `false`",
            "u64" => "a number",
            "a sequence" => "a list",
            "struct Config" | "struct FileSettings" => "keys and values",
            other => other,
        };
        let found = match found {
            "sequence" => "a list",
            "map" => "keys and values",
            "unit value" => "nothing",
            other => other,
        };
        return format!("{key}expected {expected}, found {found}");
    }
    format!("{key}{text}")
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn said(text: &str) -> String {
        let mistake = Config::parse(text).expect_err("a mistake");
        let place = mistake.place.map_or(String::new(), |place| place.to_string());
        format!("{place} {}", mistake.text)
    }

    #[test]
    fn mistakes_have_their_place_and_advice() {
        for (text, expected) in [
            ("unsafe: true\nignroe: [x]\n", "2:1 unknown key `ignroe`; did you mean `ignore`?"),
            ("caches: mont\n", "1:9 `caches`: `mont` is not `clean` or `mount`; did you mean `mount`?"),
            ("caches: [mount]\n", "1:9 `caches`: expected `clean` or `mount`, found a list"),
            ("strip: yess\n", "1:8 `strip`: expected `true` or `false`, found string \"yess\""),
            ("time-limit: soon\n", "1:13 `time-limit`: expected a number, found string \"soon\""),
            ("ignore: {a: b}\n", "1:9 `ignore`: expected a list of strings, found keys and values"),
            ("- a\n", "1:1 expected keys and values, found a list"),
            ("overrides:\n  - ignore: x\n", "2:5 `overrides[0]`: the key `files` is missing"),
            (
                "overrides:\n  - files: a\n    cache: mount\n",
                "3:5 `overrides[0]`: unknown key `cache`; did you mean `caches`?",
            ),
            (
                "overrides:\n  - files: a\n    search: all\n",
                "3:5 `search` can't be set in `overrides`; set it for all files",
            ),
            (
                "select: []\n",
                "1:1 `select` is empty, so nothing would run; leave it out to run all transforms",
            ),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
        let all = "merge_runs: all\n";
        assert!(said(all).ends_with("unknown key `merge_runs`; did you mean `merge-runs`?"), "{}", said(all));
        assert!(said("zzzz: 1\n").contains("; the keys are select, ignore,"), "{}", said("zzzz: 1\n"));
    }

    #[test]
    fn a_list_of_one_may_be_a_text() {
        let config =
            Config::parse("ignore: merge-runs\nkeep: [/a]\nselect: null\n").expect("a configuration");
        assert_eq!(config.ignore, ["merge-runs"]);
        assert_eq!((config.keep, config.select), (vec!["/a".to_owned()], None));
    }

    #[test]
    fn overrides_replace_what_they_name() {
        let text = "ignore: merge-runs\nbases: alpine\noverrides:\n- files: old/\n  ignore: [order-layers]\n";
        let mut config = Config::parse(text).expect("a configuration");
        let first = config.overrides[0].clone();
        assert_eq!(first.files, ["old/"]);
        first.overlay(&mut config);
        assert_eq!(config.ignore, ["order-layers"]);
        assert_eq!(config.bases, crate::config::Bases::Alpine);
    }
}

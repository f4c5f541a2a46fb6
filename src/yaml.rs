//! Parses YAML from untrusted sources within limits.
//!
//! The parser takes quadratic time in the nesting depth of brackets, and an alias repeats its value
//! wherever it is used. Both have a limit here, far above any legitimate file. The caller
//! interprets the document.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_yaml::Error;

/// The largest nesting depth of brackets.
const MOST_OPEN: usize = 200;
/// The largest number of values in a document, with aliases expanded.
const MOST_VALUES: usize = 2_000_000;

/// Parses a document as a type in which aliases can only repeat scalars.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    check_depth(text)?;
    serde_yaml::from_str(text)
}

/// Parses a document as an untyped value.
pub fn value(text: &str) -> Result<Value, Error> {
    check_depth(text)?;
    if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
        return Ok(Value::Null);
    }
    let left = Cell::new(MOST_VALUES);
    Counted(&left).deserialize(serde_yaml::Deserializer::from_str(text))
}

fn check_depth(text: &str) -> Result<(), Error> {
    let mut open = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MOST_OPEN {
            return Err(de::Error::custom(format!("brackets are nested more than {MOST_OPEN} levels deep")));
        }
    }
    Ok(())
}

/// Builds a value, and stops if there are too many.
#[derive(Clone, Copy)]
struct Counted<'c>(&'c Cell<usize>);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.0.get().checked_sub(1) else {
            return Err(de::Error::custom(format!(
                "it has more than {MOST_VALUES} values with aliases expanded"
            )));
        };
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = all.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = all.next_key_seed(self)? {
            let value = all.next_value_seed(self)?;
            // A key that is not a string (`80: 80`) is represented by its text.
            let key = match key {
                Value::String(key) => key,
                other => other.to_string(),
            };
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }

    /// A value with a custom tag (`!reset null`).
    fn visit_enum<A: de::EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_, inner) = tagged.variant_seed(self)?;
        de::VariantAccess::newtype_variant_seed(inner, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_documents_are_read() {
        let text = "a: &a { b: [1, 2.5, -3, true, null, 'x'] }\nc:\n  <<: *a\n  80: y\nd: *a\ne: !reset z\n";
        let found = value(text).expect("YAML");
        assert_eq!(found["a"]["b"], serde_json::json!([1, 2.5, -3, true, null, "x"]));
        assert_eq!(value("# nothing\n").expect("YAML"), Value::Null);
        assert_eq!((&found["d"], &found["c"]["80"], &found["e"]), (&found["a"], &"y".into(), &"z".into()));
    }

    #[test]
    fn hostile_documents_are_refused_at_once() {
        let start = std::time::Instant::now();
        let repeated = |part: &str| part.repeat(100_000 / part.len());
        for text in [
            repeated("["),
            repeated("{"),
            repeated("a: ["),
            repeated("[a: "),
            repeated("- "),
            repeated("? "),
            format!("a: &a [{}]\nb: [{}]\n", repeated("x,"), repeated("*a,")),
            "a: &a [*a]\nb: *a\n".to_owned(),
        ] {
            assert!(value(&text).is_err(), "{}", &text[..20.min(text.len())]);
            assert!(parse::<Vec<String>>(&text).is_err());
        }
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }
}

//! YAML that other people wrote: it is read within bounds, whatever it holds.
//!
//! The parser takes time by the square of how deep brackets are nested, and an alias repeats what it names at every place. Both have a
//! limit here that no honest file comes near. What a document means is for whoever reads it.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_yaml::Error;

/// Brackets may be open within each other so often.
const MOST_OPEN: usize = 200;
/// A document may come to so many values, aliases filled in.
const MOST_VALUES: usize = 2_000_000;

/// Reads a document as a type of which no part can be repeated by aliases but plain words.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    check_depth(text)?;
    serde_yaml::from_str(text)
}

/// Reads a document of which only parts are looked at.
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
            return Err(de::Error::custom(format!(
                "more than {MOST_OPEN} brackets are open within each other"
            )));
        }
    }
    Ok(())
}

/// Makes a value, and stops where there have been too many.
#[derive(Clone, Copy)]
struct Counted<'c>(&'c Cell<usize>);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.0.get().checked_sub(1) else {
            return Err(de::Error::custom(format!("its aliases come to more than {MOST_VALUES} values")));
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
            // A key that is no string (`80: 80`) counts by its text.
            let key = match key {
                Value::String(key) => key,
                other => other.to_string(),
            };
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }

    /// A value with a tag of its own (`!reset null`).
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

//! Paths and arguments as they are: any bytes, readable where they are UTF-8.

use std::borrow::Borrow;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes, usually a path. In JSON, a string; bytes that are not UTF-8 become `{"hex": "2fff"}`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub Vec<u8>);

impl Text {
    /// The bytes as text for people; what is not UTF-8 is replaced.
    pub fn display(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.display())
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            return serializer.serialize_str(text);
        }
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &hex)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or {\"hex\": \"…\"}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(text.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let Some((key, digits)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::missing_field("hex"));
        };
        if key != "hex" {
            return Err(de::Error::unknown_field(&key, &["hex"]));
        }
        from_hex(&digits).map(Text).ok_or_else(|| de::Error::custom("bad hexadecimal digits"))
    }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn any_bytes_survive() {
        for bytes in [&b"/etc/motd"[..], b"/with \"quotes\"\n", b"/\xff\x00\xfe", "/ümlaut".as_bytes(), b""]
        {
            let json = serde_json::to_string(&Text::from(bytes)).expect("it has a JSON form");
            assert!(!json.contains('\n'), "{json} must be one line");
            assert_eq!(serde_json::from_str::<Text>(&json).expect("it can be read"), Text::from(bytes));
        }
        assert_eq!(
            serde_json::to_string(&Text::from(&b"/\xff"[..])).expect("it has one"),
            r#"{"hex":"2fff"}"#
        );
    }

    #[test]
    fn bad_digits_are_errors() {
        for json in [r#"{"hex":"2"}"#, r#"{"hex":"zz"}"#, r#"{"text":"2f"}"#, "{}", "3"] {
            assert!(serde_json::from_str::<Text>(json).is_err(), "{json}");
        }
    }
}

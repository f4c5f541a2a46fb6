//! One word of a shell command: its text, and its value if that does not depend on an expansion.

use std::borrow::Cow;

use compact_str::CompactString;

use crate::shell::List;
use crate::span::Span;

/// A word as written.
#[derive(Debug, Clone, Default)]
pub struct Word {
    /// The span in the file.
    pub span: Span,
    /// The text that the shell reads: including quotes and variables, with continuation lines
    /// joined.
    pub raw: CompactString,
    /// The value, if it differs from `raw` and is known.
    value: Value,
    /// The commands in its `$( … )` and backticks.
    pub substitutions: Vec<List>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Value {
    /// It has no special characters.
    #[default]
    Raw,
    /// After quote removal.
    Unquoted(String),
    /// It has variables, patterns, braces or a tilde outside quotes.
    Expands,
}

impl Word {
    pub(super) fn new(span: Span, raw: &str, substitutions: Vec<List>) -> Self {
        let value = if raw.bytes().all(is_plain) {
            Value::Raw
        } else {
            match unquote(raw) {
                Some(Cow::Borrowed(_)) => Value::Raw,
                Some(Cow::Owned(text)) => Value::Unquoted(text),
                None => Value::Expands,
            }
        };
        Self { span, raw: raw.into(), value, substitutions }
    }

    /// A word without special characters.
    pub(super) fn plain_at(span: Span, raw: &str, substitutions: Vec<List>) -> Self {
        Self { span, raw: raw.into(), value: Value::Raw, substitutions }
    }

    /// A word that is not in a file.
    pub fn plain(text: &str) -> Self {
        Self::new(Span::at(0), text, Vec::new())
    }

    /// The value, if it does not depend on the environment or the file system.
    pub fn literal(&self) -> Option<&str> {
        match &self.value {
            Value::Raw => Some(&self.raw),
            Value::Unquoted(text) => Some(text),
            Value::Expands => None,
        }
    }

    /// The literal, or otherwise the raw text: to search for a name in it.
    pub fn text(&self) -> &str {
        self.literal().unwrap_or(&self.raw)
    }

    /// Whether it looks like an option.
    pub fn is_option(&self) -> bool {
        self.raw.starts_with('-') && self.raw.len() > 1
    }

    /// The letters of a word like `-rf`: short options, and perhaps a value after them.
    pub fn short_options(&self) -> Option<&str> {
        self.text().strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with('-'))
    }
}

/// A byte without a special meaning at any position in a word.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b'+' | b',' | b'@' | b'%')
}

/// Whether single quotes enclose whatever looks like a command substitution.
pub(super) fn is_quoted_literally(raw: &str) -> bool {
    raw.split('\'').step_by(2).all(|outside| !outside.contains("$(") && !outside.contains('`'))
}

/// Removes the quotes (POSIX, Shell Command Language, 2.2); `None` if the shell would expand
/// something.
fn unquote(raw: &str) -> Option<Cow<'_, str>> {
    if raw.starts_with('~') || raw.contains("$'") || raw.contains("$\"") {
        return None;
    }
    let mut value = String::with_capacity(raw.len());
    let mut changed = false;
    let mut chars = raw.chars();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'', Some('\'')) | ('"', Some('"')) => quote = None,
            (c, Some('\'')) => value.push(c),
            ('$' | '`', _) => return None,
            ('\\', Some(_)) => match chars.next()? {
                c @ ('"' | '\\' | '$' | '`') => {
                    changed = true;
                    value.push(c);
                }
                other => value.extend(['\\', other]),
            },
            (c, Some(_)) => value.push(c),
            ('\'' | '"', None) => {
                changed = true;
                quote = Some(c);
            }
            ('\\', None) => {
                changed = true;
                value.push(chars.next()?);
            }
            ('*' | '?' | '[' | '{' | '~', None) if !(c == '[' && raw == "[") => return None,
            (c, None) => value.push(c),
        }
    }
    quote.is_none().then_some(if changed { Cow::Owned(value) } else { Cow::Borrowed(raw) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_no_expansion_can_change() {
        let known = [
            ("a", "a"),
            ("'a b'", "a b"),
            ("\"a\\$b\\n\"", "a$b\\n"),
            ("a\\ b", "a b"),
            ("x'*'y", "x*y"),
            ("[", "["),
        ];
        for (raw, value) in known {
            assert_eq!(Word::new(Span::at(0), raw, Vec::new()).literal(), Some(value), "{raw}");
        }
        for raw in ["$a", "\"${a}\"", "`a`", "*.gz", "~/x", "a{b,c}", "[ab]", "$'a'", "'open"] {
            assert_eq!(Word::new(Span::at(0), raw, Vec::new()).literal(), None, "{raw}");
        }
    }
}

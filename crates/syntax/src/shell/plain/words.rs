//! Words: quotes, variables, and the commands that are substituted.

use std::ops::Range;

use super::{Read, Reader, Unsupported};
use crate::shell::List;
use crate::shell::word::is_quoted_literally;

/// A word in `source`, and the commands in its substitutions.
pub(super) type Found = (Range<usize>, Vec<List>);

impl Reader<'_, '_> {
    /// The next word; `None` if an operator or the end follows.
    pub(super) fn word(&mut self) -> Read<Option<Found>> {
        let start = self.at;
        let mut substitutions = Vec::new();
        let mut is_quoted = false;
        loop {
            is_quoted |= matches!(self.rest(), [b'\'' | b'"' | b'\\', ..]);
            match *self.rest() {
                [] | [b' ' | b'\t' | b'&' | b'|' | b';' | b'<' | b'>', ..] => break,
                [b')', ..] if self.brackets > 0 => break,
                [b'\'', ..] => {
                    let inner = self.at + 1;
                    self.at = inner
                        + memchr::memchr(b'\'', &self.source.as_bytes()[inner..]).ok_or(Unsupported)?
                        + 1;
                }
                [b'"', ..] => self.double_quoted(&mut substitutions)?,
                [b'\\', b'!'..=b'~', ..] => self.at += 2,
                [b'$', ..] => self.expansion(&mut substitutions)?,
                // In a substitution, the other parser may take it for a comment.
                [b'#', ..] if self.at > start && self.brackets == 0 => self.at += 1,
                [b'{', b'}'] if self.at == start => self.at += 2,
                [b'{', b'}', next, ..] if self.at == start && is_separator(next) => self.at += 2,
                [b'[' | b']', next, ..] if self.at == start && !is_separator(next) => {
                    return Err(Unsupported);
                }
                [b'#' | b'(' | b')' | b'{' | b'}' | b'`' | b'\\', ..] => return Err(Unsupported),
                [b'!'..=b'~', ..] => self.at += 1,
                _ => return Err(Unsupported),
            }
        }
        let raw = &self.source[start..self.at];
        if is_quoted && substitutions.is_empty() && !is_quoted_literally(raw) {
            return Err(Unsupported);
        }
        Ok((!raw.is_empty()).then_some((start..self.at, substitutions)))
    }

    fn double_quoted(&mut self, substitutions: &mut Vec<List>) -> Read<()> {
        self.at += 1;
        loop {
            match *self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(());
                }
                [b'\\', b' '..=b'~', ..] => self.at += 2,
                [b'$', ..] => self.expansion(substitutions)?,
                [b'`' | b'\\', ..] => return Err(Unsupported),
                [b' '..=b'~' | b'\t', ..] => self.at += 1,
                _ => return Err(Unsupported),
            }
        }
    }

    /// `$NAME`, `${NAME}`, `${NAME:-value}` and the like, or `$(commands)`.
    fn expansion(&mut self, substitutions: &mut Vec<List>) -> Read<()> {
        match self.rest()[1..] {
            [b'(', next, ..] if next != b'(' => {
                self.at += 1;
                let start = self.at;
                substitutions.push(self.bracketed()?);
                // The other parser searches for the `)` after each pattern of a `case`.
                if self.source[start..self.at].contains("case") {
                    return Err(Unsupported);
                }
            }
            [b'{', ref rest @ ..] => {
                let name = name_length(rest).ok_or(Unsupported)?;
                let value = value_length(&rest[name..]);
                if rest.get(name + value) != Some(&b'}') {
                    return Err(Unsupported);
                }
                self.at += 3 + name + value;
            }
            ref rest => self.at += 1 + name_length(rest).ok_or(Unsupported)?,
        }
        Ok(())
    }
}

/// Whether a word ends before a text.
pub(super) fn is_end_of_word(text: &[u8]) -> bool {
    text.first().is_none_or(|next| is_separator(*next) || *next == b')')
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'&' | b'|' | b';')
}

/// The length of the variable's name at the start of a text.
pub(super) fn name_length(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    (length > 0 && !text[0].is_ascii_digit()).then_some(length)
}

/// The length of an operator and a plain value, as in `:-1.0` and `%.gz`; 0 if there is none.
fn value_length(text: &[u8]) -> usize {
    let operator = match text {
        [b':', b'-' | b'=' | b'+' | b'?', ..] | [b'#', b'#', ..] | [b'%', b'%', ..] => 2,
        [b'-' | b'=' | b'+' | b'?' | b'#' | b'%', ..] => 1,
        _ => return 0,
    };
    let is_plain = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b'*' | b'[' | b']')
    };
    let value = text[operator..].iter().take_while(is_plain).count();
    operator + value
}

//! Dollar signs in the values of Compose files: Compose replaces `$NAME` and `${NAME}` by values,
//! and `$$` by a dollar sign. It keeps a dollar sign before any other character.
//!
//! (The Compose specification, "Interpolation"; compose-go, template/template.go.)

use std::borrow::Cow;

/// How the author writes a dollar sign that can't start a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Always `$$`.
    Doubled,
    /// `$` before a character that can't continue a variable: `$(date)`.
    Single,
}

/// The text as the builder gets it, and how its dollar signs are written. The error is the first
/// variable that Compose replaces.
pub(super) fn unescaped(text: &str) -> Result<(String, Spelling), String> {
    let mut found = String::with_capacity(text.len());
    let (mut rest, mut spelling) = (text, Spelling::Doubled);
    while let Some(at) = rest.find('$') {
        found.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if is_kept_before(rest) {
            spelling = Spelling::Single;
        } else {
            return Err(variable(rest));
        }
    }
    Ok((found + rest, spelling))
}

/// Whether Compose keeps a single dollar sign before this text. Its pattern ignores case as Unicode
/// defines it, so no other letter counts.
fn is_kept_before(rest: &str) -> bool {
    rest.chars()
        .next()
        .is_none_or(|c| c.is_ascii() && !c.is_ascii_alphabetic() && !matches!(c, '_' | '{' | '$'))
}

/// The variable after a dollar sign, with the sign and its brackets, in one line.
fn variable(rest: &str) -> String {
    const MOST: usize = 40;
    let is_end = |c: char| !c.is_alphanumeric() && c != '_';
    let end = match rest.strip_prefix('{') {
        Some(inner) => inner.find(['}', '\n']).map(|at| at + 1 + usize::from(inner[at..].starts_with('}'))),
        None => rest.find(is_end),
    };
    let name: String = rest[..end.unwrap_or(rest.len())].chars().take(MOST).collect();
    format!("${name}")
}

/// A line of the Dockerfile as it is written in the Compose file.
pub(super) fn escaped(line: &str, spelling: Spelling) -> Cow<'_, str> {
    if !line.contains('$') {
        return line.into();
    }
    let mut written = String::with_capacity(line.len() + 1);
    for (at, c) in line.char_indices() {
        let is_single = spelling == Spelling::Single && is_kept_before(&line[at + c.len_utf8()..]);
        written.push_str(if c == '$' && !is_single { "$" } else { "" });
        written.push(c);
    }
    written.into()
}

/// The number of characters in a line of the Compose file for so many characters of the Dockerfile.
pub(super) fn columns(line: &str, characters: usize) -> usize {
    let (mut read, mut rest) = (0, line.chars().peekable());
    for _ in 0..characters {
        let Some(c) = rest.next() else { break };
        read += 1;
        if c == '$' && rest.next_if_eq(&'$').is_some() {
            read += 1;
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_two_dollar_signs_or_one_before_other_characters_are_read() {
        let doubled = |text: &str| Ok((text.to_owned(), Spelling::Doubled));
        let single = |text: &str| Ok((text.to_owned(), Spelling::Single));
        assert_eq!(unescaped("RUN echo $$A $${B}"), doubled("RUN echo $A ${B}"));
        assert_eq!(unescaped("RUN echo $(date) $$$1 $"), single("RUN echo $(date) $$1 $"));
        for (text, expected) in [
            ("FROM a:$TAG\n", "$TAG"),
            ("FROM a:${TAG:-1}x\n", "${TAG:-1}"),
            ("$$$A", "$A"),
            ("${A", "${A"),
            ("${A\nB}", "${A"),
            ("$_", "$_"),
            ("$\u{212a}", "$\u{212a}"),
        ] {
            assert_eq!(unescaped(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn columns_count_both_dollar_signs() {
        assert_eq!(columns("RUN $$A b", 4), 4);
        assert_eq!(columns("RUN $$A b", 5), 6);
        assert_eq!(columns("RUN $(A", 5), 5);
        assert_eq!(columns("é$$", 9), 3);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(line in "[$({a_1é ]{0,12}") {
            for spelling in [Spelling::Doubled, Spelling::Single] {
                let written = escaped(&line, spelling).into_owned();
                prop_assert_eq!(unescaped(&written).map(|(text, _)| text), Ok(line.clone()));
            }
        }
    }
}

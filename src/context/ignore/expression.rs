//! A pattern of an ignore file as a regular expression, as `compile` in moby/patternmatcher
//! translates it.
//!
//! The engine matches in time linear in the length of the path. An expression is only compiled when
//! a path begins and ends like it.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::OnceLock;

use regex_automata::meta::{Config, Regex};

use super::Broken;

/// Longer patterns are not supported: no path is longer, and expressions need memory.
const MOST_BYTES: usize = 4096;

/// A pattern with wildcards.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    /// The regular expression, which matches whole paths.
    text: String,
    /// The character that matching paths begin with, if there is only one.
    first: Option<char>,
    /// The character that matching paths end with, if there is only one.
    last: Option<char>,
    compiled: OnceLock<Regex>,
}

impl Expression {
    /// Translates a pattern; an error if the builder rejects it.
    pub(super) fn of(pattern: &str) -> Result<Self, Broken> {
        if pattern.len() > MOST_BYTES {
            return Err(Broken);
        }
        let mut text = String::from("^");
        let (mut first, mut last) = (None, None);
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            last = match c {
                '*' if chars.next_if_eq(&'*').is_some() => {
                    chars.next_if_eq(&'/');
                    text.push_str(if chars.peek().is_none() { ".*" } else { "(?:.*/)?" });
                    None
                }
                '*' => {
                    text.push_str("[^/]*");
                    None
                }
                '?' => {
                    text.push_str("[^/]");
                    None
                }
                '[' => {
                    text.push_str(&class(&mut chars)?);
                    None
                }
                c => {
                    let literal = if c == '\\' { escaped(&mut chars)? } else { c };
                    push(&mut text, literal);
                    Some(literal)
                }
            };
            if first.is_none() {
                first = Some(last);
            }
        }
        text.push('$');
        Ok(Self { text, first: first.flatten(), last, compiled: OnceLock::new() })
    }

    /// Whether it matches a whole path.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.first.is_none_or(|first| path.starts_with(first))
            && self.last.is_none_or(|last| path.ends_with(last))
            && self.compiled().is_match(path)
    }

    fn compiled(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            let config = Config::new().nfa_size_limit(None).onepass(false).dfa(false);
            let built = Regex::builder().configure(config).build(&self.text);
            built.expect("every expression that is made here is valid")
        })
    }
}

/// The character after a backslash. A letter or digit would be an escape of the regular expression
/// (`\d`), and a trailing backslash would escape what the builder appends.
fn escaped(chars: &mut Peekable<Chars<'_>>) -> Result<char, Broken> {
    chars.next().filter(|c| !c.is_ascii_alphanumeric()).ok_or(Broken)
}

/// Translates a class, up to and with its bracket.
fn class(chars: &mut Peekable<Chars<'_>>) -> Result<String, Broken> {
    let start = if chars.next_if_eq(&'^').is_some() { "[^" } else { "[" };
    let mut text = start.to_owned();
    loop {
        let mut first = chars.next().ok_or(Broken)?;
        match first {
            ']' if text.len() > start.len() => return Ok(text + "]"),
            '\\' => first = escaped(chars)?,
            // The builder replaces these with other expressions, or reads `[:alpha:]`.
            '*' | '?' | '[' => return Err(Broken),
            _ => {}
        }
        let mut ahead = chars.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
        let last = if is_range {
            chars.next();
            match chars.next().ok_or(Broken)? {
                '\\' => escaped(chars)?,
                '*' | '?' | '[' => return Err(Broken),
                c => c,
            }
        } else {
            first
        };
        if last < first {
            return Err(Broken);
        }
        push(&mut text, first);
        text.push('-');
        push(&mut text, last);
    }
}

/// Appends a literal character, in a class or outside.
fn push(text: &mut String, literal: char) {
    write!(text, "\\x{{{:X}}}", u32::from(literal)).expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A direct implementation of the rules that tries everything, for comparison. The pattern is
    /// valid.
    fn fits_by_trying(pattern: &[char], path: &str) -> bool {
        let mut chars = path.chars();
        let mut ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
        match pattern {
            [] => path.is_empty(),
            ['*', '*'] | ['*', '*', '/'] => true,
            ['*', '*', '/', rest @ ..] | ['*', '*', rest @ ..] => {
                fits_by_trying(rest, path)
                    || path.match_indices('/').any(|(at, _)| fits_by_trying(rest, &path[at + 1..]))
            }
            ['*', rest @ ..] => {
                let end = path.find('/').unwrap_or(path.len());
                ends.any(|at| at <= end && fits_by_trying(rest, &path[at..]))
            }
            ['?', rest @ ..] => {
                chars.next().is_some_and(|c| c != '/') && fits_by_trying(rest, chars.as_str())
            }
            ['[', rest @ ..] => {
                let (negated, mut rest) = match rest {
                    ['^', rest @ ..] => (true, rest),
                    rest => (false, rest),
                };
                let Some(c) = chars.next() else { return false };
                let mut is_within = false;
                loop {
                    let (first, after) = next_of_class(rest);
                    let is_range = matches!(after, ['-', next, ..] if *next != ']');
                    let (last, after) = if is_range { next_of_class(&after[1..]) } else { (first, after) };
                    is_within |= (first..=last).contains(&c);
                    rest = after;
                    if rest[0] == ']' {
                        break;
                    }
                }
                is_within != negated && fits_by_trying(&rest[1..], chars.as_str())
            }
            ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
                chars.next() == Some(*literal) && fits_by_trying(rest, chars.as_str())
            }
        }
    }

    /// The next character of a class, which may be escaped, and those after it.
    fn next_of_class(class: &[char]) -> (char, &[char]) {
        match class {
            ['\\', c, rest @ ..] | [c, rest @ ..] => (*c, rest),
            [] => unreachable!("the class is closed"),
        }
    }

    proptest::proptest! {
        #[test]
        fn it_matches_what_trying_matches(pattern in "[ab/.*?\\\\\\[\\]^-]{1,9}", path in "[ab/.]{1,9}") {
            if let Ok(expression) = Expression::of(&pattern) {
                let pattern: Vec<char> = pattern.chars().collect();
                proptest::prop_assert_eq!(expression.matches(&path), fits_by_trying(&pattern, &path));
            }
        }
    }

    #[test]
    fn every_other_character_is_literal() {
        for c in ('\u{1}'..='\u{3000}').chain(['\u{fffd}', '\u{10ffff}']).filter(|c| !"*?[\\".contains(*c)) {
            let expression = Expression::of(&format!("?{c}")).expect("valid");
            assert!(expression.matches(&format!("x{c}")) && !expression.matches("xx{c}"), "{c:?}");
        }
    }

    #[test]
    fn long_patterns_are_rejected_or_compiled() {
        assert!(Expression::of(&"?".repeat(MOST_BYTES + 1)).is_err());
        let longest = Expression::of(&"?".repeat(MOST_BYTES)).expect("supported");
        assert!(longest.matches(&"ä".repeat(MOST_BYTES)) && !longest.matches("a"));
    }
}

//! The first argument of a call in a source file, as far as it shows without a parser of the
//! language: a text in quotes, or an expression.

use crate::knowledge::lists::files::WORDS_OF_PATHS;

/// Prefixes of texts in quotes. (docs.python.org, "String and Bytes literals".)
const PREFIXES: &[&str] = &["b", "br", "f", "fr", "r", "rb", "rf", "u"];

/// The first argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument<'t> {
    /// A text in quotes.
    Text {
        /// The text.
        text: &'t str,
        /// What precedes the first part that is computed; the whole text if nothing is.
        fixed: &'t str,
        /// Whether the argument is this text and nothing else.
        is_whole: bool,
    },
    /// Anything else; empty if the call has no argument.
    Expression(&'t str),
}

impl<'t> Argument<'t> {
    /// The first argument of each call that is written like this, parenthesis included, and what
    /// precedes the call on its line.
    pub(crate) fn of_calls(text: &'t str, call: &'t str) -> impl Iterator<Item = (&'t str, Self)> {
        text.match_indices(call).map(move |(at, _)| {
            let line = text[..at].rsplit('\n').next().unwrap_or_default();
            (line, Self::of(&text[at + call.len()..]))
        })
    }

    /// The first argument, from what follows the parenthesis.
    fn of(after: &'t str) -> Self {
        let argument = after.trim_start();
        let (prefix, quoted) = argument.split_at(argument.find(['"', '\'', '`']).unwrap_or(0));
        let prefix = prefix.to_ascii_lowercase();
        let mut quotes = quoted.chars();
        let quote = quotes.next().filter(|quote| match quote {
            '`' => prefix.is_empty(),
            '"' | '\'' => prefix.is_empty() || PREFIXES.contains(&prefix.as_str()),
            _ => false,
        });
        let Some((text, rest)) = quote.and_then(|quote| quotes.as_str().split_once(quote)) else {
            return Self::Expression(first(argument));
        };
        let computed = match quote {
            Some('`') => text.find("${"),
            _ if prefix.contains('f') => text.find('{'),
            _ => None,
        };
        let ends = rest.trim_start().starts_with([')', ',', ']']);
        Self::Text {
            text,
            fixed: &text[..computed.unwrap_or(text.len())],
            is_whole: ends && computed.is_none(),
        }
    }
}

/// Whether an expression, or a part of a text, says that it is the path of a file.
pub(crate) fn is_of_path(expression: &str) -> bool {
    let expression = expression.to_ascii_lowercase();
    WORDS_OF_PATHS.iter().any(|word| expression.contains(word))
}

/// The text up to the end of the first argument, or of the line if the call never ends.
fn first(argument: &str) -> &str {
    let mut depth = 0;
    let end = argument.find(|c: char| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' | ',' if depth == 0 => return true,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        false
    });
    end.map_or_else(|| argument.lines().next().unwrap_or_default(), |end| &argument[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_expressions() {
        let text = |text, fixed, is_whole| Argument::Text { text, fixed, is_whole };
        for (after, expected) in [
            ("'ms');", text("ms", "ms", true)),
            ("\n  \"a\", b)", text("a", "a", true)),
            ("'m' + 's')", text("m", "m", false)),
            ("`pino-${kind}`)", text("pino-${kind}", "pino-", false)),
            ("'${kind}')", text("${kind}", "${kind}", true)),
            ("Rb'{x}')", text("{x}", "{x}", true)),
            ("f\"{name}_driver\")", text("{name}_driver", "", false)),
            ("join(here, 'x'), mode)", Argument::Expression("join(here, 'x')")),
            ("tag`x`)", Argument::Expression("tag`x`")),
            (")", Argument::Expression("")),
            ("name\nnext", Argument::Expression("name")),
        ] {
            assert_eq!(Argument::of(after), expected, "{after}");
        }
    }
}

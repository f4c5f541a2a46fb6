//! The value of a word as the builder makes it: quotes and escapes removed, variables left for
//! later. Two words with the same parts have the same value, whatever the variables are.
//!
//! Follows BuildKit's `frontend/dockerfile/shell/lex.go`, for the escape character `\`.

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// `$NAME` or `${…}`, as written.
    Variable(String),
}

/// The parts of a word. `None` if the builder would refuse it, or if it has a substitution that is
/// not read here.
pub fn parts(word: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut quote = None;
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match (c, quote) {
            ('\'', Some('\'')) | ('"', Some('"')) => (quote, rest) = (None, after),
            ('\'' | '"', None) => (quote, rest) = (Some(c), after),
            ('$', None | Some('"')) => {
                let variable = variable(rest)?;
                rest = &rest[variable.len().max(1)..];
                if variable.is_empty() {
                    text.push(c);
                } else {
                    parts.extend((!text.is_empty()).then(|| Part::Text(std::mem::take(&mut text))));
                    parts.push(Part::Variable(variable.to_owned()));
                }
            }
            ('\\', None) => {
                let escaped = after.chars().next()?;
                text.push(escaped);
                rest = &after[escaped.len_utf8()..];
            }
            ('\\', Some('"')) if after.starts_with(['"', '$', '\\']) => {
                text.push_str(&after[..1]);
                rest = &after[1..];
            }
            (c, _) => {
                text.push(c);
                rest = after;
            }
        }
    }
    parts.extend((!text.is_empty()).then_some(Part::Text(text)));
    quote.is_none().then_some(parts)
}

/// The substitution at the start of a text, which is empty if `$` is a plain character. `None` if it
/// has quotes or other substitutions within its braces.
fn variable(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inner) = text.strip_prefix("${") {
        let name = inner.find(|c| !is_of_name(c))?;
        let end = inner.find('}')?;
        let is_plain = !inner[..end].contains(['\'', '"', '\\', '$', '{']);
        let operator = inner[name..end].trim_start_matches(':').chars().next();
        let is_known = matches!(operator, None | Some('-' | '+' | '?'));
        let brace = "${".len() + end;
        return (name > 0 && is_plain && is_known).then(|| &text[..=brace]);
    }
    let name = &text[1..];
    let special = name.chars().next().filter(|c| "@*#!?-$".contains(*c));
    let is_number = name.starts_with(|c: char| c.is_ascii_digit());
    let end = match special {
        Some(_) => 1,
        None => name
            .find(|c: char| if is_number { !c.is_ascii_digit() } else { !is_of_name(c) })
            .unwrap_or(name.len()),
    };
    Some(if end == 0 { "" } else { &text[..=end] })
}

/// A word in double quotes with these parts.
pub fn quoted(parts: &[Part]) -> String {
    let mut word = String::from("\"");
    for part in parts {
        match part {
            Part::Variable(variable) => word += variable,
            Part::Text(text) => {
                for c in text.chars() {
                    word.extend(matches!(c, '"' | '\\' | '$').then_some('\\'));
                    word.push(c);
                }
            }
        }
    }
    word + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(word: &str) -> Option<String> {
        let show = |part: Part| match part {
            Part::Text(text) => text,
            Part::Variable(variable) => format!("<{variable}>"),
        };
        Some(parts(word)?.into_iter().map(show).collect())
    }

    #[test]
    fn quotes_and_escapes_go_and_variables_stay() {
        for (word, value) in [
            ("a b", Some("a b")),
            ("\"a b\"'c $d'", Some("a bc $d")),
            ("a\\ b\\\\", Some("a b\\")),
            ("\"a\\nb\\\"\\$\"", Some("a\\nb\"$")),
            ("$A/${B}:${C:-d e}", Some("<$A>/<${B}>:<${C:-d e}>")),
            ("5$ $", Some("5$ $")),
            ("$12x$$", Some("<$12>x<$$>")),
            ("it's", None),
            ("a\\", None),
            ("${A:-\"x\"}", None),
            ("${A/b/c}", None),
            ("${}", None),
        ] {
            assert_eq!(shown(word).as_deref(), value, "{word}");
        }
    }

    #[test]
    fn a_quoted_word_has_the_same_parts() {
        for word in ["a b", "-Da=\"b c\" $X", "\\$A $A \\\\ 'x\"y'", "5$ \"$ \""] {
            let all = parts(word).expect("it can be read");
            assert_eq!(parts(&quoted(&all)), Some(all), "{word}");
        }
    }
}

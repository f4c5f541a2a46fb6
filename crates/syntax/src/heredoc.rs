//! Here-documents of COPY, ADD and RUN: the words of the instruction that start them, and the end
//! of each body.
//!
//! Follows BuildKit's `heredocsFromLine` and `ParseHeredoc`. Only a whole word of the form
//! `[fd]<<[-]NAME` starts a here-document; if its name is quoted in whole or in part, the body is
//! not expanded.

use super::lines::{line_at, trim_line_break};
use crate::span::Span;

/// One here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminating word, unquoted.
    pub name: String,
    /// Whether the builder or the shell expands variables in the body: no part of the name was
    /// quoted.
    pub expand: bool,
    /// Whether leading tabs are removed (`<<-`).
    pub chomp: bool,
    /// The lines of the body with their line breaks, without the terminator.
    pub content: Span,
}

/// The properties of a here-document that its first word determines.
pub(super) struct Opening {
    name: String,
    expand: bool,
    chomp: bool,
}

/// The here-documents of an instruction's joined text, in order.
pub(super) fn openings(logical: &str) -> Vec<Opening> {
    if !logical.contains("<<") {
        return Vec::new();
    }
    words(logical).into_iter().filter_map(opening).collect()
}

/// Reads the bodies, which start at `next`; `None` if one is not terminated. Also returns the start
/// of the following text.
pub(super) fn read_bodies(
    text: &str,
    openings: Vec<Opening>,
    mut next: usize,
) -> Option<(Vec<Heredoc>, usize)> {
    let mut heredocs = Vec::with_capacity(openings.len());
    for opening in openings {
        let start = next;
        loop {
            if next >= text.len() {
                return None;
            }
            let (_, after) = line_at(text, next);
            let line = trim_line_break(&text[next..after]);
            let line = if opening.chomp { line.trim_start_matches('\t') } else { line };
            if line == opening.name {
                let content = Span::new(start, next);
                next = after;
                let Opening { name, expand, chomp } = opening;
                heredocs.push(Heredoc { name, expand, chomp, content });
                break;
            }
            next = after;
        }
    }
    Some((heredocs, next))
}

fn opening(word: &str) -> Option<Opening> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (chomp, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let mut name = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => name.extend(chars.next()),
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => name.push(c),
        }
    }
    (!name.is_empty() && quote.is_none()).then(|| Opening { expand: name == rest, name, chomp })
}

/// Splits at blanks outside quotes; quotes and backslashes stay in the words (BuildKit's lexer with
/// raw quotes).
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut escaped) = (None, None, false);
    for (at, c) in line.char_indices() {
        if start.is_none() {
            if c.is_whitespace() {
                continue;
            }
            start = Some(at);
        }
        if escaped {
            escaped = false;
            continue;
        }
        match (c, quote) {
            ('\\', None | Some('"')) => escaped = true,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.extend(start.take().map(|from| &line[from..at])),
            _ => {}
        }
    }
    words.extend(start.map(|from| &line[from..]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<(String, bool, bool)> {
        openings(line).into_iter().map(|o| (o.name, o.expand, o.chomp)).collect()
    }

    #[test]
    fn openings_are_whole_words() {
        assert_eq!(names("RUN cat <<EOF > x"), [("EOF".into(), true, false)]);
        assert_eq!(
            names("RUN <<-'E O' 3<<\"B\"B <<C"),
            [("E O".into(), false, true), ("BB".into(), false, false), ("C".into(), true, false)]
        );
        assert!(names("RUN cat<<EOF; x <<< y; echo '<<A' $((1 << 2)) <<").is_empty());
    }

    #[test]
    fn bodies_end_at_their_names() {
        let text = "a\r\n\tA\nA\nEOF\nB\nrest";
        let (read, next) = read_bodies(text, openings("RUN <<A <<B"), 0).expect("terminated");
        assert_eq!(read[0].content.of(text), "a\r\n\tA\n");
        assert_eq!(read[1].content.of(text), "EOF\n");
        assert_eq!(&text[next..], "rest");
        assert!(read_bodies(text, openings("RUN <<NONE"), 0).is_none());
    }
}

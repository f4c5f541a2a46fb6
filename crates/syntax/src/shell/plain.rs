//! Reads scripts that only consist of simple commands, without the parser of the whole language.
//!
//! Nine of ten scripts in Dockerfiles are commands joined by `&&`, `||`, `;` and `|`, whose words have
//! quotes, variables and command substitutions at most (POSIX, Shell Command Language, 2.2 "Quoting" and
//! 2.10 "Shell Grammar"). The parser of everything else took a quarter of a run's time, most of it for
//! these. Keywords, groups, comments, here-documents, line breaks, and whatever looks like an error are
//! not read here. The tests compare the trees with those of the other parser.

use std::ops::Range;

use crate::lines::Logical;
use crate::shell::{
    Assignment, Command, CommandKind, End, LONGEST_CHAIN, List, Operator, Pipeline, Redirect, Simple,
    Statement, Word,
};
use crate::span::Span;

/// The commands of a script; `None` if it has anything else.
pub(super) fn list(logical: &Logical<'_>, range: &Range<usize>) -> Option<List> {
    let source = &logical.text[range.clone()];
    let mut reader = Reader { logical, offset: range.start, source, at: 0, depth: 0, operators: 0 };
    let list = reader.list().ok()?;
    (reader.at == source.len()).then_some(list)
}

/// Whether the other parser takes such a first word, after assignments or without, for the name of a
/// program or of a builtin without a syntax of its own.
fn begins_simply(word: &Word, assigned: bool) -> bool {
    const KEYWORDS: [&str; 21] = [
        "[[", "always", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "foreach",
        "function", "if", "in", "repeat", "select", "then", "time", "until", "while",
    ];
    const OPTIONS_OF_THE_SHELL: [&str; 5] = ["alias", "emulate", "setopt", "shopt", "unalias"];
    const JUMPS: [&str; 4] = ["break", "continue", "exit", "return"];
    let name = word.text();
    // An index, as in `a[1]=2`, continues across other characters.
    (name == "[" || !name.starts_with(['!', '{']) && !name.contains('['))
        && !KEYWORDS.contains(&name)
        && !OPTIONS_OF_THE_SHELL.contains(&name)
        && !(assigned && JUMPS.contains(&name))
}

/// Substitutions that are nested deeper are left to the other parser.
const DEEPEST: usize = 10;

/// What only the other parser reads.
struct Unsupported;

type Read<T> = Result<T, Unsupported>;

struct Reader<'a, 'b> {
    logical: &'a Logical<'b>,
    /// Where `source` starts in the joined text.
    offset: usize,
    source: &'a str,
    at: usize,
    /// How many command substitutions are open.
    depth: usize,
    operators: usize,
}

/// A word in `source`, and the commands in its substitutions.
type Found = (Range<usize>, Vec<List>);

impl Reader<'_, '_> {
    /// All statements up to the end, or to the bracket that closes a substitution.
    fn list(&mut self) -> Read<List> {
        let mut statements = Vec::new();
        loop {
            statements.push(self.statement()?);
            self.blanks();
            if self.is_at_end() {
                return Ok(List { statements });
            }
        }
    }

    /// An and-or list with its terminator.
    fn statement(&mut self) -> Read<Statement> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        let end = loop {
            let operator = match self.rest() {
                _ if self.is_at_end() => break End::Line,
                [b'&', b'&', ..] => Operator::And,
                [b'|', b'|', ..] => Operator::Or,
                [b';', ..] => {
                    self.at += 1;
                    break End::Semicolon(self.span(self.at - 1..self.at));
                }
                _ => return Err(Unsupported),
            };
            self.operator(2)?;
            rest.push((operator, self.pipeline()?));
        };
        let last = rest.last().map_or(&first, |(_, pipeline)| pipeline);
        let span = Span::new(first.span.start, last.span.end);
        Ok(Statement { first, rest, end, span })
    }

    fn pipeline(&mut self) -> Read<Pipeline> {
        let mut commands = vec![self.command()?];
        while let [b'|', after, ..] = self.rest() {
            if matches!(after, b'|' | b'&') {
                break;
            }
            self.operator(1)?;
            commands.push(self.command()?);
        }
        let span = Span::new(commands[0].span.start, commands[commands.len() - 1].span.end);
        Ok(Pipeline { negated: false, commands, span })
    }

    /// A simple command, and the blanks around it.
    fn command(&mut self) -> Read<Command> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        self.blanks();
        let start = self.at;
        let mut end = start;
        loop {
            if let Some(redirect) = self.redirect()? {
                if words.is_empty() {
                    return Err(Unsupported);
                }
                redirects.push(redirect);
            } else if let Some((range, substitutions)) = self.word()? {
                let raw = &self.source[range.clone()];
                if words.is_empty() && raw.contains('=') && !raw.starts_with(['\'', '"', '\\', '$', '-', '/'])
                {
                    assignments.push(self.assignment(range, substitutions)?);
                } else {
                    let word = self.word_of(range, substitutions);
                    if words.is_empty() && !begins_simply(&word, !assignments.is_empty()) {
                        return Err(Unsupported);
                    }
                    words.push(word);
                }
            } else {
                break;
            }
            end = self.at;
            self.blanks();
        }
        if words.is_empty() && assignments.is_empty() {
            return Err(Unsupported);
        }
        let kind = CommandKind::Simple(Simple { assignments, words });
        Ok(Command { kind, redirects, span: self.span(start..end) })
    }

    fn assignment(&self, range: Range<usize>, substitutions: Vec<List>) -> Read<Assignment> {
        let (name, _) = self.source[range.clone()].split_once('=').ok_or(Unsupported)?;
        if name_length(name.as_bytes()) != Some(name.len()) {
            return Err(Unsupported);
        }
        let value = self.word_of(range.start + name.len() + 1..range.end, substitutions);
        Ok(Assignment { name: name.to_owned(), value: Some(value) })
    }

    /// `> file`, `>> file` or `< file`, with a descriptor or without; `None` if none follows.
    fn redirect(&mut self) -> Read<Option<Redirect>> {
        let start = self.at;
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (length, writes) = match self.rest()[digits..] {
            [b'>', b'>', ..] => (2, true),
            [b'>' | b'<', b'<' | b'>' | b'&' | b'|' | b'(', ..] => return Err(Unsupported),
            [b'>', ..] => (1, true),
            [b'<', ..] => (1, false),
            _ => return Ok(None),
        };
        self.at += digits + length;
        self.blanks();
        let (range, substitutions) = self.word()?.ok_or(Unsupported)?;
        // Digits would be the descriptor of the next one.
        if matches!(self.rest(), [b'<' | b'>', ..]) {
            return Err(Unsupported);
        }
        let target = self.word_of(range, substitutions);
        Ok(Some(Redirect { writes, target: Some(target), span: self.span(start..self.at) }))
    }

    /// The next word; `None` if an operator or the end follows.
    fn word(&mut self) -> Read<Option<Found>> {
        let start = self.at;
        let mut substitutions = Vec::new();
        loop {
            match *self.rest() {
                [] | [b' ' | b'\t' | b'&' | b'|' | b';' | b'<' | b'>', ..] => break,
                [b')', ..] if self.depth > 0 => break,
                [b'\'', ..] => {
                    let inner = self.at + 1;
                    self.at = inner
                        + memchr::memchr(b'\'', &self.source.as_bytes()[inner..]).ok_or(Unsupported)?
                        + 1;
                }
                [b'"', ..] => self.double_quoted(&mut substitutions)?,
                [b'\\', b'!'..=b'~', ..] => self.at += 2,
                [b'$', ..] => self.expansion(&mut substitutions)?,
                [b'#', ..] if self.at > start => self.at += 1,
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
        if substitutions.is_empty() && (raw.contains('`') || raw.contains("$(")) {
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
            [b'(', next, ..] if next != b'(' && self.depth < DEEPEST => {
                self.at += 2;
                self.depth += 1;
                substitutions.push(self.list()?);
                self.depth -= 1;
                self.at += 1;
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

    /// Skips an operator.
    fn operator(&mut self, length: usize) -> Read<()> {
        self.at += length;
        self.operators += 1;
        if self.operators < LONGEST_CHAIN / 2 { Ok(()) } else { Err(Unsupported) }
    }

    fn blanks(&mut self) {
        while let [b' ' | b'\t', ..] = self.rest() {
            self.at += 1;
        }
    }

    fn is_at_end(&self) -> bool {
        match self.rest() {
            [] => self.depth == 0,
            [first, ..] => *first == b')' && self.depth > 0,
        }
    }

    fn rest(&self) -> &[u8] {
        &self.source.as_bytes()[self.at..]
    }

    fn word_of(&self, range: Range<usize>, substitutions: Vec<List>) -> Word {
        Word::new(self.span(range.clone()), &self.source[range], substitutions)
    }

    fn span(&self, range: Range<usize>) -> Span {
        self.logical.span(self.offset + range.start, self.offset + range.end)
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'&' | b'|' | b';')
}

/// The length of the variable's name at the start of a text.
fn name_length(text: &[u8]) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Dialect, lower};
    use proptest::prelude::*;

    fn logical(text: &str) -> (Logical<'_>, Range<usize>) {
        (Logical::of_span(text, Span::new(0, text.len())), 0..text.len())
    }

    fn read(text: &str) -> Option<List> {
        let (logical, range) = logical(text);
        list(&logical, &range)
    }

    #[test]
    fn ordinary_scripts_are_read_here() {
        for script in [
            "apt-get update && apt-get install -y --no-install-recommends curl",
            "A=1 B=\"x $y\" make -j$(nproc) >/dev/null; echo 'x;y' | tee \"${dir:-/tmp}/f\" 2> log || true",
            "find . -name '*.pyc' -exec rm {} \\; && [ a != b ];",
            "export HOME=/root && exit 0",
        ] {
            assert!(read(script).is_some(), "{script}");
        }
    }

    #[test]
    fn the_rest_is_left_to_the_other_parser() {
        for script in [
            "",
            "a;;b",
            "a &",
            "if a; then b; fi",
            "( a )",
            "{ a; }",
            "! a",
            "a # b",
            "a\nb",
            "`a`",
            "$((1))",
            "a 2>&1",
            "cat <<E",
            "a=(b)",
            "'a",
            "\"a",
            "a\\",
            "a &&",
            "| a",
            "${a",
            "[[ a ]]",
            "a() b",
            "é",
        ] {
            assert!(read(script).is_none(), "{script}");
        }
    }

    /// Pieces of scripts that mean something to one of the parsers.
    const PIECES: &[&str] = &[
        " ",
        " ",
        " ",
        "a",
        "b1",
        "-x",
        "/p.q",
        "A=",
        "=",
        "+=",
        "1",
        "2",
        "'",
        "\"",
        "\\",
        "$",
        "$a",
        "${a}",
        "${a:-b}",
        "${a%%[x]*}",
        "${",
        "}",
        "{",
        "{}",
        "{a,b}",
        "(",
        ")",
        "$(",
        "$((",
        "`",
        "&&",
        "||",
        "|",
        ";",
        "&",
        ">",
        ">>",
        "<",
        "2>",
        "2>&1",
        "<<",
        "!",
        "#",
        "~",
        "*",
        "?",
        "[",
        "]",
        "[[",
        "]]",
        "if",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "case",
        "time",
        "export",
        "exit",
        "return",
        "local",
        "alias",
        "function",
        "\t",
        "\n",
        "é",
        "%",
        "@",
        "^",
        ",",
        ":",
        "\r",
    ];

    const SEPARATORS: &[&str] = &["", "", " ", " ", " && ", " | ", "; ", " >f "];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn both_parsers_agree(pieces in proptest::collection::vec((0..PIECES.len(), 0..SEPARATORS.len()), 1..14)) {
            let pieces = pieces.into_iter().map(|(piece, after)| [PIECES[piece], SEPARATORS[after]].concat());
            let text: String = pieces.collect();
            let text = text.trim();
            if let Some(ours) = read(text) {
                let (logical, range) = logical(text);
                let theirs = lower::list(&logical, &range, Dialect::Sh);
                prop_assert_eq!(format!("{:?}", Ok::<_, crate::Opaque>((ours, false))), format!("{theirs:?}"), "{}", text);
            }
        }
    }
}

//! Reads ordinary scripts without the parser of the whole language.
//!
//! Most scripts in Dockerfiles are commands joined by `&&`, `||`, `;` and `|`, perhaps in an `if` or a
//! loop, whose words have quotes, variables and command substitutions at most (POSIX, Shell Command
//! Language, 2.2 "Quoting" and 2.10 "Shell Grammar"). The parser of everything else took a quarter of a
//! run's time, most of it for these. Functions, comments, here-documents, line breaks, and whatever looks
//! like an error are not read here. The tests compare the trees with those of the other parser.

mod compound;
mod words;

use std::ops::Range;

use self::words::{is_end_of_word, name_length};
use crate::lines::Logical;
use crate::shell::{
    Assignment, Command, CommandKind, End, LONGEST_CHAIN, List, Operator, Pipeline, Redirect, Simple,
    Statement, Word,
};
use crate::span::Span;

/// The commands of a script; `None` if it has anything else.
pub(super) fn list(logical: &Logical<'_>, range: &Range<usize>) -> Option<List> {
    let source = &logical.text[range.clone()];
    let mut reader =
        Reader { logical, offset: range.start, source, at: 0, depth: 0, brackets: 0, operators: 0 };
    reader.list(Closer::End).ok()
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

/// What only the other parser reads.
struct Unsupported;

type Read<T> = Result<T, Unsupported>;

/// What follows a list.
#[derive(Clone, Copy)]
enum Closer {
    /// The end of the script.
    End,
    /// `)`
    Bracket,
    /// `}`, after a semicolon.
    Brace,
    /// One of these words, after a semicolon.
    Words(&'static [&'static str]),
    /// `;;`, or `esac` after a semicolon.
    Branch,
}

struct Reader<'a, 'b> {
    logical: &'a Logical<'b>,
    /// Where `source` starts in the joined text.
    offset: usize,
    source: &'a str,
    at: usize,
    /// How many compound commands and substitutions are open.
    depth: usize,
    /// How many of them end at a `)`.
    brackets: usize,
    operators: usize,
}

impl Reader<'_, '_> {
    /// The statements before a closer, which is not consumed.
    fn list(&mut self, closer: Closer) -> Read<List> {
        let mut statements = Vec::new();
        loop {
            let statement = self.statement()?;
            self.blanks();
            let ended = matches!(statement.end, End::Semicolon(_));
            statements.push(statement);
            let is_closed = match closer {
                Closer::End => self.rest().is_empty(),
                Closer::Bracket => self.rest().first() == Some(&b')'),
                Closer::Brace => ended && self.is_at("}"),
                Closer::Words(words) => ended && words.iter().any(|word| self.is_at(word)),
                Closer::Branch => self.rest().starts_with(b";;") || ended && self.is_at("esac"),
            };
            if is_closed {
                // The semicolon before a keyword ends the list, not the statement.
                let is_keyword = matches!(closer, Closer::Words(_))
                    || matches!(closer, Closer::Branch) && !self.rest().starts_with(b";;");
                if let Some(last) = statements.last_mut().filter(|_| is_keyword) {
                    last.end = End::Line;
                }
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
                [] | [b')', ..] | [b';', b';', ..] => break End::Line,
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
        self.blanks();
        let start = self.at;
        let negated = self.takes("!");
        let mut commands = vec![self.command()?];
        while let [b'|', after, ..] = self.rest() {
            if matches!(after, b'|' | b'&') {
                break;
            }
            self.operator(1)?;
            commands.push(self.command()?);
        }
        let start = if negated { self.span(start..start + 1).start } else { commands[0].span.start };
        let span = Span::new(start, commands[commands.len() - 1].span.end);
        Ok(Pipeline { negated, commands, span })
    }

    /// A command, and the blanks around it.
    fn command(&mut self) -> Read<Command> {
        self.blanks();
        let start = self.at;
        let Some(kind) = self.compound()? else { return self.simple() };
        let mut redirects = Vec::new();
        let mut end = self.at;
        self.blanks();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
            end = self.at;
            self.blanks();
        }
        Ok(Command { kind, redirects, span: self.span(start..end) })
    }

    fn simple(&mut self) -> Read<Command> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
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

    /// `> file`, `>> file`, `< file` or `>&1`, with a descriptor or without; `None` if none follows.
    fn redirect(&mut self) -> Read<Option<Redirect>> {
        let start = self.at;
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (length, writes) = match self.rest()[digits..] {
            [b'>', b'>', ..] => (2, true),
            [b'>', b'&', b'0'..=b'9', ref rest @ ..] if is_end_of_word(rest) => (2, false),
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

    /// Whether a word comes next.
    fn is_at(&self, word: &str) -> bool {
        self.rest().strip_prefix(word.as_bytes()).is_some_and(is_end_of_word)
    }

    /// Skips a word, if it comes next.
    fn takes(&mut self, word: &str) -> bool {
        let is_here = self.is_at(word);
        self.at += if is_here { word.len() } else { 0 };
        is_here
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

#[cfg(test)]
mod tests;

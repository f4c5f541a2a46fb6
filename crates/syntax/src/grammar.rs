//! The grammar of one instruction: keyword, flags, and arguments in the form that the keyword
//! requires.
//!
//! Follows BuildKit's `split_command.go`, `line_parsers.go` and `instructions/parse.go`. Values
//! keep their quotes and variables; `facts` expands them.

use std::ops::Range;

use crate::heredoc::Heredoc;
use crate::instruction::{Assignment, Body, Flag, Form, From, Instruction, Keyword, Run, Transfer};
use crate::lines::{Continued, Logical};
use crate::opaque::Opaque;
use crate::shell::{self, Dialect, Script};
use crate::span::Span;

/// The effective shell, as far as parsing its scripts depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Shell {
    /// No SHELL instruction: `/bin/sh -c`.
    #[default]
    Default,
    /// A Bourne shell, with its options (`-e`, `-o pipefail`).
    Bourne(Dialect, Vec<String>),
    /// Any other shell.
    Foreign,
}

impl Shell {
    /// The shell that the words of SHELL name.
    pub(super) fn of(words: &[String]) -> Self {
        let Some((program, options)) = words.split_first() else { return Self::Foreign };
        let dialect = match program.rsplit('/').next().unwrap_or_default() {
            "sh" | "ash" | "dash" => Dialect::Sh,
            "bash" => Dialect::Bash,
            _ => return Self::Foreign,
        };
        let ends_with_command =
            options.last().is_some_and(|last| last.starts_with('-') && last.ends_with('c'));
        if ends_with_command { Self::Bourne(dialect, options.to_vec()) } else { Self::Foreign }
    }
}

/// Whether the instruction may contain here-documents, including a trigger of ONBUILD.
pub(super) fn opens_heredocs(logical: &str) -> bool {
    let mut words = logical.split_ascii_whitespace();
    let mut word = words.next().unwrap_or_default();
    if word.eq_ignore_ascii_case("ONBUILD") {
        word = words.next().unwrap_or_default();
    }
    ["ADD", "COPY", "RUN"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// The script of a RUN with the same text, and by how many bytes its place differs.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub script: &'k Script,
    pub by: isize,
}

/// The error for a line whose first word is no keyword.
pub(super) const UNKNOWN_INSTRUCTION: &str = "an unknown instruction";

/// Parses one instruction; the error says what is wrong.
pub(super) fn instruction<'a>(
    text: &'a str,
    full: Span,
    continued: Continued<'a>,
    heredocs: Vec<Heredoc>,
    shell: Shell,
    known: Option<Known<'_>>,
) -> Result<Instruction<'a>, &'static str> {
    let Continued { logical, text_span, comments, .. } = continued;
    let line = logical.text.as_ref();
    let word_end = line.find(is_blank).unwrap_or(line.len());
    let keyword = Keyword::parse(&line[..word_end]).ok_or(UNKNOWN_INSTRUCTION)?;
    let keyword_span = logical.span(0, word_end);
    let (flags, rest) = flags(&logical, word_end);
    for flag in &flags {
        if !known_flags(keyword).contains(&flag.name.as_str()) {
            return Err("a flag that the instruction does not have");
        }
    }
    let arguments = trimmed(line, rest..line.len());
    let body = body(keyword, text, &logical, arguments.clone(), &heredocs, (shell, known))?;
    Ok(Instruction {
        full,
        text: text_span,
        keyword,
        keyword_span,
        flags,
        logical,
        arguments,
        body,
        heredocs,
        comments,
    })
}

fn body(
    keyword: Keyword,
    text: &str,
    logical: &Logical<'_>,
    range: Range<usize>,
    heredocs: &[Heredoc],
    (shell, known): (Shell, Option<Known<'_>>),
) -> Result<Body, &'static str> {
    let arguments = &logical.text[range.clone()];
    if arguments.is_empty() && !matches!(keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell) {
        return Err("an instruction without arguments");
    }
    Ok(match keyword {
        Keyword::Add => Body::Add(transfer(arguments)?),
        Keyword::Copy => Body::Copy(transfer(arguments)?),
        Keyword::Arg => Body::Arg(words(arguments).map(assignment).collect()),
        Keyword::Cmd => Body::Cmd(form(arguments)?),
        Keyword::Entrypoint => Body::Entrypoint(form(arguments)?),
        Keyword::Env => Body::Env(assignments(arguments)?),
        Keyword::Label => Body::Label(assignments(arguments)?),
        Keyword::Expose => Body::Expose(list(arguments)?),
        Keyword::Volume => Body::Volume(list(arguments)?),
        Keyword::From => Body::From(from(logical, range)?),
        Keyword::Healthcheck => Body::Healthcheck(healthcheck(arguments)?),
        Keyword::Maintainer => Body::Maintainer,
        Keyword::Onbuild => onbuild(arguments)?,
        Keyword::Run => Body::Run(run(text, logical, range, heredocs, shell, known)?),
        Keyword::Shell => match form(arguments)? {
            Form::Exec(words) => Body::Shell(words),
            Form::Shell(_) => return Err("a SHELL that is not a JSON array"),
        },
        Keyword::Stopsignal => Body::Stopsignal,
        Keyword::User => Body::User(arguments.to_owned()),
        Keyword::Workdir => Body::Workdir(arguments.to_owned()),
    })
}

fn run(
    text: &str,
    logical: &Logical<'_>,
    range: Range<usize>,
    heredocs: &[Heredoc],
    shell: Shell,
    known: Option<Known<'_>>,
) -> Result<Run, &'static str> {
    let arguments = &logical.text[range.clone()];
    if let Form::Exec(words) = form(arguments)? {
        return Ok(Run::Exec(words));
    }
    let (dialect, options) = match shell {
        Shell::Default => (Dialect::Sh, Vec::new()),
        Shell::Bourne(dialect, options) => (dialect, options),
        Shell::Foreign => return Ok(Run::Opaque(Opaque::ForeignShell)),
    };
    if let Some(script) = known.and_then(|known| known.script.moved(known.by, dialect, &options)) {
        return Ok(if heredocs.is_empty() { Run::Shell(script) } else { Run::Heredoc(script) });
    }
    let parse = |logical: &Logical<'_>, range| shell::parse(logical, range, dialect, &options);
    if heredocs.is_empty() {
        return Ok(match parse(logical, range) {
            // A here-document that the builder does not recognize never gets its body.
            Ok(script) if script.has_heredoc() => Run::Opaque(Opaque::Unparsed),
            Ok(script) => Run::Shell(script),
            Err(opaque) => Run::Opaque(opaque),
        });
    }
    let whole = whole_script(text, logical, range, heredocs);
    if whole.text.starts_with("#!") {
        return Ok(Run::Opaque(Opaque::Interpreter));
    }
    let end = whole.text.len();
    Ok(parse(&whole, 0..end).map_or_else(Run::Opaque, |script: Script| Run::Heredoc(script)))
}

/// The input of the shell if there are here-documents: the body of a single one that is the whole
/// command, otherwise the command line followed by all bodies (BuildKit's `dispatchRun`).
fn whole_script<'a>(
    text: &'a str,
    logical: &Logical<'_>,
    range: Range<usize>,
    heredocs: &[Heredoc],
) -> Logical<'a> {
    let arguments = &logical.text[range.clone()];
    match heredocs {
        [only] if arguments.starts_with("<<") && !arguments.contains(is_blank) => {
            Logical::of_span(text, only.content)
        }
        _ => {
            let mut whole = logical.slice(range);
            for heredoc in heredocs {
                whole.push(Span::at(heredoc.content.start), "\n");
                whole.push(heredoc.content, heredoc.content.of(text));
                whole.push(Span::at(heredoc.content.end), &heredoc.name);
            }
            whole
        }
    }
}

fn from(logical: &Logical<'_>, range: Range<usize>) -> Result<From, &'static str> {
    let arguments = &logical.text[range.clone()];
    let words: Vec<&str> = arguments.split(is_blank).filter(|word| !word.is_empty()).collect();
    let name = match words[..] {
        [_] => None,
        [_, as_, name] if as_.eq_ignore_ascii_case("AS") => Some(name.to_owned()),
        _ => return Err("FROM takes an image, or an image and `AS name`"),
    };
    let image_span = logical.span(range.start, range.start + words[0].len());
    Ok(From { image: words[0].to_owned(), image_span, name })
}

fn healthcheck(arguments: &str) -> Result<Option<Form>, &'static str> {
    let (kind, rest) = split_word(arguments);
    if kind.eq_ignore_ascii_case("NONE") {
        return Ok(None);
    }
    if kind.eq_ignore_ascii_case("CMD") && !rest.is_empty() {
        Ok(Some(form(rest)?))
    } else {
        Err("HEALTHCHECK takes CMD and a command, or NONE")
    }
}

fn onbuild(arguments: &str) -> Result<Body, &'static str> {
    let (word, rest) = split_word(arguments);
    let keyword = Keyword::parse(word).ok_or("an unknown instruction after ONBUILD")?;
    Ok(Body::Onbuild(keyword, rest.to_owned()))
}

fn transfer(arguments: &str) -> Result<Transfer, &'static str> {
    let mut words = list(arguments)?;
    let destination =
        words.pop().filter(|_| !words.is_empty()).ok_or("a copy needs a source and a destination")?;
    Ok(Transfer { sources: words, destination })
}

/// A JSON array of strings, or words separated by blanks.
fn list(arguments: &str) -> Result<Vec<String>, &'static str> {
    Ok(match form(arguments)? {
        Form::Exec(words) => words,
        Form::Shell(text) => {
            text.split(is_blank).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
    })
}

/// `parseMaybeJSON`: an array of strings is the exec form, any other array is an error, and
/// everything else is a string.
fn form(arguments: &str) -> Result<Form, &'static str> {
    if !arguments.starts_with('[') {
        return Ok(Form::Shell(arguments.to_owned()));
    }
    let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(arguments) else {
        return Ok(Form::Shell(arguments.to_owned()));
    };
    let words = values.into_iter().map(|value| match value {
        serde_json::Value::String(word) => Ok(word),
        _ => Err("a JSON array with elements that are not strings"),
    });
    Ok(Form::Exec(words.collect::<Result<_, _>>()?))
}

/// `parseNameVal`: `K=v …`, or the old syntax `K v` with the rest of the line as the value.
fn assignments(arguments: &str) -> Result<Vec<Assignment>, &'static str> {
    let first = words(arguments).next().unwrap_or_default();
    if !first.contains('=') {
        let (key, value) = split_word(arguments);
        if value.is_empty() {
            return Err("a name without a value");
        }
        return Ok(vec![Assignment { key: key.to_owned(), value: Some(value.to_owned()) }]);
    }
    let all: Vec<Assignment> = words(arguments).map(assignment).collect();
    if all.iter().all(|assignment| assignment.value.is_some()) {
        Ok(all)
    } else {
        Err("a word that is not NAME=value")
    }
}

fn assignment(word: &str) -> Assignment {
    match word.split_once('=') {
        Some((key, value)) => Assignment { key: key.to_owned(), value: Some(value.to_owned()) },
        None => Assignment { key: word.to_owned(), value: None },
    }
}

/// `parseWords`: words separated by blanks; quotes and backslashes protect blanks and stay in the
/// word.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let (mut quote, mut escaped) = (None, false);
        let end = rest.char_indices().find(|&(_, c)| {
            if std::mem::take(&mut escaped) {
                return false;
            }
            match (c, quote) {
                ('\\', None | Some('"')) => escaped = true,
                ('\'' | '"', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                (c, None) => return c.is_whitespace(),
                _ => {}
            }
            false
        });
        let (word, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// `extractBuilderFlags`: words that start with `--`, up to the first word that does not, or a bare
/// `--`.
fn flags(logical: &Logical<'_>, mut at: usize) -> (Vec<Flag>, usize) {
    let line = logical.text.as_ref();
    let mut flags = Vec::new();
    loop {
        let start = line.len() - line[at..].trim_start().len();
        if !line[start..].starts_with("--") {
            return (flags, start);
        }
        let (mut word, mut quote, mut end) = (String::new(), None, line.len());
        let mut chars = line[start..].char_indices();
        while let Some((offset, c)) = chars.next() {
            match (c, quote) {
                ('\\', _) => word.extend(chars.next().map(|(_, c)| c)),
                ('\'' | '"', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                (c, None) if c.is_whitespace() => {
                    end = start + offset;
                    break;
                }
                (c, _) => word.push(c),
            }
        }
        at = end;
        if word == "--" {
            return (flags, at);
        }
        let name = &word[2..];
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (name.to_owned(), None),
        };
        flags.push(Flag { span: logical.span(start, end), name, value });
    }
}

fn known_flags(keyword: Keyword) -> &'static [&'static str] {
    match keyword {
        Keyword::Add => &["chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"],
        Keyword::Copy => &["chown", "chmod", "link", "from", "parents", "exclude"],
        Keyword::From => &["platform"],
        Keyword::Healthcheck => &["interval", "timeout", "start-period", "start-interval", "retries"],
        Keyword::Run => &["mount", "network", "security", "device"],
        _ => &[],
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(is_blank).unwrap_or(text.len());
    (&text[..end], text[end..].trim_matches(is_blank))
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.end - part.trim_start().len();
    start..(start + part.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Dockerfile;

    fn only(text: &str) -> Body {
        let file = Dockerfile::parse(text);
        let mut all = file.instructions();
        all.next_back().expect("an instruction").1.body.clone()
    }

    #[test]
    fn old_and_new_assignments() {
        let Body::Env(new) = only("ENV A=1 B=\"x y\" C=a\\ b\n") else { panic!() };
        let values: Vec<_> =
            new.iter().map(|a| (a.key.as_str(), a.value.as_deref().expect("a value"))).collect();
        assert_eq!(values, [("A", "1"), ("B", "\"x y\""), ("C", "a\\ b")]);
        let Body::Env(old) = only("ENV A b c=d\n") else { panic!() };
        assert_eq!((old[0].key.as_str(), old[0].value.as_deref()), ("A", Some("b c=d")));
    }

    #[test]
    fn json_forms() {
        assert!(matches!(only("CMD [\"a\", \"b\"]\n"), Body::Cmd(Form::Exec(words)) if words == ["a", "b"]));
        assert!(matches!(only("CMD ['a']\n"), Body::Cmd(Form::Shell(_))));
        assert!(matches!(only("RUN [ -f x ] && y\n"), Body::Run(Run::Shell(_))));
        assert!(matches!(only("ENTRYPOINT []\n"), Body::Entrypoint(Form::Exec(words)) if words.is_empty()));
    }

    #[test]
    fn flags_may_be_quoted() {
        let file = Dockerfile::parse("RUN --mount=\"type=cache,target=/a b\" --network=none  make --flag\n");
        let (_, run) = file.instructions().next().expect("one");
        assert_eq!(run.flags[0].value.as_deref(), Some("type=cache,target=/a b"));
        assert_eq!(run.flags[1].span.of(file.text), "--network=none");
        assert_eq!(run.arguments(), "make --flag");
    }
}

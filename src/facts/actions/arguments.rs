//! The options, their values and the operands of a command, by what is known of its program.

use std::collections::VecDeque;

use crate::facts::actions::Name;
use crate::knowledge::{Act, ArgumentForm, CommandLine};
use crate::syntax::shell::Word;

/// One argument that is not a flag.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument<'a> {
    Operand(&'a Word),
    Value(Act, Name<'a>),
}

/// The arguments of a command.
#[derive(Debug, Default)]
pub(super) struct Arguments<'a> {
    /// Operands and values of options, in order.
    pub list: Vec<Argument<'a>>,
    pub flags: Vec<Flag<'a>>,
}

/// The name of an option, with or without a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flag<'a> {
    /// `-o`, perhaps in a cluster.
    Short(char),
    /// `--output`.
    Long(&'a str),
}

impl Flag<'_> {
    /// Whether it is the option that is written like this.
    pub fn is(self, name: &str) -> bool {
        match self {
            Self::Long(own) => own == name,
            Self::Short(letter) => {
                name.len() == 1 + letter.len_utf8() && name.starts_with('-') && name.ends_with(letter)
            }
        }
    }

    fn is_any(self, names: &[String]) -> bool {
        names.iter().any(|name| self.is(name))
    }
}

impl<'a> Arguments<'a> {
    pub fn of(words: &'a [Word], line: &CommandLine) -> Self {
        let mut found = Self::default();
        // Options whose values are the next words.
        let mut pending = VecDeque::new();
        let mut only_operands = false;
        for (at, word) in words.iter().enumerate() {
            if let Some(act) = pending.pop_front() {
                found.list.push(Argument::Value(act, Name::Word(word)));
                continue;
            }
            let is_bundle = line.form == ArgumentForm::Tar
                && at == 0
                && word.raw.bytes().all(|byte| byte.is_ascii_alphabetic());
            let is_interpreter = line.form == ArgumentForm::Interpreter;
            match option_text(word) {
                _ if only_operands => found.list.push(Argument::Operand(word)),
                Some("--") => only_operands = true,
                Some(text) if is_interpreter && !text.starts_with("--") => {
                    found.letters(&text[1..], line, &mut pending);
                }
                None if is_interpreter && word.raw.starts_with('+') => {}
                None if is_interpreter && word.raw == "-" => only_operands = true,
                Some(text) if text.starts_with("--") => found.long(text, line, &mut pending),
                Some(text) => found.cluster(text, &text[1..], line, &mut pending),
                None if is_bundle => found.letters(&word.raw, line, &mut pending),
                // An option in quotes, with an unknown value.
                None if word.raw.starts_with("\"-") && word.literal().is_none() => {
                    found.list.push(Argument::Value(Act::Uses, Name::Unknown(word)));
                }
                None => {
                    found.list.push(Argument::Operand(word));
                    // The others are the script's own.
                    only_operands = is_interpreter;
                }
            }
        }
        found
    }

    /// Whether one of these options is among them.
    pub fn has(&self, names: &[String]) -> bool {
        !names.is_empty() && self.flags.iter().any(|flag| flag.is_any(names))
    }

    pub fn operands(&self) -> impl DoubleEndedIterator<Item = &'a Word> {
        self.list.iter().filter_map(|argument| match argument {
            Argument::Operand(word) => Some(*word),
            Argument::Value(..) => None,
        })
    }

    /// Options of one letter, whose values are the next words.
    fn letters(&mut self, letters: &str, line: &CommandLine, pending: &mut VecDeque<Act>) {
        for letter in letters.chars() {
            self.flags.push(Flag::Short(letter));
            pending.extend(act_of(line, Flag::Short(letter)));
        }
    }

    fn long(&mut self, text: &'a str, line: &CommandLine, pending: &mut VecDeque<Act>) {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let flag = Flag::Long(name);
        self.flags.push(flag);
        match (act_of(line, flag), value) {
            (Some(act), Some(value)) => self.list.push(Argument::Value(act, Name::Part(value))),
            (Some(act), None) => pending.push_back(act),
            (None, _) => self.list.extend(loose_paths(text).map(|path| Argument::Value(Act::Uses, path))),
        }
    }

    fn cluster(&mut self, text: &'a str, letters: &'a str, line: &CommandLine, pending: &mut VecDeque<Act>) {
        for (at, letter) in letters.char_indices() {
            let flag = Flag::Short(letter);
            self.flags.push(flag);
            let rest = &letters[at + letter.len_utf8()..];
            match act_of(line, flag) {
                Some(act) if rest.is_empty() => pending.push_back(act),
                Some(act) => self.list.push(Argument::Value(act, Name::Part(rest))),
                None if flag.is_any(&line.attached) => {}
                None if letter.is_ascii_alphanumeric() => continue,
                None => self.list.extend(loose_paths(text).map(|path| Argument::Value(Act::Uses, path))),
            }
            return;
        }
    }
}

/// The text of a word that is an option.
fn option_text(word: &Word) -> Option<&str> {
    let is_quoted = word.raw.starts_with(['"', '\'']);
    let text = if is_quoted { word.literal()? } else { &word.raw };
    // A quoted text is expanded no further.
    let is_plain = !is_quoted || !text.contains(['$', '`', '~', '*', '?', '[', '{', '\\']);
    (text.starts_with('-') && text.len() > 1 && is_plain).then_some(text)
}

fn act_of(line: &CommandLine, flag: Flag<'_>) -> Option<Act> {
    line.options.iter().find(|(_, names)| flag.is_any(names)).map(|(act, _)| *act)
}

/// The paths in an option of which nothing is known: `--key=/path`, `-I/path` and `-Ipath/x` name
/// one, `--key` and `-rf` do not.
pub(in crate::facts) fn loose_paths(text: &str) -> impl Iterator<Item = Name<'_>> {
    let at = text.find('/').filter(|_| !text.contains("://"));
    let start = at.map(|at| text[..at].rfind(['=', ':', ',']).map_or(at, |before| before + 1));
    // The text after the first letter, if it is the start of a relative path.
    let attached = at.filter(|&at| {
        !text.starts_with("--") && at > 2 && !text[..at].contains(['=', ':', ',']) && text.is_char_boundary(2)
    });
    start.into_iter().chain(attached.map(|_| 2)).map(|start| Name::Part(&text[start..]))
}

//! A whole file: items that tile its text, parser directives, and the effective shell of each RUN.
//!
//! `lines` contains the rules for lines, `grammar` the grammar of an instruction. Parsing never
//! fails: text that can't be parsed becomes an [`Item::Error`].

use std::collections::HashMap;

use crate::grammar::{self, Known, Shell};
use crate::heredoc;
use crate::instruction::{Body, Instruction, Run};
use crate::lines;
use crate::platform::{Arguments, Platform};
use crate::shell::Script;
use crate::span::Span;

/// A parsed Dockerfile.
#[derive(Debug, Clone)]
pub struct Dockerfile<'a> {
    /// The original text.
    pub text: &'a str,
    /// The escape character: a backslash, or a backtick with `` # escape=` ``.
    pub escape: char,
    /// Parser directives, in order.
    pub directives: Vec<Directive>,
    /// Items that tile the text: each byte is in exactly one.
    pub items: Vec<Item<'a>>,
}

/// A part of a Dockerfile: whole lines with their line breaks.
#[derive(Debug, Clone)]
pub enum Item<'a> {
    /// A blank line.
    Blank(Span),
    /// A comment line.
    Comment(Span),
    /// A parser directive.
    Directive(Span),
    /// An instruction, with its continuation lines and here-documents.
    Instruction(Box<Instruction<'a>>),
    /// Text that can't be parsed, and the reason. Adjacent text is never edited.
    Error(Span, &'static str),
}

/// `# name=value` before everything else in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// `syntax`, `escape` or `check`, in lower case.
    pub name: String,
    /// The value as written.
    pub value: String,
    /// The line.
    pub span: Span,
}

impl Item<'_> {
    /// The bytes of the item.
    pub fn span(&self) -> Span {
        match self {
            Self::Blank(span) | Self::Comment(span) | Self::Directive(span) | Self::Error(span, _) => *span,
            Self::Instruction(instruction) => instruction.full,
        }
    }
}

impl<'a> Dockerfile<'a> {
    /// Parses a Dockerfile as BuildKit does.
    pub fn parse(text: &'a str) -> Self {
        Self::read(text, Shells::current_shell, None)
    }

    /// Parses a text that has much in common with a parsed one. The result is that of
    /// [`Self::parse`]; the scripts that both have are not parsed again, which takes most of the
    /// time.
    pub fn parse_after(text: &'a str, before: &Dockerfile<'_>) -> Self {
        Self::read(text, Shells::current_shell, Some(before))
    }

    /// Parses everything except the scripts, which are treated like those of another shell.
    pub fn outline(text: &'a str) -> Self {
        Self::read(text, |_, _| Shell::Foreign, None)
    }

    fn read(text: &'a str, shell: fn(&Shells, char) -> Shell, before: Option<&Dockerfile<'_>>) -> Self {
        let mut file = Self { text, escape: '\\', directives: Vec::new(), items: Vec::new() };
        let mut at = file.read_directives();
        let mut shells = Shells::default();
        let mut earlier = Earlier::of(before.filter(|before| before.escape == file.escape));
        while at < text.len() {
            at = file.read_item(at, &mut shells, shell, &mut earlier);
        }
        file
    }

    /// The instructions with their indices in `items`.
    pub fn instructions(&self) -> impl DoubleEndedIterator<Item = (usize, &Instruction<'a>)> {
        self.items.iter().enumerate().filter_map(|(index, item)| match item {
            Item::Instruction(instruction) => Some((index, &**instruction)),
            _ => None,
        })
    }

    /// The first words of the lines that start with no keyword.
    pub fn unknown_instructions(&self) -> impl Iterator<Item = Span> {
        self.items.iter().filter_map(|item| match item {
            Item::Error(span, grammar::UNKNOWN_INSTRUCTION) => Some(first_word(self.text, *span)),
            _ => None,
        })
    }

    /// The end of the last instruction, if the file ends in a line continuation: text inserted
    /// after it would become part of the instruction.
    pub fn open_end(&self) -> Option<usize> {
        let Some(Item::Instruction(last)) = self.items.last() else { return None };
        let line = last.text.of(self.text).lines().last().unwrap_or_default();
        let is_open = last.heredocs.is_empty() && lines::without_continuation(line, self.escape).1;
        is_open.then_some(last.text.end)
    }

    /// The line break style of the file, determined by its first line.
    pub fn line_break(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// Reads the leading directives and returns the start of the rest. A line that is not a
    /// directive ends them; an unknown name does not (BuildKit's `DirectiveParser`).
    fn read_directives(&mut self) -> usize {
        let mut at = 0;
        while at < self.text.len() {
            let (end, next) = lines::line_at(self.text, at);
            let line = self.text[at..end].trim_start_matches('\u{feff}').trim();
            let Some((name, value)) = directive(line) else { break };
            let known = matches!(name.as_str(), "syntax" | "escape" | "check");
            if known && self.directives.iter().any(|seen| seen.name == name) {
                break;
            }
            let span = Span::new(at, next);
            if name == "escape" {
                match value {
                    "\\" => self.escape = '\\',
                    "`" => self.escape = '`',
                    _ => break,
                }
            }
            if known {
                let (start, end) = (end - self.text[at..end].trim_start_matches('\u{feff}').len(), end);
                let value = value.to_owned();
                self.directives.push(Directive { name, value, span: Span::new(start, end) });
                self.items.push(Item::Directive(span));
            } else {
                self.items.push(Item::Comment(span));
            }
            at = next;
        }
        at
    }

    fn read_item(
        &mut self,
        at: usize,
        shells: &mut Shells,
        shell: fn(&Shells, char) -> Shell,
        earlier: &mut Earlier<'_>,
    ) -> usize {
        let text = self.text;
        let (end, next) = lines::line_at(text, at);
        // BuildKit removes a byte-order mark from the first line only.
        let mark = if at == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let line = &text[at + mark..end];
        if line.trim().is_empty() {
            self.items.push(Item::Blank(Span::new(at, next)));
            return next;
        }
        if lines::is_comment(line) {
            self.items.push(Item::Comment(Span::new(at, next)));
            return next;
        }
        let continued = lines::read_continued(text, at + mark, self.escape);
        if continued.logical.text.trim().is_empty() {
            // An escape character with no text after it on any line.
            self.items.push(Item::Error(
                Span::new(at, continued.next),
                "a line continuation without an instruction",
            ));
            return continued.next;
        }
        let mut next = continued.next;
        let opens = grammar::opens_heredocs(&continued.logical.text);
        let openings = if opens { heredoc::openings(&continued.logical.text) } else { Vec::new() };
        let mut heredocs = Vec::new();
        if !openings.is_empty() {
            let Some((read, after)) = heredoc::read_bodies(text, openings, next) else {
                self.items.push(Item::Error(Span::new(at, text.len()), "a here-document that never ends"));
                return text.len();
            };
            (heredocs, next) = (read, after);
        }
        let full = Span::new(at, next);
        let known = earlier.script(full.of(text), at);
        match grammar::instruction(text, full, continued, heredocs, shell(shells, self.escape), known) {
            Ok(instruction) => {
                shells.note(&instruction);
                self.items.push(Item::Instruction(Box::new(instruction)));
            }
            Err(reason) => self.items.push(Item::Error(full, reason)),
        }
        next
    }
}

/// The first word of a part of the text.
fn first_word(text: &str, span: Span) -> Span {
    let line = span.of(text).trim_start_matches('\u{feff}');
    let rest = line.trim_start();
    let start = span.end - rest.len();
    Span::new(start, start + rest.find(char::is_whitespace).unwrap_or(rest.len()))
}

/// The RUNs of an earlier version of the file that have been read, in order.
#[derive(Default)]
struct Earlier<'b> {
    text: &'b str,
    runs: Vec<(Span, &'b Script)>,
    /// Those before were found, or are gone.
    next: usize,
}

/// How many RUNs a step may remove in one place, for those after them to be found.
const FURTHEST: usize = 16;

impl<'b> Earlier<'b> {
    fn of(file: Option<&'b Dockerfile<'_>>) -> Self {
        let Some(file) = file else { return Self::default() };
        let runs = file.instructions().filter_map(|(_, instruction)| match &instruction.body {
            Body::Run(Run::Shell(script) | Run::Heredoc(script)) => Some((instruction.full, script)),
            _ => None,
        });
        Self { text: file.text, runs: runs.collect(), next: 0 }
    }

    /// The script of a RUN with exactly this text, which is now at `at`.
    fn script(&mut self, full: &str, at: usize) -> Option<Known<'b>> {
        let rest = self.runs.get(self.next..)?.iter().take(FURTHEST);
        let found =
            rest.enumerate().find(|(_, (span, _))| span.len() == full.len() && span.of(self.text) == full);
        let (skipped, (span, script)) = found?;
        self.next += skipped + 1;
        Some(Known { script, by: at.cast_signed() - span.start.cast_signed() })
    }
}

/// `# name = value`, as in BuildKit's regular expression for directives.
fn directive(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    (starts_well && !value.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
        .then(|| (name.to_ascii_lowercase(), value))
}

/// Follows SHELL and the platform through the stages: both are part of an image's configuration, so
/// a stage based on another one inherits them.
#[derive(Default)]
struct Shells {
    current: StageShell,
    arguments: Arguments,
    /// The indices of the stages by their names in lower case; the later one if two have the same
    /// name.
    by_name: HashMap<String, usize>,
    of_stages: Vec<StageShell>,
}

#[derive(Debug, Clone, Default)]
struct StageShell {
    shell: Shell,
    platform: Platform,
}

impl Shells {
    fn current_shell(&self, escape: char) -> Shell {
        match &self.current {
            StageShell { platform: Platform::Windows, .. } => Shell::Foreign,
            // A file that uses the backtick as escape character is for Windows, where the default
            // shell is cmd.
            StageShell { shell: Shell::Default, .. } if escape == '`' => Shell::Foreign,
            StageShell { shell, .. } => shell.clone(),
        }
    }

    fn note(&mut self, instruction: &Instruction<'_>) {
        match &instruction.body {
            Body::Arg(all) if self.of_stages.is_empty() => self.arguments.note(all),
            Body::From(from) => {
                let image = self.arguments.fill_in(&from.image);
                let stage = self.by_name.get(&image.to_ascii_lowercase());
                self.current = stage.map(|stage| self.of_stages[*stage].clone()).unwrap_or_default();
                if self.current.platform != Platform::Windows {
                    self.current.platform = Platform::of(instruction, from, &self.arguments);
                }
                if let Some(name) = &from.name {
                    self.by_name.insert(name.to_ascii_lowercase(), self.of_stages.len());
                }
                self.of_stages.push(self.current.clone());
            }
            Body::Shell(words) => {
                self.current.shell = Shell::of(words);
                if let Some(last) = self.of_stages.last_mut() {
                    *last = self.current.clone();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        let file = Dockerfile::parse(text);
        let mut end = 0;
        for item in &file.items {
            assert_eq!(item.span().start, end, "items must tile the text");
            end = item.span().end;
        }
        assert_eq!(end, text.len());
        file.items
            .iter()
            .map(|item| match item {
                Item::Blank(_) => "blank".into(),
                Item::Comment(_) => "comment".into(),
                Item::Directive(_) => "directive".into(),
                Item::Instruction(i) => i.keyword.name().to_lowercase(),
                Item::Error(_, why) => format!("error: {why}"),
            })
            .collect()
    }

    #[test]
    fn directives_come_first_or_are_comments() {
        assert_eq!(
            kinds("# syntax=x\n# odd=1\n#escape = `\nFROM a\n"),
            ["directive", "comment", "directive", "from"]
        );
        assert_eq!(kinds("\n# escape=`\nFROM a\n"), ["blank", "comment", "from"]);
        assert_eq!(Dockerfile::parse("\u{feff}# escape=`\r\nFROM a").escape, '`');
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_keyword() {
        assert_eq!(kinds("\u{feff}FROM a\n"), ["from"]);
    }

    #[test]
    fn broken_lines_become_errors_and_the_rest_is_understood() {
        let text = "FROM a\n  RUM x\nRUN y\nCOPY a\nOOPS\n";
        assert_eq!(kinds("FROM a\nRUM x\nRUN y\n"), ["from", "error: an unknown instruction", "run"]);
        let file = Dockerfile::parse(text);
        let words: Vec<&str> = file.unknown_instructions().map(|word| word.of(text)).collect();
        assert_eq!(words, ["RUM", "OOPS"]);
        assert_eq!(kinds("FROM a\nCOPY <<E /x\nRUN y\n"), ["from", "error: a here-document that never ends"]);
    }

    #[test]
    fn an_outline_has_all_but_scripts() {
        let text = "FROM a\nRUN <<E\nls\nE\nCOPY a <<B /c/\nB\nRUN ls\nHEALTHCHECK\n";
        let (whole, outline) = (Dockerfile::parse(text), Dockerfile::outline(text));
        let spans = |file: &Dockerfile<'_>| file.items.iter().map(Item::span).collect::<Vec<_>>();
        assert_eq!(spans(&whole), spans(&outline));
        for ((_, instruction), (_, other)) in whole.instructions().zip(outline.instructions()) {
            match &instruction.body {
                Body::Run(_) => assert!(other.script().is_none(), "{:?}", other.body),
                body => assert_eq!(format!("{body:?}"), format!("{:?}", other.body)),
            }
        }
    }

    #[test]
    fn scripts_that_are_known_are_not_parsed_again() {
        let old = "FROM a\nRUN a \\\n# c\n  && b > \"$(c; d)\" | e\nRUN x\nRUN <<E\nif a; then b; fi\nE\nRUN for a in b; do c; done\nRUN y=$(z) w\n";
        for new in [
            old.to_owned(),
            old.replace("RUN x\n", ""),
            old.replace("RUN x\n", "RUN xx\nRUN x\nRUN x\n"),
            old.replace("FROM a\n", "FROM a AS bcd\nSHELL [\"/bin/sh\", \"-el\", \"-c\"]\n"),
            old.replace("FROM a\n", "FROM a\nSHELL [\"bash\", \"-c\"]\n"),
            old.replace("FROM a\n", "FROM a\nSHELL [\"pwsh\", \"-c\"]\n"),
            format!("# escape=`\n{old}"),
            old.replace("FROM a\nRUN a", "RUN a\nFROM a\nRUN b"),
        ] {
            let before = Dockerfile::parse(old);
            let (whole, after) = (Dockerfile::parse(&new), Dockerfile::parse_after(&new, &before));
            assert_eq!(format!("{after:?}"), format!("{whole:?}"));
        }
    }

    #[test]
    fn shells_are_inherited_by_stages() {
        let text = "FROM a AS b\nSHELL [\"powershell\"]\nRUN x\nFROM c\nRUN x\nFROM B\nRUN x\n";
        let file = Dockerfile::parse(text);
        let opaque: Vec<bool> = file
            .instructions()
            .filter_map(|(_, i)| match &i.body {
                Body::Run(run) => Some(matches!(run, Run::Opaque(_))),
                _ => None,
            })
            .collect();
        assert_eq!(opaque, [true, false, true]);
    }
}

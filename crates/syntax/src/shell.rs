//! The shell scripts in RUN, as a syntax tree of this crate with spans of the *file*.
//!
//! A façade: `shuck-parser` parses the script and `lower` converts its tree, so that the rest of
//! the project does not depend on it. A script that does not parse cleanly, or that bash and a
//! plain `sh` read differently while the shell is `sh`, is not converted at all: it is
//! [`Opaque`](super::opaque::Opaque) and never edited.

mod lower;
mod moved;
mod plain;
mod word;

use std::ops::Range;

use crate::lines::Logical;
use crate::opaque::Opaque;
use crate::span::Span;

pub use word::Word;

/// A longer list of commands joined by operators is not parsed. (shuck-parser 0.2.8,
/// `MAX_OPERATOR_CHAIN_LEN`.)
pub const LONGEST_CHAIN: usize = 1000;

/// A script with more here-documents is not parsed.
const MOST_HEREDOCS: usize = 200;

/// The shell that runs the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `sh`: dash, BusyBox's ash, or bash under that name.
    Sh,
    /// bash.
    Bash,
}

/// A whole script.
#[derive(Debug, Clone)]
pub struct Script {
    /// The shell that runs it.
    pub dialect: Dialect,
    /// Whether the shell was started with `-e`, so that a failing command ends the script.
    pub exits_on_error: bool,
    /// Whether the shell was started as a login or interactive shell, so that it reads files before
    /// the script.
    pub reads_startup_files: bool,
    /// Its statements.
    pub list: List,
    /// Whether it ends in a comment, which would absorb appended text.
    pub ends_in_comment: bool,
    /// From the first byte to the last, without surrounding blanks.
    pub span: Span,
}

/// Statements in sequence, with any separators.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// In order.
    pub statements: Vec<Statement>,
}

/// An and-or list and its terminator.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The first pipeline.
    pub first: Pipeline,
    /// The following ones, each with the operator before it. `&&` and `||` have equal precedence
    /// and associate to the left.
    pub rest: Vec<(Operator, Pipeline)>,
    /// Its terminator.
    pub end: End,
    /// From its first byte to the end of its last command.
    pub span: Span,
}

/// The operator between two pipelines of an and-or list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// The terminator of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A line break, or the end of the list.
    Line,
    /// `;`, with its offset.
    Semicolon(Span),
    /// `&`: it runs in the background.
    Background,
}

/// Commands joined by `|`; usually just one.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Whether `!` inverts its status.
    pub negated: bool,
    /// In order.
    pub commands: Vec<Command>,
    /// From its first byte to its last.
    pub span: Span,
}

/// One command with its redirections.
#[derive(Debug, Clone)]
pub struct Command {
    /// The command.
    pub kind: CommandKind,
    /// Its redirections, in order.
    pub redirects: Vec<Redirect>,
    /// From its first byte to its last, including redirections.
    pub span: Span,
}

/// A kind of command.
#[derive(Debug, Clone)]
pub enum CommandKind {
    /// A program, a builtin or assignments.
    Simple(Simple),
    /// `( … )`
    Subshell(List),
    /// `{ …; }`
    Group(List),
    /// `if`, `while`, `until`, `for`, `case`, `select`: their lists may run never, once or
    /// repeatedly.
    Branching(Branching),
    /// A function's definition.
    Function(String, List),
    /// `[[ … ]]`, `(( … ))`: they run no programs except in substitutions.
    Test(Vec<List>),
    /// `time …`, `coproc …`
    Prefixed(List),
}

/// A compound command whose parts may not run.
#[derive(Debug, Clone, Default)]
pub struct Branching {
    /// The part that always runs at least once: the condition of `if` and `while`.
    pub condition: List,
    /// The parts that may run.
    pub branches: Vec<List>,
    /// The words of `for` and `case`.
    pub words: Vec<Word>,
    /// The variable that `for` or `select` sets.
    pub variable: Option<String>,
    /// Whether it is bash's `for ((…))`, which can set any variables.
    pub counts: bool,
}

/// A simple command.
#[derive(Debug, Clone, Default)]
pub struct Simple {
    /// `NAME=value` before the program.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments; empty if there are only assignments.
    pub words: Vec<Word>,
}

impl Simple {
    /// The program's name without its directory, if it is a literal.
    pub fn program(&self) -> Option<&str> {
        self.words.first()?.literal().map(base_name)
    }
}

/// `NAME=value` before a command.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// The value; arrays have none.
    pub value: Option<Word>,
}

/// `> file` and similar redirections.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// Whether it writes to its target.
    pub writes: bool,
    /// The file or descriptor; here-documents have none.
    pub target: Option<Word>,
    /// Operator and target.
    pub span: Span,
}

/// The component of a path after its last slash.
pub fn base_name(path: &str) -> &str {
    // Most are short: a search for many bytes at a time takes longer to start.
    path.bytes().rposition(|byte| byte == b'/').map_or(path, |at| &path[at + 1..])
}

/// A word as it is written for a shell: in quotes if it has characters with a meaning of their own.
/// (POSIX, Shell Command Language, 2.2.2 "Single-Quotes".)
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Parses the part `range` of an instruction's joined text.
pub(super) fn parse(
    logical: &Logical<'_>,
    range: Range<usize>,
    dialect: Dialect,
    options: &[String],
) -> Result<Script, Opaque> {
    // The parser takes quadratic time in their number.
    let text = &logical.text[range.clone()];
    if text.contains("<<") && text.matches("<<").nth(MOST_HEREDOCS).is_some() {
        return Err(Opaque::Unparsed);
    }
    script(logical, range, dialect, options)
}

fn script(
    logical: &Logical<'_>,
    range: Range<usize>,
    dialect: Dialect,
    options: &[String],
) -> Result<Script, Opaque> {
    let (list, ends_in_comment) = match plain::list(logical, &range) {
        Some(list) => (list, false),
        None => lower::list(logical, &range, dialect)?,
    };
    Ok(Script {
        dialect,
        exits_on_error: exits_on_error(options),
        reads_startup_files: reads_startup_files(options),
        list,
        ends_in_comment,
        span: logical.span(range.start, range.end),
    })
}

/// Whether these options of a shell end it at the first command that fails.
fn exits_on_error(options: &[String]) -> bool {
    options.iter().zip(options.iter().skip(1).map(Some).chain([None])).any(|(option, next)| {
        let cluster = option.starts_with('-') && !option.starts_with("--");
        cluster
            && (option.contains('e') || option.ends_with('o') && next.is_some_and(|name| name == "errexit"))
    })
}

/// Whether a shell with these options reads files before the script.
fn reads_startup_files(options: &[String]) -> bool {
    options.iter().any(|option| {
        option == "--login"
            || option.starts_with('-') && !option.starts_with("--") && option.contains(['l', 'i'])
    })
}

impl Script {
    /// Parses a script that is not part of a Dockerfile; its spans refer to `text`.
    pub fn read(text: &str, dialect: Dialect) -> Result<Self, Opaque> {
        let logical = Logical::of_span(text, Span::new(0, text.len()));
        script(&logical, 0..text.len(), dialect, &[])
    }

    /// The same script at another place, for a shell with these options. `None` if that shell may
    /// read it differently.
    pub(super) fn moved(&self, by: isize, dialect: Dialect, options: &[String]) -> Option<Self> {
        if self.dialect != dialect {
            return None;
        }
        let mut script = self.clone();
        script.exits_on_error = exits_on_error(options);
        script.reads_startup_files = reads_startup_files(options);
        script.move_by(by);
        Some(script)
    }

    /// Whether a redirection starts a here-document.
    pub(super) fn has_heredoc(&self) -> bool {
        let mut found = false;
        self.list
            .walk(&mut |command| found |= command.redirects.iter().any(|redirect| redirect.target.is_none()));
        found
    }
}

impl List {
    /// Calls `visit` for every nested command, including substitutions, in the order of the text.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Command)) {
        for statement in &self.statements {
            for pipeline in statement.pipelines() {
                for command in &pipeline.commands {
                    command.walk(visit);
                }
            }
        }
    }

    /// Whether there are no statements.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

impl Statement {
    /// All pipelines in order.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, pipeline)| pipeline))
    }

    /// The pipeline with this index.
    pub fn pipeline(&self, index: usize) -> Option<&Pipeline> {
        match index.checked_sub(1) {
            None => Some(&self.first),
            Some(index) => self.rest.get(index).map(|(_, pipeline)| pipeline),
        }
    }

    /// Whether it is `a && b && c`, without any `||`.
    pub fn is_and_chain(&self) -> bool {
        self.rest.iter().all(|(operator, _)| *operator == Operator::And)
    }
}

impl Pipeline {
    /// The only command, if there is no pipe and no `!`.
    pub fn single(&self) -> Option<&Command> {
        match &self.commands[..] {
            [only] if !self.negated => Some(only),
            _ => None,
        }
    }
}

impl Command {
    /// The simple command, if it is one.
    pub fn simple(&self) -> Option<&Simple> {
        match &self.kind {
            CommandKind::Simple(simple) => Some(simple),
            _ => None,
        }
    }

    /// The words of the command itself: program and arguments, assigned values, redirection
    /// targets, loop words.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        let own: (&[Word], &[Assignment]) = match &self.kind {
            CommandKind::Simple(simple) => (&simple.words, &simple.assignments),
            CommandKind::Branching(branching) => (&branching.words, &[]),
            _ => (&[], &[]),
        };
        let assigned = own.1.iter().filter_map(|assignment| assignment.value.as_ref());
        let redirected = self.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
        assigned.chain(own.0).chain(redirected)
    }

    /// The nested lists: bodies, conditions, branches. Substitutions belong to the words.
    pub fn lists(&self) -> impl Iterator<Item = &List> {
        let (body, many, condition): (Option<&List>, &[List], Option<&List>) = match &self.kind {
            CommandKind::Simple(_) => (None, &[], None),
            CommandKind::Subshell(list)
            | CommandKind::Group(list)
            | CommandKind::Function(_, list)
            | CommandKind::Prefixed(list) => (Some(list), &[], None),
            CommandKind::Branching(branching) => (None, &branching.branches, Some(&branching.condition)),
            CommandKind::Test(lists) => (None, lists, None),
        };
        body.into_iter().chain(condition).chain(many)
    }

    fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Command)) {
        visit(self);
        for word in self.words() {
            for list in &word.substitutions {
                list.walk(visit);
            }
        }
        for list in self.lists() {
            list.walk(visit);
        }
    }
}

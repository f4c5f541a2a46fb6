//! The typed instructions of a Dockerfile. Types only; `grammar` fills them.

use crate::heredoc::Heredoc;
use crate::lines::Logical;
use crate::opaque::Opaque;
use crate::shell::Script;
use crate::span::Span;

/// One instruction with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct Instruction<'a> {
    /// Whole lines, the last line break and the here-documents' bodies included.
    pub full: Span,
    /// From the keyword to the end of the last continued line, line break and here-documents excluded.
    pub text: Span,
    /// Which instruction it is.
    pub keyword: Keyword,
    /// Where its keyword stands.
    pub keyword_span: Span,
    /// `--name=value` between the keyword and the arguments.
    pub flags: Vec<Flag>,
    /// The joined text, keyword and flags included.
    pub logical: Logical<'a>,
    /// Where the arguments start and end in the joined text, blanks around them excluded.
    pub arguments: std::ops::Range<usize>,
    /// What the arguments say.
    pub body: Body,
    /// The here-documents it opens, in order.
    pub heredocs: Vec<Heredoc>,
    /// Comment lines within the continuation, without their line breaks.
    pub comments: Vec<Span>,
}

impl Instruction<'_> {
    /// The arguments as the builder sees them: continuation lines joined.
    pub fn arguments(&self) -> &str {
        &self.logical.text[self.arguments.clone()]
    }

    /// The arguments' span in the file; line breaks and comments in between are part of it.
    pub fn arguments_span(&self) -> Span {
        self.logical.span(self.arguments.start, self.arguments.end)
    }

    /// Whether this is a RUN whose script is understood, here-documents included.
    pub fn script_is_read(&self) -> bool {
        matches!(&self.body, Body::Run(Run::Shell(_) | Run::Heredoc(_)))
    }

    /// The shell script of a RUN in shell form.
    pub fn script(&self) -> Option<&Script> {
        match &self.body {
            Body::Run(Run::Shell(script)) => Some(script),
            _ => None,
        }
    }
}

/// Docker's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

impl Keyword {
    const ALL: [(Keyword, &'static str); 18] = [
        (Keyword::Add, "ADD"),
        (Keyword::Arg, "ARG"),
        (Keyword::Cmd, "CMD"),
        (Keyword::Copy, "COPY"),
        (Keyword::Entrypoint, "ENTRYPOINT"),
        (Keyword::Env, "ENV"),
        (Keyword::Expose, "EXPOSE"),
        (Keyword::From, "FROM"),
        (Keyword::Healthcheck, "HEALTHCHECK"),
        (Keyword::Label, "LABEL"),
        (Keyword::Maintainer, "MAINTAINER"),
        (Keyword::Onbuild, "ONBUILD"),
        (Keyword::Run, "RUN"),
        (Keyword::Shell, "SHELL"),
        (Keyword::Stopsignal, "STOPSIGNAL"),
        (Keyword::User, "USER"),
        (Keyword::Volume, "VOLUME"),
        (Keyword::Workdir, "WORKDIR"),
    ];

    /// Reads a keyword in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(word)).map(|&(keyword, _)| keyword)
    }

    /// The keyword in the usual capitals.
    ///
    /// # Panics
    /// Never: every keyword is in the list.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|&&(keyword, _)| keyword == self).expect("every keyword is in ALL").1
    }
}

/// A flag of an instruction: `--mount=type=cache,target=/x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Where it stands.
    pub span: Span,
    /// The name without dashes.
    pub name: String,
    /// What stands behind the `=`, quotes taken off.
    pub value: Option<String>,
}

/// The arguments of an instruction.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Body {
    Add(Transfer),
    Arg(Vec<Assignment>),
    Cmd(Form),
    Copy(Transfer),
    Entrypoint(Form),
    Env(Vec<Assignment>),
    Expose(Vec<String>),
    From(From),
    /// `HEALTHCHECK NONE` has no command.
    Healthcheck(Option<Form>),
    Label(Vec<Assignment>),
    Maintainer,
    /// The trigger's keyword and arguments.
    Onbuild(Keyword, String),
    Run(Run),
    Shell(Vec<String>),
    Stopsignal,
    User(String),
    Volume(Vec<String>),
    Workdir(String),
}

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A JSON array: no shell is involved.
    Exec(Vec<String>),
    /// A string for the shell.
    Shell(String),
}

/// `FROM image AS name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// The image as written, variables and all.
    pub image: String,
    /// Where it stands.
    pub image_span: Span,
    /// The stage's name as written.
    pub name: Option<String>,
}

/// One `KEY=value` of ENV, LABEL or ARG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The key as written.
    pub key: String,
    /// The value as written, quotes and variables included; an ARG may have none.
    pub value: Option<String>,
}

/// The arguments of COPY and ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// What is copied, as written; here-documents included as `<<NAME`.
    pub sources: Vec<String>,
    /// Where to.
    pub destination: String,
}

/// What a RUN runs.
#[derive(Debug, Clone)]
pub enum Run {
    /// A JSON array.
    Exec(Vec<String>),
    /// A shell script that is understood to the last word: the only kind that is ever edited.
    Shell(Script),
    /// A script that comes in a here-document or reads one; understood, but not edited.
    Heredoc(Script),
    /// A script that is not understood, and why.
    Opaque(Opaque),
}

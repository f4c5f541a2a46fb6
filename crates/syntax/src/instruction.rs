//! The typed instructions of a Dockerfile. Only types; `grammar` creates them.

use crate::heredoc::Heredoc;
use crate::lines::Logical;
use crate::opaque::Opaque;
use crate::shell::Script;
use crate::span::Span;

/// One instruction with its whole text.
#[derive(Debug, Clone)]
pub struct Instruction<'a> {
    /// Whole lines, including the last line break and the bodies of here-documents.
    pub full: Span,
    /// From the keyword to the end of the last continued line, without the line break and
    /// here-documents.
    pub text: Span,
    /// The keyword.
    pub keyword: Keyword,
    /// The span of the keyword.
    pub keyword_span: Span,
    /// `--name=value` between the keyword and the arguments.
    pub flags: Vec<Flag>,
    /// The joined text, including the keyword and the flags.
    pub logical: Logical<'a>,
    /// The range of the arguments in the joined text, without surrounding blanks.
    pub arguments: std::ops::Range<usize>,
    /// The parsed arguments.
    pub body: Body,
    /// Its here-documents, in order.
    pub heredocs: Vec<Heredoc>,
    /// Comment lines within the continuation, without their line breaks.
    pub comments: Vec<Span>,
}

impl Instruction<'_> {
    /// The arguments as the builder sees them: continuation lines joined.
    pub fn arguments(&self) -> &str {
        &self.logical.text[self.arguments.clone()]
    }

    /// The first flag of this name, as `from` in `COPY --from=build`.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The ranges of the words of the arguments in the joined text. Quotes and backslashes protect
    /// blanks.
    pub fn words(&self) -> Vec<std::ops::Range<usize>> {
        let start = self.arguments.start;
        let range = |offset: usize, word: &str| (start + offset)..(start + offset + word.len());
        let mut at = 0;
        let place = |word: &str| {
            let found = self.arguments()[at..].find(word).unwrap_or_default() + at;
            at = found + word.len();
            range(found, word)
        };
        crate::grammar::words(self.arguments()).map(place).collect()
    }

    /// The span of the arguments in the file, including line breaks and comments in between.
    pub fn arguments_span(&self) -> Span {
        self.logical.span(self.arguments.start, self.arguments.end)
    }

    /// Whether this is a RUN with a parsed script, including scripts in here-documents.
    pub fn script_is_read(&self) -> bool {
        matches!(&self.body, Body::Run(Run::Shell(_) | Run::Heredoc(_)))
    }

    /// The here-document that is the whole script of a RUN, without here-documents of its own.
    pub fn document(&self) -> Option<&Heredoc> {
        match (&self.body, &self.heredocs[..]) {
            (Body::Run(Run::Heredoc(script)), [only]) => {
                let is_whole = self.arguments().starts_with("<<") && !self.arguments().contains([' ', '\t']);
                (is_whole && !script.has_heredoc()).then_some(only)
            }
            _ => None,
        }
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

    /// The names of all keywords, in upper case.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|&(_, name)| name)
    }

    /// Parses a keyword in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(word)).map(|&(keyword, _)| keyword)
    }

    /// The keyword in upper case.
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
    /// The span of the flag.
    pub span: Span,
    /// The name without dashes.
    pub name: String,
    /// The value after the `=`, without quotes.
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
    /// A JSON array, run without a shell.
    Exec(Vec<String>),
    /// A string for the shell.
    Shell(String),
}

/// `FROM image AS name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// The image as written, including variables.
    pub image: String,
    /// The span of the image.
    pub image_span: Span,
    /// The stage's name as written.
    pub name: Option<String>,
}

/// One `KEY=value` of ENV, LABEL or ARG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The key as written.
    pub key: String,
    /// The value as written, including quotes and variables; an ARG may have none.
    pub value: Option<String>,
}

/// The arguments of COPY and ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The sources as written; here-documents as `<<NAME`.
    pub sources: Vec<String>,
    /// The destination.
    pub destination: String,
}

/// The command of a RUN.
#[derive(Debug, Clone)]
pub enum Run {
    /// A JSON array.
    Exec(Vec<String>),
    /// A shell script that is completely parsed.
    Shell(Script),
    /// A script that is in a here-document or reads one; parsed completely.
    Heredoc(Script),
    /// A script that is not parsed, and the reason.
    Opaque(Opaque),
}

//! What a language's recipe says of a stage, and the plan of the two stages that is made of it.

use crate::context::RequiredPackage;
use crate::runtime::outputs::{Refused, StageOutputs};
use crate::span::Span;
use crate::transforms::support::new_instruction::NewInstruction;

/// One stage, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What is built and what runs it, for a person: "Go", "debian:bookworm-slim".
    pub language: &'static str,
    /// The name of the stage that builds.
    pub build: String,
    /// The name that the stage had, which is the final stage's now.
    pub name: Option<String>,
    /// The image that runs, as it is written behind FROM.
    pub base: String,
    /// Lines for the build stage right behind its FROM.
    pub at_start: Vec<NewInstruction>,
    /// Lines for the build stage behind all others.
    pub at_end: Vec<NewInstruction>,
    /// The last instruction of the build stage; what follows belongs to the stage that runs as it stands.
    pub last: usize,
    /// What the runtime stage starts with.
    pub lines: Vec<RuntimeLine>,
    /// The system packages that it installs.
    pub needs: Vec<RequiredPackage>,
    /// The instruction that it is about.
    pub anchor: Span,
}

/// One instruction of the runtime stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeLine {
    /// The same as in the build stage.
    Copied(usize),
    /// Taken out of the build stage, with the comments above it.
    Moved(usize),
    /// New.
    New(NewInstruction),
}

/// What a recipe says of a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recipe {
    /// The language, for a person.
    pub language: &'static str,
    /// The image that runs.
    pub base: String,
    /// Whether that image has a shell and a package manager like the one that builds.
    pub has_shell: bool,
    /// System packages that run, beyond those of the file.
    pub packages: Vec<RequiredPackage>,
    /// Whether what fetches files and what people look with is installed again.
    pub keeps_fetching: bool,
    /// What is copied from the build, by one comment.
    pub copies: Vec<Copy>,
    /// The files of shared libraries that are copied from where Debian puts them, by name.
    pub libraries: Vec<String>,
    /// Lines for the build stage right behind its FROM.
    pub at_start: Vec<NewInstruction>,
    /// Lines for the runtime stage right behind its FROM.
    pub runtime: Vec<NewInstruction>,
    /// Lines for the build stage behind all others.
    pub at_end: Vec<NewInstruction>,
    /// Lines for the runtime stage behind the copies.
    pub after: Vec<String>,
    /// What the commands leave.
    pub work: StageOutputs,
}

/// Files that go from the build to the image that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Absolute paths, the same in both.
    pub paths: Vec<String>,
    /// Where the only path goes, if not to the same place.
    pub to: Option<String>,
    /// Why, for a person.
    pub reason: String,
}

impl Copy {
    pub fn of(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { paths: vec![path.into()], to: None, reason: reason.into() }
    }
}

/// What a recipe answers: none where it is not about this stage.
pub type Answer = Option<Result<Recipe, Refused>>;

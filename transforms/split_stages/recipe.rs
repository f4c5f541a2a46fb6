//! A language's recipe for a stage, and the plan of the two stages that it leads to.

use crate::context::RequiredPackage;
use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::reasons::Reason;
use crate::runtime::outputs::{Output, StageOutputs, Step};
use crate::runtime::view::StageView;
use crate::span::Span;
use crate::transforms::support::new_instruction::NewInstruction;

/// A stage, split into two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The language and the final image, to display: "Go", "debian:bookworm-slim".
    pub language: &'static str,
    /// The name of the build stage.
    pub build: String,
    /// The original name of the stage, now the final stage's.
    pub name: Option<String>,
    /// The final image, as it is written after FROM.
    pub base: String,
    /// Lines for the build stage directly after its FROM.
    pub at_start: Vec<NewInstruction>,
    /// Lines for the end of the build stage.
    pub at_end: Vec<NewInstruction>,
    /// The last instruction of the build stage; the later instructions belong to the runtime stage
    /// unchanged.
    pub last: usize,
    /// The first lines of the runtime stage.
    pub lines: Vec<RuntimeLine>,
    /// The system packages that it installs.
    pub needs: Vec<RequiredPackage>,
    /// Why dev dependencies stay.
    pub kept: Option<Reason>,
    /// The instruction to report.
    pub anchor: Span,
}

/// One instruction of the runtime stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeLine {
    /// The same as in the build stage.
    Copied(usize),
    /// Moved from the build stage, with the comments above it.
    Moved(usize),
    /// New.
    New(NewInstruction),
    /// New, below the comments that are above an instruction of the build stage.
    Explained(usize, NewInstruction),
}

/// A recipe's result for a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recipe {
    /// The language, to display.
    pub language: &'static str,
    /// The final image.
    pub base: String,
    /// Whether that image has a shell and the same package manager as the build image.
    pub has_shell: bool,
    /// System packages needed at run time, in addition to those of the file.
    pub packages: Vec<RequiredPackage>,
    /// Whether download and inspection tools are installed again.
    pub keeps_fetching: bool,
    /// The copies from the build, each group with one comment.
    pub copies: Vec<Copy>,
    /// The names of shared library files that are copied from Debian's library directory.
    pub libraries: Vec<String>,
    /// Lines for the build stage directly after its FROM.
    pub at_start: Vec<NewInstruction>,
    /// Lines for the runtime stage directly after its FROM.
    pub runtime: Vec<NewInstruction>,
    /// Lines for the end of the build stage.
    pub at_end: Vec<NewInstruction>,
    /// Why dev dependencies stay.
    pub kept: Option<Reason>,
    /// Lines for the runtime stage after the copies.
    pub after: Vec<String>,
    /// The outputs of the commands.
    pub work: StageOutputs,
}

/// Files that are copied from the build to the final image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Absolute paths, the same in both.
    pub paths: Vec<String>,
    /// The destination of the only path, if it differs.
    pub to: Option<String>,
    /// The comment.
    pub reason: String,
}

impl Copy {
    pub fn of(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { paths: vec![path.into()], to: None, reason: reason.into() }
    }
}

/// Whether a copy contains a path.
pub(crate) fn is_copied(path: &str, copies: &[Copy]) -> bool {
    copies.iter().flat_map(|copy| &copy.paths).any(|copied| paths::within(path, copied))
}

/// A language: the stages that build it, and how they are split.
pub(crate) struct Language {
    /// Whether a stage on an image builds programs of the language.
    pub detects: fn(&Facts<'_>, &Stage, &ImageName) -> bool,
    /// How such a stage is split.
    pub recipe: fn(&StageView<'_, '_>) -> Result<Recipe, Reason>,
}

/// The recipe of a language. `output_of` handles the commands of its tools and collects what
/// `finish` needs.
pub(crate) fn from_steps<T: Default>(
    view: &StageView<'_, '_>,
    output_of: impl Fn(&mut T, &StageView<'_, '_>, &Step<'_, '_>) -> Option<Result<Output, Reason>>,
    finish: impl FnOnce(&StageView<'_, '_>, &T, StageOutputs) -> Result<Recipe, Reason>,
) -> Result<Recipe, Reason> {
    let mut found = T::default();
    let work = StageOutputs::of(view.facts, view.stage, &mut |step| output_of(&mut found, view, step))?;
    finish(view, &found, work).map_err(|reason| reason.at(view.facts.start_of(view.stage)))
}

/// The path of the program that the image starts. One without a `/` is in the first of these
/// directories in which there is such a file.
pub(crate) fn program_path(
    view: &StageView<'_, '_>,
    program: &str,
    directories: &[&str],
    is_file: impl Fn(&str) -> bool,
) -> Option<String> {
    if program.contains('/') {
        return Some(in_folder(view, program));
    }
    directories.iter().map(|directory| format!("{directory}/{program}")).find(|path| is_file(path))
}

/// The absolute path of a file that may be named relative to the application's folder.
pub(crate) fn in_folder(view: &StageView<'_, '_>, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    format!("{}/{}", view.folder.trim_end_matches('/'), path.trim_start_matches("./"))
}

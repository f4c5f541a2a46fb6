//! Which files of the build context an install of a project reads, what it makes, and what stands against taking it apart
//! from the rest of the project.

use crate::context::BuildContext;
use crate::facts::Call;
use crate::knowledge::Confidence;

/// What an install of a project reads and makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Context paths of the files that it reads, sorted; each is a file that is sent, or a directory that goes whole.
    pub reads: Vec<String>,
    /// What it makes or writes, as context paths: a later copy of the same directory must not bring any of it.
    pub makes: Vec<String>,
    /// Safe where it provably reads nothing else.
    pub confidence: Confidence,
}

/// What a call that runs in a folder of the context reads. None where it is no install of a project.
pub fn project(call: &Call<'_>, folder: &str, context: &BuildContext) -> Option<Result<Project, String>> {
    let _ = (call, folder, context);
    None
}

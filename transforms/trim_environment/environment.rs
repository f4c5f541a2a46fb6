//! The virtual environment that the final image copies from a build stage.

use crate::facts::{Base, Facts, Invocation};
use crate::reasons::{self, Reason};
use crate::syntax::Body;
use crate::syntax::shell::{Word, base_name};

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The stage that creates it.
    pub stage: usize,
    /// Its absolute path.
    pub path: String,
    /// The end of the last instruction of the stage.
    pub end: usize,
}

/// The environment of the last stage. `None` if it has none, or one without pip.
pub fn of(facts: &Facts<'_>) -> Option<Environment> {
    let last = facts.stages.last()?;
    facts.copies.iter().filter(|copied| copied.user == last.index).find_map(|copied| {
        let path = copied.path.as_deref()?.trim_end_matches('/');
        let Body::Copy(transfer) = &facts.instruction_at(copied.item)?.body else { return None };
        let is_same = transfer.destination.trim_end_matches('/') == path;
        let stage = &facts.stages[copied.source];
        let invocations = || facts.runs_of(stage.index).iter().flat_map(|run| &run.invocations);
        let creates = is_same && invocations().any(|invocation| creates(invocation, path));
        if !creates || stage.ships || invocations().any(removes_pip) {
            return None;
        }
        let item = stage.items.clone().rev().find(|&item| facts.instruction_at(item).is_some())?;
        let end = facts.instruction_at(item)?.full.end;
        Some(Environment { stage: stage.index, path: path.to_owned(), end })
    })
}

/// Whether a command creates an environment with pip at a path. (Python's documentation, `venv`.)
fn creates(invocation: &Invocation<'_>, path: &str) -> bool {
    let mut words = invocation.arguments().iter();
    let is_python = invocation.program.is_some_and(|name| base_name(name).starts_with("python"));
    let is_venv = is_python
        && words.next().is_some_and(|word| word.raw == "-m")
        && words.next().is_some_and(|word| word.raw == "venv");
    let is_path = |word: &Word| word.literal().is_some_and(|text| text.trim_end_matches('/') == path);
    is_venv
        && path.starts_with('/')
        && invocation.place.is_certain()
        && words.clone().all(|word| word.raw != "--without-pip")
        && words.any(is_path)
}

fn removes_pip(invocation: &Invocation<'_>) -> bool {
    let has = |text: &str| invocation.words.iter().any(|word| base_name(word.text()) == text);
    has("pip") && has("uninstall") || has("find") && has("tests")
}

/// Whether a step at the end of the stage changes only what the final image copies.
pub fn may_end_with_a_step(facts: &Facts<'_>, found: &Environment) -> Result<(), Reason> {
    let last = facts.stages.len() - 1;
    let is_used = facts.copies.iter().any(|copied| copied.source == found.stage && copied.user != last);
    if is_used || facts.stages.iter().any(|stage| stage.base == Base::Stage(found.stage)) {
        return Err(reasons::stage_used_elsewhere());
    }
    let stage = &facts.stages[found.stage];
    let mut instructions = stage.items.clone().filter_map(|item| facts.instruction_at(item));
    match instructions.find(|instruction| matches!(instruction.body, Body::Shell(_))) {
        Some(shell) => Err(reasons::stage_has_shell().at(shell.text)),
        None => Ok(()),
    }
}

//! Whether a later command may ask git for the history of a clone.

use crate::facts::execution::{Root, Tail, Target};
use crate::facts::{FURTHEST, Facts, RunFacts, paths};
use crate::knowledge::Kind;
use crate::knowledge::lists::version_control::VERBS_WITHOUT_HISTORY;
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

use super::clone::Clone;

/// Why the history may be needed after a clone; `None` if it is not.
pub(super) fn use_of(facts: &Facts<'_>, clone: &Clone<'_, '_>) -> Option<Reason> {
    let own = clone.run;
    for index in clone.index + 1..own.invocations.len() {
        if removes_history(own, index) {
            return None;
        }
        if let Some(reason) = use_by(facts, own, index, clone) {
            return Some(reason);
        }
    }
    let all_later = facts.runs_after(own.item);
    if all_later.len() > FURTHEST {
        return Some(reasons::too_many_runs(FURTHEST));
    }
    let mut later = all_later.iter().filter(|run| facts.follows(own.stage, run.item));
    later.find_map(|run| {
        let in_run = (0..run.invocations.len()).find_map(|index| use_by(facts, run, index, clone));
        let reason = match run.script() {
            None => Some(reasons::unread_run_may_ask_git()),
            Some(_) => in_run,
        };
        reason.map(|reason| reason.seen_at(run.instruction.text))
    })
}

/// Whether the same script removes the history, or the whole repository.
pub(super) fn is_removed(clone: &Clone<'_, '_>) -> bool {
    let is_repository = |word: &Word| word.text().trim_end_matches('/').ends_with(clone.name.as_str());
    let mut later = clone.index + 1..clone.run.invocations.len();
    later.any(|index| removes_history(clone.run, index) || removes(clone.run, index, is_repository))
}

/// Whether a command certainly removes a `.git` directory.
fn removes_history(run: &RunFacts<'_>, index: usize) -> bool {
    removes(run, index, |word| word.raw == ".git" || word.raw.ends_with("/.git"))
}

/// Whether a command certainly removes a file or directory with a name.
fn removes(run: &RunFacts<'_>, index: usize, has_name: impl Fn(&Word) -> bool) -> bool {
    let invocation = &run.invocations[index];
    invocation.is_forced_removal()
        && invocation.place.is_certain()
        && invocation.arguments().iter().any(has_name)
}

/// Why a command may need the history.
fn use_by(facts: &Facts<'_>, run: &RunFacts<'_>, index: usize, clone: &Clone<'_, '_>) -> Option<Reason> {
    let invocation = &run.invocations[index];
    let program = invocation.program.unwrap_or("a program");
    let call = run.call_of(index);
    let builds = facts.may_build(run, index) || call.is_some_and(|call| call.manager.kind != Kind::System);
    if program == "git" {
        let verb = invocation.words.get(1).map_or("", |word| word.raw.as_str());
        let needs = !VERBS_WITHOUT_HISTORY.contains(&verb) && concerns(run, index, clone);
        return needs.then(|| reasons::git_may_need_history(verb));
    }
    (builds && !clone.has_tag && concerns(run, index, clone)).then(|| reasons::build_may_ask_git(program))
}

/// Whether a command may run in the repository, or on it.
fn concerns(run: &RunFacts<'_>, index: usize, clone: &Clone<'_, '_>) -> bool {
    let directory = Target::of_directory(run.states.directory(index));
    let target = &clone.target;
    // Relative to the start of a RUN, names mean the same only within that RUN.
    let is_own = run.item == clone.run.item;
    let are_comparable =
        target.root == directory.root && (target.root == Root::Top || is_own && target.root == Root::Start);
    // A build in a directory around the repository may build what is in it.
    let is_around =
        !matches!(directory.text.as_str(), "" | "/") && paths::within(&target.text, &directory.text);
    let is_elsewhere = are_comparable
        && target.tail == Tail::None
        && directory.tail == Tail::None
        && !paths::within(&directory.text, &target.text)
        && !is_around;
    let invocation = &run.invocations[index];
    let names = |word: &Word| {
        word.raw.contains(&clone.name)
            || word.raw.contains("..")
            || word.raw.contains('$')
            || matches!(word.raw.as_str(), "." | "-C")
            || word.raw.starts_with("--git-dir")
    };
    !is_elsewhere || invocation.words.iter().any(names)
}

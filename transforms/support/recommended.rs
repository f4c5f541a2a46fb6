//! Installs without recommended packages: the common part of the transforms for apt, dnf and
//! zypper.

use crate::edit::Edits;
use crate::transform::{Applicability, Context, Fixes};

/// Proposes the option that leaves out recommended packages, for the calls of the package managers
/// that name this transform in `knowledge/managers/`.
pub(crate) fn lean_installs(ctx: &Context<'_>, fixes: &mut Fixes, transform: &str) {
    for run in ctx.facts.shipped_and_editable() {
        for call in &run.calls {
            let lean = call.manager.lean.as_ref().filter(|lean| lean.transform == transform);
            let Some(lean) = lean else { continue };
            let is_set = || {
                lean.unless_setting
                    .as_ref()
                    .is_some_and(|setting| ctx.facts.may_be_set(setting, run, ctx.around))
            };
            if lean.verbs.contains(&call.verb)
                && !call.has_option(&lean.unless_option)
                && call.verb_word.literal().is_some()
                && !run.invocations[call.invocation].place.in_word
                && !is_set()
            {
                let mut edits = Edits::new();
                edits.insert(call.verb_word.span.end, format!(" {}", lean.option));
                let title = format!("install {} packages without recommended packages", call.manager.name);
                fixes.propose(Applicability::Unsafe, run.instruction.text, title, edits);
            }
        }
    }
}

//! Add the option that answers a package manager's question, such as `-y`.
//!
//! # Why
//! A build has no terminal. `apt-get install` stops and fails if it would install more than the
//! packages that it names, and so do others; `npm cache clean` fails since npm 5. hadolint warns
//! about it (DL3014, DL3030, DL3034, DL3038).
//!
//! # Safety
//! The option changes only a build that would fail. It is added where a failure of the command
//! fails the build, so no build that succeeds does anything else.
//!
//! # When it does nothing
//! An option already answers, or one only shows what would happen; the failure of the command may
//! be ignored; the command reads its answer from somewhere; or the script can't be read.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update && apt-get install curl
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl
//! ```

use crate::edit::Edits;
use crate::facts::append::is_proven;
use crate::facts::{Call, RunFacts};
use crate::knowledge::Unattended;
use crate::reasons;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "answer-prompts",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("answer_prompts.rs"),
    hadolint: &["DL3014", "DL3030", "DL3034", "DL3038"],
    contract: Contract::ADDS_QUIET_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.extensible_runs() {
        for call in &run.calls {
            let Some(unattended) = &call.manager.unattended else { continue };
            let is_meant = unattended.verbs.contains(&call.verb) && !is_answered(call, unattended);
            if !is_meant || call.verb_word.literal().is_none() {
                continue;
            }
            let place = run.invocations[call.invocation].place;
            if place.in_word {
                continue;
            }
            let command = format!("{} {}", call.manager.name, call.verb);
            if !is_proven(run, call.invocation) || !place.alone || reads_answer(run, call) {
                fixes.refuse(run.instruction.text, reasons::failure_may_be_ignored(&command));
                continue;
            }
            let mut edits = Edits::new();
            edits.insert(call.verb_word.span.end, format!(" {}", unattended.option));
            let title = format!("add {} to {command}", unattended.option);
            fixes.propose(Applicability::Safe, run.instruction.text, title, edits);
            fixes.restrict_codes(unattended.hadolint.iter().cloned());
        }
    }
}

/// Whether an option answers the question, or prevents it.
fn is_answered(call: &Call<'_>, unattended: &Unattended) -> bool {
    let own = unattended.option.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
    let mut letters = own.into_iter().chain(unattended.unless_letters.iter().map(String::as_str));
    call.has_option(&unattended.unless_option)
        || call.options.iter().any(|word| word.literal().is_none())
        || letters.any(|letters| call.has_letters(letters))
}

/// Whether the command has an input of its own.
fn reads_answer(run: &RunFacts<'_>, call: &Call<'_>) -> bool {
    run.invocations[call.invocation].command.redirects.iter().any(|redirect| !redirect.writes)
}

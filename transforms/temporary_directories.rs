//! Delete the directory that `mktemp -d` created at the end of the RUN.
//!
//! # Why
//! The directory has a random name, so nothing finds it later, and its files stay in the layer.
//!
//! # Safety
//! Only commands of the same RUN know the name. They must be known to leave nothing that refers to
//! it: downloads, archives, copies.
//!
//! # When it does nothing
//! The variable is exported or set again; another program gets the name, a command changes to the
//! directory, or `rm` mentions it; the end of the script can't be extended; or the stage is not
//! part of an image.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN dir="$(mktemp -d)" && \
//!     curl -fsSL https://example.org/x -o "$dir/x" && \
//!     install "$dir/x" /usr/local/bin/x
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN dir="$(mktemp -d)" && \
//!     curl -fsSL https://example.org/x -o "$dir/x" && \
//!     install "$dir/x" /usr/local/bin/x && \
//!     rm -rf "$dir"
//! ```

use crate::edit::Edits;
use crate::facts::variables::Variable;
use crate::facts::{Invocation, RunFacts};
use crate::knowledge::lists::programs::LEAVING_NO_REFERENCE;
use crate::knowledge::lists::variables::OF_OTHER_PROGRAMS;
use crate::reasons;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::support::append::append_to;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "temporary-directories",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("temporary_directories.rs"),
    hadolint: &[],
    contract: Contract::ADDS_CLEANUP,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.shipped_and_extensible() {
        let anchor = run.instruction.text;
        let mut names = Vec::new();
        for (index, invocation) in run.invocations.iter().enumerate() {
            let Some(name) = created(invocation).filter(|name| !is_removed(run, index, name)) else {
                continue;
            };
            let is_set = ctx.facts.variable(run.item, name) != Variable::NotInFile;
            if is_set || OF_OTHER_PROGRAMS.contains(&name) || !is_private(run, index, name) {
                fixes.refuse(anchor, reasons::directory_may_be_used(name));
            } else {
                names.push(format!("\"${name}\""));
            }
        }
        if names.is_empty() {
            continue;
        }
        let mut edits = Edits::new();
        let command = format!("rm -rf {}", names.join(" "));
        match append_to(ctx, run, &[command], &mut edits) {
            Err(reason) => fixes.refuse(anchor, reason),
            Ok(()) => {
                let title = "delete the temporary directories of the RUN";
                fixes.propose(Applicability::Safe, anchor, title, edits);
            }
        }
    }
}

/// The variable that a command sets to a new directory, and nothing else.
fn created<'a>(invocation: &Invocation<'a>) -> Option<&'a str> {
    let [only] = &invocation.simple.assignments[..] else { return None };
    let value = only.value.as_ref()?.raw.as_str();
    let is_new = matches!(value, "$(mktemp -d)" | "\"$(mktemp -d)\"" | "`mktemp -d`" | "\"`mktemp -d`\"");
    let place = invocation.place;
    let is_plain = invocation.simple.words.is_empty() && place.alone && place.own_shell && place.is_certain();
    (is_new && is_plain).then_some(only.name.as_str())
}

fn mentions(invocation: &Invocation<'_>, name: &str) -> bool {
    let uses = [format!("${name}"), format!("${{{name}")];
    let words = invocation.simple.words.iter().chain(invocation.targets());
    let values = invocation.simple.assignments.iter().filter_map(|assignment| assignment.value.as_ref());
    words.chain(values).any(|word| uses.iter().any(|use_| word.raw.contains(use_.as_str())))
}

fn is_removed(run: &RunFacts<'_>, index: usize, name: &str) -> bool {
    run.invocations[index..].iter().any(|later| later.is("rm") && mentions(later, name))
}

/// Whether only commands that leave no reference to the directory get its name.
fn is_private(run: &RunFacts<'_>, index: usize, name: &str) -> bool {
    let text = &run.instruction.logical.text;
    let is_set_once = text.matches(&format!("{name}=")).count() == 1;
    let is_exported =
        run.invocations.iter().any(|other| other.is("export") || other.is("eval") || other.is("trap"));
    let is_harmless = |other: &Invocation<'_>| {
        !mentions(other, name)
            || !other.place.in_word
                && !other.repeated
                && other.simple.assignments.is_empty()
                && other.program.is_some_and(|program| LEAVING_NO_REFERENCE.contains(&program))
    };
    let others = run.invocations.iter().enumerate().filter(|(at, _)| *at != index);
    is_set_once && !is_exported && others.map(|(_, other)| other).all(is_harmless)
}

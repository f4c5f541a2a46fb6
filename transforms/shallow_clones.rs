//! Clone Git repositories without their history.
//!
//! # Why
//! `git clone` downloads every version of every file. The history is often larger than the files
//! themselves, and it stays in the image. With `--depth=1`, git downloads one version.
//!
//! # Safety
//! The files are the same. Unsafe, since a program that Jettison can't see may ask git for earlier
//! versions or for the last tag.
//!
//! # When it does nothing
//! - A later command of git may need the history: `git checkout`, `git describe`.
//! - A build that may ask git runs in the repository. A clone of a tag (`-b v1.2.3`) is possible,
//!   since git then finds this tag.
//! - Git has an option that limits what it downloads, or one that Jettison does not know.
//! - The server is not known to offer single versions.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN git clone https://github.com/example/themes.git /opt/themes
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN git clone --depth=1 https://github.com/example/themes.git /opt/themes
//! ```

mod clone;
mod history;

use crate::edit::Edits;
use crate::transform::{Applicability, Context, Contract, Effect, Fixes, Group, Transform};

use clone::Clone;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "shallow-clones",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("shallow_clones.rs"),
    hadolint: &[],
    contract: Contract::ADDS_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let facts = ctx.facts;
    for run in facts.extensible_runs() {
        let anchor = run.instruction.text;
        let (mut edits, mut stays) = (Edits::new(), false);
        for clone in (0..run.invocations.len()).filter_map(|index| Clone::at(facts, run, index)) {
            match history::use_of(facts, &clone) {
                Some(reason) => fixes.refuse(anchor, reason.after("cloned with its history:")),
                None => {
                    edits.insert(clone.verb.span.end, " --depth=1");
                    stays |= !history::is_removed(&clone);
                }
            }
        }
        fixes.propose(Applicability::Unsafe, anchor, "clone without the history", edits);
        if !stays || !facts.stage_of(run).ships {
            fixes.set_effect(Effect::FasterBuild);
        }
    }
}

//! Run `apt-get update` only once in each RUN.
//!
//! # Why
//! A second `apt-get update` downloads the same package lists again. Often, the lists were deleted
//! only to be downloaded again by the next command of the same RUN, for instance after two RUNs
//! were merged.
//!
//! # Safety
//! Unsafe: a command is removed that may fail, for instance if a server is down, and that may
//! download newer lists than the first one. Nothing else changes: the lists of the first one are
//! still there, and nothing between the two changes what the second one downloads: the configuration
//! and keys of apt, certificates, or the architectures. Commands between them that only delete the
//! lists are removed, too. At the end of the RUN, the lists are as they were.
//!
//! # When it does nothing
//! A command between the two changes the package sources, or may do so: it installs a package from
//! a file, a package that adds keys, or one without which apt may skip a source (`ca-certificates`,
//! `gnupg`). A command needs the lists after they were deleted, or the two are not in one plain
//! `&&` list. It refuses if a program between them can't be read.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl && \
//!     rm -rf /var/lib/apt/lists/* && \
//!     apt-get update && apt-get install -y git && \
//!     rm -rf /var/lib/apt/lists/*
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl && \
//!     apt-get install -y git && \
//!     rm -rf /var/lib/apt/lists/*
//! ```

mod plan;

use crate::edit::Edits;
use crate::facts::excise;
use crate::transform::{Applicability, Context, Contract, Effect, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "update-index-once",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("update_index_once.rs"),
    hadolint: &[],
    contract: Contract::UPDATES_INDEX_ONCE,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.shipped_and_editable() {
        if ctx.is_over() {
            return;
        }
        let (unneeded, refusals) = plan::unneeded(ctx.facts, run);
        for reason in refusals {
            fixes.refuse(run.instruction.text, reason);
        }
        let groups = unneeded.groups().into_iter();
        let spans: Option<Vec<_>> =
            groups.map(|(statement, range)| excise::pipelines(run, statement, range)).collect();
        let mut edits = Edits::new();
        for span in spans.unwrap_or_default().into_iter().flatten().chain(unneeded.words) {
            edits.delete(span);
        }
        let title = "run `apt-get update` once: the package lists are already there";
        fixes.propose(Applicability::Unsafe, run.instruction.text, title, edits);
        fixes.set_effect(Effect::FasterBuild);
    }
}

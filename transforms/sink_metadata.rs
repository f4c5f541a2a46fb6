//! Move build metadata (ARG, ENV, LABEL) below the steps that don't use it.
//!
//! # Why
//! The value of a build argument is part of every RUN below it: with another commit or date, all of
//! them run again, although none of them uses it.
//!
//! # Safety
//! Only instructions that identify the build move: `ARG GIT_COMMIT`, `ENV VERSION=$VERSION`, `LABEL
//! …revision=$VCS_REF`. The image's configuration is the same. They move past a RUN only if all its
//! commands are known and none mentions the variable; a variable that tools read implicitly
//! (`PIP_…`, `NODE_…`, `SOURCE_DATE_EPOCH` …) does not move. A RUN that an ARG or ENV moves past no
//! longer has the variable in its environment, so the fix is *unsafe*.
//!
//! # When it does nothing
//! No slow step would be saved, or the first one needs the variable. A LABEL alone never moves,
//! because no RUN depends on it.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! ARG GIT_COMMIT
//! LABEL org.opencontainers.image.revision=$GIT_COMMIT
//! RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
//! CMD ["curl", "--version"]
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
//! ARG GIT_COMMIT
//! LABEL org.opencontainers.image.revision=$GIT_COMMIT
//! CMD ["curl", "--version"]
//! ```

use crate::syntax::{Item, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::ordering;
use crate::transforms::support::moves::move_all;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "sink-metadata",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("sink_metadata.rs"),
    hadolint: &[],
    contract: Contract::METADATA_ORDER,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let names = TRANSFORM.names();
    for stage in &ctx.facts.stages {
        if ctx.is_over() {
            return;
        }
        let moves = ordering::sinking_metadata(ctx.facts, stage.index, &|instruction| {
            ctx.pragmas.silence(&names, instruction.text)
        });
        let Some(first) = moves.iter().map(|moving| moving.item).min() else { continue };
        let keyword = |item: usize| match &ctx.file.items[item] {
            Item::Instruction(instruction) => Some(instruction.keyword),
            _ => None,
        };
        // Labels alone do not affect the cache of a RUN.
        if moves.iter().all(|moving| keyword(moving.item) == Some(Keyword::Label)) {
            continue;
        }
        let Item::Instruction(anchor) = &ctx.file.items[first] else { continue };
        let title = "move build metadata below the steps that don't use it, so they stay cached";
        fixes.propose(Applicability::Unsafe, anchor.text, title, move_all(ctx, &moves));
    }
}

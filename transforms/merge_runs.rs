//! Merge consecutive RUN instructions when that makes the image smaller.
//!
//! # Why
//! Each RUN creates a layer. A file that one RUN writes and the next one deletes, or gives to
//! another owner, is still stored in the image. An `apt-get update` in a layer of its own goes
//! stale in the build cache, and the index stays in the image.
//!
//! # Safety
//! The same commands run in the same order: the second script is appended with `&&`, and grouped if
//! it is more than one `&&` list. Two RUNs are not merged if the first one can change what the
//! second one sees: `cd` and variables (unless a subshell contains them and the saving justifies
//! it), `set`, `trap`, background jobs, daemons, scripts that can't be read, a different shell at
//! `/bin/sh`, a working directory that is or may be removed, files that the builder mounts into
//! each RUN, different flags, or a writable mount.
//!
//! # When it does nothing
//! Merging saves no bytes. Steps that change independently should not share a layer, and a layer of
//! a few bytes costs nothing. `merge-runs: all` in the configuration merges wherever it is safe.
//!
//! # Examples
//! The index is fetched in the RUN that uses it:
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update
//! RUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update \
//!     && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
//! ```
//! Comments stay, and the removed file is no longer part of the image:
//! ```dockerfile before
//! FROM debian:12
//! RUN cd /tmp && curl -fsSLO https://example.com/tool.tar.gz && tar -xzf tool.tar.gz -C /opt
//!
//! # not needed any more
//! RUN rm /tmp/tool.tar.gz
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN (cd /tmp && curl -fsSLO https://example.com/tool.tar.gz && tar -xzf tool.tar.gz -C /opt) \
//!     # not needed any more
//!     && rm /tmp/tool.tar.gz
//! ```

use crate::config::MergeRuns;
use crate::transform::{Applicability, Context, Contract, Effect, Fixes, Transform};
use crate::transforms::support::join::judge::{self, GainKind};
use crate::transforms::support::join::{are_neighbours, join};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "merge-runs",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("merge_runs.rs"),
    hadolint: &["DL3059"],
    contract: Contract::LAYERS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    // A RUN takes part in one merge per round; a longer series is merged round by round.
    let mut taken = None;
    for pair in ctx.facts.runs.windows(2) {
        let [first, second] = pair else { continue };
        if ctx.is_over() {
            return;
        }
        if taken == Some(first.item)
            || first.stage != second.stage
            || !ctx.facts.stage_of(first).ships
            || !are_neighbours(ctx, first, second)
        {
            continue;
        }
        match judge::merge(ctx.facts, first, second, ctx.settings.config.merge_runs == MergeRuns::All) {
            Ok(None) => {}
            Err(reason) => {
                let reason = reason.undone("not merged with the previous RUN");
                fixes.refuse(second.instruction.text, reason.seen_at(first.instruction.text));
            }
            Ok(Some(merge)) => {
                let edits = join(ctx, first, second, &merge);
                fixes.propose(Applicability::Safe, second.instruction.text, merge.gain, edits);
                fixes.set_effect(match merge.kind {
                    GainKind::Freshness => Effect::ReliableBuild,
                    GainKind::Bytes => Effect::SmallerImage,
                    GainKind::Layer => Effect::FewerLayers,
                });
                // If a comment prevents this merge, the second RUN may still be merged with the
                // next one.
                let names = TRANSFORM.names();
                let is_silenced =
                    [first, second].iter().any(|run| ctx.pragmas.silence(&names, run.instruction.text));
                taken = Some(second.item).filter(|_| !is_silenced);
            }
        }
    }
}

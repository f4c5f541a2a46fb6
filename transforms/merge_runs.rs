//! Merge neighbouring RUN instructions where that saves bytes or costs no cache hit worth having.
//!
//! # Why
//! Each RUN is a layer. What one writes and the next removes or gives to another owner is stored all the same, some of it
//! twice; an `apt-get update` in a layer of its own goes stale in the build cache; and a row of `mkdir` and `chmod` makes
//! layers for nothing.
//!
//! # Safety
//! The same commands run in the same order: the second script is joined with `&&`, grouped where it is more than one
//! `&&` list. It refuses where anything could reach from one script into the other: `cd` and variables (unless a subshell
//! keeps them and the saving is worth it), `set`, `trap`, background jobs, daemons, scripts that can't be read, another
//! shell under `/bin/sh`, files that the builder mounts for each RUN, different flags or a writable mount.
//!
//! # Silent when
//! The two are merely neighbours. A cheap step glued to an expensive one saves a few bytes and costs the cache, and two
//! expensive steps that change independently must not share a layer. `merge-runs: all` in the configuration asks for it
//! anyway.
//!
//! # Examples
//! The index is fetched where it is used:
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
//! Comments stay, and what is removed no longer ships:
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
//! # not needed any more
//!     && rm /tmp/tool.tar.gz
//! ```

use crate::config::MergeRuns;
use crate::rewrite::{are_neighbours, join};
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "merge-runs",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("merge_runs.rs"),
    answers: &["DL3059"],
    changes: Changes::Layers,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    // A RUN takes part in one merge a round; a longer row grows round by round.
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
        match ctx.facts.merge(first, second, ctx.settings.config.merge_runs == MergeRuns::All) {
            Ok(None) => {}
            Err(reason) => fixes.refuse(
                second.instruction.text,
                format!("kept apart from the RUN before it, because {reason}"),
            ),
            Ok(Some(merge)) => {
                fixes.propose(
                    Applicability::Safe,
                    second.instruction.text,
                    merge.gain,
                    join(ctx, first, second, merge),
                );
                taken = Some(second.item);
            }
        }
    }
}

//! Merge consecutive RUN instructions when that makes the image smaller.
//!
//! # Why
//! Each RUN creates a layer. A file that one RUN writes and the next one deletes, or gives to
//! another owner, is still stored in the image. An `apt-get update` in a layer of its own goes
//! stale in the build cache, and the index stays in the image. An index can't be deleted in the RUN
//! that downloads it if the next RUN installs from it.
//!
//! RUNs that need not be neighbours are merged with all RUNs between them, up to eight: one
//! downloads an archive, the next one unpacks it, the last one removes it.
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
//! Merging saves no bytes, or about a megabyte, as with installs of apt-get or apk that each download
//! their own index (each layer has another copy of the database of installed packages). Steps that
//! change independently should not share a layer, and a layer of a few bytes costs nothing.
//! `merge-runs: all` in the configuration merges wherever it is safe. Between two installs from the
//! same index, only small steps are merged with them. In a stage that is not part of the final
//! image, only the download of an index and the installs from it are merged, and only if sources are
//! copied above them: such a copy can't move below a download on which a later RUN depends. Of
//! several RUNs that save something only together, none is merged if one of them can't be.
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
//! The archive is not stored in a layer of its own:
//! ```dockerfile before
//! FROM debian:12
//! RUN wget https://example.com/tool.tgz
//! RUN tar -xzf tool.tgz -C /opt
//! RUN rm tool.tgz
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN wget https://example.com/tool.tgz \
//!     && tar -xzf tool.tgz -C /opt \
//!     && rm tool.tgz
//! ```

use std::ops::Range;

use crate::config::MergeRuns;

use crate::facts::RunFacts;
use crate::facts::change_rate::Rate;
use crate::syntax::Body;
use crate::transform::{Applicability, Context, Contract, Effect, Fixes, Group, Transform};
use crate::transforms::support::join::gain::{Gain, GainKind, Gains};
use crate::transforms::support::join::{are_neighbours, join, judge};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "merge-runs",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("merge_runs.rs"),
    hadolint: &["DL3059"],
    contract: Contract::LAYERS,
    run,
};

/// The largest number of RUNs that are merged for what the first and the last of them do.
const LONGEST: usize = 8;

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let runs = &ctx.facts.runs;
    let gains = Gains::of(ctx.facts);
    for series in series(ctx) {
        let ships = ctx.facts.stage_of(&runs[series.start]).ships;
        let mut distant = if ships { distant(ctx, &gains, &series) } else { vec![None; series.len()] };
        // A RUN takes part in one merge per step; a longer series needs several steps.
        let mut taken = None;
        for at in series.start + 1..series.end {
            if ctx.is_over() {
                return;
            }
            if taken == Some(at - 1) {
                continue;
            }
            let wants_all = || (ctx.settings.config.merge_runs == MergeRuns::All).then(Gain::layer);
            let gain = if ships {
                let gain = gains.of_neighbours(at - 1, at).or_else(|| distant[at - series.start].take());
                gain.or_else(wants_all)
            } else {
                gains.of_fresh_index(at - 1, at)
            };
            let Some(gain) = gain else { continue };
            let (first, second) = (&runs[at - 1], &runs[at]);
            match judge::merge(ctx.facts, first, second, gain) {
                Ok(None) => {}
                Err(reason) => {
                    let reason = reason.undone("not merged with the previous RUN");
                    fixes.refuse(second.instruction.text, reason.seen_at(first.instruction.text));
                }
                Ok(Some(merge)) => {
                    let edits = join(ctx, first, second, &merge);
                    fixes.propose(Applicability::Safe, second.instruction.text, merge.gain.title, edits);
                    fixes.set_effect(match merge.gain.kind {
                        GainKind::Freshness => Effect::ReliableBuild,
                        GainKind::Bytes => Effect::SmallerImage,
                        GainKind::Layer => Effect::FewerLayers,
                    });
                    // If a comment prevents this merge, the second RUN may still be merged with the
                    // next one.
                    taken = Some(at).filter(|_| !is_silenced(ctx, first, second));
                }
            }
        }
    }
}

/// The RUNs between which there are only comments, in stages that ship or copy sources above them:
/// ranges of indexes.
fn series<'c>(ctx: &'c Context<'_>) -> impl Iterator<Item = Range<usize>> + 'c {
    let runs = &ctx.facts.runs;
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = (start + 1..runs.len()).find(|&at| {
            let (first, second) = (&runs[at - 1], &runs[at]);
            first.stage != second.stage || !are_neighbours(ctx, first, second)
        });
        let end = end.unwrap_or(runs.len());
        let found = start..end;
        start = end;
        (!found.is_empty()).then_some(found)
    })
    .filter(|series| {
        let first = &runs[series.start];
        ctx.facts.stage_of(first).ships || has_sources_above(ctx, first)
    })
}

/// Whether its stage copies sources above a RUN.
fn has_sources_above(ctx: &Context<'_>, run: &RunFacts<'_>) -> bool {
    let start = ctx.facts.stage_of(run).items.start;
    let is_copy = |item: usize| {
        let instruction = ctx.facts.instruction_at(item);
        instruction.is_some_and(|instruction| matches!(instruction.body, Body::Copy(_) | Body::Add(_)))
    };
    (start..run.item).any(|item| is_copy(item) && ctx.facts.rate(item) == Rate::Often)
}

/// For each RUN of a series, the gain of merging it with the previous one as part of a group whose
/// first and last RUN belong together. Nothing is gained before the whole group is merged, so one
/// that can't be is left alone: only its first obstacle gets the gain, and is refused.
fn distant(ctx: &Context<'_>, gains: &Gains<'_, '_>, series: &Range<usize>) -> Vec<Option<Gain>> {
    let runs = &ctx.facts.runs;
    let mut distant = vec![None; series.len()];
    for last in series.start + 2..series.end {
        if ctx.is_over() {
            break;
        }
        let furthest = (last + 1).saturating_sub(LONGEST).max(series.start);
        let found = (furthest..last - 1).find_map(|first| Some((first, gains.of_ends(first, last)?)));
        let Some((first, gain)) = found else { continue };
        let obstacle = (first + 1..=last).find_map(|at| {
            let pair = (&runs[at - 1], &runs[at]);
            let is_refused = match judge::merge(ctx.facts, pair.0, pair.1, gain.clone()) {
                Ok(Some(_)) if !is_silenced(ctx, pair.0, pair.1) => return None,
                result => result.is_err(),
            };
            Some((at, is_refused))
        });
        let group = first + 1 - series.start..=last - series.start;
        match obstacle {
            Some((at, true)) => distant[at - series.start] = Some(gain),
            Some((_, false)) => {}
            None => distant[group].fill(Some(gain)),
        }
    }
    distant
}

/// Whether a comment prevents the merge of two RUNs.
fn is_silenced(ctx: &Context<'_>, first: &RunFacts<'_>, second: &RunFacts<'_>) -> bool {
    let names = TRANSFORM.names();
    [first, second].iter().any(|run| ctx.pragmas.silence(&names, run.instruction.text))
}

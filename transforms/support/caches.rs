//! Whether a mount or a cleanup keeps a cache out of the image.

use std::ops::RangeInclusive;

use crate::config::Caches;
use crate::facts::RunFacts;
use crate::facts::base_image::Release;
use crate::facts::kept::Ends;
use crate::knowledge::{Cache, Manager};
use crate::transform::Context;
use crate::transforms::cache_mounts::plan;

/// Whether cache mounts contain the caches of a package manager, so that this RUN needs no cleanup
/// of them.
pub(crate) fn is_for_a_mount(ctx: &Context<'_>, run: &RunFacts<'_>, manager: &str) -> bool {
    let config = &ctx.settings.config;
    config.caches == Caches::Mount && plan::can_be_mounted(ctx.facts, run, manager, &config.keep)
}

/// How many bytes of a cache a RUN leaves, if that is known. A cache that counts once per stage
/// counts for the last RUN that leaves it.
pub(crate) fn usual_bytes(
    ctx: &Context<'_>,
    run: &RunFacts<'_>,
    manager: &Manager,
    cache: &Cache,
) -> Option<RangeInclusive<u64>> {
    let size = cache.size.as_ref()?;
    let family = || {
        let image = ctx.facts.root_name(run.stage)?;
        Some(Release::of(image, ctx.known)?.family)
    };
    if !size.distributions.is_empty() && !family().is_some_and(|family| size.distributions.contains(&family))
    {
        return None;
    }
    let leaves = |other: &&RunFacts<'_>| {
        let last = ctx.facts.last_fill(other, manager, cache);
        last.is_some_and(|last| !ctx.facts.is_emptied(other, manager, cache, last))
    };
    if !size.once {
        return Some(size.bytes());
    }
    let mut kept = ctx.facts.kept.ends_leaving.borrow_mut();
    let ends = *kept.entry((cache.name.clone(), run.stage)).or_insert_with(|| {
        let mut items = ctx.facts.runs_of(run.stage).iter().filter(leaves).map(|other| other.item);
        let first = items.next()?;
        Some(Ends { first, last: items.last().unwrap_or(first) })
    });
    let is_first = ends.is_some_and(|ends| ends.first == run.item);
    let is_last = ends.is_none_or(|ends| ends.last <= run.item);
    // If an earlier RUN keeps it, this one only hides it.
    is_last.then(|| if is_first { size.bytes() } else { 0..=*size.bytes().end() })
}

/// The sum of two estimates, of which one may be unknown.
pub(crate) fn sum(
    sum: Option<RangeInclusive<u64>>,
    more: Option<RangeInclusive<u64>>,
) -> Option<RangeInclusive<u64>> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.start() + more.start()..=sum.end() + more.end()),
        (sum, more) => sum.or(more),
    }
}

//! Whether a mount or a cleanup keeps a cache out of the image.

use crate::config::Caches;
use crate::facts::RunFacts;
use crate::transform::Context;
use crate::transforms::cache_mounts::plan;

/// Whether cache mounts contain the caches of a package manager, so that this RUN needs no cleanup
/// of them.
pub(crate) fn is_for_a_mount(ctx: &Context<'_>, run: &RunFacts<'_>, manager: &str) -> bool {
    let config = &ctx.settings.config;
    config.caches == Caches::Mount && plan::can_be_mounted(ctx.facts, run, manager, &config.keep)
}

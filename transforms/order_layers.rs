//! Copy files after the steps that do not need them.
//!
//! # Why
//! A build step is done again when anything above it changed. Where the application's files are copied before the system's
//! packages are installed, every edit of a source file installs them anew: minutes instead of seconds, in every build.
//!
//! # Safety
//! Only COPY and ADD move, and only downwards; the RUN instructions keep their order, directory, user, shell and variables, so the
//! same programs do the same. A copy passes an instruction only where the two commute: neither writes what the other reads or
//! writes. What a command touches is known for package managers and ordinary programs; any other command is a barrier, and so
//! is a path that can't be told (a variable that only a build argument fills, a directory that only the base image knows). System packages are
//! taken to touch all of the distribution's directories (`/usr`, `/etc`, `/var`, `/opt` …) and nothing else. The image's files are the same.
//!
//! A copy never passes a RUN that fetches a package index from which a later RUN installs: the index would stay in the cache for weeks, and the
//! install would ask for versions that the mirrors no longer have.
//!
//! # Silent when
//! Nothing that takes time would be spared: the steps below are cheap, or need the files, or only fetch a package index. The same where the step
//! below is done again as often as before, because files that change as often are copied above it by another instruction. A comment right above
//! the instruction goes with it.
//! `copy-manifests-first` is for installs that need a few of the files.
//!
//! # Examples
//! ```dockerfile before
//! FROM python:3.12
//! WORKDIR /app
//!
//! # our code
//! COPY . .
//!
//! RUN apt-get update && apt-get install -y curl
//! RUN python setup.py install
//! ```
//! ```dockerfile after
//! FROM python:3.12
//! WORKDIR /app
//!
//! RUN apt-get update && apt-get install -y curl
//!
//! # our code
//! COPY . .
//! RUN python setup.py install
//! ```

use crate::rewrite::move_all;
use crate::syntax::Item;
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "order-layers",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("order_layers.rs"),
    answers: &[],
    changes: Changes::CopyOrder,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let names = TRANSFORM.names();
    for stage in &ctx.facts.stages {
        if ctx.is_over() {
            return;
        }
        let moves = ctx.facts.sinking_copies(stage.index, &|one| ctx.pragmas.silence(&names, one.text));
        let Some(first) = moves.iter().map(|one| one.item).min() else { continue };
        let Item::Instruction(anchor) = &ctx.file.items[first] else { continue };
        let spared = ctx.file.items[moves[0].spares].span().of(ctx.file.text);
        let spared = spared.lines().next().unwrap_or_default().trim_end_matches(['\\', '`', ' ']);
        let title = format!(
            "copy files after the steps that do not need them, so that `{spared}` stays cached when they change"
        );
        fixes.propose(Applicability::Safe, anchor.text, title, move_all(ctx, &moves));
    }
}

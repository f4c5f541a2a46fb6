//! Move COPY and ADD below the steps that do not need the copied files.
//!
//! # Why
//! Docker runs a build step again when anything above it changes. If the application's files are
//! copied before the system packages are installed, every source change installs those packages
//! again: minutes instead of seconds, in every build.
//!
//! # Safety
//! Only COPY and ADD move, and only down. RUN instructions keep their order, directory, user, shell
//! and variables, so the same programs do the same. A copy moves past an instruction only if the
//! two commute: neither writes what the other one reads or writes. Jettison knows which files
//! package managers and ordinary programs use. Any other command is a barrier, and so is an unknown
//! path (a variable that only a build argument sets, a directory that only the base image defines).
//! System packages are assumed to use all directories of the distribution (`/usr`, `/etc`, `/var`,
//! `/opt` …) and no others. The files of the image are the same.
//!
//! A copy never moves past a RUN that fetches a package index from which a later RUN installs: the
//! index would stay in the build cache for weeks, and the install would request versions that the
//! mirrors no longer have.
//!
//! # When it does nothing
//! No slow step would be saved: the steps below are fast, need the files, or only fetch a package
//! index. The same applies if the step below would still run as often, because another instruction
//! above it copies files that change as often. A comment right above the instruction moves with it.
//! `copy-manifests-first` handles installs that need only a few of the files.
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

use crate::syntax::{Instruction, Item};
use crate::transform::{Applicability, Context, Contract, Estimate, Fixes, Group, Transform};
use crate::transforms::ordering;
use crate::transforms::support::first_line::first_line;
use crate::transforms::support::moves::move_all;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "order-layers",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("order_layers.rs"),
    hadolint: &[],
    contract: Contract::COPY_ORDER,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let names = TRANSFORM.names();
    for stage in &ctx.facts.stages {
        if ctx.is_over() {
            return;
        }
        let is_fixed = |instruction: &Instruction<'_>| ctx.pragmas.silence(&names, instruction.text);
        let moves = ordering::sinking_copies(ctx.facts, stage.index, &is_fixed, &|_, _| false);
        let Some(first) = moves.iter().map(|moving| moving.item).min() else { continue };
        let Item::Instruction(anchor) = &ctx.file.items[first] else { continue };
        let spared = first_line(ctx.file.items[moves[0].spares].span().of(ctx.file.text));
        let title = format!(
            "move the copy below `{spared}`, which doesn't need the files, so it stays cached when they change"
        );
        fixes.propose(Applicability::Safe, anchor.text, title, move_all(ctx, &moves));
        let spared = ordering::spared_installs(ctx.facts, &moves);
        fixes.estimate(Estimate { spared, ..Estimate::default() });
    }
}

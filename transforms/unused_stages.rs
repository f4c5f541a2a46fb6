//! Remove stages that nothing builds.
//!
//! # Why
//! The builder skips a stage that the last one does not need, unless a build names it with
//! `--target`. A stage that no build names is dead: when it breaks, no build fails.
//!
//! # Safety
//! The image is the same. A build may name a stage anywhere in the repository: in a workflow, a
//! script, a Compose or Bake file, a README. So Jettison reads all tracked files that mention a
//! target. The legacy builder (`DOCKER_BUILDKIT=0`) also builds unused stages.
//!
//! # When it does nothing
//! A file of the repository mentions a target and the name of the stage; a target is a variable; not
//! all files can be read; the Dockerfile refers to a stage by its number or by a variable; the stage
//! has no name; or comments above the first stage may be about the file.
//!
//! # Examples
//! ```context
//! main.go 100
//! ```
//! ```dockerfile before
//! FROM golang:1.22 AS tools
//! RUN go install example.org/tool@v1
//!
//! FROM debian:12
//! CMD ["bash"]
//! ```
//! ```dockerfile after
//! FROM debian:12
//! CMD ["bash"]
//! ```

mod builds;
mod extent;

use crate::edit::Edits;
use crate::facts::{Stage, near_error};
use crate::reasons::{self, Reason};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "unused-stages",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("unused_stages.rs"),
    hadolint: &[],
    contract: Contract::UNUSED_STAGES,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let is_unused = |stage: &&Stage| ctx.facts.is_unused(stage.index);
    let unused: Vec<&Stage> = ctx.facts.stages.iter().filter(is_unused).collect();
    let is_unclear = !unused.is_empty() && builds::refers_by_number_or_variable(ctx.file);
    for stage in unused {
        let from = ctx.facts.start_of(stage);
        let name = if is_unclear { Err(reasons::stage_by_number()) } else { removable(ctx, stage) };
        match name {
            Err(reason) => fixes.refuse(from, reason),
            Ok(name) => {
                let mut edits = Edits::new();
                edits.delete(extent::of(ctx.file, stage));
                fixes.propose(Applicability::Safe, from, format!("remove the unused stage {name}"), edits);
            }
        }
    }
}

/// The name of a stage that nothing builds, or why something may.
fn removable<'s>(ctx: &Context<'_>, stage: &'s Stage) -> Result<&'s str, Reason> {
    let name = stage.name.as_deref().ok_or_else(reasons::stage_without_name)?;
    if stage.items.clone().any(|item| near_error(ctx.file, item)) {
        return Err(reasons::stage_near_error());
    }
    if extent::is_below_comments_of_the_file(ctx.file, stage) {
        return Err(reasons::comment_about_it("first stage"));
    }
    let texts = ctx.context_source.texts_about_targets().map_err(reasons::unread_repository)?;
    match texts.iter().find(|(path, text)| builds::may_name(path, text, name)) {
        Some((path, _)) => Err(reasons::may_build_stage(path, name)),
        None => Ok(name),
    }
}

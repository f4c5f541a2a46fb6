//! Let a RUN fail if any part of a pipeline fails.
//!
//! # Why
//! A shell ignores the failure of `wget` in `wget -O - … | tar -xz`: an incomplete file ends up in
//! the image, and the build succeeds. hadolint warns about it (DL4006).
//!
//! # Safety
//! Unsafe: a SHELL instruction starts the later scripts of the stage with `-o pipefail`.
//!
//! - A build fails where the first part of a pipeline fails, which it survived before.
//! - Debian's `sh` lacks the option, so bash runs the scripts, also those of CMD, ENTRYPOINT and
//!   HEALTHCHECK without brackets, and those of images that are built on this one.
//!
//! # When it does nothing
//! The base image is not an official one that is known to have bash, or ash with this option; a
//! SHELL instruction is there; a later script can't be read, or uses `echo` with escapes, which
//! bash prints as they are; or a part of a pipeline may end before it has read everything (`head`,
//! `grep -q`), which fails the part before it.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN wget -O - https://example.org/x.tar.gz | tar -xz
//! ```
//! ```dockerfile after
//! FROM debian:12
//! SHELL ["/bin/bash", "-o", "pipefail", "-c"]
//! RUN wget -O - https://example.org/x.tar.gz | tar -xz
//! ```

mod scripts;

use crate::edit::Edits;
use crate::facts::{Base, Stage};
use crate::knowledge::languages::PLAIN_IMAGES;
use crate::knowledge::lists::images::FAMILIES_WITH_BASH;
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::{Item, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "pipefail",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("pipefail.rs"),
    hadolint: &["DL4006"],
    contract: Contract::ADDS_PIPEFAIL,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let has_shell = ctx.file.instructions().any(|(_, instruction)| instruction.keyword == Keyword::Shell);
    for stage in &ctx.facts.stages {
        let runs = ctx.facts.runs_of(stage.index);
        let decides = has_shell || !ctx.facts.lineage.derived(stage.index).is_empty();
        let is_set = |item| ctx.facts.instruction_at(item).is_some_and(scripts::sets_pipefail);
        let Some(first) = runs.iter().position(scripts::has_pipeline) else { continue };
        if has_shell && stage.items.clone().take_while(|item| *item < runs[first].item).any(is_set) {
            continue;
        }
        // hadolint reports each RUN with a pipeline.
        let last = runs.iter().rposition(scripts::has_pipeline).unwrap_or(first);
        let anchor = Span::new(runs[first].instruction.text.start, runs[last].instruction.text.end);
        let objection = || runs[first..].iter().find_map(|run| scripts::objection(ctx, run));
        let shell = match shell_of(stage, decides).and_then(|shell| objection().map_or(Ok(shell), Err)) {
            Ok(shell) => shell,
            Err(reason) => {
                fixes.refuse(anchor, reason);
                continue;
            }
        };
        // A comment stays with its instruction.
        let mut item = runs[first].item;
        while matches!(ctx.file.items[item - 1], Item::Comment(_)) {
            item -= 1;
        }
        let mut edits = Edits::new();
        let line = format!("SHELL [\"{shell}\", \"-o\", \"pipefail\", \"-c\"]{}", ctx.file.line_break());
        edits.insert(ctx.file.items[item].span().start, line);
        let title = "fail if any part of a pipeline fails";
        fixes.propose(Applicability::Unsafe, anchor, title, edits);
    }
}

/// The shell of the base image that has the option. Other images than the official ones may set
/// another shell.
fn shell_of(stage: &Stage, something_else_decides: bool) -> Result<&'static str, Reason> {
    let image = match &stage.base {
        _ if something_else_decides => return Err(reasons::shell_of_several_stages()),
        Base::Stage(_) => return Err(reasons::shell_of_several_stages()),
        Base::Image(image) => image.repository.as_str(),
        Base::Scratch | Base::Unknown => return Err(reasons::shell_without_pipefail()),
    };
    let family = stage.release.as_ref().map(|release| release.family.as_str());
    match family.filter(|_| PLAIN_IMAGES.contains(&image)) {
        Some("alpine") => Ok("/bin/ash"),
        Some(family) if FAMILIES_WITH_BASH.contains(&family) => Ok("/bin/bash"),
        _ => Err(reasons::shell_without_pipefail()),
    }
}

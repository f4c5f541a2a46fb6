//! Leave out `docker.io/library/` in the names of official images.
//!
//! # Why
//! `debian:12` is short for `docker.io/library/debian:12`, and is how Docker's documentation and
//! most tools name it.
//!
//! # Safety
//! The builder completes the name. Podman and Buildah have a table of short names, and a fix is
//! safe if it has the image with this meaning. For other images they ask, or try several
//! registries: so the fix is unsafe.
//!
//! # When it does nothing
//! A stage has the short name, so that FROM would mean the stage.
//!
//! # Examples
//! ```dockerfile before
//! FROM docker.io/library/debian:12
//! ```
//! ```dockerfile after
//! FROM debian:12
//! ```

use std::collections::HashSet;

use crate::edit::Edits;
use crate::facts::near_error;
use crate::knowledge::lists::images::{PREFIXES_OF_OFFICIAL_IMAGES, SHORT_NAMES_OF_PODMAN};
use crate::reasons;
use crate::span::Span;
use crate::syntax::Body;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "short-image-names",
    applicability: Applicability::Safe,
    lowest: Applicability::Unsafe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("short_image_names.rs"),
    hadolint: &[],
    contract: Contract::IMAGE_NAMES,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let stages: HashSet<&str> = ctx.facts.stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
    for (item, instruction) in ctx.file.instructions() {
        let Body::From(from) = &instruction.body else { continue };
        let short = PREFIXES_OF_OFFICIAL_IMAGES.iter().find_map(|prefix| from.image.strip_prefix(prefix));
        let Some(short) = short.filter(|_| !near_error(ctx.file, item)) else { continue };
        let repository = short.split([':', '@']).next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if repository.is_empty() || !repository.chars().all(is_plain) {
            continue;
        }
        if repository == "scratch" || stages.contains(short) {
            fixes.refuse(instruction.text, reasons::name_of_stage(short));
            continue;
        }
        let is_known = SHORT_NAMES_OF_PODMAN.contains(&repository);
        let applicability = if is_known { Applicability::Safe } else { Applicability::Unsafe };
        let start = from.image_span.start;
        let mut edits = Edits::new();
        edits.delete(Span::new(start, start + from.image.len() - short.len()));
        fixes.propose(applicability, instruction.text, format!("name the image {short}"), edits);
    }
}

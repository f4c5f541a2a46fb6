//! Remove `--platform=$TARGETPLATFORM` from FROM.
//!
//! # Why
//! The platform of the build is the default of FROM. The flag looks as if the stage were special.
//! `docker build --check` (`RedundantTargetPlatform`) and hadolint (DL3065) warn about it.
//!
//! # Safety
//! The builder takes the same image.
//!
//! # When it does nothing
//! An ARG before the first FROM may set `TARGETPLATFORM` to another platform.
//!
//! # Examples
//! ```dockerfile before
//! FROM --platform=$TARGETPLATFORM debian:12
//! RUN uname -m
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN uname -m
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::span::Span;
use crate::syntax::{Body, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "redundant-platform",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("redundant_platform.rs"),
    hadolint: &["DL3065", "RedundantTargetPlatform"],
    contract: Contract::PLATFORM,
    run,
};

const VARIABLE: &str = "TARGETPLATFORM";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let globals = ctx.file.instructions().take_while(|(_, instruction)| instruction.keyword != Keyword::From);
    let is_set = |body: &Body| matches!(body, Body::Arg(all) if all.iter().any(|assignment| assignment.key == VARIABLE));
    if globals.map(|(_, instruction)| &instruction.body).any(is_set) {
        return;
    }
    for (item, instruction) in ctx.file.instructions() {
        let Some(flag) = instruction.flag("platform") else { continue };
        let is_default = matches!(flag.value.as_deref(), Some("$TARGETPLATFORM" | "${TARGETPLATFORM}"));
        if instruction.keyword != Keyword::From || !is_default || near_error(ctx.file, item) {
            continue;
        }
        let rest = &ctx.file.text[flag.span.end..instruction.text.end];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let mut edits = Edits::new();
        edits.delete(Span::new(flag.span.start, flag.span.end + blanks));
        let title = "remove --platform, which is the default";
        fixes.propose(Applicability::Safe, instruction.text, title, edits);
    }
}

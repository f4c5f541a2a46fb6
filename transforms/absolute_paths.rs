//! Write the absolute path in WORKDIR and as the destination of COPY.
//!
//! # Why
//! A relative path depends on an earlier WORKDIR, or on one that the base image sets, and changes
//! with it. hadolint (DL3000, DL3045) and `docker build --check` (`WorkdirRelativePath`) warn about
//! it.
//!
//! # Safety
//! The path is the same: it is written only if the directory is known from an earlier absolute
//! WORKDIR or from the base image.
//!
//! # When it does nothing
//! The directory is unknown, or the path has variables, quotes, backslashes or `..`. A destination
//! below a WORKDIR of the file stays relative, as hadolint recommends.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! COPY run.sh .
//! WORKDIR srv
//! WORKDIR app
//! ```
//! ```dockerfile after
//! FROM debian:12
//! COPY run.sh /
//! WORKDIR /srv
//! WORKDIR /srv/app
//! ```

use crate::edit::Edits;
use crate::facts::{Base, Facts, near_error};
use crate::reasons;
use crate::span::Span;
use crate::syntax::{Body, Instruction};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "absolute-paths",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("absolute_paths.rs"),
    hadolint: &["DL3000", "DL3045", "WorkdirRelativePath"],
    contract: Contract::PATHS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for (item, instruction) in ctx.file.instructions() {
        let (path, codes) = match &instruction.body {
            Body::Workdir(path) => (path, &["DL3000", "WorkdirRelativePath"][..]),
            Body::Copy(copy) if !has_workdir(ctx.facts, item) => (&copy.destination, &["DL3045"][..]),
            _ => continue,
        };
        if !is_relative(path) || near_error(ctx.file, item) {
            continue;
        }
        let end = instruction.arguments.end;
        let Some(start) = instruction.arguments().strip_suffix(path.as_str()) else { continue };
        let span = instruction.logical.span(instruction.arguments.start + start.len(), end);
        match written(ctx.facts, item, instruction, path) {
            Some(new) if span.of(ctx.file.text) == path => {
                let mut edits = Edits::new();
                edits.replace(with_blanks(ctx, instruction, span), new);
                let title = format!("write the absolute path in {}", instruction.keyword.name());
                fixes.propose(Applicability::Safe, instruction.text, title, edits);
                fixes.restrict_codes(codes.iter().map(|&code| code.to_owned()));
            }
            _ => fixes.refuse(instruction.text, reasons::unknown_start_of_path(path)),
        }
    }
}

/// Whether a WORKDIR of the file is in effect.
fn has_workdir(facts: &Facts<'_>, item: usize) -> bool {
    facts.before(item).any(|(_, instruction)| matches!(instruction.body, Body::Workdir(_)))
}

/// Whether a path is relative and can be compared as text.
fn is_relative(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@".contains(c);
    !path.starts_with('/') && path.chars().all(is_plain)
}

/// A span with the blanks after it, if it ends the instruction: a line that changes needs none at
/// its end.
fn with_blanks(ctx: &Context<'_>, instruction: &Instruction<'_>, span: Span) -> Span {
    let rest = Span::new(span.end, instruction.text.end.max(span.end)).of(ctx.file.text);
    let is_blank = rest.chars().all(|c| matches!(c, ' ' | '\t'));
    if is_blank { Span::new(span.start, span.end + rest.len()) } else { span }
}

/// The absolute path, with a slash at its end if the path names a directory.
fn written(facts: &Facts<'_>, item: usize, instruction: &Instruction<'_>, path: &str) -> Option<String> {
    let stage = facts.stage_at(item)?;
    if stage.base == Base::Unknown || path.ends_with("/.") {
        return None;
    }
    let absolute = facts.path_at(item, path)?;
    let is_directory = path == "." || path.ends_with('/');
    let is_copy = matches!(instruction.body, Body::Copy(_));
    Some(if is_copy && is_directory && absolute != "/" { format!("{absolute}/") } else { absolute })
}

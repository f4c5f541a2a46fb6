//! Write VOLUME as a JSON array.
//!
//! # Why
//! A reader of `VOLUME /data /logs` can't see whether it names two directories or one with a blank.
//! The array shows where each path ends.
//!
//! # Safety
//! The builder splits the arguments at blanks and expands variables in each path, in both forms.
//!
//! # When it does nothing
//! A path has quotes, backslashes or other characters that JSON would read in another way.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! VOLUME /data /logs
//! ```
//! ```dockerfile after
//! FROM debian:12
//! VOLUME ["/data", "/logs"]
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons;
use crate::span::Span;
use crate::syntax::Body;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "volume-array",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("volume_array.rs"),
    hadolint: &[],
    contract: Contract::SPELLING,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for (item, instruction) in ctx.file.instructions() {
        let Body::Volume(paths) = &instruction.body else { continue };
        if instruction.arguments().starts_with('[') || near_error(ctx.file, item) {
            continue;
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-${}".contains(c);
        if let Some(path) = paths.iter().find(|path| !path.chars().all(is_plain)) {
            fixes.refuse(instruction.text, reasons::unclear_path(path));
            continue;
        }
        let mut edits = Edits::new();
        let last_line = Span::new(instruction.arguments_span().start, instruction.text.end);
        if last_line.of(ctx.file.text).trim_end() == instruction.arguments() {
            edits.replace(last_line, format!("[\"{}\"]", paths.join("\", \"")));
        } else {
            for (index, range) in instruction.words().into_iter().enumerate() {
                let span = instruction.logical.span(range.start, range.end);
                edits.insert(span.start, if index == 0 { "[\"" } else { "\"" });
                edits.insert(span.end, if index + 1 == paths.len() { "\"]" } else { "\"," });
            }
        }
        fixes.propose(Applicability::Safe, instruction.text, "write VOLUME as a JSON array", edits);
    }
}

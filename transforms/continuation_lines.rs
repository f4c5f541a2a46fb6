//! Remove blank lines within an instruction.
//!
//! # Why
//! A blank line after a line continuation looks like the end of the instruction, and the builder
//! skips it. `docker build --check` warns about it (`NoEmptyContinuation`): such lines will become
//! errors.
//!
//! # Safety
//! The builder reads the same instruction. Blank lines in here-documents are content and stay.
//!
//! # When it does nothing
//! No instruction has such a line.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN echo one \
//!
//!     && echo two
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN echo one \
//!     && echo two
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::span::Span;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "continuation-lines",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("continuation_lines.rs"),
    hadolint: &["NoEmptyContinuation"],
    contract: Contract::SPELLING,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for (item, instruction) in ctx.file.instructions() {
        if near_error(ctx.file, item) {
            continue;
        }
        let mut edits = Edits::new();
        let mut at = instruction.text.start;
        for line in instruction.text.of(ctx.file.text).split_inclusive('\n') {
            if line.trim().is_empty() {
                edits.delete(Span::new(at, at + line.len()));
            }
            at += line.len();
        }
        let title = "remove blank lines within an instruction";
        fixes.propose(Applicability::Safe, instruction.text, title, edits);
    }
}

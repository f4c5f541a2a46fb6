//! The part of a script that can be removed without changing the rest: a command with the operator
//! that joins it.
//!
//! The caller decides whether a command can be removed; this module only finds its bytes.

use crate::facts::append::is_plain_statement;
use crate::facts::{Invocation, RunFacts};
use crate::span::Span;

/// A command with the `&&` after it, if it is in a plain `a && b` list and not the last.
pub fn forward(run: &RunFacts<'_>, one: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[one.place.statement];
    let next = statement.pipeline(one.place.pipeline + 1)?;
    let plain =
        one.place.alone && one.place.certain && statement.is_and_chain() && is_plain_statement(statement);
    clear(run, Span::new(one.command.span.start, next.span.start)).filter(|_| plain)
}

/// A command with the `&&` before it, if it is in a plain `a && b` list and not the first.
pub fn backward(run: &RunFacts<'_>, one: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[one.place.statement];
    let before = statement.pipeline(one.place.pipeline.checked_sub(1)?)?;
    let plain = one.place.alone && one.place.certain && statement.is_and_chain();
    clear(run, Span::new(before.span.end, one.command.span.end)).filter(|_| plain)
}

/// The span, unless it contains a comment, or the instruction would then end in an escape character
/// and continue on the next line.
pub fn clear(run: &RunFacts<'_>, span: Span) -> Option<Span> {
    let logical = &run.instruction.logical;
    let rest = logical.text.get(logical.offset_of(span.end)..).unwrap_or_default();
    let before = logical.text.get(..logical.offset_of(span.start)).unwrap_or_default();
    let would_go_on = rest.trim().is_empty() && before.trim_end().ends_with(['\\', '`']);
    let comments = &run.instruction.comments;
    let first = comments.partition_point(|comment| comment.end <= span.start);
    let has_no_comment = comments.get(first).is_none_or(|comment| span.end <= comment.start);
    (has_no_comment && !would_go_on).then_some(span)
}

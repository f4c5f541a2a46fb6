//! What can be taken out of a script so that the rest runs as before: a command with the operator that joins it.
//!
//! Whether a command may go is for others to say; this only knows which bytes go with it.

use crate::facts::append::is_plain_statement;
use crate::facts::{Invocation, RunFacts};
use crate::span::Span;

/// A command with the `&&` behind it, where it stands in a plain `a && b` list and is not the last.
pub fn forward(run: &RunFacts<'_>, one: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[one.place.statement];
    let next = statement.pipeline(one.place.pipeline + 1)?;
    let plain =
        one.place.alone && one.place.certain && statement.is_and_chain() && is_plain_statement(statement);
    clear(run, Span::new(one.command.span.start, next.span.start)).filter(|_| plain)
}

/// A command with the `&&` before it, where it stands in a plain `a && b` list and is not the first.
pub fn backward(run: &RunFacts<'_>, one: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[one.place.statement];
    let before = statement.pipeline(one.place.pipeline.checked_sub(1)?)?;
    let plain = one.place.alone && one.place.certain && statement.is_and_chain();
    clear(run, Span::new(before.span.end, one.command.span.end)).filter(|_| plain)
}

/// The span, unless a comment is in it, or the instruction would then end in an escape character and go on with the next line.
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

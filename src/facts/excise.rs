//! The parts of a script that can be removed without changing the rest: a command with the operator
//! that joins it, a word with the blank before it.
//!
//! The caller decides whether a command can be removed; this module only finds its bytes.

use crate::facts::append::is_plain_statement;
use crate::facts::{Invocation, RunFacts};
use crate::span::Span;
use crate::syntax::shell::Word;

/// A command with the `&&` after it, if it is in a plain `a && b` list and not the last.
pub fn forward(run: &RunFacts<'_>, one: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[one.place.statement];
    let next = statement.pipeline(one.place.pipeline + 1)?;
    let plain = one.place.alone
        && one.place.is_certain()
        && statement.is_and_chain()
        && is_plain_statement(statement);
    let logical = &run.instruction.logical;
    let rest = logical.text.get(logical.offset_of(next.span.start)..).unwrap_or_default();
    // At the start of a RUN, these are a flag and a JSON array.
    let is_plain_start = !rest.starts_with("--") && !rest.starts_with('[');
    clear(run, Span::new(one.command.span.start, next.span.start)).filter(|_| plain && is_plain_start)
}

/// A command with the `&&` before it, if it is in a plain `a && b` list and not the first.
pub fn backward(run: &RunFacts<'_>, one: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[one.place.statement];
    let before = statement.pipeline(one.place.pipeline.checked_sub(1)?)?;
    let plain = one.place.alone && one.place.is_certain() && statement.is_and_chain();
    clear(run, Span::new(before.span.end, one.command.span.end)).filter(|_| plain)
}

/// A word of a command, with everything between it and the previous word or redirection.
pub fn word(run: &RunFacts<'_>, one: &Invocation<'_>, word: &Word) -> Option<Span> {
    let words = one.simple.words.iter().map(|other| other.span.end);
    let redirects = one.command.redirects.iter().map(|redirect| redirect.span.end);
    let before = words.chain(redirects).filter(|end| *end <= word.span.start).max()?;
    let span = Span::new(before, word.span.end);
    (!one.place.in_word && !follows_an_escape(run, span)).then_some(span)
}

/// The span, unless it contains a comment or follows an escape character.
pub fn clear(run: &RunFacts<'_>, span: Span) -> Option<Span> {
    let comments = &run.instruction.comments;
    let first = comments.partition_point(|comment| comment.end <= span.start);
    let has_no_comment = comments.get(first).is_none_or(|comment| span.end <= comment.start);
    (has_no_comment && !follows_an_escape(run, span)).then_some(span)
}

/// Whether the text before a span ends in an escaped blank. Without the span, the next character
/// would be escaped, or the instruction would continue on the next line.
fn follows_an_escape(run: &RunFacts<'_>, span: Span) -> bool {
    let logical = &run.instruction.logical;
    let before = logical.text.get(..logical.offset_of(span.start)).unwrap_or_default();
    before.trim_end().ends_with(['\\', '`'])
}

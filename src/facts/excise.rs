//! The parts of a script that can be removed without changing the rest: a command with the operator
//! that joins it, a word with the blank before it.
//!
//! The caller decides whether a command can be removed; this module only finds its bytes.

use std::ops::Range;

use crate::facts::append::{self, Errexit, is_plain_statement};
use crate::facts::{Facts, Invocation, RunFacts};
use crate::span::Span;
use crate::syntax::shell::Word;

/// A command with the `&&` after it, if it is in a plain `a && b` list and not the last.
pub fn forward(run: &RunFacts<'_>, invocation: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[invocation.place.statement];
    let next = statement.pipeline(invocation.place.pipeline + 1)?;
    let plain = invocation.place.alone
        && invocation.place.is_certain()
        && statement.is_and_chain()
        && is_plain_statement(statement);
    let logical = &run.instruction.logical;
    let rest = logical.text.get(logical.offset_of(next.span.start)..).unwrap_or_default();
    // At the start of a RUN, these are a flag and a JSON array.
    let is_plain_start = !rest.starts_with("--") && !rest.starts_with('[');
    clear(run, Span::new(invocation.command.span.start, next.span.start)).filter(|_| plain && is_plain_start)
}

/// A command with the `&&` before it, if it is in a plain `a && b` list and not the first.
pub fn backward(run: &RunFacts<'_>, invocation: &Invocation<'_>) -> Option<Span> {
    let statement = &run.script()?.list.statements[invocation.place.statement];
    let before = statement.pipeline(invocation.place.pipeline.checked_sub(1)?)?;
    let plain = invocation.place.alone && invocation.place.is_certain() && statement.is_and_chain();
    clear(run, Span::new(before.span.end, invocation.command.span.end)).filter(|_| plain)
}

/// The lines of a here-document that contain one command and nothing else. The last command of a
/// script decides about its success, unless a failure of the others ends it.
pub fn lines(facts: &Facts<'_>, run: &RunFacts<'_>, invocation: &Invocation<'_>) -> Option<Span> {
    let (script, content) = (run.script()?, run.instruction.document()?.content);
    let statement = script.list.statements.get(invocation.place.statement)?;
    let is_last = invocation.place.statement + 1 == script.list.statements.len();
    let is_only = script.list.statements.len() == 1;
    let decides = is_only || is_last && append::errexit(run, script) != Errexit::On;
    let is_plain = invocation.place.alone && invocation.place.is_certain() && statement.rest.is_empty();
    let text = content.of(facts.file.text);
    let (start, end) = (statement.span.start - content.start, statement.span.end - content.start);
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let is_alone = text[line..start].trim().is_empty() && text[end..next].trim().is_empty();
    let is_continued = text[..line].trim_end_matches('\n').ends_with('\\');
    (is_plain && is_alone && !decides && !is_continued)
        .then(|| Span::new(content.start + line, content.start + next))
}

/// Successive pipelines of a plain `a && b` list, with the operators that join them to the others.
/// Those between two of them may stay, and so does a comment there.
pub fn pipelines(run: &RunFacts<'_>, statement: usize, range: Range<usize>) -> Option<Vec<Span>> {
    let statement = run.script()?.list.statements.get(statement)?;
    if !statement.is_and_chain() || !is_plain_statement(statement) {
        return None;
    }
    let before = statement.pipeline(range.start.checked_sub(1)?)?.span.end;
    let after = statement.pipeline(range.end).map(|next| next.span.start);
    let kept_operator = |at: usize| {
        let mut spans = Vec::new();
        if at > range.start {
            spans.push(clear(run, Span::new(before, statement.pipeline(at - 1)?.span.end))?);
        }
        if at < range.end {
            spans.push(clear(run, Span::new(statement.pipeline(at)?.span.start, after?))?);
        }
        Some(spans)
    };
    (range.start..=range.end).find_map(kept_operator)
}

/// A word of a command, with everything between it and the previous word or redirection, unless
/// there is a comment.
pub fn word(run: &RunFacts<'_>, invocation: &Invocation<'_>, word: &Word) -> Option<Span> {
    word_with_comments(run, invocation, word).filter(|span| !has_comment(run, *span))
}

/// The same with the comments above the word.
pub fn word_with_comments(run: &RunFacts<'_>, invocation: &Invocation<'_>, word: &Word) -> Option<Span> {
    let words = invocation.simple.words.iter().map(|other| other.span.end);
    let redirects = invocation.command.redirects.iter().map(|redirect| redirect.span.end);
    let before = words.chain(redirects).filter(|end| *end <= word.span.start).max()?;
    let span = Span::new(before, word.span.end);
    // A word that continues on the next line may contain a comment line.
    (!invocation.place.in_word && !has_comment(run, word.span) && !follows_an_escape(run, span))
        .then_some(span)
}

/// The span, unless it contains a comment or follows an escape character, or is in a here-document.
pub fn clear(run: &RunFacts<'_>, span: Span) -> Option<Span> {
    if run.instruction.document().is_some() {
        return None;
    }
    (!has_comment(run, span) && !follows_an_escape(run, span)).then_some(span)
}

fn has_comment(run: &RunFacts<'_>, span: Span) -> bool {
    let comments = &run.instruction.comments;
    let first = comments.partition_point(|comment| comment.end <= span.start);
    comments.get(first).is_some_and(|comment| comment.start < span.end)
}

/// Whether the text before a span ends in an escaped blank. Without the span, the next character
/// would be escaped, or the instruction would continue on the next line.
fn follows_an_escape(run: &RunFacts<'_>, span: Span) -> bool {
    let logical = &run.instruction.logical;
    let before = logical.text.get(..logical.offset_of(span.start)).unwrap_or_default();
    before.trim_end().ends_with(['\\', '`'])
}

//! Merges two RUNs: whether that is safe (`judge`, `hazards`), what it saves
//! (`gain`), and the edits.

pub(crate) mod gain;
pub(crate) mod hazards;
pub(crate) mod judge;

use crate::edit::Edits;
use crate::facts::RunFacts;
use crate::facts::style::Style;
use crate::span::Span;
use crate::syntax::Item;
use crate::syntax::shell::End;
use crate::transform::Context;
use crate::transforms::support::join::judge::Merge;

/// Whether there are only comments between two RUNs.
pub fn are_neighbours(ctx: &Context<'_>, first: &RunFacts<'_>, second: &RunFacts<'_>) -> bool {
    ctx.file.items[first.item + 1..second.item]
        .iter()
        .all(|item| matches!(item, Item::Blank(_) | Item::Comment(_)))
}

/// The edits that merge two adjacent RUNs.
pub fn join(ctx: &Context<'_>, first: &RunFacts<'_>, second: &RunFacts<'_>, merge: &Merge) -> Edits {
    let mut edits = Edits::new();
    let (Some(a), Some(b)) = (first.editable(), second.editable()) else { return edits };
    let style = Style::of(ctx.facts, first.instruction);
    let statements = &a.list.statements;
    let end = statements[statements.len() - 1].span.end;
    let semicolon = match statements[statements.len() - 1].end {
        End::Semicolon(span) => Some(span),
        _ => None,
    };
    if merge.isolate_first {
        // `((` would start an arithmetic command.
        let start = statements[0].span.start;
        edits.insert(start, if ctx.file.text[start..].starts_with('(') { "( " } else { "(" });
        edits.insert(end, ")");
    }
    // From the end of the first script's last command to the end of its last line: blanks, `;`, and
    // sometimes a trailing escape.
    let operator = if style.leading { "" } else { " &&" };
    let tail = Span::new(semicolon.map_or(end, |_| end), first.instruction.text.end);
    let after_first = comment_lines(ctx, first, tail);
    let break_ = if after_first.is_empty() { "" } else { style.line_break };
    edits.replace(
        tail,
        format!("{operator} {}{break_}{}", style.escape, after_first.trim_end_matches(['\r', '\n'])),
    );
    for item in &ctx.file.items[first.item + 1..second.item] {
        match item {
            Item::Blank(span) => edits.delete(*span),
            // A comment in the middle of a script gets the script's indentation.
            Item::Comment(span) if span.of(ctx.file.text).starts_with('#') => {
                edits.insert(span.start, style.indent.clone());
            }
            _ => {}
        }
    }
    let head = Span::new(second.instruction.text.start, b.list.statements[0].span.start);
    let open = if merge.group_second { "{ " } else { "" };
    let lead = if style.leading { "&& " } else { "" };
    // A comment between `RUN \` and the first command stays above that command.
    let comments = comment_lines(ctx, second, head);
    edits.replace(
        Span::new(second.instruction.full.start, head.end),
        format!("{comments}{}{lead}{open}", style.indent),
    );
    if merge.group_second {
        let last = &b.list.statements[b.list.statements.len() - 1];
        match last.end {
            End::Semicolon(span) => edits.insert(span.end, " }"),
            _ => edits.insert(last.span.end, "; }"),
        }
    }
    edits
}

/// The comment lines of a RUN that are in a span, with their line breaks.
fn comment_lines(ctx: &Context<'_>, run: &RunFacts<'_>, span: Span) -> String {
    let within = run.instruction.comments.iter().filter(|comment| span.contains(**comment));
    within.map(|comment| format!("{}{}", comment.of(ctx.file.text), ctx.file.line_break())).collect()
}

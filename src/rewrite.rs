//! Changes that several transforms make in the same way: append commands to a RUN, make one RUN of two, move instructions.
//!
//! Whether any of them is right is not asked here; facts answer that.

use std::collections::HashSet;

use crate::edit::Edits;
use crate::facts::merge::Merge;
use crate::facts::order::Move;
use crate::facts::style::Style;
use crate::facts::{RunFacts, append, chain};
use crate::span::Span;
use crate::syntax::Item;
use crate::syntax::shell::End;
use crate::transform::Context;

/// Appends commands to a RUN's script, so that they run if and only if it succeeded; the error says what stands against it.
pub fn append_to(
    ctx: &Context<'_>,
    run: &RunFacts<'_>,
    commands: &[String],
    edits: &mut Edits,
) -> Result<(), String> {
    let script = run.editable().ok_or("its script can't be edited")?;
    let place =
        append::to(run, script).map_err(|reason| format!("nothing can be appended, because {reason}"))?;
    let joint = match (place.before_comment, place.operator) {
        (true, ";") => "; ".to_owned(),
        (true, operator) => format!(" {operator} "),
        (false, operator) => Style::of(ctx.facts, run.instruction).joint(operator),
    };
    let text: String = commands.iter().map(|command| format!("{joint}{command}")).collect();
    match place.semicolon {
        // A line with nothing on it would go on with the next instruction.
        Some(semicolon) if Span::new(place.at, semicolon.start).of(ctx.file.text).contains('\n') => {
            let tail = chain::clear(run, Span::new(place.at, semicolon.end));
            edits.replace(
                tail.ok_or("nothing can be appended, because a comment is before its last semicolon")?,
                text,
            );
        }
        Some(semicolon) => {
            edits.delete(semicolon);
            edits.insert(place.at, text);
        }
        None => edits.insert(place.at, text),
    }
    Ok(())
}

/// Whether nothing but comments stands between two RUNs.
pub fn are_neighbours(ctx: &Context<'_>, first: &RunFacts<'_>, second: &RunFacts<'_>) -> bool {
    ctx.file.items[first.item + 1..second.item]
        .iter()
        .all(|item| matches!(item, Item::Blank(_) | Item::Comment(_)))
}

/// The edits that make one RUN of two neighbours.
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
    // From the end of the first script's last command to the end of its last line: blanks, `;`, perhaps a trailing escape.
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
            // A comment in the middle of a script is indented as the script is.
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

/// Moves instructions to their new places; the moves are in the order of the new text.
pub fn move_all(ctx: &Context<'_>, moves: &[Move]) -> Edits {
    let mut edits = Edits::new();
    let mut rest = moves;
    while let Some(Move { behind, .. }) = rest.first() {
        let (together, others) = rest.split_at(rest.iter().take_while(|one| one.behind == *behind).count());
        let items: Vec<usize> = together.iter().map(|one| one.item).collect();
        move_behind(ctx, &items, *behind, &mut edits);
        rest = others;
    }
    edits
}

/// Moves instructions, each with the comments right above it, behind another one; in the order given.
pub fn move_behind(ctx: &Context<'_>, items: &[usize], behind: usize, edits: &mut Edits) {
    let line_break = ctx.file.line_break();
    let target = ctx.file.items[behind].span();
    let mut text = String::new();
    let mut paragraph = None;
    let starts: HashSet<usize> = items.iter().map(|&item| ctx.facts.block(item).span.start).collect();
    for &item in items {
        let block = ctx.facts.block(item);
        // A blank line above goes along, and one of the two around a paragraph that goes as a whole.
        if block.blank_above {
            text.push_str(line_break);
            paragraph = Some(block.span.start);
        }
        text.push_str(block.span.of(ctx.file.text));
        edits.delete(block.span);
        let follows = starts.contains(&block.span.end);
        if let Some(blank) = block.blank_below.filter(|_| paragraph.is_some() && !follows) {
            edits.delete(blank);
        }
        if !follows {
            paragraph = None;
        }
    }
    if !ctx.file.text[target.range()].ends_with('\n') {
        text = format!("{line_break}{}", text.trim_end_matches(['\r', '\n']));
    }
    edits.insert(target.end, text);
}

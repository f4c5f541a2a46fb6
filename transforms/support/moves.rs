//! Moves instructions, with the comments directly above them.

use std::collections::HashSet;

use crate::edit::Edits;
use crate::transform::Context;
use crate::transforms::ordering::Move;

/// Moves instructions to their new places. The moves are in the order of the new text.
pub fn move_all(ctx: &Context<'_>, moves: &[Move]) -> Edits {
    let mut edits = Edits::new();
    let mut rest = moves;
    while let Some(Move { after, .. }) = rest.first() {
        let (together, others) =
            rest.split_at(rest.iter().take_while(|moving| moving.after == *after).count());
        let items: Vec<usize> = together.iter().map(|moving| moving.item).collect();
        move_after(ctx, &items, *after, &mut edits);
        rest = others;
    }
    edits
}

/// Moves instructions, in the given order, to the place after another one, each with the comments
/// directly above it.
pub fn move_after(ctx: &Context<'_>, items: &[usize], after: usize, edits: &mut Edits) {
    let line_break = ctx.file.line_break();
    let target = ctx.file.items[after].span();
    let mut text = String::new();
    let mut paragraph = None;
    let starts: HashSet<usize> = items.iter().map(|&item| ctx.facts.block(item).span.start).collect();
    for &item in items {
        let block = ctx.facts.block(item);
        // The blank line above moves too. Of the two blank lines around a paragraph that moves as a
        // whole, one moves and one stays.
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

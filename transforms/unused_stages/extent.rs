//! The lines that are removed with a stage: its instructions, and the comments above it.

use crate::facts::Stage;
use crate::span::Span;
use crate::syntax::{Dockerfile, Item};

/// From the end of what is before the stage to the end of its last instruction. Comments and blank
/// lines after it belong to the next stage.
pub(super) fn of(file: &Dockerfile<'_>, stage: &Stage) -> Span {
    let is_instruction = |item: &usize| matches!(file.items[*item], Item::Instruction(_));
    let last = stage.items.clone().rev().find(is_instruction).unwrap_or(stage.items.start);
    if let Some(before) = (0..stage.items.start).rev().find(is_instruction) {
        return Span::new(file.items[before].span().end, file.items[last].span().end);
    }
    let mut next = last + 1;
    while matches!(file.items.get(next), Some(Item::Blank(_))) {
        next += 1;
    }
    let end = file.items.get(next).map_or(file.text.len(), |item| item.span().start);
    // A byte-order mark stays at the start of the file.
    let mark = if file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Span::new(file.items[stage.items.start].span().start.max(mark), end)
}

/// Whether comments are above the first instruction, which may be about the file or about the stage.
pub(super) fn is_below_comments_of_the_file(file: &Dockerfile<'_>, stage: &Stage) -> bool {
    let above = &file.items[..stage.items.start];
    !above.iter().any(|item| matches!(item, Item::Instruction(_)))
        && above.iter().any(|item| matches!(item, Item::Comment(_)))
}

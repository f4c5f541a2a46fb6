//! What of the text goes with an instruction: the comment lines right above it.

use crate::facts::Facts;
use crate::span::Span;
use crate::syntax::Item;

/// What goes with an instruction: the comment lines right above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Comments and instruction, whole lines.
    pub span: Span,
    /// Whether a blank line stands above.
    pub blank_above: bool,
    /// The blank line below, where there is one.
    pub blank_below: Option<Span>,
}

impl Facts<'_> {
    /// What of the text goes with an instruction.
    pub fn block(&self, item: usize) -> Block {
        let mut first = item;
        while first > 0 && matches!(self.file.items[first - 1], Item::Comment(_)) {
            first -= 1;
        }
        let blank_above = first > 0 && matches!(self.file.items[first - 1], Item::Blank(_));
        let blank_below = match self.file.items.get(item + 1) {
            Some(Item::Blank(span)) => Some(*span),
            _ => None,
        };
        let span = Span::new(self.file.items[first].span().start, self.file.items[item].span().end);
        Block { span, blank_above, blank_below }
    }
}

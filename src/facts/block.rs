//! The text that belongs to an instruction: the comment lines directly above it.

use crate::facts::Facts;
use crate::span::Span;
use crate::syntax::Item;

/// The text that belongs to an instruction: the comment lines directly above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The comments and the instruction, as whole lines.
    pub span: Span,
    /// Whether a blank line precedes it.
    pub blank_above: bool,
    /// The blank line below, if there is one.
    pub blank_below: Option<Span>,
}

impl Facts<'_> {
    /// Whether comments directly above an instruction explain it alone. A comment above several
    /// instructions of a kind may be about all of them, and one for a linter belongs to its place.
    pub fn is_explained(&self, item: usize) -> bool {
        let keyword = |item| self.instruction_at(item).map(|instruction| instruction.keyword);
        let text = self.comments_above(item).of(self.file.text).to_ascii_lowercase();
        !text.is_empty() && keyword(item + 1) != keyword(item) && !text.contains("ignore")
    }

    /// The comment lines directly above an instruction.
    pub fn comments_above(&self, item: usize) -> Span {
        Span::new(self.block(item).span.start, self.file.items[item].span().start)
    }

    /// Finds the text that belongs to an instruction.
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

//! The positions of an intermediate text's parts in the original text.

use std::ops::RangeInclusive;

use crate::edit::Origins;
use crate::span::{LineIndex, Place, Span};

/// Maps positions of an intermediate text back to the original.
#[derive(Clone, Copy)]
pub(super) struct SourcePositions<'p> {
    /// The lines of the original text.
    pub lines: &'p LineIndex<'p>,
    /// The position tables of the steps so far, in order.
    pub steps: &'p [Origins],
}

impl<'p> SourcePositions<'p> {
    /// The byte offset in the original text.
    fn offset(self, offset: usize) -> usize {
        self.steps.iter().rev().fold(offset, |at, step| step.of(at))
    }

    /// The line and column in the original text.
    pub fn place(self, offset: usize) -> Place {
        self.lines.place(self.offset(offset))
    }

    /// The numbers of the lines of the original text that a span covers.
    pub fn lines_of(self, span: Span) -> RangeInclusive<usize> {
        self.place(span.start).line..=self.place(span.end.max(span.start + 1) - 1).line
    }

    /// The line of the original text.
    pub fn line(self, offset: usize) -> &'p str {
        self.lines.line(self.offset(offset))
    }
}

//! Positions in a file: byte spans, and the line and column for users.
//!
//! Spans are absolute byte offsets in the file's original text, including a byte-order mark and
//! carriage returns. This module does not interpret the bytes.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use memchr::memchr_iter;

/// Bytes of the file, as a half-open range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// Creates the span `start..end`; `start` must not be after `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span must not run backwards: {start}..{end}");
        Self { start, end }
    }

    /// An empty span: a position between two bytes.
    pub fn at(offset: usize) -> Self {
        Self { start: offset, end: offset }
    }

    /// The length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span is empty.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` is within this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The bytes as a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The text of the span.
    pub fn of(self, text: &str) -> &str {
        &text[self.range()]
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A line and a column, as users and editors count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The position of a byte offset; an offset after the end of the text has the position of the
    /// last byte.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let line = text[..before.len()].matches('\n').count() + 1;
        let column = text.get(line_start..offset.min(text.len())).map_or(1, |line| line.chars().count() + 1);
        Self { line, column }
    }
}

/// The starts of the lines of a text, to look up many positions.
#[derive(Debug, Clone)]
pub struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Indexes the text.
    pub fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Self { text, starts }
    }

    /// The position of a byte offset.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let column =
            self.text.get(self.starts[line - 1]..offset).map_or(1, |before| before.chars().count() + 1);
        Place { line, column }
    }

    /// The lines that a span covers; for an empty one, the line that contains it.
    pub fn lines(&self, span: Span) -> RangeInclusive<usize> {
        self.place(span.start).line..=self.place(span.end.max(span.start + 1) - 1).line
    }

    /// The line around a byte offset, without its line break.
    pub fn line(&self, offset: usize) -> &'a str {
        let line = self.starts.partition_point(|start| *start <= offset);
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text[self.starts[line - 1]..end].trim_end_matches(['\r', '\n'])
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_from_one_and_columns_in_characters() {
        let text = "FROM a\nRUN é x\n";
        assert_eq!(Place::of(text, 0), Place { line: 1, column: 1 });
        assert_eq!(Place::of(text, 7), Place { line: 2, column: 1 });
        assert_eq!(Place::of(text, text.find('x').expect("there")), Place { line: 2, column: 7 });
        assert_eq!(Place::of(text, 999), Place { line: 3, column: 1 });
        let index = LineIndex::of(text);
        for (offset, _) in text.char_indices() {
            assert_eq!(index.place(offset), Place::of(text, offset), "{offset}");
        }
        assert_eq!(index.line(9), "RUN é x");
    }
}

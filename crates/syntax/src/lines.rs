//! The line layer: which physical lines form an instruction, and the text that results from joining
//! them.
//!
//! It follows BuildKit's `frontend/dockerfile/parser/parser.go` (`Parse`, `processLine`,
//! `trimContinuationCharacter`): comment lines and blank lines within a continued instruction are
//! skipped, the escape character and the blanks after it are removed, and leading blanks of
//! continuation lines are kept. This layer does not parse instructions.

use std::borrow::Cow;

use memchr::memchr;

use crate::span::Span;

/// An instruction's text as the builder sees it: continuation lines are joined, and comment lines
/// between them removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logical<'a> {
    /// The joined text; borrowed if the instruction is on one line.
    pub text: Cow<'a, str>,
    /// The parts of the file that form it, in order; never empty unless the whole text is.
    segments: Vec<Segment>,
}

/// A part of the joined text and its position in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    /// Offset in the joined text.
    logical: usize,
    /// Offset in the file.
    file: usize,
}

impl<'a> Logical<'a> {
    /// A part of the file, unchanged.
    pub(super) fn of_span(text: &'a str, span: Span) -> Self {
        Self { text: Cow::Borrowed(span.of(text)), segments: vec![Segment { logical: 0, file: span.start }] }
    }

    /// A part of this text.
    pub(super) fn slice<'b>(&self, range: std::ops::Range<usize>) -> Logical<'b> {
        let first = Segment { logical: 0, file: self.start(range.start) };
        let inner = self
            .segments
            .iter()
            .filter(|segment| range.contains(&segment.logical) && segment.logical > range.start);
        let rest =
            inner.map(|segment| Segment { logical: segment.logical - range.start, file: segment.file });
        Logical {
            text: Cow::Owned(self.text[range.clone()].to_owned()),
            segments: std::iter::once(first).chain(rest).collect(),
        }
    }

    /// Adds text that is at `span`, or that represents it.
    pub(super) fn push(&mut self, span: Span, piece: &str) {
        self.segments.push(Segment { logical: self.text.len(), file: span.start });
        self.text.to_mut().push_str(piece);
    }

    /// The file offset of a byte of the joined text: for the start of something.
    pub fn start(&self, offset: usize) -> usize {
        let at = self.segments.partition_point(|segment| segment.logical <= offset);
        let segment = self.segments[at.saturating_sub(1)];
        segment.file + (offset - segment.logical)
    }

    /// The file offset after a byte of the joined text: for the end of something. Where lines are
    /// joined, it is the end of the earlier line, so that an insertion is placed before the escape
    /// character.
    pub fn end(&self, offset: usize) -> usize {
        if offset == 0 { self.start(0) } else { self.start(offset - 1) + 1 }
    }

    /// The offset in the joined text of a byte of the file that is part of it.
    pub fn offset_of(&self, file: usize) -> usize {
        let at = self.segments.partition_point(|segment| segment.file <= file);
        let segment = self.segments[at.saturating_sub(1)];
        segment.logical + (file - segment.file)
    }

    /// The span in the file of a range of the joined text; it includes the line breaks and comments
    /// in between.
    pub fn span(&self, start: usize, end: usize) -> Span {
        if start == end {
            Span::at(self.end(end).max(self.start(start)))
        } else {
            Span::new(self.start(start), self.end(end))
        }
    }
}

/// The physical lines of one instruction, without its here-documents.
#[derive(Debug)]
pub(super) struct Continued<'a> {
    pub(super) logical: Logical<'a>,
    /// From the first non-blank byte to the end of the last line's text, without the line break.
    pub(super) text_span: Span,
    /// Whole comment lines in between, without their line breaks.
    pub(super) comments: Vec<Span>,
    /// The start of the next line.
    pub(super) next: usize,
}

/// The line that starts at `start`: its text's end (without `\r` and `\n`) and the start of the
/// next line.
pub(super) fn line_at(text: &str, start: usize) -> (usize, usize) {
    let next = memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |at| start + at + 1);
    (trim_line_break(&text[start..next]).len() + start, next)
}

/// Removes line breaks of any style from the end, as BuildKit's `trimNewline` does.
pub(super) fn trim_line_break(line: &str) -> &str {
    let end = line.bytes().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    &line[..end.map_or(0, |last| last + 1)]
}

/// Whether a line is a comment, optionally with blanks before the `#`.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Reads the instruction whose first line starts at `start`. The caller ensures that this line is
/// neither blank nor a comment.
pub(super) fn read_continued(text: &str, start: usize, escape: char) -> Continued<'_> {
    let (line_end, mut next) = line_at(text, start);
    let first = &text[start..line_end];
    let begin = line_end - first.trim_start().len();
    let (kept, mut continues) = without_continuation(&text[begin..line_end], escape);
    let mut logical =
        Logical { text: Cow::Borrowed(kept), segments: vec![Segment { logical: 0, file: begin }] };
    let mut comments = Vec::new();
    let mut text_end = line_end;
    while continues && next < text.len() {
        let line_start = next;
        let (line_end, after) = line_at(text, line_start);
        next = after;
        let line = &text[line_start..line_end];
        if is_comment(line) {
            comments.push(Span::new(line_start, line_end));
            continue;
        }
        if line.trim_start().is_empty() {
            continue;
        }
        let (kept, more) = without_continuation(line, escape);
        if !kept.is_empty() {
            let joined = logical.text.to_mut();
            if joined.is_empty() {
                logical.segments.clear();
            }
            logical.segments.push(Segment { logical: joined.len(), file: line_start });
            joined.push_str(kept);
        }
        text_end = line_end;
        continues = more;
    }
    Continued { logical, text_span: Span::new(begin, text_end), comments, next }
}

/// Removes the escape character and the blanks after it from a continued line. An escape character
/// that follows another one does not continue the line (BuildKit's `lineContinuationRegex`).
pub(super) fn without_continuation(line: &str, escape: char) -> (&str, bool) {
    let Some(kept) = line.trim_end_matches([' ', '\t']).strip_suffix(escape) else { return (line, false) };
    if kept.ends_with(escape) { (line, false) } else { (kept, true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_text_maps_back_to_the_file() {
        let text = "RUN a \\\n# note\n\n  && b\\  \r\n  c\nRUN d\n";
        let read = read_continued(text, 0, '\\');
        assert_eq!(read.logical.text, "RUN a   && b  c");
        for (at, byte) in read.logical.text.bytes().enumerate() {
            assert_eq!(text.as_bytes()[read.logical.start(at)], byte, "byte {at}");
        }
        assert_eq!(read.comments, [Span::new(8, 14)]);
        assert_eq!(&text[read.next..], "RUN d\n");
        assert_eq!(read.text_span.of(text), "RUN a \\\n# note\n\n  && b\\  \r\n  c");
    }

    #[test]
    fn ends_at_a_seam_stay_on_the_earlier_line() {
        let text = "RUN a\\\n b\n";
        let read = read_continued(text, 0, '\\');
        assert_eq!(read.logical.text, "RUN a b");
        assert_eq!(read.logical.end(5), 5, "an insertion after `a` must be placed before the backslash");
        assert_eq!(read.logical.start(5), 7);
    }

    #[test]
    fn a_doubled_escape_does_not_continue() {
        let read = read_continued("RUN a \\\\\nRUN b\n", 0, '\\');
        assert_eq!(read.logical.text, "RUN a \\\\");
    }

    #[test]
    fn a_file_may_end_within_a_continuation() {
        let read = read_continued("RUN a \\", 0, '\\');
        assert_eq!(read.logical.text, "RUN a ");
        assert_eq!(read.next, 7);
    }
}

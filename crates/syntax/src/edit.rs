//! Edits: replacements of spans in a text. This is the only place where text is changed.
//!
//! Edits don't depend on Dockerfiles; `pipeline` checks that a result still parses and has the same
//! meaning.

use std::collections::VecDeque;

use thiserror::Error;

use crate::span::Span;

/// An edit that does not fit its text: outside of it, within a character, or not after the
/// previous edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("bytes {0:?} are outside the text, or not after the previous edit")]
pub struct EditError(
    /// The bytes that it would replace.
    pub Span,
);

/// A replacement for the bytes of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The removed span; empty for an insertion.
    pub span: Span,
    /// The inserted text; empty for a deletion.
    pub text: String,
}

/// Edits of one text, sorted and disjoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// No edits yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inserts `text` at an offset.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(Span::at(at), text);
    }

    /// Removes a span.
    pub fn delete(&mut self, span: Span) {
        self.replace(span, String::new());
    }

    /// Replaces a span. Two insertions at the same offset keep the order in which they were made.
    ///
    /// # Panics
    /// If the span overlaps an earlier edit: the caller must propose edits for disjoint spans.
    pub fn replace(&mut self, span: Span, text: impl Into<String>) {
        let at = self.0.partition_point(|edit| (edit.span.end, edit.span.start) <= (span.start, span.end));
        let overlaps = self.0.get(at).is_some_and(|next| next.span.start < span.end)
            || at > 0 && self.0[at - 1].span.end > span.start;
        assert!(!overlaps, "an edit of {span:?} overlaps another one");
        self.0.insert(at, Edit { span, text: text.into() });
    }

    /// The edits in order.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.0.iter()
    }

    /// Whether there are no edits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From the first byte that an edit changes to the last.
    pub fn extent(&self) -> Option<Span> {
        Some(Span::new(self.0.first()?.span.start, self.0.last()?.span.end))
    }

    /// Whether no edit of another set overlaps an edit of this one.
    pub fn fits(&self, other: &Edits) -> bool {
        // Only the neighbours of a span can overlap it: both sets are sorted.
        let clashes = |edit: &Edit| {
            let at = self.0.partition_point(|mine| mine.span.end < edit.span.start);
            self.0[at..].iter().take_while(|mine| mine.span.start <= edit.span.end).any(|mine| {
                let (a, b) = (mine.span, edit.span);
                a.start < b.end && b.start < a.end || a == b || a.is_empty() || b.is_empty()
            })
        };
        !other.0.iter().any(clashes)
    }

    /// Adds another set, unless it overlaps this one; then nothing changes and the result is false.
    pub fn absorb(&mut self, other: &Edits) -> bool {
        if !self.fits(other) {
            return false;
        }
        for edit in &other.0 {
            self.replace(edit.span, edit.text.clone());
        }
        true
    }

    /// A table to map positions in the new text to the old one.
    pub fn origins(&self) -> Origins {
        let mut delta = 0;
        let entries = self.0.iter().map(|edit| {
            let new = edit.span.start.wrapping_add(delta);
            delta = delta.wrapping_add(edit.text.len()).wrapping_sub(edit.span.len());
            (new, edit.span, edit.text.len())
        });
        Origins(entries.collect())
    }

    /// The combination of these edits and then `next`, whose spans refer to the text in between.
    #[must_use]
    pub fn then(&self, next: &Edits) -> Edits {
        // The text in between, as pieces: bytes of the old text, or new ones. The length of the old
        // text is irrelevant.
        let mut between: VecDeque<Piece<'_>> = VecDeque::new();
        let mut at = 0;
        for edit in &self.0 {
            between.push_back(Piece::Old(Span::new(at, edit.span.start)));
            between.push_back(Piece::New(&edit.text));
            at = edit.span.end;
        }
        between.push_back(Piece::Old(Span::new(at, usize::MAX)));
        let mut pieces = Vec::new();
        at = 0;
        for edit in &next.0 {
            pieces.extend(take(&mut between, edit.span.start - at));
            take(&mut between, edit.span.len());
            pieces.push(Piece::New(&edit.text));
            at = edit.span.end;
        }
        pieces.extend(between);
        let mut edits = Self::new();
        let (mut from, mut new) = (0, String::new());
        for piece in pieces {
            match piece {
                Piece::New(text) => new += text,
                Piece::Old(span) if span.is_empty() => {}
                Piece::Old(span) => {
                    if span.start > from || !new.is_empty() {
                        edits
                            .0
                            .push(Edit { span: Span::new(from, span.start), text: std::mem::take(&mut new) });
                    }
                    from = span.end;
                }
            }
        }
        edits
    }

    /// The new text after edits from an untrusted source. They have to be in order, disjoint,
    /// within the text and at character boundaries; the error names the first one that is not.
    pub fn apply_received(edits: Vec<Edit>, text: &str) -> Result<String, EditError> {
        let mut at = 0;
        for Edit { span, .. } in &edits {
            let fits = at <= span.start && text.get(span.range()).is_some();
            if !fits {
                return Err(EditError(*span));
            }
            at = span.end;
        }
        Ok(Self(edits).apply(text))
    }

    /// The new text. Bytes outside the edits are copied unchanged.
    pub fn apply(&self, text: &str) -> String {
        let mut result =
            String::with_capacity(text.len() + self.0.iter().map(|edit| edit.text.len()).sum::<usize>());
        let mut at = 0;
        for edit in &self.0 {
            result.push_str(&text[at..edit.span.start]);
            result.push_str(&edit.text);
            at = edit.span.end;
        }
        result.push_str(&text[at..]);
        result
    }
}

/// Maps positions in an edited text to the text before.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<(usize, Span, usize)>);

impl Origins {
    /// The position in the old text for one in the new text; inserted text maps to its insertion
    /// point.
    pub fn of(&self, at: usize) -> usize {
        let next = self.0.partition_point(|(start, ..)| *start <= at);
        let Some((start, old, len)) = next.checked_sub(1).map(|last| self.0[last]) else { return at };
        if at < start + len { old.start } else { old.end + (at - start - len) }
    }
}

/// A part of a text after edits.
#[derive(Debug, Clone, Copy)]
enum Piece<'e> {
    /// Bytes of the old text.
    Old(Span),
    /// New bytes.
    New(&'e str),
}

/// Removes a number of bytes from the front.
fn take<'e>(pieces: &mut VecDeque<Piece<'e>>, mut count: usize) -> Vec<Piece<'e>> {
    let mut taken = Vec::new();
    while count > 0 {
        let Some(piece) = pieces.pop_front() else { break };
        let (front, rest) = match piece {
            Piece::Old(span) if span.len() > count => {
                let middle = span.start + count;
                (Piece::Old(Span::new(span.start, middle)), Some(Piece::Old(Span::new(middle, span.end))))
            }
            Piece::New(text) if text.len() > count => {
                let (front, rest) = text.split_at(count);
                (Piece::New(front), Some(Piece::New(rest)))
            }
            whole => (whole, None),
        };
        count -= match &front {
            Piece::Old(span) => span.len(),
            Piece::New(text) => text.len(),
        };
        taken.push(front);
        if let Some(rest) = rest {
            pieces.push_front(rest);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edits_apply_in_the_order_of_the_text() {
        let mut edits = Edits::new();
        edits.replace(Span::new(4, 5), "E");
        edits.insert(0, "<");
        edits.delete(Span::new(1, 3));
        edits.insert(6, ">");
        assert_eq!(edits.apply("abcdef"), "<adEf>");
        let origins = edits.origins();
        let origins: Vec<usize> = (0..6).map(|at| origins.of(at)).collect();
        assert_eq!(origins, [0, 0, 3, 4, 5, 6]);
    }

    #[test]
    #[should_panic(expected = "overlaps")]
    fn overlapping_edits_are_a_mistake() {
        let mut edits = Edits::new();
        edits.delete(Span::new(0, 3));
        edits.delete(Span::new(2, 4));
    }

    #[test]
    fn what_is_sent_has_to_fit() {
        let edit = |start, end| Edit { span: Span { start, end }, text: String::new() };
        assert!(Edits::apply_received(vec![edit(0, 1), edit(1, 3)], "abc").is_ok());
        assert!(Edits::apply_received(vec![edit(2, 3), edit(1, 2)], "abc").is_err(), "out of order");
        assert!(Edits::apply_received(vec![edit(0, 2), edit(1, 3)], "abc").is_err(), "overlapping");
        assert!(Edits::apply_received(vec![edit(2, 4)], "abc").is_err(), "after the end");
        assert!(Edits::apply_received(vec![edit(2, 1)], "abc").is_err(), "backwards");
        assert!(Edits::apply_received(vec![edit(0, 1)], "é").is_err(), "within a character");
    }

    /// Disjoint edits of a text of lower-case letters, from the distances between them, their
    /// lengths, and the inserted texts.
    fn edits_of(text: &str, cuts: Vec<(usize, usize, String)>) -> Edits {
        let mut edits = Edits::new();
        let mut at = 0;
        for (skip, len, new) in cuts {
            let start = at + skip;
            if start + len > text.len() {
                break;
            }
            edits.replace(Span::new(start, start + len), new);
            at = start + len + 1;
        }
        edits
    }

    proptest! {
        #[test]
        fn two_sets_in_one_go_do_what_they_do_in_turn(
            text in "[a-z]{20,60}",
            first in proptest::collection::vec((0usize..20, 0usize..4, "[A-Z]{0,3}"), 0..8),
            second in proptest::collection::vec((0usize..12, 0usize..6, "[0-9]{0,3}"), 0..8),
        ) {
            let first = edits_of(&text, first);
            let between = first.apply(&text);
            let second = edits_of(&between, second);
            let both = first.then(&second);
            prop_assert_eq!(both.apply(&text), second.apply(&between));
            prop_assert_eq!(Edits::apply_received(both.iter().cloned().collect(), &text), Ok(second.apply(&between)));
        }

        #[test]
        fn bytes_outside_edits_never_change(text in "[a-z]{20,60}", cuts in proptest::collection::vec((0usize..20, 0usize..4, "[A-Z]{0,3}"), 0..8)) {
            let edits = edits_of(&text, cuts);
            let kept: String = {
                let mut kept = String::new();
                let mut from = 0;
                for edit in edits.iter() { kept.push_str(&text[from..edit.span.start]); from = edit.span.end; }
                kept + &text[from..]
            };
            let new: String = edits.apply(&text).chars().filter(char::is_ascii_lowercase).collect();
            prop_assert_eq!(kept, new);
        }
    }
}

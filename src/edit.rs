//! Edits: replacements of spans of one text. The only place where new text is made from old.
//!
//! Edits know nothing of Dockerfiles; that a result still parses and means the same is checked by `pipeline`.

use crate::span::Span;

/// The bytes of a span, replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes; empty for an insertion.
    pub span: Span,
    /// What comes; empty for a deletion.
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

    /// Puts `text` at a place.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(Span::at(at), text);
    }

    /// Takes a span out.
    pub fn delete(&mut self, span: Span) {
        self.replace(span, String::new());
    }

    /// Replaces a span. Two insertions at one place stand in the order in which they were made.
    ///
    /// # Panics
    /// If the span overlaps an earlier edit: whoever proposes edits proposes them for disjoint places.
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

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From the first byte that any edit touches to the last.
    pub fn extent(&self) -> Option<Span> {
        Some(Span::new(self.0.first()?.span.start, self.0.last()?.span.end))
    }

    /// Takes over another set, unless it overlaps this one; then nothing happens and the answer is no.
    pub fn absorb(&mut self, other: &Edits) -> bool {
        // Only the neighbours of a span can touch it: both sets are sorted.
        let clashes = |edit: &Edit| {
            let at = self.0.partition_point(|mine| mine.span.end < edit.span.start);
            self.0[at..].iter().take_while(|mine| mine.span.start <= edit.span.end).any(|mine| {
                let (a, b) = (mine.span, edit.span);
                a.start < b.end && b.start < a.end || a == b || a.is_empty() || b.is_empty()
            })
        };
        if other.0.iter().any(clashes) {
            return false;
        }
        for edit in &other.0 {
            self.replace(edit.span, edit.text.clone());
        }
        true
    }

    /// Where a place of the new text was in the old one; what is new came from where it was put.
    pub fn origin(&self, at: usize) -> usize {
        // How far the new text is behind the old one, and how far ahead.
        let (mut gone, mut come) = (0, 0);
        for edit in &self.0 {
            let start = edit.span.start + come - gone;
            if at < start {
                break;
            }
            if at < start + edit.text.len() {
                return edit.span.start;
            }
            gone += edit.span.len();
            come += edit.text.len();
        }
        at + gone - come
    }

    /// The new text. Bytes outside the edits are copied as they are.
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
        let origins: Vec<usize> = (0..6).map(|at| edits.origin(at)).collect();
        assert_eq!(origins, [0, 0, 3, 4, 5, 6]);
    }

    #[test]
    #[should_panic(expected = "overlaps")]
    fn overlapping_edits_are_a_mistake() {
        let mut edits = Edits::new();
        edits.delete(Span::new(0, 3));
        edits.delete(Span::new(2, 4));
    }

    proptest! {
        #[test]
        fn bytes_outside_edits_never_change(text in "[a-z]{20,60}", cuts in proptest::collection::vec((0usize..20, 0usize..4, "[A-Z]{0,3}"), 0..8)) {
            let mut edits = Edits::new();
            let mut at = 0;
            for (skip, len, new) in cuts {
                let start = at + skip;
                if start + len > text.len() { break; }
                edits.replace(Span::new(start, start + len), new);
                at = start + len + 1;
            }
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

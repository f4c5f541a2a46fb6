//! A Dockerfile that is part of another file, the host: its text as the builder gets it, where its
//! lines are in the host, and how a new text is put back.
//!
//! Each line of the Dockerfile is one line of the host: after an indentation, and with another
//! spelling of dollar signs. Only lines that change are written again. Reads no files.

pub mod compose;
mod interpolation;
mod outcome;
mod scalar;

use crate::edit::Edits;
use crate::span::{Place, Span};

use interpolation::Spelling;
pub use outcome::HostOutcome;

/// A Dockerfile in a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedDockerfile {
    /// Its text.
    pub text: String,
    /// The number of lines of the host before it.
    pub lines_before: usize,
    /// The byte of the host at which its first line starts.
    start: usize,
    /// The number of blanks before each of its lines that is not empty.
    indentation: usize,
    line_break: &'static str,
    spelling: Spelling,
}

impl EmbeddedDockerfile {
    /// The position in the host of a position in the Dockerfile. The lines are those of the host
    /// from the start of the Dockerfile.
    fn place(&self, lines: &[&str], place: Place) -> Place {
        let line = lines.get(place.line - 1).copied().unwrap_or_default();
        let line = line.trim_end_matches(['\r', '\n']);
        let code = line.get(self.indentation..).unwrap_or_default();
        let before = interpolation::columns(code, place.column - 1);
        let width = line.chars().count();
        let column = (self.indentation + before).min(width.max(self.indentation)) + 1;
        Place { line: place.line + self.lines_before, column }
    }

    /// Where a mistake in the Dockerfile is in the host, and the line there.
    pub fn place_in(&self, host: &str, place: Place) -> (Place, String) {
        let lines = self.lines_in(host);
        let line = lines.get(place.line - 1).copied().unwrap_or_default();
        (self.place(&lines, place), line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The lines of the host from the first to the last one of the Dockerfile, with their line
    /// breaks.
    fn lines_in<'h>(&self, host: &'h str) -> Vec<&'h str> {
        let count = self.text.split_inclusive('\n').count();
        host[self.start..].split_inclusive('\n').take(count).collect()
    }

    /// The edits of the host for edits of the Dockerfile, and the Dockerfile after them, whose text
    /// is `new`.
    fn edits_in(&self, host: &str, edits: &Edits, new: &str) -> (Edits, Self) {
        let old = &self.text;
        let lines = self.lines_in(host);
        let (of_old, of_host) = (starts(old.split_inclusive('\n')), starts(lines.iter().copied()));
        // The byte of the host at the start of a line of the Dockerfile, or after the last one.
        let at_line_of =
            |offset: usize| self.start + of_host[of_old.partition_point(|start| *start < offset)];
        let mut changed = Edits::new();
        for (from, to) in changed_lines(old, edits, new) {
            let is_at_end = to.range().end == new.len();
            let mut written = String::new();
            for line in new[to.range()].split_inclusive('\n') {
                let (code, is_whole) = line.strip_suffix('\n').map_or((line, false), |code| (code, true));
                if !code.is_empty() {
                    written.extend(std::iter::repeat_n(' ', self.indentation));
                    written += &interpolation::escaped(code, self.spelling);
                }
                // A final line break that the text of the block doesn't have.
                let is_closed =
                    is_whole || is_at_end && lines.last().is_some_and(|line| line.ends_with('\n'));
                written += if is_closed { self.line_break } else { "" };
            }
            changed.replace(Span::new(at_line_of(from.start), at_line_of(from.end)), written);
        }
        (changed, Self { text: new.to_owned(), ..self.clone() })
    }

    /// Takes into account that the length of the host has changed before the Dockerfile.
    fn move_by(&mut self, old_length: usize, new_length: usize) {
        self.start = self.start + new_length - old_length;
    }
}

/// The offsets at which lines start, and that after the last one.
fn starts<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<usize> {
    let mut at = 0;
    let ends = lines.map(|line| {
        at += line.len();
        at
    });
    std::iter::once(0).chain(ends).collect()
}

/// The lines of a text that edits change, and the lines of the new text that replace them.
fn changed_lines(old: &str, edits: &Edits, new: &str) -> Vec<(Span, Span)> {
    // The lines, and how much longer the text is before them and after them.
    let mut found: Vec<(Span, usize, usize)> = Vec::new();
    let mut longer = 0_usize;
    for edit in edits.iter() {
        let Span { start, end } = edit.span;
        let before = longer;
        longer = longer.wrapping_add(edit.text.len()).wrapping_sub(edit.span.len());
        let first = old[..start].rfind('\n').map_or(0, |at| at + 1);
        let ends_line = |text: &str| text.is_empty() || text.ends_with('\n');
        let is_whole = first == start && ends_line(&old[..end]) && ends_line(&edit.text);
        let last = if is_whole { end } else { old[end..].find('\n').map_or(old.len(), |at| end + at + 1) };
        match found.last_mut() {
            Some((span, _, after)) if first < span.end || span.end == first && last > first => {
                (span.end, *after) = (span.end.max(last), longer);
            }
            Some((span, _, after)) if span.end >= last => *after = longer,
            _ => found.push((Span::new(first, last), before, longer)),
        }
    }
    let new_span = |span: Span, before: usize, after: usize| {
        Span::new(span.start.wrapping_add(before), span.end.wrapping_add(after))
    };
    let found = found.into_iter().map(|(span, before, after)| (span, new_span(span, before, after)));
    let found: Vec<_> = found.collect();
    debug_assert!(found.iter().all(|(_, to)| new.get(to.range()).is_some()), "lines of the new text");
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::embedded::compose::read;

    /// Disjoint edits, from the distances between them, their lengths, and the new texts.
    fn edits_of(text: &str, cuts: Vec<(usize, usize, String)>) -> Edits {
        let (mut edits, mut at) = (Edits::new(), 0);
        for (skip, length, new) in cuts {
            let start = at + skip;
            if start + length > text.len() {
                break;
            }
            edits.replace(Span::new(start, start + length), new);
            at = start + length + 1;
        }
        edits
    }

    proptest! {
        #[test]
        fn new_texts_are_read_back_and_other_lines_stay(
            lines in proptest::collection::vec("[a$( ]{0,4}", 0..6),
            cuts in proptest::collection::vec((0_usize..8, 0_usize..5, "[b$(\n ]{0,3}"), 0..6),
            header in "\\|[+-]?",
            is_crlf in any::<bool>(),
            has_rest in any::<bool>(),
        ) {
            let line_break = if is_crlf { "\r\n" } else { "\n" };
            let before = ["services:", "  s:", "    build:", &format!("      dockerfile_inline: {header}"), ""].join(line_break);
            let rest = if has_rest { format!("{line_break}    image: x{line_break}") } else { String::new() };
            let lines: Vec<String> = std::iter::once("        FROM a".to_owned())
                .chain(lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("        {line}") }))
                .collect();
            let host = format!("{before}{}{rest}", lines.join(line_break));
            let mut all = read(&host).expect("a Compose file");
            // A variable of Compose.
            prop_assume!(all.found.len() == 1);
            let dockerfile = all.found.remove(0).dockerfile;
            let edits = edits_of(&dockerfile.text, cuts);
            let text = edits.apply(&dockerfile.text);
            prop_assume!(!text.starts_with([' ', '\n']) && !text.is_empty());
            let (of_host, after) = dockerfile.edits_in(&host, &edits, &text);
            let new = of_host.apply(&host);
            prop_assert!(new.starts_with(&before) && new.ends_with(&rest), "{:?}", new);
            let found = read(&new).expect("a Compose file").found.remove(0).dockerfile;
            prop_assert_eq!(found.text.trim_end_matches('\n'), text.trim_end_matches('\n'));
            prop_assert_eq!(found.start, after.start);
            if is_crlf {
                prop_assert!(!new.replace("\r\n", "").contains('\n'));
            }
        }
    }
}

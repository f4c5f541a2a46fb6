//! A finding with the line of the source that it is about, for people at a terminal:
//!
//! ```text
//! fix[merge-runs]: run `apt-get update` in the same RUN as the install
//!  --> Dockerfile:10:1
//!   |
//! 10 | RUN apt-get install -y gcc
//!   | ^^^^^^^^^^^^^^^^^^^^^^^^^^
//! ```
//!
//! Foreign text is escaped here, so callers pass it as it is.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::escape;
use crate::span::Place;

/// What a finding says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Excerpt<'a> {
    /// What kind of finding it is, and the word for it: `fix`, `refused`, `warning`.
    pub kind: Kind,
    /// The transform, or the code of a message that belongs to none.
    pub id: Option<&'a str>,
    /// The sentence.
    pub title: &'a str,
    /// The displayed path of the file.
    pub path: &'a str,
    /// The position in the file.
    pub place: Place,
    /// The source line; empty if it is unknown.
    pub line: &'a str,
    /// More sentences.
    pub notes: &'a [String],
    /// What to do next.
    pub help: Option<&'a str>,
}

/// The kind of a finding, which determines its word and its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A safe fix.
    Fix,
    /// A fix that is not safe, applied because the user asked for it.
    UnsafeFix,
    /// A fix that exists and was not applied.
    NotApplied,
    /// A fix that was refused.
    Refused,
    /// A warning about the file.
    Warning,
    /// A mistake of Jettison.
    Bug,
    /// Why a file was not processed.
    Error,
}

impl Kind {
    fn level(self) -> Level<'static> {
        let level = match self {
            Self::Fix => Level::HELP,
            Self::UnsafeFix | Self::Warning => Level::WARNING,
            Self::NotApplied | Self::Refused => Level::NOTE,
            Self::Bug | Self::Error => Level::ERROR,
        };
        level.with_name(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::UnsafeFix => "unsafe fix",
            Self::NotApplied => "not applied",
            Self::Refused => "refused",
            Self::Warning => "warning",
            Self::Bug => "bug",
            Self::Error => "error",
        }
    }
}

/// How an excerpt is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawing {
    /// Whether it has colours and links.
    pub coloured: bool,
    /// The width in columns, if it is known; longer source lines are cut.
    pub width: Option<usize>,
}

impl Excerpt<'_> {
    /// The text, which ends in a line break.
    pub(super) fn render(&self, drawing: Drawing) -> String {
        let renderer = if drawing.coloured { Renderer::styled() } else { Renderer::plain() };
        let renderer = match drawing.width {
            Some(width) => renderer.term_width(width),
            None => renderer,
        };
        let before = self.kind.name().len() + self.id.map_or(0, |id| id.len() + 2) + ": ".len();
        let title = escape::line(self.title);
        let title = match drawing.width.and_then(|width| width.checked_sub(before)) {
            Some(width) => Cow::Owned(wrapped(&title, width)),
            None => title,
        };
        let mut heading = self.kind.level().primary_title(title.as_ref());
        if let Some(id) = self.id {
            heading = heading.id(id);
            let repository = env!("CARGO_PKG_REPOSITORY");
            if !repository.is_empty() {
                heading = heading.id_url(format!("{repository}/blob/main/docs/transforms.md#{id}"));
            }
        }
        let path = escape::line(self.path);
        let (mut line, mut marked) = self.shown_line();
        let margin = self.place.line.to_string().len() + " | ".len();
        if let Some(width) = drawing.width {
            cut(&mut line, &mut marked, width.saturating_sub(margin).max(NARROWEST));
        }
        let group = if line.is_empty() {
            let origin = Origin::path(path.as_ref()).line(self.place.line).char_column(self.place.column);
            Group::with_title(heading).element(origin)
        } else {
            let snippet = Snippet::source(line.as_str()).line_start(self.place.line).path(path.as_ref());
            heading.element(snippet.annotation(AnnotationKind::Primary.span(marked)))
        };
        let notes: Vec<_> = self.notes.iter().map(|note| escape::line(note)).collect();
        let group = group.elements(notes.iter().map(|note| Level::NOTE.message(note.as_ref())));
        let group = group.elements(self.help.map(|help| Level::HELP.message(help)));
        format!("{}\n\n", renderer.render(&[group]))
    }

    /// The escaped source line, and the bytes of it to mark: from the position to the end, without
    /// a continuation.
    fn shown_line(&self) -> (String, std::ops::Range<usize>) {
        let line = self.line.trim_end_matches(['\r', '\n']);
        let at =
            line.char_indices().nth(self.place.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
        let (before, rest) = line.split_at(at);
        let marked = rest.trim_end().trim_end_matches(['\\', '`']).trim_end();
        let after = &rest[marked.len()..];
        let (before, marked) = (escape::line(before), escape::line(marked));
        let range = before.len()..before.len() + marked.len();
        (format!("{before}{marked}{}", escape::line(after)), range)
    }
}

/// The least width of a column of text.
const NARROWEST: usize = 20;

/// Cuts a line that is wider than `width`, unless the marked part starts after that.
fn cut(line: &mut String, marked: &mut std::ops::Range<usize>, width: usize) {
    if line.chars().count() <= width {
        return;
    }
    let end = line.char_indices().nth(width - 1).map_or(line.len(), |(at, _)| at);
    if marked.start < end {
        line.truncate(end);
        line.push('…');
        marked.end = marked.end.min(end);
    }
}

/// Breaks a line between words, so that no line is wider than `width` unless a word is.
fn wrapped(line: &str, width: usize) -> String {
    let width = width.max(NARROWEST);
    let mut text = String::with_capacity(line.len());
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, column: usize, title: &str) -> String {
        let place = Place { line: 7, column };
        let notes = ["why".to_owned()];
        let excerpt = Excerpt {
            kind: Kind::Fix,
            id: Some("merge-runs"),
            title,
            path: "a/Dockerfile",
            place,
            line,
            notes: &notes,
            help: Some("do it"),
        };
        excerpt.render(Drawing { coloured: false, width: None })
    }

    #[test]
    fn the_source_line_is_shown_and_marked() {
        let expected = "\
fix[merge-runs]: combine
 --> a/Dockerfile:7:1
  |
7 | RUN apt-get update \\
  | ^^^^^^^^^^^^^^^^^^
  |
  = note: why
  = help: do it

";
        assert_eq!(shown("RUN apt-get update \\\r", 1, "combine"), expected);
    }

    #[test]
    fn a_line_of_wide_or_hidden_characters_is_marked_where_it_should_be() {
        let text = shown("ENV é=\u{202e}x", 5, "a\u{1b}[2Jb");
        assert!(text.contains("7 | ENV é=\\u{202e}x\n  |     ^^^^^^^^^^^\n"), "{text}");
        assert!(text.starts_with("fix[merge-runs]: a\\u{1b}[2Jb\n"), "{text}");
    }

    #[test]
    fn a_finding_without_a_known_line_has_its_place() {
        let text = shown("", 3, "combine");
        assert!(text.contains("--> a/Dockerfile:7:3\n"), "{text}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let (mut line, mut marked) = ("RUN é ".repeat(20), 0..139);
        cut(&mut line, &mut marked, 24);
        assert_eq!((line.as_str(), marked), ("RUN é RUN é RUN é RUN é…", 0..27));
        let (mut line, mut marked) = ("RUN x".to_owned(), 0..5);
        cut(&mut line, &mut marked, 24);
        assert_eq!((line.as_str(), marked), ("RUN x", 0..5));
    }

    #[test]
    fn a_long_title_is_wrapped_between_words() {
        let place = Place { line: 1, column: 1 };
        let title = "run `apt-get update` in the same RUN as the install";
        let excerpt = Excerpt {
            kind: Kind::Fix,
            id: Some("merge-runs"),
            title,
            path: "Dockerfile",
            place,
            line: "RUN x",
            notes: &[],
            help: None,
        };
        let text = excerpt.render(Drawing { coloured: false, width: Some(50) });
        let expected = "\
fix[merge-runs]: run `apt-get update` in the same
                 RUN as the install
 --> Dockerfile:1:1
";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn a_position_after_the_end_of_its_line_does_no_harm() {
        assert!(shown("RUN x", 90, "combine").contains("7 | RUN x\n"));
    }
}

//! What the program understands of a Dockerfile, as text for contributors: the syntax tree, and the
//! facts.
//!
//! The formats may change at any time. Control characters of the file are escaped.

mod facts;
mod tree;

use crate::context::ContextSource;
use crate::escape;
use crate::facts::Facts;
use crate::knowledge::Knowledge;
use crate::span::{LineIndex, Span};
use crate::syntax::Dockerfile;

/// The syntax tree: each line has a node, the bytes that it covers, and its text.
pub fn tree(text: &str) -> String {
    let file = Dockerfile::parse(text);
    let mut page = Page::of(text);
    tree::print(&mut page, &file);
    page.out
}

/// The facts: the stages, and for each instruction the execution state and the effects; for each
/// command of a RUN its directory, its variables and its call of a package manager.
pub fn facts(text: &str, context_source: &dyn ContextSource) -> String {
    let file = Dockerfile::parse(text);
    let facts = Facts::of(&file, Knowledge::embedded()).within(context_source);
    let mut page = Page::of(text);
    facts::print(&mut page, &facts);
    page.out
}

/// Indented lines.
struct Page<'t> {
    lines: LineIndex<'t>,
    depth: usize,
    out: String,
}

impl<'t> Page<'t> {
    fn of(text: &'t str) -> Self {
        Self { lines: LineIndex::of(text), depth: 0, out: String::new() }
    }

    fn line(&mut self, text: impl AsRef<str>) {
        self.out += &"  ".repeat(self.depth);
        self.out += &escape::line(text.as_ref().trim_end());
        self.out.push('\n');
    }

    /// A line that starts with the line and column of a span, and the lines below it.
    fn at(&mut self, span: Span, text: &str, below: impl FnOnce(&mut Self)) {
        let place = self.lines.place(span.start);
        self.group(&format!("{place} {text}"), below);
    }

    /// A line and the lines below it.
    fn group(&mut self, text: &str, below: impl FnOnce(&mut Self)) {
        self.line(text);
        self.depth += 1;
        below(self);
        self.depth -= 1;
    }
}

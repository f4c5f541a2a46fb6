//! The text of one list of packages instead of two, in the author's layout.

use std::collections::HashSet;

use crate::edit::Edits;
use crate::facts::commands::Invocation;
use crate::facts::packages::Call;
use crate::facts::style::Style;
use crate::facts::{RunFacts, excise};
use crate::span::Span;
use crate::syntax::shell::Word;
use crate::transform::Context;

/// A longer line is broken.
const WIDEST: usize = 100;

/// The edits that move the packages of the second call to the first one. `None` if a comment or an
/// escaped blank prevents that.
pub fn combine<'a>(
    ctx: &Context<'a>,
    run: &RunFacts<'a>,
    first: &Call<'a>,
    second: &Call<'a>,
) -> Option<Edits> {
    let (left, right) = (&run.invocations[first.invocation], &run.invocations[second.invocation]);
    let end = left.command.span.end;
    let (start, last) = (second.packages.first()?.span.start, second.packages.last()?.span.end);
    let comments = comments(run, Span::new(end, start));
    // The text before a comment may end in an escaped blank, too.
    excise::clear(run, Span::new(end, comments.first().map_or(start, |comment| comment.start)))?;
    let known: HashSet<&str> = first.packages.iter().map(|word| word.text()).collect();
    let added: Vec<&Word> =
        second.packages.iter().copied().filter(|word| !known.contains(word.text())).collect();
    let lines = Lines { ctx, run };
    let mut edits = Edits::new();
    if !self::comments(run, Span::new(start, last)).is_empty() {
        let indent = lines.indent(first, second)?;
        edits.replace(Span::new(end, start), lines.joint(&comments, Some(&indent)));
        return (!has_options_after(second, start)).then_some(edits);
    }
    let whole = Span::new(end, right.command.span.end);
    let column = lines.keep_style(left, right, &mut edits).unwrap_or_else(|| lines.column(end));
    let indent = lines.indent(first, second);
    if let Some(indent) = indent.as_deref().filter(|_| comments.is_empty() && lines.are_sorted(first, second))
    {
        let mut all: Vec<&str> = first.packages.iter().chain(&added).map(|word| word.text()).collect();
        all.sort_unstable();
        let list = all.join(&lines.joint(&[], Some(indent)));
        edits.replace(Span::new(first.packages[0].span.start, whole.end), list);
        return Some(edits);
    }
    let listed = lines.are_listed(first) || lines.are_listed(second);
    let indent = indent.unwrap_or_else(|| lines.indent_of_next_line());
    let length: usize = added.iter().map(|word| word.raw.len() + 1).sum();
    let (mut text, mut column) = (String::new(), column);
    let fits = column + length <= WIDEST;
    for (index, word) in added.iter().enumerate() {
        let is_broken = match index {
            0 => !comments.is_empty() || !fits || listed,
            _ if listed => lines.are_listed(first) || lines.starts_line(word),
            _ => column + word.raw.len() >= WIDEST,
        };
        let joint = if is_broken {
            lines.joint(if index == 0 { &comments } else { &[] }, Some(&indent))
        } else {
            " ".to_owned()
        };
        column = if is_broken { indent.len() } else { column + 1 } + word.raw.len();
        text += &joint;
        text += &word.raw;
    }
    if added.is_empty() && !comments.is_empty() {
        return None;
    }
    edits.replace(whole, text);
    Some(edits)
}

/// Whether an option follows a package.
fn has_options_after(call: &Call<'_>, start: usize) -> bool {
    call.options.iter().chain(&call.values).any(|word| word.span.start > start)
}

fn comments(run: &RunFacts<'_>, span: Span) -> Vec<Span> {
    run.instruction.comments.iter().copied().filter(|comment| span.contains(*comment)).collect()
}

struct Lines<'c, 'a> {
    ctx: &'c Context<'a>,
    run: &'c RunFacts<'a>,
}

impl Lines<'_, '_> {
    /// What separates two packages: blanks, or a line break with comment lines.
    fn joint(&self, comments: &[Span], indent: Option<&str>) -> String {
        let Some(indent) = indent else { return " ".to_owned() };
        let Style { escape, line_break, .. } = Style::of(self.ctx.facts, self.run.instruction);
        let comments: String = comments
            .iter()
            .map(|comment| format!("{indent}{}{line_break}", comment.of(self.ctx.file.text).trim()))
            .collect();
        format!(" {escape}{line_break}{comments}{indent}")
    }

    /// The indentation of lines that start with a package; `None` if no line does.
    fn indent(&self, first: &Call<'_>, second: &Call<'_>) -> Option<String> {
        let mut words = first.packages.iter().rev().chain(second.packages.iter().skip(1));
        let word = words.find(|word| self.starts_line(word))?;
        let start = self.line(word.span.start);
        Some(self.ctx.file.text[start..word.span.start].to_owned())
    }

    /// Breaks the line before the first install if the two would be the only commands on different
    /// lines: a command that is appended later is to be in the author's style, too.
    /// Returns the column at which the first install then ends.
    fn keep_style(&self, left: &Invocation<'_>, right: &Invocation<'_>, edits: &mut Edits) -> Option<usize> {
        let text = self.ctx.file.text;
        let (start, end) = (left.command.span.start, left.command.span.end);
        let whole = self.run.instruction.text;
        let others = [Span::new(whole.start, end), Span::new(right.command.span.start, whole.end)];
        let is_only_break = others.iter().all(|part| !part.of(text).contains('\n'))
            && text[end..right.command.span.start].contains('\n');
        if !is_only_break || !text[..start].ends_with(" && ") {
            return None;
        }
        let joint = Style::of(self.ctx.facts, self.run.instruction).joint("&&");
        let before = joint.rsplit('\n').next().map_or(0, str::len);
        edits.replace(Span::new(start - " && ".len(), start), joint);
        Some(before + end - start)
    }

    /// The indentation of a list that continues on the next line.
    fn indent_of_next_line(&self) -> String {
        let indent = Style::of(self.ctx.facts, self.run.instruction).indent;
        let deeper = if indent.contains('\t') { "\t" } else { "    " };
        indent + deeper
    }

    /// Whether each package after the first is on a line of its own.
    fn are_listed(&self, call: &Call<'_>) -> bool {
        call.packages.len() > 1 && call.packages.iter().skip(1).all(|word| self.starts_line(word))
    }

    fn line(&self, at: usize) -> usize {
        self.ctx.file.text[..at].rfind('\n').map_or(0, |at| at + 1)
    }

    fn column(&self, at: usize) -> usize {
        at - self.line(at)
    }

    /// Whether a word is the first of its line.
    fn starts_line(&self, word: &Word) -> bool {
        self.ctx.file.text[self.line(word.span.start)..word.span.start].trim().is_empty()
    }

    /// Whether both lists are sorted, the first one has a package on each line, and only packages
    /// follow its first package.
    fn are_sorted(&self, first: &Call<'_>, second: &Call<'_>) -> bool {
        let is_sorted = |call: &Call<'_>| call.packages.is_sorted_by_key(|word| word.text());
        let (start, end) = (first.packages[0].span.start, first.packages[first.packages.len() - 1].span.end);
        self.are_listed(first)
            && is_sorted(first)
            && is_sorted(second)
            && !has_options_after(first, start)
            && comments(self.run, Span::new(start, end)).is_empty()
    }
}

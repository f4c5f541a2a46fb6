//! Scripts at another place of a file, or of another one: the same tree with other spans.

use crate::shell::{Command, CommandKind, End, List, Pipeline, Script, Statement, Word};
use crate::span::Span;

impl Script {
    /// Moves all spans by so many bytes.
    pub(super) fn move_by(&mut self, by: isize) {
        if by != 0 {
            move_span(&mut self.span, by);
            move_list(&mut self.list, by);
        }
    }
}

fn move_span(span: &mut Span, by: isize) {
    span.start = span.start.wrapping_add_signed(by);
    span.end = span.end.wrapping_add_signed(by);
}

fn move_list(list: &mut List, by: isize) {
    for Statement { first, rest, end, span } in &mut list.statements {
        move_pipeline(first, by);
        rest.iter_mut().for_each(|(_, pipeline)| move_pipeline(pipeline, by));
        if let End::Semicolon(at) = end {
            move_span(at, by);
        }
        move_span(span, by);
    }
}

fn move_pipeline(pipeline: &mut Pipeline, by: isize) {
    for Command { kind, redirects, span } in &mut pipeline.commands {
        match kind {
            CommandKind::Simple(simple) => {
                let assigned =
                    simple.assignments.iter_mut().filter_map(|assignment| assignment.value.as_mut());
                assigned.chain(&mut simple.words).for_each(|word| move_word(word, by));
            }
            CommandKind::Subshell(list)
            | CommandKind::Group(list)
            | CommandKind::Function(_, list)
            | CommandKind::Prefixed(list) => move_list(list, by),
            CommandKind::Branching(branching) => {
                move_list(&mut branching.condition, by);
                branching.branches.iter_mut().for_each(|list| move_list(list, by));
                branching.words.iter_mut().for_each(|word| move_word(word, by));
            }
            CommandKind::Test(lists) => lists.iter_mut().for_each(|list| move_list(list, by)),
        }
        for redirect in redirects {
            move_span(&mut redirect.span, by);
            redirect.target.iter_mut().for_each(|word| move_word(word, by));
        }
        move_span(span, by);
    }
    move_span(&mut pipeline.span, by);
}

fn move_word(word: &mut Word, by: isize) {
    move_span(&mut word.span, by);
    word.substitutions.iter_mut().for_each(|list| move_list(list, by));
}

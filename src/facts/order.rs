//! Which copies of a stage can stand further down, and what of the text goes with an instruction that moves.
//!
//! Only COPY and ADD move, and only downwards: the RUN instructions keep their order, their directory and their variables, so that
//! the same programs run in the same surroundings. What is worth moving is asked here, what commutes in `effects`.

use crate::facts::effects::Effects;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::{Program, Scope};
use crate::pragma::is_pragma;
use crate::span::Span;
use crate::syntax::{Body, Instruction, Item, Run};

/// A new place for an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The item that moves.
    pub item: usize,
    /// The item that it comes to stand behind, before those that move there later in the list.
    pub behind: usize,
    /// The first step that no longer has to be done again when the copied files change.
    pub spares: usize,
}

/// What goes with an instruction: the comment lines right above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Comments and instruction, whole lines.
    pub span: Span,
    /// Whether a blank line stands above.
    pub blank_above: bool,
    /// The blank line below, where there is one.
    pub blank_below: Option<Span>,
}

impl Facts<'_> {
    /// The copies of a stage that gain by standing further down. `fixed` says what must stay where it is.
    pub fn sinking_copies(&self, stage: usize, fixed: &dyn Fn(&Instruction<'_>) -> bool) -> Vec<Move> {
        let items = self.stages[stage].items.clone();
        let instruction = |item: usize| match &self.file.items[item] {
            Item::Instruction(instruction) => Some(&**instruction),
            _ => None,
        };
        let mut order: Vec<usize> = items.clone().skip(1).filter(|&item| !self.is_gap(item)).collect();
        if !self.may_sink(&order) {
            return Vec::new();
        }
        let effects: Vec<(usize, Effects)> = order.iter().map(|&item| (item, self.effects(item))).collect();
        let of = |item: usize| {
            &effects[effects.binary_search_by_key(&item, |(item, _)| *item).expect("all of the stage")].1
        };
        let mut moved = Vec::new();
        for item in order.clone().into_iter().rev() {
            // What stands in the Dockerfile itself changes no more often than the steps do.
            let is_copy = |one: &&Instruction<'_>| {
                matches!(one.body, Body::Copy(_) | Body::Add(_)) && one.heredocs.is_empty() && !fixed(one)
            };
            if instruction(item).filter(is_copy).is_none() || super::near_error(self.file, item) {
                continue;
            }
            let from = order.iter().position(|&one| one == item).expect("in the list");
            let passed = order[from + 1..]
                .iter()
                .take_while(|&&other| self.is_movable_across(other) && of(item).commute(of(other)));
            let passed: Vec<usize> = passed.copied().collect();
            let Some(last) = passed.iter().rposition(|&other| self.takes_time(other)) else { continue };
            let spares = *passed.iter().find(|&&other| self.takes_time(other)).expect("there is a last one");
            order.remove(from);
            order.insert(from + last + 1, item);
            moved.push((item, spares));
        }
        let is_moved = |item: &usize| moved.iter().any(|(one, _)| one == item);
        let mut moves = Vec::new();
        for (at, item) in order.iter().enumerate().filter(|(_, item)| is_moved(item)) {
            let behind = order[..at].iter().rev().find(|one| !is_moved(one)).copied();
            let spares = moved.iter().find(|(one, _)| one == item).map(|(_, spares)| *spares);
            moves.extend(behind.zip(spares).map(|(behind, spares)| Move { item: *item, behind, spares }));
        }
        moves
    }

    /// A first look that costs nothing: a copy with a RUN somewhere behind it.
    fn may_sink(&self, order: &[usize]) -> bool {
        let body = |item: &usize| match &self.file.items[*item] {
            Item::Instruction(instruction) => Some(&instruction.body),
            _ => None,
        };
        let first = order.iter().position(|item| matches!(body(item), Some(Body::Copy(_) | Body::Add(_))));
        first.is_some_and(|first| order[first..].iter().any(|item| matches!(body(item), Some(Body::Run(_)))))
    }

    fn is_gap(&self, item: usize) -> bool {
        match &self.file.items[item] {
            Item::Blank(_) => true,
            // A comment to a tool that stands by itself may be meant for a place.
            Item::Comment(span) => !is_pragma(span.of(self.file.text)) || self.belongs_to_next(item),
            _ => false,
        }
    }

    fn belongs_to_next(&self, item: usize) -> bool {
        let next = self.file.items[item + 1..].iter().find(|item| !matches!(item, Item::Comment(_)));
        matches!(next, Some(Item::Instruction(_)))
    }

    fn is_movable_across(&self, item: usize) -> bool {
        matches!(&self.file.items[item], Item::Instruction(one) if !matches!(one.body, Body::From(_) | Body::Onbuild(..)))
    }

    /// Whether a step is worth not being done again: it fetches, installs or makes accounts; the rest of a second is not.
    pub fn takes_time(&self, item: usize) -> bool {
        let Item::Instruction(instruction) = &self.file.items[item] else { return false };
        let Body::Run(Run::Shell(_) | Run::Heredoc(_)) = &instruction.body else { return false };
        let run = self.runs.binary_search_by_key(&item, |run| run.item).map(|at| &self.runs[at]);
        run.is_ok_and(|run| {
            run.invocations.iter().enumerate().any(|(index, _)| self.command_takes_time(run, index))
        })
    }

    fn command_takes_time(&self, run: &RunFacts<'_>, index: usize) -> bool {
        let Some(program) = run.invocations[index].program else { return false };
        let call = run.calls.iter().find(|call| call.invocation == index);
        call.is_some_and(|call| call.manager.installs(&call.verb) || call.manager.refreshes(&call.verb))
            || matches!(self.known.scope(program), Some(Scope::Download | Scope::Accounts))
            || program == "git"
            || call.is_none()
                && self.known.program(program).is_some_and(|kind| kind != Program::Cheap)
                && self.known.scope(program) == Some(Scope::System)
    }

    /// What of the text goes with an instruction.
    pub fn block(&self, item: usize) -> Block {
        let mut first = item;
        while first > 0 && matches!(self.file.items[first - 1], Item::Comment(_)) {
            first -= 1;
        }
        let blank_above = first > 0 && matches!(self.file.items[first - 1], Item::Blank(_));
        let blank_below = match self.file.items.get(item + 1) {
            Some(Item::Blank(span)) => Some(*span),
            _ => None,
        };
        let span = Span::new(self.file.items[first].span().start, self.file.items[item].span().end);
        Block { span, blank_above, blank_below }
    }
}

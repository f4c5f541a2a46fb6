//! Which instructions of a stage can stand further down, and what of the text goes with one that moves.
//!
//! RUN instructions keep their order, so that the same programs run one after the other. Copies and what only says which build this is
//! sink below them. What is worth moving is asked here, what commutes in `effects`.

mod early;
mod gain;
mod index;
mod metadata;

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use crate::facts::effects::{Effects, Resource, Tree};
use crate::facts::environment::User;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::{Program, Scope};
use crate::pragma::is_pragma;
use crate::span::Span;
use crate::syntax::{Body, Instruction, Item, Run};

use gain::{Rate, Rates};

pub use early::{Early, EarlyCopy};

/// Each try finds copies whose move gains nothing because others stay; more are not made.
const MOST_TRIES: usize = 8;

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

/// Lets each sink as far as it gains by it, the lowest first, so that the upper ones follow it.
fn sink(mut order: Vec<usize>, rules: &Sinking<'_>) -> Vec<Move> {
    let mut moved: Vec<(usize, usize)> = Vec::new();
    for item in order.clone().into_iter().rev().filter(|&item| (rules.may_move)(item)) {
        let from = order.iter().position(|&one| one == item).expect("it is in the list");
        let passed = order[from + 1..].iter().take_while(|&&other| (rules.may_pass)(item, other));
        let passed: Vec<usize> = passed.copied().collect();
        let gains = |other: &&usize| (rules.gains_by)(item, **other);
        let Some(spares) = passed.iter().find(gains).copied() else { continue };
        let last = passed.iter().rposition(|other| gains(&other)).expect("there is a first one");
        order.remove(from);
        order.insert(from + last + 1, item);
        moved.push((item, spares));
    }
    let spared_by = |item: usize| moved.iter().find(|(one, _)| *one == item).map(|(_, spares)| *spares);
    let mut moves = Vec::new();
    for (at, &item) in order.iter().enumerate() {
        let Some(spares) = spared_by(item) else { continue };
        let behind = order[..at].iter().rev().find(|one| spared_by(**one).is_none());
        let behind = *behind.expect("it moved behind something that stayed");
        moves.push(Move { item, behind, spares });
    }
    moves
}

/// The order after some moves.
fn with_moves(order: &[usize], moves: &[Move]) -> Vec<usize> {
    let mut behind: HashMap<usize, Vec<usize>> = HashMap::new();
    for one in moves {
        behind.entry(one.behind).or_default().push(one.item);
    }
    let moved: BTreeSet<usize> = moves.iter().map(|one| one.item).collect();
    let stay = order.iter().filter(|item| !moved.contains(item));
    stay.flat_map(|item| std::iter::once(*item).chain(behind.remove(item).unwrap_or_default())).collect()
}

/// The effects of a stage's instructions, each computed when it is first asked for.
struct Remembered<'f, 'a> {
    facts: &'f Facts<'a>,
    items: Vec<(usize, OnceCell<Effects>)>,
}

impl<'f, 'a> Remembered<'f, 'a> {
    fn of(facts: &'f Facts<'a>, order: &[usize]) -> Self {
        Self { facts, items: order.iter().map(|&item| (item, OnceCell::new())).collect() }
    }

    fn at(&self, item: usize) -> &Effects {
        let at = self.items.binary_search_by_key(&item, |(item, _)| *item);
        let (_, cell) = &self.items[at.expect("the item is one of the stage's instructions")];
        cell.get_or_init(|| self.facts.effects(item))
    }
}

/// What may move, past what, and what for.
struct Sinking<'r> {
    may_move: &'r dyn Fn(usize) -> bool,
    may_pass: &'r dyn Fn(usize, usize) -> bool,
    gains_by: &'r dyn Fn(usize, usize) -> bool,
}

impl Facts<'_> {
    /// The copies of a stage that gain by standing further down. `fixed` says what must stay where it is.
    pub fn sinking_copies(&self, stage: usize, fixed: &dyn Fn(&Instruction<'_>) -> bool) -> Vec<Move> {
        let is_copy = |body: &Body| matches!(body, Body::Copy(_) | Body::Add(_));
        let Some(order) = self.movable_items(stage, &is_copy) else { return Vec::new() };
        let effects = Remembered::of(self, &order);
        let of = |item: usize| effects.at(item);
        let handing_on: BTreeSet<usize> =
            order.iter().copied().filter(|&item| self.hands_index_on(item)).collect();
        let mut rates = Rates::default();
        let own: HashMap<usize, Rate> =
            order.iter().map(|&item| (item, self.rate(item, &mut rates))).collect();
        let base = self.rate_of_base(stage, &mut rates);
        // How often what is above each step changes: first as if all copies left, then as far as they do.
        let mut above: HashMap<usize, Rate> =
            order.iter().map(|&item| (item, base.max(own[&item]))).collect();
        let mut moves = Vec::new();
        for _ in 0..MOST_TRIES {
            let again = sink(
                order.clone(),
                &Sinking {
                    // What stands in the Dockerfile itself changes no more often than the steps do.
                    may_move: &|item| {
                        self.instruction_at(item)
                            .is_some_and(|one| is_copy(&one.body) && one.heredocs.is_empty() && !fixed(one))
                            && !super::near_error(self.file, item)
                    },
                    may_pass: &|item, other| {
                        self.is_movable_across(other)
                            && !handing_on.contains(&other)
                            && (of(item).commute(of(other))
                                || self.may_pass_workdir(item, other, of(item), of(other)))
                    },
                    gains_by: &|item, other| self.is_worth_sparing(other) && own[&item] > above[&other],
                },
            );
            if again == moves {
                return moves;
            }
            moves = again;
            let mut so_far = base;
            for item in with_moves(&order, &moves) {
                let is_step = !self.instruction_at(item).is_some_and(|one| is_copy(&one.body));
                above.insert(item, so_far.max(if is_step { own[&item] } else { Rate::Fixed }));
                so_far = so_far.max(own[&item]);
            }
        }
        Vec::new()
    }

    /// The ARG, ENV and LABEL instructions of a stage that say which build this is, and gain by standing further down.
    pub fn sinking_metadata(&self, stage: usize, fixed: &dyn Fn(&Instruction<'_>) -> bool) -> Vec<Move> {
        let Some(order) = self.movable_items(stage, &metadata::may_vary) else { return Vec::new() };
        let effects = Remembered::of(self, &order);
        let handing_on: BTreeSet<usize> =
            order.iter().copied().filter(|&item| self.hands_index_on(item)).collect();
        let of = |item: usize| effects.at(item);
        sink(
            order,
            &Sinking {
                may_move: &|item| {
                    self.instruction_at(item)
                        .is_some_and(|one| self.varies_by_build(item, one) && !fixed(one))
                        && !super::near_error(self.file, item)
                },
                may_pass: &|item, other| {
                    self.is_movable_across(other)
                        && !handing_on.contains(&other)
                        && self.metadata_may_pass(item, other, of(item), of(other))
                },
                gains_by: &|_, other| self.is_worth_sparing(other),
            },
        )
    }

    /// The instructions of a stage behind its FROM; none where nothing that may move has a RUN behind it, so that a file without any costs
    /// nothing.
    fn movable_items(&self, stage: usize, may_move: &dyn Fn(&Body) -> bool) -> Option<Vec<usize>> {
        let items = self.stages[stage].items.clone();
        let order: Vec<usize> = items.skip(1).filter(|&item| !self.is_gap(item)).collect();
        let body = |item: &usize| self.instruction_at(*item).map(|one| &one.body);
        let first = order.iter().position(|item| body(item).is_some_and(may_move))?;
        order[first..].iter().any(|item| matches!(body(item), Some(Body::Run(_)))).then_some(order)
    }

    fn instruction_at(&self, item: usize) -> Option<&Instruction<'_>> {
        match &self.file.items[item] {
            Item::Instruction(instruction) => Some(instruction),
            _ => None,
        }
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

    /// Whether a copy may pass a WORKDIR that makes a directory where it goes: both make missing directories for root with the same mode, and
    /// a copy sets the mode of the directories that it brings (BuildKit's file operations).
    fn may_pass_workdir(&self, item: usize, other: usize, copy: &Effects, workdir: &Effects) -> bool {
        let (Some(one), Some(other_one)) = (self.instruction_at(item), self.instruction_at(other)) else {
            return false;
        };
        matches!(other_one.body, Body::Workdir(_))
            && !one.flags.iter().any(|flag| flag.name == "chown")
            && self.user_at(other) == User::Root
            && !workdir
                .writes
                .iter()
                .any(|written| !matches!(written, Resource::Files(_)) && copy.reads.contains(written))
            && !workdir.writes.contains(&Resource::Files(Tree::Everything))
    }

    fn is_movable_across(&self, item: usize) -> bool {
        matches!(&self.file.items[item], Item::Instruction(one) if !matches!(one.body, Body::From(_) | Body::Onbuild(..)))
    }

    /// Whether one of the commands of a step that count takes time: it fetches, installs or makes accounts; the rest of a second is not.
    fn takes_time_for(&self, item: usize, counts: impl Fn(&RunFacts<'_>, usize) -> bool) -> bool {
        let Item::Instruction(instruction) = &self.file.items[item] else { return false };
        let Body::Run(Run::Shell(_) | Run::Heredoc(_)) = &instruction.body else { return false };
        let run = self.run_at(item);
        run.is_some_and(|run| {
            (0..run.invocations.len()).any(|index| counts(run, index) && self.command_takes_time(run, index))
        })
    }

    fn command_takes_time(&self, run: &RunFacts<'_>, index: usize) -> bool {
        let Some(program) = run.invocations[index].program else { return false };
        let call = run.calls.iter().find(|call| call.invocation == index);
        call.is_some_and(|call| call.manager.installs(&call.verb))
            || matches!(self.known.scope(program), Some(Scope::Download | Scope::Accounts))
            || program == "git"
            || call.is_none()
                && self.known.program(program).is_some_and(|kind| kind != Program::Cheap)
                && matches!(self.known.scope(program), Some(Scope::Named | Scope::System))
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

//! Which instructions of a stage can move down, and the text that moves with them.
//!
//! RUN instructions keep their order, so the same programs run one after the other. Copies and
//! build metadata sink below them. This module decides which moves are worth making;
//! `facts::effects` decides which instructions commute.

pub(crate) mod index;
mod metadata;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::facts::change_rate::Rate;
use crate::facts::effects::{Effects, Resource, Tree};
use crate::facts::environment::User;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::lists::version_control::TRANSFERS_OF_GIT;
use crate::knowledge::{Program, Scope};
use crate::pragma::is_pragma;
use crate::syntax::{Body, Instruction, Item, Run};
use crate::transforms::support::first_line::first_line;

/// The largest number of rounds. A round may show that a move gains nothing because other copies
/// stay.
const MOST_TRIES: usize = 8;

/// A new place for an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The item that moves.
    pub item: usize,
    /// The item that it moves after. Items later in the list that move there follow it.
    pub after: usize,
    /// The first step that stays cached when the copied files change.
    pub spares: usize,
}

/// The installs that some moves of sources spare, as their first lines: what a rebuild after a
/// source change no longer repeats.
pub(crate) fn spared_installs(facts: &Facts<'_>, moves: &[Move]) -> Vec<String> {
    let sources = moves.iter().filter(|moving| facts.rate(moving.item) == Rate::Often);
    let passed: BTreeSet<usize> = sources.flat_map(|moving| moving.spares..=moving.after).collect();
    let installs = |item: &usize| {
        facts.run_at(*item).is_some_and(|run| run.calls.iter().any(|call| call.manager.installs(&call.verb)))
    };
    let named = |item: usize| first_line(facts.file.items[item].span().of(facts.file.text)).to_owned();
    passed.into_iter().filter(installs).map(named).collect()
}

/// Moves each instruction down as far as it gains, the lowest first, so that the upper ones can
/// follow. An instruction that would pass more than [`FURTHEST`](crate::facts::FURTHEST) others
/// stays.
fn sink(order: &[usize], rules: &Sinking<'_>) -> Vec<Move> {
    let mut places = Places::of(order.len());
    let mut spared: Vec<Option<usize>> = vec![None; order.len()];
    for at in (0..order.len()).rev().filter(|&at| (rules.may_move)(at)) {
        let (mut first, mut last) = (None, None);
        let mut below = places.below(at);
        for looked in 0.. {
            let Some(other) = below.filter(|&other| (rules.may_pass)(at, other)) else { break };
            if looked == crate::facts::FURTHEST {
                (first, last) = (None, None);
                break;
            }
            if (rules.gains_by)(at, other) {
                first = first.or(Some(order[other]));
                last = Some(other);
            }
            below = places.below(other);
        }
        spared[at] = first;
        if let Some(last) = last {
            places.move_below(at, last);
        }
    }
    let mut moves = Vec::new();
    let (mut after, mut next) = (None, places.first());
    while let Some(at) = next {
        match spared[at] {
            Some(spares) => {
                let after = after.expect("it moved after something that stayed");
                moves.push(Move { item: order[at], after, spares });
            }
            None => after = Some(order[at]),
        }
        next = places.below(at);
    }
    moves
}

/// The order after these moves.
fn with_moves(order: &[usize], moves: &[Move]) -> Vec<usize> {
    let mut after: HashMap<usize, Vec<usize>> = HashMap::new();
    for moving in moves {
        after.entry(moving.after).or_default().push(moving.item);
    }
    let moved: BTreeSet<usize> = moves.iter().map(|moving| moving.item).collect();
    let stay = order.iter().filter(|item| !moved.contains(item));
    stay.flat_map(|item| std::iter::once(*item).chain(after.remove(item).unwrap_or_default())).collect()
}

/// The order of instructions as a linked list, so that one can be moved cheaply.
struct Places {
    /// The indexes of the entries above and below each one. The last entry closes the circle.
    neighbours: Vec<(usize, usize)>,
}

impl Places {
    fn of(count: usize) -> Self {
        let around = |at: usize| (if at == 0 { count } else { at - 1 }, if at == count { 0 } else { at + 1 });
        Self { neighbours: (0..=count).map(around).collect() }
    }

    fn end(&self) -> usize {
        self.neighbours.len() - 1
    }

    fn first(&self) -> Option<usize> {
        self.below(self.end())
    }

    fn below(&self, at: usize) -> Option<usize> {
        Some(self.neighbours[at].1).filter(|below| *below != self.end())
    }

    fn move_below(&mut self, at: usize, target: usize) {
        let (above, below) = self.neighbours[at];
        self.neighbours[above].1 = below;
        self.neighbours[below].0 = above;
        let next = self.neighbours[target].1;
        self.neighbours[target].1 = at;
        self.neighbours[next].0 = at;
        self.neighbours[at] = (target, next);
    }
}

/// Cached answers about one instruction and each kind of other instruction. For each kind: the
/// instruction that the answer is about, and the answer. Only the answer for the most recent
/// instruction is kept.
#[derive(Default)]
struct Answers(RefCell<Vec<(Option<usize>, bool)>>);

impl Answers {
    fn of(&self, item: usize, kind: usize, answer: impl FnOnce() -> bool) -> bool {
        let mut by_kind = self.0.borrow_mut();
        if by_kind.len() <= kind {
            by_kind.resize(kind + 1, (None, false));
        }
        if by_kind[kind].0 != Some(item) {
            by_kind[kind] = (Some(item), answer());
        }
        by_kind[kind].1
    }
}

/// Which instructions may move, which ones they may pass, and which passes are a gain. All
/// arguments are indexes in the order.
struct Sinking<'r> {
    may_move: &'r dyn Fn(usize) -> bool,
    may_pass: &'r dyn Fn(usize, usize) -> bool,
    gains_by: &'r dyn Fn(usize, usize) -> bool,
}

/// The copies of a stage that gain by moving down. `fixed` says whether an instruction must stay in
/// its place, and `passes` whether a copy may pass an install from manifests.
pub fn sinking_copies(
    facts: &Facts<'_>,
    stage: usize,
    fixed: &dyn Fn(&Instruction<'_>) -> bool,
    passes: &dyn Fn(usize, usize) -> bool,
) -> Vec<Move> {
    let is_copy = |body: &Body| matches!(body, Body::Copy(_) | Body::Add(_));
    let Some(order) = movable_items(facts, stage, &is_copy) else { return Vec::new() };
    let answers = Answers::default();
    let commute = |item: usize, other: usize| {
        let kind = facts.kind_of_effects(other);
        answers.of(item, kind, || facts.effects(item).commute(facts.effects(other)))
    };
    let can_be_passed = can_be_passed(facts, &order);
    let is_worth_sparing = are_worth_sparing(facts, &order);
    // Indexed by the item's position in the stage.
    let start = facts.stages[stage].items.start;
    let mut own = vec![Rate::Fixed; facts.stages[stage].items.len()];
    order.iter().for_each(|&item| own[item - start] = facts.rate(item));
    let base = facts.rate_of_base(stage);
    // How often the instructions above each step change: at first as if all copies moved down, then
    // with the copies that really do.
    let mut above: Vec<Rate> = own.iter().map(|rate| base.max(*rate)).collect();
    let mut moves = Vec::new();
    for _ in 0..MOST_TRIES {
        let again = sink(
            &order,
            &Sinking {
                // A here-document changes only with the Dockerfile, and the steps change as often.
                may_move: &|at| {
                    is_movable(facts, order[at], |instruction| {
                        is_copy(&instruction.body) && instruction.heredocs.is_empty() && !fixed(instruction)
                    })
                },
                may_pass: &|at, other| {
                    let is_passable = can_be_passed[other];
                    let (item, other) = (order[at], order[other]);
                    is_passable
                        && (commute(item, other)
                            || may_pass_workdir(
                                facts,
                                item,
                                other,
                                facts.effects(item),
                                facts.effects(other),
                            )
                            || !facts.effects(other).installs.is_empty() && passes(item, other))
                },
                gains_by: &|at, other| {
                    is_worth_sparing[other] && own[order[at] - start] > above[order[other] - start]
                },
            },
        );
        if again == moves {
            return moves;
        }
        moves = again;
        let mut so_far = base;
        for item in with_moves(&order, &moves) {
            let is_step = !facts.instruction_at(item).is_some_and(|instruction| is_copy(&instruction.body));
            above[item - start] = so_far.max(if is_step { own[item - start] } else { Rate::Fixed });
            so_far = so_far.max(own[item - start]);
        }
    }
    Vec::new()
}

/// The ARG, ENV and LABEL instructions of a stage that contain build metadata and gain by moving
/// down.
pub fn sinking_metadata(
    facts: &Facts<'_>,
    stage: usize,
    fixed: &dyn Fn(&Instruction<'_>) -> bool,
) -> Vec<Move> {
    let Some(order) = movable_items(facts, stage, &metadata::may_vary) else { return Vec::new() };
    let can_be_passed = can_be_passed(facts, &order);
    let is_worth_sparing = are_worth_sparing(facts, &order);
    sink(
        &order,
        &Sinking {
            may_move: &|at| {
                let item = order[at];
                is_movable(facts, item, |instruction| {
                    metadata::varies_by_build(facts, item, instruction) && !fixed(instruction)
                })
            },
            may_pass: &|at, other| {
                let is_passable = can_be_passed[other];
                let (item, other) = (order[at], order[other]);
                is_passable
                    && metadata::metadata_may_pass(
                        facts,
                        item,
                        other,
                        facts.effects(item),
                        facts.effects(other),
                    )
            },
            gains_by: &|_, other| is_worth_sparing[other],
        },
    )
}

/// Whether an item is an instruction with a property, and not next to a line that can't be read.
fn is_movable(facts: &Facts<'_>, item: usize, is_meant: impl Fn(&Instruction<'_>) -> bool) -> bool {
    facts.instruction_at(item).is_some_and(is_meant) && !crate::facts::near_error(facts.file, item)
}

/// The instructions of a stage after its FROM. `None` if no movable instruction has a RUN after it,
/// so that such a file costs no time.
pub(crate) fn movable_items(
    facts: &Facts<'_>,
    stage: usize,
    may_move: &dyn Fn(&Body) -> bool,
) -> Option<Vec<usize>> {
    let items = facts.stages[stage].items.clone();
    let order: Vec<usize> = steps(facts, items.start + 1..items.end);
    let body = |item: &usize| facts.instruction_at(*item).map(|instruction| &instruction.body);
    let first = order.iter().position(|item| body(item).is_some_and(may_move))?;
    order[first..].iter().any(|item| matches!(body(item), Some(Body::Run(_)))).then_some(order)
}

/// The items of a range without blank lines and comments, except directives for a tool with no
/// instruction directly below them: their position may matter.
fn steps(facts: &Facts<'_>, range: Range<usize>) -> Vec<usize> {
    let mut steps = Vec::new();
    let mut follows =
        facts.file.items.get(range.end).is_some_and(|item| matches!(item, Item::Instruction(_)));
    for at in range.rev() {
        match &facts.file.items[at] {
            Item::Comment(span) if follows || !is_pragma(span.of(facts.file.text)) => continue,
            Item::Comment(_) => {}
            Item::Blank(_) => {
                follows = false;
                continue;
            }
            item => follows = matches!(item, Item::Instruction(_)),
        }
        steps.push(at);
    }
    steps.reverse();
    steps
}

/// Whether a copy may pass a WORKDIR that creates a directory at its destination. Both create
/// missing directories as root with the same mode, and a copy sets the mode of the directories that
/// it copies (BuildKit's file operations).
pub(crate) fn may_pass_workdir(
    facts: &Facts<'_>,
    item: usize,
    other: usize,
    copy: &Effects,
    workdir: &Effects,
) -> bool {
    let (Some(instruction), Some(passed)) = (facts.instruction_at(item), facts.instruction_at(other)) else {
        return false;
    };
    matches!(passed.body, Body::Workdir(_))
        && instruction.flag("chown").is_none()
        && facts.user_at(other) == User::Root
        && !workdir
            .writes
            .iter()
            .any(|written| !matches!(written, Resource::Files(_)) && copy.reads.contains(written))
        && !workdir.writes.contains(&Resource::Files(Tree::Everything))
}

/// Which of these items others may pass if they do not depend on each other.
fn can_be_passed(facts: &Facts<'_>, order: &[usize]) -> Vec<bool> {
    order.iter().map(|&item| is_movable_across(facts, item) && !index::hands_index_on(facts, item)).collect()
}

fn are_worth_sparing(facts: &Facts<'_>, order: &[usize]) -> Vec<bool> {
    order.iter().map(|&item| index::is_worth_sparing(facts, item)).collect()
}

pub(crate) fn is_movable_across(facts: &Facts<'_>, item: usize) -> bool {
    let Item::Instruction(instruction) = &facts.file.items[item] else { return false };
    !matches!(instruction.body, Body::From(_) | Body::Onbuild(..))
}

/// Whether one of the selected commands of a step takes time: it downloads or installs something.
/// Other commands take less than a second, so that a move past them only makes the diff longer.
fn takes_time_for(facts: &Facts<'_>, item: usize, counts: impl Fn(&RunFacts<'_>, usize) -> bool) -> bool {
    let Item::Instruction(instruction) = &facts.file.items[item] else { return false };
    let Body::Run(Run::Shell(_) | Run::Heredoc(_)) = &instruction.body else { return false };
    let run = facts.run_at(item);
    run.is_some_and(|run| {
        (0..run.invocations.len()).any(|index| counts(run, index) && command_takes_time(facts, run, index))
    })
}

fn command_takes_time(facts: &Facts<'_>, run: &RunFacts<'_>, index: usize) -> bool {
    let invocation = &run.invocations[index];
    let Some(program) = invocation.program else { return false };
    let call = run.call_of(index);
    call.is_some_and(|call| call.manager.installs(&call.verb))
        || facts.known.scope(program) == Some(Scope::Download)
        || program == "git"
            && invocation.arguments().iter().any(|word| TRANSFERS_OF_GIT.contains(&word.text()))
        || call.is_none()
            && facts.known.program(program) == Some(Program::Ordinary)
            && matches!(facts.known.scope(program), Some(Scope::Named | Scope::System))
}

//! Runs all transforms over one Dockerfile: rounds of steps, each checked, until no transform
//! proposes a fix.
//!
//! Transforms run one at a time, each on the current text, so edits never conflict and spans are
//! never stale. Each text is parsed once. This module reads no files and formats no output.

mod admission;
mod check;
mod choice;
mod current_context;
mod outcome;
mod silent;
mod source_positions;
mod step_builder;
mod unused_pragmas;

use std::cell::OnceCell;
use std::iter::Zip;
use std::ops::Range;
use std::slice;

use crate::config::Settings;
use crate::context::{ContextSource, NoBuildContext};
use crate::edit::{Edits, Origins};
use crate::facts::Facts;
use crate::knowledge::Knowledge;
use crate::pragma::Pragmas;
use crate::reasons;
use crate::span::{LineIndex, Place, Span};
use crate::syntax::{Body, Dockerfile, Item, Run};
use crate::transform::{Applicability, Context, Fixes, Transform};
use crate::transforms;

use admission::{Admission, Verdict};
pub use choice::{Choice, Chooser, Proposal};
use current_context::CurrentContext;
pub use outcome::{Applied, Outcome, Step, Unapplied};
use silent::Silent;
use source_positions::SourcePositions;
use step_builder::StepBuilder;

/// More rounds than this mean that two transforms undo each other's changes, unless the file has
/// more commands.
const FEW_ROUNDS: usize = 10;
/// The limit for every file.
const MOST_ROUNDS: usize = 100;

/// The trees of the steps are kept until their texts together have this many bytes, at least one.
const MOST_BYTES_OF_STRETCH: usize = 8 << 20;
/// The largest number of trees that are kept.
const MOST_STEPS_OF_STRETCH: usize = 64;

/// The largest number of rounds for a file. The fix of one command, or of one RUN, may enable that of
/// the one before it, in a round each, and the last round proposes nothing.
fn rounds(file: &Dockerfile<'_>) -> usize {
    let commands = file.instructions().map(|(_, instruction)| match &instruction.body {
        Body::Run(Run::Shell(script) | Run::Heredoc(script)) => {
            script.list.statements.iter().map(|statement| 1 + statement.rest.len()).sum()
        }
        Body::Run(_) => 1,
        _ => 0,
    });
    (commands.sum::<usize>() + 1).clamp(FEW_ROUNDS, MOST_ROUNDS)
}

/// Runs the enabled transforms over a text, without a build context.
pub fn fix(text: &str, settings: &Settings) -> Outcome {
    fix_within(text, settings, &NoBuildContext)
}

/// Runs the enabled transforms over a text; `context_source` gives them the build context.
pub fn fix_within(text: &str, settings: &Settings, context_source: &dyn ContextSource) -> Outcome {
    fix_file(&Dockerfile::parse(text), settings, context_source)
}

/// Like [`fix_within`], for a text that has been parsed.
pub fn fix_file(file: &Dockerfile<'_>, settings: &Settings, context_source: &dyn ContextSource) -> Outcome {
    let mut outcome = run(file, &all(), settings, context_source, None);
    let retry = |text: &str| run(&Dockerfile::parse(text), &all(), settings, context_source, None);
    outcome.unused = unused_pragmas::found(file, &outcome, settings, context_source, Some(&retry));
    outcome
}

/// Like [`fix_within`], with these transforms in this order. Tests show with it that the order does
/// not matter.
#[doc(hidden)]
pub fn fix_in_order(
    text: &str,
    order: &[&'static Transform],
    settings: &Settings,
    context_source: &dyn ContextSource,
) -> Outcome {
    run(&Dockerfile::parse(text), order, settings, context_source, None)
}

/// All transforms, in the order in which they run.
fn all() -> Vec<&'static Transform> {
    transforms::ALL.iter().collect()
}

/// Like [`fix_file`], but asks the chooser about each fix before applying it.
pub fn fix_choosing(
    file: &Dockerfile<'_>,
    settings: &Settings,
    context_source: &dyn ContextSource,
    chooser: &mut dyn Chooser,
) -> Outcome {
    let mut outcome = run(file, &all(), settings, context_source, Some(chooser));
    outcome.unused = unused_pragmas::found(file, &outcome, settings, context_source, None);
    outcome
}

/// Leaves out transforms that never finish, so that the others still apply.
fn run(
    file: &Dockerfile<'_>,
    order: &[&'static Transform],
    settings: &Settings,
    context_source: &dyn ContextSource,
    mut chooser: Option<&mut dyn Chooser>,
) -> Outcome {
    let mut left_out: Vec<&'static str> = Vec::new();
    loop {
        let asked = chooser.as_mut().map(|chooser| &mut **chooser as &mut dyn Chooser);
        match attempt(file, order, settings, context_source, asked, &left_out) {
            Err(restless) => left_out.extend(restless),
            Ok(mut outcome) => {
                outcome.undone.extend((!left_out.is_empty()).then(|| never_finished(&left_out)));
                return outcome;
            }
        }
    }
}

/// Runs rounds until no transform proposes a fix. The error names the transforms that still propose
/// fixes in the last round.
fn attempt(
    file: &Dockerfile<'_>,
    order: &[&'static Transform],
    settings: &Settings,
    context_source: &dyn ContextSource,
    chooser: Option<&mut dyn Chooser>,
    left_out: &[&'static str],
) -> Result<Outcome, Vec<&'static str>> {
    let reads_runs = settings.config.r#unsafe || settings.proves;
    let mut context_source = CurrentContext { given: context_source, changed: None, reads_runs };
    let mut run = Pipeline {
        transforms: order,
        chooser,
        lines: LineIndex::of(file.text),
        settings,
        known: Knowledge::embedded(),
        outcome: Outcome::default(),
        origins: Vec::new(),
        broken: left_out.to_vec(),
    };
    let mut progress = Progress { most_rounds: rounds(file), ..Progress::default() };
    run.outcome.unreadable = unreadable(file, &run.lines);
    let mut next = run.stretch(file, &mut context_source, &mut progress)?;
    while let Some(text) = next {
        next = run.stretch(&Dockerfile::parse(&text), &mut context_source, &mut progress)?;
    }
    if run.outcome.is_late {
        return Ok(Outcome { is_late: true, ..Outcome::default() });
    }
    Ok(run.outcome)
}

/// How far the rounds have come. A transform that sees its own result starts a round, too.
#[derive(Default)]
struct Progress {
    most_rounds: usize,
    round: usize,
    /// The index of the transform that made the last step.
    from: usize,
    /// The number of steps before this round.
    steps_before: usize,
}

impl Progress {
    /// Goes on after a step of a transform, the one after so many other steps.
    fn after(&mut self, transform: usize, steps: usize) {
        if steps > 0 && transform == self.from {
            self.new_round(steps);
        }
        self.from = transform;
    }

    fn new_round(&mut self, steps: usize) {
        (self.round, self.steps_before) = (self.round + 1, steps);
    }
}

/// A step, the index of its transform, and the file after it, with its facts if they are known.
struct Next<'t> {
    index: usize,
    step: Step,
    after: &'t Dockerfile<'t>,
    facts: Option<Facts<'t>>,
}

/// The message about transforms that were left out.
fn never_finished(left_out: &[&'static str]) -> Unapplied {
    Unapplied {
        transform: None,
        place: Place { line: 1, column: 1 },
        lines: 1..=1,
        line: String::new(),
        reason: reasons::never_finished(&left_out.join(", ")),
        related: None,
        applicability: None,
    }
}

/// The places for the texts of the next steps, and for their trees.
type Room<'t, 'p> = Zip<slice::Iter<'p, OnceCell<String>>, slice::Iter<'t, OnceCell<Dockerfile<'p>>>>;

struct Pipeline<'s, 'c> {
    /// In the order in which they run.
    transforms: &'s [&'static Transform],
    chooser: Option<&'c mut dyn Chooser>,
    /// The lines of the original text.
    lines: LineIndex<'s>,
    settings: &'s Settings,
    known: &'static Knowledge,
    outcome: Outcome,
    /// For each step so far, the positions of its text in the previous one.
    origins: Vec<Origins>,
    /// Transforms whose step failed a check on this file.
    broken: Vec<&'static str>,
}

impl Pipeline<'_, '_> {
    /// Runs steps from a file on, until no transform proposes a fix, or until the texts of the steps
    /// need too much memory: then the result is the text to go on with. The error names the
    /// transforms that still propose fixes in the last round.
    fn stretch<'f>(
        &mut self,
        first: &'f Dockerfile<'f>,
        context_source: &mut CurrentContext<'_>,
        progress: &mut Progress,
    ) -> Result<Option<String>, Vec<&'static str>> {
        // Each text is parsed once: the check after a step passes its tree to the next pass, which
        // borrows the text from here.
        let spare = self.transforms.len();
        let texts: Vec<OnceCell<String>> = vec![OnceCell::new(); MOST_STEPS_OF_STRETCH + spare];
        let trees: Vec<OnceCell<Dockerfile<'_>>> = vec![OnceCell::new(); texts.len()];
        let mut room = texts.iter().zip(&trees);
        let (mut file, mut bytes) = (first, 0);
        // The check of most steps needs the facts about the new text, too.
        let mut checked = None;
        loop {
            let next = {
                let facts =
                    checked.take().unwrap_or_else(|| Facts::of(file, self.known)).within(context_source);
                let pragmas = Pragmas::of(file, !self.settings.hadolint.disable_ignore_pragma);
                self.next(&facts, &pragmas, progress, &mut room)?
            };
            let Some(Next { index, step, after, facts }) = next else { return Ok(None) };
            progress.after(index, self.outcome.steps.len());
            context_source.take(step.ignore_file.as_deref());
            self.origins.push(step.edits.origins());
            self.outcome.steps.push(step);
            bytes += after.text.len();
            // A step that is rolled back needs a place, too; each transform has at most one.
            if bytes > MOST_BYTES_OF_STRETCH || room.len() <= spare {
                return Ok(Some(after.text.to_owned()));
            }
            (file, checked) = (after, facts);
        }
    }

    /// Makes the next step from a text. If there is none, keeps the messages about the last text.
    fn next<'t, 'p: 't>(
        &mut self,
        facts: &Facts<'_>,
        pragmas: &Pragmas,
        progress: &mut Progress,
        room: &mut Room<'t, 'p>,
    ) -> Result<Option<Next<'t>>, Vec<&'static str>> {
        // Each transform sees a text once: first the one that made the last step and those after it,
        // and in the next round the ones before it.
        let mut silent = Silent::default();
        let from = progress.from;
        let mut found = self.pass(facts, pragmas, from..self.transforms.len(), &mut silent, room);
        if found.is_none() && from > 0 && !self.outcome.is_late {
            progress.new_round(self.outcome.steps.len());
            found = self.pass(facts, pragmas, 0..from, &mut silent, room);
        }
        if found.is_some() && progress.round > progress.most_rounds {
            let last = self.outcome.steps[progress.steps_before..].iter();
            let steps = last.chain(found.iter().map(|next| &next.step));
            return Err(steps.map(|step| step.transform.id).collect());
        }
        if found.is_none() && !self.outcome.is_late {
            self.held_back(facts, pragmas, &mut silent);
            (self.outcome.refused, self.outcome.withheld) = silent.in_order();
        }
        Ok(found)
    }

    /// Runs the transforms in the range until one changes the text. Transforms whose fixes would
    /// not be applied wait for [`Self::held_back`]: their messages about a text that still changes
    /// are not useful.
    fn pass<'t, 'p: 't>(
        &mut self,
        facts: &Facts<'_>,
        pragmas: &Pragmas,
        range: Range<usize>,
        silent: &mut Silent,
        room: &mut Room<'t, 'p>,
    ) -> Option<Next<'t>> {
        let (file, text) = (facts.file, facts.file.text);
        for (index, &transform) in self.transforms.iter().enumerate().take(range.end).skip(range.start) {
            if transform.applicability < needed(self.settings) {
                continue;
            }
            let step = self.draft(index, facts, pragmas, silent)?;
            let StepBuilder { edits, ignore_file, applied, edited_by_user } = step;
            if edits.is_empty() && ignore_file.is_none() {
                continue;
            }
            let new = edits.apply(text);
            // There is room for more steps than the rounds can have.
            let (text, tree) = room.next()?;
            let new = text.get_or_init(|| new);
            let checked = check::still_reads(file, new).and_then(|after| {
                let after: &'t Dockerfile<'t> = tree.get_or_init(|| after);
                let is_compared = !edited_by_user;
                let facts = if is_compared {
                    check::step(facts, after, transform.contract, self.known)?
                } else {
                    None
                };
                Ok((after, facts))
            });
            match checked {
                Ok((after, facts)) => {
                    let step = Step { transform, fixes: applied, edits, text: new.to_owned(), ignore_file };
                    return Some(Next { index, step, after, facts });
                }
                Err(reason) => {
                    self.broken.push(transform.id);
                    if range.start > 0 {
                        silent.forget(index);
                    }
                    let blame =
                        if edited_by_user { "" } else { " (this is a bug in jettison, please report it)" };
                    let reason = reason.after(format_args!("rolled back{blame}: after this step,"));
                    let at = Span::at(applied_at(&edits));
                    let unapplied = self.admission(file, pragmas).unapplied(transform, at, reason, None);
                    self.outcome.undone.push(unapplied);
                }
            }
        }
        None
    }

    fn admission<'v>(&'v self, file: &Dockerfile<'_>, pragmas: &'v Pragmas) -> Admission<'v> {
        Admission {
            positions: SourcePositions { lines: &self.lines, steps: &self.origins },
            settings: self.settings,
            pragmas,
            open_end: file.open_end(),
        }
    }

    /// Runs the transforms whose fixes would not be applied, for their messages.
    fn held_back(&mut self, facts: &Facts<'_>, pragmas: &Pragmas, silent: &mut Silent) {
        let all = self.transforms.iter().enumerate();
        for (index, _) in all.filter(|(_, transform)| transform.applicability < needed(self.settings)) {
            if self.draft(index, facts, pragmas, silent).is_none() {
                return;
            }
        }
    }

    /// Runs one transform and selects the fixes to apply; `None` if the time limit is exceeded.
    fn draft(
        &mut self,
        index: usize,
        facts: &Facts<'_>,
        pragmas: &Pragmas,
        silent: &mut Silent,
    ) -> Option<StepBuilder> {
        let transform = self.transforms[index];
        let mut step = StepBuilder::default();
        if !self.settings.wants(transform.id, transform.group) || self.broken.contains(&transform.id) {
            return Some(step);
        }
        let (file, text) = (facts.file, facts.file.text);
        let context = Context {
            pragmas,
            file,
            facts,
            known: self.known,
            settings: self.settings,
            context_source: facts.context_source,
        };
        let mut fixes = Fixes::of(transform);
        (transform.run)(&context, &mut fixes);
        if context.is_over() {
            self.outcome.is_late = true;
            return None;
        }
        if fixes.proposed.is_empty() && fixes.refused.is_empty() {
            return Some(step);
        }
        let mut taken = Vec::new();
        let admission = self.admission(file, pragmas);
        for fix in fixes.proposed {
            debug_assert!(
                (transform.lowest..=transform.applicability).contains(&fix.applicability),
                "a fix of {} is {}",
                transform.id,
                fix.applicability.name()
            );
            match admission.verdict(transform, &fix) {
                Verdict::Pass => {}
                Verdict::Hold(unapplied) => silent.withheld.push((index, unapplied)),
                Verdict::Refuse(unapplied) => silent.refused.push((index, unapplied)),
                Verdict::Take(applied) => taken.push((fix, applied)),
            }
        }
        // Refusals of a transform that would not be applied anyway are not reported.
        if transform.applicability >= needed(self.settings) {
            let names = transform.names();
            let refused = fixes.refused.into_iter().filter(|refusal| !admission.is_silent(&names, refusal));
            let unapplied =
                refused.map(|refusal| admission.unapplied(transform, refusal.span, refusal.reason, None));
            silent.refused.extend(unapplied.map(|unapplied| (index, unapplied)));
        }
        for (fix, applied) in taken {
            step.take(fix, applied, transform, text, &mut self.chooser);
        }
        Some(step)
    }
}

/// The minimum applicability of a fix that is applied.
fn needed(settings: &Settings) -> Applicability {
    if settings.config.r#unsafe { Applicability::Unsafe } else { Applicability::Safe }
}

fn applied_at(edits: &Edits) -> usize {
    edits.extent().map_or(0, |span| span.start)
}

fn unreadable(file: &Dockerfile<'_>, lines: &LineIndex<'_>) -> Vec<Unapplied> {
    let errors = file.items.iter().filter_map(|item| match item {
        Item::Error(span, reason) => Some(Unapplied {
            transform: None,
            place: lines.place(span.start),
            lines: lines.lines(*span),
            line: lines.line(span.start).to_owned(),
            reason: reasons::syntax_error(reason),
            related: None,
            applicability: None,
        }),
        _ => None,
    });
    errors.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The comment makes each text so large that few trees are kept.
    #[test]
    fn a_large_file_gets_the_same_steps_as_a_small_one() {
        let file = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\nRUN pip install flask\n";
        let comment = format!("#{}\n", "-".repeat(MOST_BYTES_OF_STRETCH / 2));
        let large = comment.clone() + file;
        let (small, large) = (fix(file, &Settings::default()), fix(&large, &Settings::default()));
        let steps = |outcome: &Outcome| {
            let text = |step: &Step| step.text.strip_prefix(&comment).unwrap_or(&step.text).to_owned();
            outcome.steps.iter().map(|step| (step.transform.id, text(step))).collect::<Vec<_>>()
        };
        assert!(small.steps.len() >= 3, "{:?}", steps(&small));
        assert_eq!(steps(&small), steps(&large));
        assert_eq!(small.refused.len(), large.refused.len());
    }
}

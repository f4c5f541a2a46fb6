//! One Dockerfile through all transforms: rounds of steps, each checked, until nobody proposes anything.
//!
//! One transform at a time proposes against the very text it edits, so there are no conflicts and no stale spans. A text
//! is parsed once. Nothing here reads files or formats for people.

mod check;

use std::cell::OnceCell;
use std::ops::RangeInclusive;

use crate::config::{Settings, Severity};
use crate::context::{Alone, BuildContext, History, Proven, Surroundings};
use crate::edit::Edits;
use crate::facts::Facts;
use crate::knowledge::Knowledge;
use crate::pragma::Pragmas;
use crate::span::{LineIndex, Place, Span};
use crate::syntax::{Dockerfile, Item};
use crate::transform::{Applicability, Changes, Context, Fix, Fixes, Refusal, Transform};
use crate::transforms;

/// More rounds than this mean that two transforms undo each other.
const MOST_ROUNDS: usize = 10;

/// More texts than rounds can make: in each, a transform has one step, or one that was undone, for good.
const MOST_TEXTS: usize = (MOST_ROUNDS + 2) * transforms::ALL.len();

/// What became of a file. Every place is one of the text as it went in.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was applied, in order.
    pub steps: Vec<Step>,
    /// What a guard stopped.
    pub refused: Vec<Held>,
    /// What was proposed and not applied: unsafe without `--unsafe`, or told off by a comment.
    pub withheld: Vec<Held>,
    /// Lines that can't be read.
    pub unreadable: Vec<Held>,
    /// Steps that were undone because a check failed: mistakes of ours, worth a report.
    pub undone: Vec<Held>,
    /// Comments that keep nothing from being done any more.
    pub unused: Vec<Held>,
}

/// One transform's part in the result.
#[derive(Debug, Clone)]
pub struct Step {
    /// Whose.
    pub transform: &'static Transform,
    /// What it did.
    pub fixes: Vec<Applied>,
    /// The edits, against the text before this step.
    pub edits: Edits,
    /// The whole text after it.
    pub text: String,
    /// The whole text of the build context's ignore file after it, where this step changed it.
    pub ignore_file: Option<String>,
}

/// A fix that was applied.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What it does.
    pub title: String,
    /// What it leans on, a line each.
    pub notes: Vec<String>,
    /// What applying it took.
    pub applicability: Applicability,
    /// Where; the text that an earlier step put there counts as the place where it was put.
    pub place: Place,
    /// The lines of what it is about.
    pub lines: RangeInclusive<usize>,
    /// What it weighs where it is shown as a finding.
    pub severity: Severity,
    /// The codes of hadolint that it answers.
    pub answers: Vec<String>,
}

/// Something that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whose; none for lines that can't be read.
    pub transform: Option<&'static str>,
    /// Where.
    pub place: Place,
    /// The lines of what it is about.
    pub lines: RangeInclusive<usize>,
    /// The source line.
    pub line: String,
    /// What would be done or why it is not.
    pub reason: String,
    /// For a fix that was withheld, what it takes.
    pub applicability: Option<Applicability>,
}

impl Outcome {
    /// The new text of the Dockerfile; none where nothing changed in it.
    pub fn text(&self) -> Option<&str> {
        self.steps.iter().rev().find(|step| !step.edits.is_empty()).map(|step| step.text.as_str())
    }

    /// All steps' edits in one go, against the text as it went in.
    pub fn edits(&self) -> Edits {
        self.steps.iter().fold(Edits::new(), |all, step| all.then(&step.edits))
    }

    /// The new text of the build context's ignore file; none where nothing changed in it.
    pub fn ignore_file(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| step.ignore_file.as_deref())
    }
}

/// Takes a text of which nothing else is known through all transforms that the settings want.
pub fn fix(text: &str, settings: &Settings) -> Outcome {
    fix_within(text, settings, &Alone)
}

/// Takes a text through all transforms that the settings want; they may look around.
pub fn fix_within(text: &str, settings: &Settings, around: &dyn Surroundings) -> Outcome {
    run(text, settings, around, None)
}

/// The same, and somebody is asked about each fix before it is taken.
pub fn fix_choosing(
    text: &str,
    settings: &Settings,
    around: &dyn Surroundings,
    chooser: &mut dyn Chooser,
) -> Outcome {
    run(text, settings, around, Some(chooser))
}

fn run(
    text: &str,
    settings: &Settings,
    around: &dyn Surroundings,
    chooser: Option<&mut dyn Chooser>,
) -> Outcome {
    let mut run = Pipeline {
        chooser,
        lines: LineIndex::of(text),
        settings,
        known: Knowledge::embedded(),
        around: Around { given: around, changed: None },
        outcome: Outcome::default(),
        broken: Vec::new(),
        ignored: Vec::new(),
    };
    // Each text is parsed once: the check after a step hands its tree on to the next pass, which borrows the text from here.
    let texts: Vec<OnceCell<String>> = vec![OnceCell::new(); MOST_TEXTS];
    let mut texts = texts.iter();
    let mut file = Dockerfile::parse(text);
    run.outcome.unreadable = unreadable(&file);
    let (mut round, mut from) = (0, 0);
    loop {
        let next = {
            let facts = Facts::of(&file, run.known);
            let pragmas = Pragmas::of(&file, !settings.hadolint.disable_ignore_pragma);
            loop {
                match run.pass(&facts, &pragmas, from, &mut texts) {
                    Some(next) => break next,
                    None if from == 0 => {
                        run.outcome.unused = run.unused();
                        return run.outcome;
                    }
                    None if round == MOST_ROUNDS => return restless(&run.outcome),
                    None => (round, from) = (round + 1, 0),
                }
            }
        };
        let Next { index, step, after } = next;
        from = index + 1;
        run.around.take(step.ignore_file.as_deref());
        run.outcome.steps.push(step);
        file = after;
    }
}

/// A step, whose it was by its number, and the text after it.
struct Next<'t> {
    index: usize,
    step: Step,
    after: Dockerfile<'t>,
}

/// The outcome of transforms that undo each other.
fn restless(outcome: &Outcome) -> Outcome {
    let culprits: Vec<_> = outcome.steps.iter().rev().take(4).map(|step| step.transform.id).collect();
    let reason =
        format!("the transforms {} never come to rest; the file stays as it was", culprits.join(", "));
    let held = Held {
        transform: None,
        place: Place { line: 1, column: 1 },
        lines: 1..=1,
        line: String::new(),
        reason,
        applicability: None,
    };
    Outcome { undone: vec![held], ..Outcome::default() }
}

/// Somebody who is asked about each fix.
pub trait Chooser {
    /// Whether to take it. A fix that was not taken may be proposed again in a later round.
    fn choose(&mut self, proposal: &Proposal<'_>) -> Choice;
}

/// A fix that would be applied.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'p> {
    /// Whose.
    pub transform: &'static Transform,
    /// What it does.
    pub title: &'p str,
    /// What it leans on, a line each.
    pub notes: &'p [String],
    /// What applying it takes.
    pub applicability: Applicability,
    /// Where, in the text as it went in.
    pub place: Place,
    /// The text before this transform's fixes.
    pub text: &'p str,
    /// The change.
    pub edits: &'p Edits,
    /// The text after this fix alone.
    pub result: &'p str,
    /// The ignore file's new text, where the change is there.
    pub ignore_file: Option<&'p str>,
}

/// An answer about a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Apply it.
    Take,
    /// Do not.
    Leave,
    /// Apply these edits of the same text instead, for whose sense whoever made them answers.
    Instead(Edits),
}

/// The surroundings, with the ignore file as the steps so far left it.
struct Around<'s> {
    given: &'s dyn Surroundings,
    changed: Option<BuildContext>,
}

impl Around<'_> {
    fn take(&mut self, ignore_file: Option<&str>) {
        if let (Some(text), Ok(context)) = (ignore_file, self.given.context()) {
            self.changed = Some(context.with_ignore(text));
        }
    }
}

impl Surroundings for Around<'_> {
    fn context(&self) -> Result<&BuildContext, &str> {
        self.changed.as_ref().map_or_else(|| self.given.context(), Ok)
    }

    fn history(&self) -> Option<&History> {
        self.given.history()
    }

    fn dockerfile(&self) -> Option<&str> {
        self.given.dockerfile()
    }

    fn proven(&self) -> &[Proven] {
        self.given.proven()
    }
}

struct Pipeline<'s, 'c> {
    chooser: Option<&'c mut dyn Chooser>,
    /// Those of the text as it went in.
    lines: LineIndex<'s>,
    settings: &'s Settings,
    known: &'static Knowledge,
    around: Around<'s>,
    outcome: Outcome,
    /// Transforms whose step failed a check on this file.
    broken: Vec<&'static str>,
    /// What comments that speak to us name, where they stand in the text as it went in, and whether they were needed.
    ignored: Vec<(usize, String, bool)>,
}

impl Pipeline<'_, '_> {
    /// Runs the transforms from number `from` on until one changes the text. A pass that gets through them all from the
    /// first leaves its refusals in the outcome.
    fn pass<'t>(
        &mut self,
        facts: &Facts<'_>,
        pragmas: &Pragmas,
        from: usize,
        texts: &mut impl Iterator<Item = &'t OnceCell<String>>,
    ) -> Option<Next<'t>> {
        let (file, text) = (facts.file, facts.file.text);
        let context = Context {
            pragmas,
            file,
            facts,
            known: self.known,
            settings: self.settings,
            around: &self.around,
        };
        let view = View { lines: &self.lines, steps: &self.outcome.steps, settings: self.settings, pragmas };
        if from == 0 {
            self.outcome.refused.clear();
            self.outcome.withheld.clear();
        }
        for (index, transform) in transforms::ALL.iter().enumerate().skip(from) {
            if !self.settings.wants(transform.id) || self.broken.contains(&transform.id) {
                continue;
            }
            let names = transform.names();
            let mut fixes = Fixes::of(transform);
            (transform.run)(&context, &mut fixes);
            let mut step = Draft::default();
            for fix in fixes.proposed {
                match view.verdict(transform, &fix) {
                    Verdict::Pass => {}
                    Verdict::Hold(held) => self.outcome.withheld.push(held),
                    Verdict::Take(applied) => step.take(fix, applied, transform, text, &mut self.chooser),
                }
            }
            // Guards of a transform that would not be applied anyway are of no interest.
            let is_wanted = transform.applicability >= needed(self.settings);
            let refused =
                fixes.refused.into_iter().filter(|refusal| !view.is_silent(&names, refusal) && is_wanted);
            self.outcome
                .refused
                .extend(refused.map(|refusal| view.held(transform, refusal.span, refusal.reason, None)));
            let Draft { edits, ignore_file, applied, is_someones } = step;
            if edits.is_empty() && ignore_file.is_none() {
                continue;
            }
            let new = edits.apply(text);
            // There is room for more steps than rounds can have.
            let new: &'t str = texts.next()?.get_or_init(|| new);
            let checked = if is_someones {
                check::still_reads(file, new)
            } else {
                check::step(facts, new, transform.changes)
            };
            match checked {
                Ok(after) => {
                    note_ignored(&mut self.ignored, pragmas, |at| view.origin(at));
                    let step = Step { transform, fixes: applied, edits, text: new.to_owned(), ignore_file };
                    return Some(Next { index, step, after });
                }
                Err(what) => {
                    self.broken.push(transform.id);
                    let blame =
                        if is_someones { "" } else { "; this is a mistake in jettison, please report it" };
                    let reason = format!("undone, because afterwards {what}{blame}");
                    let at = Span::at(applied_at(&edits));
                    self.outcome.undone.push(view.held(transform, at, reason, None));
                }
            }
        }
        note_ignored(&mut self.ignored, pragmas, |at| view.origin(at));
        None
    }

    /// Comments that name what is not there, or what would do nothing here without them.
    fn unused(&self) -> Vec<Held> {
        let unneeded =
            self.ignored.iter().filter(|(_, _, is_needed)| !is_needed).filter_map(|(at, id, _)| {
                let reason = match transforms::find(id) {
                    None => format!("there is no transform `{id}`, so that this comment does nothing"),
                    // Others may be silent for want of a configuration, an engine or a context.
                    Some(transform) if self.is_sure_to_speak(transform) => {
                        format!("this comment keeps `{id}` from nothing any more, and can go")
                    }
                    Some(_) => return None,
                };
                Some(Held {
                    transform: None,
                    place: self.lines.place(*at),
                    lines: self.lines.place(*at).line..=self.lines.place(*at).line,
                    line: self.lines.line(*at).to_owned(),
                    reason,
                    applicability: None,
                })
            });
        unneeded.collect()
    }

    fn is_sure_to_speak(&self, transform: &Transform) -> bool {
        self.settings.wants(transform.id)
            && self.settings.scope.is_none()
            && transform.applicability >= needed(self.settings)
            && !matches!(transform.changes, Changes::CacheMounts | Changes::DropsPackages)
            && self.around.context().is_ok()
    }
}

/// What became of a proposal before anybody is asked.
enum Verdict {
    /// It is none of what was asked for.
    Pass,
    /// It is shown and not applied.
    Hold(Held),
    /// It is applied.
    Take(Applied),
}

/// A text in the middle of the run, seen from the text as it went in.
struct View<'v> {
    lines: &'v LineIndex<'v>,
    steps: &'v [Step],
    settings: &'v Settings,
    pragmas: &'v Pragmas,
}

impl View<'_> {
    fn origin(&self, offset: usize) -> usize {
        self.steps.iter().rev().fold(offset, |at, step| step.edits.origin(at))
    }

    fn place(&self, offset: usize) -> Place {
        self.lines.place(self.origin(offset))
    }

    fn lines_of(&self, span: Span) -> RangeInclusive<usize> {
        self.place(span.start).line..=self.place(span.end.max(span.start + 1) - 1).line
    }

    fn held(
        &self,
        transform: &Transform,
        span: Span,
        reason: String,
        applicability: Option<Applicability>,
    ) -> Held {
        Held {
            transform: Some(transform.id),
            place: self.place(span.start),
            lines: self.lines_of(span),
            line: self.lines.line(self.origin(span.start)).to_owned(),
            reason,
            applicability,
        }
    }

    fn verdict(&self, transform: &Transform, fix: &Fix) -> Verdict {
        let answers = match &fix.answers {
            Some(own) => own.clone(),
            None => transform.answers.iter().map(|&code| code.to_owned()).collect(),
        };
        let names: Vec<&str> =
            std::iter::once(transform.id).chain(answers.iter().map(String::as_str)).collect();
        let names = names.as_slice();
        let about = self.lines_of(fix.anchor);
        if let Some(scope) = &self.settings.scope {
            let touched: Vec<_> = fix.edits.iter().map(|edit| self.lines_of(edit.span)).collect();
            if !scope.has(names, &about, &touched) {
                return Verdict::Pass;
            }
        }
        let title = &fix.title;
        let hold = |reason: String, applicability| {
            Verdict::Hold(self.held(transform, fix.anchor, reason, applicability))
        };
        let hadolint = &self.settings.hadolint;
        if let Some(code) = hadolint.ignored.iter().find(|code| names.contains(&code.as_str())) {
            return hold(format!("{title}: hadolint's configuration ignores {code}"), None);
        }
        if self.pragmas.silence(names, fix.anchor) {
            return hold(format!("{title}: a comment says to leave it"), None);
        }
        if fix.applicability < needed(self.settings) {
            return hold(title.clone(), Some(fix.applicability));
        }
        Verdict::Take(Applied {
            title: title.clone(),
            notes: fix.notes.clone(),
            applicability: fix.applicability,
            place: self.place(fix.anchor.start),
            lines: about,
            severity: hadolint.severity(names),
            answers,
        })
    }

    /// Whether nobody wants to hear of a refusal.
    fn is_silent(&self, names: &[&str], refusal: &Refusal) -> bool {
        let scope = self.settings.scope.as_ref();
        self.pragmas.silence(names, refusal.span)
            || scope.is_some_and(|scope| !scope.has(names, &self.lines_of(refusal.span), &[]))
    }
}

/// A step while its fixes are put together.
#[derive(Default)]
struct Draft {
    edits: Edits,
    ignore_file: Option<String>,
    applied: Vec<Applied>,
    /// Whether somebody put in edits of their own.
    is_someones: bool,
}

impl Draft {
    /// Takes a fix in, if whoever is asked wants it. What overlaps an earlier one waits for the next round.
    fn take(
        &mut self,
        fix: Fix,
        applied: Applied,
        transform: &'static Transform,
        text: &str,
        chooser: &mut Option<&mut dyn Chooser>,
    ) {
        let fits = match &fix.ignore_file {
            Some(_) => self.ignore_file.is_none(),
            None => self.edits.fits(&fix.edits),
        };
        if !fits {
            return;
        }
        let choice = chooser.as_mut().map_or(Choice::Take, |chooser| {
            chooser.choose(&Proposal {
                transform,
                title: &fix.title,
                notes: &fix.notes,
                applicability: fix.applicability,
                place: applied.place,
                text,
                edits: &fix.edits,
                result: &fix.edits.apply(text),
                ignore_file: fix.ignore_file.as_deref(),
            })
        });
        let taken = match choice {
            Choice::Leave => false,
            Choice::Take if fix.ignore_file.is_some() => {
                self.ignore_file = fix.ignore_file;
                true
            }
            Choice::Take => self.edits.absorb(&fix.edits),
            Choice::Instead(own) => {
                self.is_someones = true;
                self.edits.absorb(&own)
            }
        };
        if taken {
            self.applied.push(applied);
        }
    }
}

/// Remembers which comments that speak to us there are, and which were needed.
fn note_ignored(known: &mut Vec<(usize, String, bool)>, pragmas: &Pragmas, origin: impl Fn(usize) -> usize) {
    for (one, is_needed) in pragmas.all().filter(|(one, _)| one.is_own) {
        let at = origin(one.comment.start);
        match known.iter_mut().find(|(place, id, _)| (*place, id.as_str()) == (at, one.id.as_str())) {
            Some((_, _, was_needed)) => *was_needed |= is_needed,
            None => known.push((at, one.id.clone(), is_needed)),
        }
    }
}

/// What a fix has to be at least to be applied.
fn needed(settings: &Settings) -> Applicability {
    if settings.config.r#unsafe { Applicability::Unsafe } else { Applicability::Safe }
}

fn applied_at(edits: &Edits) -> usize {
    edits.extent().map_or(0, |span| span.start)
}

fn unreadable(file: &Dockerfile<'_>) -> Vec<Held> {
    let lines = LineIndex::of(file.text);
    let errors = file.items.iter().filter_map(|item| match item {
        Item::Error(span, reason) => Some(Held {
            transform: None,
            place: lines.place(span.start),
            lines: lines.place(span.start).line..=lines.place(span.end.max(span.start + 1) - 1).line,
            line: lines.line(span.start).to_owned(),
            reason: (*reason).to_owned(),
            applicability: None,
        }),
        _ => None,
    });
    errors.collect()
}

//! One Dockerfile through all transforms: rounds of steps, each checked, until nobody proposes anything.
//!
//! One transform at a time proposes against the very text it edits, so there are no conflicts and no stale spans. A text
//! is parsed once. Nothing here reads files or formats for people.

mod check;

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
    let mut run = Pipeline {
        lines: LineIndex::of(text),
        settings,
        known: Knowledge::embedded(),
        around: Around { given: around, changed: None },
        outcome: Outcome::default(),
        broken: Vec::new(),
        ignored: Vec::new(),
    };
    let mut current = None::<String>;
    for round in 0..=MOST_ROUNDS {
        let mut from = 0;
        let mut quiet = true;
        loop {
            let pass = run.pass(current.as_deref().unwrap_or(text), from);
            let Some((index, step)) = pass else { break };
            quiet = false;
            from = index + 1;
            current = Some(step.text.clone());
            run.around.take(step.ignore_file.as_deref());
            run.outcome.steps.push(step);
        }
        if quiet {
            run.outcome.unused = run.unused();
            return run.outcome;
        }
        if round == MOST_ROUNDS {
            let culprits: Vec<_> =
                run.outcome.steps.iter().rev().take(4).map(|step| step.transform.id).collect();
            let reason = format!(
                "the transforms {} never come to rest; the file stays as it was",
                culprits.join(", ")
            );
            let held = Held {
                transform: None,
                place: Place { line: 1, column: 1 },
                lines: 1..=1,
                line: String::new(),
                reason,
                applicability: None,
            };
            return Outcome { undone: vec![held], ..Outcome::default() };
        }
    }
    run.outcome
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

struct Pipeline<'s> {
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

impl Pipeline<'_> {
    /// Parses a text and runs the transforms from number `from` on until one changes it. A pass that gets through them
    /// all from the first leaves its refusals in the outcome.
    fn pass(&mut self, text: &str, from: usize) -> Option<(usize, Step)> {
        let file = Dockerfile::parse(text);
        if self.outcome.steps.is_empty() && from == 0 {
            self.outcome.unreadable = unreadable(&file);
        }
        let facts = Facts::of(&file, self.known);
        let pragmas = Pragmas::of(&file, !self.settings.hadolint.disable_ignore_pragma);
        let context = Context {
            pragmas: &pragmas,
            file: &file,
            facts: &facts,
            known: self.known,
            settings: self.settings,
            around: &self.around,
        };
        let (lines, steps) = (&self.lines, &self.outcome.steps);
        let origin = |offset: usize| steps.iter().rev().fold(offset, |at, step| step.edits.origin(at));
        let place = |offset: usize| lines.place(origin(offset));
        let lines_of = |span: Span| place(span.start).line..=place(span.end.max(span.start + 1) - 1).line;
        let held = |transform: &Transform, span: Span, reason: String, applicability| Held {
            transform: Some(transform.id),
            place: place(span.start),
            lines: lines_of(span),
            line: lines.line(origin(span.start)).to_owned(),
            reason,
            applicability,
        };
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
            let Fixes { proposed, refused, .. } = fixes;
            let needed =
                if self.settings.config.r#unsafe { Applicability::Unsafe } else { Applicability::Safe };
            let mut edits = Edits::new();
            let mut ignore_file = None;
            let mut applied = Vec::new();
            for Fix { title, notes, applicability, anchor, edits: own, ignore_file: ignoring } in proposed {
                let about = lines_of(anchor);
                let is_out_of_scope = self.settings.scope.as_ref().is_some_and(|scope| {
                    let touched: Vec<_> = own.iter().map(|edit| lines_of(edit.span)).collect();
                    !scope.has(&names, &about, &touched)
                });
                if is_out_of_scope {
                    continue;
                }
                let applied_here = |title, notes| Applied {
                    title,
                    notes,
                    applicability,
                    place: place(anchor.start),
                    lines: about.clone(),
                    severity: self.settings.hadolint.severity(&names),
                };
                if let Some(code) =
                    self.settings.hadolint.ignored.iter().find(|code| names.contains(&code.as_str()))
                {
                    let reason = format!("{title}: hadolint's configuration ignores {code}");
                    self.outcome.withheld.push(held(transform, anchor, reason, None));
                } else if pragmas.silence(&names, anchor) {
                    let reason = format!("{title}: a comment says to leave it");
                    self.outcome.withheld.push(held(transform, anchor, reason, None));
                } else if applicability < needed {
                    self.outcome.withheld.push(held(transform, anchor, title, Some(applicability)));
                } else if ignoring.is_some() && ignore_file.is_none() {
                    ignore_file = ignoring;
                    applied.push(applied_here(title, notes));
                } else if ignoring.is_none() && edits.absorb(&own) {
                    // What overlaps an earlier fix waits for the next round.
                    applied.push(applied_here(title, notes));
                }
            }
            let is_silent = |refusal: &Refusal| {
                let out = self
                    .settings
                    .scope
                    .as_ref()
                    .is_some_and(|scope| !scope.has(&names, &lines_of(refusal.span), &[]));
                pragmas.silence(&names, refusal.span) || out
            };
            // Guards of a transform that would not be applied anyway are of no interest.
            let refused = refused
                .into_iter()
                .filter(|refusal| !is_silent(refusal) && transform.applicability >= needed);
            self.outcome
                .refused
                .extend(refused.map(|refusal| held(transform, refusal.span, refusal.reason, None)));
            if edits.is_empty() && ignore_file.is_none() {
                continue;
            }
            let new = edits.apply(text);
            match check::step(&facts, &new, transform.changes) {
                Ok(()) => {
                    note_ignored(&mut self.ignored, &pragmas, origin);
                    return Some((index, Step { transform, fixes: applied, edits, text: new, ignore_file }));
                }
                Err(what) => {
                    self.broken.push(transform.id);
                    let reason = format!(
                        "undone, because afterwards {what}; this is a mistake in jettison, please report it"
                    );
                    self.outcome.undone.push(held(transform, Span::at(applied_at(&edits)), reason, None));
                }
            }
        }
        note_ignored(&mut self.ignored, &pragmas, origin);
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
        let needed = if self.settings.config.r#unsafe { Applicability::Unsafe } else { Applicability::Safe };
        self.settings.wants(transform.id)
            && self.settings.scope.is_none()
            && transform.applicability >= needed
            && !matches!(transform.changes, Changes::CacheMounts | Changes::DropsPackages)
            && self.around.context().is_ok()
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

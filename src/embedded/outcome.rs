//! The result for a host: the steps of the Dockerfiles in it as steps of the host, with the places
//! in the host.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use crate::edit::Edits;
use crate::embedded::EmbeddedDockerfile;
use crate::embedded::compose::{self, InlineDockerfile};
use crate::pipeline::{Applied, Outcome, Step, Unapplied};
use crate::reasons::{self, Reason};
use crate::span::Place;
use crate::transforms;

/// Collects the results of the Dockerfiles in a host.
#[derive(Debug)]
pub struct HostOutcome<'h> {
    /// The original text.
    host: &'h str,
    /// Its lines.
    lines: Vec<&'h str>,
    /// What is known apart from the steps.
    outcome: Outcome,
    parts: Vec<Part>,
}

/// The steps of a Dockerfile.
#[derive(Debug)]
struct Part {
    service: String,
    /// The Dockerfile after the steps that are no longer in the queue.
    current: EmbeddedDockerfile,
    steps: VecDeque<Step>,
}

impl<'h> HostOutcome<'h> {
    /// Nothing yet.
    pub fn of(host: &'h str) -> Self {
        Self { host, lines: host.lines().collect(), outcome: Outcome::default(), parts: Vec::new() }
    }

    /// Adds a Dockerfile that can't be fixed.
    pub fn refuse(&mut self, place: Place, reason: Reason) {
        let line = self.line(place);
        self.outcome.unreadable.push(Unapplied {
            transform: None,
            place,
            lines: place.line..=place.line,
            line,
            reason,
            related: None,
            applicability: None,
        });
    }

    fn line(&self, place: Place) -> String {
        self.lines.get(place.line - 1).copied().unwrap_or_default().to_owned()
    }

    /// Adds that the ignore file at a path does not change for a Dockerfile.
    pub fn leave_ignore_file(&mut self, inline: &InlineDockerfile, path: &str) {
        let line = inline.dockerfile.lines_before + 1;
        self.refuse(Place { line, column: 1 }, reasons::second_ignore_file(path));
    }

    /// Adds the result of a Dockerfile that is after the ones before.
    pub fn add(&mut self, inline: &InlineDockerfile, outcome: Outcome) {
        let dockerfile = &inline.dockerfile;
        let lines = dockerfile.lines_in(self.host);
        let places = Places { dockerfile, lines };
        let Outcome { steps, refused, withheld, unreadable, undone, unused, is_late } = outcome;
        let in_host = |step: Step| {
            let fixes = step.fixes.into_iter().map(|fix| places.of_applied(fix)).collect();
            Step { fixes, ..step }
        };
        let steps = steps.into_iter().map(in_host).collect();
        let moved = |all: Vec<Unapplied>| all.into_iter().map(|unapplied| places.of_unapplied(unapplied));
        self.outcome.refused.extend(moved(refused));
        self.outcome.withheld.extend(moved(withheld));
        self.outcome.unreadable.extend(moved(unreadable));
        self.outcome.undone.extend(moved(undone));
        self.outcome.unused.extend(moved(unused));
        self.outcome.is_late |= is_late;
        self.parts.push(Part { service: inline.service.clone(), current: dockerfile.clone(), steps });
    }

    /// The result, without its steps if a comment at the place says that the host is generated.
    ///
    /// # Errors
    /// The new text of the host would not mean the same outside of its Dockerfiles.
    pub fn finish(mut self, generated: Option<Place>) -> Result<Outcome, Reason> {
        if let Some(comment) = generated {
            let steps = std::mem::take(&mut self.parts).into_iter().flat_map(|part| part.steps);
            for step in steps {
                for fix in step.fixes {
                    let line = self.line(fix.place);
                    self.outcome.withheld.push(Unapplied {
                        transform: Some(step.transform.id),
                        place: fix.place,
                        lines: fix.lines,
                        line,
                        reason: reasons::generated_file(comment.line).undone(&fix.title),
                        related: None,
                        applicability: None,
                    });
                }
            }
            return Ok(self.outcome);
        }
        self.outcome.steps = steps(self.host, &mut self.parts);
        let texts = self.parts.into_iter().map(|part| (part.service, part.current.text));
        let texts: Vec<(String, String)> = texts.collect();
        let is_put_back =
            |new: &str| compose::is_same_elsewhere(self.host, new) && compose::has_texts(new, &texts);
        if !self.outcome.text().is_none_or(is_put_back) {
            return Err(reasons::not_put_back());
        }
        Ok(self.outcome)
    }
}

/// The steps of the host, in the order of the transforms as far as each Dockerfile allows it: commits
/// of pull requests have one transform each.
fn steps(host: &str, parts: &mut [Part]) -> Vec<Step> {
    let order = |step: &Step| transforms::ALL.iter().position(|transform| transform.id == step.transform.id);
    let mut now = host.to_owned();
    let mut all = Vec::new();
    loop {
        let next =
            parts.iter().enumerate().filter_map(|(at, part)| Some((order(part.steps.front()?), at))).min();
        let Some((_, at)) = next else { return all };
        let (part, after) = parts[at..].split_first_mut().expect("a part with a step");
        let step = part.steps.pop_front().expect("a part with a step");
        let mut edits = Edits::new();
        if !step.edits.is_empty() {
            (edits, part.current) = part.current.edits_in(&now, &step.edits, &step.text);
            let new = edits.apply(&now);
            after.iter_mut().for_each(|part| part.current.move_by(now.len(), new.len()));
            now = new;
        }
        all.push(Step { edits, text: now.clone(), ..step });
    }
}

/// The places of a Dockerfile's lines in its host.
struct Places<'d> {
    dockerfile: &'d EmbeddedDockerfile,
    lines: Vec<&'d str>,
}

impl Places<'_> {
    fn of(&self, place: Place) -> Place {
        self.dockerfile.place(&self.lines, place)
    }

    fn of_lines(&self, lines: &RangeInclusive<usize>) -> RangeInclusive<usize> {
        let before = self.dockerfile.lines_before;
        lines.start() + before..=lines.end() + before
    }

    fn of_applied(&self, fix: Applied) -> Applied {
        Applied { place: self.of(fix.place), lines: self.of_lines(&fix.lines), ..fix }
    }

    fn of_unapplied(&self, unapplied: Unapplied) -> Unapplied {
        let line = self.lines.get(unapplied.place.line - 1).copied().unwrap_or_default();
        Unapplied {
            place: self.of(unapplied.place),
            lines: self.of_lines(&unapplied.lines),
            line: if unapplied.line.is_empty() {
                String::new()
            } else {
                line.trim_end_matches(['\r', '\n']).to_owned()
            },
            reason: unapplied.reason.in_host(self.dockerfile.lines_before),
            related: unapplied.related.map(|place| self.of(place)),
            ..unapplied
        }
    }
}

//! Ignore comments without an effect: comments that name an unknown transform, comments with wrong
//! syntax, and comments without which the result would be the same. A trial run determines the
//! last.

use super::{Outcome, Unapplied, needed};
use crate::config::Settings;
use crate::context::ContextSource;
use crate::pragma::{self, OwnComment, Pragmas};
use crate::reasons::{self, Reason};
use crate::span::{LineIndex, Span};
use crate::syntax::Dockerfile;
use crate::transform::Transform;
use crate::transforms;

/// The largest number of ids in a file that are tried.
const MOST_TRIALS: usize = 8;

/// A run of the pipeline, for a trial.
pub(super) type Try<'t> = &'t dyn Fn(&str) -> Outcome;

/// The unused ignore comments of a text with a known outcome. Without `retry`, only the comments
/// that are wrong by themselves are found.
pub(super) fn found(
    file: &Dockerfile<'_>,
    outcome: &Outcome,
    settings: &Settings,
    context_source: &dyn ContextSource,
    retry: Option<Try<'_>>,
) -> Vec<Unapplied> {
    let text = file.text;
    // Nearly all files have no Jettison comment and can be skipped.
    if !["ettison", "ETTISON"].iter().any(|name| text.contains(name)) {
        return Vec::new();
    }
    let pragmas = Pragmas::of(file, !settings.hadolint.disable_ignore_pragma);
    let lines = LineIndex::of(text);
    let mut trials = 0;
    let mut found = Vec::new();
    for comment in pragmas.own() {
        for id in &comment.ids {
            let reason = match transforms::find(id) {
                _ if id == pragma::ALL => None,
                _ if transforms::ALL.iter().any(|transform| transform.hadolint.contains(&id.as_str())) => {
                    None
                }
                None => Some(unknown(id)),
                Some(transform) => retry
                    .filter(|_| {
                        is_sure_to_report(transform, settings, context_source) && trials < MOST_TRIALS
                    })
                    .filter(|retry| {
                        trials += 1;
                        is_unused(text, comment, id, outcome, retry)
                    })
                    .map(|_| reasons::unused_comment(id)),
            };
            found.extend(reason.map(|reason| unapplied(&lines, comment.span, reason)));
        }
    }
    for mistaken in pragmas.mistaken() {
        let reason = reasons::misspelled_comment(&mistaken.correction);
        found.push(unapplied(&lines, mistaken.span, reason));
    }
    found.sort_by_key(|unapplied| unapplied.place.line);
    found
}

fn unapplied(lines: &LineIndex<'_>, span: Span, reason: Reason) -> Unapplied {
    let place = lines.place(span.start);
    Unapplied {
        transform: None,
        place,
        lines: place.line..=place.line,
        line: lines.line(span.start).to_owned(),
        reason,
        related: None,
        applicability: None,
    }
}

fn unknown(id: &str) -> Reason {
    transforms::nearest(id)
        .map_or_else(|| reasons::unknown_transform(id), |near| reasons::misspelled_transform(id, near))
}

/// Whether the result is the same without one id of a comment: the new texts, and the messages
/// about changes that were not made.
fn is_unused(text: &str, comment: &OwnComment, id: &str, with: &Outcome, retry: Try<'_>) -> bool {
    let old = comment.span.of(text);
    // A text of the same length replaces the id, so that the positions of everything else are
    // unchanged.
    let inert = if comment.ids.len() == 1 {
        format!("#{}", "~".repeat(old.len() - 1))
    } else {
        let Some(at) = old.find(id) else { return false };
        format!("{}{}{}", &old[..at], "~".repeat(id.len()), &old[at + id.len()..])
    };
    if text.contains(&inert) {
        return false;
    }
    let trial = format!("{}{inert}{}", &text[..comment.span.start], &text[comment.span.end..]);
    let without = retry(&trial);
    let said = |outcome: &Outcome| -> Vec<_> {
        let unapplied = outcome.refused.iter().chain(&outcome.withheld).chain(&outcome.undone);
        unapplied
            .map(|unapplied| (unapplied.transform, unapplied.place, unapplied.reason.to_string()))
            .collect()
    };
    without.text().unwrap_or(&trial).replace(&inert, old) == with.text().unwrap_or(text)
        && without.ignore_file() == with.ignore_file()
        && said(&without) == said(with)
}

/// Whether a transform runs in full, without a missing configuration, engine or build context.
fn is_sure_to_report(transform: &Transform, settings: &Settings, context_source: &dyn ContextSource) -> bool {
    settings.wants(transform.id, transform.group)
        && settings.scope.is_none()
        && transform.applicability >= needed(settings)
        && !transform.contract.is_conditional
        && context_source.context().is_ok()
}

//! Comments that tell Jettison to leave something alone and do not: those that name what is not there, those that are written wrongly, and
//! those without which the result would be the same. The last is not concluded but tried.

use super::{Held, Outcome, needed};
use crate::config::Settings;
use crate::context::Surroundings;
use crate::pragma::{self, OwnComment, Pragmas};
use crate::span::{LineIndex, Span};
use crate::syntax::Dockerfile;
use crate::transform::{Changes, Transform};
use crate::transforms;

/// More ids of a file than this are not tried.
const MOST_TRIALS: usize = 8;

/// A run of the pipeline, for a trial.
pub(super) type Try<'t> = &'t dyn Fn(&str) -> Outcome;

/// The idle comments of a text, of which the outcome is known. Without a way to try, only what can be read off is found.
pub(super) fn found(
    text: &str,
    outcome: &Outcome,
    settings: &Settings,
    around: &dyn Surroundings,
    retry: Option<Try<'_>>,
) -> Vec<Held> {
    // Nearly all files have no comment of ours, and need no further look.
    if !["ettison", "ETTISON"].iter().any(|name| text.contains(name)) {
        return Vec::new();
    }
    let file = Dockerfile::parse(text);
    let pragmas = Pragmas::of(&file, !settings.hadolint.disable_ignore_pragma);
    let lines = LineIndex::of(text);
    let mut trials = 0;
    let mut found = Vec::new();
    for comment in pragmas.own() {
        for id in &comment.ids {
            let reason = match transforms::find(id) {
                _ if id == pragma::ALL => None,
                _ if transforms::ALL.iter().any(|transform| transform.answers.contains(&id.as_str())) => None,
                None => Some(format!("{}; this comment does nothing", unknown(id))),
                Some(transform) => retry
                    .filter(|_| is_sure_to_speak(transform, settings, around) && trials < MOST_TRIALS)
                    .filter(|retry| {
                        trials += 1;
                        is_unused(text, comment, id, outcome, retry)
                    })
                    .map(|_| {
                        format!(
                            "this comment changes nothing: without it, `{id}` would do the same; remove it"
                        )
                    }),
            };
            found.extend(reason.map(|reason| held(&lines, comment.span, reason)));
        }
    }
    for mistaken in pragmas.mistaken() {
        let reason = format!("this comment does nothing; write it as `{}`", mistaken.correction);
        found.push(held(&lines, mistaken.span, reason));
    }
    found.sort_by_key(|held| held.place.line);
    found
}

fn held(lines: &LineIndex<'_>, span: Span, reason: String) -> Held {
    let place = lines.place(span.start);
    Held {
        transform: None,
        place,
        lines: place.line..=place.line,
        line: lines.line(span.start).to_owned(),
        reason,
        applicability: None,
    }
}

fn unknown(id: &str) -> String {
    let near = transforms::nearest(id).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("there is no transform `{id}`{near}")
}

/// Whether the result is the same without an id of a comment: the new texts, and what is said of what was not done.
fn is_unused(text: &str, comment: &OwnComment, id: &str, with: &Outcome, retry: Try<'_>) -> bool {
    let old = comment.span.of(text);
    // Something of the same length takes its place, so that everything else is where it was.
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
        let held = outcome.refused.iter().chain(&outcome.withheld).chain(&outcome.undone);
        held.map(|held| (held.transform, held.place, held.reason.clone())).collect()
    };
    without.text().unwrap_or(&trial).replace(&inert, old) == with.text().unwrap_or(text)
        && without.ignore_file() == with.ignore_file()
        && said(&without) == said(with)
}

/// Whether a transform is not silent for want of a configuration, an engine or a context.
fn is_sure_to_speak(transform: &Transform, settings: &Settings, around: &dyn Surroundings) -> bool {
    settings.wants(transform.id)
        && settings.scope.is_none()
        && transform.applicability >= needed(settings)
        && !matches!(transform.changes, Changes::CacheMounts | Changes::DropsPackages)
        && around.context().is_ok()
}

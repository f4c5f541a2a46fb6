//! Comments that tell to leave something alone: which of them kept anything from being done.

use super::{Held, needed};
use crate::config::Settings;
use crate::context::Surroundings;
use crate::pragma::Pragmas;
use crate::span::LineIndex;
use crate::transform::{Changes, Transform};
use crate::transforms;

/// An id that a comment names.
struct Named {
    /// Where the comment stands in the text as it went in.
    at: usize,
    id: String,
    was_needed: bool,
}

/// The ids of all comments that speak to us, over the whole run.
#[derive(Default)]
pub(super) struct Idle(Vec<Named>);

impl Idle {
    /// Takes in what a text in the middle of the run has shown.
    pub fn note(&mut self, pragmas: &Pragmas, origin: impl Fn(usize) -> usize) {
        for (one, is_needed) in pragmas.all().filter(|(one, _)| one.is_own) {
            let at = origin(one.comment.start);
            match self.0.iter_mut().find(|known| (known.at, &known.id) == (at, &one.id)) {
                Some(known) => known.was_needed |= is_needed,
                None => self.0.push(Named { at, id: one.id.clone(), was_needed: is_needed }),
            }
        }
    }

    /// Comments that name what is not there, or what would do nothing here without them.
    pub fn found(&self, lines: &LineIndex<'_>, settings: &Settings, around: &dyn Surroundings) -> Vec<Held> {
        let idle = self.0.iter().filter(|one| !one.was_needed);
        let held = idle.filter_map(|Named { at, id, .. }| {
            let place = lines.place(*at);
            Some(Held {
                transform: None,
                place,
                lines: place.line..=place.line,
                line: lines.line(*at).to_owned(),
                reason: reason(id, settings, around)?,
                applicability: None,
            })
        });
        held.collect()
    }
}

fn reason(id: &str, settings: &Settings, around: &dyn Surroundings) -> Option<String> {
    if transforms::ALL.iter().any(|transform| transform.answers.contains(&id)) {
        return None;
    }
    match transforms::find(id) {
        None => Some(format!("there is no transform `{id}`, so that this comment does nothing")),
        Some(transform) if is_sure_to_speak(transform, settings, around) => {
            Some(format!("this comment keeps `{id}` from nothing any more, and can go"))
        }
        Some(_) => None,
    }
}

/// Whether a transform is not silent for want of a configuration, an engine or a context.
fn is_sure_to_speak(transform: &Transform, settings: &Settings, around: &dyn Surroundings) -> bool {
    settings.wants(transform.id)
        && settings.scope.is_none()
        && transform.applicability >= needed(settings)
        && !matches!(transform.changes, Changes::CacheMounts | Changes::DropsPackages)
        && around.context().is_ok()
}

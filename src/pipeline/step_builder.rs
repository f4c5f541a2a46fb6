//! A step under construction.

use super::{Applied, Choice, Chooser, Proposal};
use crate::edit::Edits;
use crate::transform::{Fix, Transform};

/// The fixes of one transform that are part of the step.
#[derive(Default)]
pub(super) struct StepBuilder {
    pub edits: Edits,
    pub ignore_file: Option<String>,
    pub applied: Vec<Applied>,
    /// Whether the user replaced edits by others.
    pub edited_by_user: bool,
}

impl StepBuilder {
    /// Adds a fix if the chooser accepts it. A fix that overlaps an earlier one waits for the next
    /// round.
    pub fn take(
        &mut self,
        fix: Fix,
        applied: Applied,
        transform: &'static Transform,
        text: &str,
        chooser: &mut Option<&mut dyn Chooser>,
    ) {
        let has_room = fix.ignore_file.is_none() || self.ignore_file.is_none();
        if !has_room || !self.edits.fits(&fix.edits) {
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
            Choice::Take => {
                let taken = self.edits.absorb(&fix.edits);
                if let Some(text) = fix.ignore_file.filter(|_| taken) {
                    self.ignore_file = Some(text);
                }
                taken
            }
            Choice::Instead(own) => {
                self.edited_by_user = true;
                self.edits.absorb(&own)
            }
        };
        if taken {
            self.applied.push(applied);
        }
    }
}

//! Asks the user about each fix before it is applied.

use crate::edit::Edits;
use crate::span::Place;
use crate::transform::{Applicability, Transform};

/// Decides about each fix.
pub trait Chooser {
    /// Decides whether to apply a fix. A fix that was not applied may be proposed again in a later
    /// round.
    fn choose(&mut self, proposal: &Proposal<'_>) -> Choice;
}

/// A fix that would be applied.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'p> {
    /// The transform that proposes it.
    pub transform: &'static Transform,
    /// What it does.
    pub title: &'p str,
    /// The facts that it depends on, one per line.
    pub notes: &'p [String],
    /// Whether it is safe to apply.
    pub applicability: Applicability,
    /// Its position in the original text.
    pub place: Place,
    /// The text before the fixes of this transform.
    pub text: &'p str,
    /// The edits.
    pub edits: &'p Edits,
    /// The text after this fix alone.
    pub result: &'p str,
    /// The new text of the ignore file, if the fix changes it.
    pub ignore_file: Option<&'p str>,
}

/// The answer about a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Apply it.
    Take,
    /// Don't apply it.
    Leave,
    /// Apply these edits of the same text instead. Their author is responsible for their meaning.
    Instead(Edits),
}

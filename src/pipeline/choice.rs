//! Asking somebody about each fix before it is taken.

use crate::edit::Edits;
use crate::span::Place;
use crate::transform::{Applicability, Transform};

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
    /// The ignore file's new text, where it changes too, or instead.
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

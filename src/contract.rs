//! Contracts: what a transform may change. Each transform declares one, and every step is checked
//! against it, independent of the transform: if in doubt, the check fails and the step is rolled
//! back.
//!
//! A contract is declared in the file that checks it. `commands` has those that leave everything
//! but the commands of RUN as it is.

mod base;
mod commands;
mod installs;
mod mounts;
mod order;
mod ownership;
mod prune_stage;
mod repeated;
mod spelling;
mod stages;
mod trimmed;
mod unused_stages;

use crate::facts::Facts;
use crate::knowledge::Knowledge;
use crate::reasons::{self, Reason};
use crate::syntax::Dockerfile;

/// The changes to a file that a transform declares.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    /// Its name; no other contract has it.
    pub name: &'static str,
    /// The benefit of the fixes, unless the fix sets its own.
    pub effect: Effect,
    /// Whether it chooses the base image of the final stage, and so can install a package that is
    /// found to be missing.
    pub chooses_base: bool,
    /// Whether it adds a stage after one that then is not part of the image, so that nothing needs to
    /// be cleaned up there.
    pub splits: bool,
    /// Whether a comment above a package or a RUN may be removed with it.
    pub may_remove_comments: bool,
    /// Whether fixes also depend on a setting or on a container engine, so that a comment which
    /// suppresses them may be in use although nothing shows it.
    pub is_conditional: bool,
    /// Compares the files before and after a step. Returns the facts of the second one, if it needs
    /// them. The error completes the sentence "after this step, …".
    pub(crate) check: Check,
}

type Check = for<'a> fn(&Facts<'_>, &'a Dockerfile<'a>, &'a Knowledge) -> Result<Option<Facts<'a>>, Reason>;

impl PartialEq for Contract {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Contract {
    /// The ignore file, and nothing in the Dockerfile.
    pub const IGNORE_FILE: Self = Self {
        effect: Effect::FasterBuild,
        ..Self::of("ignore file", |old, after, _| {
            if old.file.text == after.text { Ok(None) } else { Err(reasons::dockerfile_differs()) }
        })
    };

    /// A contract of transforms that make the image smaller.
    const fn of(name: &'static str, check: Check) -> Self {
        Self {
            name,
            effect: Effect::SmallerImage,
            chooses_base: false,
            splits: false,
            may_remove_comments: false,
            is_conditional: false,
            check,
        }
    }
}

/// The benefit of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The image has fewer bytes.
    SmallerImage,
    /// A build sends less, or has more cache hits.
    FasterBuild,
    /// A build depends less on the results of earlier builds.
    ReliableBuild,
    /// The image has fewer layers, but not significantly fewer bytes.
    FewerLayers,
    /// The Dockerfile says the same in a way that linters prefer.
    Tidier,
}

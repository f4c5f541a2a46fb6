//! The check for steps that remove stages: the others are the same, and no instruction uses those
//! that are gone.

use crate::contract::spelling::{Meaning, meanings};
use crate::contract::{Contract, Effect, commands};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::{Dockerfile, Keyword};

impl Contract {
    /// Stages that nothing uses are removed, with their comments.
    pub const UNUSED_STAGES: Self = Self {
        effect: Effect::Tidier,
        may_remove_comments: true,
        ..Self::of("unused stages", |old, after, known| {
            let new = Facts::of(after, known);
            compare(old, &new)?;
            Ok(Some(new))
        })
    };
}

fn compare(old: &Facts<'_>, new: &Facts<'_>) -> Result<(), Reason> {
    let (before, after) = (by_stage(old.file), by_stage(new.file));
    let mut rest = after.iter().peekable();
    for (number, stage) in before.iter().enumerate() {
        // The first part is what is before the first stage.
        let is_kept = rest.next_if_eq(&stage).is_some();
        if !is_kept && !number.checked_sub(1).is_some_and(|stage| old.is_unused(stage)) {
            return Err(reasons::stages_differ());
        }
    }
    let mut comments = commands::comments(old.file).into_iter();
    let are_old = commands::comments(new.file).iter().all(|comment| comments.any(|own| own == *comment));
    match (rest.next(), are_old) {
        (None, true) => Ok(()),
        (Some(_), _) => Err(reasons::stages_differ()),
        (None, false) => Err(reasons::comment_lost_or_moved()),
    }
}

fn by_stage<'a>(file: &'a Dockerfile<'_>) -> Vec<Vec<Meaning<'a>>> {
    let mut stages = vec![Vec::new()];
    for meaning in meanings(file) {
        if meaning.keyword == Some(Keyword::From) {
            stages.push(Vec::new());
        }
        if let Some(stage) = stages.last_mut() {
            stage.push(meaning);
        }
    }
    stages
}

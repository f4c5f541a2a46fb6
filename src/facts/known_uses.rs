//! A cache of the answers of `dependents`. All places before the deciding instruction have the same
//! answer, so it is computed once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use crate::facts::FURTHEST;
use crate::reasons::Reason;

/// The answers of one file, by the removed files and by stage.
#[derive(Debug, Default)]
pub(super) struct KnownUses {
    kept: RefCell<HashMap<String, HashMap<usize, Answers>>>,
    depth: Cell<usize>,
}

/// The answers, by the last place that each applies to, with the first place.
type Answers = BTreeMap<usize, (usize, Option<Reason>)>;

/// A known answer: what depends on the files, if anything does.
pub(super) struct Answer(pub Option<Reason>);

/// A question inside others, until this is dropped.
pub(super) struct Deeper<'l>(&'l Cell<usize>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl KnownUses {
    /// The known answer about everything from an item of a stage on.
    pub(super) fn answer(&self, key: &str, stage: usize, from: usize) -> Option<Answer> {
        let kept = self.kept.borrow();
        let (_, (first, answer)) = kept.get(key)?.get(&stage)?.range(from..).next()?;
        (*first <= from).then(|| Answer(answer.clone()))
    }

    /// Whether this is the first question about these files.
    pub(super) fn is_new(&self, key: &str) -> bool {
        let mut kept = self.kept.borrow_mut();
        let is_new = !kept.contains_key(key);
        if is_new {
            kept.insert(key.to_owned(), HashMap::new());
        }
        is_new
    }

    /// Starts a question inside others; `None` if it is inside too many.
    pub(super) fn deeper(&self) -> Option<Deeper<'_>> {
        (self.depth.get() < FURTHEST).then(|| {
            self.depth.set(self.depth.get() + 1);
            Deeper(&self.depth)
        })
    }

    /// Stores an answer that applies to all these places of a stage.
    pub(super) fn keep(
        &self,
        key: String,
        stage: usize,
        places: RangeInclusive<usize>,
        answer: Option<Reason>,
    ) {
        let (from, through) = places.into_inner();
        let mut kept = self.kept.borrow_mut();
        let answers = kept.entry(key).or_default().entry(stage).or_default();
        let known = answers.entry(through).or_insert((from, answer));
        known.0 = known.0.min(from);
    }
}

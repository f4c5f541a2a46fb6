//! What transforms say that do not change a text: refused fixes and fixes that the settings hold
//! back. Only the messages about the last text are reported.

use crate::pipeline::outcome::Unapplied;

/// The messages of transforms that leave a text unchanged, each with the transform's index.
#[derive(Default)]
pub(super) struct Silent {
    pub refused: Vec<(usize, Unapplied)>,
    pub withheld: Vec<(usize, Unapplied)>,
}

impl Silent {
    /// Drops the messages of a transform.
    pub fn forget(&mut self, index: usize) {
        self.refused.retain(|(other, _)| *other != index);
        self.withheld.retain(|(other, _)| *other != index);
    }

    /// The refused and the withheld fixes, in the order of the transforms.
    pub fn in_order(self) -> (Vec<Unapplied>, Vec<Unapplied>) {
        let sorted = |mut all: Vec<(usize, Unapplied)>| {
            all.sort_by_key(|(index, _)| *index);
            all.into_iter().map(|(_, unapplied)| unapplied).collect()
        };
        (sorted(self.refused), sorted(self.withheld))
    }
}

//! Which stage is built from which, directly or indirectly, without walking from stage to stage.
//!
//! Only FROM counts here; `stage` handles copies between stages.

use crate::facts::stage::{Base, Stage, at};

/// The stages of a file as trees. The root of each is built from an image.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    of: Vec<Place>,
    derived: Vec<Vec<usize>>,
}

/// The place of a stage in its tree.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The stage at the root.
    root: usize,
    /// The number of stages between it and the root.
    depth: usize,
    /// Its number. The stages that are built from it have the next numbers.
    number: usize,
    /// The number of stages that are built from it, including itself.
    size: usize,
}

impl Lineage {
    /// Builds the trees of the stages, each of which is built from an earlier one or from none.
    pub(crate) fn of(stages: &[Stage]) -> Self {
        let base = |stage: usize| match stages[stage].base {
            Base::Stage(base) => Some(base),
            _ => None,
        };
        let mut sizes = vec![1; stages.len()];
        let mut derived = vec![Vec::new(); stages.len()];
        for stage in (0..stages.len()).rev() {
            if let Some(base) = base(stage) {
                sizes[base] += sizes[stage];
            }
        }
        let mut of: Vec<Place> = Vec::with_capacity(stages.len());
        // The next free numbers: for a stage that is built from none, and for one that is built
        // from each stage.
        let mut free = 0;
        let mut free_in: Vec<usize> = Vec::with_capacity(stages.len());
        for (stage, &size) in sizes.iter().enumerate() {
            let place = match base(stage) {
                None => {
                    free += size;
                    Place { root: stage, depth: 0, number: free - size, size }
                }
                Some(base) => {
                    derived[base].push(stage);
                    free_in[base] += size;
                    let Place { root, depth, .. } = of[base];
                    Place { root, depth: depth + 1, number: free_in[base] - size, size }
                }
            };
            free_in.push(place.number + 1);
            of.push(place);
        }
        Self { of, derived }
    }

    /// The stage at the root of a stage's tree.
    pub(crate) fn root(&self, stage: usize) -> usize {
        self.of[stage].root
    }

    /// Whether a stage is the other one, or built from it, directly or indirectly.
    pub(crate) fn is_built_from(&self, stage: usize, base: usize) -> bool {
        let (own, base) = (self.of[stage].number, self.of[base]);
        (base.number..base.number + base.size).contains(&own)
    }

    /// The stages whose FROM names a stage, in order.
    pub(crate) fn derived(&self, stage: usize) -> &[usize] {
        &self.derived[stage]
    }

    /// The last of some items, given in order, that is before an item: in its stage, or else in the
    /// stages that it is built from.
    pub(crate) fn nearest(&self, stages: &[Stage], items: &[usize], item: usize) -> Option<usize> {
        let stage = at(stages, item)?;
        let own = |stage: &Stage, end: usize| {
            let before = items.partition_point(|at| *at < end);
            items[..before].last().copied().filter(|at| stage.items.contains(at))
        };
        if let Some(found) = own(stage, item) {
            return Some(found);
        }
        let earlier = &items[..items.partition_point(|at| *at < stage.items.start)];
        // Both ways give the same result; the shorter one is used.
        if earlier.len() < self.of[stage.index].depth {
            return earlier.iter().rev().copied().find(|found| {
                at(stages, *found).is_some_and(|base| self.is_built_from(stage.index, base.index))
            });
        }
        let mut stage = stage;
        while let Base::Stage(base) = stage.base {
            stage = &stages[base];
            if let Some(found) = own(stage, stage.items.end) {
                return Some(found);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::Facts;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    #[test]
    fn what_is_built_from_what_is_known_without_walking() {
        let text = "FROM x AS a\nFROM a AS b\nFROM y AS c\nFROM b AS d\nFROM a AS e\n";
        let file = Dockerfile::parse(text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let from = |base: usize| {
            (0..5).filter(|&stage| facts.lineage.is_built_from(stage, base)).collect::<Vec<_>>()
        };
        assert_eq!([from(0), from(1), from(2), from(3)], [vec![0, 1, 3, 4], vec![1, 3], vec![2], vec![3]]);
        assert_eq!((0..5).map(|stage| facts.lineage.root(stage)).collect::<Vec<_>>(), [0, 0, 2, 0, 0]);
        assert_eq!(facts.lineage.derived(0), [1, 4]);
    }

    #[test]
    fn the_nearest_is_looked_for_in_the_stages_below() {
        let text = "FROM x AS a\nUSER 1\nUSER 2\nFROM y\nUSER 3\nFROM a\nRUN z\nUSER 4\nRUN z\n";
        let file = Dockerfile::parse(text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let users = [1, 2, 4, 7];
        assert_eq!(facts.lineage.nearest(&facts.stages, &users, 8), Some(7));
        assert_eq!(facts.lineage.nearest(&facts.stages, &users, 6), Some(2));
        assert_eq!(facts.lineage.nearest(&facts.stages, &users, 4), None);
        assert_eq!(facts.lineage.nearest(&facts.stages, &[4, 7], 6), None);
    }
}

//! The destinations of a file's copies.

use crate::facts::{Facts, paths};
use crate::syntax::Body;

/// Where a COPY or ADD puts files.
#[derive(Debug)]
pub(crate) struct Destination {
    item: usize,
    /// The normalized path.
    pub path: String,
    /// The instruction's name.
    pub keyword: &'static str,
    /// Whether the files come from another stage or image.
    pub is_from_elsewhere: bool,
}

impl Facts<'_> {
    /// The destinations of the copies before an item, nearest first: those of its stage, then of
    /// the stages that it is built from.
    pub(crate) fn destinations_before(&self, item: usize) -> impl Iterator<Item = &Destination> {
        let all = self.kept.destinations.get_or_init(|| self.destinations());
        let at = |item: usize| all.partition_point(|one| one.item < item);
        self.ranges_before(item).flat_map(move |items| all[at(items.start)..at(items.end)].iter().rev())
    }

    fn destinations(&self) -> Vec<Destination> {
        let all = self.file.instructions().filter_map(|(item, instruction)| {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return None };
            Some(Destination {
                item,
                path: paths::normal(&transfer.destination),
                keyword: instruction.keyword.name(),
                is_from_elsewhere: instruction.flag("from").is_some(),
            })
        });
        all.collect()
    }
}

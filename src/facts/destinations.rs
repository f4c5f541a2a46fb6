//! The destinations of a file's copies.

use crate::facts::{Facts, paths};
use crate::syntax::Body;

/// Where a COPY or ADD puts files.
#[derive(Debug)]
pub(crate) struct Destination {
    /// The index of the instruction.
    pub item: usize,
    /// The normalized path.
    pub path: String,
    /// The instruction's name.
    pub keyword: &'static str,
    /// Whether the files come from another stage or image.
    pub is_from_elsewhere: bool,
}

impl Facts<'_> {
    /// The destinations of all copies, in order.
    pub(crate) fn destinations(&self) -> &[Destination] {
        self.kept.destinations.get_or_init(|| self.found_destinations())
    }

    fn found_destinations(&self) -> Vec<Destination> {
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

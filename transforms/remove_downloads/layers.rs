//! Archives that an earlier ADD or COPY stored in a layer of its own, where no RUN can free them.

use crate::facts::files::Touch;
use crate::facts::{FURTHEST, Facts, RunFacts};
use crate::knowledge::lists::files::{PACKAGES_AND_ARCHIVES, UNPACKED_BY_ADD};
use crate::reasons::{self, Reason};
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Instruction, Transfer};

/// An archive that an ADD or COPY stores as it is.
pub struct Stored {
    /// The instruction.
    item: usize,
    path: String,
    /// Why no cleanup helps.
    pub reason: Reason,
}

/// The archives that the stages of a file store, in file order.
pub fn stored(facts: &Facts<'_>) -> Vec<Stored> {
    facts.stages.iter().flat_map(|stage| stage.items.clone()).flat_map(|item| archives(facts, item)).collect()
}

/// Those that a RUN unpacks or installs, and that an instruction above it in the same stage stores, by
/// their indexes.
pub fn unpacked_by(facts: &Facts<'_>, run: &RunFacts<'_>, stored: &[Stored]) -> Vec<usize> {
    let start = facts.stage_of(run).items.start.max(run.item.saturating_sub(FURTHEST));
    let before = |item: usize| stored.partition_point(|archive| archive.item < item);
    let above = before(start)..before(run.item);
    if above.is_empty() {
        return Vec::new();
    }
    let (uses, _) = facts.file_uses(run);
    let is_used = |path: &str| uses.iter().any(|use_| use_.touch == Touch::Consumed && use_.path == path);
    above.filter(|index| is_used(&stored[*index].path)).collect()
}

/// The archives that one instruction stores.
fn archives(facts: &Facts<'_>, item: usize) -> Vec<Stored> {
    let Some(instruction) = facts.instruction_at(item) else { return Vec::new() };
    let (transfer, is_add) = match &instruction.body {
        Body::Copy(transfer) => (transfer, false),
        Body::Add(transfer) => (transfer, true),
        _ => return Vec::new(),
    };
    let archives = transfer.sources.iter().filter_map(|source| {
        let is_url = source.contains("://");
        let name = base_name(source.split(['?', '#']).next().unwrap_or_default());
        let is_unpacked = is_add && !is_url && UNPACKED_BY_ADD.iter().any(|ending| name.ends_with(ending));
        let path = target(facts, item, transfer, name)?;
        if is_unpacked || !is_archive(&path) {
            return None;
        }
        let reason = reason(instruction, base_name(&path), is_url).at(instruction.text);
        Some(Stored { item, path, reason })
    });
    archives.collect()
}

/// The path of a file in the image, if its name is literal.
fn target(facts: &Facts<'_>, item: usize, transfer: &Transfer, name: &str) -> Option<String> {
    let written = transfer.destination.as_str();
    let destination = facts.path_at(item, written)?;
    // A directory may be written without a slash; a file rarely gets a name without its ending.
    let is_directory = written.ends_with('/') || transfer.sources.len() > 1 || !is_archive(&destination);
    if !is_directory {
        return Some(destination);
    }
    let is_literal = !name.is_empty() && !name.contains(['*', '?', '[', '$']);
    is_literal.then(|| format!("{}/{name}", destination.trim_end_matches('/')))
}

fn is_archive(path: &str) -> bool {
    PACKAGES_AND_ARCHIVES.iter().any(|ending| path.ends_with(ending))
}

fn reason(instruction: &Instruction<'_>, name: &str, is_url: bool) -> Reason {
    if is_url {
        return reasons::download_in_layer_of_add(name);
    }
    match instruction.flag("from") {
        Some(_) => reasons::archive_of_other_stage(name),
        None => reasons::archive_in_layer(name),
    }
}

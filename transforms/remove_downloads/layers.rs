//! Archives that an earlier ADD or COPY stored in a layer of its own, where no RUN can free them.

use crate::facts::files::Touch;
use crate::facts::{FURTHEST, Facts, RunFacts};
use crate::knowledge::lists::files::{PACKAGES_AND_ARCHIVES, UNPACKED_BY_ADD};
use crate::reasons::{self, Reason};
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Instruction, Transfer};

/// The archives that a RUN unpacks or installs, and that an instruction above it in the same stage
/// adds: each with the reason why no cleanup helps, at that instruction.
pub fn archives_above<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> Vec<Reason> {
    let start = facts.stage_of(run).items.start + 1;
    let items = start.max(run.item.saturating_sub(FURTHEST))..run.item;
    let added: Vec<(String, Reason)> = items.flat_map(|item| archives(facts, item)).collect();
    if added.is_empty() {
        return Vec::new();
    }
    let (uses, _) = facts.file_uses(run);
    let is_used = |path: &str| uses.iter().any(|use_| use_.touch == Touch::Consumed && use_.path == path);
    added.into_iter().filter(|(path, _)| is_used(path)).map(|(_, reason)| reason).collect()
}

/// The archives that an ADD or COPY stores as they are, with their paths.
fn archives(facts: &Facts<'_>, item: usize) -> Vec<(String, Reason)> {
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
        let path = place(facts, item, transfer, name)?;
        if is_unpacked || !is_archive(&path) {
            return None;
        }
        let reason = reason(instruction, base_name(&path), is_url).at(instruction.text);
        Some((path, reason))
    });
    archives.collect()
}

/// The path of a file in the image, if its name is literal.
fn place(facts: &Facts<'_>, item: usize, transfer: &Transfer, name: &str) -> Option<String> {
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

//! Whether the paths that the image's commands name exist in its new stage.
//!
//! Only what a step of the build names can be missing: everything else comes from the base image, or
//! from a copy of the build context, which stays.

use crate::facts::paths;
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{is_common_directory, is_not_read_at_run_time};
use crate::runtime::view::StageView;
use crate::syntax::{Body, Item};
use crate::transforms::split_stages::recipe::Copy;

/// Fails if a command names a path that a step of the build may make, and no copy brings.
pub(super) fn check(view: &StageView<'_, '_>, copies: &[Copy]) -> Result<(), Reason> {
    let instructions = || {
        view.stage.items.clone().filter_map(|item| match &view.facts.file.items[item] {
            Item::Instruction(instruction) => Some(instruction),
            _ => None,
        })
    };
    let is_brought = |path: &str| {
        let mut copied =
            copies.iter().flat_map(|copy| copy.paths.iter().map(String::as_str).chain(copy.to.as_deref()));
        copied.any(|copied| paths::within(path, copied) || paths::within(copied, path))
    };
    let is_made = |path: &str| {
        let mut places = above(path).filter(|place| !is_common_directory(place));
        let runs = || instructions().filter(|instruction| matches!(instruction.body, Body::Run(_)));
        places.any(|place| runs().any(|run| names(run.arguments(), place)))
    };
    for instruction in instructions() {
        if !matches!(instruction.body, Body::Cmd(_) | Body::Entrypoint(_) | Body::Healthcheck(Some(_))) {
            continue;
        }
        let words = instruction.arguments().split(|c: char| c.is_whitespace() || "\"'=,;&|()[]".contains(c));
        for path in words.filter(|word| word.starts_with('/')).map(|word| word.trim_end_matches('/')) {
            if !is_not_read_at_run_time(path) && is_made(path) && !is_brought(path) {
                return Err(reasons::named_path_not_copied(instruction.keyword.name(), path));
            }
        }
    }
    Ok(())
}

/// A path and the directories above it that have at least two parts.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let all = std::iter::successors(Some(path), |path| path.rfind('/').map(|at| &path[..at]));
    all.take_while(|path| path.matches('/').count() >= 2)
}

/// Whether a script names a path, or one below it.
fn names(script: &str, path: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    script.match_indices(path).any(|(at, _)| {
        !script[..at].ends_with(|c| is_of_name(c) || c == '/')
            && !script[at + path.len()..].starts_with(is_of_name)
    })
}

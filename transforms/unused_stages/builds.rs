//! What may build a stage by its name: the Dockerfile itself, and other files of the repository.

use crate::facts::paths;
use crate::knowledge::lists::files::WITH_LITERAL_TARGETS;
use crate::knowledge::lists::programs::BUILDING_IMAGES;
use crate::syntax::{Body, Dockerfile};

/// Whether an instruction refers to a stage by its number, which would change, or by a variable.
pub(super) fn refers_by_number_or_variable(file: &Dockerfile<'_>) -> bool {
    let is_unclear = |name: &str| name.contains('$') || name.bytes().all(|byte| byte.is_ascii_digit());
    file.instructions().any(|(_, instruction)| match &instruction.body {
        Body::From(from) => from.image.starts_with('$'),
        Body::Onbuild(_, arguments) => arguments.contains("from="),
        _ => {
            let from = instruction.flag("from").and_then(|flag| flag.value.as_deref());
            let mounts = paths::mounts(instruction);
            from.into_iter().chain(mounts.iter().filter_map(|mount| mount.from.as_deref())).any(is_unclear)
        }
    })
}

/// Whether a file that mentions a target may build the stage.
pub(super) fn may_name(path: &str, text: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if file.contains("dockerfile") || file.contains("containerfile") {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let is_declarative =
        file.contains("makefile") || WITH_LITERAL_TARGETS.iter().any(|ending| file.ends_with(ending));
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let is_word = |(at, _): (usize, &str)| {
        !text[..at].ends_with(is_of_name) && !text[at + name.len()..].starts_with(is_of_name)
    };
    let is_variable = |(at, _): (usize, &str)| {
        let rest = text[at + "target".len()..].trim_start_matches(['=', ':', ' ', '"', '\'', ',', '\t', '[']);
        rest.starts_with(['$', '{', '%', '<']) || rest.starts_with(|c: char| c.is_ascii_digit())
    };
    let builds_images = BUILDING_IMAGES.iter().any(|word| text.contains(word));
    text.match_indices(name).any(is_word)
        || builds_images && (!is_declarative || text.match_indices("target").any(is_variable))
}

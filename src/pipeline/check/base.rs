//! What a step may do that gives the last stage another base image: one word behind FROM differs.

use crate::facts::Facts;
use crate::syntax::{Body, Dockerfile, Item};

/// Compares two texts around such a step; the error says what is wrong, to follow "afterwards".
pub(super) fn check(old: &Facts<'_>, after: &Dockerfile<'_>) -> Result<(), String> {
    let new = Facts::of(after, old.known);
    let image = |facts: &Facts<'_>| {
        let stage = facts.stages.last()?;
        let Item::Instruction(one) = &facts.file.items[stage.items.start] else { return None };
        let Body::From(from) = &one.body else { return None };
        let at = one.text.start + one.text.of(facts.file.text).find(&from.image)?;
        let text = facts.file.text;
        Some((text[..at].to_owned(), text[at + from.image.len()..].to_owned()))
    };
    match (image(old), image(&new)) {
        (Some(before), Some(now)) if before == now => Ok(()),
        _ => Err("more than the base image differs".into()),
    }
}

//! The check for a step that changes the base image of the last stage: one word of FROM differs,
//! and the next instruction may install packages that the new image lacks.

use crate::contract::Contract;
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Dockerfile, Item};

impl Contract {
    /// The base image of the last stage.
    pub const BASE: Self = Self {
        chooses_base: true,
        ..Self::of("base image", |old, after, known| {
            check(old, &Facts::of(after, known))?;
            Ok(None)
        })
    };
}

fn check(old: &Facts<'_>, new: &Facts<'_>) -> Result<(), Reason> {
    let image = |facts: &Facts<'_>| {
        let stage = facts.stages.last()?;
        let Item::Instruction(instruction) = &facts.file.items[stage.items.start] else { return None };
        let Body::From(from) = &instruction.body else { return None };
        let at = instruction.text.start + instruction.text.of(facts.file.text).find(&from.image)?;
        let (text, name) = (facts.file.text, at + from.image.len());
        Some((
            text[..at].to_owned(),
            text[name..instruction.full.end].to_owned(),
            text[instruction.full.end..].to_owned(),
        ))
    };
    // The only other allowed change is one RUN that installs packages.
    let is_behind = |new_rest: &str, old_rest: &str| {
        let Some(added) = new_rest.strip_suffix(old_rest) else { return false };
        let added = Dockerfile::parse(added);
        let mut instructions = added.instructions().map(|(_, instruction)| instruction);
        match (instructions.next(), instructions.next()) {
            (None, _) => added.text.is_empty(),
            (Some(instruction), None) => {
                let installs = ["RUN apt-get update ", "RUN apk add "];
                instruction.script_is_read()
                    && installs.iter().any(|start| instruction.logical.text.starts_with(start))
            }
            _ => false,
        }
    };
    match (image(old), image(new)) {
        (Some((a, b, old_rest)), Some((c, d, new_rest)))
            if (&a, &b) == (&c, &d) && is_behind(&new_rest, &old_rest) =>
        {
            Ok(())
        }
        _ => Err(reasons::more_than_base_differs()),
    }
}

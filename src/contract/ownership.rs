//! The check for a step that adds an owner or a mode to COPY and ADD.
//!
//! COPY and ADD gain `--chown` and `--chmod`; the commands `chown` and `chmod` are removed, or lose
//! their `-R`. Everything else is unchanged.

use crate::contract::Contract;
use crate::contract::commands::{Step, commands, comments};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Dockerfile, Instruction, Item};

impl Contract {
    /// COPY and ADD get an owner or a mode, and the commands that set it are removed.
    pub const OWNERSHIP: Self = Self {
        may_remove_comments: true,
        ..Self::of("ownership", |old, after, _| {
            check(old, after)?;
            Ok(None)
        })
    };
}

fn check(old: &Facts<'_>, after: &Dockerfile<'_>) -> Result<(), Reason> {
    let others = |file: &Dockerfile<'_>| -> Vec<usize> {
        let others = file.instructions().filter(|(_, instruction)| !matches!(instruction.body, Body::Run(_)));
        others.map(|(item, _)| item).collect()
    };
    let (before, now) = (others(old.file), others(after));
    if before.len() != now.len() {
        return Err(reasons::instruction_count_differs());
    }
    let find = |file: &Dockerfile<'_>, item: usize| file.items[item].span().start;
    for (&a, &b) in before.iter().zip(&now) {
        let is_same = pair(old.file, a, after, b).is_some_and(|(a, b)| same(old.file, a, after, b));
        if !is_same {
            return Err(reasons::instruction_at_byte_differs(find(old.file, a)));
        }
    }
    // A comment above a RUN is removed with the RUN.
    let old_comments = comments(old.file);
    let mut rest = old_comments.iter();
    if !comments(after).iter().all(|comment| rest.any(|old| old == comment)) {
        return Err(reasons::comment_lost_or_moved());
    }
    for (old, new) in commands(old.file).iter().zip(&commands(after)) {
        compare(old, new)?;
    }
    Ok(())
}

fn pair<'x, 'a, 'b>(
    old: &'x Dockerfile<'a>,
    a: usize,
    new: &'x Dockerfile<'b>,
    b: usize,
) -> Option<(&'x Instruction<'a>, &'x Instruction<'b>)> {
    match (old.items.get(a)?, new.items.get(b)?) {
        (Item::Instruction(before), Item::Instruction(after)) => Some((before, after)),
        _ => None,
    }
}

/// Whether the only differences between two instructions are an added owner and an added mode.
fn same(old: &Dockerfile<'_>, a: &Instruction<'_>, new: &Dockerfile<'_>, b: &Instruction<'_>) -> bool {
    let bodies = |file: &Dockerfile<'_>, instruction: &Instruction<'_>| -> Vec<String> {
        instruction.heredocs.iter().map(|doc| doc.content.of(file.text).to_owned()).collect()
    };
    let takes_flags = matches!(a.body, Body::Copy(_) | Body::Add(_));
    let added: Vec<_> = b
        .flags
        .iter()
        .filter(|flag| !a.flags.iter().any(|own| own.name == flag.name && own.value == flag.value))
        .collect();
    let flags = added.len() + a.flags.len() == b.flags.len()
        && added.iter().all(|flag| takes_flags && matches!(flag.name.as_str(), "chown" | "chmod"));
    a.keyword == b.keyword && flags && a.arguments() == b.arguments() && bodies(old, a) == bodies(new, b)
}

fn compare(before: &[Step<'_>], after: &[Step<'_>]) -> Result<(), Reason> {
    let mut new = after.iter().peekable();
    for step in before {
        let gives = matches!(step.texts().next().as_deref(), Some("chown" | "chmod"));
        let is_shorter = |new: &Step<'_>| {
            let kept = step.words().zip(step.texts());
            let kept = kept.filter(|(_, text)| !matches!(text.as_ref(), "-R" | "--recursive"));
            new.flags == step.flags && kept.map(|(word, _)| word).eq(new.words())
        };
        let found = new.next_if(|new| *new == step || gives && is_shorter(new)).is_some();
        if !found && !gives {
            return Err(reasons::command_missing(&step.text()));
        }
    }
    match new.next() {
        None => Ok(()),
        Some(step) => Err(reasons::command_new(&step.text())),
    }
}

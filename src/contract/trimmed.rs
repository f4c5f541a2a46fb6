//! The check for a step that adds one RUN, which removes parts of packages, at the end of a stage that
//! only builds.

use crate::contract::{Contract, commands};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::shell::{Word, base_name};
use crate::syntax::{Body, Dockerfile, Instruction};

impl Contract {
    /// A RUN at the end of a stage that is not part of the image, which removes parts of packages.
    pub const TRIMS_PACKAGES: Self = Self {
        is_conditional: true,
        ..Self::of("trims packages", |old, after, _| {
            check(old, after)?;
            Ok(None)
        })
    };
}

fn check(old: &Facts<'_>, after: &Dockerfile<'_>) -> Result<(), Reason> {
    let (before, new) = (instructions(old.file), instructions(after));
    let mut rest = before.iter().peekable();
    let mut added = Vec::new();
    for (at, (instruction, text)) in new.iter().enumerate() {
        if rest.next_if(|(_, other)| other == text).is_none() {
            added.push((at, *instruction));
        }
    }
    if let Some((instruction, _)) = rest.next() {
        return Err(reasons::instruction_missing(instruction.keyword.name()));
    }
    let [(at, run)] = added[..] else { return Err(reasons::instruction_new()) };
    let ends_stage = new.get(at + 1).is_some_and(|(next, _)| matches!(next.body, Body::From(_)));
    if !ends_stage || !run.flags.is_empty() {
        return Err(reasons::instruction_new());
    }
    let Body::Run(crate::syntax::Run::Shell(script)) = &run.body else {
        return Err(reasons::instruction_new());
    };
    let mut unknown = None;
    script.list.walk(&mut |command| {
        let words: Vec<&str> = command.words().map(Word::text).collect();
        if !removes_parts(&words) {
            unknown.get_or_insert_with(|| words.join(" "));
        }
    });
    if let Some(command) = unknown {
        return Err(reasons::command_new(&command));
    }
    let mut kept = commands::comments(after).into_iter();
    let is_kept = commands::comments(old.file).into_iter().all(|comment| kept.any(|other| other == comment));
    if is_kept { Ok(()) } else { Err(reasons::comment_lost()) }
}

/// Whether a command removes pip from an environment, or directories of tests.
fn removes_parts(words: &[&str]) -> bool {
    match words {
        [pip, "uninstall", "-y", "pip"] => pip.starts_with('/') && base_name(pip) == "pip",
        ["find", path, rest @ ..] => {
            path.starts_with('/')
                && rest == ["-type", "d", "-name", "tests", "-prune", "-exec", "rm", "-rf", "{}", "+"]
        }
        // The list itself.
        [] => true,
        _ => false,
    }
}

fn instructions<'f>(file: &'f Dockerfile<'_>) -> Vec<(&'f Instruction<'f>, &'f str)> {
    let all = file.instructions();
    all.map(|(_, instruction)| (instruction, instruction.full.of(file.text).trim_end())).collect()
}

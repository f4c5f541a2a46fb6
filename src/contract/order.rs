//! The check for a step that changes the order of instructions: instructions of one kind move
//! within their stage, and all others keep their text and order. No instruction is lost, and a new
//! one is a copy. Whether the instructions commute is not checked here: the tests execute both
//! versions.

use std::collections::HashMap;

use crate::contract::{Contract, Effect, commands};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::{Dockerfile, Item, Keyword};

impl Contract {
    /// The position of COPY and ADD among the other instructions of their stage, and earlier copies
    /// of files that a later copy contains.
    pub const COPY_ORDER: Self = Self {
        effect: Effect::FasterBuild,
        ..Self::of("order of copies", |old, after, _| {
            check(old, after, &[Keyword::Copy, Keyword::Add], Some(Keyword::Copy))?;
            Ok(None)
        })
    };

    /// The position of ARG, LABEL and ENV among the other instructions of their stage.
    pub const METADATA_ORDER: Self = Self {
        effect: Effect::FasterBuild,
        ..Self::of("order of metadata", |old, after, _| {
            check(old, after, &[Keyword::Arg, Keyword::Label, Keyword::Env], None)?;
            Ok(None)
        })
    };
}

/// Compares the files, where instructions with some keywords may move, and those with another one
/// may be new.
fn check(
    old: &Facts<'_>,
    after: &Dockerfile<'_>,
    may_move: &[Keyword],
    may_be_new: Option<Keyword>,
) -> Result<(), Reason> {
    let (before, after_stages) = (stages(old.file), stages(after));
    if before.len() != after_stages.len() {
        return Err(reasons::stages_differ());
    }
    for (before, after) in before.iter().zip(&after_stages) {
        let stay = |all: &[CommentedInstruction<'_>]| -> Vec<String> {
            all.iter()
                .filter(|instruction| !may_move.contains(&instruction.keyword))
                .map(|instruction| instruction.text.clone())
                .collect()
        };
        if stay(before) != stay(after) {
            return Err(reasons::instruction_moved());
        }
        let mut rest: HashMap<&CommentedInstruction<'_>, usize> = HashMap::new();
        for instruction in after.iter().filter(|instruction| may_move.contains(&instruction.keyword)) {
            *rest.entry(instruction).or_default() += 1;
        }
        for instruction in before.iter().filter(|instruction| may_move.contains(&instruction.keyword)) {
            let Some(count) = rest.get_mut(instruction).filter(|count| **count > 0) else {
                return Err(reasons::instruction_missing(&instruction.text));
            };
            *count -= 1;
        }
        let is_new = |instruction: &CommentedInstruction<'_>| {
            may_be_new == Some(instruction.keyword) && instruction.comments.is_empty()
        };
        if !rest.iter().all(|(instruction, count)| *count == 0 || is_new(instruction)) {
            return Err(reasons::instruction_new());
        }
    }
    if sorted_comments(old.file) == sorted_comments(after) { Ok(()) } else { Err(reasons::comment_lost()) }
}

/// An instruction with the comments directly above it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CommentedInstruction<'a> {
    keyword: Keyword,
    text: String,
    comments: Vec<&'a str>,
}

fn stages<'a>(file: &'a Dockerfile<'_>) -> Vec<Vec<CommentedInstruction<'a>>> {
    let mut stages: Vec<Vec<CommentedInstruction<'_>>> = vec![Vec::new()];
    let mut comments = Vec::new();
    for item in &file.items {
        match item {
            Item::Comment(span) => comments.push(span.of(file.text).trim()),
            Item::Blank(_) | Item::Directive(_) => comments.clear(),
            Item::Error(span, _) => {
                comments.clear();
                stages.last_mut().expect("never empty").push(CommentedInstruction {
                    keyword: Keyword::Maintainer,
                    text: span.of(file.text).to_owned(),
                    comments: Vec::new(),
                });
            }
            Item::Instruction(instruction) => {
                if instruction.keyword == Keyword::From {
                    stages.push(Vec::new());
                }
                if let Some(script) = instruction.script() {
                    // A RUN may be split in two: its commands are compared, each with the flags.
                    let flags: Vec<&str> =
                        instruction.flags.iter().map(|flag| flag.span.of(file.text)).collect();
                    comments.clear();
                    script.list.walk(&mut |command| {
                        let words: Vec<_> = commands::words(command).collect();
                        let text = format!("RUN {} {}", flags.join(" "), words.join(" "));
                        stages.last_mut().expect("never empty").push(CommentedInstruction {
                            keyword: instruction.keyword,
                            text,
                            comments: Vec::new(),
                        });
                    });
                    continue;
                }
                let bodies = instruction.heredocs.iter().map(|doc| doc.content.of(file.text));
                let text = std::iter::once(instruction.logical.text.as_ref())
                    .chain(bodies)
                    .collect::<Vec<_>>()
                    .join("\n");
                // A comment above FROM does not belong to an instruction of the stage.
                let mut comments = std::mem::take(&mut comments);
                if instruction.keyword == Keyword::From {
                    comments.clear();
                }
                stages.last_mut().expect("never empty").push(CommentedInstruction {
                    keyword: instruction.keyword,
                    text,
                    comments,
                });
            }
        }
    }
    stages
}

fn sorted_comments<'a>(file: &'a Dockerfile<'_>) -> Vec<&'a str> {
    let mut all = commands::comments(file);
    all.sort_unstable();
    all
}

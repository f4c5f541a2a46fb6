//! The check for a step that changes the order of instructions: instructions of one kind move
//! within their stage, and all others keep their text and order. No instruction is lost, and a new
//! one is a copy. Whether the instructions commute is not checked here: the tests execute both
//! versions.

use std::collections::HashMap;

use crate::contract::{Contract, Effect, commands};
use crate::facts::Facts;
use crate::knowledge::Knowledge;
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

    /// As `COPY_ORDER`, and one new RUN per stage, which only downloads the dependencies of a project.
    pub const EARLY_FETCH: Self = Self {
        effect: Effect::FasterBuild,
        ..Self::of("early download", |old, after, known| {
            let is_fetch = |text: &str| downloads_only(text, known);
            check_with(old, after, &[Keyword::Copy, Keyword::Add], Some(Keyword::Copy), &is_fetch)?;
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
    check_with(old, after, may_move, may_be_new, &|_| false)
}

/// The same, where one other instruction of a stage may be new if its text passes a test.
fn check_with(
    old: &Facts<'_>,
    after: &Dockerfile<'_>,
    may_move: &[Keyword],
    may_be_new: Option<Keyword>,
    may_be_added: &dyn Fn(&str) -> bool,
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
        if !are_kept(&stay(before), &stay(after), may_be_added) {
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

/// Whether the second list is the first one, or has one more text that may be added.
fn are_kept(before: &[String], after: &[String], may_be_added: &dyn Fn(&str) -> bool) -> bool {
    if before == after {
        return true;
    }
    let at = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let [new, rest @ ..] = &after[at..] else { return false };
    may_be_added(new) && &before[at..] == rest
}

/// Whether a RUN is the command of a package manager that only downloads the dependencies of a
/// project: its verb, and the options and operands that it may have.
fn downloads_only(text: &str, known: &Knowledge) -> bool {
    let Some(words) = text.strip_prefix("RUN  ").map(|rest| rest.split_whitespace().collect::<Vec<_>>())
    else {
        return false;
    };
    let [program, rest @ ..] = &words[..] else { return false };
    let name = program.strip_prefix("./").unwrap_or(program);
    let Some(manager) = known.manager_of(name) else { return false };
    let Some(fetch) = manager.project.as_ref().and_then(|project| project.fetch.as_ref()) else {
        return false;
    };
    let is_shared = |word: &&&str| fetch.shared_options.iter().any(|option| option == **word);
    let rest = &rest[rest.iter().take_while(is_shared).count()..];
    let verb: Vec<&str> = fetch.verb.split_whitespace().collect();
    let is_operand = |word: &&str| fetch.takes_operands && !word.starts_with('-');
    rest.strip_prefix(&verb[..]).is_some_and(|operands| operands.iter().all(is_operand))
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

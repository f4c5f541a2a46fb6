//! What must hold after every step, whatever a transform believes: fail closed.
//!
//! The new text parses as well as the old one; every instruction but RUN is as it was, in its place; no comment is lost;
//! the sequence of commands of each stage is as it was but for what the transform declares. That operators between the
//! commands still mean the same is beyond this check: the tests execute both versions for that.

mod base;
mod mounts;
mod order;
mod ownership;
mod stages;

use std::borrow::Cow;
use std::rc::Rc;

use crate::facts::Facts;
use crate::syntax::shell::Command;
use crate::syntax::{Body, Dockerfile, Item, Run};
use crate::transform::Changes;

/// Whether a text can be read as well as the one before.
pub(super) fn still_reads<'t>(before: &Dockerfile<'_>, text: &'t str) -> Result<Dockerfile<'t>, String> {
    let after = Dockerfile::parse(text);
    if errors(&after) > errors(before) { Err("the file no longer parses".into()) } else { Ok(after) }
}

/// Compares two texts around a step and gives the second back, parsed; the error says what is wrong, to follow "afterwards".
pub(super) fn step<'t>(old: &Facts<'_>, text: &'t str, changes: Changes) -> Result<Dockerfile<'t>, String> {
    let after = still_reads(old.file, text)?;
    compare_files(old, &after, changes)?;
    Ok(after)
}

fn compare_files(old: &Facts<'_>, after: &Dockerfile<'_>, changes: Changes) -> Result<(), String> {
    let before = old.file;
    if after.directives.len() != before.directives.len() || after.escape != before.escape {
        return Err("the parser directives differ".into());
    }
    match changes {
        Changes::CopyOrder | Changes::MetadataOrder => return order::check(old, after, changes),
        Changes::CacheMounts => return mounts::check(old, &Facts::of(after, old.known)),
        Changes::Ownership => return ownership::check(old, &Facts::of(after, old.known)),
        Changes::Stages => return stages::check(old, &Facts::of(after, old.known)),
        Changes::Base => return base::check(old, &Facts::of(after, old.known)),
        Changes::IgnoreFile if before.text == after.text => return Ok(()),
        Changes::IgnoreFile => return Err("the Dockerfile itself differs".into()),
        Changes::Layers
        | Changes::AddsCleanup
        | Changes::AddsOptions
        | Changes::AddsOptionsAndCleanup
        | Changes::DropsPackages => {}
    }
    if configuration(before) != configuration(after) {
        return Err("an instruction other than RUN differs".into());
    }
    let (old_comments, new_comments) = (comments(before), comments(after));
    let are_kept = if changes == Changes::DropsPackages {
        // A comment above a package goes with it.
        let mut rest = old_comments.iter();
        new_comments.iter().all(|comment| rest.any(|old| old == comment))
    } else {
        old_comments == new_comments
    };
    if !are_kept {
        return Err("a comment is lost or moved".into());
    }
    let new = Facts::of(after, old.known);
    if old.stages.len() != new.stages.len() {
        return Err("the stages differ".into());
    }
    for stage in 0..old.stages.len() {
        compare(&commands(old, stage), &commands(&new, stage), changes)?;
    }
    Ok(())
}

fn errors(file: &Dockerfile<'_>) -> usize {
    file.items.iter().filter(|item| matches!(item, Item::Error(..))).count()
}

/// Every instruction but RUN, here-documents included.
fn configuration<'a>(file: &'a Dockerfile<'_>) -> Vec<(&'a str, Vec<&'a str>)> {
    let others = file.instructions().filter(|(_, instruction)| !matches!(instruction.body, Body::Run(_)));
    let parts = others.map(|(_, one)| {
        (one.logical.text.as_ref(), one.heredocs.iter().map(|doc| doc.content.of(file.text)).collect())
    });
    parts.collect()
}

/// All comment lines in order, those within continuations included.
fn comments<'a>(file: &'a Dockerfile<'_>) -> Vec<&'a str> {
    let mut all = Vec::new();
    for item in &file.items {
        match item {
            Item::Comment(span) | Item::Directive(span) => all.push(span.of(file.text).trim()),
            Item::Instruction(instruction) => {
                all.extend(instruction.comments.iter().map(|span| span.of(file.text).trim()));
            }
            Item::Blank(_) | Item::Error(..) => {}
        }
    }
    all
}

/// One command of a stage: its flags' text and its words.
#[derive(Debug, PartialEq, Eq)]
struct Step<'f> {
    flags: Rc<[&'f str]>,
    /// As they are written.
    words: Vec<Cow<'f, str>>,
    /// What they come to, where that is known: a word may be quoted that is known by its text.
    texts: Vec<Cow<'f, str>>,
}

fn commands<'f>(facts: &'f Facts<'_>, stage: usize) -> Vec<Step<'f>> {
    let mut all = Vec::new();
    for run in facts.runs_of(stage) {
        let flags: Rc<[&str]> =
            run.instruction.flags.iter().map(|flag| flag.span.of(facts.file.text)).collect();
        match &run.instruction.body {
            Body::Run(Run::Shell(script)) => script.list.walk(&mut |command| {
                let words = words(command);
                if !words.is_empty() {
                    let texts = texts(command, &words);
                    all.push(Step { flags: Rc::clone(&flags), words, texts });
                }
            }),
            _ => {
                let text = Cow::Borrowed(run.instruction.full.of(facts.file.text));
                all.push(Step { flags, words: vec![text.clone()], texts: vec![text] });
            }
        }
    }
    all
}

/// The words of a command, assignments and redirections included; a compound command counts by its own words.
fn words(command: &Command) -> Vec<Cow<'_, str>> {
    let assigned = command
        .simple()
        .into_iter()
        .flat_map(|simple| &simple.assignments)
        .map(|one| Cow::Owned(format!("{}=", one.name)));
    assigned.chain(command.words().map(|word| Cow::Borrowed(word.raw.as_str()))).collect()
}

/// The same words with their quotes taken off.
fn texts<'f>(command: &'f Command, words: &[Cow<'f, str>]) -> Vec<Cow<'f, str>> {
    let assigned = words.len() - command.words().count();
    let texts = command.words().map(|word| Cow::Borrowed(word.text()));
    words[..assigned].iter().cloned().chain(texts).collect()
}

fn compare(before: &[Step<'_>], after: &[Step<'_>], changes: Changes) -> Result<(), String> {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (Some(a), Some(b)) if a == b => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if adds_options(changes) && gains_options(a, b) => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if changes == Changes::DropsPackages && has_other_packages(a, b) => {
                old.next();
                new.next();
            }
            (_, Some(b)) if adds_cleanup(changes) && is_cleanup(b) => {
                new.next();
            }
            (Some(a), _) if adds_options(changes) && is_needless(a) => {
                old.next();
            }
            (Some(a), _) => return Err(format!("the command `{}` is missing or differs", a.words.join(" "))),
            (None, Some(b)) => return Err(format!("the command `{}` is new", b.words.join(" "))),
        }
    }
}

fn adds_options(changes: Changes) -> bool {
    matches!(changes, Changes::AddsOptions | Changes::AddsOptionsAndCleanup)
}

fn adds_cleanup(changes: Changes) -> bool {
    matches!(changes, Changes::AddsCleanup | Changes::AddsOptionsAndCleanup)
}

/// Whether the only difference is options that `after` has on top.
fn gains_options(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut rest = before.words.iter().peekable();
    let added: Vec<&Cow<'_, str>> =
        after.words.iter().filter(|word| rest.next_if_eq(word).is_none()).collect();
    // `--virtual NAME` is the only option here whose value is a word of its own.
    let is_option = |word: &&Cow<'_, str>| word.starts_with('-') || *word == ".build-deps";
    before.flags == after.flags && rest.peek().is_none() && added.iter().all(is_option)
}

/// Whether both install with the same manager and options, and only words without a dash differ, of which none is new but libraries.
fn has_other_packages(before: &Step<'_>, after: &Step<'_>) -> bool {
    let is_install =
        |step: &Step<'_>| step.texts.iter().take(6).any(|word| matches!(word.as_ref(), "install" | "add"));
    let options = |step: &Step<'_>| -> Vec<String> {
        step.words.iter().filter(|word| word.starts_with('-')).map(ToString::to_string).collect()
    };
    let is_known = |word: &&Cow<'_, str>| {
        before.words.contains(word) || word.starts_with("lib") || word.starts_with("zlib")
    };
    before.flags == after.flags
        && is_install(before)
        && is_install(after)
        && options(before) == options(after)
        && after.words.iter().all(|word| is_known(&word))
}

/// Whether a new command removes files or packages, and does nothing else.
fn is_cleanup(step: &Step<'_>) -> bool {
    let removes = |word: &Cow<'_, str>| {
        matches!(
            word.as_ref(),
            "rm" | "clean" | "cache" | "store" | "clear-cache" | "nuget" | "purge" | "del" | "prune"
        )
    };
    // An install of less takes away what is more.
    let leaves_less = ["pnpm", "install", "--prod", "--ignore-scripts"]
        .iter()
        .all(|word| step.texts.iter().any(|own| own == word));
    step.texts.iter().take(5).any(removes) || leaves_less
}

/// Whether a command that went could go: the index that `--no-cache` makes needless, and its removal.
fn is_needless(step: &Step<'_>) -> bool {
    let words: Vec<&str> = step.texts.iter().map(AsRef::as_ref).filter(|word| *word != "sudo").collect();
    match words[..] {
        ["apk", ref rest @ ..] => rest.contains(&"update"),
        ["rm", .., last] => last.starts_with("/var/cache/apk"),
        _ => false,
    }
}

//! The conditions that every step must meet, independent of the transform: if in doubt, the check
//! fails.
//!
//! The new text must parse as well as the old one; every instruction except RUN must be unchanged
//! and in its place; no comment may be lost; the commands of each stage must be the same, in the
//! same order, except for the changes that the transform declares. Whether the operators between
//! the commands still have the same effect is beyond this check: the tests execute both versions.

mod base;
mod mounts;
mod order;
mod ownership;
mod stages;

use std::borrow::Cow;
use std::rc::Rc;

use crate::facts::{Facts, paths};
use crate::knowledge::Knowledge;
use crate::knowledge::lists::packages::{
    RECOMMENDED_AND_NEEDED, RUNTIME_LIBRARIES_OF_COMPILERS, RUNTIME_LIBRARIES_OF_COMPILERS_OF_ALPINE,
};
use crate::reasons::{self, Reason};
use crate::syntax::shell::Command;
use crate::syntax::{Body, Dockerfile, Item, Run};
use crate::transform::Contract;

/// Parses a text and checks that it has no more errors than the previous one.
pub(super) fn still_reads<'t>(before: &Dockerfile<'_>, text: &'t str) -> Result<Dockerfile<'t>, Reason> {
    let after = Dockerfile::parse_after(text, before);
    if errors(&after) > errors(before) { Err(reasons::no_longer_parses()) } else { Ok(after) }
}

/// Compares the files before and after a step. Returns the facts of the second one, if they were
/// needed and no question about the build context has been answered. The error completes the
/// sentence "after this step, …".
pub(super) fn step<'a>(
    old: &Facts<'_>,
    after: &'a Dockerfile<'a>,
    contract: Contract,
    known: &'a Knowledge,
) -> Result<Option<Facts<'a>>, Reason> {
    let before = old.file;
    if after.directives.len() != before.directives.len() || after.escape != before.escape {
        return Err(reasons::directives_differ());
    }
    match contract {
        Contract::CopyOrder | Contract::MetadataOrder => order::check(old, after, contract)?,
        Contract::CacheMounts => mounts::check(old, &Facts::of(after, known))?,
        Contract::Ownership => ownership::check(old, &Facts::of(after, known))?,
        Contract::Stages => stages::check(old, &Facts::of(after, known))?,
        Contract::Base => base::check(old, &Facts::of(after, known))?,
        Contract::IgnoreFile if before.text == after.text => {}
        Contract::IgnoreFile => return Err(reasons::dockerfile_differs()),
        Contract::Layers
        | Contract::AddsCleanup
        | Contract::AddsOptions
        | Contract::AddsOptionsAndCleanup
        | Contract::DropsPackages => {
            let new = Facts::of(after, known);
            compare_commands(old, &new, contract)?;
            return Ok(Some(new));
        }
    }
    Ok(None)
}

/// Compares the commands, and everything else, which must be the same.
fn compare_commands(old: &Facts<'_>, new: &Facts<'_>, contract: Contract) -> Result<(), Reason> {
    let (before, after) = (old.file, new.file);
    if configuration(before) != configuration(after) {
        return Err(reasons::instruction_differs());
    }
    let (old_comments, new_comments) = (comments(before), comments(after));
    let are_kept = if contract == Contract::DropsPackages {
        // A comment above a package is removed with the package.
        let mut rest = old_comments.iter();
        new_comments.iter().all(|comment| rest.any(|old| old == comment))
    } else {
        old_comments == new_comments
    };
    if !are_kept {
        return Err(reasons::comment_lost_or_moved());
    }
    if old.stages.len() != new.stages.len() {
        return Err(reasons::stages_differ());
    }
    for stage in 0..old.stages.len() {
        compare(&commands(old, stage), &commands(new, stage), contract, old.known)?;
    }
    Ok(())
}

fn errors(file: &Dockerfile<'_>) -> usize {
    file.items.iter().filter(|item| matches!(item, Item::Error(..))).count()
}

/// Every instruction except RUN, including its here-documents.
fn configuration<'a>(file: &'a Dockerfile<'_>) -> Vec<(&'a str, Vec<&'a str>)> {
    let others = file.instructions().filter(|(_, instruction)| !matches!(instruction.body, Body::Run(_)));
    let parts = others.map(|(_, one)| {
        (one.logical.text.as_ref(), one.heredocs.iter().map(|doc| doc.content.of(file.text)).collect())
    });
    parts.collect()
}

/// All comment lines in file order, including those within line continuations.
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

/// One command of a stage: the text of the RUN's flags and the command's words.
#[derive(Debug, PartialEq, Eq)]
struct Step<'f> {
    flags: Rc<[&'f str]>,
    /// The words as written.
    words: Vec<Cow<'f, str>>,
    /// The values of the words, if known: a word may be quoted and still have a known value.
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

/// The words of a command, including assignments and redirections; a compound command has only its
/// own words.
fn words(command: &Command) -> Vec<Cow<'_, str>> {
    let assigned = command
        .simple()
        .into_iter()
        .flat_map(|simple| &simple.assignments)
        .map(|one| Cow::Owned(format!("{}=", one.name)));
    assigned.chain(command.words().map(|word| Cow::Borrowed(word.raw.as_str()))).collect()
}

/// The same words without quotes.
fn texts<'f>(command: &'f Command, words: &[Cow<'f, str>]) -> Vec<Cow<'f, str>> {
    let assigned = words.len() - command.words().count();
    let texts = command.words().map(|word| Cow::Borrowed(word.text()));
    words[..assigned].iter().cloned().chain(texts).collect()
}

fn compare(
    before: &[Step<'_>],
    after: &[Step<'_>],
    contract: Contract,
    known: &Knowledge,
) -> Result<(), Reason> {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (Some(a), Some(b)) if a == b => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if adds_options(contract) && gains_options(a, b) => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if contract == Contract::DropsPackages && has_other_packages(a, b, known) => {
                old.next();
                new.next();
            }
            (_, Some(b)) if adds_cleanup(contract) && is_cleanup(b) => {
                new.next();
            }
            (Some(a), _) if adds_options(contract) && is_needless(a) => {
                old.next();
            }
            (Some(a), _) => return Err(reasons::command_missing(&a.words.join(" "))),
            (None, Some(b)) => return Err(reasons::command_new(&b.words.join(" "))),
        }
    }
}

fn adds_options(contract: Contract) -> bool {
    matches!(contract, Contract::AddsOptions | Contract::AddsOptionsAndCleanup)
}

fn adds_cleanup(contract: Contract) -> bool {
    matches!(contract, Contract::AddsCleanup | Contract::AddsOptionsAndCleanup)
}

/// Whether the only difference is additional options in `after`.
fn gains_options(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut rest = before.words.iter().peekable();
    let added: Vec<&Cow<'_, str>> =
        after.words.iter().filter(|word| rest.next_if_eq(word).is_none()).collect();
    // `--virtual NAME` is the only option here with a separate word as its value.
    let is_needed = |word: &str| RECOMMENDED_AND_NEEDED.iter().any(|(_, package)| *package == word);
    let is_option = |word: &&Cow<'_, str>| word.starts_with('-') || *word == ".build-deps" || is_needed(word);
    before.flags == after.flags && rest.peek().is_none() && added.iter().all(is_option)
}

/// Whether both commands install with the same manager and options, and differ only in operands,
/// where the only new ones are packages of run-time libraries.
fn has_other_packages(before: &Step<'_>, after: &Step<'_>, known: &Knowledge) -> bool {
    let is_install = |step: &Step<'_>| {
        let mut programs = step.texts.iter().map(|word| word.rsplit('/').next().unwrap_or(word));
        let manager = programs.find_map(|program| known.manager_of(program));
        let has = |verb: &String| verb.split(' ').all(|part| step.texts.iter().any(|word| word == part));
        manager.is_some_and(|manager| manager.verbs.install.iter().any(has))
    };
    let options = |step: &Step<'_>| -> Vec<String> {
        step.words.iter().filter(|word| word.starts_with('-')).map(ToString::to_string).collect()
    };
    let is_library = |word: &str| {
        known.runtime().libraries.iter().any(|one| {
            one.everywhere.iter().chain(one.releases.values().flatten()).any(|package| package == word)
        })
    };
    let is_known = |word: &Cow<'_, str>| before.words.contains(word) || is_library(word);
    before.flags == after.flags
        && is_install(before)
        && is_install(after)
        && options(before) == options(after)
        && after.words.iter().all(is_known)
}

/// Whether a new command only removes files or packages.
fn is_cleanup(step: &Step<'_>) -> bool {
    let removes = |word: &Cow<'_, str>| {
        matches!(
            word.as_ref(),
            "rm" | "clean" | "cache" | "store" | "clear-cache" | "nuget" | "purge" | "del" | "prune"
        )
    };
    // An install of fewer packages removes the others.
    let leaves_less = ["pnpm", "install", "--prod", "--ignore-scripts"]
        .iter()
        .all(|word| step.texts.iter().any(|own| own == word));
    step.texts.iter().take(5).any(removes) || leaves_less || keeps_libraries(step)
}

/// Whether a new command marks or installs only libraries that compiled programs load.
fn keeps_libraries(step: &Step<'_>) -> bool {
    let words: Vec<&str> = step.texts.iter().map(AsRef::as_ref).collect();
    let are = |names: &[&str], known: &[(&str, &str)]| {
        names.iter().all(|name| known.iter().any(|(_, library)| library == name))
    };
    match words[..] {
        ["apt-mark", "manual", ref names @ ..] => are(names, RUNTIME_LIBRARIES_OF_COMPILERS),
        ["apk", "add", "--no-cache", ref names @ ..] => are(names, RUNTIME_LIBRARIES_OF_COMPILERS_OF_ALPINE),
        _ => false,
    }
}

/// Whether a removed command was unnecessary: `--no-cache` replaces the package index and its
/// removal.
fn is_needless(step: &Step<'_>) -> bool {
    let words: Vec<&str> = step.texts.iter().map(AsRef::as_ref).filter(|word| *word != "sudo").collect();
    match words[..] {
        ["apk", ref rest @ ..] => rest.contains(&"update"),
        ["rm", ref rest @ ..] => {
            let mut operands = rest.iter().filter(|word| !word.starts_with('-')).peekable();
            operands.peek().is_some()
                && operands.all(|word| paths::normal(word).starts_with("/var/cache/apk"))
        }
        _ => false,
    }
}

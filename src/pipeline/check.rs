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
use std::collections::HashSet;
use std::rc::Rc;

use crate::facts::{Facts, paths};
use crate::knowledge::Knowledge;
use crate::knowledge::lists::packages::{
    RECOMMENDED_AND_NEEDED, RUNTIME_LIBRARIES_OF_COMPILERS, RUNTIME_LIBRARIES_OF_COMPILERS_OF_ALPINE,
};
use crate::reasons::{self, Reason};
use crate::syntax::shell::{Command, base_name};
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
        Contract::CacheMounts => mounts::check(old, after)?,
        Contract::Ownership => ownership::check(old, after)?,
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
    let (old_stages, new_stages) = (commands(before), commands(after));
    if old_stages.len() != new_stages.len() {
        return Err(reasons::stages_differ());
    }
    for (old_steps, new_steps) in old_stages.iter().zip(&new_stages) {
        compare(old_steps, new_steps, contract, old.known)?;
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

/// One command of a stage, with the flags of its RUN.
#[derive(Debug, Clone)]
struct Step<'f> {
    flags: Rc<[&'f str]>,
    command: StepCommand<'f>,
}

#[derive(Debug, Clone, Copy)]
enum StepCommand<'f> {
    /// A command of a script.
    Parsed(&'f Command),
    /// The text of a RUN whose script was not parsed.
    Text(&'f str),
}

impl<'f> Step<'f> {
    /// The words as written.
    fn words(&self) -> impl Iterator<Item = Cow<'f, str>> {
        let (command, text) = self.parts();
        command.into_iter().flat_map(words).chain(text.map(Cow::Borrowed))
    }

    /// The values of the words, if known: a word may be quoted and still have a known value.
    fn texts(&self) -> impl Iterator<Item = Cow<'f, str>> {
        let (command, text) = self.parts();
        let texts = |command| assigned(command).chain(Command::words(command).map(|word| word.text().into()));
        command.into_iter().flat_map(texts).chain(text.map(Cow::Borrowed))
    }

    /// Whether a value is one of its words.
    fn has(&self, text: &str) -> bool {
        self.texts().any(|own| own == text)
    }

    /// The words as written, joined by spaces.
    fn text(&self) -> String {
        self.words().collect::<Vec<_>>().join(" ")
    }

    fn parts(&self) -> (Option<&'f Command>, Option<&'f str>) {
        match self.command {
            StepCommand::Parsed(command) => (Some(command), None),
            StepCommand::Text(text) => (None, Some(text)),
        }
    }
}

impl PartialEq for Step<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.flags == other.flags && self.words().eq(other.words()) && self.texts().eq(other.texts())
    }
}

/// The commands of each stage.
fn commands<'f>(file: &'f Dockerfile<'_>) -> Vec<Vec<Step<'f>>> {
    let mut stages: Vec<Vec<Step<'_>>> = Vec::new();
    for (_, instruction) in file.instructions() {
        if let Body::From(_) = &instruction.body {
            stages.push(Vec::new());
        }
        let (Body::Run(run), Some(all)) = (&instruction.body, stages.last_mut()) else { continue };
        let flags: Rc<[&str]> = instruction.flags.iter().map(|flag| flag.span.of(file.text)).collect();
        match run {
            Run::Shell(script) => script.list.walk(&mut |command| {
                if words(command).next().is_some() {
                    all.push(Step { flags: Rc::clone(&flags), command: StepCommand::Parsed(command) });
                }
            }),
            _ => {
                all.push(Step { flags, command: StepCommand::Text(instruction.full.of(file.text)) });
            }
        }
    }
    stages
}

/// The words of a command, including assignments and redirections; a compound command has only its
/// own words.
fn words(command: &Command) -> impl Iterator<Item = Cow<'_, str>> {
    assigned(command).chain(command.words().map(|word| Cow::Borrowed(word.raw.as_str())))
}

/// The assignments of a command, without their values.
fn assigned(command: &Command) -> impl Iterator<Item = Cow<'_, str>> {
    let assignments = command.simple().into_iter().flat_map(|simple| &simple.assignments);
    assignments.map(|one| Cow::Owned(format!("{}=", one.name)))
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
            (Some(a), _) => return Err(reasons::command_missing(&a.text())),
            (None, Some(b)) => return Err(reasons::command_new(&b.text())),
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
    let mut rest = before.words().peekable();
    // `--virtual NAME` is the only option here with a separate word as its value.
    let is_needed = |word: &str| RECOMMENDED_AND_NEEDED.iter().any(|(_, package)| *package == word);
    let is_option = |word: &str| word.starts_with('-') || word == ".build-deps" || is_needed(word);
    before.flags == after.flags
        && after.words().all(|word| rest.next_if_eq(&word).is_some() || is_option(&word))
        && rest.peek().is_none()
}

/// Whether both commands install with the same manager and options, and differ only in operands,
/// where the only new ones are packages of run-time libraries.
fn has_other_packages(before: &Step<'_>, after: &Step<'_>, known: &Knowledge) -> bool {
    let is_install = |step: &Step<'_>| {
        let manager = step.texts().find_map(|word| known.manager_of(base_name(&word)));
        let has = |verb: &String| verb.split(' ').all(|part| step.has(part));
        manager.is_some_and(|manager| manager.verbs.install.iter().any(has))
    };
    let is_option = |word: &Cow<'_, str>| word.starts_with('-');
    let is_library = |word: &str| {
        known.runtime().libraries.iter().any(|one| {
            one.everywhere.iter().chain(one.releases.values().flatten()).any(|package| package == word)
        })
    };
    let before_words: HashSet<Cow<'_, str>> = before.words().collect();
    let is_known = |word: Cow<'_, str>| before_words.contains(&word) || is_library(&word);
    before.flags == after.flags
        && is_install(before)
        && is_install(after)
        && before.words().filter(is_option).eq(after.words().filter(is_option))
        && after.words().all(is_known)
}

/// Whether a new command only removes files or packages.
fn is_cleanup(step: &Step<'_>) -> bool {
    let removes = |word: Cow<'_, str>| {
        matches!(
            word.as_ref(),
            "rm" | "clean" | "cache" | "store" | "clear-cache" | "nuget" | "purge" | "del" | "prune"
        )
    };
    // An install of fewer packages removes the others.
    let leaves_less = || ["pnpm", "install", "--prod", "--ignore-scripts"].iter().all(|word| step.has(word));
    step.texts().take(5).any(removes) || leaves_less() || keeps_libraries(step)
}

/// Whether a new command marks or installs only libraries that compiled programs load.
fn keeps_libraries(step: &Step<'_>) -> bool {
    let texts: Vec<Cow<'_, str>> = step.texts().collect();
    let words: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
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
    let mut words = step.texts().filter(|word| word != "sudo");
    match words.next().as_deref() {
        Some("apk") => words.any(|word| word == "update"),
        Some("rm") => {
            let mut operands = words.filter(|word| !word.starts_with('-')).peekable();
            operands.peek().is_some()
                && operands.all(|word| paths::normal(&word).starts_with("/var/cache/apk"))
        }
        _ => false,
    }
}

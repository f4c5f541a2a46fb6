//! The contracts that leave everything but the commands of RUN as it is.
//!
//! Every instruction except RUN must be unchanged and in its place; no comment may be lost; the
//! commands of each stage must be the same, in the same order, except for the changes that the
//! contract allows. Whether the operators between the commands still have the same effect is beyond
//! this check: the tests execute both versions.

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

use crate::contract::{Contract, Effect};
use crate::facts::{Facts, paths};
use crate::knowledge::Knowledge;
use crate::knowledge::lists::options::REMEMBERED_BY_BUNDLER;
use crate::knowledge::lists::packages::{
    RECOMMENDED_AND_NEEDED, RECOMMENDED_AND_USED, RUNTIME_LIBRARIES_OF_COMPILERS,
    RUNTIME_LIBRARIES_OF_COMPILERS_OF_ALPINE,
};
use crate::reasons::{self, Reason};
use crate::syntax::shell::{Command, Script, base_name};
use crate::syntax::{Body, Dockerfile, Item, Run};

/// The changes to commands that a contract allows.
#[derive(Clone, Copy)]
struct Allowed {
    /// Additional options, and the removal of commands that these make unnecessary.
    options: bool,
    /// Additional commands that remove files or packages.
    cleanup: bool,
    /// Other packages in installs.
    packages: bool,
    /// `apt-get` instead of `apt`.
    apt_get: bool,
    /// The same commands without `sudo`.
    without_sudo: bool,
    /// `npm ci` instead of `npm install`.
    npm_ci: bool,
    /// Settings of Bundler instead of options.
    bundler_settings: bool,
}

const NOTHING: Allowed = Allowed {
    options: false,
    cleanup: false,
    packages: false,
    apt_get: false,
    without_sudo: false,
    npm_ci: false,
    bundler_settings: false,
};

impl Contract {
    /// Only the boundaries of layers.
    pub const LAYERS: Self =
        Self::of("layers", |old, after, known| compare_commands(old, Facts::of(after, known), NOTHING));

    /// It adds commands that remove files; no command is removed or changed.
    pub const ADDS_CLEANUP: Self = Self::of("adds cleanup", |old, after, known| {
        compare_commands(old, Facts::of(after, known), Allowed { cleanup: true, ..NOTHING })
    });

    /// It adds options to commands, and may remove commands that these make unnecessary.
    pub const ADDS_OPTIONS: Self = Self::of("adds options", |old, after, known| {
        compare_commands(old, Facts::of(after, known), Allowed { options: true, ..NOTHING })
    });

    /// It adds options with which commands print less, or ask nothing.
    pub const ADDS_QUIET_OPTIONS: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("adds quiet options", |old, after, known| {
            compare_commands(old, Facts::of(after, known), Allowed { options: true, ..NOTHING })
        })
    };

    /// It adds options and commands that remove packages.
    pub const ADDS_OPTIONS_AND_CLEANUP: Self = Self::of("adds options and cleanup", |old, after, known| {
        compare_commands(old, Facts::of(after, known), Allowed { options: true, cleanup: true, ..NOTHING })
    });

    /// It calls `apt-get` instead of `apt`.
    pub const APT_GET: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("apt-get", |old, after, known| {
            compare_commands(old, Facts::of(after, known), Allowed { apt_get: true, ..NOTHING })
        })
    };

    /// It runs commands without `sudo`.
    pub const DROPS_SUDO: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("drops sudo", |old, after, known| {
            compare_commands(old, Facts::of(after, known), Allowed { without_sudo: true, ..NOTHING })
        })
    };

    /// It calls `npm ci` instead of `npm install`.
    pub const NPM_CI: Self = Self {
        effect: Effect::ReliableBuild,
        ..Self::of("npm ci", |old, after, known| {
            compare_commands(old, Facts::of(after, known), Allowed { npm_ci: true, ..NOTHING })
        })
    };

    /// It sets what Bundler remembers in commands of their own.
    pub const BUNDLER_SETTINGS: Self = Self {
        effect: Effect::ReliableBuild,
        ..Self::of("settings of Bundler", |old, after, known| {
            compare_commands(old, Facts::of(after, known), Allowed { bundler_settings: true, ..NOTHING })
        })
    };

    /// It removes packages from installs, or replaces them with others.
    pub const DROPS_PACKAGES: Self = Self {
        may_remove_comments: true,
        is_conditional: true,
        ..Self::of("drops packages", |old, after, known| {
            compare_commands(old, Facts::of(after, known), Allowed { packages: true, ..NOTHING })
        })
    };
}

/// Compares the commands, and everything else, which must be the same.
fn compare_commands<'a>(
    old: &Facts<'_>,
    new: Facts<'a>,
    allowed: Allowed,
) -> Result<Option<Facts<'a>>, Reason> {
    let (before, after) = (old.file, new.file);
    if configuration(before) != configuration(after) {
        return Err(reasons::instruction_differs());
    }
    let (old_comments, new_comments) = (comments(before), comments(after));
    let are_kept = if allowed.packages {
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
        compare(old_steps, new_steps, allowed, old.known)?;
    }
    Ok(Some(new))
}

/// Every instruction except RUN, including its here-documents.
pub(super) fn configuration<'a>(file: &'a Dockerfile<'_>) -> Vec<(&'a str, Vec<&'a str>)> {
    let others = file.instructions().filter(|(_, instruction)| !matches!(instruction.body, Body::Run(_)));
    let parts = others.map(|(_, instruction)| {
        (
            instruction.logical.text.as_ref(),
            instruction.heredocs.iter().map(|doc| doc.content.of(file.text)).collect(),
        )
    });
    parts.collect()
}

/// All comment lines in file order, including those within line continuations.
pub(super) fn comments<'a>(file: &'a Dockerfile<'_>) -> Vec<&'a str> {
    let mut all = Vec::new();
    for item in &file.items {
        match item {
            Item::Comment(span) | Item::Directive(span) => all.push(span.of(file.text).trim()),
            Item::Instruction(instruction) => {
                all.extend(instruction.comments.iter().map(|span| span.of(file.text).trim()));
                let document = instruction.document().map_or("", |document| document.content.of(file.text));
                all.extend(document.lines().map(str::trim).filter(|line| line.starts_with('#')));
            }
            Item::Blank(_) | Item::Error(..) => {}
        }
    }
    all
}

/// One command of a stage, with the flags of its RUN.
#[derive(Debug, Clone)]
pub(super) struct Step<'f> {
    pub(super) flags: Rc<[&'f str]>,
    command: StepCommand<'f>,
}

#[derive(Debug, Clone, Copy)]
enum StepCommand<'f> {
    /// A command of a script.
    Parsed(&'f Command),
    /// The text of a RUN whose script was not parsed, or the text around a here-document.
    Text(&'f str),
}

impl<'f> Step<'f> {
    /// The words as written.
    pub(super) fn words(&self) -> impl Iterator<Item = Cow<'f, str>> {
        let (command, text) = self.parts();
        command.into_iter().flat_map(words).chain(text.map(Cow::Borrowed))
    }

    /// The values of the words, if known: a word may be quoted and still have a known value.
    pub(super) fn texts(&self) -> impl Iterator<Item = Cow<'f, str>> {
        let (command, text) = self.parts();
        let texts = |command| assigned(command).chain(Command::words(command).map(|word| word.text().into()));
        command.into_iter().flat_map(texts).chain(text.map(Cow::Borrowed))
    }

    /// The same for the words of a simple command, without the variables before it.
    pub(super) fn simple_texts(&self) -> impl Iterator<Item = Cow<'f, str>> {
        let simple = self.parts().0.and_then(Command::simple);
        simple.into_iter().flat_map(|simple| simple.words.iter().map(|word| word.text().into()))
    }

    /// Whether a value is one of its words.
    pub(super) fn has(&self, text: &str) -> bool {
        self.texts().any(|own| own == text)
    }

    /// The words as written, joined by spaces.
    pub(super) fn text(&self) -> String {
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
pub(super) fn commands<'f>(file: &'f Dockerfile<'_>) -> Vec<Vec<Step<'f>>> {
    let mut stages: Vec<Vec<Step<'_>>> = Vec::new();
    for (_, instruction) in file.instructions() {
        if let Body::From(_) = &instruction.body {
            stages.push(Vec::new());
        }
        let (Body::Run(run), Some(all)) = (&instruction.body, stages.last_mut()) else { continue };
        let flags: Rc<[&str]> = instruction.flags.iter().map(|flag| flag.span.of(file.text)).collect();
        let text = |text: &'f str| Step { flags: Rc::clone(&flags), command: StepCommand::Text(text) };
        let parsed = |script: &'f Script, all: &mut Vec<Step<'f>>| {
            script.list.walk(&mut |command| {
                if words(command).next().is_some() {
                    all.push(Step { flags: Rc::clone(&flags), command: StepCommand::Parsed(command) });
                }
            });
        };
        match (run, instruction.document()) {
            (Run::Shell(script), _) => parsed(script, all),
            (Run::Heredoc(script), Some(document)) => {
                all.push(text(&file.text[instruction.full.start..document.content.start]));
                parsed(script, all);
                all.push(text(&file.text[document.content.end..instruction.full.end]));
            }
            _ => all.push(text(instruction.full.of(file.text))),
        }
    }
    stages
}

/// The words of a command, including assignments and redirections; a compound command has only its
/// own words.
pub(super) fn words(command: &Command) -> impl Iterator<Item = Cow<'_, str>> {
    assigned(command).chain(command.words().map(|word| Cow::Borrowed(word.raw.as_str())))
}

/// The assignments of a command, without their values.
fn assigned(command: &Command) -> impl Iterator<Item = Cow<'_, str>> {
    let assignments = command.simple().into_iter().flat_map(|simple| &simple.assignments);
    assignments.map(|assignment| Cow::Owned(format!("{}=", assignment.name)))
}

fn compare(
    before: &[Step<'_>],
    after: &[Step<'_>],
    allowed: Allowed,
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
            (Some(a), Some(b)) if allowed.options && gains_options(a, b) => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if allowed.packages && has_other_packages(a, b, known) => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if allowed.apt_get && calls_apt_get(a, b) => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if allowed.without_sudo && runs_without_sudo(a, b) => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if allowed.npm_ci && calls_npm_ci(a, b) => {
                old.next();
                new.next();
            }
            (_, Some(b)) if allowed.bundler_settings && sets_bundler(b) => {
                new.next();
            }
            (Some(a), Some(b)) if allowed.bundler_settings && keeps_settings(a, b) => {
                old.next();
                new.next();
            }
            (_, Some(b)) if allowed.cleanup && is_cleanup(b) && !joins_comment(b) => {
                new.next();
            }
            (Some(a), _) if allowed.options && is_needless(a) => {
                old.next();
            }
            (Some(a), _) => return Err(reasons::command_missing(&a.text())),
            (None, Some(b)) => return Err(reasons::command_new(&b.text())),
        }
    }
}

/// Whether the only difference is additional options in `after`.
fn gains_options(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut rest = before.words().peekable();
    // `--virtual NAME` is the only option here with a separate word as its value.
    let recommended = RECOMMENDED_AND_NEEDED.iter().chain(RECOMMENDED_AND_USED);
    let is_needed = |word: &str| recommended.clone().any(|(_, package)| *package == word);
    let is_option = |word: &str| word.starts_with('-') || word == ".build-deps" || is_needed(word);
    before.flags == after.flags
        && after.words().all(|word| rest.next_if_eq(&word).is_some() || is_option(&word))
        && rest.peek().is_none()
}

/// Whether the only difference is that `after` calls `apt-get` where `before` calls `apt`.
fn calls_apt_get(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut pairs = before.words().zip(after.words());
    before.flags == after.flags
        && before.words().count() == after.words().count()
        && pairs.all(|(old, new)| old == new || old == "apt" && new == "apt-get")
}

/// Whether the only difference is that `after` calls `npm ci` where `before` calls `npm install`.
fn calls_npm_ci(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut pairs = before.words().zip(after.words());
    let is_same = |old: &str, new: &str| old == new || matches!(old, "install" | "i") && new == "ci";
    before.flags == after.flags
        && before.has("npm")
        && before.words().count() == after.words().count()
        && pairs.all(|(old, new)| is_same(&old, &new))
}

/// Whether a new command sets what Bundler would remember of an option.
fn sets_bundler(step: &Step<'_>) -> bool {
    let texts: Vec<Cow<'_, str>> = step.texts().collect();
    let is_known = |name: &str| REMEMBERED_BY_BUNDLER.iter().any(|(_, setting)| *setting == name);
    matches!(&texts[..], [start @ .., name, _] if start == ["bundle", "config", "set", "--local"] && is_known(name))
}

/// Whether the only difference is that `after` lacks options that Bundler remembers, and their
/// values.
fn keeps_settings(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut rest = after.words().peekable();
    let mut is_value = false;
    let mut are_known = true;
    for word in before.words() {
        if rest.next_if_eq(&word).is_some() {
            is_value = false;
            continue;
        }
        let option = word.split('=').next().unwrap_or_default();
        let is_option = REMEMBERED_BY_BUNDLER.iter().any(|(known, _)| *known == option);
        are_known &= is_option || is_value && !word.starts_with('-');
        is_value = true;
    }
    before.flags == after.flags && before.has("bundle") && are_known && rest.peek().is_none()
}

/// Whether the only difference is that `before` starts with `sudo`.
fn runs_without_sudo(before: &Step<'_>, after: &Step<'_>) -> bool {
    let mut words = before.words();
    before.flags == after.flags && words.next().is_some_and(|word| word == "sudo") && words.eq(after.words())
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
        known.libraries().iter().any(|library| {
            library
                .everywhere
                .iter()
                .chain(library.releases.values().flatten())
                .any(|package| package == word)
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
pub(super) fn is_cleanup(step: &Step<'_>) -> bool {
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

/// Whether a new command may have taken a comment after it for a part of its last word: `x#` starts
/// no comment.
fn joins_comment(step: &Step<'_>) -> bool {
    step.words().any(|word| word.contains('#'))
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

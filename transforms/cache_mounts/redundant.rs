//! The parts of a script that a cache mount makes unnecessary: the cleanup of that cache, and the
//! option that prevents writing it.
//!
//! They must be removed, because they would empty the mount or keep it empty, and `rm` fails on the
//! mount itself.

use crate::facts::actions::Name;
use crate::facts::append::{Errexit, errexit, is_plain_statement, is_proven};
use crate::facts::commands::Invocation;
use crate::facts::removals::{Extent, Removed};
use crate::facts::{Facts, RunFacts, excise, paths};
use crate::knowledge::lists::programs::WALKING_THROUGH_DIRECTORIES;
use crate::knowledge::{Cache, Manager};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::{End, Word};

/// The parts of a script to remove.
#[derive(Debug)]
pub struct RedundantCleanup {
    /// The parts, in order.
    pub spans: Vec<Span>,
    /// The invocations that contain them.
    pub touched: Vec<usize>,
    /// Whether, without a mount, the cache was empty at the end of the RUN, so that nothing can
    /// depend on it.
    pub emptied: bool,
    /// Whether commands emptied it, and not only options kept it empty: they may also remove what an
    /// earlier RUN left there.
    pub cleaned: bool,
}

impl RedundantCleanup {
    /// The parts that a mount makes unnecessary. The error names a part that can't be removed, and
    /// that would fail with the mount.
    pub fn of(
        facts: &Facts<'_>,
        run: &RunFacts<'_>,
        manager: &Manager,
        cache: &Cache,
        target: &str,
    ) -> Result<Self, Reason> {
        let last_fill = run
            .calls
            .iter()
            .rfind(|call| call.manager.name == manager.name && cache.filled_by.contains(&call.verb));
        let last_fill = last_fill.map_or(0, |call| call.invocation);
        let mut spans = options(run, manager)?;
        let mut touched = Vec::new();
        let avoided = manager.avoid.as_ref().is_some_and(|avoid| {
            let option = std::slice::from_ref(&avoid.option);
            run.calls_to(manager)
                .filter(|call| cache.filled_by.contains(&call.verb))
                .all(|call| call.has_option(option))
        });
        let (mut emptied, mut cleaned) = (avoided, false);
        let directories = [target.to_owned()];
        for (index, invocation) in run.invocations.iter().enumerate() {
            let cleans = cleans(run, index, manager, cache)?;
            let removed = removed_words(facts, run, index, target)?;
            if !cleans && removed.is_empty() {
                let minds = invocation.notices(&directories)
                    || reaches(facts, run, index, target)
                    || walks_through(invocation, target);
                if minds {
                    let name = invocation.words.first().map_or("", |word| word.raw.as_str());
                    return Err(reasons::directory_named(name));
                }
                continue;
            }
            touched.push(index);
            let operands = invocation.arguments().iter().filter(|word| !word.is_option()).count();
            if cleans || removed.len() == operands {
                spans.push(command(run, invocation)?);
            } else {
                for (word, _) in &removed {
                    if !invocation.simple.assignments.is_empty() {
                        return Err(reasons::word_not_removable(&word.raw));
                    }
                    spans.push(word_span(run, invocation, word)?);
                }
            }
            let whole = cleans || removed.iter().any(|(_, extent)| *extent == Extent::Whole);
            emptied |= whole && index > last_fill && is_proven(run, index);
            cleaned = true;
        }
        spans.sort();
        if spans.windows(2).any(|pair| pair[1].start < pair[0].end) {
            return Err(reasons::cleanups_overlap());
        }
        Ok(Self { spans, touched, emptied, cleaned })
    }
}

/// The options that disable the cache, each with the blank before it.
fn options(run: &RunFacts<'_>, manager: &Manager) -> Result<Vec<Span>, Reason> {
    let Some(avoid) = &manager.avoid else { return Ok(Vec::new()) };
    let calls = run.calls_to(manager);
    let words = calls.flat_map(|call| {
        let own = call.options.iter().filter(|word| call.is_option(word, &avoid.option));
        own.map(move |word| (&run.invocations[call.invocation], *word))
    });
    let span = |(invocation, word): (&Invocation<'_>, &Word)| {
        if word.text().contains('=') && word.text() != avoid.option {
            // With a value, the manager fails; the build must then fail as before.
            Err(reasons::option_with_value(word.text()))
        } else {
            word_span(run, invocation, word)
        }
    };
    words.map(span).collect()
}

/// Whether an invocation is the manager's own command to clean this cache, and nothing else.
fn cleans(run: &RunFacts<'_>, index: usize, manager: &Manager, cache: &Cache) -> Result<bool, Reason> {
    let invocation = &run.invocations[index];
    let by_verb = run.calls.iter().find(|call| {
        call.invocation == index
            && call.manager.name == manager.name
            && cache.cleaned_by.contains(&call.verb)
            && call.packages.is_empty()
    });
    // npm 5 and later refuse to clean without `--force`, and the RUN fails.
    let needs_force = cache.clean.contains("--force");
    match by_verb {
        Some(call) if needs_force && !call.has_option(&["--force".to_owned(), "-f".to_owned()]) => {
            Err(reasons::cleanup_may_fail(&manager.name, &call.verb))
        }
        Some(_) => Ok(true),
        None => {
            let words = invocation.words.iter().map(|word| word.raw.as_str());
            Ok(cache.clean_needs_manager && words.eq(cache.clean.split(' ')))
        }
    }
}

/// The operands of an `rm` that are the target or below it. An error if one is a parent directory
/// of it, or unknown.
fn removed_words<'r>(
    facts: &'r Facts<'_>,
    run: &'r RunFacts<'_>,
    index: usize,
    target: &'r str,
) -> Result<Vec<(&'r Word, Extent)>, Reason> {
    let is_forced = run.invocations[index].is_forced_removal();
    let mut found = Vec::new();
    for removed in facts.removed_from(run, index, target) {
        let is_absolute = removed.is_absolute();
        let Removed { action, extent, .. } = removed;
        match (extent, action.file.name) {
            _ if action.act.prunes() => {}
            (Extent::Nothing, _) => {}
            // Without -f, it fails if the file does not exist; the RUN must then fail too.
            (Extent::Part, _) if !is_forced => {}
            (Extent::Part | Extent::Whole, Name::Word(word)) if is_forced && is_absolute => {
                found.push((word, extent));
            }
            (_, name) => return Err(reasons::removal_in_mount(name.written())),
        }
    }
    Ok(found)
}

/// Whether a command handles a directory around the target and everything in it: it would copy
/// the mounted cache into the image, or change the owner of its files for all builds.
fn walks_through(invocation: &Invocation<'_>, target: &str) -> bool {
    let is_recursive = WALKING_THROUGH_DIRECTORIES.iter().any(|(program, letters)| {
        let has_option = || letters.chars().any(|letter| invocation.has_flag(letter, "--recursive"));
        invocation.is(program) && (letters.is_empty() || has_option())
    });
    let is_around = |word: &Word| {
        let path = word.text().trim_end_matches(['/', '*']);
        let is_home = ["~", "$HOME", "${HOME}"].contains(&path);
        is_home || word.raw.starts_with('/') && paths::within(target, path)
    };
    let mut operands: Vec<&Word> = invocation.arguments().iter().filter(|word| !word.is_option()).collect();
    // What is copied or moved to a directory does not reach the files in it.
    if ["cp", "mv", "rsync"].iter().any(|program| invocation.is(program)) {
        operands.pop();
    }
    let first = invocation.arguments().first().map_or("", |word| word.raw.as_str());
    let unpacks = invocation.is("tar") && first != "--create" && !first.contains('c');
    is_recursive && !unpacks && operands.into_iter().any(is_around)
}

/// Whether a `find` deletes files in the target, or may.
fn reaches(facts: &Facts<'_>, run: &RunFacts<'_>, index: usize, target: &str) -> bool {
    facts.removed_from(run, index, target).any(|Removed { action, path, extent }| {
        action.act.prunes() && (extent != Extent::Nothing || !path.starts_with(['/', '~']))
    })
}

/// A whole command, with the operator that joins it to the others.
fn command(run: &RunFacts<'_>, invocation: &Invocation<'_>) -> Result<Span, Reason> {
    let stuck = || reasons::removal_changes_failure();
    let script = run.script().ok_or_else(stuck)?;
    let statements = &script.list.statements;
    let statement = &statements[invocation.place.statement];
    let is_last = invocation.place.statement + 1 == statements.len();
    // A command substitution would no longer run.
    let plain = invocation.place.alone
        && invocation.command.redirects.is_empty()
        && invocation.simple.words.iter().all(|word| word.substitutions.is_empty())
        && statement.end != End::Background;
    let state = errexit(run, script);
    let before_is_background =
        invocation.place.statement > 0 && statements[invocation.place.statement - 1].end == End::Background;
    let span = if !statement.rest.is_empty() {
        // In a list that is not the last one, a failure of the new last command would now stop the
        // script.
        let same = state == Errexit::Off || is_last && is_plain_statement(statement);
        excise::backward(run, invocation).filter(|_| same)
    } else if state == Errexit::On && !before_is_background {
        let next = statements
            .get(invocation.place.statement + 1)
            .map(|next| Span::new(invocation.command.span.start, next.span.start));
        let previous = || {
            Some(Span::new(
                statements[invocation.place.statement.checked_sub(1)?].span.end,
                statement.span.end,
            ))
        };
        // The command before it becomes the last one. Only a plain command whose failure already
        // stopped the script is allowed.
        let decides = |at: usize| statements[at].rest.is_empty() && is_plain_statement(&statements[at]);
        let same = !is_last || invocation.place.statement > 0 && decides(invocation.place.statement - 1);
        next.or_else(previous).filter(|_| same).and_then(|span| excise::clear(run, span))
    } else {
        None
    };
    span.filter(|_| plain).ok_or_else(stuck)
}

/// A word with the blank before it, of a command without wrappers but a plain `sudo`.
fn word_span(run: &RunFacts<'_>, invocation: &Invocation<'_>, word: &Word) -> Result<Span, Reason> {
    excise::word(run, invocation, word)
        .filter(|_| invocation.has_only_sudo_before())
        .and_then(|span| excise::clear(run, span))
        .ok_or_else(|| reasons::word_not_removable(&word.raw))
}

//! The commands that a script doesn't need because its package lists are already there.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::facts::actions::Action;
use crate::facts::caches::is_mounted;
use crate::facts::commands::Invocation;
use crate::facts::packages::{Call, may_change_apt_sources};
use crate::facts::removals::Extent;
use crate::facts::{Facts, RunFacts, excise, paths};
use crate::knowledge::Scope;
use crate::knowledge::lists::directories::OF_APT_SOURCES;
use crate::knowledge::lists::options::OF_EQUAL_UPDATES;
use crate::knowledge::lists::programs::CHANGING_APT_SOURCES;
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::Word;

/// The name of the package manager with these lists, in `knowledge/managers/`.
const APT: &str = "apt-get";

/// The parts of a script that can be removed together.
#[derive(Debug, Default)]
pub struct Unneeded {
    /// Whole commands: the statement and the pipeline of each.
    commands: BTreeSet<(usize, usize)>,
    /// Operands of commands that remove more than the lists.
    pub words: Vec<Span>,
}

impl Unneeded {
    /// The commands, as ranges of successive pipelines, each with its statement.
    pub fn groups(&self) -> Vec<(usize, Range<usize>)> {
        let mut groups: Vec<(usize, Range<usize>)> = Vec::new();
        for &(statement, pipeline) in &self.commands {
            match groups.last_mut() {
                Some((same, range)) if *same == statement && range.end == pipeline => range.end += 1,
                _ => groups.push((statement, pipeline..pipeline + 1)),
            }
        }
        groups
    }
}

/// The repeated updates of a RUN's package lists, with the removals before them, and the reasons
/// why other ones stay.
pub fn unneeded<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> (Unneeded, Vec<Reason>) {
    let (mut unneeded, mut refusals) = (Unneeded::default(), Vec::new());
    let updates: Vec<&Call<'a>> = run.calls.iter().filter(|call| is_update(call)).collect();
    for pair in updates.windows(2) {
        match repeated(facts, run, pair[0], pair[1]) {
            Ok(Some(found)) => {
                unneeded.commands.extend(found.commands);
                unneeded.words.extend(found.words);
            }
            Ok(None) => {}
            Err(reason) => refusals.push(reason.undone("`apt-get update` is run again")),
        }
    }
    (unneeded, refusals)
}

fn is_update(call: &Call<'_>) -> bool {
    call.manager.name == APT && call.manager.refreshes(&call.verb) && call.packages.is_empty()
}

/// What is unneeded if the second update downloads the same lists as the first one; `None` if it
/// does not. The error says why that is unknown.
fn repeated<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    first: &Call<'a>,
    second: &Call<'a>,
) -> Result<Option<Unneeded>, Reason> {
    let place = run.invocations[second.invocation].place;
    // What runs if and only if everything before it in the list succeeded.
    let is_in_list = |invocation: &Invocation<'_>| {
        invocation.place.statement == place.statement
            && invocation.place.alone
            && invocation.place.is_certain()
    };
    let updates = [&run.invocations[first.invocation], &run.invocations[second.invocation]];
    let is_plain = |invocation: &&Invocation<'_>| is_in_list(invocation) && is_plain(invocation);
    let Some(cache) = second.manager.caches.first() else { return Ok(None) };
    if !updates.iter().all(is_plain)
        || !are_equal(first, second, updates)
        || is_mounted(run, &cache.directories)
    {
        return Ok(None);
    }
    let mut unneeded = Unneeded::default();
    unneeded.commands.insert((place.statement, place.pipeline));
    let mut are_removed = false;
    for index in first.invocation + 1..second.invocation {
        let invocation = &run.invocations[index];
        if !is_in_list(invocation) {
            return Ok(None);
        }
        match effect(facts, run, index, &cache.directories) {
            Effect::None => {}
            Effect::Reads if !are_removed => {}
            Effect::Reads | Effect::ChangesSources => return Ok(None),
            Effect::Removes(words) => {
                are_removed = true;
                unneeded.words.extend(words);
            }
            Effect::OnlyRemoves => {
                are_removed = true;
                unneeded.commands.insert((invocation.place.statement, invocation.place.pipeline));
            }
            Effect::Unknown => {
                let name = invocation.words.first().map_or("a command", |word| word.raw.as_str());
                return Err(reasons::may_change_package_sources(name));
            }
        }
    }
    Ok(Some(unneeded))
}

/// Whether two updates download the same lists from the same sources: they run as the same user and
/// differ only in options that don't matter.
fn are_equal(first: &Call<'_>, second: &Call<'_>, invocations: [&Invocation<'_>; 2]) -> bool {
    let [left, right] = invocations.map(|invocation| {
        (
            invocation.wrappers().iter().map(|word| word.raw.as_str()).collect::<Vec<_>>(),
            invocation.directory(),
        )
    });
    let mut options = first.options.iter().chain(&second.options);
    left == right && options.all(|option| OF_EQUAL_UPDATES.contains(&option.raw.as_str()))
}

/// Whether a command is only a program with its arguments, perhaps through sudo.
fn is_plain(invocation: &Invocation<'_>) -> bool {
    invocation.command.redirects.is_empty()
        && invocation.simple.assignments.is_empty()
        && invocation.simple.words.iter().all(|word| !word.raw.contains(['$', '`', '{']))
        && invocation.has_only_sudo_before()
}

/// What a command does to the package lists, and to what an update downloads.
enum Effect {
    None,
    Reads,
    /// It only removes the lists.
    OnlyRemoves,
    /// It removes the lists that these operands name, and other files.
    Removes(Vec<Span>),
    ChangesSources,
    Unknown,
}

fn effect<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, index: usize, lists: &[String]) -> Effect {
    let invocation = &run.invocations[index];
    if let Some(call) = run.call_of(index).filter(|call| call.manager.name == APT) {
        return effect_of_call(invocation, call);
    }
    let program = invocation.program.unwrap_or_default();
    if CHANGING_APT_SOURCES.contains(&program) {
        return Effect::ChangesSources;
    }
    if invocation.is("rm") {
        return effect_of_removal(facts, run, index, lists);
    }
    // These touch only files of the distribution that apt doesn't read.
    if matches!(facts.known.scope(program), Some(Scope::Accounts | Scope::Named)) && is_plain(invocation) {
        return if is_reader(facts, program) { Effect::Reads } else { Effect::None };
    }
    let Some(actions) = invocation.actions.all() else { return Effect::Unknown };
    let names = actions.iter().flat_map(|action| {
        let changed = action.act.changes().then_some(action.file.name);
        changed.into_iter().chain(action.to.map(|to| to.name))
    });
    let targets: Vec<_> = names.map(|name| facts.target_of_name(run, index, name)).collect();
    let touches = |directory: &str| {
        targets.iter().any(|target| {
            target.may_be_within(directory, &run.workdir)
                || target.path().is_none_or(|path| paths::within(directory, path))
        })
    };
    if OF_APT_SOURCES.iter().copied().chain(lists.iter().map(String::as_str)).any(touches) {
        Effect::ChangesSources
    } else if is_reader(facts, program) || invocation.names_any(lists) {
        Effect::Reads
    } else {
        Effect::None
    }
}

/// Whether a program reads the package lists.
fn is_reader(facts: &Facts<'_>, program: &str) -> bool {
    let apt = facts.known.manager(APT);
    apt.is_some_and(|apt| apt.caches.iter().any(|cache| cache.read_by.iter().any(|name| name == program)))
}

/// The effect of a call of apt. Packages from a file, or with a variable in their name, may add
/// sources.
fn effect_of_call(invocation: &Invocation<'_>, call: &Call<'_>) -> Effect {
    let (manager, verb) = (call.manager, call.verb.as_str());
    let adds_sources = |word: &&Word| {
        word.literal()
            .is_none_or(|name| name.contains(['/', '*', '?', '^', '=']) || may_change_apt_sources(name))
    };
    match manager.caches.first() {
        Some(cache) if cache.cleaned_by.iter().any(|own| own == verb) => {
            if is_plain(invocation) && call.packages.is_empty() {
                Effect::OnlyRemoves
            } else {
                Effect::ChangesSources
            }
        }
        _ if manager.cleans(verb) => Effect::None,
        _ if manager.installs(verb) || manager.removes(verb) => {
            if call.packages.iter().copied().any(|word| adds_sources(&word)) {
                Effect::ChangesSources
            } else {
                Effect::Reads
            }
        }
        _ if manager.verbs.query.iter().any(|own| own == verb) => Effect::Reads,
        _ => Effect::ChangesSources,
    }
}

/// The effect of `rm`.
fn effect_of_removal<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, index: usize, lists: &[String]) -> Effect {
    let invocation = &run.invocations[index];
    let within = |action: &Action<'_>, directory: &str| {
        let target = facts.target_of_name(run, index, action.file.name);
        paths::within(&target.text, directory)
    };
    let actions = invocation.actions.known();
    let is_of_lists = |action: &&Action<'_>| lists.iter().any(|directory| within(action, directory));
    let (of_lists, others): (Vec<&Action<'_>>, Vec<&Action<'_>>) = actions.iter().partition(is_of_lists);
    let is_clear = |action: &&Action<'_>| {
        OF_APT_SOURCES.iter().copied().chain(lists.iter().map(String::as_str)).all(|directory| {
            facts.removed_from(run, index, directory).all(|removed| {
                removed.path != facts.path_in(run, index, action.file.name)
                    || removed.extent == Extent::Nothing
            })
        })
    };
    if !others.iter().all(is_clear) {
        return Effect::ChangesSources;
    }
    if of_lists.is_empty() {
        return Effect::None;
    }
    let is_absolute = |directory: &String| {
        let mut removed = facts.removed_from(run, index, directory);
        removed.all(|removed| removed.extent == Extent::Nothing || removed.is_absolute())
    };
    // `rm -/var/lib/apt/lists`: an option that contains the name, and no removal.
    // `rm /var/lib/apt/lists*`: other files may have names that start alike.
    let is_certain = |action: &&Action<'_>| {
        let path = facts.path_in(run, index, action.file.name);
        lists.iter().any(|directory| {
            let mut removed = facts.removed_from(run, index, directory);
            removed
                .any(|removed| removed.path == path && matches!(removed.extent, Extent::Whole | Extent::Part))
        })
    };
    if !of_lists.iter().all(is_certain) {
        return Effect::ChangesSources;
    }
    if !invocation.is_written("rm") || !is_plain(invocation) || !lists.iter().all(is_absolute) {
        return Effect::ChangesSources;
    }
    if others.is_empty() {
        return Effect::OnlyRemoves;
    }
    let words = of_lists.iter().map(|action| excise::word(run, invocation, action.file.name.word()?));
    words.collect::<Option<Vec<Span>>>().map_or(Effect::ChangesSources, Effect::Removes)
}

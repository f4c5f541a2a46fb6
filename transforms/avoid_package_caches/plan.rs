//! Where an option would prevent writing a cache, and which commands it makes unnecessary.

use std::collections::HashMap;

use crate::facts::caches::is_mounted;
use crate::facts::commands::Invocation;
use crate::facts::dependents::{Removal, has_no_network, may_read};
use crate::facts::environment::Variable;
use crate::facts::excise::{backward, forward, lines};
use crate::facts::packages::Call;
use crate::facts::removals::Extent;
use crate::facts::traced::At;
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::{Avoid, Confidence, Kind, Manager};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::Body;
use crate::syntax::shell::Word;

/// The option of one manager for the calls of a RUN.
#[derive(Debug)]
pub struct NoCacheOption<'a> {
    /// The manager's name.
    pub manager: &'a str,
    /// The option.
    pub option: &'a str,
    /// Its positions, each after a verb.
    pub insertions: Vec<usize>,
    /// Commands that only served the cache, each with the operator that joins it to the other
    /// commands.
    pub needless: Vec<Span>,
    /// How certain it is that only time is lost.
    pub confidence: Confidence,
}

impl<'a> NoCacheOption<'a> {
    fn of(manager: &'a Manager, avoid: &'a Avoid, calls: &[&Call<'_>], needless: Vec<Span>) -> Self {
        Self {
            manager: &manager.name,
            option: &avoid.option,
            insertions: calls.iter().map(|call| call.verb_word.span.end).collect(),
            needless,
            confidence: avoid.applicability,
        }
    }
}

/// The options that a RUN lacks, one manager at a time. An error says why an option can't be added.
pub fn no_cache_options<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> Vec<Result<NoCacheOption<'a>, Reason>> {
    let mut seen: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for call in &run.calls {
        let Some(avoid) = &call.manager.avoid else { continue };
        if !seen.contains(&call.manager.name.as_str()) {
            seen.push(&call.manager.name);
            found.extend(no_cache_option(facts, run, call.manager, avoid).transpose());
        }
    }
    found
}

/// Refuses if HOME is, or may be, a directory that does not exist before a RUN: the cache would be
/// created in it, and the directory with it.
fn home_exists(facts: &Facts<'_>, run: &RunFacts<'_>, avoid: &Avoid) -> Result<(), Reason> {
    if !avoid.directories.iter().any(|directory| directory.starts_with('~')) {
        return Ok(());
    }
    match facts.variable(run.item, "HOME") {
        Variable::Set(home) if !facts.is_there(run.stage, run.item, &home) => {
            Err(reasons::home_of_cache_only(&home))
        }
        // A build argument may name another directory.
        Variable::Argument(_) => Err(reasons::unknown_home()),
        _ => Ok(()),
    }
}

fn no_cache_option<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &'a Manager,
    avoid: &'a Avoid,
) -> Result<Option<NoCacheOption<'a>>, Reason> {
    let calls: Vec<&Call<'a>> = run.calls_to(manager).collect();
    let takes = |call: &&&Call<'a>| avoid.verbs.contains(&call.verb);
    let has_option = |call: &Call<'a>| {
        call.has_option(&avoid.unless_option) || is_decided_by_variable(facts, run, call, avoid)
    };
    let lacking: Vec<&Call<'a>> =
        calls.iter().filter(takes).filter(|call| !has_option(call)).copied().collect();
    let others = calls.iter().filter(takes).any(|call| {
        call.has_option(&avoid.unless_option) && !call.has_option(std::slice::from_ref(&avoid.option))
    });
    let decided = avoid.unless_variable.iter().any(|name| facts.is_set(run, name))
        // A command that empties the cache also reads it, and may fail if it is empty.
        || last_cleaned(facts, manager).is_some_and(|last| last >= run.item)
        || facts.is_configured(run, manager)
        || !lacking.is_empty() && lacking.iter().all(|call| facts.keeps_no_cache(run, call))
        || empties_by_itself(facts, run, manager, avoid);
    if decided || others || is_mounted(run, &avoid.directories) || facts.may_be_mounted(run, manager) {
        return Ok(None);
    }
    let needless = || match manager.kind {
        Kind::System => needless(facts, run, manager, avoid, !lacking.is_empty()),
        Kind::Language | Kind::Build => Vec::new(),
    };
    let Some(first) = calls.first().filter(|_| !lacking.is_empty()) else {
        let has_option = facts.too_old(run.stage, &avoid.unless_base).is_none();
        let needless = if has_option { needless() } else { Vec::new() };
        return Ok((!needless.is_empty()).then(|| NoCacheOption::of(manager, avoid, &[], needless)));
    };
    let not_passed = |reason: Reason| {
        reason.after(format_args!("{} is not passed to {}, because", avoid.option, manager.name))
    };
    let reason = match facts.too_old(run.stage, &avoid.unless_base) {
        Some(family) => Some(reasons::release_too_old(family)),
        None if lacking.iter().any(|call| is_out_of_reach(run, call)) => return Ok(None),
        None => why_not(facts, run, manager, avoid, &lacking),
    };
    if let Some(reason) = reason {
        return Err(not_passed(reason));
    }
    let needless = needless();
    // `rm /var/cache/apk/*` without -f fails if the pattern matches nothing.
    let minds = run.invocations[first.invocation..].iter().any(|invocation| {
        invocation.notices(&avoid.directories)
            && !needless.iter().any(|span| span.contains(invocation.command.span))
    });
    if minds {
        return Err(not_passed(reasons::cache_named_in_run()));
    }
    Ok(Some(NoCacheOption::of(manager, avoid, &lacking, needless)))
}

/// Whether the option can't be written after the verb of a call.
fn is_out_of_reach(run: &RunFacts<'_>, call: &Call<'_>) -> bool {
    call.verb_word.literal().is_none() || run.invocations[call.invocation].place.in_word
}

/// Why the calls that lack the option must not get it.
fn why_not<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &'a Manager,
    avoid: &'a Avoid,
    lacking: &[&Call<'a>],
) -> Option<Reason> {
    if let Some(version) = pinned_below(facts, manager, avoid) {
        return Some(reasons::version_without_option(&version));
    }
    if let Some(reason) = needs_cache(facts, run, manager).or_else(|| home_exists(facts, run, avoid).err()) {
        return Some(reason);
    }
    let first = lacking.first()?.invocation;
    let cache = manager.caches.first();
    let refreshing = cache.map_or(&[][..], |cache| &cache.refreshing_options[..]);
    // If there is no downloaded index, the manager downloads it itself; only commands that read the
    // existing index depend on it. If an option makes it download the index, other commands may
    // depend on that.
    let shares_index = lacking.iter().any(|call| call.has_option(refreshing));
    let verbs = match (manager.kind, cache) {
        (Kind::System, Some(cache)) if shares_index => &cache.needed_by[..],
        (Kind::System, Some(_)) => &manager.verbs.query[..],
        _ => &[],
    };
    let programs = cache.map_or(&[][..], |cache| &cache.read_by[..]);
    let removal = Removal { directories: &avoid.directories, manager, verbs, refreshing, programs };
    // In the RUN, the calls themselves get the option, but other commands may read the index.
    let in_rest = || {
        (manager.kind == Kind::System && (shares_index || !verbs.is_empty()))
            .then(|| use_in_rest(facts, run, first, removal, shares_index))?
    };
    facts
        .later_use_of(run, removal)
        .or_else(in_rest)
        .or_else(|| facts.wrapped_call_after(run, first, removal))
}

/// Whether a call gets the option, or one that overrides it, through a variable: `pip install
/// $PIP_OPTIONS flask`.
fn is_decided_by_variable<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, call: &Call<'a>, avoid: &Avoid) -> bool {
    let words = run.invocations[call.invocation].words;
    let variable = |word: &Word| {
        let name = word.raw.trim_matches('"').strip_prefix('$')?;
        Some(name.trim_start_matches('{').split(['}', ':']).next().unwrap_or_default().to_owned())
    };
    let mut names = words.iter().filter_map(variable).peekable();
    if names.peek().is_none() {
        return false;
    }
    let is_deciding = |word: &str| {
        let word = word.split('=').next().unwrap_or_default();
        avoid.unless_option.iter().any(|option| option == word)
    };
    let decides = |value: &str| value.trim_matches(['"', '\'']).split_whitespace().any(is_deciding);
    let mut kept = facts.kept.deciding.borrow_mut();
    let deciding = kept.entry(call.manager.name.clone()).or_insert_with(|| {
        let bodies = facts.file.instructions().map(|(_, instruction)| &instruction.body);
        let set = bodies.filter_map(|body| match body {
            Body::Env(all) | Body::Arg(all) => Some(all),
            _ => None,
        });
        let set = set.flatten().filter(|assignment| assignment.value.as_deref().is_some_and(decides));
        set.map(|assignment| assignment.key.clone()).collect()
    });
    names.any(|name| {
        let mut earlier =
            run.invocations[..call.invocation].iter().flat_map(|invocation| &invocation.simple.assignments);
        deciding.contains(&name)
            || earlier.any(|assignment| {
                assignment.name == name && assignment.value.as_ref().is_some_and(|value| decides(&value.raw))
            })
    })
}

/// Why the RUN itself needs the cache: installed packages are linked into it, or a call works
/// offline.
fn needs_cache<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, manager: &Manager) -> Option<Reason> {
    if let Some(linked) = facts.mode_in(manager.linked.as_ref(), run, manager) {
        return Some(reasons::linked_into_own_cache(&linked));
    }
    let mut caches = manager.caches.iter();
    if caches.any(|cache| facts.is_changed_through_links(run, manager, &cache.directories)) {
        return Some(reasons::changed_through_links());
    }
    if has_no_network(run) {
        return Some(reasons::no_network());
    }
    let at = At { stage: run.stage, end: run.item };
    let calls = run.calls_to(manager).filter(|call| may_read(call));
    let mode = manager.offline.as_ref()?;
    let offline = calls.into_iter().find_map(|call| facts.mode_of_call(mode, at, run.script_states(), call));
    offline.map(|offline| reasons::works_offline(&offline))
}

/// Whether the rest of a RUN reads the index: a query, or a script that can't be read, if the
/// index is shared.
fn use_in_rest<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    first: usize,
    removal: Removal<'_>,
    shares_index: bool,
) -> Option<Reason> {
    let queries = |call: &&Call<'a>| {
        call.invocation > first
            && call.manager.name == removal.manager.name
            && removal.manager.verbs.query.contains(&call.verb)
            && removal.verbs.contains(&call.verb)
    };
    if let Some(call) = run.calls.iter().find(queries) {
        return Some(reasons::index_read_after(&call.manager.name, &call.verb));
    }
    let script = (first + 1..run.invocations.len()).find(|&index| facts.may_call_system_manager(run, index));
    script.filter(|_| shares_index).map(|index| {
        let name = run.invocations[index].words.first().map_or("a script", |word| word.raw.as_str());
        reasons::index_may_be_needed(name)
    })
}

/// A visible pin of the manager to a release that is too old for the option: `pip install
/// "pip<6"`.
fn pinned_below(facts: &Facts<'_>, manager: &Manager, avoid: &Avoid) -> Option<String> {
    let oldest: u32 = avoid.since?;
    if let Some(known) = facts.kept.pins.borrow().get(&manager.name) {
        return known.clone();
    }
    let packages = facts
        .runs
        .iter()
        .flat_map(|run| &run.calls)
        .filter(|call| call.manager.name == manager.name)
        .flat_map(|call| &call.packages);
    let found = packages.into_iter().find_map(|word| {
        let pin = word.text().strip_prefix(manager.name.as_str())?;
        let version = pin.trim_start_matches(['=', '<', '~']);
        let major: u32 = version.split('.').next()?.parse().ok()?;
        let below = pin.starts_with('<') && !pin.starts_with("<=");
        (pin != version && (major < oldest || below && major <= oldest)).then(|| word.text().to_owned())
    });
    facts.kept.pins.borrow_mut().insert(manager.name.clone(), found.clone());
    found
}

/// The last RUN that empties a manager's caches by its own command.
fn last_cleaned(facts: &Facts<'_>, manager: &Manager) -> Option<usize> {
    let last = facts.kept.cleaned.get_or_init(|| {
        let mut last = HashMap::new();
        for run in &facts.runs {
            for call in run.calls.iter().filter(|call| call.manager.cleans(&call.verb)) {
                last.insert(call.manager.name.clone(), run.item);
            }
        }
        last
    });
    last.get(&manager.name).copied()
}

/// The update of an index that no command reads any more, and the removal of a cache that is
/// already empty.
fn needless<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &'a Manager,
    avoid: &'a Avoid,
    changed: bool,
) -> Vec<Span> {
    let calls: Vec<&Call<'a>> = run.calls_to(manager).collect();
    let serves_itself = |call: &&Call<'a>| {
        avoid.verbs.contains(&call.verb) || manager.removes(&call.verb) || manager.refreshes(&call.verb)
    };
    let unreadable = facts.first_hidden_call(run).is_some();
    let installs = calls.iter().any(|call| avoid.verbs.contains(&call.verb));
    let Some(cache) = manager.caches.first() else { return Vec::new() };
    if unreadable || !installs || !calls.iter().all(serves_itself) {
        return Vec::new();
    }
    let removal = Removal::cache(manager, cache);
    let mut spans = Vec::new();
    for call in calls.iter().filter(|call| manager.refreshes(&call.verb)) {
        let invocation = &run.invocations[call.invocation];
        let plain = is_plain(invocation) && call.packages.is_empty();
        let span = lines(facts, run, invocation)
            .or_else(|| forward(run, invocation))
            .filter(|_| plain && facts.later_use_of(run, removal).is_none());
        let Some(span) = span else { return Vec::new() };
        spans.push(span);
    }
    if spans.is_empty() && !changed {
        return Vec::new();
    }
    let removals = run.invocations.iter().enumerate().filter(|&(index, invocation)| {
        let empties = |directory: &String| {
            let mut removed = facts.removed_from(run, index, directory);
            removed.any(|removed| removed.extent == Extent::Whole && removed.is_absolute())
        };
        let only = invocation.actions.known().len() == 1 && avoid.directories.iter().any(empties);
        invocation.is_written("rm") && only && is_plain(invocation)
    });
    spans.extend(
        removals.filter_map(|(_, invocation)| {
            lines(facts, run, invocation).or_else(|| backward(run, invocation))
        }),
    );
    // Two adjacent removals can't both include the operator between them.
    spans.sort();
    spans.dedup_by(|later, earlier| later.start < earlier.end);
    spans
}

/// Whether a command is only a program with its arguments, perhaps through sudo.
fn is_plain(invocation: &Invocation<'_>) -> bool {
    invocation.command.redirects.is_empty()
        && invocation.simple.assignments.is_empty()
        && invocation.simple.words.iter().all(|word| word.substitutions.is_empty())
        && invocation.has_only_sudo_before()
}

/// Whether the author empties the cache at the end of the RUN. For a distribution's index, the
/// option still saves the time of the download.
fn empties_by_itself(facts: &Facts<'_>, run: &RunFacts<'_>, manager: &Manager, avoid: &Avoid) -> bool {
    let caches = manager.caches.iter().filter(|cache| {
        cache.directories.iter().any(|own| avoid.directories.iter().any(|other| paths::overlap(own, other)))
    });
    manager.kind != Kind::System
        && caches.into_iter().any(|cache| {
            let fills =
                |call: &Call<'_>| call.manager.name == manager.name && cache.filled_by.contains(&call.verb);
            run.calls.iter().rposition(fills).is_some_and(|last| facts.is_emptied(run, manager, cache, last))
        })
}

//! Package indexes that one RUN downloads and a later one installs from.
//!
//! Such a RUN must not stay cached while files above it change: the later install would request
//! versions that the mirrors no longer have.

use crate::facts::{Call, FURTHEST, Facts, RunFacts};
use crate::knowledge::{Kind, Manager};
use crate::transforms::ordering;

/// Whether a RUN downloads a package index that a later RUN, of this stage or of one built from
/// it, installs from.
pub(crate) fn hands_index_on(facts: &Facts<'_>, item: usize) -> bool {
    let Some(run) = facts.run_at(item) else { return false };
    let Some(manager) = index_fetched_by(facts, run) else { return false };
    if removes_index(facts, run, manager) {
        return false;
    }
    let installs = run.calls.iter().any(|call| shares_index(call.manager, manager) && is_install(call));
    is_installed_from(facts, run.stage, item + 1, manager, !installs, 0)
}

/// The manager whose index a RUN downloads.
fn index_fetched_by<'f>(facts: &'f Facts<'_>, run: &RunFacts<'_>) -> Option<&'f Manager> {
    let by_call = run.calls.iter().find(|call| is_refresh(call)).map(|call| call.manager);
    by_call.map(|found| found.name.as_str()).and_then(|name| facts.known.manager(name)).or_else(|| {
        let programs = || run.invocations.iter().filter_map(|invocation| invocation.program);
        programs().find_map(|program| refreshed_by(facts, program))
    })
}

/// The manager whose index another program downloads.
fn refreshed_by<'f>(facts: &'f Facts<'_>, program: &str) -> Option<&'f Manager> {
    // No other manager has such programs; reading all of them would slow down the start.
    let manager = facts.known.manager("apt-get")?;
    manager.refreshed_by.iter().any(|known| known == program).then_some(manager)
}

/// Whether a RUN, from an item on, installs from the index as it is. `unknown`: whether a program
/// that may do so counts.
fn is_installed_from(
    facts: &Facts<'_>,
    stage: usize,
    from: usize,
    manager: &Manager,
    unknown: bool,
    depth: usize,
) -> bool {
    // Beyond the search limit, there may be an install.
    if depth > FURTHEST {
        return true;
    }
    let first = facts.runs.partition_point(|run| run.item < from);
    for (count, run) in facts.runs[first..].iter().take_while(|run| run.stage == stage).enumerate() {
        if count > FURTHEST {
            return true;
        }
        if run.script().is_none() && unknown {
            return true;
        }
        for (index, invocation) in run.invocations.iter().enumerate() {
            match run.call_of(index) {
                Some(call) if !shares_index(call.manager, manager) => {}
                Some(call) if is_refresh(call) || is_install(call) && refreshes_itself(call) => {
                    return false;
                }
                Some(call) if is_install(call) => return true,
                Some(_) => {}
                None => {
                    let is_known =
                        invocation.program.is_some_and(|program| facts.known.program(program).is_some());
                    if unknown && !is_known && !invocation.words.is_empty() {
                        return true;
                    }
                }
            }
        }
    }
    let mut derived = facts.lineage.derived(stage).iter().map(|&other| &facts.stages[other]);
    derived.any(|other| {
        is_installed_from(facts, other.index, other.items.start + 1, manager, unknown, depth + 1)
    })
}

/// Whether a step is worth caching: it takes time, and does more than download an index, which
/// should be fresh.
pub(crate) fn is_worth_sparing(facts: &Facts<'_>, item: usize) -> bool {
    let Some(run) = facts.run_at(item) else { return false };
    *run.kept.takes_time.get_or_init(|| {
        ordering::takes_time_for(facts, item, |run, index| {
            let refreshes = run.call_of(index).is_some_and(is_refresh);
            !refreshes
                && run.invocations[index].program.is_none_or(|program| refreshed_by(facts, program).is_none())
        })
    })
}

/// Whether the RUN itself removes the index at the end.
fn removes_index(facts: &Facts<'_>, run: &RunFacts<'_>, manager: &Manager) -> bool {
    manager.caches.iter().any(|cache| facts.removes_files_of(run, cache))
}

/// Whether a call downloads the index and installs nothing.
fn is_refresh(call: &Call<'_>) -> bool {
    call.manager.refreshes(&call.verb)
        || call.packages.is_empty() && call.manager.verbs.refresh_alone.contains(&call.verb)
}

fn is_install(call: &Call<'_>) -> bool {
    call.manager.installs(&call.verb) && !is_refresh(call)
}

/// Whether an install downloads the index by itself (`apk add -U`, `pacman -Syu`).
fn refreshes_itself(call: &Call<'_>) -> bool {
    call.manager.caches.iter().any(|cache| call.has_option(&cache.refreshing_options))
        || call.manager.name == "pacman" && call.verb.starts_with("-S") && call.verb.contains('y')
}

/// Whether two names mean the same index: a stage has one distribution, and its managers (`yum`,
/// `dnf`) read the same repositories.
fn shares_index(manager: &Manager, other: &Manager) -> bool {
    manager.name == other.name || manager.kind == Kind::System && other.kind == Kind::System
}

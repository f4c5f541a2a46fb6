//! The files that a RUN leaves in the caches of the package managers that it calls, and why a cache
//! is not emptied there.

use std::slice;

use crate::facts::caches::{KeptCache, is_mounted, what};
use crate::facts::commands::{Elevation, Invocation};
use crate::facts::dependents::{Removal, has_no_network};
use crate::facts::environment::User;
use crate::facts::packages::Call;
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::{Cache, Confidence, Kind, Manager};
use crate::reasons::{self, Reason};
use crate::transforms::clean_package_caches::manager_survives;

/// A cache that is still full when the RUN ends.
#[derive(Debug)]
pub struct Leftover<'a> {
    /// Its package manager.
    pub manager: &'a Manager,
    /// The cache.
    pub cache: &'a Cache,
    /// The command that empties it, run as the user who filled it.
    pub command: String,
    /// How certain it is that only time is lost.
    pub confidence: Confidence,
}

/// The caches that a RUN fills and does not empty, each with the command that empties it, or with
/// the reason why it is not emptied.
pub fn leftovers<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    keep: &[String],
) -> Vec<Result<Leftover<'a>, KeptCache>> {
    let mut found: Vec<Result<Leftover<'a>, KeptCache>> = Vec::new();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for call in &run.calls {
        for cache in &call.manager.caches {
            let key = (call.manager.name.as_str(), cache.name.as_str());
            if cache.applicability == Confidence::Never || seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let Some(last) = facts.last_fill(run, call.manager, cache) else { continue };
            let mounted = is_mounted(run, &cache.directories) || facts.may_be_mounted(run, call.manager);
            if facts.is_emptied(run, call.manager, cache, last) || mounted {
                continue;
            }
            let stays = |reason| KeptCache { what: what(&call.manager.name, &cache.name), reason };
            found.push(removal(facts, run, call.manager, cache, last, keep).map_err(stays));
        }
    }
    found
}

/// The command that empties a cache at the end of the RUN. The error says why there is none.
fn removal<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &'a Manager,
    cache: &'a Cache,
    last: usize,
    keep: &[String],
) -> Result<Leftover<'a>, Reason> {
    if let Some(image) = facts.too_old(run.stage, &cache.unless_base) {
        return Err(reasons::release_too_old_for_cleanup(image, &cache.clean));
    }
    let fills: Vec<&Call<'a>> = run.calls_to(manager).filter(|call| !manager.cleans(&call.verb)).collect();
    // A call that keeps no cache, by the option for that, changes nothing for the others.
    let avoids = |call: &&Call<'_>| {
        manager.avoid.as_ref().is_some_and(|avoid| call.has_option(slice::from_ref(&avoid.option)))
    };
    if fills.iter().any(|call| !avoids(call) && call.has_option(&cache.options)) {
        return Err(reasons::option_uses_cache());
    }
    if let Some(linked) = facts.mode_in(manager.linked.as_ref(), run, manager) {
        return Err(reasons::linked_into_cache(&linked));
    }
    if facts.is_changed_through_links(run, manager, &cache.directories) {
        return Err(reasons::changed_through_links());
    }
    if let Some(offline) = facts.mode_in(manager.offline.as_ref(), run, manager) {
        return Err(reasons::offline_install(&offline));
    }
    if has_no_network(run) && manager.kind != Kind::System {
        return Err(reasons::nothing_downloaded());
    }
    if let Some(variable) = cache.variables.iter().find(|name| facts.is_set(run, name)) {
        return Err(reasons::variable_moves_cache(variable));
    }
    let elevation = elevation(&fills, run)?;
    if elevation.is_some() && limits_sudo(facts, run) {
        return Err(reasons::sudo_may_be_limited());
    }
    if manager.kind == Kind::System && elevation.is_none() && matches!(run.user, User::Other(_)) {
        return Err(reasons::no_permission());
    }
    if facts.is_configured(run, manager) {
        return Err(reasons::configuration_moves_cache());
    }
    let command = if cache.clean_needs_manager && run.script().is_some() {
        let by_manager =
            manager_survives::cleanup_command(facts, run, manager, cache, &run.calls[last], &fills);
        // `rm` must be found, and its home directory be the manager's.
        let is_other_place = || {
            manager_survives::loses_path(run, run.calls[last].invocation)
                || fills.iter().any(|call| run.invocations[call.invocation].sets("HOME"))
        };
        by_manager
            .or_else(|reason| cache.clean_by_path.clone().filter(|_| !is_other_place()).ok_or(reason))?
    } else {
        cache.clean.clone()
    };
    if command.contains('~') && run.sets("HOME") {
        return Err(reasons::script_sets_home());
    }
    if elevation.is_some() && command.contains('~') {
        return Err(reasons::home_chosen_by_sudo());
    }
    if manager.programs.iter().any(|program| program == "yarn") {
        facts.is_yarn_1(run, &fills)?;
    }
    if cache.directories.iter().any(|directory| keep.iter().any(|kept| paths::overlap(directory, kept))) {
        return Err(reasons::protected_by_configuration());
    }
    if let Some(reason) = facts.later_use_of(run, Removal::cache(manager, cache)) {
        return Err(reason);
    }
    if does_nothing(facts, run, manager, cache) {
        let verb = &run.calls[last].verb;
        return Err(reasons::useless_step(&manager.name, verb));
    }
    let command = elevation.map_or(command.clone(), |prefix| format!("{prefix} {command}"));
    Ok(Leftover { manager, cache, command, confidence: cache.applicability })
}

/// Whether a RUN only downloads an index that nothing uses. Then the step itself is unnecessary,
/// and a cleanup would hide that.
fn does_nothing<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, manager: &Manager, cache: &Cache) -> bool {
    let is_idle = |(index, invocation): (usize, &Invocation<'_>)| {
        let call = run.calls.iter().find(|call| call.invocation == index);
        call.is_some_and(|call| {
            call.manager.name == manager.name
                && (manager.refreshes(&call.verb) && call.packages.is_empty() || manager.cleans(&call.verb))
        }) || ["echo", "true", ":", "set", "sleep"].iter().any(|program| invocation.is(program))
    };
    // A later call may download the index itself only because this tool added a cleanup.
    let refreshes_itself = || {
        let later = facts.runs.iter().filter(|other| other.item > run.item).flat_map(|other| &other.calls);
        later
            .into_iter()
            .any(|call| call.manager.name == manager.name && call.has_option(&cache.refreshing_options))
    };
    manager.kind == Kind::System
        && !run.invocations.is_empty()
        && run.invocations.iter().enumerate().all(is_idle)
        && !refreshes_itself()
}

/// Whether the file shows that sudo allows only some commands, or that the script takes it from a
/// user.
fn limits_sudo(facts: &Facts<'_>, run: &RunFacts<'_>) -> bool {
    let limited = *facts.kept.limits_sudo.get_or_init(|| {
        facts.file.instructions().any(|(_, instruction)| {
            let text = instruction.logical.text.as_ref();
            text.split("NOPASSWD:").skip(1).any(|rest| !rest.trim_start().starts_with("ALL"))
        })
    });
    let given_up = run.invocations.iter().any(|invocation| {
        invocation.is("deluser")
            || invocation.is("gpasswd")
            || invocation.words.iter().any(|word| word.raw.contains("sudoers"))
    });
    limited || given_up
}

/// How all these calls get root, if at all: by the same prefix. An error if they differ.
fn elevation(calls: &[&Call<'_>], run: &RunFacts<'_>) -> Result<Option<String>, Reason> {
    let mut prefix: Option<Option<String>> = None;
    for call in calls {
        let own = match &run.invocations[call.invocation].elevation {
            Elevation::None => None,
            Elevation::Root(prefix) => Some(prefix.clone()),
            Elevation::Other => return Err(reasons::runs_as_other_user()),
        };
        match &prefix {
            Some(seen) if *seen != own => return Err(reasons::mixed_sudo()),
            _ => prefix = Some(own),
        }
    }
    Ok(prefix.flatten())
}

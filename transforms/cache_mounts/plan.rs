//! Which caches of a RUN can be in cache mounts, what becomes unnecessary, and why other caches
//! can't.
//!
//! Like a cleanup, a mount keeps the cache out of the layer; it also hides the files of earlier
//! layers at its target. The configuration decides whether mounts are wanted. `redundant` finds the
//! commands to remove from the script.

use std::rc::Rc;

use crate::facts::caches::{is_mounted, what};
use crate::facts::commands::Elevation;
use crate::facts::dependents::{Removal, has_no_network};
use crate::facts::environment::{User, Variable};
use crate::facts::execution::Directory;
use crate::facts::packages::{self, Call};
use crate::facts::{FURTHEST, Facts, RunFacts, append, caches::KeptCache, paths};
use crate::knowledge::{Cache, Kind, Manager, Mount};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::Statement;
use crate::transforms::cache_mounts::redundant::RedundantCleanup;

/// Mounts for one RUN.
#[derive(Debug, Default)]
pub struct CacheMounts<'a> {
    /// The managers whose caches they contain.
    pub managers: Vec<&'a str>,
    /// The flags: `--mount=type=cache,target=…`.
    pub flags: Vec<String>,
    /// The parts of the script that become unnecessary: cleanups, and options that disable the
    /// cache.
    pub needless: Vec<Span>,
    /// The caches that stay as they are, and why.
    pub refused: Vec<KeptCache>,
}

/// A mount that is possible as far as its own RUN is concerned.
struct Candidate<'a> {
    manager: &'a Manager,
    cache: &'a Cache,
    mount: &'a Mount,
    target: String,
    flag: String,
    redundant: RedundantCleanup,
}

/// The mounts that a RUN can get.
pub fn cache_mounts<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, keep: &[String]) -> CacheMounts<'a> {
    let mut found = CacheMounts::default();
    let mut touched: Vec<usize> = Vec::new();
    for (manager, mount, cache) in mounts_for(facts, run) {
        let stays = |reason| KeptCache { what: what(&manager.name, &cache.name), reason };
        match candidate(facts, run, manager, mount, cache, keep)
            .and_then(|candidate| missed(facts, run, &candidate, keep).map_or(Ok(candidate), Err))
        {
            Err(reason) => found.refused.push(stays(reason)),
            Ok(candidate) => {
                if !found.managers.contains(&manager.name.as_str()) {
                    found.managers.push(&manager.name);
                }
                // A cache that shares a cleanup with another one waits for the next round, when
                // only its own part is left.
                if !candidate.redundant.touched.iter().any(|index| touched.contains(index)) {
                    touched.extend(&candidate.redundant.touched);
                    found.flags.push(candidate.flag);
                    found.needless.extend(candidate.redundant.spans);
                }
            }
        }
    }
    found.needless.sort();
    found.needless.dedup();
    found
}

/// Whether the calls of this manager in a RUN will get a mount, so that they need neither a cleanup
/// nor an option.
pub fn can_be_mounted<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, manager: &str, keep: &[String]) -> bool {
    cache_mounts(facts, run, keep).managers.contains(&manager)
}

/// The cache mounts for the files that the calls of a RUN write, except those that exist already.
fn mounts_for<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> Vec<(&'a Manager, &'a Mount, &'a Cache)> {
    let mut found: Vec<(&Manager, &Mount, &Cache)> = Vec::new();
    for manager in run.calls.iter().map(|call| call.manager) {
        let is_new = !found.iter().any(|(other, ..)| other.name == manager.name);
        for mount in manager.mounts.iter().filter(|_| is_new) {
            let cache = manager.caches.iter().find(|cache| mount.holds.as_ref() == Some(&cache.name));
            let Some(cache) = cache.filter(|cache| writes(run, manager, mount, cache)) else { continue };
            let is_there = is_mounted(run, std::slice::from_ref(&mount.target));
            if !is_there && !has_unknown_mount(facts, run) {
                found.push((manager, mount, cache));
            }
        }
    }
    found
}

/// Whether a cache mount has unknown contents: its target is not the usual one of a manager.
fn has_unknown_mount<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> bool {
    let places = || {
        let caches =
            facts.known.managers().flat_map(|manager| &manager.caches).flat_map(|cache| &cache.directories);
        caches.chain(facts.known.managers().flat_map(|manager| &manager.mounts).map(|mount| &mount.target))
    };
    let mut targets =
        run.mounts.iter().filter(|mount| mount.kind == "cache").map(|mount| mount.target.as_deref());
    targets.any(|target| target.is_none_or(|target| !places().any(|place| paths::overlap(target, place))))
}

/// Checks the RUN itself, the user and the files under the target.
fn candidate<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &'a Manager,
    mount: &'a Mount,
    cache: &'a Cache,
    keep: &[String],
) -> Result<Candidate<'a>, Reason> {
    run.editable().ok_or(reasons::uneditable_for_mounts())?;
    if let Some(lack) = facts.lacks_syntax(2) {
        return Err(lack);
    }
    if facts.has_stage_named_scratch() {
        return Err(reasons::stage_named_scratch());
    }
    is_kept_in_image(facts, run, manager)?;
    if facts.is_changed_through_links(run, manager, &cache.directories) {
        return Err(reasons::changed_through_links());
    }
    let calls: Vec<&Call<'a>> = run.calls_to(manager).collect();
    not_moved(facts, run, manager, mount, cache, &calls)?;
    let (target, owner) = target(facts, run, manager, mount, &calls)?;
    let kept = keep.iter().any(|kept| paths::overlap(&target, kept));
    let precious = facts
        .known
        .managers()
        .flat_map(|manager| &manager.keep)
        .find(|kept| paths::overlap(&target, &kept.path));
    if kept {
        return Err(reasons::protected_by_configuration());
    }
    if let Some(kept) = precious.filter(|kept| kept.path.starts_with(['/', '~'])) {
        return Err(reasons::precious_files(&kept.path, &kept.because));
    }
    if manager.programs.iter().any(|program| program == "yarn") {
        facts.is_yarn_1(run, &calls)?;
    }
    nothing_hidden(facts, run, &target)?;
    let is_index = manager.kind == Kind::System;
    if is_index
        && run.invocations.iter().any(|invocation| invocation.calls_in_another_shell(&manager.programs))
    {
        return Err(reasons::called_in_other_shell(&manager.name));
    }
    reads_fresh(facts, run, manager, cache)?;
    let redundant = RedundantCleanup::of(facts, run, manager, cache, &target)?;
    fetched_after_cleanups(run, manager, cache, &redundant)?;
    not_removed(facts, run, &target, &redundant)?;
    if redundant.emptied && redundant.cleaned {
        cleans_only_its_own(facts, run, manager, cache)?;
    }
    let sharing = mount.sharing.as_deref().filter(|sharing| *sharing != "shared");
    let sharing = sharing.map_or(String::new(), |sharing| format!(",sharing={sharing}"));
    let on_musl = facts.stage_of(run).release.as_ref().is_some_and(|release| release.family == "alpine");
    let id = if mount.by_libc && on_musl { format!(",id={target}-musl") } else { String::new() };
    let flag = format!("--mount=type=cache{id},target={target}{sharing}{owner}");
    Ok(Candidate { manager, cache, mount, target, flag, redundant })
}

/// Checks that a mount would neither separate installed files from the cache nor hide files of an
/// earlier layer from a call that works offline.
fn is_kept_in_image<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, manager: &Manager) -> Result<(), Reason> {
    if let Some(linked) = facts.mode_in(manager.linked.as_ref(), run, manager) {
        return Err(reasons::linked_into_cache(&linked));
    }
    let offline = facts.mode_in(manager.offline.as_ref(), run, manager);
    let offline = offline.or_else(|| has_no_network(run).then(|| "--network=none".to_owned()));
    offline.map_or(Ok(()), |offline| Err(reasons::offline_with_earlier_files(&offline)))
}

/// Checks that no variable, option or configuration moves the cache.
fn not_moved<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &'a Manager,
    mount: &Mount,
    cache: &Cache,
    calls: &[&Call<'a>],
) -> Result<(), Reason> {
    let dropped = manager.avoid.as_ref().map(|avoid| avoid.option.as_str());
    let moving: Vec<String> =
        cache.options.iter().filter(|option| dropped != Some(option)).cloned().collect();
    let unless = manager.avoid.as_ref().map_or(&[][..], |avoid| &avoid.unless_option);
    let unless: Vec<String> = unless.iter().filter(|option| dropped != Some(option)).cloned().collect();
    if calls.iter().any(|call| call.has_option(&moving) || call.has_option(&unless)) {
        return Err(reasons::option_changes_cache());
    }
    for (name, value) in &mount.needs {
        let holds = match facts.variable(run.item, name) {
            Variable::Set(own) => own == *value,
            Variable::Argument(_) => false,
            Variable::NotInFile => {
                facts.root_image(run.stage).is_some_and(|image| image.environment.get(name) == Some(value))
            }
        };
        if !holds || run.states.sets(name) {
            return Err(reasons::location_depends_on_variable(name, value));
        }
    }
    for name in cache.variables.iter().chain(&mount.unless_variable) {
        let harmless = mount.needs.contains_key(name)
            || mount.harmless.get(name).is_some_and(|value| {
                facts.variable(run.item, name) == Variable::Set(value.clone()) && !run.states.sets(name)
            });
        if !harmless && facts.is_set(run, name) {
            return Err(reasons::variable_moves_cache(name));
        }
    }
    if facts.is_configured(run, manager) {
        return Err(reasons::configuration_moves_cache());
    }
    match facts.mode_in(manager.moved.as_ref(), run, manager) {
        Some(file) => Err(reasons::configuration_file_moves_cache(&file)),
        None => Ok(()),
    }
}

/// Checks that the RUN does not remove the mount's target or a parent directory: that would fail on
/// a mount.
fn not_removed<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    target: &str,
    redundant: &RedundantCleanup,
) -> Result<(), Reason> {
    let place = Directory::Known(target.to_owned());
    let stay = (0..run.invocations.len()).filter(|index| !redundant.touched.contains(index));
    let remover = stay.into_iter().find(|&index| facts.command_may_remove(run, index, &place));
    remover.map_or(Ok(()), |index| {
        let program = run.invocations[index].program.unwrap_or("a command");
        Err(reasons::mount_may_be_removed(program, target))
    })
}

/// Checks that a cleanup that the mount replaces removes nothing that an earlier RUN left in the
/// image.
fn cleans_only_its_own<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &Manager,
    cache: &Cache,
) -> Result<(), Reason> {
    let leaves = |other: &&RunFacts<'a>| {
        let last = facts.last_fill(other, manager, cache);
        // The calls of a RUN in exec form, or of an opaque script, are unknown. So is what a script
        // that can't be read fetches.
        other.script().is_none()
            || match manager.kind {
                Kind::System => facts.first_hidden_call(other).is_some(),
                _ => (0..other.invocations.len()).any(|index| facts.may_build(other, index)),
            }
            || last.is_some_and(|last| {
                !facts.is_surely_emptied(other, manager, cache, last)
                    && !is_mounted(other, &cache.directories)
            })
    };
    let mut kept = facts.kept.leaving.borrow_mut();
    let leaving = kept
        .entry(cache.name.clone())
        .or_insert_with(|| facts.runs.iter().filter(leaves).map(|other| other.item).collect());
    match facts.lineage.nearest(&facts.stages, leaving, run.item) {
        Some(_) => Err(reasons::cleanup_of_earlier_files()),
        None => Ok(()),
    }
}

/// The mount's target, and its owner.
fn target<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &Manager,
    mount: &Mount,
    calls: &[&Call<'a>],
) -> Result<(String, String), Reason> {
    let elevated = |call: &&&Call<'_>| run.invocations[call.invocation].elevation != Elevation::None;
    let as_root = |call: &&Call<'_>| matches!(run.invocations[call.invocation].elevation, Elevation::Root(_));
    if manager.kind == Kind::System {
        // A system package manager runs as root, or fails.
        return if calls.iter().all(|call| as_root(call) || !elevated(&call)) {
            Ok((mount.target.clone(), String::new()))
        } else {
            Err(reasons::runs_as_other_user())
        };
    }
    if calls.iter().any(|call| elevated(&call)) {
        return Err(reasons::unknown_home_with_sudo());
    }
    let account = facts.account(run)?;
    if run.sets("HOME") {
        return Err(reasons::script_sets_home());
    }
    let rest = mount.target.strip_prefix("~/");
    let target = rest.map_or_else(|| mount.target.clone(), |rest| format!("{}/{rest}", account.home));
    let Some(uid) = account.uid else { return Ok((target, String::new())) };
    // BuildKit creates the parent directories of a mount, and they belong to root.
    if rest.is_none_or(|rest| rest.contains('/')) {
        return Err(reasons::parent_owned_by_root(&target));
    }
    let gid = account.gid.map_or(String::new(), |gid| format!(",gid={gid}"));
    Ok((target, format!(",uid={uid}{gid}")))
}

/// Checks that the mount hides no files of another stage, of the context, or of a script.
fn nothing_hidden<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, target: &str) -> Result<(), Reason> {
    let users = users(facts, target);
    let Some(item) = facts.lineage.nearest(&facts.stages, &users, run.item) else { return Ok(()) };
    let copy = facts.destinations().iter().find(|destination| destination.item == item);
    Err(copy.map_or_else(reasons::mount_hides_used_files, |copy| reasons::mount_hides_copy(copy.keyword)))
}

/// The instructions that put files under a mount's target, or use files there, in order.
fn users(facts: &Facts<'_>, target: &str) -> Rc<[usize]> {
    let mut kept = facts.kept.users.borrow_mut();
    Rc::clone(kept.entry(target.to_owned()).or_insert_with(|| found_users(facts, target)))
}

fn found_users(facts: &Facts<'_>, target: &str) -> Rc<[usize]> {
    let place = paths::normal(target);
    let copies = facts.destinations().iter().filter(|destination| {
        let is_parent = paths::within(&place, &destination.path)
            && (destination.is_from_elsewhere || paths::is_private_parent(&destination.path, &place));
        paths::within(&destination.path, &place) && !destination.path.is_empty() || is_parent
    });
    let directories = [target.to_owned()];
    let uses = |run: &&RunFacts<'_>| {
        let named = match run.script() {
            Some(_) => run.invocations.iter().any(|invocation| match (invocation.is("rm"), &run.user) {
                // It fails if the directory has files.
                (true, User::Other(_)) => invocation.names_any(&directories),
                (true, _) => false,
                (false, _) => invocation.notices(&directories),
            }),
            None => paths::names(&run.instruction.logical.text, target),
        };
        named && !is_mounted(run, &directories)
    };
    let runs = facts.runs.iter().filter(uses);
    let mut items: Vec<usize> =
        copies.map(|destination| destination.item).chain(runs.map(|run| run.item)).collect();
    items.sort_unstable();
    items.into()
}

/// Finds a command that needs the cache to be in the image.
fn missed<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    proposed: &Candidate<'a>,
    keep: &[String],
) -> Option<Reason> {
    let Candidate { manager, cache, mount, target, .. } = proposed;
    let directories = std::slice::from_ref(target);
    let is_mounted_too = |other: &RunFacts<'a>| {
        is_mounted(other, directories) || candidate(facts, other, manager, mount, cache, keep).is_ok()
    };
    let removal = Removal { directories, ..Removal::cache(manager, cache) };
    if mount.for_all {
        return missed_by_others(facts, run, proposed, &is_mounted_too).or_else(|| {
            facts
                .configuration_use_of(removal)
                .or_else(|| facts.later_use_of(run, Removal { verbs: &[], ..removal }))
        });
    }
    if let Some(reason) = shared(facts, run, manager, removal) {
        return Some(reason);
    }
    if proposed.redundant.emptied {
        copied_out(facts, run, removal).or_else(|| used_later(facts, run, target))
    } else {
        facts.later_use_of(run, removal)
    }
}

/// A RUN that has the author's own mount of an index and installs from it without a download of its
/// own. With the new mount, it would find packages that it did not find before.
fn shared<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    manager: &Manager,
    removal: Removal<'_>,
) -> Option<Reason> {
    if manager.kind != Kind::System {
        return None;
    }
    let mut kept = facts.kept.dependent_mounts.borrow_mut();
    let dependents = kept.entry(removal.directories.to_vec()).or_insert_with(|| {
        let with_mount = facts.runs.iter().filter(|other| is_mounted(other, removal.directories));
        let dependents = with_mount.filter(|other| facts.why_needed_by(other, removal).is_some());
        dependents.map(|other| other.item).take(2).collect()
    });
    dependents.iter().any(|item| *item != run.item).then(reasons::mount_shared)
}

/// A later RUN that uses the directory, which the cleanup would have left and a mount does not.
fn used_later(facts: &Facts<'_>, run: &RunFacts<'_>, target: &str) -> Option<Reason> {
    let users = users(facts, target);
    let mut later = users[users.partition_point(|item| *item <= run.item)..].iter();
    let is_below = |item: &usize| {
        facts.run_at(*item).is_some_and(|other| facts.lineage.is_built_from(other.stage, run.stage))
    };
    later.any(is_below).then(|| reasons::later_command_names_files().after("a later RUN"))
}

/// A copy of the directory itself: it would contain the base image's files instead of those that
/// the cleanup left.
fn copied_out(facts: &Facts<'_>, run: &RunFacts<'_>, removal: Removal<'_>) -> Option<Reason> {
    let derived = facts.lineage.derived(run.stage).iter().copied();
    std::iter::once(run.stage)
        .chain(derived)
        .take(FURTHEST)
        .find_map(|stage| facts.copy_use_of(stage, removal))
}

/// Another call of the same manager that can't get the mount, or a script that may contain one.
fn missed_by_others<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    proposed: &Candidate<'a>,
    is_mounted_too: &dyn Fn(&RunFacts<'a>) -> bool,
) -> Option<Reason> {
    let Candidate { manager, mount, .. } = proposed;
    if facts.runs.len() > FURTHEST {
        return Some(reasons::too_many_runs(FURTHEST));
    }
    if run
        .calls
        .iter()
        .chain(
            facts
                .runs
                .iter()
                .filter(|other| are_kin(facts, run.stage, other.stage))
                .flat_map(|other| &other.calls),
        )
        .any(|call| {
            call.manager.name == manager.name
                && call
                    .packages
                    .iter()
                    .map(|word| word.text())
                    .chain([call.verb.as_str()])
                    .any(|word| mount.unless_word.iter().any(|unless| unless == word))
        })
    {
        return Some(reasons::only_copy_in_cache(&mount.unless_word.join("` or `")));
    }
    let others =
        facts.runs.iter().filter(|other| other.item != run.item && are_kin(facts, run.stage, other.stage));
    for other in others {
        let calls =
            other.calls.iter().any(|call| call.manager.name == manager.name && manager.installs(&call.verb));
        if calls && !is_mounted_too(other) {
            return Some(reasons::other_run_needs_cache());
        }
        let unreadable = other.script().is_none()
            || (0..other.invocations.len()).any(|index| facts.may_build(other, index));
        if other.item > run.item && unreadable {
            return Some(reasons::unreadable_run_may_need_cache());
        }
    }
    None
}

/// Whether two stages are the same, or one is built from the other, directly or indirectly.
fn are_kin(facts: &Facts<'_>, stage: usize, other: usize) -> bool {
    facts.lineage.is_built_from(stage.max(other), stage.min(other))
}

/// Whether a RUN writes to a cache. If all calls need the mount, whether the RUN has any call that
/// reads or writes the cache.
fn writes(run: &RunFacts<'_>, manager: &Manager, mount: &Mount, cache: &Cache) -> bool {
    run.calls.iter().any(|call| {
        call.manager.name == manager.name
            && (cache.filled_by.contains(&call.verb) || mount.for_all && manager.installs(&call.verb))
    })
}

/// The calls of a package manager that read its index and do not download it themselves.
fn index_readers<'r, 'a>(
    run: &'r RunFacts<'a>,
    manager: &'r Manager,
    cache: &'r Cache,
) -> impl Iterator<Item = &'r Call<'a>> {
    run.calls.iter().filter(|call| {
        call.manager.name == manager.name
            && cache.needed_by.contains(&call.verb)
            && !call.has_option(&cache.refreshing_options)
    })
}

/// Whether a command runs only after the RUN has downloaded a package index, by an invocation at this
/// index or later. A failure of a download must stop the RUN, or at least the and-list that contains
/// the command.
fn is_fetched_before(run: &RunFacts<'_>, manager: &Manager, from: usize, command: usize) -> bool {
    let statements = run.script().map_or(&[][..], |script| &script.list.statements);
    let is_and_chain = |index: usize| statements.get(index).is_some_and(Statement::is_and_chain);
    packages::index_downloads(&run.calls, manager, command).any(|call| {
        let place = run.invocations[call.invocation].place;
        let stops_the_list = place.alone
            && is_and_chain(place.statement)
            && run.invocations[command].place.statement == place.statement;
        call.invocation >= from
            && place.is_certain()
            && (stops_the_list || append::is_proven(run, call.invocation))
    })
}

/// Checks that nothing depends on a cleanup before it: without the cleanup, a later call would find
/// files that were downloaded before.
fn fetched_after_cleanups(
    run: &RunFacts<'_>,
    manager: &Manager,
    cache: &Cache,
    redundant: &RedundantCleanup,
) -> Result<(), Reason> {
    if manager.kind != Kind::System {
        return Ok(());
    }
    let is_stale = |reader: &&Call<'_>| {
        let cleaned = redundant.touched.iter().filter(|&&index| index < reader.invocation).max();
        cleaned.is_some_and(|cleaned| !is_fetched_before(run, manager, cleaned + 1, reader.invocation))
    };
    match index_readers(run, manager, cache).find(is_stale) {
        Some(reader) => Err(reasons::stale_index(&manager.name, &reader.verb)),
        None => Ok(()),
    }
}

/// Checks that a RUN reads only files from the cache that it downloaded itself: the mount may be
/// empty, or contain files of another build.
fn reads_fresh(
    facts: &Facts<'_>,
    run: &RunFacts<'_>,
    manager: &Manager,
    cache: &Cache,
) -> Result<(), Reason> {
    if manager.kind != Kind::System {
        return Ok(());
    }
    let is_stale = |command: usize| !is_fetched_before(run, manager, 0, command);
    let reason = index_readers(run, manager, cache).find(|call| is_stale(call.invocation));
    let is_reader = |program: Option<&str>| {
        program.is_some_and(|program| cache.read_by.iter().any(|reader| reader == program))
    };
    let reading = (0..run.invocations.len())
        .find(|&index| is_reader(run.invocations[index].program) && is_stale(index));
    if facts.first_hidden_call(run).is_some_and(is_stale) {
        return Err(reasons::earlier_files_may_be_read());
    }
    match (reason, reading) {
        (Some(call), _) => Err(reasons::earlier_index_read(&manager.name, &call.verb)),
        (None, Some(_)) => Err(reasons::earlier_files_read()),
        (None, None) => Ok(()),
    }
}

//! The caches of the package managers that a RUN calls: which call fills one last, whether the
//! script empties it, and whether a mount or a setting moves it.

use std::collections::HashMap;

use crate::facts::commands::Invocation;
use crate::facts::environment::Variable;
use crate::facts::packages::Call;
use crate::facts::removals::{Extent, Removed, extent};
use crate::facts::traced::At;
use crate::facts::{FURTHEST, Facts, RunFacts, append, paths};
use crate::knowledge::{Act, Cache, Kind, Manager};
use crate::reasons::Reason;
use crate::syntax::shell::Word;

/// A cache that is not emptied, and why.
#[derive(Debug)]
pub struct KeptCache {
    /// The cache.
    pub what: String,
    /// The reason, which completes the clause "because …".
    pub reason: Reason,
}

impl<'a> Facts<'a> {
    /// The last call that writes to a cache.
    pub(crate) fn last_fill(&self, run: &RunFacts<'a>, manager: &Manager, cache: &Cache) -> Option<usize> {
        let fills = |call: &&Call<'a>| {
            let avoids = || {
                manager.avoid.as_ref().is_some_and(|avoid| {
                    call.has_option(std::slice::from_ref(&avoid.option))
                        || call.has_option(&avoid.unless_option)
                }) || self.keeps_no_cache(run, call)
            };
            // If packages are installed without a visible `update`, an unreadable script must have
            // downloaded the index.
            let hidden = || {
                manager.installs(&call.verb)
                    && self.first_hidden_call(run).is_some_and(|first| first < call.invocation)
            };
            call.manager.name == manager.name
                && (cache.filled_by.contains(&call.verb)
                    || manager.kind == Kind::System
                        && !cache.filled_by.iter().any(|verb| manager.installs(verb))
                        && hidden())
                && !avoids()
        };
        run.calls.iter().rposition(|call| fills(&call))
    }

    /// Whether a call keeps no cache, by an option, a variable or the manager's configuration.
    pub(crate) fn keeps_no_cache(&self, run: &RunFacts<'_>, call: &Call<'_>) -> bool {
        let at = At { stage: run.stage, end: run.item };
        let mode = call.manager.uncached.as_ref();
        mode.is_some_and(|mode| self.mode_of_call(mode, at, run.script_states(), call).is_some())
    }

    /// Whether a cache mount may contain the manager's cache at a configured location: any target
    /// that is not known to belong to another manager. In practice, the locations of a
    /// distribution's manager are never configured.
    pub fn may_be_mounted(&self, run: &RunFacts<'_>, manager: &Manager) -> bool {
        let is_others = |target: &str| {
            self.known.managers().filter(|other| other.name != manager.name).any(|other| {
                let places = other
                    .caches
                    .iter()
                    .flat_map(|cache| &cache.directories)
                    .chain(other.mounts.iter().map(|mount| &mount.target));
                places.into_iter().any(|place| paths::overlap(target, place))
            })
        };
        let mut targets =
            run.mounts.iter().filter(|mount| mount.kind == "cache").map(|mount| mount.target.as_deref());
        manager.kind != Kind::System && targets.any(|target| target.is_none_or(|target| !is_others(target)))
    }

    /// Whether a call before or in this RUN configures the location of the manager's cache: `npm
    /// config set cache …`.
    pub fn is_configured(&self, run: &RunFacts<'_>, manager: &Manager) -> bool {
        let configures = |call: &&Call<'_>, owner: &RunFacts<'_>| {
            let words = || owner.invocations[call.invocation].words.iter().map(Word::text);
            words().any(|word| matches!(word, "config" | "set" | "c"))
                && words().any(|word| {
                    ["cache", "store", "pkgs_dirs", "prefix", "link"].iter().any(|part| word.contains(part))
                })
        };
        let first = self.kept.configured.get_or_init(|| {
            let mut first = HashMap::new();
            for owner in &self.runs {
                for call in owner.calls.iter().filter(|call| configures(call, owner)) {
                    first.entry(call.manager.name.clone()).or_insert(owner.item);
                }
            }
            first
        });
        first.get(&manager.name).is_some_and(|first| *first <= run.item)
    }

    /// Whether installed files are hard links into a cache, and a command of this RUN or of a later
    /// one changes the owner or mode of the files there. The file system of the builder decides
    /// whether a link outlives its RUN.
    pub(crate) fn is_changed_through_links(
        &self,
        run: &RunFacts<'_>,
        manager: &Manager,
        directories: &[String],
    ) -> bool {
        let changes = |run: &RunFacts<'_>| {
            run.invocations.iter().enumerate().any(|(index, invocation)| {
                let changed = invocation.actions.known().iter().filter(|action| action.act == Act::Changes);
                changed.map(|action| self.path_in(run, index, action.file.name)).any(|path| {
                    directories.iter().any(|directory| extent(&path, directory) != Extent::Nothing)
                })
            })
        };
        manager.hard_links
            && std::iter::once(run)
                .chain(self.runs_after(run.item))
                .take(FURTHEST)
                .filter(|other| self.lineage.is_built_from(other.stage, run.stage))
                .any(changes)
    }

    /// Whether a variable is set for the commands of a RUN: by ENV, by ARG, or in the script.
    pub fn is_set(&self, run: &RunFacts<'_>, name: &str) -> bool {
        self.variable(run.item, name) != Variable::NotInFile || run.sets(name)
    }
}

/// The name of a cache: "npm's cache", "apt-get's package lists".
pub fn what(manager: &str, cache: &str) -> String {
    // "NuGet's packages": the name says whose cache it is.
    let names_owner = cache.split(' ').next().is_some_and(|word| word.ends_with("'s"));
    if names_owner || cache.contains(manager) { cache.to_owned() } else { format!("{manager}'s {cache}") }
}

fn shares_directory(manager: &Manager, cache: &Cache) -> bool {
    manager
        .caches
        .iter()
        .any(|other| other.directories.iter().any(|directory| cache.directories.contains(directory)))
}

impl Facts<'_> {
    /// Whether a command after a call empties the cache, wholly or in part: then it is the author's
    /// decision.
    pub(crate) fn is_emptied(
        &self,
        run: &RunFacts<'_>,
        manager: &Manager,
        cache: &Cache,
        last: usize,
    ) -> bool {
        self.emptying(run, manager, cache, last).next().is_some()
    }

    /// Whether the cache is empty once a RUN has succeeded: a command after the call empties it
    /// wholly, and always runs.
    pub(crate) fn is_surely_emptied(
        &self,
        run: &RunFacts<'_>,
        manager: &Manager,
        cache: &Cache,
        last: usize,
    ) -> bool {
        self.emptying(run, manager, cache, last)
            .any(|(command, is_whole)| is_whole && append::is_proven(run, command))
    }

    /// The commands after a call that empty the cache, and whether they empty it wholly.
    fn emptying<'s>(
        &'s self,
        run: &'s RunFacts<'_>,
        manager: &'s Manager,
        cache: &'s Cache,
        last: usize,
    ) -> impl Iterator<Item = (usize, bool)> + 's {
        let from = run.calls[last].invocation;
        let by_verb = run.calls[last + 1..].iter().filter(move |call| {
            let same = call.manager.name == manager.name || shares_directory(call.manager, cache);
            same && (cache.cleaned_by.contains(&call.verb)
                || call.manager.caches.iter().any(|other| {
                    other.cleaned_by.contains(&call.verb)
                        && other.directories.iter().any(|directory| cache.directories.contains(directory))
                }))
        });
        // Only the option distinguishes `go clean -modcache` from `go clean -cache`.
        let (_, rest) = cache.clean.split_once(' ').unwrap_or_default();
        let by_command = move |invocation: &Invocation<'_>| {
            let arguments: Vec<&str> = invocation.arguments().iter().map(|word| word.raw.as_str()).collect();
            cache.clean_needs_manager
                && invocation.program.is_some_and(|program| manager.programs.iter().any(|own| own == program))
                && arguments.join(" ") == rest
        };
        let by_path = move |invocation: &Invocation<'_>| {
            let words = || invocation.words.iter().map(|word| word.raw.as_str());
            cache.clean_by_path.as_deref().is_some_and(|command| words().eq(command.split(' ')))
        };
        // A search usually removes only some of the files that it finds.
        let is_whole = |removed: Removed<'_>| match removed.extent {
            Extent::Nothing => None,
            Extent::Whole => Some(true),
            Extent::Part | Extent::Unknown => Some(false),
            Extent::Around => removed.action.act.removes().then_some(true),
        };
        let removes = move |index: usize| {
            let invocation = &run.invocations[index];
            let is_unknown = invocation.program.is_none() && !invocation.words.is_empty();
            let removed = cache
                .directories
                .iter()
                .filter_map(|own| self.removed_from(run, index, own).filter_map(is_whole).max())
                .max();
            removed.or(is_unknown.then_some(false))
        };
        let by_name = (from + 1..run.invocations.len()).filter_map(move |index| {
            let invocation = &run.invocations[index];
            let whole =
                if by_command(invocation) || by_path(invocation) { Some(true) } else { removes(index) };
            Some((index, whole?))
        });
        by_verb.map(|call| (call.invocation, true)).chain(by_name)
    }
}

impl Facts<'_> {
    /// Whether commands of a RUN remove files of a cache, or what is around it, by name.
    pub(crate) fn removes_files_of(&self, run: &RunFacts<'_>, cache: &Cache) -> bool {
        let removes = |Removed { action, extent, .. }: Removed<'_>| {
            action.act.removes() && matches!(extent, Extent::Part | Extent::Whole | Extent::Around)
        };
        cache.directories.iter().any(|directory| {
            (0..run.invocations.len()).any(|index| self.removed_from(run, index, directory).any(removes))
        })
    }
}

/// Whether a mount covers, or may cover, one of these directories.
pub fn is_mounted(run: &RunFacts<'_>, directories: &[String]) -> bool {
    run.mounts.iter().filter(|mount| !matches!(mount.kind.as_str(), "secret" | "ssh")).any(|mount| {
        mount
            .target
            .as_deref()
            .is_none_or(|target| directories.iter().any(|directory| paths::overlap(target, directory)))
    })
}

//! What merging RUN instructions saves. Whether that is safe is the question of `judge`.

use std::cell::OnceCell;

use crate::facts::commands::Invocation;
use crate::facts::files::{FileUse, Touch, covers};
use crate::facts::packages::Call;
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::lists::programs::WITHOUT_CHANGING_PROGRAMS;
use crate::knowledge::{Cache, Kind, Knowledge, Manager, Program};

/// The savings of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// For the fix's title.
    pub title: String,
    /// What gets better.
    pub kind: GainKind,
    /// Whether it is too small for a subshell.
    pub is_small: bool,
}

/// The purpose of merging two RUNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GainKind {
    /// The index is as new as the packages that are installed from it.
    Freshness,
    /// A smaller image.
    Bytes,
    /// One layer fewer.
    Layer,
}

impl Gain {
    /// A layer fewer: the gain of any merge.
    pub fn layer() -> Self {
        Self {
            title: "combine two steps into one layer, as `merge-runs: all` asks".into(),
            kind: GainKind::Layer,
            is_small: true,
        }
    }

    /// Files that one RUN makes, and that another one removes, moves or changes.
    fn freed(deed: &str) -> Self {
        Self {
            title: format!("{deed} in the layer that creates them"),
            kind: GainKind::Bytes,
            is_small: false,
        }
    }
}

/// The gains of merging the RUNs of a file.
pub struct Gains<'f, 'a> {
    facts: &'f Facts<'a>,
    /// What the scripts visibly do to files, for each RUN, when asked for.
    uses: Vec<OnceCell<Vec<FileUse<'a>>>>,
}

impl<'f, 'a> Gains<'f, 'a> {
    /// Of the RUNs of a file.
    pub fn of(facts: &'f Facts<'a>) -> Self {
        Self { facts, uses: vec![OnceCell::new(); facts.runs.len()] }
    }

    /// The savings of merging two RUNs, by their indexes, of which the second is the next
    /// instruction after the first.
    pub fn of_neighbours(&self, first: usize, second: usize) -> Option<Gain> {
        let (a, b) = (&self.facts.runs[first], &self.facts.runs[second]);
        if let Some(gain) = refresh(a, b).or_else(|| self.of_ends(first, second)) {
            return Some(gain);
        }
        let mut shared = shared(a, b);
        if uninstalls(a, b) {
            return Some(Gain {
                title: "remove packages in the layer that installs them".into(),
                kind: GainKind::Bytes,
                is_small: true,
            });
        }
        let is_whole = only(self.facts, a, &shared) && only(self.facts, b, &shared);
        // Each layer with an install has another copy of the database of installed packages. Those of
        // apt-get and apk have about a megabyte, and the steps would no longer be cached separately.
        let has_large_database = |name: &str| {
            let keep = self.facts.known.manager(name).map_or(&[][..], |manager| &manager.keep);
            keep.iter().any(|kept| kept.path == "/var/lib/rpm")
        };
        let installs = |run, name| has(run, name, Manager::installs);
        shared.retain(|name| has_large_database(name) && installs(a, name) && installs(b, name));
        (is_whole && !shared.is_empty()).then(|| Gain {
            title: format!("combine consecutive {} installs into one layer", shared.join(" and ")),
            kind: GainKind::Bytes,
            is_small: true,
        })
    }

    /// The gain of merging two RUNs of a stage that does not ship: the second one installs from the
    /// index that the first one downloads, so copies of sources can't move below the first one.
    pub fn of_fresh_index(&self, first: usize, second: usize) -> Option<Gain> {
        let (a, b) = (&self.facts.runs[first], &self.facts.runs[second]);
        let gain = refresh(a, b).or_else(|| self.index(first, second))?;
        Some(Gain { kind: GainKind::Freshness, ..gain })
    }

    /// The savings of merging two RUNs, by their indexes, together with all RUNs between them.
    pub fn of_ends(&self, first: usize, last: usize) -> Option<Gain> {
        if let Some(program) = self.freeing(first, last, Touch::Removed) {
            return Some(Gain::freed(if program == "mv" { "move files" } else { "remove files" }));
        }
        if self.empties(first, last) {
            return Some(Gain::freed("remove files"));
        }
        if let Some(program) = self.freeing(first, last, Touch::Reowned) {
            return Some(Gain::freed(match program {
                "chmod" => "change the mode of files",
                "chgrp" => "change the group of files",
                _ => "change the owner of files",
            }));
        }
        self.index(first, last)
    }

    /// The second RUN needs the index that the first one downloads, which can be deleted only after
    /// both.
    fn index(&self, first: usize, last: usize) -> Option<Gain> {
        let runs = &self.facts.runs;
        let (a, b) = (&runs[first], &runs[last]);
        let leaves = |manager: &Manager| {
            manager.caches.iter().any(|cache| {
                let last = self.facts.last_fill(a, manager, cache);
                last.is_some_and(|last| !self.facts.is_emptied(a, manager, cache, last))
            })
        };
        let name = shared(a, b).into_iter().find(|name| {
            let is_between =
                |run: &RunFacts<'_>| only(self.facts, run, &[name]) && !has(run, name, Manager::refreshes);
            has(a, name, Manager::refreshes)
                && a.calls.iter().any(|call| call.manager.name == *name && leaves(call.manager))
                && b.calls.iter().any(|call| call.manager.name == *name && installs_from_index(call))
                && !has(b, name, Manager::refreshes)
                && self.facts.first_hidden_call(b).is_none()
                && runs[first + 1..last].iter().all(is_between)
        })?;
        let refresh =
            a.calls.iter().find(|call| call.manager.name == name && call.manager.refreshes(&call.verb))?;
        Some(Gain {
            title: format!("run this install in the same RUN as `{name} {}`", refresh.verb),
            kind: GainKind::Bytes,
            is_small: true,
        })
    }

    fn uses(&self, run: usize) -> &[FileUse<'a>] {
        self.uses[run].get_or_init(|| self.facts.file_uses(&self.facts.runs[run]).0)
    }

    /// The program with which the second RUN removes files that the first one wrote, or changes their
    /// owner or mode.
    fn freeing(&self, first: usize, second: usize, how: Touch) -> Option<&str> {
        let (written, then) = (self.uses(first), self.uses(second));
        let (first, second) = (&self.facts.runs[first], &self.facts.runs[second]);
        let is_made = |touch| matches!(touch, Touch::Fetched | Touch::Written);
        let takes = |then: &&FileUse<'_>| then.touch == how && then.path.len() > 1 && then.path != ".";
        let taken: Vec<&FileUse<'_>> = then.iter().filter(takes).collect();
        let reaching = |path: &str| {
            taken.iter().find(|then| {
                covers(&then.path, path) || then.touch == Touch::Removed && paths::within(&then.path, path)
            })
        };
        // These commands write only small files.
        let weighs = |made: &FileUse<'_>| {
            let program = first.invocations[made.invocation].program.unwrap_or_default();
            !WITHOUT_CHANGING_PROGRAMS.contains(&program)
        };
        let mut made = written.iter().filter(|made| is_made(made.touch) && weighs(made));
        let then = made.find_map(|made| reaching(&made.path))?;
        Some(second.invocations[then.invocation].program.unwrap_or_default())
    }

    /// Whether the second RUN only empties a cache that the first one filled, with small steps
    /// between. If it does other things, too, the cache should be emptied in the first RUN.
    fn empties(&self, first: usize, second: usize) -> bool {
        let between = &self.facts.runs[first + 1..second];
        let (first, second) = (&self.facts.runs[first], &self.facts.runs[second]);
        let only_cleans = second.invocations.iter().enumerate().all(|(index, invocation)| {
            let call = second.calls.iter().find(|call| call.invocation == index);
            call.map_or(is_light(self.facts, invocation), |call| call.manager.cleans(&call.verb))
        });
        let empties = |cache: &Cache| {
            self.facts.removes_files_of(second, cache)
                || second.calls.iter().any(|call| {
                    cache.cleaned_by.contains(&call.verb)
                        && call.manager.caches.iter().any(|own| own.name == cache.name)
                })
        };
        let managers = || first.calls.iter().map(|call| call.manager.name.as_str()).collect::<Vec<_>>();
        only_cleans
            && between.iter().all(|run| only(self.facts, run, &managers()))
            && first.calls.iter().any(|call| {
                let installs = call.manager.kind == Kind::System && call.manager.installs(&call.verb);
                call.manager
                    .caches
                    .iter()
                    .any(|cache| (installs || cache.filled_by.contains(&call.verb)) && empties(cache))
            })
    }
}

/// The second RUN installs from the index that the first one only downloads.
fn refresh(first: &RunFacts<'_>, second: &RunFacts<'_>) -> Option<Gain> {
    let call = shared(first, second).into_iter().find_map(|name| {
        let refreshes = has(first, name, Manager::refreshes) && !has(first, name, Manager::installs);
        let installs = has(second, name, Manager::installs) && !has(second, name, Manager::refreshes);
        let call = first.calls.iter().find(|call| call.manager.name == *name);
        (refreshes && installs).then_some(call).flatten()
    })?;
    let name = &call.manager.name;
    let is_next = |other: &&Call<'_>| other.manager.name == *name && other.manager.installs(&other.verb);
    let next = second.calls.iter().find(is_next).map_or("install", |other| other.verb.as_str());
    let next = if next == "install" { "the install".to_owned() } else { format!("`{name} {next}`") };
    Some(Gain {
        title: format!("run `{name} {}` in the same RUN as {next}", call.verb),
        kind: GainKind::Freshness,
        is_small: false,
    })
}

/// Whether the second RUN removes packages that the first one installs.
fn uninstalls(first: &RunFacts<'_>, second: &RunFacts<'_>) -> bool {
    let removals = second.calls.iter().filter(|call| call.manager.removes(&call.verb));
    let is_of_first = |removal: &Call<'_>, name: &str| {
        first.calls.iter().any(|call| {
            call.manager.name == removal.manager.name
                && call.manager.installs(&call.verb)
                && call.packages.iter().any(|word| word.literal() == Some(name))
        })
    };
    removals.filter(|call| call.manager.kind == Kind::System).any(|call| {
        call.packages.iter().filter_map(|word| word.literal()).any(|name| is_of_first(call, name))
    })
}

/// The system's package managers that both RUNs call.
fn shared<'r>(first: &'r RunFacts<'_>, second: &RunFacts<'_>) -> Vec<&'r str> {
    let system = first.calls.iter().filter(|call| call.manager.kind == Kind::System);
    let mut shared: Vec<&str> = system
        .map(|call| call.manager.name.as_str())
        .filter(|name| second.calls.iter().any(|call| call.manager.name == *name))
        .collect();
    shared.dedup();
    shared
}

/// Whether a RUN has a call of a package manager of this kind.
fn has(run: &RunFacts<'_>, manager: &str, is_of_kind: fn(&Manager, &str) -> bool) -> bool {
    run.calls.iter().any(|call| call.manager.name == manager && is_of_kind(call.manager, &call.verb))
}

/// Whether a call installs from an index that it does not download itself (`apk add --no-cache`).
fn installs_from_index(call: &Call<'_>) -> bool {
    let mut caches = call.manager.caches.iter();
    call.manager.installs(&call.verb) && !caches.any(|cache| call.has_option(&cache.refreshing_options))
}

/// Whether a RUN only calls these managers, apart from small commands.
fn only(facts: &Facts<'_>, run: &RunFacts<'_>, managers: &[&str]) -> bool {
    run.invocations.iter().enumerate().all(|(index, invocation)| {
        let call = run.calls.iter().find(|call| call.invocation == index);
        match call {
            Some(call) => managers.contains(&call.manager.name.as_str()),
            None => is_light(facts, invocation),
        }
    })
}

fn is_light(facts: &Facts<'_>, invocation: &Invocation<'_>) -> bool {
    let Some(program) = invocation.program else { return invocation.words.is_empty() };
    !invocation.is_unreadable(facts.known)
        && !invocation.repeated
        && (Knowledge::is_builtin(program) || facts.known.program(program) == Some(Program::Cheap))
}

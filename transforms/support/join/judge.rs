//! Whether two adjacent RUN instructions can be merged, how, and what that saves.

use crate::facts::actions::{Action, Name};
use crate::facts::append::is_plain_statement;
use crate::facts::commands::Invocation;
use crate::facts::environment::Variable;
use crate::facts::execution::{changes_shell, has_background};
use crate::facts::files::{FileUse, Touch, covers};
use crate::facts::removals::{Extent, Removed};
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::lists::programs::{ENDING_A_SCRIPT, WITHOUT_CHANGING_PROGRAMS};
use crate::knowledge::{Act, Cache, Kind, Knowledge, Program};
use crate::pragma::is_pragma;
use crate::reasons::{self, Reason};
use crate::syntax::Item;
use crate::syntax::shell::{CommandKind, Operator, Script};
use crate::transforms::support::join::hazards;

/// The limit of commands in one RUN: more would be unreadable, and the parser limits the length of
/// lists.
const MOST_COMMANDS: usize = 250;

/// How two scripts are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The savings, for the fix's title.
    pub gain: String,
    /// The kind of savings.
    pub kind: GainKind,
    /// Whether the first script must run in a subshell, so that its `cd` or variables do not affect
    /// the second.
    pub isolate_first: bool,
    /// Whether the second script must be grouped, so that `&&` applies to all of it.
    pub group_second: bool,
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

/// Judges two RUNs, of which the second is the next instruction after the first. `anyway` accepts
/// any gain. `Ok(None)` means that there is no gain; an error says why a gain is not possible.
pub fn merge(
    facts: &Facts<'_>,
    first: &RunFacts<'_>,
    second: &RunFacts<'_>,
    anyway: bool,
) -> Result<Option<Merge>, Reason> {
    let (Some(a), Some(b)) = (first.editable(), second.editable()) else { return Ok(None) };
    if first.invocations.len() + second.invocations.len() > MOST_COMMANDS {
        return Err(reasons::too_many_commands(MOST_COMMANDS));
    }
    let Some(gain) = gain(facts, first, second, anyway) else { return Ok(None) };
    let flags = |run: &RunFacts<'_>| -> Vec<String> {
        run.instruction.flags.iter().map(|flag| flag.span.of(facts.file.text).to_owned()).collect()
    };
    if flags(first) != flags(second) {
        return Err(reasons::different_flags());
    }
    if first.mounts.iter().any(|mount| mount.kind == "tmpfs" || mount.writable) {
        return Err(reasons::mount_keeps_files());
    }
    let between = &facts.file.items[first.item + 1..second.item];
    if between.iter().any(|item| matches!(item, Item::Comment(span) if is_pragma(span.of(facts.file.text)))) {
        return Err(reasons::directive_between());
    }
    if a.ends_in_comment {
        return Err(reasons::comment_at_end());
    }
    if [a, b].iter().any(|script| has_background(script)) {
        return Err(reasons::background_command());
    }
    if defines_function(b) {
        return Err(reasons::defines_function());
    }
    if [first, second].iter().any(|run| run.invocations.iter().any(|call| call.is("set") || call.is("trap")))
    {
        return Err(reasons::set_or_trap());
    }
    if a.reads_startup_files || facts.variable(first.item, "BASH_ENV") != Variable::NotInFile {
        return Err(reasons::startup_files());
    }
    if a.exits_on_error && !(is_plain(a) && is_plain(b)) {
        return Err(reasons::errexit_in_list());
    }
    leaves_nothing_running(facts, first)?;
    hazards::stays(facts, first)?;
    let ends = |call: &Invocation<'_>| ENDING_A_SCRIPT.iter().any(|name| call.program == Some(name));
    if first.invocations.iter().any(ends) {
        return Err(reasons::first_may_end_early());
    }
    let leaks = changes_shell(a);
    let moved = moved_program(facts, first, second);
    match (&moved, leaks, gain.is_small) {
        (Some(program), _, true) => {
            return Err(reasons::moved_program(program));
        }
        (None, true, true) => {
            return Err(reasons::changes_shell_state());
        }
        _ => {}
    }
    let isolate_first = leaks || moved.is_some();
    let group_second = b.list.statements.len() > 1
        || b.list.statements[0].rest.iter().any(|(operator, _)| *operator == Operator::Or);
    if group_second && b.ends_in_comment {
        return Err(reasons::second_ends_in_comment());
    }
    Ok(Some(Merge { gain: gain.title, kind: gain.kind, isolate_first, group_second }))
}

/// Finds the savings of merging.
fn gain(facts: &Facts<'_>, first: &RunFacts<'_>, second: &RunFacts<'_>, anyway: bool) -> Option<Gain> {
    let calls = |run: &RunFacts<'_>, manager: &str, verb: fn(&crate::knowledge::Manager, &str) -> bool| {
        run.calls.iter().any(|call| call.manager.name == manager && verb(call.manager, &call.verb))
    };
    let system = first
        .calls
        .iter()
        .filter(|call| call.manager.kind == Kind::System)
        .map(|call| call.manager.name.as_str());
    let mut shared: Vec<&str> =
        system.filter(|name| second.calls.iter().any(|call| call.manager.name == *name)).collect();
    shared.dedup();
    for name in &shared {
        let refreshed = calls(first, name, crate::knowledge::Manager::refreshes)
            && !calls(first, name, crate::knowledge::Manager::installs);
        if refreshed
            && calls(second, name, crate::knowledge::Manager::installs)
            && !calls(second, name, crate::knowledge::Manager::refreshes)
        {
            let refresh = first.calls.iter().find(|call| call.manager.name == *name);
            let verb = refresh.map_or("update", |call| call.verb.as_str());
            return Some(Gain {
                title: format!("run `{name} {verb}` in the same RUN as the install"),
                kind: GainKind::Freshness,
                is_small: false,
            });
        }
    }
    if frees(facts, first, second) {
        return Some(Gain {
            title: "remove files in the layer that creates them".into(),
            kind: GainKind::Bytes,
            is_small: false,
        });
    }
    if !shared.is_empty() && only(facts, first, &shared) && only(facts, second, &shared) {
        return Some(Gain {
            title: format!("combine consecutive {} installs into one layer", shared.join(" and ")),
            kind: GainKind::Bytes,
            is_small: true,
        });
    }
    anyway.then(|| Gain {
        title: "combine two steps into one layer, as `merge-runs: all` asks".into(),
        kind: GainKind::Layer,
        is_small: true,
    })
}

/// Whether the second RUN removes or empties files that the first one wrote, or changes their
/// owner.
fn frees(facts: &Facts<'_>, first: &RunFacts<'_>, second: &RunFacts<'_>) -> bool {
    let (written, _) = facts.file_uses(first);
    let (then, _) = facts.file_uses(second);
    let is_made = |touch| matches!(touch, Touch::Fetched | Touch::Written);
    let takes = |touch| matches!(touch, Touch::Removed | Touch::Reowned);
    let reaches = |path: &str| {
        then.iter().filter(|use_| takes(use_.touch) && use_.path.len() > 1 && use_.path != ".").any(|use_| {
            covers(&use_.path, path) || use_.touch == Touch::Removed && paths::within(&use_.path, path)
        })
    };
    // These commands write only small files.
    let weighs = |made: &FileUse<'_>| {
        let program = first.invocations[made.invocation].program.unwrap_or_default();
        !WITHOUT_CHANGING_PROGRAMS.contains(&program)
    };
    if written.iter().any(|made| is_made(made.touch) && weighs(made) && reaches(&made.path)) {
        return true;
    }
    // If the second script empties a cache among other commands, the cache should be emptied in the
    // RUN that filled it.
    let only_cleans = second.invocations.iter().enumerate().all(|(index, one)| {
        let call = second.calls.iter().find(|call| call.invocation == index);
        call.map_or(is_light(facts, one), |call| call.manager.cleans(&call.verb))
    });
    let is_named = |cache: &Cache| {
        let removes = |Removed { action, extent, .. }: Removed<'_>| {
            action.act.removes() && matches!(extent, Extent::Part | Extent::Whole | Extent::Around)
        };
        cache.directories.iter().any(|directory| {
            (0..second.invocations.len())
                .any(|index| facts.removed_from(second, index, directory).any(removes))
        })
    };
    let empties = |cache: &Cache| {
        is_named(cache)
            || second.calls.iter().any(|call| {
                cache.cleaned_by.contains(&call.verb)
                    && call.manager.caches.iter().any(|own| own.name == cache.name)
            })
    };
    only_cleans
        && first.calls.iter().any(|call| {
            let installs = call.manager.kind == Kind::System && call.manager.installs(&call.verb);
            call.manager
                .caches
                .iter()
                .any(|cache| (installs || cache.filled_by.contains(&call.verb)) && empties(cache))
        })
}

/// Whether a RUN only calls these managers, apart from small commands.
fn only(facts: &Facts<'_>, run: &RunFacts<'_>, managers: &[&str]) -> bool {
    run.invocations.iter().enumerate().all(|(index, one)| {
        let call = run.calls.iter().find(|call| call.invocation == index);
        match call {
            Some(call) => managers.contains(&call.manager.name.as_str()),
            None => is_light(facts, one),
        }
    })
}

fn is_light(facts: &Facts<'_>, one: &Invocation<'_>) -> bool {
    let Some(program) = one.program else { return one.words.is_empty() };
    !one.is_unreadable(facts.known)
        && !one.repeated
        && (Knowledge::is_builtin(program) || facts.known.program(program) == Some(Program::Cheap))
}

fn leaves_nothing_running(facts: &Facts<'_>, run: &RunFacts<'_>) -> Result<(), Reason> {
    for one in &run.invocations {
        let program = one.program.unwrap_or_default();
        let daemon = facts.known.program(program) == Some(Program::Daemon)
            || matches!(program, "gradle" | "gradlew")
                && !one.arguments().iter().any(|word| word.raw == "--no-daemon")
            || one.directory().is_some_and(|directory| directory.ends_with("/init.d"));
        if daemon {
            return Err(reasons::daemon(program));
        }
        if one.is_unreadable(facts.known) {
            let name = one.words.first().map_or("a script", |word| word.raw.as_str());
            return Err(reasons::unreadable_program_may_stay(name));
        }
    }
    Ok(())
}

/// A program that both scripts call and that the first may replace: a shell remembers where it
/// found a program, while a separate RUN searches again.
fn moved_program<'f>(facts: &Facts<'_>, first: &'f RunFacts<'_>, second: &RunFacts<'_>) -> Option<&'f str> {
    let moves = |one: &&Invocation<'_>| {
        let program = one.program.unwrap_or_default();
        facts.known.manager_of(program).is_some_and(|manager| manager.kind != Kind::System)
            || facts.known.program(program) == Some(Program::Builder)
    };
    // Any file in a directory of programs may take precedence over the program found so far.
    let places = |(index, one): (usize, &Invocation<'_>)| {
        let is_program = |name: Name<'_>| {
            let path = facts.path_in(first, index, name);
            name.written().contains("bin") || path.split('/').any(|part| part.ends_with("bin"))
        };
        let puts = |action: &Action<'_>| {
            let changes = action.act.changes() && action.act != Act::Makes || action.to.is_some();
            changes && (is_program(action.file.name) || action.to.is_some_and(|to| is_program(to.name)))
        };
        one.actions.known().iter().any(puts)
            || one.is("update-alternatives") && one.arguments().iter().any(|word| word.raw.contains("bin"))
    };
    let replaces = first.invocations.iter().enumerate().any(places);
    let moves =
        |one: &&Invocation<'_>| moves(one) || replaces && !one.program.is_none_or(Knowledge::is_builtin);
    let mut names = first
        .invocations
        .iter()
        .filter(|one| one.directory().is_none())
        .filter(moves)
        .filter_map(|one| one.program);
    // The shell remembers only programs that it looked up by name.
    let by_name = |one: &&Invocation<'_>| one.directory().is_none();
    names.find(|name| second.invocations.iter().filter(by_name).any(|other| other.program == Some(name)))
}

struct Gain {
    title: String,
    kind: GainKind,
    /// Whether the gain is too small for a subshell.
    is_small: bool,
}

fn defines_function(script: &Script) -> bool {
    let mut found = false;
    script.list.walk(&mut |command| found |= matches!(command.kind, CommandKind::Function(..)));
    found
}

fn is_plain(script: &Script) -> bool {
    script.list.statements.iter().all(is_plain_statement)
}

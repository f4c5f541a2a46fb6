//! Whether two adjacent RUN instructions can be merged, and how. `gain` says what that saves.

use crate::facts::actions::{Action, Name};
use crate::facts::append::is_plain_statement;
use crate::facts::commands::Invocation;
use crate::facts::environment::Variable;
use crate::facts::execution::{changes_shell, has_background};
use crate::facts::{Facts, RunFacts};
use crate::knowledge::lists::programs::{BUILTINS_THAT_FIND_PROGRAMS, ENDING_A_SCRIPT};
use crate::knowledge::{Act, Kind, Knowledge, Program};
use crate::pragma::is_pragma;
use crate::reasons::{self, Reason};
use crate::syntax::Item;
use crate::syntax::shell::{CommandKind, Operator, Script, base_name};
use crate::transforms::support::join::gain::Gain;
use crate::transforms::support::join::hazards;

/// The limit of commands in one RUN: more would be unreadable, and the parser limits the length of
/// lists.
const MOST_COMMANDS: usize = 250;

/// How two scripts are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// What that saves.
    pub gain: Gain,
    /// Whether the first script must run in a subshell, so that its `cd` or variables do not affect
    /// the second.
    pub isolate_first: bool,
    /// Whether the second script must be grouped, so that `&&` applies to all of it.
    pub group_second: bool,
}

/// Judges two RUNs, of which the second is the next instruction after the first. `Ok(None)` means
/// that one of them is never edited; an error says why the gain is not possible.
pub fn merge(
    facts: &Facts<'_>,
    first: &RunFacts<'_>,
    second: &RunFacts<'_>,
    gain: Gain,
) -> Result<Option<Merge>, Reason> {
    let (Some(a), Some(b)) = (first.editable(), second.editable()) else { return Ok(None) };
    if first.invocations.len() + second.invocations.len() > MOST_COMMANDS {
        return Err(reasons::too_many_commands(MOST_COMMANDS));
    }
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
    if [first, second]
        .iter()
        .any(|run| run.invocations.iter().any(|invocation| invocation.is("set") || invocation.is("trap")))
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
    hazards::keeps_shared_state(facts, first)?;
    let ends =
        |invocation: &Invocation<'_>| ENDING_A_SCRIPT.iter().any(|name| invocation.program == Some(name));
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
    // A subshell with a function in it is not parsed with certainty.
    if isolate_first && defines_function(a) {
        return Err(reasons::defines_function());
    }
    let group_second = b.list.statements.len() > 1
        || b.list.statements[0].rest.iter().any(|(operator, _)| *operator == Operator::Or);
    if group_second && b.ends_in_comment {
        return Err(reasons::second_ends_in_comment());
    }
    Ok(Some(Merge { gain, isolate_first, group_second }))
}

fn leaves_nothing_running(facts: &Facts<'_>, run: &RunFacts<'_>) -> Result<(), Reason> {
    for invocation in &run.invocations {
        let program = invocation.program.unwrap_or_default();
        let daemon = facts.known.program(program) == Some(Program::Daemon)
            || matches!(program, "gradle" | "gradlew")
                && !invocation.arguments().iter().any(|word| word.raw == "--no-daemon")
            || invocation.directory().is_some_and(|directory| directory.ends_with("/init.d"));
        if daemon {
            return Err(reasons::daemon(program));
        }
        if invocation.is_unreadable(facts.known) {
            let name = invocation.words.first().map_or("a script", |word| word.raw.as_str());
            return Err(reasons::unreadable_program_may_stay(name));
        }
    }
    Ok(())
}

/// The name of the file that a redirection writes, if it is known.
fn written<'w>(action: &Action<'w>) -> Option<&'w str> {
    match action.file.name {
        Name::Word(word) if action.is_redirection() => word.literal().map(base_name),
        _ => None,
    }
}

/// A program that both scripts call and that the first may replace: a shell remembers where it
/// found a program, while a separate RUN searches again.
fn moved_program<'f>(facts: &Facts<'_>, first: &'f RunFacts<'_>, second: &RunFacts<'_>) -> Option<&'f str> {
    let moves = |invocation: &&Invocation<'_>| {
        let program = invocation.program.unwrap_or_default();
        facts.known.manager_of(program).is_some_and(|manager| manager.kind != Kind::System)
            || facts.known.program(program) == Some(Program::Builder)
    };
    // Any file in a directory of programs may take precedence over the program found so far.
    let puts = |index: usize, action: &Action<'_>| {
        let is_program = |name: Name<'_>| {
            let path = facts.path_in(first, index, name);
            name.written().contains("bin") || path.split('/').any(|part| part.ends_with("bin"))
        };
        let changes = action.act.changes() && action.act != Act::Makes || action.to.is_some();
        changes && (is_program(action.file.name) || action.to.is_some_and(|to| is_program(to.name)))
    };
    let links = |invocation: &Invocation<'_>| {
        invocation.is("update-alternatives")
            && invocation.arguments().iter().any(|word| word.raw.contains("bin"))
    };
    // A redirection writes one file, whose name may be known.
    let (mut replaces_any, mut replaced) = (first.invocations.iter().any(links), Vec::new());
    for (index, invocation) in first.invocations.iter().enumerate() {
        for action in invocation.actions.known().iter().filter(|action| puts(index, action)) {
            match written(action) {
                Some(program) => replaced.push(program),
                None => replaces_any = true,
            }
        }
    }
    let replaces =
        |program: &str| !Knowledge::is_builtin(program) && (replaces_any || replaced.contains(&program));
    let moves = |invocation: &&Invocation<'_>| moves(invocation) || invocation.program.is_some_and(replaces);
    let mut names = first
        .invocations
        .iter()
        .filter(|invocation| invocation.directory().is_none())
        .filter(moves)
        .filter_map(|invocation| invocation.program);
    // The shell remembers only programs that it looked up by name.
    let by_name = |invocation: &&Invocation<'_>| invocation.directory().is_none();
    let is_looked_up = |other: &Invocation<'_>, name: &str| {
        other.program == Some(name)
            || other.program.is_some_and(|program| BUILTINS_THAT_FIND_PROGRAMS.contains(&program))
                && other.arguments().iter().any(|word| word.text() == name)
    };
    names.find(|name| second.invocations.iter().filter(by_name).any(|other| is_looked_up(other, name)))
}

fn defines_function(script: &Script) -> bool {
    let mut found = false;
    script.list.walk(&mut |command| found |= matches!(command.kind, CommandKind::Function(..)));
    found
}

fn is_plain(script: &Script) -> bool {
    script.list.statements.iter().all(is_plain_statement)
}

//! Where a command can be appended to a script so that it runs if and only if the script succeeded,
//! and the script fails in the cases in which it failed before.

use crate::facts::RunFacts;
use crate::facts::commands::Proof;
use crate::facts::execution::has_background;
use crate::knowledge::lists::programs::{ENDING_A_SCRIPT, EVALUATING};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::{Command, CommandKind, End, LONGEST_CHAIN, List, Script, Statement, Word};

/// The number of commands that can still be appended to a list.
const ROOM: usize = 20;

/// A place at the end of a script, and how to append there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Append {
    /// After the last command.
    pub at: usize,
    /// The operator to insert: `&&` or `;`.
    pub operator: &'static str,
    /// A semicolon after the last command, which must be removed.
    pub semicolon: Option<Span>,
    /// Whether a comment follows it, to the end of the script; appended text then stays on the
    /// comment's line.
    pub before_comment: bool,
}

/// How a script treats a failing command that is not the last of an and-or list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errexit {
    /// The script continues.
    Off,
    /// The script stops: `set -e` precedes it, or the shell was started with it.
    On,
    /// Unknown, because of how `set` is called.
    Unclear,
}

/// Where to append to a RUN's script. The error says why nothing can be appended.
pub fn to(run: &RunFacts<'_>, script: &Script) -> Result<Append, Reason> {
    let last = script.list.statements.last().ok_or(reasons::empty_script())?;
    if has_background(script) {
        return Err(reasons::command_left_running());
    }
    let links: usize = last.pipelines().map(|pipeline| pipeline.commands.len()).sum();
    if links + ROOM > LONGEST_CHAIN {
        return Err(reasons::too_many_links());
    }
    if run.invocations.iter().any(|invocation| invocation.is("trap")) {
        return Err(reasons::sets_trap());
    }
    let ends = |invocation: &&crate::facts::Invocation<'_>| {
        invocation.place.statement + 1 == script.list.statements.len()
            && invocation.program.is_some_and(|program| ENDING_A_SCRIPT.contains(&program))
            && invocation.place.is_certain()
    };
    if run.invocations.iter().any(|invocation| ends(&invocation)) {
        return Err(reasons::ends_early());
    }
    let semicolon = match last.end {
        End::Semicolon(span) => Some(span),
        _ => None,
    };
    let at = last.span.end;
    let before_comment = script.ends_in_comment;
    let plain = last.pipelines().all(|pipeline| pipeline.commands.iter().all(is_plain));
    let calls_function = calls_own_function(run, script);
    // One command that can be the first of an and-or list is joined as everywhere.
    let is_single = script.list.statements.len() == 1 && run.instruction.document().is_none();
    match errexit(run, script) {
        Errexit::On if is_single && plain && !calls_function => {
            Ok(Append { at, operator: "&&", semicolon, before_comment })
        }
        Errexit::On
            if last.rest.is_empty()
                && !last.first.negated
                && last.first.commands.iter().all(fails_loudly) =>
        {
            Ok(Append { at, operator: ";", semicolon, before_comment })
        }
        Errexit::Off => Ok(Append { at, operator: "&&", semicolon, before_comment }),
        _ if plain && !calls_function => Ok(Append { at, operator: "&&", semicolon, before_comment }),
        _ => Err(reasons::errexit_ignores_failures()),
    }
}

/// The state of `set -e` in a script.
pub fn errexit(run: &RunFacts<'_>, script: &Script) -> Errexit {
    *run.kept.errexit.get_or_init(|| found_errexit(run, script))
}

fn found_errexit(run: &RunFacts<'_>, script: &Script) -> Errexit {
    let mut state = if script.exits_on_error { Errexit::On } else { Errexit::Off };
    for invocation in &run.invocations {
        if invocation.program.is_some_and(|program| EVALUATING.contains(&program)) {
            state = Errexit::Unclear;
        }
        if !invocation.is("set") {
            continue;
        }
        let words: Vec<&str> =
            invocation.arguments().iter().map(Word::text).take_while(|word| *word != "--").collect();
        let turns_on = words.iter().enumerate().any(|(at, word)| {
            word.starts_with('-') && !word.starts_with("--") && word[1..].contains('e')
                || *word == "errexit" && at > 0 && words[at - 1].starts_with('-')
        });
        let turns_off =
            words.iter().any(|word| word.starts_with('+') && (word.contains('e') || word.contains('o')));
        let first =
            invocation.place.statement == 0 && invocation.place.pipeline == 0 && invocation.place.alone;
        let unclear = words.iter().any(|word| word.contains(['$', '`']));
        state = match (turns_on, turns_off) {
            (true, false) if first && !unclear && state != Errexit::Unclear => Errexit::On,
            (false, false) if !unclear => state,
            _ => Errexit::Unclear,
        };
    }
    state
}

/// Whether the success of a RUN proves that one of its commands ran and succeeded.
pub fn is_proven(run: &RunFacts<'_>, command: usize) -> bool {
    match run.invocations[command].place.proof {
        Proof::Always => true,
        Proof::UnderErrexit => run.script().is_some_and(|script| errexit(run, script) == Errexit::On),
        Proof::None => false,
    }
}

/// Whether every failure in a compound command stops a script under `set -e`. A failure in an
/// and-or list or after `!` does not: `for … do a && b; done` may fail without stopping the script.
fn fails_loudly(command: &Command) -> bool {
    let loud = |list: &List| {
        list.statements.iter().all(|statement| {
            statement.rest.is_empty()
                && !statement.first.negated
                && statement.first.commands.iter().all(fails_loudly)
        })
    };
    match &command.kind {
        CommandKind::Simple(_) | CommandKind::Subshell(_) | CommandKind::Function(..) => true,
        CommandKind::Group(list) | CommandKind::Prefixed(list) => loud(list),
        CommandKind::Branching(branching) => branching.branches.iter().all(loud),
        CommandKind::Test(_) => true,
    }
}

/// Whether `set -e` has no effect inside a command, because it contains no list of commands.
fn is_plain(command: &Command) -> bool {
    let simple = matches!(command.kind, CommandKind::Simple(_));
    simple
        && command.words().all(|word| {
            word.substitutions
                .iter()
                .all(|list| list.statements.len() == 1 && list.statements[0].rest.is_empty())
        })
}

fn calls_own_function(run: &RunFacts<'_>, script: &Script) -> bool {
    let mut names = Vec::new();
    script.list.walk(&mut |command| {
        if let CommandKind::Function(name, _) = &command.kind {
            names.push(name.clone());
        }
    });
    !names.is_empty()
        && run.invocations.iter().any(|invocation| {
            invocation.program.is_none_or(|program| names.iter().any(|name| name == program))
        })
}

/// Whether a statement consists of simple commands only, so that `set -e` treats it like a part of
/// an and-or list.
pub fn is_plain_statement(statement: &Statement) -> bool {
    statement.pipelines().all(|pipeline| pipeline.commands.iter().all(is_plain))
}

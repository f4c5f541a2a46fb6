//! How a command starts a script: a shell with a file or a string, a sourced file, `eval`, a script
//! of package.json, or a file as a command. `started` reads the script.

use crate::facts::actions::Name;
use crate::facts::commands::Invocation;
use crate::facts::traced::is_script_name;
use crate::knowledge::lists::programs::{PRINTING, RUNNERS, SHELLS_OF_COMMANDS};
use crate::knowledge::{Act, Knowledge, Program, Starter};
use crate::syntax::shell::{Redirect, Word, base_name};

/// How a command starts another script.
pub(super) enum Start<'w> {
    /// The script's text is a word.
    Text(String),
    /// The script is a file with this name. The flag says whether it is searched for on the PATH.
    File(&'w str, bool),
    /// The script is a file with the name of a known program, unless the Dockerfile adds another
    /// one.
    Known(&'w str),
    /// A script of package.json.
    Entry(&'w str),
    /// A configuration file, for a program with these arguments.
    Service(&'w Starter, &'w [Word]),
    /// The script's text is the command's standard input.
    Fed,
    /// The text is not literal.
    Unknown(&'static str),
}

/// The scripts that a command starts.
pub(super) fn starts<'w>(invocation: &'w Invocation<'_>, known: &'w Knowledge) -> Vec<Start<'w>> {
    let service = service(invocation, known).map(|(starter, words)| Start::Service(starter, words));
    service.into_iter().chain(scripts(invocation, known)).collect()
}

/// The starter that a command calls, possibly through `exec` or a runner for the programs of a
/// project's packages, and its arguments.
fn service<'w>(invocation: &'w Invocation<'_>, known: &'w Knowledge) -> Option<(&'w Starter, &'w [Word])> {
    let at = |index: usize| {
        Some((known.starter(base_name(invocation.words[index].literal()?))?, &invocation.words[index + 1..]))
    };
    let first = invocation.words.first()?;
    at(0).or_else(|| {
        let is_runner = |word: &Word| RUNNERS.contains(&base_name(word.text()));
        if !is_runner(first) && known.manager_of(invocation.program?).is_none() {
            return None;
        }
        let start = invocation.words.iter().position(is_runner)?;
        let mut rest =
            (start + 1..invocation.words.len()).filter(|&index| !invocation.words[index].is_option());
        rest.find_map(at)
    })
}

/// The scripts in its arguments, or the command itself.
fn scripts<'w>(invocation: &'w Invocation<'_>, known: &Knowledge) -> Vec<Start<'w>> {
    let Some(first) = invocation.words.first() else { return Vec::new() };
    let arguments = invocation.arguments();
    let program = invocation.program.unwrap_or_default();
    if SHELLS_OF_COMMANDS.contains(&program) || program == "su" {
        return shell(invocation).into_iter().collect();
    }
    if matches!(program, "." | "source") {
        return arguments.first().map(|word| Start::File(&word.raw, false)).into_iter().collect();
    }
    if program == "eval" {
        return evaluated(arguments).into_iter().collect();
    }
    if let Some(entry) = entry(program, arguments) {
        return vec![Start::Entry(entry)];
    }
    if program == "exec" {
        // The other words are the command that it starts.
        return files(arguments, known);
    }
    let counts = invocation.is_unreadable(known);
    // A script that the file adds may have the name of a known program: `start`, `startup.sh`.
    let may_be_own = first.raw.contains('/') || known.program(program) == Some(Program::Daemon);
    if is_self(first) || !counts && !may_be_own || Knowledge::is_builtin(program) {
        return Vec::new();
    }
    if !counts {
        return vec![Start::Known(&first.raw)];
    }
    let scripts = arguments.iter().filter(|word| is_script_name(base_name(word.text())) && !word.is_option());
    let scripts = scripts.map(|word| Start::File(&word.raw, true));
    std::iter::once(Start::File(&first.raw, true)).chain(scripts).collect()
}

/// The command after `exec`, and the scripts among its arguments.
fn files<'w>(words: &'w [Word], known: &Knowledge) -> Vec<Start<'w>> {
    let mut words = words.iter().filter(|word| !word.is_option());
    let first = words.next();
    let is_ordinary = |word: &&Word| known.program(base_name(word.text())).is_some() || is_self(word);
    let first = first.filter(|word| !is_ordinary(word)).map(|word| Start::File(&word.raw, true));
    let rest =
        words.filter(|word| is_script_name(base_name(word.text()))).map(|word| Start::File(&word.raw, true));
    first.into_iter().chain(rest).collect()
}

/// `"$@"` is the command of CMD, and `"$0"` is the script itself.
fn is_self(word: &Word) -> bool {
    let raw = word.raw.trim_matches('"');
    raw.starts_with('$')
        && [
            "$@",
            "${@}",
            "$*",
            "$0",
            "${0}",
            "$BASH_SOURCE",
            "${BASH_SOURCE}",
            "${BASH_SOURCE[0]}",
            "${@:",
            "${*:",
        ]
        .iter()
        .any(|own| raw == *own || own.ends_with(':') && raw.starts_with(own))
}

fn of_text<'w>(word: &Word) -> Start<'w> {
    match word.literal() {
        Some(text) => Start::Text(text.to_owned()),
        // A text with variables is read too: usually they are only arguments.
        None if is_self(word) => Start::Text(String::new()),
        None if word.raw.trim_matches('"').starts_with('$') => Start::Unknown("is in a variable"),
        None => Start::Text(word.raw.trim_matches(['"', '\'']).replace("\\\"", "\"")),
    }
}

/// The script that a shell runs.
fn shell<'w>(invocation: &'w Invocation<'_>) -> Option<Start<'w>> {
    let started = invocation.actions.known().iter().find_map(|action| match (action.act, action.file.name) {
        (Act::Evaluates, Name::Word(word)) => Some(Some(of_text(word))),
        (Act::Evaluates, name) => Some(Some(Start::Text(name.written().to_owned()))),
        (Act::Runs, Name::Word(word)) if is_self(word) => Some(None),
        (Act::Runs, name) => Some(Some(Start::File(name.written(), false))),
        _ => None,
    });
    let is_fed = || {
        let reads = |redirect: &Redirect| !redirect.writes;
        !invocation.is("su")
            && (!invocation.place.own_shell || invocation.command.redirects.iter().any(reads))
    };
    started.unwrap_or_else(|| is_fed().then_some(Start::Fed))
}

/// The script that `eval` runs.
fn evaluated<'w>(arguments: &[Word]) -> Option<Start<'w>> {
    let prints = |word: &Word| {
        word.substitutions.iter().any(|list| {
            let mut found = false;
            list.walk(&mut |command| {
                found |= command
                    .simple()
                    .and_then(|simple| simple.program())
                    .is_none_or(|program| PRINTING.contains(&program));
            });
            found
        })
    };
    let text: Vec<&str> = arguments.iter().map(Word::text).collect();
    match arguments {
        [] => None,
        [only] if is_self(only) => None,
        all if all.iter().any(prints) => Some(Start::Unknown("is printed by another command")),
        // `eval "$(ssh-agent)"`, `eval "$(pyenv init -)"`: they set variables.
        all if all.iter().any(|word| !word.substitutions.is_empty()) => None,
        [first, ..] if first.raw.trim_matches('"').starts_with('$') => {
            Some(Start::Unknown("is in a variable"))
        }
        _ => Some(Start::Text(text.join(" ").trim_matches('"').to_owned())),
    }
}

/// The script of package.json that a command calls.
fn entry<'w>(program: &str, arguments: &'w [Word]) -> Option<&'w str> {
    if !matches!(program, "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let mut words = arguments.iter().filter(|word| !word.is_option()).filter_map(Word::literal);
    match words.next()? {
        "run" | "run-script" => words.next(),
        verb @ ("start" | "test" | "stop" | "restart") => Some(verb),
        verb if program == "yarn"
            && !matches!(verb, "install" | "add" | "global" | "exec" | "dlx" | "cache") =>
        {
            Some(verb)
        }
        _ => None,
    }
}

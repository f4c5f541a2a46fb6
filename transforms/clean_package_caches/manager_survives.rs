//! Whether a package manager certainly exists and works at the end of a script that called it.

use crate::facts::actions::Action;
use crate::facts::commands::Invocation;
use crate::facts::packages::Call;
use crate::facts::{Facts, RunFacts, append, paths};
use crate::knowledge::lists::directories::WITHOUT_PROGRAMS;
use crate::knowledge::lists::programs::{EVALUATING, REMOVING_FILES, REPLACING_PROGRAMS};
use crate::knowledge::{Act, Cache, Kind, Manager};
use crate::reasons::{self, Reason};

/// The cleanup command, with the program as the script calls it. The error says why it may not work
/// at the end of the script.
pub(crate) fn cleanup_command(
    facts: &Facts<'_>,
    run: &RunFacts<'_>,
    manager: &Manager,
    cache: &Cache,
    last: &Call<'_>,
    fills: &[&Call<'_>],
) -> Result<String, Reason> {
    let name = &manager.name;
    if !fills.iter().any(|call| append::is_proven(run, call.invocation)) {
        return Err(reasons::manager_may_be_missing(name));
    }
    let last_invocation = &run.invocations[last.invocation];
    if fills
        .iter()
        .any(|call| ["PATH", "HOME"].iter().any(|variable| run.invocations[call.invocation].sets(variable)))
    {
        return Err(reasons::different_environment(name));
    }
    if replaces_itself(manager, last) {
        return Err(reasons::manager_replaces_itself(name));
    }
    if let Some(remover) =
        run.invocations[last.invocation + 1..].iter().find(|invocation| may_remove_a_program(invocation))
    {
        let program = remover.program.unwrap_or("a script");
        return Err(reasons::manager_may_be_removed(program, name));
    }
    if facts.may_end_nowhere(run) {
        return Err(reasons::directory_may_be_removed(name));
    }
    let keeps_output =
        |invocation: &Invocation<'_>| invocation.is("exec") && !invocation.command.redirects.is_empty();
    if run.invocations.iter().any(keeps_output) {
        return Err(reasons::redirected_output(name));
    }
    let removes_packages =
        |call: &Call<'_>| call.invocation > last.invocation && call.manager.removes(&call.verb);
    if run.calls.iter().any(removes_packages) {
        return Err(reasons::packages_removed(name));
    }
    if manager.kind == Kind::System && run.invocations.iter().any(touches_repositories) {
        return Err(reasons::repositories_removed(name));
    }
    let changes_path = run.invocations.iter().any(|invocation| {
        [".", "source", "eval", "export", "nvm"].iter().any(|program| invocation.is(program))
            || invocation.sets("PATH")
    });
    if loses_path(run, last.invocation) {
        return Err(reasons::path_changes(name));
    }
    if !last_invocation.place.own_shell && changes_path {
        return Err(reasons::path_in_subshell(name));
    }
    let program = last_invocation.words.first().filter(|_| {
        last_invocation.program.is_some_and(|program| manager.programs.iter().any(|own| own == program))
    });
    let program = program.ok_or_else(|| reasons::called_by_other_name(name))?;
    if program.raw.contains('/') && !program.raw.starts_with(['/', '$', '~', '"']) {
        return Err(reasons::called_by_relative_path(name));
    }
    // It would look like the start of a comment.
    if program.raw.contains('#') {
        return Err(reasons::called_by_unusual_path(name));
    }
    if program.raw.contains('`') || program.raw.contains("$(") {
        return Err(reasons::called_by_printed_path(name));
    }
    let (_, rest) = cache.clean.split_once(' ').unwrap_or((&cache.clean, ""));
    Ok(format!("{} {rest}", program.raw))
}

/// Whether programs may not be found after a command, because the script sets another PATH.
pub(crate) fn loses_path(run: &RunFacts<'_>, command: usize) -> bool {
    run.invocations[command + 1..].iter().any(|invocation| {
        let sets = |raw: &str| raw.starts_with("PATH=") && !raw.contains("$PATH") && !raw.contains("${PATH");
        let assigns = invocation.simple.assignments.iter().any(|assignment| {
            assignment.name == "PATH"
                && assignment.value.as_ref().is_some_and(|value| sets(&format!("PATH={}", value.raw)))
        });
        assigns && invocation.words.is_empty()
            || invocation.is("export") && invocation.arguments().iter().any(|word| sets(&word.raw))
            || invocation.program.is_some_and(|program| EVALUATING.contains(&program))
    })
}

/// Whether a call installs another version of the manager itself.
fn replaces_itself(manager: &Manager, call: &Call<'_>) -> bool {
    call.packages.iter().any(|word| {
        let package = word.text().split(['@', '=', '<', '>', '~']).next().unwrap_or_default();
        manager.programs.iter().any(|own| own == package)
    })
}

/// Whether a command may delete, move or disable a program, or delete the script's working
/// directory.
fn may_remove_a_program(invocation: &Invocation<'_>) -> bool {
    let harmless = |raw: &str| {
        let path = paths::normal(raw);
        if raw.contains(['$', '`']) {
            return false;
        }
        let relative = !path.starts_with(['/', '~']) && !path.contains("..");
        relative && !path.is_empty()
            || WITHOUT_PROGRAMS.iter().any(|directory| paths::within(&path, directory))
    };
    let mut operands = invocation.arguments().iter().filter(|word| !word.is_option());
    let removes = |action: &Action<'_>| {
        let act = action.act;
        (act.removes() || act.prunes() || act == Act::Moves) && !harmless(action.file.name.written())
    };
    // The text of a script is not read: that it names such a command is enough.
    let names_removal = |action: &Action<'_>| {
        let text = if action.act == Act::Evaluates { action.file.name.written() } else { "" };
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        words.any(|word| REMOVING_FILES.contains(&word) || REPLACING_PROGRAMS.contains(&word))
    };
    if invocation.actions.known().iter().any(|action| removes(action) || names_removal(action)) {
        return true;
    }
    match invocation.program.unwrap_or_default() {
        "shred" => !operands.all(|word| harmless(&word.raw)),
        "dpkg" => invocation
            .arguments()
            .iter()
            .any(|word| matches!(word.raw.as_str(), "-r" | "-P" | "--purge" | "--remove")),
        "rpm" => {
            invocation.arguments().iter().any(|word| word.raw.starts_with("-e") || word.raw == "--erase")
        }
        program if REPLACING_PROGRAMS.contains(&program) => true,
        "chmod" => invocation.arguments().iter().any(|word| word.raw.contains("-x")),
        _ => false,
    }
}

fn touches_repositories(invocation: &Invocation<'_>) -> bool {
    invocation.is("subscription-manager")
        || invocation.is("yum-config-manager")
        || invocation.words_and_targets().any(|word| {
            ["repos.d", "config-manager", "subscription-manager"].iter().any(|name| word.raw.contains(name))
        }) && !invocation.is("echo")
            && !invocation.is("cat")
}

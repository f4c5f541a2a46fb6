//! State that the builder resets for each RUN and that the scripts of a merged RUN would share.

use crate::facts::actions::Action;
use crate::facts::commands::Invocation;
use crate::facts::environment::User;
use crate::facts::execution::Directory;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::Act;
use crate::knowledge::lists::directories::{ACCOUNT_FILES, DEVICES, MOUNTED_FOR_EACH_RUN};
use crate::knowledge::lists::programs::{EDITING_ACCOUNTS, JOINING_GROUPS};
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

/// Refuses if the first of two scripts changes state that a separate RUN would reset for the
/// second.
pub(crate) fn keeps_shared_state(facts: &Facts<'_>, run: &RunFacts<'_>) -> Result<(), Reason> {
    for invocation in &run.invocations {
        if mentions(invocation, MOUNTED_FOR_EACH_RUN)
            || invocation.is("mount")
            || invocation.is("umount")
            || changes_devices(invocation)
        {
            return Err(reasons::files_of_builder());
        }
        if mentions(invocation, ACCOUNT_FILES) && !invocation.actions.only_read() {
            return Err(reasons::changes_accounts());
        }
        if changes_account(invocation, &run.user) {
            return Err(reasons::changes_own_account());
        }
        if replaces_shell(invocation) {
            return Err(reasons::replaces_shell());
        }
    }
    if facts.may_remove(run, &Directory::start(&run.workdir)) {
        return Err(reasons::removes_working_directory());
    }
    Ok(())
}

fn mentions(invocation: &Invocation<'_>, paths: &[&str]) -> bool {
    invocation.words_and_targets().any(|word| paths.iter().any(|path| word.raw.contains(path)))
}

fn changes_devices(invocation: &Invocation<'_>) -> bool {
    let is_made = |word: &Word| {
        word.raw.contains("/dev/") && !DEVICES.iter().any(|device| word.raw.starts_with(device))
            || word.raw.trim_end_matches('/') == "/dev"
    };
    invocation.words_and_targets().any(is_made) && !invocation.actions.only_read()
        || invocation.actions.known().iter().any(|action| !action.is_redirection() && action.changes("/dev/"))
}

fn changes_account(invocation: &Invocation<'_>, user: &User) -> bool {
    let operands = invocation.arguments().iter().filter(|word| !word.is_option()).count();
    let joins = JOINING_GROUPS.iter().any(|program| invocation.is(program)) && operands > 1;
    let edits = EDITING_ACCOUNTS.iter().any(|program| invocation.is(program));
    (joins || edits)
        && (*user != User::Root || invocation.words_and_targets().any(|word| word.text() == "root"))
}

fn replaces_shell(invocation: &Invocation<'_>) -> bool {
    let is_shell = |word: &Word| {
        matches!(word.text().rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash" | "busybox"))
            && word.raw.contains('/')
    };
    let writes =
        |action: &Action<'_>| action.act == Act::Writes && action.file.name.word().is_some_and(is_shell);
    let divert = invocation.words_and_targets().any(|word| word.text().contains("dash/sh"))
        || invocation.is("dpkg-reconfigure") && mentions(invocation, &["dash"]);
    let bare = ["ln", "mv", "rm", "cp"].iter().any(|program| invocation.is(program))
        && invocation.arguments().iter().any(|word| matches!(word.text(), "sh" | "bash"));
    divert
        || bare
        || invocation.actions.redirections().any(writes)
        || !invocation.actions.only_read()
            && !is_user_shell(invocation)
            && invocation.arguments().iter().any(is_shell)
}

/// `useradd -s /bin/bash` names a shell and does not change it.
fn is_user_shell(invocation: &Invocation<'_>) -> bool {
    ["useradd", "adduser", "usermod", "chsh"].iter().any(|program| invocation.is(program))
}

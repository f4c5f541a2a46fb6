//! Scripts of sed and awk, as arguments: whether they use files themselves.

use crate::facts::actions::{Action, By};
use crate::knowledge::{Act, ArgumentForm};

/// Whether a script among the arguments reads or writes files, runs commands, or is in a file.
pub(super) fn name_files(form: ArgumentForm, actions: &[Action<'_>]) -> bool {
    let uses: fn(&str) -> bool = match form {
        ArgumentForm::Sed => sed_uses_files,
        ArgumentForm::Awk => awk_uses_files,
        ArgumentForm::Plain
        | ArgumentForm::Tar
        | ArgumentForm::Download
        | ArgumentForm::Interpreter
        | ArgumentForm::Find => return false,
    };
    actions.iter().any(|action| match action.act {
        Act::Nothing => uses(action.file.name.text()),
        // The script, as an option says.
        Act::Reads => action.by == By::Option,
        _ => false,
    })
}

/// Whether a script of sed has one of the commands `r`, `R`, `w`, `W` and `e`, or `w` after `s`
/// (sed(1)). A text that only looks so counts too.
fn sed_uses_files(script: &str) -> bool {
    script.match_indices(['r', 'R', 'w', 'W', 'e']).any(|(at, _)| {
        let before = script[..at].chars().next_back();
        let is_command = before.is_none_or(|c| c.is_ascii_digit() || "\n;{}$/|!, \t'\"gpiI".contains(c));
        is_command && script[at + 1..].starts_with([' ', '\t'])
    })
}

/// Whether a program of awk opens a file or runs a command: `getline`, `system`, `print > "file"`,
/// `print | "command"` (POSIX.1-2017, awk).
fn awk_uses_files(program: &str) -> bool {
    let redirects = |(at, _): (usize, &str)| {
        program[at + 1..].trim_start_matches('>').trim_start().starts_with(['"', '\\'])
    };
    program.contains("getline")
        || program.contains("system(")
        || program.match_indices(['>', '|']).any(redirects)
}

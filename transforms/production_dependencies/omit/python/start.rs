//! Whether a command that the image starts calls a dev dependency, or installs it then: `uv run`
//! first installs what the project lists. (uv's documentation, "Commands", uv run, --no-sync and
//! --no-dev; poetry run installs nothing.)

use crate::facts::environment::Variable;
use crate::knowledge::languages::python::{OPTIONS_FOR_GROUPS, OPTIONS_WITHOUT_DEV_GROUP};
use crate::reasons::{self, Reason};
use crate::runtime::view::StageView;
use crate::syntax::shell::base_name;

/// Checks that the image starts none of these packages, and installs none of them when it starts.
pub(super) fn needs_none(view: &StageView<'_, '_>, manager: &str, packages: &[String]) -> Result<(), Reason> {
    if let Some(name) = packages.iter().find(|name| view.start.names(name)) {
        return Err(reasons::start_is_dev_dependency(name));
    }
    if view.scripts().is_none() {
        return Err(reasons::started_script_unreadable());
    }
    let never_syncs = match view.facts.variable(view.stage.items.end - 1, "UV_NO_SYNC") {
        Variable::Set(value) => matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"),
        _ => false,
    };
    for line in view.started_lines() {
        for command in line.split(['&', '|', ';', '(', ')', '`']) {
            let words: Vec<&str> =
                command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
            // An argument may be a program that another one starts.
            let is_package = |word: &&&str| packages.iter().any(|name| base_name(word) == name);
            if let Some(name) = words.iter().find(is_package) {
                return Err(reasons::start_is_dev_dependency(name));
            }
            if let Some(call) = installing_call(&words).filter(|_| manager == "uv" && !never_syncs) {
                return Err(reasons::start_installs(&call));
            }
        }
    }
    Ok(())
}

/// The call of `uv run` or `uv sync` in a command, if it may install the group `dev`. Options of uv
/// itself may come before the verb.
fn installing_call(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| base_name(word) == "uv")?;
    let words = &words[at + 1..];
    let verb = words.iter().position(|word| matches!(*word, "run" | "sync"))?;
    let is_option = |word: &&&str| word.starts_with('-');
    let options = || {
        let all =
            words[..verb].iter().filter(is_option).chain(words[verb + 1..].iter().take_while(is_option));
        all.filter_map(|word| word.split('=').next())
    };
    let is_without = options().any(|option| OPTIONS_WITHOUT_DEV_GROUP.contains(&option));
    let asks_for_groups = options().any(|option| OPTIONS_FOR_GROUPS.contains(&option));
    (!is_without || asks_for_groups).then(|| format!("uv {}", words[verb]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_installs_before_it_runs() {
        let installs = |command: &str| installing_call(&command.split(' ').collect::<Vec<_>>()).is_some();
        for command in [
            "uv run main.py",
            "uv run --frozen uvicorn x",
            "sh -c uv run x --no-dev",
            "/bin/uv sync",
            "uv --directory /app run main.py",
            "uv run --only-group dev x",
            "uv run --no-sync --group=dev x",
        ] {
            assert!(installs(command), "{command}");
        }
        for command in [
            "uv run --no-dev x",
            "uv run --frozen --no-sync x",
            "uv sync --no-dev",
            "uv --project /app run --no-dev x",
            "uv pip list",
            "uvicorn run",
        ] {
            assert!(!installs(command), "{command}");
        }
    }
}

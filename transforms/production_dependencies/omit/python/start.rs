//! Whether a command that the image starts calls a dev dependency, or installs it then: `uv run`
//! first installs what the project lists. (uv's documentation, "Commands", uv run, --no-sync and
//! --no-dev; poetry run installs nothing.)

use crate::facts::environment::Variable;
use crate::knowledge::languages::python::OPTIONS_WITHOUT_DEV_GROUP;
use crate::reasons::{self, Reason};
use crate::runtime::view::StageView;

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
            let names = |word: &&str| packages.iter().any(|name| word.rsplit('/').next() == Some(name));
            let is_start = |at: usize| at == 0 || matches!(words[at - 1], "-m" | "exec" | "run");
            if let Some(at) = (0..words.len()).find(|at| is_start(*at) && names(&words[*at])) {
                return Err(reasons::start_is_dev_dependency(words[at]));
            }
            if let Some(call) = installing_call(&words).filter(|_| manager == "uv" && !never_syncs) {
                return Err(reasons::start_installs(&call));
            }
        }
    }
    Ok(())
}

/// The call of `uv run` or `uv sync` in a command, if it installs the group `dev`.
fn installing_call(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| word.rsplit('/').next() == Some("uv"))?;
    let mut rest = words[at + 1..].iter().skip_while(|word| word.starts_with('-'));
    let verb = rest.next().filter(|verb| matches!(**verb, "run" | "sync"))?;
    let mut options = rest.take_while(|word| word.starts_with('-'));
    let is_harmless =
        |word: &&str| OPTIONS_WITHOUT_DEV_GROUP.iter().any(|option| word.split('=').next() == Some(option));
    (!options.any(is_harmless)).then(|| format!("uv {verb}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_installs_before_it_runs() {
        let installs = |command: &str| installing_call(&command.split(' ').collect::<Vec<_>>()).is_some();
        for command in
            ["uv run main.py", "uv run --frozen uvicorn x", "sh -c uv run x --no-dev", "/bin/uv sync"]
        {
            assert!(installs(command), "{command}");
        }
        for command in [
            "uv run --no-dev x",
            "uv run --frozen --no-sync x",
            "uv sync --no-dev",
            "uv pip list",
            "uvicorn run",
        ] {
            assert!(!installs(command), "{command}");
        }
    }
}

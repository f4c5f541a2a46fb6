//! What a second command of a package manager takes over from the install before it: options and
//! variables that decide which packages are chosen and what is checked.

use crate::facts::commands::Invocation;
use crate::knowledge::{Manager, Repeated};
use crate::syntax::shell::Word;

/// A command of a manager after an install, with the options and variables of the install that it
/// needs as well.
pub(crate) fn with_options_of(install: &Invocation<'_>, manager: &Manager, command: &str) -> String {
    let Some(repeated) = &manager.repeated else { return command.to_owned() };
    let variables = assignments(install).filter(|text| is_repeated(repeated, text));
    let variables: String = variables.map(|text| format!("{text} ")).collect();
    let mut text = format!("{variables}{command}");
    for option in options(install, manager, repeated) {
        if !text.split(' ').any(|word| word == option) {
            text = format!("{text} {option}");
        }
    }
    text
}

/// Whether the result of [`with_options_of`] would mean something else in another RUN, since a
/// variable of the script is only known in its own.
pub(crate) fn depends_on_script(install: &Invocation<'_>, manager: &Manager) -> bool {
    let Some(repeated) = &manager.repeated else { return false };
    let mut options = options(install, manager, repeated);
    let mut variables = assignments(install).filter(|text| is_repeated(repeated, text));
    options.any(|text| text.contains(['$', '`'])) || variables.any(|text| text.contains(['$', '`']))
}

/// Whether a command sets one of the variables for the rest of its script.
pub(crate) fn sets_for_script(command: &Invocation<'_>, manager: &Manager) -> bool {
    let Some(repeated) = &manager.repeated else { return false };
    (command.is("export") || command.words.is_empty())
        && (assignments(command).any(|text| is_repeated(repeated, &text))
            || command.arguments().iter().any(|word| is_repeated(repeated, &word.raw)))
}

/// The assignments for one command, as written: `A=b npm ci`, `env A=b npm ci`.
fn assignments<'a>(install: &Invocation<'a>) -> impl Iterator<Item = String> + use<'a> {
    let simple = install.simple;
    let own = simple
        .assignments
        .iter()
        .filter_map(|assignment| Some(format!("{}={}", assignment.name, assignment.value.as_ref()?.raw)));
    let by_wrapper = install.wrappers().iter().filter(|word| !word.is_option() && word.raw.contains('='));
    own.chain(by_wrapper.map(|word| word.raw.to_string()))
}

fn is_repeated(repeated: &Repeated, assignment: &str) -> bool {
    let name = assignment.to_ascii_lowercase();
    repeated.variables.iter().any(|start| name.starts_with(start.as_str()))
}

/// The options, each with its value, as the second command accepts them.
fn options<'r>(
    install: &'r Invocation<'_>,
    manager: &'r Manager,
    repeated: &'r Repeated,
) -> impl Iterator<Item = String> + 'r {
    let arguments = install.arguments();
    arguments.iter().enumerate().filter_map(move |(at, word)| {
        let (name, value) = match word.raw.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.raw.as_ref(), value_after(manager, word, arguments.get(at + 1))),
        };
        let is_listed = |listed: &String| match listed.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == listed,
        };
        if repeated.options.iter().any(is_listed) {
            return Some(value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")));
        }
        repeated.settings.iter().any(is_listed).then(|| {
            let name = name.trim_start_matches('-');
            let (name, default) = name.strip_prefix("no-").map_or((name, "true"), |name| (name, "false"));
            format!("{}{name}={}", repeated.setting_start, value.unwrap_or(default))
        })
    })
}

fn value_after<'w>(manager: &Manager, option: &Word, next: Option<&'w Word>) -> Option<&'w str> {
    let takes_value = manager.options_with_value.iter().any(|known| option.raw == *known);
    next.filter(|_| takes_value).map(|word| word.raw.as_ref())
}

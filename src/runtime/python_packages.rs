//! Whether the Python packages that a Dockerfile installs need no compiler.

use crate::context::BuildContext;
use crate::facts::RunFacts;
use crate::knowledge::languages::python::PORTABLE_PACKAGES;

/// The first package, in the order of their names' sources, that is not known to be plain Python or to
/// have wheels for every platform: in a text file of the build context, or in a command.
pub(crate) fn not_portable<'r, 'a: 'r>(
    context: &BuildContext,
    runs: impl Iterator<Item = &'r RunFacts<'a>>,
) -> Option<String> {
    let requirements =
        context.texts.iter().filter(|(path, _)| context.sends_file(path) && path.ends_with(".txt"));
    let lines = requirements.flat_map(|(_, text)| text.lines()).map(str::to_owned);
    let calls = runs.flat_map(|run| &run.calls).filter(|call| call.manager.name == "pip");
    let words = calls.flat_map(|call| &call.packages).map(|word| word.text().to_owned());
    let mut names = lines.chain(words).map(|line| name_of(&line)).filter(|name| !name.is_empty());
    names.find(|name| !PORTABLE_PACKAGES.contains(&name.as_str()))
}

fn name_of(line: &str) -> String {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    line.trim().chars().take_while(is_name).collect::<String>().to_ascii_lowercase().replace(['_', '.'], "-")
}

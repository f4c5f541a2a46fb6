//! Whether something that runs in the image names pip, or imports tests of packages.
//!
//! A name in a comment or a text counts, too: it costs a few megabytes at most.

use crate::context::CommandLine;
use crate::knowledge::lists::files::FOR_PEOPLE_AND_TOOLS;
use crate::reasons::{self, Reason};
use crate::syntax::Body;
use crate::transform::Context;

const PIP: &str = "pip";
const TESTS: &str = ".tests";

/// Endings of files that start programs.
const SOURCES: [&str; 5] = [".bash", ".conf", ".ini", ".py", ".sh"];

/// Checks the final stage, the sources of the build context, and everything in the repository that
/// runs the image.
pub fn nothing_names_pip(ctx: &Context<'_>) -> Result<(), Reason> {
    let Some(last) = ctx.facts.stages.last() else { return Ok(()) };
    for item in last.items.clone() {
        let Some(instruction) = ctx.facts.instruction_at(item) else { continue };
        let is_setting = matches!(instruction.body, Body::Env(_) | Body::Label(_) | Body::Arg(_));
        if !is_setting && has_pip(instruction.full.of(ctx.file.text)) {
            return Err(reasons::named_by("the final stage", PIP).at(instruction.text));
        }
    }
    let context = ctx.build_context()?;
    let is_source = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_script = !name.contains('.') && !FOR_PEOPLE_AND_TOOLS.contains(&name);
        is_script || SOURCES.iter().any(|ending| name.ends_with(ending))
    };
    for entry in context.sent().filter(|entry| is_source(&entry.path) && !is_test(&entry.path)) {
        match context.text(&entry.path) {
            Some(text) if has_pip(text) => return Err(reasons::named_by(&entry.path, PIP)),
            Some(_) => {}
            None if entry.path.ends_with(".py") || entry.path.ends_with(".sh") => {
                return Err(reasons::source_not_read(&entry.path));
            }
            None => {}
        }
    }
    let runs = ctx.context_source.runs().iter();
    if let Some(run) = runs.clone().find(|run| run.words.iter().any(|word| has_pip(word))) {
        return Err(reasons::named_by(&run.who, PIP));
    }
    for service in ctx.context_source.services() {
        let commands = service.entrypoint.iter().chain(&service.command).chain(&service.others);
        let mut texts = commands.map(|command| match command {
            CommandLine::Shell(text) => has_pip(text),
            CommandLine::Words(words) => words.iter().any(|word| has_pip(word)),
        });
        if texts.any(|names| names) || service.unparsed.as_deref().is_some_and(has_pip) {
            return Err(reasons::named_by(&service.who, PIP));
        }
    }
    Ok(())
}

/// Checks that no source of the build context imports from the tests of a package: `numpy.tests`.
pub fn nothing_imports_tests(ctx: &Context<'_>) -> Result<(), Reason> {
    let sources = ctx.build_context()?;
    for entry in sources.sent().filter(|entry| entry.path.ends_with(".py") && !is_test(&entry.path)) {
        match sources.text(&entry.path) {
            Some(text) if text.contains(TESTS) => return Err(reasons::named_by(&entry.path, TESTS)),
            Some(_) => {}
            None => return Err(reasons::source_not_read(&entry.path)),
        }
    }
    Ok(())
}

/// Whether a file is a test of the project, which does not run in the image.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "test" | "tests"))
}

/// Whether a text contains the name as a word: `pip`, `pip3`, `ensurepip`.
fn has_pip(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| matches!(word, "pip" | "pip3" | "ensurepip"))
}

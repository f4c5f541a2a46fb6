//! Programs of the full images that the application may call at run time: from its start scripts,
//! and from sources that start processes.
//!
//! Only programs that the full language images have and the slim ones lack are considered. In
//! doubt, an unnecessary package is added.

use std::cell::LazyCell;
use std::collections::HashSet;

use crate::context::{RequiredPackage, is_source};
use crate::knowledge::lists::files::{COMPILED_SOURCES, SHELL_SCRIPTS};
use crate::knowledge::lists::programs::{
    CALLS_OF_COMPILED_SOURCES, CALLS_OF_SOURCES, MISSING_IN_SLIM_IMAGES,
};
use crate::runtime::smaller_base::is_script;
use crate::runtime::source_calls;
use crate::runtime::view::StageView;
use crate::syntax::shell::base_name;

/// The packages that contain the programs which shell scripts call.
pub(crate) fn by_scripts(scripts: &[&str]) -> Vec<RequiredPackage> {
    let words = || scripts.iter().flat_map(|script| words_of_script(script));
    packages("a script that the image starts", |program| words().any(|word| word == program))
}

fn has_word(text: &str, program: &str) -> bool {
    text.split(divides_words).any(|word| word == program)
}

/// The package that contains a program which slim images lack.
pub(crate) fn package_of(program: &str) -> Option<&'static str> {
    MISSING_IN_SLIM_IMAGES.iter().find(|(name, _)| *name == program).map(|(_, package)| *package)
}

/// The packages that contain the programs named by the start command or the health check.
pub(crate) fn by_start(view: &StageView<'_, '_>) -> Vec<RequiredPackage> {
    packages("the start command", |program| view.start.names(program))
}

/// Whether the start command, a script that it starts, or a source calls a program. The files are
/// read once for all programs.
pub(crate) fn called<'v>(view: &'v StageView<'_, '_>) -> impl Fn(&str) -> bool + 'v {
    let read = LazyCell::new(|| (view.scripts().unwrap_or_default(), called_by_sources(view)));
    move |program| {
        view.start.names(program)
            || read.0.iter().any(|script| has_word(script, program))
            || read.1.contains(program)
    }
}

/// Whether a source starts other programs. (Ruby's manual, "Backtick Literals".)
fn starts(path: &str, text: &str) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    let has = |calls: &[&str]| calls.iter().any(|call| text.contains(call));
    is_script(path, text) && (has(CALLS_OF_SOURCES) || path.ends_with(".rb") && text.contains('`'))
        || ends(COMPILED_SOURCES) && has(CALLS_OF_COMPILED_SOURCES)
}

/// Whether a source with one of these endings starts other programs, or was too large to be read.
pub(crate) fn may_be_started_by(view: &StageView<'_, '_>, endings: &[&str]) -> bool {
    let Some(context) = view.context else { return false };
    let is_one = |path: &str| endings.iter().any(|ending| path.ends_with(ending));
    let is_sent = |path: &str| is_source(path) && context.sends_file(path);
    context.unread_sources().any(is_one)
        || context.texts.iter().any(|(path, text)| is_one(path) && starts(path, text) && is_sent(path))
}

/// The packages that contain the programs called by the application's own sources: programs whose
/// names begin a quoted text in a file that starts processes.
pub(crate) fn by_sources(view: &StageView<'_, '_>) -> Vec<RequiredPackage> {
    let called = called_by_sources(view);
    packages("a source", |program| called.contains(program))
}

/// What the sources that start processes call, and the shell scripts in the build context that they name.
fn called_by_sources<'v>(view: &'v StageView<'_, '_>) -> HashSet<&'v str> {
    let Some(context) = view.context else { return HashSet::new() };
    let sent = || context.texts.iter().filter(|(path, _)| context.sends_file(path));
    let sources: Vec<&str> =
        sent().filter(|(path, text)| starts(path, text)).map(|(_, text)| text.as_str()).collect();
    let scripts = sent().filter(|(path, text)| {
        is_shell_script(path, text) && sources.iter().any(|source| names_script(source, path))
    });
    let of_scripts = scripts.flat_map(|(_, text)| words_of_script(text));
    sources.iter().flat_map(|source| source_calls::programs_in(source)).chain(of_scripts).collect()
}

fn is_shell_script(path: &str, text: &str) -> bool {
    let is_for_shell =
        || text.lines().next().is_some_and(|line| line.starts_with("#!") && line.ends_with("sh"));
    SHELL_SCRIPTS.iter().any(|ending| path.ends_with(ending)) || is_for_shell()
}

/// Whether a source names a script: by its file name, or if that has no ending, by its path.
fn names_script(source: &str, path: &str) -> bool {
    let name = base_name(path);
    source.contains(if name.contains('.') { name } else { path })
}

fn words_of_script(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split(divides_words))
}

fn divides_words(c: char) -> bool {
    !c.is_ascii_alphanumeric() && c != '-' && c != '_' && c != '.'
}

fn packages(who: &str, calls: impl Fn(&str) -> bool) -> Vec<RequiredPackage> {
    let mut found: Vec<RequiredPackage> = Vec::new();
    for (program, package) in MISSING_IN_SLIM_IMAGES {
        if calls(program) && !found.iter().any(|known| known.package == *package) {
            found.push(RequiredPackage::of(package, format!("{who} calls {program}")));
        }
    }
    found
}

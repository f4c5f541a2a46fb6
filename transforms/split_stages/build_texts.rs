//! The texts that say what a C program is linked to: the commands of the build and its makefiles.

use crate::runtime::view::StageView;

/// The commands of the stage, and the makefiles of the build context.
pub(super) fn texts<'l>(view: &'l StageView<'_, '_>) -> impl Iterator<Item = &'l str> {
    let commands = view.facts.runs_of(view.stage.index).iter().map(|run| run.instruction.arguments());
    let is_makefile =
        |path: &str| path.ends_with("akefile") || path.ends_with(".mk") || path.ends_with("CMakeLists.txt");
    let files = view.context.into_iter().flat_map(|context| context.texts.iter());
    let makefiles = files.filter(move |(path, _)| is_makefile(path)).map(|(_, text)| text.as_str());
    commands.chain(makefiles)
}

/// The words of such a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ';' | ')' | '(' | '`'))
}

/// The library that a word links: `m` for `-lm`.
pub(super) fn library(word: &str) -> Option<&str> {
    word.strip_prefix("-l")
}

//! The files of `find`: it starts at its first arguments, and its expression may remove what it
//! finds.

use crate::facts::actions::{Action, Name};
use crate::knowledge::Act;
use crate::syntax::shell::Word;

/// The actions of these arguments. (find(1), GNU findutils and BusyBox.)
pub(super) fn actions(words: &[Word]) -> Vec<Action<'_>> {
    let is_any = |word: &Word, names: &[&str]| names.contains(&word.raw.as_str());
    let is_expression = |word: &Word| word.is_option() || is_any(word, &["!", "(", "\\(", "'('"]);
    let is_path = |word: &Word| !is_any(word, &["-H", "-L", "-P"]);
    let first = words.iter().position(|word| is_path(word) && is_expression(word)).unwrap_or(words.len());
    let (starts, expression) = words.split_at(first);
    let removes =
        expression.iter().any(|word| is_any(word, &["-delete", "-exec", "-execdir", "-ok", "-okdir"]));
    let only_files =
        expression.windows(2).any(|pair| pair[0].raw == "-type" && is_any(&pair[1], &["f", "l"]))
            && !expression.iter().any(|word| is_any(word, &["-o", "-or", "!", "-not", ","]));
    let act = match (removes, only_files) {
        (false, _) => Act::Reads,
        (true, true) => Act::PrunesFiles,
        (true, false) => Act::Prunes,
    };
    let mut starts = starts.iter().filter(|word| is_path(word)).map(Name::Word).peekable();
    // Without a starting point, it starts in the working directory.
    let here = starts.peek().is_none().then_some(Name::Here);
    let starts = here.into_iter().chain(starts).map(|name| Action::new(act, name));
    // `-newer`, `-samefile` and others compare with a file.
    let names_file = |word: &Word| {
        let starts = ["-newer", "-anewer", "-cnewer", "-samefile", "-files0-from", "-fls", "-fprint"];
        starts.iter().any(|start| word.raw.starts_with(start))
    };
    let files = expression.windows(2).filter(|pair| names_file(&pair[0]));
    starts.chain(files.map(|pair| Action::new(Act::Uses, Name::Word(&pair[1])))).collect()
}

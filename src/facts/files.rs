//! Files with literal names that a script downloads, unpacks, writes, removes, or whose owner or
//! mode it changes.
//!
//! A relative name is joined with the working directory of that command. If that is unknown, it
//! starts with `./`, the directory in which the RUN starts. After a `cd` to an unknown directory,
//! the list contains only files that are removed by their absolute paths. The list serves to find
//! savings; no guard may assume that a file that is not in it is unused.

use std::cell::LazyCell;

use crate::facts::actions::Name;
use crate::facts::execution::{Directory, Expanded};
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::Act;
use crate::syntax::shell::Word;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// It is downloaded.
    Fetched,
    /// It is an archive, package or installer, and is unpacked, installed or run.
    Consumed,
    /// It is checked or listed; nothing depends on it afterwards.
    Checked,
    /// It is created or overwritten.
    Written,
    /// It is deleted or moved away.
    Removed,
    /// Its owner or mode changes, and that of everything in it.
    Reowned,
}

/// One command's use of one file or directory.
#[derive(Debug, Clone)]
pub struct FileUse<'a> {
    /// Its index in the RUN's invocations.
    pub invocation: usize,
    /// What happens to it.
    pub touch: Touch,
    /// The path: absolute, or starting with `./`; variables as written.
    pub path: String,
    /// The name as the script writes it, quotes included, if a single word is the name.
    pub word: Option<&'a Word>,
    /// The working directory, in the same form.
    pub directory: String,
    /// Whether the name is absolute, so that it means the same in every directory. A name that
    /// starts with an unknown variable is not known to be.
    pub is_absolute: bool,
}

impl<'a> Facts<'a> {
    /// The files that a RUN's script visibly uses, in order, and the working directory at its end,
    /// in the same form, or `None` if that is unknown.
    pub fn file_uses(&self, run: &RunFacts<'a>) -> (Vec<FileUse<'a>>, Option<String>) {
        let mut uses = Vec::new();
        for (index, invocation) in run.invocations.iter().enumerate() {
            let directory = LazyCell::new(|| written(run.states.directory(index)));
            let mut add = |touch, expanded: &Expanded, word: Option<&'a Word>| {
                let name = expanded.written.as_str();
                let directory = match &*directory {
                    Some(directory) => directory.clone(),
                    // An absolute path does not depend on the directory.
                    None if touch == Touch::Removed && name.starts_with(['/', '~']) => String::new(),
                    None => return,
                };
                if name.is_empty() || name.starts_with('$') && !name.contains('/') && touch == Touch::Written
                {
                    return;
                }
                let path = if name.starts_with(['/', '~', '$']) {
                    tidy(name)
                } else {
                    tidy(&format!("{directory}/{name}"))
                };
                let is_absolute = name.starts_with(['/', '~']);
                uses.push(FileUse { invocation: index, touch, path, word, directory, is_absolute });
            };
            for action in invocation.actions.known() {
                let (name, inner) = (action.file.name, action.file.inner);
                match (touch(action.act), name, inner) {
                    (Some(touch), Name::Here, Some(inner)) => {
                        add(touch, &self.text_expanded_in(run, index, inner), None);
                    }
                    (Some(touch), Name::Word(word), None) => {
                        add(touch, &self.expanded_in(run, index, word), Some(word));
                    }
                    _ => {}
                }
            }
        }
        (uses, written(run.states.end()))
    }
}

/// A directory in the form of the paths of file uses.
fn written(directory: &Directory) -> Option<String> {
    match directory {
        Directory::Known(path) => Some(path.clone()),
        Directory::FromStart(path) => Some(format!(".{path}")),
        Directory::Unknown => None,
    }
}

/// Whether removing `outer` (perhaps a pattern) or changing its owner affects `path`.
pub fn covers(outer: &str, path: &str) -> bool {
    if let Some((before, after)) = outer.split_once('*') {
        let directory = before.rsplit_once('/').map_or("", |(directory, _)| directory);
        let rest = after.rsplit('*').next().unwrap_or_default();
        return path.starts_with(before)
            && (rest.is_empty() || path.ends_with(rest))
            && paths::within(path, directory);
    }
    paths::within(path, outer.trim_end_matches('/'))
}

fn tidy(path: &str) -> String {
    let has = |part: &[u8]| path.as_bytes().windows(part.len()).any(|own| own == part);
    let path = match (has(b"//"), has(b"/./")) {
        (false, false) => path.to_owned(),
        _ => path.replace("//", "/").replace("/./", "/"),
    };
    let path = if let Some(rest) = path.strip_prefix("././") { format!("./{rest}") } else { path };
    path.strip_suffix('/').map(str::to_owned).unwrap_or(path)
}

/// What a command does with a file that it names.
fn touch(act: Act) -> Option<Touch> {
    match act {
        Act::Fetches => Some(Touch::Fetched),
        Act::Unpacks | Act::Installs | Act::Runs => Some(Touch::Consumed),
        Act::Checks => Some(Touch::Checked),
        Act::Makes | Act::Writes | Act::Into => Some(Touch::Written),
        Act::Removes | Act::RemovesTrees | Act::RemovesParents | Act::Moves => Some(Touch::Removed),
        Act::Changes => Some(Touch::Reowned),
        Act::Uses
        | Act::Account
        | Act::AddsAccount
        | Act::AddsHome
        | Act::MovesAccount
        | Act::RemovesAccount
        | Act::RemovesHome
        | Act::Uid
        | Act::Gid
        | Act::Home
        | Act::Edits
        | Act::Text
        | Act::Nothing
        | Act::Address
        | Act::Reads
        | Act::Evaluates
        | Act::Prunes
        | Act::PrunesFiles
        | Act::Under
        | Act::Archive
        | Act::Links => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn uses(script: &str) -> Vec<String> {
        let text = format!("FROM debian\nWORKDIR /w\nRUN {script}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        facts
            .file_uses(&facts.runs[0])
            .0
            .iter()
            .map(|use_| format!("{:?} {}", use_.touch, use_.path))
            .collect()
    }

    #[test]
    fn downloads_and_what_becomes_of_them() {
        assert_eq!(
            uses("curl -fsSLo a.tgz https://x/y && tar -xzf a.tgz -C /opt && rm a.tgz"),
            ["Fetched /w/a.tgz", "Consumed /w/a.tgz", "Written /opt", "Removed /w/a.tgz"]
        );
        assert_eq!(
            uses("cd /tmp && wget https://x/b-$V.zip && unzip b-$V.zip"),
            ["Fetched /tmp/b-$V.zip", "Consumed /tmp/b-$V.zip"]
        );
        assert_eq!(uses("curl https://x/y | tar xz"), [""; 0]);
        assert_eq!(uses("cd $X && wget https://x/y"), [""; 0]);
    }

    #[test]
    fn patterns_cover_what_they_match() {
        assert!(covers("/tmp/*", "/tmp/a.tgz"));
        assert!(covers("/w/*.tgz", "/w/a.tgz"));
        assert!(!covers("/w/*.zip", "/w/a.tgz"));
        assert!(covers("/w", "/w/a/b"));
    }
}

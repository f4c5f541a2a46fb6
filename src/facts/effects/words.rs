//! The files that the words of a command name, if known.

use crate::facts::effects::commands::Script;
use crate::facts::effects::{Resource, Tree};
use crate::facts::execution::{Expanded, Tail, normalized};
use crate::knowledge::lists::files::PACKAGES_AND_ARCHIVES;
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

impl Script<'_, '_> {
    pub(super) fn here(&self) -> Result<String, Reason> {
        let directory = self.run.states.directory(self.index).known().map(str::to_owned);
        directory.ok_or_else(|| reasons::unknown_directory("a command"))
    }

    pub(super) fn operands(&mut self, words: &[Word]) -> Result<(), Reason> {
        for word in words {
            if word.is_option() {
                self.option(word)?;
            } else {
                self.word(word)?;
            }
        }
        Ok(())
    }

    /// Only the words that are plainly paths: others are names of packages, users or settings.
    pub(super) fn paths_among(&mut self, words: &[Word]) -> Result<(), Reason> {
        for word in words {
            let raw = word.raw.trim_matches(['"', '\'']);
            let is_file = PACKAGES_AND_ARCHIVES.iter().any(|ending| raw.ends_with(ending));
            if raw.contains("://") {
                continue;
            }
            if word.is_option() {
                self.option(word)?;
            } else if raw.contains('/')
                || is_file
                || raw.starts_with(['~', '*', '$', '`'])
                || matches!(raw, "." | "..")
            {
                self.word(word)?;
            }
        }
        Ok(())
    }

    /// `--key=/path` names a path, `--key` and `-rf` do not.
    pub(super) fn option(&mut self, word: &Word) -> Result<(), Reason> {
        let Some(at) = word.raw.find('/') else { return Ok(()) };
        if word.raw.contains("://") {
            return Ok(());
        }
        let start = word.raw[..at].rfind(['=', ':', ',']).map_or(at, |before| before + 1);
        let path = word.raw[start..].trim_matches(['"', '\'']).to_owned();
        let tree = self.absolute(&path)?;
        self.touch(Tree::At(tree));
        Ok(())
    }

    pub(super) fn word(&mut self, word: &Word) -> Result<(), Reason> {
        let path = self.resolve(word)?;
        if !path.starts_with("/dev/") {
            self.touch(Tree::At(path));
        }
        Ok(())
    }

    /// The absolute path of a word; that of the directory which a pattern is in.
    pub(super) fn resolve(&self, word: &Word) -> Result<String, Reason> {
        self.located(&self.facts.expanded_in(self.run, self.index, word))
            .ok_or_else(|| reasons::unknown_target(&word.raw))
    }

    /// The same for a part of a word.
    pub(super) fn absolute(&self, path: &str) -> Result<String, Reason> {
        self.located(&self.facts.text_expanded_in(self.run, self.index, path))
            .ok_or_else(|| reasons::unknown_target(path))
    }

    fn located(&self, expanded: &Expanded) -> Option<String> {
        let known = match expanded.tail {
            Tail::None => expanded.known.as_str(),
            // The directory that is searched for names.
            Tail::Pattern | Tail::Braces => expanded
                .known
                .rsplit_once('/')
                .map_or(".", |(directory, _)| if directory.is_empty() { "/" } else { directory }),
            Tail::Unknown => return None,
        };
        if known.starts_with('/') {
            return normalized(known);
        }
        let here = self.run.states.directory(self.index).known()?;
        normalized(&format!("{here}/{known}"))
    }

    pub(super) fn touch(&mut self, tree: Tree) {
        self.effects.reads.push(Resource::Files(tree.clone()));
        self.effects.writes.push(Resource::Files(tree));
    }
}

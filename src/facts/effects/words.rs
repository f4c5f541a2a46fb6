//! The files that the words of a command name, if known.

use crate::facts::Invocation;
use crate::facts::actions::{Name, loose_paths};
use crate::facts::effects::commands::{Script, unknown};
use crate::facts::effects::{Resource, Tree};
use crate::facts::execution::{Expanded, Tail, normalized};
use crate::knowledge::Act;
use crate::knowledge::lists::files::PACKAGES_AND_ARCHIVES;
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

impl Script<'_, '_> {
    pub(super) fn here(&self) -> Result<String, Reason> {
        let directory = self.run.states.directory(self.index).known().map(str::to_owned);
        directory.ok_or_else(|| reasons::unknown_directory("a command"))
    }

    /// All files that a command names.
    pub(super) fn files(&mut self, invocation: &Invocation<'_>) -> Result<(), Reason> {
        for action in invocation.actions.all().ok_or_else(|| unknown(invocation))? {
            match (action.act, action.file.name) {
                // Words with an unknown value may be several, and options too.
                (Act::Text, name) if name.word().is_none_or(|word| word.literal().is_some()) => {}
                (Act::Nothing, _) => {}
                (Act::Address, name) if name.written().contains("://") => {}
                (_, name) => self.name(name)?,
            }
        }
        Ok(())
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

    /// The paths in an option of a program whose options are not known.
    pub(super) fn option(&mut self, word: &Word) -> Result<(), Reason> {
        loose_paths(&word.raw).try_for_each(|path| self.name(path))
    }

    pub(super) fn word(&mut self, word: &Word) -> Result<(), Reason> {
        self.name(Name::Word(word))
    }

    pub(super) fn name(&mut self, name: Name<'_>) -> Result<(), Reason> {
        let expanded = self.facts.name_expanded_in(self.run, self.index, name);
        let path = match name {
            Name::Here => self.here()?,
            name => expanded
                .and_then(|expanded| self.located(&expanded))
                .ok_or_else(|| reasons::unknown_target(name.written()))?,
        };
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

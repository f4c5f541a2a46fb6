//! Which files the words of a command name, as far as that can be told.

use crate::facts::effects::commands::Script;
use crate::facts::effects::{Resource, Tree};
use crate::facts::expand::tidy;
use crate::syntax::shell::Word;

impl Script<'_, '_> {
    pub(super) fn here(&self) -> Result<String, String> {
        self.directory.clone().ok_or_else(|| "the directory that a command runs in is not known".into())
    }

    pub(super) fn operands(&mut self, words: &[Word]) -> Result<(), String> {
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
    pub(super) fn paths_among(&mut self, words: &[Word]) -> Result<(), String> {
        for word in words {
            let raw = word.raw.trim_matches(['"', '\'']);
            let is_file = [".deb", ".rpm", ".apk", ".whl", ".zip", ".gz", ".tgz", ".zst", ".xz", ".tar"]
                .iter()
                .any(|ending| raw.ends_with(ending));
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
    pub(super) fn option(&mut self, word: &Word) -> Result<(), String> {
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

    pub(super) fn word(&mut self, word: &Word) -> Result<(), String> {
        let path = self.resolve(word)?;
        if !path.starts_with("/dev/") {
            self.touch(Tree::At(path));
        }
        Ok(())
    }

    /// The absolute path of a word; that of the directory which a pattern is in.
    pub(super) fn resolve(&self, word: &Word) -> Result<String, String> {
        match word.literal() {
            Some(literal) => self.absolute(literal),
            None => self.absolute(&word.raw),
        }
        .map_err(|_| format!("where `{}` is can't be told", word.raw))
    }

    pub(super) fn absolute(&self, path: &str) -> Result<String, String> {
        let path = path.trim_matches(['"', '\'']);
        let plain = match path.find(['*', '?', '[', '{']) {
            Some(at) if !path[..at].contains('$') => path[..at]
                .rsplit_once('/')
                .map_or(".", |(directory, _)| if directory.is_empty() { "/" } else { directory }),
            _ => path,
        };
        let because = || format!("where `{path}` is can't be told");
        if plain.starts_with('~') || self.sets_variable_of(plain) {
            return Err(because());
        }
        let known = self.facts.expanded(self.run.item, plain).ok_or_else(because)?;
        if known.starts_with('/') {
            return tidy(&known).ok_or_else(because);
        }
        let here = self.directory.as_deref().ok_or_else(because)?;
        tidy(&format!("{here}/{known}")).ok_or_else(because)
    }

    /// Whether the script itself sets a variable that a text uses.
    pub(super) fn sets_variable_of(&self, text: &str) -> bool {
        text.contains('$') && self.own_variables.iter().any(|name| text.contains(name.as_str()))
    }

    pub(super) fn touch(&mut self, tree: Tree) {
        self.effects.reads.push(Resource::Files(tree.clone()));
        self.effects.writes.push(Resource::Files(tree));
    }
}

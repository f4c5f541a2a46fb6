//! The files that a root needs for scripts to run: a stub for everything that may be a command,
//! empty files for what is sourced. It reads the scripts crudely and on its own: an extra stub does
//! no harm, since both versions get the same ones.

use std::collections::BTreeSet;

use crate::steps::Run;

/// What to put into the root.
#[derive(Debug, Default)]
pub struct Needed {
    /// Stubs by absolute path.
    pub stubs: BTreeSet<String>,
    /// Stubs that appear below every directory a script enters.
    pub relative: BTreeSet<String>,
    /// Empty files.
    pub files: BTreeSet<String>,
    /// Directories into which scripts redirect.
    pub directories: BTreeSet<String>,
}

impl Needed {
    /// What these scripts need.
    pub fn by<'a>(runs: impl Iterator<Item = &'a Run>) -> Self {
        let mut needed = Self::default();
        for run in runs {
            needed.plain_names(&run.script);
            needed.paths(run);
        }
        needed.relative.retain(|path| !path.starts_with("../../"));
        needed
    }

    /// Every word that looks like the name of a program.
    fn plain_names(&mut self, script: &str) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '@' | '-' | '[');
        for word in script.split(|c| !is_part(c)) {
            let starts_well = word.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '['));
            if starts_well && word.len() < 64 {
                self.stubs.insert(format!("/usr/bin/{word}"));
            }
        }
    }

    /// Paths where a command stands, and files that are sourced.
    fn paths(&mut self, run: &Run) {
        let mut known = run.clone();
        let (mut at_command, mut target, mut is_sourced) = (true, None, false);
        for token in tokens(&run.script) {
            match token.as_str() {
                ";" | "&" | "|" | "(" | ")" | "`" | "\n" => {
                    (at_command, target, is_sourced) = (true, None, false);
                }
                ">" | "<" => target = Some(token == "<"),
                word if target.is_some() => {
                    let read = target.take() == Some(true);
                    let Some(path) = absolute(word, &known) else { continue };
                    if read {
                        self.files.insert(path);
                    } else if let Some((parent, _)) = path.rsplit_once('/') {
                        self.directories.insert(format!("{parent}/"));
                    }
                }
                word if is_sourced => {
                    is_sourced = false;
                    self.place(word, &known, true);
                }
                "{" | "}" | "!" | "if" | "then" | "else" | "elif" | "while" | "until" | "do" | "time"
                | "exec" | "command" | "builtin" => {}
                "." | "source" if at_command => (at_command, is_sourced) = (false, true),
                word if is_assignment(word) => {
                    // Wherever it stands: at worst a stub is in a place that nobody looks at.
                    let (name, text) = word.split_once('=').unwrap_or_default();
                    if let Some(value) = crate::steps::value(text, &known.env) {
                        known.env.insert(name.to_owned(), value);
                    }
                }
                word if at_command => {
                    at_command = false;
                    if word.contains('/') {
                        self.place(word, &known, false);
                    }
                }
                _ => {}
            }
        }
    }

    fn place(&mut self, word: &str, run: &Run, sourced: bool) {
        let is_relative = !word.starts_with(['/', '~', '$', '"', '\'']);
        let Some(path) = absolute(word, run) else { return };
        match (sourced, is_relative) {
            (true, _) => self.files.insert(path),
            (false, false) => self.stubs.insert(path),
            (false, true) => self.relative.insert(word.to_owned()),
        };
    }
}

/// The path that a word comes to, where that is known beforehand.
fn absolute(word: &str, run: &Run) -> Option<String> {
    let word = if word == "~" || word.starts_with("~/") {
        format!("${{HOME}}{}", &word[1..])
    } else {
        word.to_owned()
    };
    let path = crate::steps::value(&word, &run.env)?;
    let path = if path.starts_with('/') { path } else { format!("{}/{path}", run.cwd.trim_end_matches('/')) };
    let is_own = ["/proc", "/dev", "/.oracle", "/.run"].iter().any(|own| path.starts_with(own));
    (!is_own && !path.ends_with('/') && !path.contains(['*', '$', '?'])).then_some(path)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Words and operators, quotes left in the words and not minded otherwise.
pub fn tokens(script: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    for c in script.chars() {
        if c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '`' | '<' | '>') {
            if !word.is_empty() {
                all.push(std::mem::take(&mut word));
            }
            if c == '\n' || !c.is_whitespace() {
                all.push(c.to_string());
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        all.push(word);
    }
    all
}

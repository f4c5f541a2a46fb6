//! Collects the files that a root needs for scripts to run: a stub for everything that may be a
//! command, and empty files for sourced ones. It parses the scripts only roughly, and independently
//! of Jettison: an extra stub does no harm, since both versions get the same ones.

use std::collections::BTreeSet;

use crate::steps::Run;

/// The files to put into the root.
#[derive(Debug, Default)]
pub struct Needed {
    /// Absolute paths of stubs.
    pub stubs: BTreeSet<String>,
    /// Relative paths of stubs, created below every directory that a script enters.
    pub relative: BTreeSet<String>,
    /// Empty files.
    pub files: BTreeSet<String>,
    /// Directories that scripts redirect output to.
    pub directories: BTreeSet<String>,
}

impl Needed {
    /// The files that these scripts need.
    pub fn by<'a>(runs: impl Iterator<Item = &'a Run>) -> Self {
        let mut needed = Self::default();
        for run in runs {
            needed.plain_names(&run.script);
            needed.paths(run);
        }
        needed.relative.retain(|path| !path.starts_with("../../"));
        needed
    }

    /// Adds every word that looks like the name of a program.
    fn plain_names(&mut self, script: &str) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '@' | '-' | '[');
        for word in script.split(|c| !is_part(c)) {
            let starts_well = word.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '['));
            if starts_well && word.len() < 64 {
                self.stubs.insert(format!("/usr/bin/{word}"));
            }
        }
    }

    /// Adds the paths of commands, and files that are sourced.
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
                    // An assignment counts wherever it is; at worst, a stub is created at a path
                    // that no script uses.
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

/// The absolute path that a word refers to, if it is known before the run.
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

/// Words and operators. Quotes remain part of the words and are otherwise ignored.
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

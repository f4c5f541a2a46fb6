//! What the sources in the build context name: files and directories that they may open, and programs
//! that they start.
//!
//! Only sources of the languages that `context::is_source` knows are searched, and only for literal
//! names. Shell scripts belong to `started`.

use crate::context::is_source;
use crate::facts::execution::normalized;
use crate::facts::{Facts, paths};
use crate::syntax::{Body, Instruction};

impl Facts<'_> {
    /// The path of the first source that the image may contain and whose text fulfils a condition.
    /// `None` if the build context is unknown, too.
    pub(crate) fn source_that(&self, fulfils: impl Fn(&str) -> bool) -> Option<&str> {
        let context = self.context_source.context().ok()?;
        let mut sources =
            context.texts.iter().filter(|(path, _)| is_source(path) && context.sends_file(path));
        sources.find(|(path, text)| fulfils(text) && self.may_contain(path)).map(|(path, _)| path.as_str())
    }

    /// Whether an instruction may copy a file of the build context, or a container may mount it.
    fn may_contain(&self, path: &str) -> bool {
        let is_covered = |(item, instruction): (usize, &Instruction<'_>)| match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) if instruction.flag("from").is_none() => {
                transfer.sources.iter().any(|source| {
                    let known =
                        self.expanded(item, source).filter(|source| !source.contains(['*', '?', '[']));
                    known.and_then(|source| normalized(&source)).is_none_or(|source| {
                        let source = source.trim_matches('/');
                        source.is_empty() || paths::within(path, source)
                    })
                })
            }
            Body::Onbuild(..) => true,
            _ => false,
        };
        self.file.instructions().any(is_covered)
            || self.context_source.services().iter().any(|service| service.has_volumes)
    }

    /// The variables that ENV sets to a directory, or to one above it.
    pub(crate) fn variables_for<'f>(&'f self, directory: &'f str) -> impl Iterator<Item = &'f str> {
        let is_above = |value: &str| {
            let value = value.trim_matches(['"', '\'']).trim_end_matches('/');
            value.len() > 1 && paths::within(directory, value)
        };
        let set = self.file.instructions().filter_map(|(_, instruction)| match &instruction.body {
            Body::Env(all) => Some(all),
            _ => None,
        });
        set.flatten()
            .filter(move |assignment| assignment.value.as_deref().is_some_and(is_above))
            .map(|assignment| assignment.key.as_str())
    }
}

/// Whether a text names a directory itself, or everything in it: not only paths further down.
pub(crate) fn names_directory(text: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    let is_of_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    !directory.is_empty()
        && text.match_indices(directory).any(|(at, _)| {
            let after = &text[at + directory.len()..];
            let after = after.strip_prefix('/').unwrap_or(after);
            !text[..at].ends_with(is_of_path) && !after.starts_with(is_of_path)
        })
}

/// Whether a text has a variable's name as a word.
pub(crate) fn names_variable(text: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_of_name) && !text[at + name.len()..].starts_with(is_of_name))
}

/// Whether a text has a string that starts with a program: `["apt-get", "install"]`, `"sudo apt-get …"`.
pub(crate) fn calls(text: &str, program: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    text.match_indices(program).any(|(at, _)| {
        let before = text[..at].strip_suffix("sudo ").unwrap_or(&text[..at]);
        let before = before.strip_suffix("/usr/bin/").unwrap_or(before);
        before.ends_with(['"', '\'', '`']) && !text[at + program.len()..].starts_with(is_of_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_named_by_itself_or_with_a_pattern() {
        for text in ["glob('/m/*.gz')", "open(\"/m/\" + name)", "/m", "MODELS=/m;", "`/m/${x}`"] {
            assert!(names_directory(text, "/m/"), "{text}");
        }
        for text in ["/m/x", "/a/m", "/mm", "./m"] {
            assert!(!names_directory(text, "/m"), "{text}");
        }
        assert!(!names_directory("/ x", "/"));
    }

    #[test]
    fn programs_are_called_at_the_start_of_strings() {
        for text in
            ["run(['apt-get', 'install'])", "system(\"sudo apt-get install x\")", "`/usr/bin/apt-get`"]
        {
            assert!(calls(text, "apt-get"), "{text}");
        }
        for text in ["# apt-get install x", "'apt-get-x'", "print('please apt-get install')"] {
            assert!(!calls(text, "apt-get"), "{text}");
        }
    }

    #[test]
    fn variables_are_words() {
        assert!(names_variable("os.environ['MODELS']", "MODELS") && !names_variable("MODELS_2", "MODELS"));
    }
}

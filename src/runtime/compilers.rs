//! Whether the application compiles something while it runs.
//!
//! Files that only serve the build, such as `setup.py`, are not asked: what they compile is compiled
//! when the image is built.

use crate::facts::Facts;
use crate::knowledge::lists::programs::{CALLS_OF_SOURCES, COMPILERS_IN_SCRIPTS, COMPILING_AT_RUN_TIME};
use crate::reasons::{self, Reason};
use crate::runtime::development::why_tools_stay;
use crate::syntax::shell::base_name;

/// Why the compilers in the image may be needed while it runs.
pub(crate) fn why_they_stay(facts: &Facts<'_>) -> Option<Reason> {
    let by_a_file = || called(facts).map(|(path, compiler)| reasons::script_calls_compiler(path, compiler));
    why_tools_stay(facts).or_else(by_a_file)
}

/// A file that calls a compiler or a library that does, and what it calls.
fn called<'f>(facts: &'f Facts<'_>) -> Option<(&'f str, &'static str)> {
    let context = facts.context_source.context().ok()?;
    let sent = context.texts.iter().filter(|(path, _)| context.sends_file(path));
    sent.filter(|(path, _)| !is_for_the_build(path)).find_map(|(path, text)| {
        let found = if path.ends_with(".sh") { in_script(text) } else { in_source(path, text) };
        Some((path.as_str(), found?))
    })
}

fn is_for_the_build(path: &str) -> bool {
    let name = base_name(path);
    let is_dockerfile = name.to_ascii_lowercase().contains("dockerfile");
    is_dockerfile || matches!(name, "setup.py" | "setup.cfg" | "pyproject.toml" | "conftest.py")
}

fn in_script(text: &str) -> Option<&'static str> {
    let has = |name: &str| {
        text.split(|c: char| c.is_whitespace() || ";|&()'\"".contains(c)).any(|word| word == name)
    };
    COMPILERS_IN_SCRIPTS.iter().find(|name| has(name)).copied()
}

/// A library that compiles, or the name of a compiler that begins a quoted text in a source that
/// starts processes.
fn in_source(path: &str, text: &str) -> Option<&'static str> {
    if ![".py", ".rb", ".js", ".ts", ".pl", ".R"].iter().any(|ending| path.ends_with(ending)) {
        return None;
    }
    let starts = CALLS_OF_SOURCES.iter().any(|call| text.contains(call));
    let is_quoted = |name: &str| {
        // `cc` is also a header of mails, and `make` an ordinary word.
        let is_plain = !matches!(name, "cc" | "make");
        let begins = |part: &str| part.split(char::is_whitespace).next() == Some(name);
        is_plain && text.split(['"', '\'', '`']).skip(1).step_by(2).any(begins)
    };
    COMPILING_AT_RUN_TIME
        .iter()
        .find(|call| text.contains(**call))
        .or_else(|| COMPILERS_IN_SCRIPTS.iter().filter(|_| starts).find(|name| is_quoted(name)))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_compile_are_found() {
        for (path, text, expected) in [
            ("a.py", "from setuptools._distutils.ccompiler import new_compiler", Some("new_compiler")),
            ("a.py", "import subprocess\nsubprocess.run(['gcc', 'x.c'])", Some("gcc")),
            ("a.py", "headers = {'gcc': 1}", None),
            ("a.py", "import subprocess\nmail['cc'] = 'x'", None),
            ("a.md", "new_compiler", None),
        ] {
            assert_eq!(in_source(path, text), expected, "{path}: {text}");
        }
        assert_eq!(in_script("#!/bin/sh\ng++ a.cc"), Some("g++"));
    }
}

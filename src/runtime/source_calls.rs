//! The programs that the text of a source calls: the commands in its strings, and functions of libraries
//! that are named like programs.
//!
//! It is not decided whether a string is a command: in doubt, an unnecessary package is added.

use crate::syntax::shell::base_name;

/// Words before the name of a program in a command.
const PREFIXES: [&str; 14] = [
    "!", "command", "do", "else", "env", "exec", "if", "nice", "nohup", "sudo", "then", "time", "until",
    "while",
];

/// The names of programs that a source may call.
pub(super) fn programs_in(source: &str) -> impl Iterator<Item = &str> {
    // Quotes in comments may make strings of what is between strings.
    let first_words =
        source.split(['"', '\'', '`']).filter_map(|part| part.split(char::is_whitespace).next());
    first_words.chain(strings(source).flat_map(commands)).chain(functions(source))
}

/// The programs of a command, or of several.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let lists = text.split([';', '|', '&', '\n', '`']).flat_map(|part| part.split("\\n"));
    lists.flat_map(|part| part.split("$(")).filter_map(|part| {
        let is_prefix = |word: &&str| {
            let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
            PREFIXES.contains(word) || word.starts_with('-') || is_assignment
        };
        let word = part.split_whitespace().find(|word| !is_prefix(word))?;
        let is_program = word.starts_with('/') && word.contains("bin/");
        Some(if is_program { base_name(word) } else { word })
    })
}

/// The texts between quotes. One quote ends on its line; three, and backticks, may end on a later one.
fn strings(source: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + source[at..].find(['"', '\'', '`'])?;
            let quote = &source[start..=start];
            let triple = quote.repeat(3);
            let is_triple = source[start..].starts_with(&triple);
            let mark = if is_triple { triple.as_str() } else { quote };
            let inner = start + mark.len();
            let rest = &source[inner..];
            let line = if is_triple || quote == "`" { rest } else { rest.split('\n').next().unwrap_or(rest) };
            match end_of(line, mark) {
                Some(end) => {
                    at = inner + end + mark.len();
                    return Some(&rest[..end]);
                }
                None => at = inner,
            }
        }
    })
}

/// Where a mark is that no backslash precedes.
fn end_of(text: &str, mark: &str) -> Option<usize> {
    let is_escaped = |at: usize| text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    text.match_indices(mark).map(|(at, _)| at).find(|at| !is_escaped(*at))
}

/// The functions that Python's `sh` and `plumbum` have for programs. (sh.readthedocs.io, "Usage";
/// plumbum.readthedocs.io, "Local Commands".)
fn functions(source: &str) -> impl Iterator<Item = &str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let imported = source.lines().flat_map(|line| {
        let line = line.trim_start();
        let names =
            line.strip_prefix("from sh import").or_else(|| line.strip_prefix("from plumbum.cmd import"));
        names.unwrap_or_default().split([',', ' ', '(', ')'])
    });
    let uses_sh = source.lines().any(|line| line.trim() == "import sh");
    let called = source.match_indices("sh.").filter(move |_| uses_sh).filter_map(move |(at, _)| {
        let name = &source[at + 3..];
        let name = &name[..name.find(|c| !is_of_name(c)).unwrap_or(name.len())];
        (!source[..at].ends_with(|c| is_of_name(c) || c == '.')).then_some(name)
    });
    imported.chain(called)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_commands_are_found() {
        for source in [
            "run(['git', 'log'])",
            "system(\"cd x && git pull\")",
            "os.system('LANG=C git log')",
            "run(\"mkdir -p o; git x\", shell=True)",
            "run(['bash', '-c', \"cat a | git apply\"])",
            "run('if ! git status; then exit 1; fi')",
            "run(\"\"\"\n  set -e\n  git pull\n\"\"\")",
            "$`git pull`",
            "exec.Command(\"/usr/bin/git\")",
            "sh.git('log')\nimport sh\n",
            "from plumbum.cmd import ls, git",
            "run(\"a \\\"b\\\" && git x\")",
            "# don't\nrun('x; git y')",
        ] {
            assert!(programs_in(source).any(|program| program == "git"), "{source}");
        }
        for source in ["convert(git(x))", "'please use git'", "\"a/git\"", "other.sh.git()\nimport sh\n"] {
            assert!(!programs_in(source).any(|program| program == "git"), "{source}");
        }
    }
}

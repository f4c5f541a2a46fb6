//! The language of the project: phrases that are no idiomatic English, with what to write instead.
//!
//! The list contains the phrases that we got wrong most often; CONTRIBUTING.md has the rules. In
//! Rust files, phrases are searched in comments and string literals only, and names that say
//! nothing (`one`) in the code.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::{Regex, RegexBuilder};

/// The files and folders that are checked.
const CHECKED: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    ".ci/run",
    ".github/ISSUE_TEMPLATE",
    ".pre-commit-hooks.yaml",
    "Dockerfile",
    "action.sh",
    "action.yml",
    "benches",
    "build.rs",
    "crates",
    "docs",
    "knowledge",
    "packaging",
    "schemas",
    "src",
    "tests",
    "transforms",
];

/// Each phrase as a regular expression, in which a blank matches any white space, and what to write
/// instead.
const PHRASES: &[(&str, &str)] = &[
    (r"\ball that (?:is|was|are|were|it|its|they|the|a|only|runs?)\b", "everything that"),
    (r"\band (?:its|their) (?:kin|like)\b|\bof its kind\b", "and similar"),
    (r"\banew\b", "again"),
    (r"\bas (?:it|they) (?:went in|came out|stands?)\b", "original, result"),
    (r"\bas a rule\b", "usually"),
    (r"\bat hand\b", "available"),
    (r"\bbehind\b", "after"),
    (r"\bbeside\b", "next to, with"),
    (r"\bcan go\b", "can be removed"),
    (r"\bcan(?:'t|not) be told\b", "is unknown, can't be determined"),
    (r"\bcomes? to (?:stand|lie|rest)\b", "is, becomes stable"),
    (r"\bgo(?:es)? (?:with it|as it is)\b", "is removed too, is copied unchanged"),
    (r"\b(?:hands?|handed) on\b", "pass"),
    (r"\b(?:hold|holds|held) against\b", "check against, compare with"),
    (r"\bhow to say no\b|\bsay(?:s|ing)? no\b", "opt out, suppress"),
    (r"\bin the way\b", "can be removed, wasted, prevents"),
    (
        r"(?:\b(?:it|one|that|this|which)|[`}]) is no (?:cache|command|directory|document|file|layout|list|mount|name|package|part|path|reason|report|revision|script|stage|transform)\b",
        "is not a",
    ),
    (r"\b(?:keep|keeps|kept|stay|stays) (?:apart|one)\b", "not merged, not split"),
    (r"\blean(?:s|ed|ing)? on\b", "depend on, use, read"),
    (r"\blets? one layer hold\b", "combine into one layer"),
    (r"\blies\b|\blying\b|\blie (?:at|below|in|on|right|there|under|where)\b", "is"),
    (r"\blook(?:s|ed)? through\b", "read, search"),
    (r"\bneedless\b", "unnecessary"),
    (r"\bpackages for development\b", "dev dependencies"),
    (r"\bpeople work\b", "integrations"),
    (r"\bput the fetching\b", "run `apt-get update` in the same RUN as the install"),
    (r"\bsees? to it\b", "make sure"),
    (r"\bsilent when\b", "when it does nothing"),
    (r"\b(?:some|no)body\b|\bwho(?:so)?ever\b", "the user, no instruction; name the actor"),
    (r"\bspeaks? (?:for|of|to|up)\b", "mention, be meant for, propose"),
    (
        r"\b(?:stand|stands|stood|standing) (?:above|after|against|alone|at|before|below|between|elsewhere|for|in|on|right|there|under|where|with)\b|\bwhat stands\b",
        "is, prevents",
    ),
    (
        r"\b(?:give|gives|given|giving|take|takes|taken|taking|took) away\b",
        "remove, be removed, change owner",
    ),
    (r"\b(?:take|takes|taken|took) apart\b", "split"),
    (r"\b(?:take|takes|taken|took|bring|brings|brought|come|comes) along\b", "copy, include"),
    (r"\bthe image that runs\b", "the final image"),
    (r"\btold off\b|\btells? off\b", "suppressed, excluded"),
    (r"\buser(?:'s)? number\b|\bnumber of the user\b", "UID"),
    (r"\bwhat (?:became|becomes) of\b", "what happened to"),
    (r"\bwhere (?:it|its) .{1,40} is can't\b", "is unknown"),
    (r"\bwhich build this is\b", "build metadata"),
];

/// A phrase that is right in one file: the file, the matched text in lower case, and the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("benches/judge/verdict.py", "nobody", "the name of a user"),
    ("CHANGELOG.md", "silent when", "the old name of a section, which the entry replaces"),
    ("tests/cli.rs", "nobody", "the name of a user"),
    ("tests/differential/grammar/stages.rs", "nobody", "the name of a user"),
    ("tests/differential/images.rs", "nobody", "the name of a user"),
    ("tests/prove.rs", "nobody", "the name of a user"),
    ("transforms/split_stages/distroless.rs", "nobody", "the name of a user"),
];

/// Names in code that say nothing about what they name.
const NAMES: &[&str] = &[
    r"\bone\b",
    r"\b(?:enum|struct|trait|type) (?:Fate|Held|Lean|Look|Looked|Made|Own|Way)\b",
    r"\bfn is_it\b",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.ends_with("fixtures") || path.ends_with("tests/words.rs") {
        // Fixtures are other people's files, and this file contains the phrases.
    } else if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable directory");
        entries.for_each(|entry| files(&entry.expect("a readable entry").path(), found));
    } else if path.extension().is_none_or(|end| ["html", "gz", "png"].iter().all(|other| end != *other)) {
        found.push(path.to_owned());
    }
}

/// Prose of the same length and with the same line breaks as a file. A control character replaces
/// each character of code, so a phrase matches only within one comment or string.
fn prose(path: &Path, text: &str) -> String {
    if path.extension().is_some_and(|extension| extension == "rs") {
        return rust_prose(text);
    }
    let mut prose = String::new();
    for line in text.split_inclusive('\n') {
        let start = line.len() - line.trim_start().len();
        let marks = line[start..].chars().take_while(|mark| matches!(mark, '#' | '>' | '-')).count();
        prose += &" ".repeat(start + marks);
        prose += &line[start + marks..];
    }
    prose
}

fn rust_prose(text: &str) -> String {
    const CODE: char = '\u{1}';
    let mut prose = String::new();
    let mut rest = text;
    let mut is_after_word = false;
    let code = |prose: &mut String, part: &str| {
        prose.extend(part.chars().flat_map(|character| {
            let shown = if character.is_whitespace() { character } else { CODE };
            std::iter::repeat_n(shown, if character.is_whitespace() { 1 } else { character.len_utf8() })
        }));
    };
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').filter(|_| !is_after_word).unwrap_or_default();
        let hashes = raw.chars().take_while(|mark| *mark == '#').count();
        let is_raw = raw[hashes..].starts_with('"');
        let length = if rest.starts_with("//") {
            let comment = &rest[..rest.find('\n').unwrap_or(rest.len())];
            let marks = comment.chars().take_while(|mark| matches!(mark, '/' | '!')).count();
            prose += &" ".repeat(marks);
            prose += &comment[marks..];
            comment.len()
        } else if is_raw {
            let open = hashes + 2;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = rest[open..].find(&close).map_or(rest.len(), |end| open + end);
            let all = (end + close.len()).min(rest.len());
            code(&mut prose, &rest[..open]);
            prose += &rest[open..end];
            code(&mut prose, &rest[end..all]);
            all
        } else if first == '"' {
            code(&mut prose, &rest[..1]);
            let mut characters = rest[1..].char_indices();
            let mut length = rest.len();
            while let Some((at, character)) = characters.next() {
                match character {
                    '"' => {
                        code(&mut prose, "\"");
                        length = at + 2;
                        break;
                    }
                    '\\' => {
                        let escaped = characters.next().map_or(' ', |(_, escaped)| escaped);
                        prose.push(' ');
                        prose.push(if escaped == '\n' { '\n' } else { ' ' });
                        prose += &" ".repeat(escaped.len_utf8() - 1);
                    }
                    other => prose.push(other),
                }
            }
            length
        } else {
            // A quote or a slash in a character literal starts neither a string nor a comment.
            let literal =
                ["'\"'", "'\\\"'", "'/'", "'\\''"].iter().find(|literal| rest.starts_with(**literal));
            let length = literal.map_or(first.len_utf8(), |literal| literal.len());
            code(&mut prose, &rest[..length]);
            length
        };
        is_after_word = first.is_alphanumeric() || first == '_';
        rest = &rest[length..];
    }
    prose
}

/// The code of a Rust file, with blanks instead of its comments and of the text in its strings.
fn rust_code(text: &str) -> String {
    let prose = rust_prose(text);
    let is_code = |at: usize| prose[at..].starts_with('\u{1}');
    let shown = |(at, character): (usize, char)| {
        let is_shown = character.is_whitespace() || is_code(at);
        if is_shown { character } else { ' ' }
    };
    text.char_indices().map(shown).collect()
}

fn phrases() -> Vec<(Regex, &'static str)> {
    let regex = |pattern: &str| {
        let pattern = pattern.replace(' ', r"\s+");
        RegexBuilder::new(&pattern).case_insensitive(true).build().expect("a regular expression")
    };
    PHRASES.iter().map(|(pattern, instead)| (regex(pattern), *instead)).collect()
}

/// The findings in one file: `file:line: phrase: what to write instead`.
fn findings(name: &str, prose: &str, phrases: &[(Regex, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (phrase, instead) in phrases {
        for hit in phrase.find_iter(prose) {
            let words = hit.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
            let is_right =
                EXCEPTIONS.iter().any(|(file, right, _)| *file == name && words.eq_ignore_ascii_case(right));
            if !is_right {
                let line = prose[..hit.start()].matches('\n').count() + 1;
                found.push(format!("{name}:{line}: `{words}`; write: {instead}"));
            }
        }
    }
    found
}

#[test]
fn prose_is_plain_english() {
    let phrases = phrases();
    let mut all = Vec::new();
    for path in CHECKED {
        files(&root().join(path), &mut all);
    }
    all.sort();
    let mut found = Vec::new();
    for path in all {
        let text = fs::read_to_string(&path).expect("a readable text file");
        let name =
            path.strip_prefix(root()).expect("within the project").to_string_lossy().replace('\\', "/");
        found.extend(findings(&name, &prose(&path, &text), &phrases));
    }
    assert!(found.is_empty(), "{} phrases to replace:\n{}", found.len(), found.join("\n"));
}

#[test]
fn names_say_what_they_name() {
    let names: Vec<Regex> =
        NAMES.iter().map(|pattern| Regex::new(pattern).expect("a regular expression")).collect();
    let mut all = Vec::new();
    for path in CHECKED {
        files(&root().join(path), &mut all);
    }
    let mut found = Vec::new();
    for path in all.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(path).expect("a readable text file");
        let code = rust_code(&text);
        for (line, code) in code.lines().enumerate() {
            for hit in names.iter().filter_map(|name| name.find(code)) {
                found.push(format!("{}:{}: `{}`", path.display(), line + 1, hit.as_str()));
            }
        }
    }
    assert!(found.is_empty(), "{} names to replace:\n{}", found.len(), found.join("\n"));
}

#[test]
fn names_are_found_in_code_only() {
    let source =
        "let c = '\"'; // one\nlet text = \"é one\"; let raw = r#\"a \"one\" b\"#;\n|(_, one)| one.é\n";
    let code = rust_code(source);
    let lines: Vec<_> = code.lines().map(|line| line.matches("one").count()).collect();
    assert_eq!(lines, [0, 0, 2]);
}

#[test]
fn every_exception_is_used() {
    for (file, right, reason) in EXCEPTIONS {
        let path = root().join(file);
        let text = fs::read_to_string(&path).expect("a readable text file");
        let words = prose(&path, &text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.to_lowercase().contains(right), "{file}: no `{right}` ({reason})");
    }
}

#[test]
fn phrases_are_found_in_comments_and_strings_only() {
    let source = "\
let behind = '\"'; // The rest stands
                   // in the file.
let text = \"can't be told\\nanew\"; let raw = r#\"a \"told off\" b\"#;
fn leans<'a>(anew: &'a str) {}
";
    let found = findings("a.rs", &rust_prose(source), &phrases());
    let mut found: Vec<&str> = found.iter().map(|line| line.split(';').next().unwrap_or_default()).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        ["a.rs:1: `stands in`", "a.rs:3: `anew`", "a.rs:3: `can't be told`", "a.rs:3: `told off`"]
    );
    assert_eq!(rust_prose(source).len(), source.len());
}

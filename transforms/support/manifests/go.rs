//! Go: go.mod by its own grammar. (go.dev/ref/mod, "go.mod files", Lexical elements and Grammar.)

use super::{InstallCall, Project};
use crate::knowledge::Confidence;
use crate::knowledge::languages::go::HARMLESS_DIRECTIVES;
use crate::reasons::{self, Reason};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let manifest = install.path("go.mod");
    let mut release = None;
    let mut requires = false;
    for (verb, words) in directives(install.text("go.mod")?) {
        match verb.as_str() {
            "replace" => {
                let target = words.iter().skip_while(|word| *word != "=>").nth(1);
                let target = target.ok_or_else(|| reasons::unreadable_replace(&manifest))?;
                if target.starts_with("./")
                    || target.starts_with("../")
                    || target.starts_with('/')
                    || target == "."
                    || target == ".."
                {
                    return Err(reasons::local_module());
                }
            }
            "go" => release = words.first().cloned(),
            "require" => requires = true,
            directive if HARMLESS_DIRECTIVES.contains(&directive) => {}
            other => return Err(reasons::unknown_directive(&manifest, other)),
        }
    }
    // Another checkout may have a go.sum; without dependencies there is none.
    let minor =
        release.and_then(|release| release.strip_prefix("1.")?.split('.').next()?.parse::<u32>().ok());
    // Before Go 1.18, `go mod download` wrote to go.sum. (Go 1.18 release notes, "Go command".)
    if minor.is_none_or(|minor| minor < 18) || requires && !install.has("go.sum") {
        project.confidence = Confidence::Unsafe;
    }
    if install.above().any(|folder| install.context.sends_file(&super::join(folder, "go.work"))) {
        return Err(reasons::go_work());
    }
    Ok(())
}

/// The directives with their words. A block counts as one directive per line.
fn directives(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let mut words = words(line);
        match (&block, words.first().map(String::as_str)) {
            (_, None) => {}
            (Some(_), Some(")")) => block = None,
            (Some(verb), Some(_)) => found.push((verb.clone(), words)),
            (None, Some(_)) => {
                let verb = words.remove(0);
                if words.first().is_some_and(|word| word == "(") {
                    block = Some(verb);
                } else {
                    found.push((verb, words));
                }
            }
        }
    }
    found
}

/// The words of a line, without quotes and comments; brackets are words of their own.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            break;
        }
        let (word, after) = match first {
            '"' | '`' => rest[1..].split_once(first).unwrap_or((&rest[1..], "")),
            '(' | ')' => rest.split_at(1),
            _ => rest.split_at(
                rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len()),
            ),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_lines_are_the_same() {
        let text = "module x // y\n\nreplace (\n\ta => ../a\n\t\"b\" v1 => c v2 // z\n)\ngo 1.22\nretract [v1.0.0, v1.1.0]\n";
        let found = directives(text);
        let shown: Vec<String> =
            found.iter().map(|(verb, words)| format!("{verb} {}", words.join(" "))).collect();
        assert_eq!(
            shown,
            ["module x", "replace a => ../a", "replace b v1 => c v2", "go 1.22", "retract [v1.0.0, v1.1.0]"]
        );
    }
}

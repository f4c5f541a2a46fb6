//! Paths of the build context that an install creates: a later copy must not overwrite them with
//! files of the host.
//!
//! One checkout has a `node_modules` and another has not; only an entry of the ignore file makes
//! the builds of both the same. This module finds the missing entries, and whether they can be
//! added. The rest of the file is unchanged.

use std::collections::BTreeSet;

use crate::context::{BuildContext, ContextSource, Ignore};
use crate::facts::{Base, Facts, Invocation, RunFacts, paths};
use crate::knowledge::lists::files::CREATED_BY_INSTALLS;
use crate::knowledge::{Kind, Program};
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Dockerfile, Item};
use crate::transforms::support::context_paths::{Access, accesses};

/// The text of an ignore file that excludes all these paths, or `None` if it does already. The
/// error says why they can't be excluded, and completes the clause "because …".
pub fn reserve(
    facts: &Facts<'_>,
    made: &BTreeSet<String>,
    context: &BuildContext,
    context_source: &dyn ContextSource,
) -> Result<Option<String>, Reason> {
    let old = context.ignore_text.as_deref().unwrap_or_default();
    let missing: Vec<&str> = made.iter().map(String::as_str).filter(|path| !is_excluded(old, path)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    for path in &missing {
        may_be_excluded(facts, path, context, context_source)?;
    }
    let whole = |text: &String| {
        let after = context.with_ignore(text);
        let is_ours = |path: &str| missing.iter().any(|own| paths::within(path, own));
        let mut moved = context
            .entries
            .iter()
            .filter(|entry| context.ignore.excludes(&entry.path) != after.ignore.excludes(&entry.path));
        missing.iter().all(|path| is_excluded(text, path)) && moved.all(|entry| is_ours(&entry.path))
    };
    let short = with_patterns(old, &patterns(old, &missing));
    let exact = with_patterns(old, &missing.iter().map(|path| (*path).to_owned()).collect());
    let text = [short, exact].into_iter().find(whole);
    let named = quoted(&missing);
    match text {
        Some(_) if !context_source.can_write_ignore_file() => {
            Err(reasons::host_files(&named, &context.ignore_path))
        }
        Some(text) => Ok(Some(text)),
        None => Err(reasons::excludes_too_much(&context.ignore_path, &named)),
    }
}

/// The reason why a path can't be excluded from the context.
fn may_be_excluded(
    facts: &Facts<'_>,
    path: &str,
    context: &BuildContext,
    context_source: &dyn ContextSource,
) -> Result<(), Reason> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '@' | '+');
    if !path.chars().all(is_plain) {
        return Err(reasons::unusual_name(path, &context.ignore_path));
    }
    if is_asked_for(context.ignore_text.as_deref().unwrap_or_default(), path) {
        return Err(reasons::included_again(&context.ignore_path, path));
    }
    // If it is unknown which files are tracked, files that an install creates count as untracked.
    if context.sends(path) && context.is_tracked(path) == Some(true) {
        return Err(reasons::under_version_control(path));
    }
    needs_nothing_of(facts, path, context, "this Dockerfile")?;
    let own = context_source.dockerfile();
    for (name, text) in context.other_dockerfiles(own) {
        needs_nothing_of(&Facts::of(&Dockerfile::parse(text), facts.known), path, context, name)?;
    }
    Ok(())
}

/// Whether every copy of a Dockerfile that copies a path is in a stage that creates the path again.
fn needs_nothing_of(facts: &Facts<'_>, path: &str, context: &BuildContext, file: &str) -> Result<(), Reason> {
    let name = path.rsplit('/').next().unwrap_or(path);
    for (item, instruction, access) in accesses(facts, context, path) {
        let is_made = || is_made_in_stage_of(facts, item, name);
        let is_read = match access {
            Access::Named => return Err(reasons::copied_from_context(file, path)),
            Access::Copied(place) => !is_made() && !is_unread(facts, item, &place),
            Access::Unknown { may_contain } => may_contain && !is_made(),
            Access::Mounted if instruction.full.of(facts.file.text).contains(name) => {
                return Err(reasons::mounted_from_context(file, name));
            }
            Access::Mounted | Access::Later => false,
        };
        if is_read {
            return Err(reasons::may_be_copied_from_context(file, path));
        }
    }
    Ok(())
}

/// Whether no command can read a path that a copy adds: its stage only compiles something else, and
/// passes none of it to another stage.
fn is_unread(facts: &Facts<'_>, item: usize, place: &str) -> bool {
    let Some(stage) = facts.stage_at(item) else { return false };
    let name = place.rsplit('/').next().unwrap_or(place);
    let gives = facts.copies.iter().filter(|copied| copied.source == stage.index).any(|copied| {
        copied.path.as_deref().is_none_or(|path| paths::within(place, path.trim_end_matches('/')))
    });
    let is_base = facts.stages.iter().any(|other| other.base == Base::Stage(stage.index));
    let looks = |run: &RunFacts<'_>| {
        let is_known = |index: usize, invocation: &Invocation<'_>| {
            let call = run.calls.iter().find(|call| call.invocation == index);
            let program = invocation.program.and_then(|program| facts.known.program(program));
            call.is_some_and(|call| call.manager.kind != Kind::Language)
                || matches!(program, Some(Program::Cheap | Program::Ordinary))
        };
        run.script().is_none()
            || run.instruction.full.of(facts.file.text).contains(name)
            || !run.invocations.iter().enumerate().all(|(index, invocation)| is_known(index, invocation))
    };
    let mut runs = facts.runs_of(stage.index).iter().filter(|run| run.item > item);
    !stage.ships && !gives && !is_base && !runs.any(looks)
}

/// Whether a stage creates a path of this name by an install, or copies it from another stage.
fn is_made_in_stage_of(facts: &Facts<'_>, item: usize, name: &str) -> bool {
    let Some(stage) = facts.stage_at(item) else { return false };
    let installs = facts.runs_of(stage.index).iter().any(|run| {
        run.calls.iter().any(|call| {
            call.manager.project.as_ref().is_some_and(|known| {
                let mut makes = known.makes.iter().chain(&known.may_make);
                let makes = makes.any(|made| made.rsplit('/').next() == Some(name));
                makes && known.verbs.contains(&call.verb)
            })
        })
    });
    installs
        || stage.items.clone().any(|item| match &facts.file.items[item] {
            Item::Instruction(instruction) => match &instruction.body {
                Body::Copy(transfer) => {
                    let ends = |source: &String| source.trim_end_matches('/').ends_with(name);
                    instruction.flag("from").is_some() && transfer.sources.iter().any(ends)
                }
                _ => false,
            },
            _ => false,
        })
}

/// Whether the text of an ignore file excludes a path with any contents.
fn is_excluded(text: &str, path: &str) -> bool {
    let mut excluded = false;
    for line in lines(text) {
        match line.strip_prefix('!') {
            Some(pattern) => excluded = excluded && !may_match_within(pattern, path),
            None => excluded = excluded || Ignore::parse(line).excludes(path),
        }
    }
    excluded
}

/// Whether a line with `!` names the path itself, or something in it.
fn is_asked_for(text: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    lines(text)
        .filter_map(|line| line.strip_prefix('!'))
        .any(|pattern| pattern.split('/').any(|part| part == name) && may_match_within(pattern, path))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_start_matches('\u{feff}');
    text.lines().filter(|line| !line.starts_with('#')).map(str::trim).filter(|line| !line.is_empty())
}

/// Whether a pattern may match the path, a parent directory, or something in it.
fn may_match_within(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim().trim_start_matches('/').trim_start_matches("./");
    if Ignore::parse(pattern).excludes(path) {
        return true;
    }
    let mut own = path.split('/');
    for part in pattern.split('/') {
        let Some(named) = own.next() else { return true };
        if part.contains("**") || part.contains('\\') || part == ".." {
            return true;
        }
        if part != named && !Ignore::parse(part).excludes(named) {
            return false;
        }
    }
    own.next().is_none()
}

/// The patterns for some paths, in the author's style: `**/name` if there are several, or if the
/// file has similar ones.
fn patterns(old: &str, missing: &[&str]) -> BTreeSet<String> {
    let prefers_anywhere = lines(old).any(|line| line.starts_with("**/"));
    let of = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let count = missing.iter().filter(|other| other.rsplit('/').next() == Some(name)).count();
        if CREATED_BY_INSTALLS.contains(&name) && (prefers_anywhere || count > 1) {
            format!("**/{name}")
        } else {
            (*path).to_owned()
        }
    };
    missing.iter().map(of).collect()
}

/// The text with patterns added at its end, with the text's own line breaks.
fn with_patterns(old: &str, patterns: &BTreeSet<String>) -> String {
    let line_break = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = old.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_break);
    }
    for pattern in patterns {
        text.push_str(pattern);
        text.push_str(line_break);
    }
    text
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_exceptions_count() {
        for (text, path, expected) in [
            ("node_modules\n", "node_modules", true),
            ("node_modules\n", "client/node_modules", false),
            ("**/node_modules\n", "client/node_modules", true),
            ("client\n", "client/node_modules", true),
            ("node_modules/*\n", "node_modules", false),
            ("*\n!src\n!package.json\n", "node_modules", true),
            ("*\n!client\n", "client/node_modules", false),
            ("node_modules\n!**/*.md\n", "node_modules", false),
            ("node_modules\n!*.md\n", "node_modules", true),
            ("!**/*.md\nnode_modules\n", "node_modules", true),
            ("node_modules\n!node_modules/keep\n", "node_modules", false),
            ("node_modules\n!*/keep\n", "node_modules", false),
        ] {
            assert_eq!(is_excluded(text, path), expected, "{text:?} and {path}");
        }
        assert!(is_asked_for("!node_modules/own\n", "node_modules"));
        assert!(!is_asked_for("!client\n", "client/node_modules"));
    }

    #[test]
    fn patterns_take_the_style_of_the_file() {
        let of = |old: &str, paths: &[&str]| with_patterns(old, &patterns(old, paths));
        assert_eq!(of("", &["client/node_modules"]), "client/node_modules\n");
        assert_eq!(of("**/*.log", &["client/node_modules"]), "**/*.log\n**/node_modules\n");
        assert_eq!(
            of("a\r\n", &["node_modules", "b/node_modules", "vendor"]),
            "a\r\n**/node_modules\r\nvendor\r\n"
        );
    }
}

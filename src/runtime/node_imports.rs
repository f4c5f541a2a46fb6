//! The dev dependencies of a Node application that a file which ships names: in `require` or
//! `import`, or as any other text in quotes, such as `target: "pino-pretty"`.
//!
//! Tests, type imports and the configuration of tools that are dev dependencies themselves don't
//! count: nothing loads them in the running image.

use serde_json::Value;

use crate::context::is_settings;
use crate::knowledge::languages::node::{DIRECTORIES_OF_TESTS, READ_SOURCES, WORDS_OF_TOOL_FILES};
use crate::reasons::{self, Reason};
use crate::runtime::computed_imports::{NODE, loads_computed_name};
use crate::runtime::view::StageView;
use crate::runtime::{dev_files, node_peers, typescript_settings};
use crate::syntax::Body;

/// Checks that no file that ships names a dev dependency of a manifest, and that no check of a built
/// image has read one. The error names the package and the file.
pub(crate) fn names_no_dev_dependency(view: &StageView<'_, '_>, manifest: &Value) -> Result<(), Reason> {
    let Some(context) = view.context else { return Ok(()) };
    let Some(listed) = packages(manifest, "devDependencies") else { return Ok(()) };
    let own = |name: &&String| !name.starts_with("@types/") && !is_also_needed(manifest, name);
    let names: Vec<&str> = listed.keys().filter(own).map(String::as_str).collect();
    dev_files::node(view, &names)?;
    node_peers::names_no_peer(context, &names)?;
    typescript_settings::none_at_start(view, context, manifest, &names)?;
    if let Some((variable, name)) = names_in_environment(view, &names) {
        return Err(reasons::file_names_dev_dependency(&format!("the variable {variable}"), name));
    }
    let ships = |path: &str| is_run(path, manifest) && context.sends_file(path);
    for (path, text) in context.texts.iter().filter(|(path, _)| ships(path)) {
        if let Some(name) = names.iter().find(|name| mentions(text, name)) {
            return Err(reasons::file_names_dev_dependency(path, name));
        }
        if !names.is_empty() && loads_computed_name(text, NODE) {
            return Err(reasons::loads_computed_module(path));
        }
    }
    match context.unread_sources().find(|path| ships(path)) {
        Some(path) => Err(reasons::unreadable_file(path)),
        None => Ok(()),
    }
}

/// A variable of the file whose value is the name of a package, or of a file in it, and that package.
/// (Other tools separate the names in a list by blanks, commas or colons.)
pub(crate) fn names_in_environment<'n>(
    view: &StageView<'_, '_>,
    names: &[&'n str],
) -> Option<(String, &'n str)> {
    let instructions = view.facts.file.instructions();
    let assignments = instructions.flat_map(|(_, instruction)| match &instruction.body {
        Body::Env(all) | Body::Arg(all) => &all[..],
        _ => &[],
    });
    let is_named = |part: &str, name: &str| {
        part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    assignments.into_iter().find_map(|assignment| {
        let value = assignment.value.as_deref()?;
        let mut parts = value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '=' | '"' | '\''));
        let name = parts.find_map(|part| names.iter().find(|name| is_named(part, name)))?;
        Some((assignment.key.clone(), *name))
    })
}

fn packages<'m>(manifest: &'m Value, section: &str) -> Option<&'m serde_json::Map<String, Value>> {
    manifest.get(section)?.as_object()
}

/// Whether the manifest lists a package as needed in the running application as well.
fn is_also_needed(manifest: &Value, name: &str) -> bool {
    ["dependencies", "optionalDependencies"]
        .iter()
        .any(|section| packages(manifest, section).is_some_and(|all| all.contains_key(name)))
}

fn is_source(path: &str) -> bool {
    READ_SOURCES.iter().any(|ending| path.ends_with(ending))
}

/// Whether a path names a file that may be loaded in the running image, as opposed to a test or the
/// configuration of a tool.
fn is_run(path: &str, manifest: &Value) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_for_tests = folder.split('/').any(|part| DIRECTORIES_OF_TESTS.contains(&part))
        || WORDS_OF_TOOL_FILES.iter().any(|part| name.contains(part));
    (is_source(path) || is_settings(path))
        && !is_for_tests
        && !tool_of(name).is_some_and(|tool| is_for_development(tool, manifest))
}

/// The tool that reads a configuration file, by the file's name: `jest.config.js`, `.eslintrc.js`.
pub(super) fn tool_of(name: &str) -> Option<&str> {
    let name = name.strip_prefix('.').unwrap_or(name);
    let (start, _) = name.split_once('.')?;
    let is_named = [".config.", ".conf."].iter().any(|middle| name[start.len()..].starts_with(middle));
    if is_named { Some(start) } else { start.strip_suffix("rc") }.filter(|tool| !tool.is_empty())
}

/// Whether a tool belongs to the dev dependencies and to no other dependency.
fn is_for_development(tool: &str, manifest: &Value) -> bool {
    let has = |section: &str| {
        packages(manifest, section).is_some_and(|all| all.keys().any(|name| name.contains(tool)))
    };
    has("devDependencies") && !has("dependencies") && !has("optionalDependencies")
}

/// Whether a text has the name of a package, or of a file in it, in quotes, and not only as the
/// import of a type.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        if !before.ends_with(['"', '\'', '`']) || !after.starts_with(['"', '\'', '`', '/']) {
            return false;
        }
        let line = before.rsplit('\n').next().unwrap_or(before).trim_start();
        !line.starts_with("import type ") && !line.starts_with("export type ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_in_quotes() {
        for text in [
            "require('dotenv').config()",
            "import \"dotenv/config\"",
            "import x from 'dotenv';",
            "await import(`dotenv`)",
            "{ target: \"dotenv\" }",
        ] {
            assert!(mentions(text, "dotenv"), "{text}");
        }
        for text in ["import type { X } from 'dotenv'", "// dotenv", "require('dotenv-expand')"] {
            assert!(!mentions(text, "dotenv"), "{text}");
        }
    }

    #[test]
    fn the_configuration_of_a_tool_runs_where_the_tool_does() {
        let manifest = serde_json::json!({
            "dependencies": { "next": "15" },
            "devDependencies": { "vite": "5", "eslint": "9", "tailwindcss": "3", "@babel/core": "7" }
        });
        for path in ["src/server.ts", "index.js", "next.config.js", "src/config/database.config.js", "a.tsx"]
        {
            assert!(is_run(path, &manifest), "{path}");
        }
        for path in [
            "vite.config.ts",
            ".eslintrc.js",
            "tailwind.config.js",
            "babel.config.cjs",
            "src/a.test.js",
            "src/a.d.ts",
            "test/a.js",
            "packages/x/__tests__/a.ts",
            "README.md",
        ] {
            assert!(!is_run(path, &manifest), "{path}");
        }
    }
}

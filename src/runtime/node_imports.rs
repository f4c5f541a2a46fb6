//! The packages that the sources of a Node application load at run time.
//!
//! A name in `require` or `import` counts anywhere in a source, except in tool configuration and in
//! type imports.

use serde_json::Value;

use crate::knowledge::languages::node::WORDS_OF_TOOL_FILES;
use crate::runtime::view::StageView;

/// The first package from a section of package.json that a source in the build context loads.
pub(crate) fn imported<'m>(
    look: &StageView<'_, '_>,
    manifest: Option<&'m Value>,
    section: &str,
) -> Option<&'m str> {
    let (context, names) = (look.context?, manifest?.get(section)?.as_object()?);
    let sources = context.texts.iter().filter(|(path, _)| is_run(path) && context.sends_file(path));
    let sources: Vec<&str> = sources.map(|(_, text)| text.as_str()).collect();
    names.keys().map(String::as_str).find(|name| sources.iter().any(|text| loads(text, name)))
}

/// Whether a path names a source that runs, as opposed to a test or tool configuration.
fn is_run(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_script = [".js", ".mjs", ".cjs", ".ts"].iter().any(|ending| name.ends_with(ending));
    let is_for_tools = name.starts_with('.') || WORDS_OF_TOOL_FILES.iter().any(|part| name.contains(part));
    is_script && !is_for_tools
}

/// Whether a text has `require("name")`, `from "name"`, `import "name"` or `import("name")`, or the
/// same with a file of the package's.
fn loads(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let Some(before) = before.strip_suffix(['"', '\'', '`']) else { return false };
        let before = before.trim_end().trim_end_matches('(').trim_end();
        let line = before.rsplit('\n').next().unwrap_or(before).trim_start();
        let is_type = line.starts_with("import type ") || line.starts_with("export type ");
        let ends = |word: &str| before.ends_with(word);
        !is_type
            && (ends("require") || ends("from") || ends("import") || ends("resolve"))
            && after.starts_with(['"', '\'', '`', '/'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_differ_from_mentions() {
        for text in [
            "require('dotenv').config()",
            "import \"dotenv/config\"",
            "import x from 'dotenv';",
            "await import(`dotenv`)",
        ] {
            assert!(loads(text, "dotenv"), "{text}");
        }
        for text in
            ["import type { X } from 'dotenv'", "// dotenv", "require('dotenv-expand')", "log('dotenv')"]
        {
            assert!(!loads(text, "dotenv"), "{text}");
        }
    }

    #[test]
    fn configuration_of_tools_does_not_run() {
        assert!(is_run("src/server.ts") && is_run("index.js"));
        assert!(
            !is_run("vite.config.ts")
                && !is_run(".eslintrc.js")
                && !is_run("src/a.test.js")
                && !is_run("src/a.d.ts")
        );
    }
}

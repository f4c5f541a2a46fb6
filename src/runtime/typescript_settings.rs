//! Files in TypeScript that a started program loads itself: `knex migrate:latest` loads knexfile.ts
//! with ts-node, and `next start` loads next.config.ts with typescript. No command names that
//! package, which may be a dev dependency.

use serde_json::Value;

use crate::context::BuildContext;
use crate::knowledge::languages::node::{
    FILES_IN_TYPESCRIPT, SETTINGS_IN_TYPESCRIPT, TRANSLATORS_OF_TYPESCRIPT,
};
use crate::reasons::{self, Reason};
use crate::runtime::node_imports::tool_of;
use crate::runtime::node_start::Started;
use crate::runtime::view::StageView;
use crate::syntax::shell::base_name;

/// Checks that no started program loads a file in TypeScript with one of these dev dependencies.
pub(super) fn none_at_start(
    view: &StageView<'_, '_>,
    context: &BuildContext,
    manifest: &Value,
    names: &[&str],
) -> Result<(), Reason> {
    if !names.iter().any(|name| TRANSLATORS_OF_TYPESCRIPT.contains(name)) {
        return Ok(());
    }
    let started = Started::of(view, Some(manifest));
    for entry in context.sent().filter(|entry| is_typescript(&entry.path)) {
        let path = entry.path.as_str();
        let is_installed = path.split('/').any(|part| part == "node_modules");
        let Some(tool) = reader_of(base_name(path)).filter(|_| !is_installed) else {
            continue;
        };
        if started.commands().flatten().any(|word| base_name(word) == tool) {
            return Err(reasons::start_loads_typescript(&tool, path));
        }
    }
    // `typeorm migration:run -d src/data-source.ts`; Node itself needs no package for its sources.
    for words in started.commands() {
        let mut programs = words.iter().filter(|word| !word.contains('=') && *word != "exec");
        let Some(program) = programs.next().map(|word| base_name(word)).filter(|program| *program != "node")
        else {
            continue;
        };
        if let Some(file) = programs.find(|word| is_typescript(word)) {
            return Err(reasons::start_loads_typescript(program, file));
        }
    }
    Ok(())
}

fn is_typescript(path: &str) -> bool {
    FILES_IN_TYPESCRIPT.iter().any(|ending| path.ends_with(ending)) && !path.contains(".d.")
}

/// The program that loads a file with this name.
fn reader_of(name: &str) -> Option<String> {
    let (stem, _) = name.rsplit_once('.')?;
    let known = SETTINGS_IN_TYPESCRIPT.iter().find(|(file, _)| *file == stem);
    let tool = known.map(|(_, program)| *program).or_else(|| tool_of(name)).or(stem.strip_suffix("file"));
    tool.filter(|tool| !tool.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_files_of_their_name() {
        for (name, program) in [
            ("knexfile.ts", "knex"),
            ("next.config.ts", "next"),
            (".mocharc.ts", "mocha"),
            ("ormconfig.ts", "typeorm"),
            ("gatsby-config.ts", "gatsby"),
        ] {
            assert_eq!(reader_of(name).as_deref(), Some(program), "{name}");
        }
        assert_eq!(reader_of("index.ts"), None);
        assert!(is_typescript("a.mts") && !is_typescript("a.d.ts") && !is_typescript("a.js"));
    }
}

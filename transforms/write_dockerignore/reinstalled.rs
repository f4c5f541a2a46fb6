//! Whether a build creates `node_modules` again wherever a copy adds it, so no step ever reads the
//! context's own.

use crate::context::BuildContext;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::Ecosystem;
use crate::transforms::support::context_paths::{Access, accesses};

const NAME: &str = "node_modules";

/// Whether every stage that copies a folder of the context with its `node_modules` then installs at
/// the same path before anything could have read them, and nothing else in the file copies them.
pub(crate) fn in_every_stage(facts: &Facts<'_>, context: &BuildContext, folder: &str) -> bool {
    let path = crate::transforms::write_dockerignore::candidates::join(folder, NAME);
    accesses(facts, context, &path).all(|(item, _, access)| match access {
        Access::Copied(place) => {
            let directory = place.strip_suffix(NAME).unwrap_or_default().trim_end_matches('/');
            is_reinstalled(facts, item, directory)
        }
        Access::Named | Access::Unknown { .. } | Access::Mounted | Access::Later => false,
    })
}

/// Whether the first RUN after a copy that may read the directory's dependencies is the one that
/// installs them.
fn is_reinstalled(facts: &Facts<'_>, item: usize, directory: &str) -> bool {
    let Some(stage) = facts.stage_at(item) else { return false };
    for run in facts.runs.iter().filter(|run| run.item > item && stage.items.contains(&run.item)) {
        if installs_first(facts, run, directory) {
            return true;
        }
        let looks = facts.effects(run.item).unknown.is_some()
            || run.instruction.full.of(facts.file.text).contains(NAME);
        if looks || !facts.effects(run.item).installs.is_empty() {
            return false;
        }
    }
    false
}

/// Whether a RUN installs in the directory before any other command may read it.
fn installs_first(facts: &Facts<'_>, run: &RunFacts<'_>, directory: &str) -> bool {
    let Some(statement) = run.script().and_then(|script| script.list.statements.first()) else {
        return false;
    };
    for pipeline in 1..=statement.pipelines().count() {
        let effects = facts.effects_until(run, pipeline);
        let here = effects.installs.iter().find(|install| install.directory.as_deref() == Some(directory));
        if let Some(install) = here {
            let call = &run.calls[install.call];
            let makes = call.manager.ecosystem == Some(Ecosystem::Node)
                && call.manager.project.as_ref().is_some_and(|known| known.verbs.contains(&call.verb))
                && call.verb != "fetch"
                && call.packages.is_empty();
            return makes && run.invocations[call.invocation].place.is_certain() && effects.unknown.is_none();
        }
        let text: String =
            statement.pipelines().take(pipeline).map(|earlier| earlier.span.of(facts.file.text)).collect();
        if effects.unknown.is_some() || !effects.installs.is_empty() || text.contains(NAME) {
            return false;
        }
    }
    false
}

//! The stage that builds an environment of Python, or a project that contains one, for the last
//! stage.

use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::python::{DIRECTORIES_OF_ENVIRONMENTS, STAGES_WITH_TOOLS};

/// The stage from which the last stage copies an environment, if nothing else uses that stage: tests
/// need dev dependencies.
pub(super) fn source<'f>(facts: &'f Facts<'_>) -> Option<&'f Stage> {
    let last = facts.stages.last()?;
    facts.stages[..last.index].iter().find(|stage| {
        let copies = || facts.copied_from[stage.index].iter().map(|copied| &facts.copies[*copied]);
        let folder = facts.directory_after(stage.items.end - 1);
        let is_environment = |path: &String| {
            DIRECTORIES_OF_ENVIRONMENTS.iter().any(|name| path.contains(name))
                || folder.as_deref().is_some_and(|folder| paths::within(folder, path.trim_end_matches('/')))
        };
        let name = stage.name.as_deref().unwrap_or_default();
        let is_target = |target: Option<&str>| target.is_some_and(|target| target.eq_ignore_ascii_case(name));
        copies().any(|copied| copied.path.as_ref().is_some_and(is_environment))
            && copies().all(|copied| copied.user == last.index)
            && facts.lineage.derived(stage.index).is_empty()
            && !name
                .split(['-', '_', '.'])
                .any(|part| STAGES_WITH_TOOLS.iter().any(|tools| part.starts_with(tools)))
            && !facts.context_source.services().iter().any(|service| is_target(service.target.as_deref()))
    })
}

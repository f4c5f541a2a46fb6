//! Upgrades of the whole distribution: the old versions of the packages stay in the layers of the
//! base image, and no cleanup removes them.

use crate::facts::Facts;
use crate::facts::packages::Call;
use crate::knowledge::lists::packages::UPGRADES;
use crate::reasons;
use crate::transform::Fixes;

/// Explains the first upgrade of each stage that ships.
pub fn explain(facts: &Facts<'_>, fixes: &mut Fixes) {
    let mut last = None;
    for run in facts.runs.iter().filter(|run| facts.stage_of(run).ships) {
        let Some(upgrade) = run.calls.iter().find(|call| is_upgrade(call)) else { continue };
        if last.replace(run.stage) != Some(run.stage) {
            let reason = reasons::upgrade_stores_packages_twice(&upgrade.manager.name, &upgrade.verb);
            fixes.refuse(run.instruction.text, reason);
        }
    }
}

/// Whether a call upgrades all installed packages.
fn is_upgrade(call: &Call<'_>) -> bool {
    let verbs = UPGRADES.iter().find(|(manager, _)| *manager == call.manager.name);
    call.packages.is_empty() && verbs.is_some_and(|(_, verbs)| verbs.contains(&call.verb.as_str()))
}

//! RUNs that leave a cache full and that are never edited: the files that they leave, and why they
//! are not changed.
//!
//! Reported here for all transforms, once for each RUN, so that no RUN is skipped silently.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::facts::caches::{KeptCache, what};
use crate::facts::kept::KeptOfRun;
use crate::facts::started::{Started, What};
use crate::facts::traced::At;
use crate::facts::{Facts, RunFacts, packages, paths};
use crate::knowledge::Confidence;
use crate::reasons::{self, Reason};
use crate::syntax::Opaque;
use crate::syntax::{Body, Run};
use crate::transforms::clean_package_caches::residue;
use crate::transforms::clean_package_caches::residue::Leftover;

/// What could be saved in a RUN, or in a script within it, that is never edited, and why it is not
/// edited. `None` if it is edited, or if no savings are known.
pub fn untouched<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, keep: &[String]) -> Option<Reason> {
    let mut found: Vec<Result<String, KeptCache>> = match &run.instruction.body {
        Body::Run(_) if facts.extensible(run).is_some() => Vec::new(),
        Body::Run(Run::Shell(_) | Run::Heredoc(_)) => full_caches(facts, run, keep),
        Body::Run(Run::Opaque(opaque)) => named_caches(facts, run, *opaque).into_iter().map(Ok).collect(),
        _ => Vec::new(),
    };
    let inline = facts.started_by(run).0.iter().filter(|script| script.is_inline);
    for Started { what, .. } in inline {
        let What::Script { script, .. } = what else { continue };
        let at = At { stage: run.stage, end: run.item };
        let (invocations, states) = facts.invocations_of(script, at, &run.workdir);
        let calls = packages::calls(&invocations, facts.known);
        let inner = RunFacts {
            item: run.item,
            stage: run.stage,
            instruction: run.instruction,
            user: run.user.clone(),
            workdir: run.workdir.clone(),
            invocations,
            states,
            calls,
            mounts: run.mounts.clone(),
            near_error: true,
            kept: KeptOfRun::default(),
            started: OnceLock::new(),
        };
        found.extend(full_caches(facts, &inner, keep));
    }
    let reason = match &run.instruction.body {
        Body::Run(Run::Opaque(Opaque::ForeignShell)) => reasons::foreign_shell(),
        Body::Run(Run::Opaque(Opaque::Unparsed)) => reasons::unreliable_parse(),
        Body::Run(Run::Opaque(Opaque::Bashism)) => reasons::shells_differ(),
        Body::Run(Run::Exec(_)) => reasons::exec_form(),
        _ if !run.instruction.heredocs.is_empty() => reasons::here_document(),
        _ if run.near_error => reasons::next_to_unreadable_line(),
        _ => reasons::commands_in_string(),
    };
    // The caches that could be emptied if the RUN had another form come first.
    let mut names: Vec<&str> = found.iter().filter_map(|result| result.as_deref().ok()).collect();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let left = |what: &str, reason: Reason| reason.after(format_args!("{what} left alone, because"));
    let other = || found.iter().find_map(|result| result.as_ref().err());
    if names.is_empty() {
        other().map(|KeptCache { what, reason }| left(what, reason.clone()))
    } else {
        Some(left(&names.join(" and "), reason))
    }
}

/// The caches that a RUN leaves full: those that a cleanup could empty if the RUN could be edited,
/// and other reasons why they are not emptied.
fn full_caches(facts: &Facts<'_>, run: &RunFacts<'_>, keep: &[String]) -> Vec<Result<String, KeptCache>> {
    let is_safe = |result: &Result<Leftover<'_>, KeptCache>| {
        result.as_ref().is_ok_and(|leftover| leftover.confidence == Confidence::Safe) || result.is_err()
    };
    let found = residue::leftovers(facts, run, keep).into_iter().filter(is_safe);
    found
        .map(|result| result.map(|Leftover { manager, cache, .. }| what(&manager.name, &cache.name)))
        .collect()
}

/// The caches that a RUN with an unreadable script probably fills: the script names a manager and
/// one of its verbs, but neither the cache directory nor the option that disables the cache.
fn named_caches(facts: &Facts<'_>, run: &RunFacts<'_>, opaque: Opaque) -> Vec<String> {
    let text = run.instruction.full.of(facts.file.text);
    if opaque == Opaque::Interpreter || opaque == Opaque::ForeignShell && is_windows_shell(facts, run) {
        return Vec::new();
    }
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ";&|()\"'`".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let fills = |programs: &[String], verbs: &[String]| {
        words.windows(2).any(|pair| {
            let name = pair[0].rsplit('/').next().unwrap_or_default();
            programs.iter().any(|program| program == name)
                && (verbs.iter().any(|verb| verb == pair[1]) || pair[1].starts_with('-'))
        })
    };
    let mut names: Vec<&str> = words.iter().filter_map(|word| word.rsplit('/').next()).collect();
    names.sort_unstable();
    names.dedup();
    let known = names.into_iter().filter_map(|name| facts.known.manager_of(name));
    let mut found = Vec::new();
    for manager in known {
        for cache in manager.caches.iter().filter(|cache| cache.applicability == Confidence::Safe) {
            let name = what(&manager.name, &cache.name);
            let is_kept = cache.directories.iter().any(|directory| paths::names(text, directory))
                || manager.avoid.as_ref().is_some_and(|avoid| text.contains(&avoid.option))
                || text.contains(&cache.clean);
            if fills(&manager.programs, &cache.filled_by) && !is_kept && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// Whether the current shell is one of Windows, or the image's default.
fn is_windows_shell(facts: &Facts<'_>, run: &RunFacts<'_>) -> bool {
    let shell = facts.before(run.item).find_map(|(_, instruction)| match &instruction.body {
        Body::Shell(words) => Some(words.first()?.to_ascii_lowercase()),
        _ => None,
    });
    shell.is_none_or(|shell| ["powershell", "pwsh", "cmd"].iter().any(|name| shell.contains(name)))
}

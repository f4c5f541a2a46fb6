//! Which step removes dev dependencies after a build, and where it can run before.

use serde_json::Value;

use crate::context::{BuildContext, ContextSource};
use crate::facts::change_rate::Rate;
use crate::facts::{Call, Facts, RunFacts, Stage, paths};
use crate::knowledge::languages::node::{CHANGING_INSTALLED_FILES, OPTIONS_THAT_PRUNE, WRITING_INTO_MODULES};
use crate::reasons::{self, Reason};
use crate::runtime::node_modules::writes_nothing_into_modules;
use crate::span::Span;
use crate::syntax::{Body, Instruction};

/// The three stages that a build stage becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The last instruction of the first of them, which installs.
    pub install: usize,
    /// The instruction that removes dev dependencies.
    pub prune: usize,
    /// The copy of the project into the final image.
    pub copy: usize,
    /// The place of the stage's name.
    pub name_at: Span,
    /// The names of the three stages; the last one is the original name.
    pub base: String,
    pub pruned: String,
    pub build: String,
}

/// Where dev dependencies can be removed next to the build. `None` if no build stage removes any at
/// its end.
pub fn plan(facts: &Facts<'_>, context_source: &dyn ContextSource) -> Option<Result<Plan, Reason>> {
    let [.., build, last] = &facts.stages[..] else { return None };
    let (prune, call) = prune(facts, build)?;
    let directory = facts.directory_at(prune.item)?;
    let install = install(facts, prune, call, &directory)?;
    // Nothing is cached if the sources are copied above the install.
    let is_often = |item: usize| facts.rate(item) == Rate::Often;
    let start = build.items.start;
    if facts.rate_of_base(build.index) == Rate::Often
        || (start..=install).any(is_often)
        || !(install..prune.item).any(is_often)
    {
        return None;
    }
    let anchor = prune.instruction.text;
    Some(
        copy(facts, build, last, &directory)
            .and_then(|copy| stays_the_same(facts, build, install, prune.item, copy).map(|()| copy))
            .and_then(|copy| reads_project(context_source).map(|()| copy))
            .and_then(|copy| {
                let context = context_source.context().map_err(reasons::unknown_build_context)?;
                let manager = &call.manager.name;
                writes_nothing_into_modules(context, facts.runs_of(build.index), manager).map(|()| copy)
            })
            .map(|copy| {
                let name = build.name.clone().unwrap_or_default();
                let from = facts.start_of(build);
                let end = from.of(facts.file.text).trim_end().len();
                Plan {
                    install,
                    prune: prune.item,
                    copy,
                    name_at: Span::new(from.start + end - name.len(), from.start + end),
                    base: free(facts, &["dependencies", "all-dependencies", "installed"]),
                    pruned: free(facts, &["production-dependencies", "pruned"]),
                    build: name,
                }
            })
            .map_err(|reason| if reason.at.is_some() { reason } else { reason.at(anchor) }),
    )
}

/// The last step of a stage, if it only removes dev dependencies.
fn prune<'r, 'a>(facts: &'r Facts<'a>, stage: &Stage) -> Option<(&'r RunFacts<'a>, &'r Call<'a>)> {
    let is_layer = |instruction: &Instruction<'_>| {
        matches!(instruction.body, Body::Run(_) | Body::Copy(_) | Body::Add(_))
    };
    let last = stage.items.clone().rev().find(|&item| facts.instruction_at(item).is_some_and(is_layer))?;
    let run = facts.run_at(last)?;
    let script = run.editable()?;
    let ([_], [call]) = (&run.invocations[..], &run.calls[..]) else { return None };
    let has = |names: &[&str]| call.options.iter().any(|option| names.contains(&option.raw.as_str()));
    let prunes = match (call.manager.name.as_str(), call.verb.as_str()) {
        ("npm" | "pnpm", "prune") => has(OPTIONS_THAT_PRUNE),
        // Without the option, Yarn would run the scripts of the project, which is not there yet.
        ("yarn", "install") => has(&["--production"]) && has(&["--ignore-scripts"]),
        _ => false,
    };
    let is_named = stage.name.as_deref().is_some_and(|name| {
        let from = facts.start_of(stage).of(facts.file.text).trim_end();
        from.to_ascii_lowercase().ends_with(&format!(" {}", name.to_ascii_lowercase()))
    });
    (prunes
        && is_named
        && call.packages.is_empty()
        && !script.ends_in_comment
        && run.instruction.flags.is_empty())
    .then_some((run, call))
}

/// The only install of the project before the removal.
fn install(facts: &Facts<'_>, prune: &RunFacts<'_>, call: &Call<'_>, directory: &str) -> Option<usize> {
    let mut installs = facts.runs_of(prune.stage).iter().filter(|run| {
        let here = |install: &crate::facts::effects::Install| install.directory.as_deref() == Some(directory);
        let effects = facts.effects(run.item);
        run.item < prune.item
            && effects.unknown.is_none()
            && effects
                .installs
                .iter()
                .any(|install| here(install) && run.calls[install.call].manager.name == call.manager.name)
    });
    let only = installs.next()?;
    installs.next().is_none().then_some(only.item)
}

/// Whether the steps between the install and the removal leave the installed packages, the user and
/// the directory as they are, and need nothing that a new FROM would lose. The copy may set the
/// owner again.
fn stays_the_same(
    facts: &Facts<'_>,
    stage: &Stage,
    install: usize,
    prune: usize,
    copy: usize,
) -> Result<(), Reason> {
    let sets_owner =
        facts.instruction_at(copy).is_some_and(|instruction| instruction.flag("chown").is_some());
    for found in facts.readable(stage.items.start + 1..prune) {
        let (item, instruction) = found?;
        let refused = |reason: Reason| Err(reason.at(instruction.text));
        match &instruction.body {
            Body::Onbuild(..) => return refused(reasons::onbuild_needs_builder()),
            Body::Arg(all) if item < install => {
                return refused(reasons::argument_above_install(
                    all.first().map_or("", |assignment| &assignment.key),
                ));
            }
            Body::Workdir(_) | Body::User(_) | Body::Shell(_) if item > install => {
                return refused(reasons::changes_between(instruction.keyword.name()));
            }
            Body::Run(_) if item > install => {
                let run = facts.run_at(item).filter(|run| run.script().is_some());
                let Some(run) = run else { return refused(reasons::unparsed_run()) };
                let only_gives =
                    sets_owner && run.invocations.iter().all(|invocation| invocation.is("chown"));
                let changes = changing_word(instruction.full.of(facts.file.text)).filter(|_| !only_gives);
                let mut installs = run.calls.iter().filter(|call| call.manager.installs(&call.verb));
                let installs = installs.find(|call| !is_script(call));
                let word = changes.or(installs.map(|call| call.manager.name.as_str()));
                if let Some(word) = word {
                    return refused(reasons::may_change_modules(word));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A word of a script that may change installed files.
fn changing_word(script: &str) -> Option<&'static str> {
    let mut words = script.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    words.find_map(|word| CHANGING_INSTALLED_FILES.iter().find(|known| **known == word).copied())
}

/// Whether a call only runs a program of an installed package.
fn is_script(call: &Call<'_>) -> bool {
    matches!(call.verb.as_str(), "exec" | "x" | "run" | "run-script")
}

/// Reads the only package.json: what it installs and runs leaves `node_modules` as it is.
fn reads_project(context_source: &dyn ContextSource) -> Result<(), Reason> {
    let context = context_source.context().map_err(reasons::unknown_build_context)?;
    let is_own = |path: &&str| !path.split('/').any(|part| part == "node_modules");
    let mut manifests = context.sent_by_name("package.json").map(|entry| entry.path.as_str()).filter(is_own);
    let path = manifests.next().ok_or_else(|| reasons::missing_file("package.json"))?;
    if let Some(other) = manifests.next() {
        return Err(reasons::two_manifests(path, other));
    }
    let value = context.text(path).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let value = value.ok_or_else(|| reasons::unreadable_file(path))?;
    if value.get("workspaces").is_some() {
        return Err(reasons::workspace_root(path));
    }
    if value["dependencies"].as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(reasons::no_production_dependencies(path));
    }
    let names = ["dependencies", "devDependencies", "optionalDependencies"];
    let mut all = names.iter().filter_map(|table| value[*table].as_object()).flat_map(serde_json::Map::keys);
    if let Some(name) = all.find(|name| WRITING_INTO_MODULES.contains(&name.as_str())) {
        return Err(reasons::may_change_modules(name));
    }
    let scripts = value["scripts"].as_object().into_iter().flatten();
    let mut scripts = scripts.filter_map(|(name, script)| Some((name, script.as_str()?)));
    match scripts.find(|(_, script)| changing_word(script).is_some()) {
        Some((name, _)) => Err(reasons::may_change_modules(name)),
        None => settings(context),
    }
}

/// Files in which tools are told to generate code into `node_modules`.
fn settings(context: &BuildContext) -> Result<(), Reason> {
    match context.sent().find(|entry| entry.path.ends_with(".prisma")) {
        Some(entry) => Err(reasons::may_change_modules(&entry.path)),
        None => Ok(()),
    }
}

/// The only copy of the project's directory from the build stage, in the last stage.
fn copy(facts: &Facts<'_>, build: &Stage, last: &Stage, directory: &str) -> Result<usize, Reason> {
    let mut found = None;
    for copied in facts.copies.iter().filter(|copied| copied.source == build.index) {
        let path = copied.path.as_deref().map(|path| path.trim_end_matches('/'));
        let is_clear =
            path.is_some_and(|path| !paths::within(path, directory) && !paths::within(directory, path));
        if is_clear {
            continue;
        }
        let instruction = facts.instruction_at(copied.item);
        let is_whole = path == Some(directory) && copied.user == last.index && found.is_none();
        let is_plain = instruction.is_some_and(|instruction| {
            matches!(&instruction.body, Body::Copy(transfer) if transfer.sources.len() == 1)
                && instruction
                    .flags
                    .iter()
                    .all(|flag| matches!(flag.name.as_str(), "from" | "chown" | "chmod" | "link"))
        });
        if !is_whole || !is_plain {
            return Err(reasons::copies_other_parts(directory));
        }
        found = Some(copied.item);
    }
    let is_base = facts.stages.iter().any(|other| other.base == crate::facts::Base::Stage(build.index));
    match found.filter(|_| !is_base) {
        Some(item) => Ok(item),
        None => Err(reasons::copies_other_parts(directory)),
    }
}

/// The first of these names that the file does not use.
fn free(facts: &Facts<'_>, names: &[&str]) -> String {
    let text = facts.file.text.to_ascii_lowercase();
    let is_used = |name: &str| {
        text.split(|c: char| c.is_whitespace() || matches!(c, '=' | ',')).any(|word| word == name)
    };
    let name = names.iter().find(|name| !is_used(name));
    name.map_or_else(|| format!("{}-{}", names[0], facts.stages.len()), |name| (*name).to_owned())
}

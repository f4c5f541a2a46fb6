//! Dev dependencies that only a build in the same RUN needs, and the command that removes them
//! afterwards.
//!
//! `omit` handles installs that are not followed by a build. (npm's manual, `npm prune`; pnpm's,
//! `pnpm prune`, which recommends `pnpm install --prod` for workspaces.)

use serde_json::Value;

use crate::context::BuildContext;
use crate::facts::repeated::with_options_of;
use crate::facts::{Base, Call, FURTHEST, Facts, Invocation, RunFacts};
use crate::knowledge::languages::node::PROGRAMS_AFTER_A_BUILD;
use crate::knowledge::lists::programs::CHANGING_THE_DIRECTORY;
use crate::reasons::{self, Reason};
use crate::runtime::entrypoint::Entrypoint;
use crate::runtime::node_imports::names_no_dev_dependency;
use crate::runtime::node_modules::writes_nothing_into_modules;
use crate::runtime::node_start::Started;
use crate::runtime::view::StageView;
use crate::syntax::shell::Word;

/// A RUN that could remove packages at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// The index of the RUN.
    pub run: usize,
    /// The command.
    pub command: String,
    /// The manager.
    pub manager: String,
}

/// The RUNs of the last stage that install and build, and could remove packages afterwards. An
/// error says why one can't.
pub fn prunes(facts: &Facts<'_>, context: Option<&BuildContext>) -> Vec<Result<Prune, Reason>> {
    let Some(stage) = facts.stages.last() else { return Vec::new() };
    let Base::Image(image) = &stage.base else { return Vec::new() };
    let mut found = Vec::new();
    let (folder, start) = (facts.directory_after(stage.items.end - 1), Entrypoint::of(facts, stage));
    let view = StageView { facts, stage, image, start, folder: folder.unwrap_or_default(), context };
    let runs = facts.runs.iter().enumerate();
    for (index, run) in runs.filter(|(_, run)| run.stage == stage.index && run.editable().is_some()) {
        let Some(call) = run.calls.iter().find(|call| installs_and_builds(facts, run, call)) else {
            continue;
        };
        let Some(context) = context else { continue };
        if facts.is_far_up(run.item) {
            let reason = reasons::too_many_follow_install(FURTHEST);
            found.push(Err(reason.at(run.instruction.text)));
            continue;
        }
        match command(&view, run, call, context) {
            Ok(None) => {}
            Ok(Some(command)) => {
                found.push(Ok(Prune { run: index, command, manager: call.manager.name.clone() }));
            }
            Err(reason) => found.push(Err(reason.at(run.instruction.text))),
        }
    }
    found
}

/// Whether a call installs from a project's manifest, and the same manager then builds in the same
/// directory.
fn installs_and_builds(facts: &Facts<'_>, run: &RunFacts<'_>, call: &Call<'_>) -> bool {
    let place = &run.invocations[call.invocation].place;
    let behind = &run.invocations[call.invocation + 1..];
    let is_build = |word: &Word| word.text().contains("build") || word.text().contains("compile");
    let Some(prune) = &call.manager.prune else { return false };
    prune.verbs.contains(&call.verb)
        && call.packages.is_empty()
        && !call
            .options
            .iter()
            .any(|word| prune.unless_option.iter().any(|option| word.raw.starts_with(option)))
        && place.is_certain()
        && !place.in_word
        && place.own_shell
        && !facts.is_named("NODE_ENV")
        && behind.iter().any(|invocation| {
            invocation.is(&call.manager.name) && invocation.arguments().iter().any(is_build)
        })
        && !behind.iter().any(may_lose_the_project)
        && !is_pruned(run, call)
}

/// Whether a command changes the directory, or removes files.
fn may_lose_the_project(invocation: &Invocation<'_>) -> bool {
    invocation.program.is_some_and(|program| CHANGING_THE_DIRECTORY.contains(&program))
        || invocation.actions.known().iter().any(|action| action.act.removes() || action.act.prunes())
}

/// Whether the same RUN removes the packages again.
pub(crate) fn is_pruned(run: &RunFacts<'_>, call: &Call<'_>) -> bool {
    let takes_away = |word: &Word| matches!(word.text(), "prune" | "--prod" | "--production");
    let mut behind = run.invocations[call.invocation + 1..].iter();
    behind
        .any(|invocation| invocation.is(&call.manager.name) && invocation.arguments().iter().any(takes_away))
}

/// The command, or `None` if there are no dev dependencies.
fn command(
    view: &StageView<'_, '_>,
    run: &RunFacts<'_>,
    call: &Call<'_>,
    context: &BuildContext,
) -> Result<Option<String>, Reason> {
    let manifests = context.texts.iter().filter(|(path, _)| {
        path.rsplit('/').next() == Some("package.json")
            && !path.contains("node_modules")
            && context.sends_file(path)
    });
    let started = Started::of(view, None);
    let mut is_listed = false;
    for (path, text) in manifests {
        let manifest: Value = serde_json::from_str(text).map_err(|_| reasons::unreadable_file(path))?;
        let names = manifest.get("devDependencies").and_then(Value::as_object);
        for name in names.into_iter().flat_map(serde_json::Map::keys) {
            is_listed = true;
            let program = if name == "typescript" { "tsc" } else { name.rsplit('/').next().unwrap_or(name) };
            if started.calls(program) {
                return Err(reasons::start_may_call(name));
            }
        }
        names_no_dev_dependency(view, &manifest)?;
    }
    if !is_listed {
        return Ok(None);
    }
    let runs = view.facts.runs.iter().filter(|other| other.stage == run.stage && other.item > run.item);
    for other in runs {
        if other.script().is_none() {
            return Err(reasons::later_step_unreadable());
        }
        let is_node = |name: &&str| PROGRAMS_AFTER_A_BUILD.contains(name);
        if let Some(program) =
            other.invocations.iter().filter_map(|invocation| invocation.program).find(is_node)
        {
            return Err(reasons::later_step_calls(program));
        }
    }
    let Some(prune) = &call.manager.prune else { return Ok(None) };
    writes_nothing_into_modules(context, view.facts.runs_of(run.stage), &call.manager.name)?;
    let is_workspace = |name: &str| {
        let mut paths = context.texts.keys().chain(context.entries.iter().map(|entry| &entry.path));
        paths.any(|path| path.rsplit('/').next() == Some(name))
    };
    let in_workspace = prune.in_workspace.as_ref().filter(|(name, _)| is_workspace(name));
    let command = in_workspace.map_or(&prune.command, |(_, command)| command);
    Ok(Some(with_options_of(&run.invocations[call.invocation], call.manager, command)))
}

//! Which installs of the last stage add dev dependencies, and the option of each manager that omits
//! them; also those of a stage from which it copies an environment of Python.
//!
//! An install is not changed if a started command, a later step or a source file may need one of
//! them.

mod environment;
mod python;

use serde_json::Value;

use crate::context::BuildContext;
use crate::facts::environment::Variable;
use crate::facts::{Base, Call, FURTHEST, Facts, RunFacts, Stage};
use crate::knowledge::languages::node::{
    MANAGERS_WITH_DEV_DEPENDENCIES, RUNNERS_OF_PACKAGES, VERBS_WITHOUT_DEPENDENCIES,
};
use crate::knowledge::languages::php::DEVELOPMENT_PROGRAMS;
use crate::knowledge::{Ecosystem, Production};
use crate::reasons::{self, Reason};
use crate::runtime::dev_files;
use crate::runtime::entrypoint::Entrypoint;
use crate::runtime::node_imports::names_no_dev_dependency;
use crate::runtime::node_modules::writes_nothing_into_modules;
use crate::runtime::node_start::{Started, has};
use crate::runtime::view::StageView;
use crate::syntax::shell::Word;
use crate::transforms::production_dependencies::prune::is_pruned;

/// An install that could omit dev dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// The index of the RUN.
    pub run: usize,
    /// The position of the option, after the verb.
    pub at: usize,
    /// The option.
    pub option: String,
    /// The manager.
    pub manager: String,
}

/// Whether a stage has an install that could omit packages, of those whose packages ship.
pub fn may_omit(facts: &Facts<'_>) -> bool {
    let omits = |run: &RunFacts<'_>| {
        run.editable().is_some() && run.calls.iter().any(|call| production_of(facts, run, call).is_some())
    };
    // Few files have one at all, and the stages are found from the copies between them.
    facts.runs.iter().any(omits) && stages(facts).flat_map(|stage| facts.runs_of(stage.index)).any(omits)
}

/// The last stage, and the stage from which it copies an environment of Python.
fn stages<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f Stage> {
    environment::source(facts).into_iter().chain(facts.stages.last())
}

/// The installs of these stages that could omit dev dependencies. An error says why one can't.
pub fn omissions(facts: &Facts<'_>, context: Option<&BuildContext>) -> Vec<Result<Omission, Reason>> {
    let Some(last) = facts.stages.last() else { return Vec::new() };
    let Base::Image(_) = &last.base else { return Vec::new() };
    let Some(image) = facts.root_name(last.index) else { return Vec::new() };
    let folder = facts.directory_after(last.items.end - 1).unwrap_or_default();
    let start = Entrypoint::of(facts, last);
    let shipped = StageView { facts, stage: last, image, start, folder, context };
    let mut found = Vec::new();
    for stage in stages(facts) {
        let Some(image) = facts.root_name(stage.index) else { continue };
        let own = (stage.index != last.index).then(|| StageView {
            stage,
            image,
            start: shipped.start.clone(),
            folder: shipped.folder.clone(),
            ..shipped
        });
        let view = own.as_ref().unwrap_or(&shipped);
        let runs = facts.runs.iter().enumerate();
        for (index, run) in runs.filter(|(_, run)| run.stage == stage.index && run.editable().is_some()) {
            found.extend(run.calls.iter().filter_map(|call| {
                let omission = omission(view, &shipped, (index, run), call);
                omission.map_err(|reason| reason.at(run.instruction.text)).transpose()
            }));
        }
    }
    found
}

/// What to omit from an install, given by the index of its RUN and its call, if it adds dev
/// dependencies.
fn omission(
    view: &StageView<'_, '_>,
    shipped: &StageView<'_, '_>,
    (index, run): (usize, &RunFacts<'_>),
    call: &Call<'_>,
) -> Result<Option<Omission>, Reason> {
    let Some(production) = production_of(view.facts, run, call).filter(|_| !is_pruned(run, call)) else {
        return Ok(None);
    };
    if view.stage.index != shipped.stage.index && call.manager.ecosystem != Some(Ecosystem::Python) {
        return Ok(None);
    }
    if view.facts.is_far_up(run.item) {
        return Err(reasons::too_many_follow_install(FURTHEST));
    }
    let option = needed(view, shipped, run, call, production)?;
    let (at, manager) = (call.verb_word.span.end, call.manager.name.clone());
    Ok(option.map(|option| Omission { run: index, at, option, manager }))
}

/// The option for this call, if it is an install that does not yet select groups.
fn production_of<'w>(facts: &Facts<'_>, run: &RunFacts<'_>, call: &Call<'w>) -> Option<&'w Production> {
    let production = call.manager.production.as_ref()?;
    let is_install = production.verbs.contains(&call.verb) && call.packages.is_empty();
    let invocation = &run.invocations[call.invocation];
    let decided = call
        .options
        .iter()
        .any(|word| production.unless_option.iter().any(|start| word.raw.starts_with(start)))
        || production.unless_variable.iter().any(|name| facts.is_named(name))
        || invocation.simple.assignments.iter().any(|assignment| assignment.name == "NODE_ENV")
        || facts.variable(run.item, "NODE_ENV") != Variable::NotInFile;
    (is_install && !decided && invocation.place.is_certain() && !invocation.place.in_word)
        .then_some(production)
}

/// The reason why the text of a file is unknown.
fn no_text(view: &StageView<'_, '_>, run: &RunFacts<'_>, path: &str) -> Reason {
    let mut flags =
        view.facts.before(run.item).take(FURTHEST).flat_map(|(_, instruction)| &instruction.flags);
    match flags.find(|flag| matches!(flag.name.as_str(), "parents" | "exclude")) {
        Some(flag) => reasons::source_unknown(path, &flag.name),
        None => reasons::unreadable_file(path),
    }
}

/// The option, if there are dev dependencies and no command needs them.
fn needed(
    view: &StageView<'_, '_>,
    shipped: &StageView<'_, '_>,
    run: &RunFacts<'_>,
    call: &Call<'_>,
    production: &Production,
) -> Result<Option<String>, Reason> {
    let context = view.context.ok_or(reasons::context_unreadable_for_loads())?;
    let directory = run.states.directory(call.invocation).known();
    let directory = directory.ok_or(reasons::unknown_directory("the install"))?;
    let path = format!("{}/{}", directory.trim_end_matches('/'), production.manifest);
    let text = view.text_at(context, &path).ok_or_else(|| no_text(view, run, &path))?;
    if context.text("nx.json").is_some()
        || context.sends_file("lerna.json")
        || context.sends_file("pnpm-workspace.yaml")
    {
        return Err(reasons::several_manifests());
    }
    let usual = |may_omit: bool| may_omit.then(|| production.option.clone());
    match call.manager.ecosystem {
        Some(Ecosystem::Php) => php(view, run, call, text).map(usual),
        Some(Ecosystem::Python) => python::option((view, shipped), run, call, text, production),
        Some(Ecosystem::Node)
            if call.manager.name == "yarn"
                && (context.sends_file(".yarnrc.yml")
                    || text.contains("\"yarn@") && !text.contains("\"yarn@1")) =>
        {
            Ok(None)
        }
        Some(Ecosystem::Node) => node(view, run, call, text).map(usual),
        _ => Err(reasons::unknown_dev_dependencies(&production.manifest)),
    }
}

fn node(view: &StageView<'_, '_>, run: &RunFacts<'_>, call: &Call<'_>, text: &str) -> Result<bool, Reason> {
    let manifest: Value = serde_json::from_str(text).map_err(|_| reasons::unreadable_file("package.json"))?;
    let listed = manifest.get("devDependencies").and_then(Value::as_object);
    if listed.is_none_or(serde_json::Map::is_empty) {
        return Ok(false);
    }
    if manifest.get("workspaces").is_some() {
        return Err(reasons::several_manifests());
    }
    if view.image.repository == "node"
        && view.image.tag.as_deref().is_some_and(|tag| major(tag).is_some_and(|major| major < 16))
    {
        return Err(reasons::npm_too_old());
    }
    let value = &manifest;
    let manifest = Some(value);
    let scripts =
        ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
    if let Some(name) = scripts.into_iter().find(|name| has(manifest, "scripts", name)) {
        return Err(reasons::install_runs_script(name));
    }
    let uses = |word: &Word| !VERBS_WITHOUT_DEPENDENCIES.contains(&word.text());
    if let Some(program) = later(view, run, call, |program, words| {
        let is_manager = MANAGERS_WITH_DEV_DEPENDENCIES.contains(&program);
        let is_own = RUNNERS_OF_PACKAGES.contains(&program)
            || listed.is_some_and(|listed| listed.contains_key(program));
        is_manager && words.iter().find(|word| !word.is_option()).is_some_and(uses) || is_own
    }) {
        return Err(reasons::later_step_calls(&program));
    }
    if !Started::of(view, manifest).needs_production_only(manifest) {
        return Err(reasons::start_may_be_dev_dependency());
    }
    names_no_dev_dependency(view, value)?;
    if let Some(context) = view.context {
        writes_nothing_into_modules(context, view.facts.runs_of(run.stage), &call.manager.name)?;
    }
    Ok(true)
}

fn php(view: &StageView<'_, '_>, run: &RunFacts<'_>, call: &Call<'_>, text: &str) -> Result<bool, Reason> {
    let manifest: Value =
        serde_json::from_str(text).map_err(|_| reasons::unreadable_file("composer.json"))?;
    let listed = manifest.get("require-dev").and_then(Value::as_object);
    if listed.is_none_or(serde_json::Map::is_empty) {
        return Ok(false);
    }
    for name in listed.into_iter().flat_map(serde_json::Map::keys) {
        dev_files::php(view, name)?;
    }
    let environment = view.facts.variable(view.stage.items.end - 1, "APP_ENV");
    let is_production = matches!(&environment, Variable::Set(value) if value.starts_with("prod"));
    let by_environment =
        has(Some(&manifest), "require", "symfony/framework-bundle") || environment != Variable::NotInFile;
    if by_environment && !is_production {
        return Err(reasons::environment_not_production());
    }
    if let Some(program) = later(view, run, call, |program, words| {
        program == "composer"
            && words.iter().any(|word| matches!(word.text(), "test" | "run" | "run-script" | "exec"))
            || DEVELOPMENT_PROGRAMS.contains(&program)
            || words.iter().any(|word| word.text().contains("vendor/bin"))
    }) {
        return Err(reasons::later_step_calls(&program));
    }
    if view.start.words().iter().any(|word| word.contains("vendor/bin") || word.contains("test")) {
        return Err(reasons::start_may_be_dev_dependency());
    }
    Ok(true)
}

/// The first program after a call, in its stage or in the last one, that passes a test. A script that
/// can't be read passes it.
fn later(
    view: &StageView<'_, '_>,
    run: &RunFacts<'_>,
    call: &Call<'_>,
    uses: impl Fn(&str, &[Word]) -> bool,
) -> Option<String> {
    let last = view.facts.stages.len() - 1;
    let is_later =
        |other: &&RunFacts<'_>| (other.stage == run.stage || other.stage == last) && other.item >= run.item;
    for other in view.facts.runs.iter().filter(is_later) {
        let from = if other.item == run.item { call.invocation + 1 } else { 0 };
        if other.script().is_none() {
            return Some("something that can't be read".into());
        }
        for invocation in &other.invocations[from..] {
            match invocation.program {
                None if invocation.words.is_empty() => {}
                None => return Some("something that can't be read".into()),
                Some(program) if uses(program, invocation.arguments()) => return Some(program.to_owned()),
                Some(_) => {}
            }
        }
    }
    None
}

fn major(tag: &str) -> Option<u32> {
    tag.split(['.', '-']).next()?.parse().ok()
}

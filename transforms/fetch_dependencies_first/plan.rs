//! Builds that download their dependencies themselves, and the command that downloads them before
//! the sources are copied.

use std::collections::BTreeSet;

use crate::context::BuildContext;
use crate::facts::change_rate::Rate;
use crate::facts::copied::Copied;
use crate::facts::traced::At;
use crate::facts::{Call, FURTHEST, Facts, Invocation, RunFacts};
use crate::knowledge::Fetch;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Instruction};
use crate::transforms::ordering::{self, index};
use crate::transforms::support::early_copy::{
    EarlyCopy, by_directory, cannot_be_named, installed_before, is_there_before, other_sources_above,
};
use crate::transforms::support::manifests;

/// The first command of a stage that downloads the dependencies of a project.
pub struct FirstBuild<'f, 'a> {
    /// Its RUN.
    pub run: &'f RunFacts<'a>,
    call: &'f Call<'a>,
    fetch: &'a Fetch,
}

/// A command that downloads what a later build needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyFetch {
    /// The copy of the sources, which moves right above the build.
    pub copy: usize,
    /// The instruction right above the build.
    pub after: usize,
    /// The copies of the manifests.
    pub copies: Vec<EarlyCopy>,
    /// The command.
    pub command: String,
    /// What it downloads.
    pub what: String,
    /// Context paths that it creates.
    pub makes: BTreeSet<String>,
}

/// The first build of a stage that downloads its dependencies, if it is the first command of its
/// RUN. Does not read the context.
pub fn first_build<'f, 'a>(facts: &'f Facts<'a>, stage: usize) -> Option<FirstBuild<'f, 'a>> {
    let (run, call, fetch) = facts.runs_of(stage).iter().find_map(|run| {
        let call = run.calls.iter().find(|call| downloads(call))?;
        Some((run, call, call.manager.project.as_ref()?.fetch.as_ref()?))
    })?;
    // Another command may come first, or configure the one that downloads.
    if call.invocation != 0 || run.editable().is_none() || !is_build(call, fetch) {
        return None;
    }
    // A cache mount keeps the downloads anyway.
    if run.mounts.iter().any(|mount| mount.kind == "cache") {
        return None;
    }
    let is_from_context = |instruction: &Instruction<'_>| {
        matches!(instruction.body, Body::Copy(_) | Body::Add(_)) && instruction.flag("from").is_none()
    };
    if !facts.before(run.item).take(FURTHEST).any(|(_, instruction)| is_from_context(instruction)) {
        return None;
    }
    let mut above = facts.before(run.item).filter_map(|(item, _)| facts.run_at(item)).take(FURTHEST);
    let is_downloaded = above.any(|other| {
        other.calls.iter().any(|other| other.manager.name == call.manager.name && downloads(other))
    });
    (!is_downloaded).then_some(FirstBuild { run, call, fetch })
}

/// Whether a call downloads the dependencies of the project in its directory.
fn downloads(call: &Call<'_>) -> bool {
    let Some(fetch) = call.manager.project.as_ref().and_then(|project| project.fetch.as_ref()) else {
        return false;
    };
    let is_of_project = call.packages.iter().all(|word| !word.raw.contains('@'));
    is_of_project && (fetch.before.contains(&call.verb) || call.manager.installs(&call.verb))
}

/// Whether a call does nothing else before it downloads the dependencies.
fn is_build(call: &Call<'_>, fetch: &Fetch) -> bool {
    let mut verbs = vec![call.verb.as_str()];
    if fetch.several_verbs {
        verbs.extend(call.packages.iter().map(|word| word.text()));
    }
    let is_listed = |list: &[String], verb: &str| list.iter().any(|own| own == verb);
    verbs.iter().any(|verb| is_listed(&fetch.before, verb))
        && verbs.iter().all(|verb| is_listed(&fetch.before, verb) || is_listed(&fetch.together_with, verb))
}

/// How the dependencies of a build can be downloaded before the sources are copied.
pub fn early_fetch(
    facts: &Facts<'_>,
    build: &FirstBuild<'_, '_>,
    context: &BuildContext,
    fixed: &dyn Fn(&Instruction<'_>) -> bool,
) -> Option<Result<EarlyFetch, Reason>> {
    let FirstBuild { run, call, fetch } = *build;
    let directory = facts.directory_at(run.item)?;
    if run.states.directory(call.invocation).known() != Some(directory.as_str()) {
        return None;
    }
    let (copy, copied) = facts.before(run.item).take(FURTHEST).find_map(|(item, instruction)| {
        let copied = facts.copied(item, context).filter(Copied::takes_a_directory)?;
        let is_here = copied.context_folder(&directory).is_some();
        (is_here && !fixed(instruction) && facts.stage_at(item)?.index == run.stage).then_some((item, copied))
    })?;
    let folder = copied.context_folder(&directory)?;
    let after = last_step(facts, copy, run.item)?;
    if facts.rate(copy) != Rate::Often || other_sources_above(facts, copy, run.item).is_some() {
        return None;
    }
    let named = |name: &String| if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
    // Without such a file, there may be no dependencies, or no certain ones.
    if !fetch.needs.iter().all(|name| context.sends_file(&named(name))) {
        return None;
    }
    let prepared = command(build).and_then(|command| {
        may_be_private(facts, build)?;
        let vendored = fetch.unless_directory.iter().find(|name| context.sends(&named(name)));
        vendored.map_or(Ok(command), |name| Err(reasons::dependencies_in_context(name)))
    });
    Some(prepared.and_then(|command| {
        let project = project(facts, build, &folder, &copied, context)?;
        let before: Vec<usize> = (facts.stages[run.stage].items.start..copy).collect();
        let is_missing = |file: &String| !is_there_before(facts, &copied, file, &before, context);
        let missing: Vec<String> = project.reads.into_iter().filter(is_missing).collect();
        if let Some(reason) = cannot_be_named(&missing, context) {
            return Err(reason);
        }
        let makes = project.makes.into_iter().filter(|path| copied.inner_path(path).is_some()).collect();
        let copies = by_directory(&copied, &missing, context);
        Ok(EarlyFetch { copy, after, copies, command, what: fetch.what.clone(), makes })
    }))
}

/// The last instruction above a build, if a copy can move below it.
fn last_step(facts: &Facts<'_>, copy: usize, build: usize) -> Option<usize> {
    let own = facts.effects(copy);
    let mut last = copy;
    for (item, _) in facts.before(build).take_while(|(item, _)| *item > copy) {
        let effects = facts.effects(item);
        let may_pass = ordering::is_movable_across(facts, item)
            && !index::hands_index_on(facts, item)
            && effects.installs.is_empty()
            && (own.commute(effects) || ordering::may_pass_workdir(facts, copy, item, own, effects));
        if !may_pass {
            return None;
        }
        last = last.max(item);
    }
    Some(last)
}

/// The command that downloads, if nothing in the call may change what it downloads.
fn command(build: &FirstBuild<'_, '_>) -> Result<String, Reason> {
    let FirstBuild { run, call, fetch } = *build;
    let invocation = &run.invocations[call.invocation];
    if let Some(flag) = run.instruction.flags.first() {
        return Err(reasons::download_needs_option(&format!("--{}", flag.name)));
    }
    let is_harmless = |name: &str| fetch.harmless_variables.iter().any(|own| own == name);
    if let Some(set) = invocation.simple.assignments.iter().find(|set| !is_harmless(&set.name)) {
        return Err(reasons::download_needs_option(&set.name));
    }
    let program = program(invocation, call).ok_or_else(|| reasons::unusual_call(&call.manager.name))?;
    let mut command = program.to_owned();
    for option in &call.options {
        let name = option.raw.split('=').next().unwrap_or_default();
        let is_listed = |list: &[String]| list.iter().any(|own| own == name);
        if is_listed(&fetch.shared_options) {
            command += &format!(" {}", option.raw);
        } else if !is_listed(&fetch.harmless_options) {
            return Err(reasons::download_needs_option(&option.raw));
        }
    }
    command += &format!(" {}", fetch.verb);
    if fetch.takes_operands {
        for word in &call.packages {
            // A word with quotes is a name that the author could not write otherwise.
            let name = word.literal().filter(|name| word.raw == *name);
            let name = name.ok_or_else(|| reasons::unusual_call(&call.manager.name))?;
            command += &format!(" {name}");
        }
    }
    Ok(command)
}

/// The program as written, if no wrapper runs it and it is a program of the image or the script of
/// the project's own.
fn program<'a>(invocation: &Invocation<'a>, call: &Call<'_>) -> Option<&'a str> {
    let written = invocation.simple.words.first()?.literal()?;
    let is_plain = invocation.simple.words.len() == invocation.words.len();
    let is_own = |own: &String| own == written.strip_prefix("./").unwrap_or(written);
    (is_plain && call.manager.programs.iter().any(is_own)).then_some(written)
}

/// Why the downloads may need credentials or come from another place, or must not be in a layer of
/// their own.
fn may_be_private(facts: &Facts<'_>, build: &FirstBuild<'_, '_>) -> Result<(), Reason> {
    let FirstBuild { run, call, fetch } = *build;
    let text = facts.file.text;
    if let Some(word) = fetch.unless_word.iter().find(|word| text.contains(word.as_str())) {
        return Err(reasons::may_be_private(word));
    }
    let at = At { stage: run.stage, end: run.item };
    let offline = call.manager.offline.as_ref();
    if offline.is_some_and(|mode| facts.mode_of_call(mode, at, run.script_states(), call).is_some()) {
        return Err(reasons::downloads_nothing(&call.manager.name));
    }
    let ships = facts.stages[run.stage].ships;
    let is_emptied =
        call.manager.caches.iter().filter(|cache| cache.filled_by.contains(&fetch.verb)).any(|cache| {
            let last = facts.last_fill(run, call.manager, cache);
            last.is_some_and(|last| facts.is_emptied(run, call.manager, cache, last))
        });
    if ships && is_emptied {
        return Err(reasons::build_removes_downloads(&call.manager.name));
    }
    Ok(())
}

/// The files that the command reads and creates.
fn project(
    facts: &Facts<'_>,
    build: &FirstBuild<'_, '_>,
    folder: &str,
    copied: &Copied,
    context: &BuildContext,
) -> Result<manifests::Project, Reason> {
    let FirstBuild { run, call, fetch } = *build;
    let place = manifests::Place {
        folder: Some(folder),
        origin: &|path| copied.context_path(path),
        as_module: false,
        installed: &|| installed_before(facts, run.item),
        context,
        known: facts.known,
    };
    let own = Call {
        manager: call.manager,
        invocation: call.invocation,
        verb: fetch.verb.clone(),
        verb_word: call.verb_word,
        options: Vec::new(),
        values: Vec::new(),
        packages: if fetch.takes_operands { call.packages.clone() } else { Vec::new() },
    };
    let unknown = || reasons::unknown_manager(&call.manager.name);
    let mut project = manifests::project(&own, &place).ok_or_else(unknown)??;
    let written = run.invocations[call.invocation].words.first().map_or("", |word| word.raw.as_str());
    if let Some(script) = written.strip_prefix("./") {
        let path = if folder.is_empty() { script.to_owned() } else { format!("{folder}/{script}") };
        if !context.sends_file(&path) {
            return Err(reasons::missing_file(&path));
        }
        project.reads.insert(0, path);
    }
    // The file that a symlink leads to is needed, too.
    let is_link = |path: &String| context.below(path).any(|entry| entry.is_link);
    let is_outside = |path: &String| copied.inner_path(path).is_none() || is_link(path);
    match project.reads.iter().find(|path| is_outside(path)) {
        Some(other) => Err(reasons::not_among_copied_files(other)),
        None => Ok(project),
    }
}

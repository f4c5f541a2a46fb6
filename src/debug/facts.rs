//! The facts, as text.

use super::Page;
use crate::facts::actions::Action;
use crate::facts::caches::{is_mounted, what};
use crate::facts::commands::{Elevation, Proof};
use crate::facts::effects::{Effects, Resource, Tree};
use crate::facts::environment::Variable;
use crate::facts::execution::{Assigned, Directory, Tail, Workdir};
use crate::facts::{Base, Facts, Invocation, RunFacts, Stage, User};
use crate::syntax::Item;

pub(super) fn print(page: &mut Page<'_>, facts: &Facts<'_>) {
    let first = facts.stages.first().map_or(facts.file.items.len(), |stage| stage.items.start);
    if facts.file.instructions().any(|(item, _)| item < first) {
        page.group("before the first stage", |page| (0..first).for_each(|at| item(page, facts, at)));
    }
    for found in &facts.stages {
        page.group(&stage(found), |page| found.items.clone().for_each(|at| item(page, facts, at)));
    }
}

fn stage(stage: &Stage) -> String {
    let name = stage.name.as_ref().map(|name| format!(" {name:?}")).unwrap_or_default();
    let base = match &stage.base {
        Base::Stage(number) => format!("stage {number}"),
        Base::Scratch => "scratch".to_owned(),
        Base::Image(image) => {
            let tag = image.tag.as_ref().map(|tag| format!(", tag {tag:?}")).unwrap_or_default();
            let digest = if image.pinned { ", with a digest" } else { "" };
            format!("image {:?}{tag}{digest}", image.repository)
        }
        Base::Unknown => "an unknown image".to_owned(),
    };
    let release = stage.release.as_ref().map(|release| {
        let version: Vec<String> = release.version.iter().map(u32::to_string).collect();
        format!("; {} {}", release.family, version.join("."))
    });
    let ships = if stage.ships { "; in a final image" } else { "; in no final image" };
    format!("stage {}{name}: from {base}{}{ships}", stage.index, release.unwrap_or_default())
}

fn item(page: &mut Page<'_>, facts: &Facts<'_>, item: usize) {
    match &facts.file.items[item] {
        Item::Instruction(instruction) => {
            page.at(instruction.full, instruction.keyword.name(), |page| {
                if let Some(run) = facts.run_at(item) {
                    self::run(page, facts, run);
                }
                effects(page, facts.effects(item));
            });
        }
        Item::Error(span, reason) => page.at(*span, &format!("error: {reason}"), |_| {}),
        Item::Blank(_) | Item::Comment(_) | Item::Directive(_) => {}
    }
}

fn run(page: &mut Page<'_>, facts: &Facts<'_>, run: &RunFacts<'_>) {
    let user = match &run.user {
        User::Root => "root".to_owned(),
        User::Other(name) => format!("{name:?}"),
        User::Unknown => "unknown".to_owned(),
    };
    let workdir = match &run.workdir {
        Workdir::Known(path) => format!("{path:?}"),
        Workdir::OfBase => "of the base image".to_owned(),
        Workdir::Unknown => "unknown".to_owned(),
    };
    page.line(format!("user: {user}"));
    page.line(format!("workdir: {workdir}"));
    for (name, variable) in facts.variables_at(run.item) {
        page.line(match variable {
            Variable::Set(value) => format!("ENV {name} = {value:?}"),
            Variable::Argument(Some(value)) => format!("ARG {name}: unknown, default {value:?}"),
            Variable::Argument(None) => format!("ARG {name}: unknown"),
            Variable::NotInFile => continue,
        });
    }
    for mount in &run.mounts {
        page.line(format!("mount: {}, target {:?}", mount.kind, mount.target.as_deref().unwrap_or_default()));
    }
    if run.near_error {
        page.line("not edited: next to an error");
    }
    for (index, invocation) in run.invocations.iter().enumerate() {
        page.at(invocation.command.span, &command(invocation), |page| {
            page.line(format!("directory: {}", directory(run.states.directory(index))));
            for (name, value) in run.states.variables_at(index) {
                page.line(match value {
                    Assigned::Known(value) => format!("${name} = {value:?}"),
                    Assigned::Unknown => format!("${name}: unknown"),
                });
            }
            for word in invocation.words.iter().filter(|word| word.literal().is_none()) {
                let value = facts.expanded_in(run, index, word);
                let rest = match value.tail {
                    Tail::None => "",
                    Tail::Pattern => " and a pattern",
                    Tail::Braces => " and alternatives",
                    Tail::Unknown => " and unknown text",
                };
                page.line(format!("word {:?} = {:?}{rest}", word.raw, value.known));
            }
            if run.call_of(index).is_none() {
                actions(page, invocation);
            }
            if let Some(call) = run.call_of(index) {
                let packages: Vec<&str> = call.packages.iter().map(|word| word.text()).collect();
                page.line(format!("package manager: {} {:?} {packages:?}", call.manager.name, call.verb));
            }
        });
    }
    caches(page, facts, run);
}

fn command(invocation: &Invocation<'_>) -> String {
    let program = invocation.program.map_or("an unknown program".to_owned(), |name| format!("{name:?}"));
    let mut text = if invocation.words.is_empty() { "assignments".to_owned() } else { program };
    text += match &invocation.elevation {
        Elevation::None => "",
        Elevation::Root(_) => ", as root",
        Elevation::Other => ", as another user",
    };
    text += if invocation.place.is_certain() { ", runs" } else { ", may run" };
    text + match invocation.place.proof {
        Proof::Always => " and succeeds",
        Proof::UnderErrexit => " and succeeds with set -e",
        Proof::None => "",
    }
}

fn directory(directory: &Directory) -> String {
    match directory {
        Directory::Known(path) => format!("{path:?}"),
        Directory::FromStart(path) => format!("the workdir and {path:?}"),
        Directory::Unknown => "unknown".to_owned(),
    }
}

fn actions(page: &mut Page<'_>, invocation: &Invocation<'_>) {
    if invocation.actions.all().is_none() {
        page.line("files: any");
    }
    for Action { act, file, to, .. } in invocation.actions.known() {
        let inner = file.inner.map(|inner| format!("/{inner}")).unwrap_or_default();
        let to = to.map(|to| format!(", to {}", to.name.written())).unwrap_or_default();
        page.line(format!("{act:?}: {}{inner}{to}", file.name.written()));
    }
}

/// The caches that calls of package managers fill, by the last call that does.
fn caches(page: &mut Page<'_>, facts: &Facts<'_>, run: &RunFacts<'_>) {
    for (index, call) in run.calls.iter().enumerate() {
        for cache in &call.manager.caches {
            if facts.last_fill(run, call.manager, cache) == Some(index) {
                let state = if is_mounted(run, &cache.directories) {
                    "in a mount"
                } else if facts.is_emptied(run, call.manager, cache, index) {
                    "emptied"
                } else {
                    "kept"
                };
                page.line(format!("{}: {state}", what(&call.manager.name, &cache.name)));
            }
        }
    }
}

fn effects(page: &mut Page<'_>, effects: &Effects) {
    if let Some(reason) = &effects.unknown {
        page.line(format!("reads and writes anything, because {reason}"));
        return;
    }
    for (what, resources) in [("reads", &effects.reads), ("writes", &effects.writes)] {
        let mut all: Vec<String> = Vec::new();
        for name in resources.iter().map(resource) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        if !all.is_empty() {
            page.line(format!("{what}: {}", all.join(", ")));
        }
    }
    for install in &effects.installs {
        let directory = install.directory.as_ref().map_or("unknown".to_owned(), |path| format!("{path:?}"));
        page.line(format!("installs from manifests, in the directory {directory}"));
    }
}

fn resource(resource: &Resource) -> String {
    match resource {
        Resource::Files(Tree::Everything) => "all files".to_owned(),
        Resource::Files(Tree::At(path)) => format!("{path:?}"),
        Resource::Files(Tree::System) => "system files".to_owned(),
        Resource::Files(Tree::Homes) => "home directories".to_owned(),
        Resource::Entered(path) => format!("that {path:?} exists"),
        Resource::Accounts => "accounts".to_owned(),
        Resource::Directory => "workdir".to_owned(),
        Resource::User => "user".to_owned(),
        Resource::Shell => "shell".to_owned(),
        Resource::Variable(name) => format!("${name}"),
        Resource::Variables => "all variables".to_owned(),
        Resource::Configuration => "configuration".to_owned(),
        Resource::Everything => "everything".to_owned(),
    }
}

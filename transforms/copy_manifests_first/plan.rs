//! Which files of a copied directory are needed by the installs below it, so that these files can
//! be copied first and the rest later.
//!
//! Uses the build context: `manifests` finds the files that an install reads, and `copied` their
//! paths in the image.

use std::collections::BTreeSet;

use crate::context::BuildContext;
use crate::facts::append::is_plain_statement;
use crate::facts::change_rate::Rate;
use crate::facts::copied::Copied;
use crate::facts::effects::Effects;
use crate::facts::execution::changes_shell;
use crate::facts::{Call, FURTHEST, Facts, Invocation, RunFacts, paths};
use crate::knowledge::Confidence;
use crate::knowledge::lists::programs::{CHANGING_WHAT_EXISTS, ENDING_A_SCRIPT};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::{End, Statement};
use crate::syntax::{Body, Instruction};
use crate::transforms::copy_manifests_first::layout::Installs;
use crate::transforms::ordering::{self, Move, index};
use crate::transforms::support::early_copy::{
    EarlyCopy, by_directory, cannot_be_named, installed_before, is_there_before, other_sources_above,
};
use crate::transforms::support::manifests;

/// A copy of a directory that can be split.
#[derive(Debug, Clone)]
pub struct DependencyCopy {
    /// Where the copy of the whole directory moves to.
    pub moved: Move,
    /// The copies that replace it.
    pub copies: Vec<EarlyCopy>,
    /// Where the RUN before its new place is cut in two, so that the rest of that RUN's commands
    /// has all files.
    pub cut: Option<Span>,
    /// Context paths that the installs create: the ignore file must exclude them, or the later copy
    /// copies the host's.
    pub makes: BTreeSet<String>,
    /// How certain it is that the installs need nothing else.
    pub confidence: Confidence,
}

/// The context files that the installs of a RUN need.
#[derive(Debug, Clone, Default)]
struct Needed {
    reads: Vec<String>,
    makes: BTreeSet<String>,
    confidence: Confidence,
}

impl Needed {
    fn add(&mut self, other: Self) {
        let new = other.reads.into_iter().filter(|file| !self.reads.contains(file));
        let new: Vec<String> = new.collect();
        self.reads.extend(new);
        self.makes.extend(other.makes);
        self.confidence = self.confidence.max(other.confidence);
    }
}

/// Whether splitting a copy of a stage may be worthwhile. Does not read the context.
pub fn may_copy_early(facts: &Facts<'_>, stage: usize) -> bool {
    let is_copy = |body: &Body| matches!(body, Body::Copy(_) | Body::Add(_));
    let Some(order) = ordering::movable_items(facts, stage, &is_copy) else { return false };
    let from_context = |item: &usize| {
        facts.instruction_at(*item).is_some_and(|instruction| {
            is_copy(&instruction.body)
                && instruction.heredocs.is_empty()
                && instruction.flag("from").is_none()
        })
    };
    let Some(first) = order.iter().position(from_context) else { return false };
    order[first..].iter().any(|item| {
        facts.run_at(*item).is_some_and(|run| run.calls.iter().any(|call| call.manager.installs(&call.verb)))
    })
}

/// Copies that can move below installs that need none of them.
#[derive(Debug, Clone)]
pub struct SinkingSources {
    /// The copies, in the order of the new text.
    pub moves: Vec<Move>,
    /// Context paths that the installs create, and that the copies could contain.
    pub makes: BTreeSet<String>,
    /// How certain it is that the installs do not need the files.
    pub confidence: Confidence,
}

/// The copies of a stage that can move below installs as they are: those that certainly can, or
/// else all.
pub fn sinking_sources(
    facts: &Facts<'_>,
    stage: usize,
    context: &BuildContext,
    fixed: &dyn Fn(&Instruction<'_>) -> bool,
) -> Option<SinkingSources> {
    let installs = Installs::of(facts, context);
    // Pairs of instructions take long, and most stages install nothing from manifests.
    if !facts.stages[stage].items.clone().any(|item| installs.is_known(item)) {
        return None;
    }
    [Confidence::Safe, Confidence::Unsafe].into_iter().find_map(|limit| {
        let passes = |copy: usize, install: usize| {
            installs.pass(copy, install).is_some_and(|pass| pass.needs.is_empty() && pass.confidence <= limit)
        };
        let moves = ordering::sinking_copies(facts, stage, fixed, &passes);
        let mut found = SinkingSources { moves, makes: BTreeSet::new(), confidence: Confidence::Safe };
        let mut is_past_install = false;
        for moving in &found.moves {
            for item in moving.item + 1..=moving.after {
                if facts.effects(item).installs.is_empty() {
                    continue;
                }
                let pass = installs.pass(moving.item, item)?;
                is_past_install = true;
                found.makes.extend(pass.makes);
                found.confidence = found.confidence.max(pass.confidence);
            }
        }
        is_past_install.then_some(found)
    })
}

/// The copies of a stage that can be split, from top to bottom and independent of each other. The
/// error says why the only candidate can't be split.
pub fn dependency_copies(
    facts: &Facts<'_>,
    stage: usize,
    context: &BuildContext,
    fixed: &dyn Fn(&Instruction<'_>) -> bool,
) -> Vec<Result<DependencyCopy, Reason>> {
    let is_copy = |body: &Body| matches!(body, Body::Copy(_) | Body::Add(_));
    let Some(order) = ordering::movable_items(facts, stage, &is_copy) else { return Vec::new() };
    let mut against = None;
    let mut found: Vec<Result<DependencyCopy, Reason>> = Vec::new();
    let (mut below, mut destinations) = (0, Vec::new());
    let installs = Installs::of(facts, context);
    for (at, &item) in order.iter().enumerate() {
        let is_fixed =
            facts.instruction_at(item).is_none_or(fixed) || crate::facts::near_error(facts.file, item);
        let Some(copied) =
            facts.copied(item, context).filter(|copied| copied.takes_a_directory() && !is_fixed)
        else {
            let after = &order[at + 1..];
            if found.is_empty() && !is_fixed {
                found.extend(take_list_apart(facts, item, after, &installs, context).map(Ok));
                below = found.iter().flatten().map(|early| early.moved.after).max().unwrap_or(below);
            }
            against = against.or_else(|| is_not_followed(facts, item, after));
            continue;
        };
        let reaches = |other: &String| {
            paths::within(other, &copied.destination) || paths::within(&copied.destination, other)
        };
        if item <= below && !found.is_empty() || destinations.iter().any(reaches) {
            continue;
        }
        match take_apart(facts, &copied, &order[at + 1..], &order[..at], context) {
            Some(Ok(early)) => {
                below = early.moved.after;
                destinations.push(copied.destination);
                found.push(Ok(early));
            }
            Some(Err(reason)) => against = against.or(Some(reason)),
            None => {}
        }
    }
    found.extend(against.map(Err).filter(|_| found.is_empty()));
    found
}

/// A copy above an install whose options select its files, which are unknown.
fn is_not_followed(facts: &Facts<'_>, item: usize, after: &[usize]) -> Option<Reason> {
    let copy = facts.instruction_at(item)?;
    let (Body::Copy(_) | Body::Add(_)) = &copy.body else { return None };
    let flag = copy.flag("exclude")?;
    let installs = |other: &usize| {
        facts.run_at(*other).is_some_and(|run| run.calls.iter().any(|call| call.manager.installs(&call.verb)))
    };
    let reason = reasons::unknown_selection(&flag.name);
    after.iter().take(FURTHEST).any(installs).then_some(reason.at(copy.text))
}

fn take_apart(
    facts: &Facts<'_>,
    copied: &Copied,
    after: &[usize],
    before: &[usize],
    context: &BuildContext,
) -> Option<Result<DependencyCopy, Reason>> {
    if after.len() > FURTHEST {
        let reason = reasons::too_many_follow(FURTHEST);
        return Some(Err(reason.at(facts.file.items[copied.item].span())));
    }
    let own = facts.effects(copied.item);
    let mut needed = Needed::default();
    let mut last = None;
    let mut spares = None;
    let mut against = None;
    let mut cut = None;
    let mut entered: Vec<String> = Vec::new();
    for &other in after {
        if !ordering::is_movable_across(facts, other) || index::hands_index_on(facts, other) {
            break;
        }
        let effects = facts.effects(other);
        if effects.installs.is_empty()
            && (own.commute(effects) || ordering::may_pass_workdir(facts, copied.item, other, own, effects))
        {
            if index::is_worth_sparing(facts, other) {
                last = Some(other);
            }
            continue;
        }
        match needed_by(facts, copied, other, own, effects, context) {
            Ok(more) => {
                entered.extend(effects.entered().map(str::to_owned));
                needed.add(more);
                last = Some(other);
                spares = spares.or(Some(other));
            }
            Err(reason) => {
                if let Some((at, more)) = needed_by_first_part(facts, copied, other, own, context) {
                    needed.add(more);
                    (last, spares, cut) = (Some(other), spares.or(Some(other)), Some(at));
                }
                against = reason.map(|reason| reason.at(facts.file.items[other].span()));
                break;
            }
        }
    }
    let (Some(after), Some(spares)) = (last, spares) else { return against.map(Err) };
    let Needed { reads, makes, confidence } = needed;
    if let Some(reason) = lacks_directory(facts, copied, &entered, &reads) {
        return Some(Err(reason.at(facts.file.items[after].span())));
    }
    if let Some(other) = other_sources_above(facts, copied.item, spares) {
        let line = facts.file.items[other].span().of(facts.file.text).lines().next().unwrap_or_default();
        let reason = reasons::changes_as_often(line.trim_end());
        return Some(Err(reason.at(facts.file.items[copied.item].span())));
    }
    let missing: Vec<String> =
        reads.into_iter().filter(|file| !is_there_before(facts, copied, file, before, context)).collect();
    if let Some(reason) = cannot_be_named(&missing, context) {
        return Some(Err(reason.at(facts.file.items[copied.item].span())));
    }
    let moved = Move { item: copied.item, after, spares };
    Some(Ok(DependencyCopy {
        moved,
        copies: by_directory(copied, &missing, context),
        cut,
        makes,
        confidence,
    }))
}

/// How a copy of named files, manifests and sources, can be split.
fn take_list_apart(
    facts: &Facts<'_>,
    item: usize,
    after: &[usize],
    installs: &Installs<'_, '_>,
    context: &BuildContext,
) -> Option<DependencyCopy> {
    let copied = facts.copied(item, context).filter(|copied| !copied.takes_a_directory())?;
    if facts.rate(item) != Rate::Often || after.len() > FURTHEST {
        return None;
    }
    let own = facts.effects(item);
    let (mut needed, mut last, mut spares) = (Needed::default(), None, None);
    for &other in after {
        if !ordering::is_movable_across(facts, other) || index::hands_index_on(facts, other) {
            break;
        }
        let effects = facts.effects(other);
        if effects.installs.is_empty() {
            if !own.commute(effects) && !ordering::may_pass_workdir(facts, item, other, own, effects) {
                break;
            }
            if index::is_worth_sparing(facts, other) {
                last = Some(other);
            }
            continue;
        }
        let Some(pass) = installs.pass(item, other) else { break };
        needed.add(Needed { reads: pass.needs, makes: pass.makes, confidence: pass.confidence });
        (last, spares) = (Some(other), spares.or(Some(other)));
    }
    let (after, spares) = (last?, spares?);
    let Needed { reads, makes, confidence } = needed;
    let is_rest = reads.len() < copied.count() && !reads.is_empty();
    if !is_rest
        || other_sources_above(facts, item, spares).is_some()
        || cannot_be_named(&reads, context).is_some()
    {
        return None;
    }
    let copies = vec![EarlyCopy { sources: reads, directory: String::new() }];
    Some(DependencyCopy { moved: Move { item, after, spares }, copies, cut: None, makes, confidence })
}

/// A directory that a script enters and that only the copy of the whole directory would create.
fn lacks_directory(
    facts: &Facts<'_>,
    copied: &Copied,
    entered: &[String],
    early: &[String],
) -> Option<Reason> {
    let made = |path: &str| {
        let by_copy =
            early.iter().filter_map(|file| copied.image_path(file)).any(|file| paths::within(&file, path));
        by_copy || facts.directory_at(copied.item).is_some_and(|directory| paths::within(&directory, path))
    };
    let within =
        |path: &&String| paths::within(path, &copied.destination) || paths::within(&copied.destination, path);
    let lacking = entered.iter().filter(within).find(|path| !made(path))?;
    Some(reasons::directory_not_yet_there(lacking))
}

/// The context files that the installs of a RUN read. An error without a reason means that the RUN
/// is not an install, or does not use the copy.
fn needed_by(
    facts: &Facts<'_>,
    copied: &Copied,
    item: usize,
    own: &Effects,
    effects: &Effects,
    context: &BuildContext,
) -> Result<Needed, Option<Reason>> {
    let run = facts.run_at(item).ok_or(None)?;
    let installs = run.calls.iter().find(|call| call.manager.installs(&call.verb));
    if let Some(reason) = &effects.unknown {
        // Reported only if an install follows the copy.
        return Err(installs.map(|call| {
            let is_own = |index| {
                run.calls
                    .iter()
                    .any(|other| other.invocation == index && other.manager.name == call.manager.name)
            };
            if (0..run.invocations.len()).all(is_own) {
                return reason.clone();
            }
            reason.clone().undone(format_args!("`{}` is not the only command of its RUN", call.manager.name))
        }));
    }
    if !own.commute_but_for_installs(effects) {
        // An install of named packages has no manifests.
        let manifests = installs.filter(|_| !effects.installs.is_empty());
        return Err(manifests.map(|call| {
            let is_alone = run.invocations.len() == 1;
            if own.may_write_to_system() {
                reasons::files_of_programs(&copied.destination, &call.manager.name)
            } else if is_alone {
                reasons::files_named_by_install(&call.manager.name)
            } else {
                reasons::files_named_in_run()
            }
        }));
    }
    let mut needed = Needed::default();
    for install in &effects.installs {
        let call = &run.calls[install.call];
        let folder = install.directory.as_ref().and_then(|directory| copied.context_folder(directory));
        let invocation = &run.invocations[call.invocation];
        let as_module = invocation.simple.words.iter().any(|word| word.raw == "-m");
        let place = manifests::Place {
            folder: folder.as_deref(),
            origin: &|path| copied.context_path(path),
            as_module,
            installed: &|| installed_before(facts, item),
            context,
            known: facts.known,
        };
        let project = manifests::project(call, &place);
        let project = project.ok_or(None)?.map_err(Some)?;
        if let Some(outside) = project.reads.iter().find(|path| copied.inner_path(path).is_none()) {
            return Err(Some(reasons::not_among_copied_files(outside)));
        }
        // Files that the copy of the whole directory leaves out can't come from the host
        // either.
        let makes = project.makes.into_iter().filter(|path| copied.inner_path(path).is_some());
        needed.add(Needed { reads: project.reads, makes: makes.collect(), confidence: project.confidence });
    }
    Ok(needed)
}

/// The context files that the first commands of a RUN need, if other commands follow (`npm ci &&
/// npm run build`), and where to split the RUN.
fn needed_by_first_part(
    facts: &Facts<'_>,
    copied: &Copied,
    item: usize,
    own: &Effects,
    context: &BuildContext,
) -> Option<(Span, Needed)> {
    let run = facts.run_at(item)?;
    let statement = can_be_cut(run)?;
    let pipelines: Vec<_> = statement.pipelines().collect();
    let last_install = run
        .calls
        .iter()
        .filter(|call| call.manager.installs(&call.verb))
        .map(|call| run.invocations[call.invocation].place.pipeline);
    // The longest first part that can be analyzed and ends with an install.
    let ends: Vec<usize> = last_install.map(|at| at + 1).filter(|&end| end < pipelines.len()).collect();
    ends.into_iter().rev().find_map(|end| {
        let effects = facts.effects_until(run, end);
        let needed = needed_by(facts, copied, item, own, &effects, context).ok()?;
        let at = Span::new(pipelines[end - 1].span.end, pipelines[end].span.start);
        let stands_clear =
            run.instruction.comments.iter().all(|comment| comment.end <= at.start || at.end <= comment.start);
        let keeps_bytes = run
            .invocations
            .iter()
            .enumerate()
            .filter(|(_, invocation)| invocation.place.pipeline >= end)
            .all(|(index, invocation)| {
                let cleans = |call: &&Call<'_>| {
                    call.invocation == index
                        && (call.manager.cleans(&call.verb) || call.manager.removes(&call.verb))
                };
                !CHANGING_WHAT_EXISTS.iter().any(|name| invocation.is(name))
                    && !run.calls.iter().any(|call| cleans(&call))
            });
        (!effects.installs.is_empty() && stands_clear && keeps_bytes).then_some((at, needed))
    })
}

/// The `&&` list of a RUN, if it is the only statement and its commands share nothing but files, so
/// that it could be two RUNs.
fn can_be_cut<'r>(run: &'r RunFacts<'_>) -> Option<&'r Statement> {
    let script = run.editable()?;
    let [statement] = &script.list.statements[..] else { return None };
    let ends =
        |invocation: &Invocation<'_>| invocation.program.is_some_and(|name| ENDING_A_SCRIPT.contains(&name));
    // After RUN, this first word would be read as an option or as the exec form.
    let is_syntax = |invocation: &Invocation<'_>| {
        invocation.words.first().is_some_and(|word| word.raw.starts_with("--") || word.raw.starts_with("[\""))
    };
    let plain = statement.is_and_chain() && is_plain_statement(statement) && statement.end != End::Background;
    (plain
        && run.instruction.flags.is_empty()
        && !script.ends_in_comment
        && !changes_shell(script)
        && !run
            .invocations
            .iter()
            .any(|invocation| invocation.words.is_empty() || ends(invocation) || is_syntax(invocation)))
    .then_some(statement)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Entry, Tracked};
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn early(tracked: Option<&[&str]>) -> Result<Vec<String>, &'static str> {
        let text = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
        let file = Dockerfile::parse(text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let texts = [("requirements.txt", "-r local.txt\n"), ("local.txt", "flask\n")];
        let entry = |path: &str| Entry { path: path.into(), size: 1, is_link: false, executable: false };
        let entries = texts.iter().map(|(path, _)| entry(path)).collect();
        let texts = texts.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
        let mut context = BuildContext::of(entries, texts, ".dockerignore", None);
        let tracked = tracked.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
        context.tracked = Tracked::read_by(|| tracked);
        let early = dependency_copies(&facts, 0, &context, &|_| false).pop().expect("there is an install");
        early.map(|early| early.copies[0].sources.clone()).map_err(|reason| reason.code())
    }

    #[test]
    fn what_other_checkouts_lack_is_not_copied() {
        let both = Ok(vec!["requirements.txt".to_owned(), "local.txt".to_owned()]);
        assert_eq!(early(None), both);
        assert_eq!(early(Some(&["local.txt", "requirements.txt"])), both);
        // A project of which git tracks nothing yet.
        assert_eq!(early(Some(&[])), both);
        assert_eq!(early(Some(&["requirements.txt"])), Err("not-under-version-control"));
    }
}

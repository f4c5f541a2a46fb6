//! Divides the instructions of a stage into those that build, those that configure the final image,
//! and those that do both, and adds the copies between the two stages.
//!
//! The build stage keeps everything that creates layers, in its order. Settings after the last of
//! those belong to the final image; earlier ones are repeated, or moved if no build step reads
//! them.

use crate::facts::paths;
use crate::knowledge::languages::BUILD_VARIABLES;
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{is_common_directory, is_for_builds_only};
use crate::runtime::view::StageView;
use crate::syntax::{Assignment, Body, Instruction, Item};
use crate::transforms::split_stages::named_paths;
use crate::transforms::split_stages::owners;
use crate::transforms::split_stages::packages;
use crate::transforms::split_stages::recipe::{Copy, Recipe, RuntimeLine, Split, is_copied};
use crate::transforms::support::new_instruction::NewInstruction;

/// The comment on a copy of files that the build copies, too.
const OTHER_FILES: &str = "other copied files";

/// The two stages, as the recipe describes them.
pub(crate) fn assemble(view: &StageView<'_, '_>, recipe: Recipe) -> Result<Split, Reason> {
    let facts = view.facts;
    let anchor = facts.start_of(view.stage);
    let last = view.stage.items.clone().rev().find(|&item| builds(&facts.file.items[item]));
    let last = last.ok_or(reasons::builds_nothing().at(anchor))?;
    let build = free_name(view);
    let needs = packages::needs(view, &recipe);
    let system = packages::install(view, &recipe, &needs).map_err(|reason| reason.at(anchor))?;
    let copies = copies(view, &recipe).map_err(|reason| reason.at(anchor))?;

    let mut lines: Vec<RuntimeLine> = recipe.runtime.iter().cloned().map(RuntimeLine::New).collect();
    lines.extend(system.map(RuntimeLine::New));
    if !recipe.work.accounts.is_empty() {
        if !recipe.has_shell {
            return Err(reasons::accounts_without_shell().at(anchor));
        }
        lines.push(RuntimeLine::New(new_line("", format!("RUN {}", recipe.work.accounts.join(" && ")))));
    }
    let mut after = recipe.after.clone();
    if !recipe.work.links.is_empty() {
        if !recipe.has_shell {
            return Err(reasons::links_without_shell().at(anchor));
        }
        after.push(format!("RUN {}", recipe.work.links.join(" && ")));
    }
    let user = user_at_end(view).filter(|item| *item < last);
    lines.extend(settings(view, last, user));
    let directory = workdir(view, last).map_err(|reason| reason.at(anchor))?;
    let owners = owners::of(view, &recipe, directory.as_deref()).map_err(|reason| reason.at(anchor))?;
    let directory = directory.map(|path| format!("WORKDIR {path}"));
    let made = directory.into_iter().chain(owners.before);
    insert(&mut lines, made.map(|text| RuntimeLine::New(new_line("", text))));
    let copied = copies.into_iter().map(|Line { comment, item, text }| {
        let new = NewInstruction { comment, text: format!("COPY --from={build}{text}") };
        match item.filter(|item| facts.is_explained(*item)) {
            Some(item) => RuntimeLine::Explained(item, NewInstruction { comment: String::new(), ..new }),
            None => RuntimeLine::New(new),
        }
    });
    insert(&mut lines, copied);
    after.extend(owners.after);
    insert(&mut lines, after.into_iter().map(|text| RuntimeLine::New(new_line("", text))));
    // After everything that must run as root.
    insert(&mut lines, user.map(RuntimeLine::Copied));
    let name = match &facts.file.items[view.stage.items.start] {
        Item::Instruction(from) => match &from.body {
            Body::From(from) => from.name.clone(),
            _ => None,
        },
        _ => None,
    };
    Ok(Split {
        language: recipe.language,
        build,
        name,
        base: recipe.base,
        at_start: recipe.at_start,
        at_end: recipe.at_end,
        last,
        lines,
        needs,
        kept: recipe.kept,
        anchor,
    })
}

/// The settings before an instruction of the stage that the runtime stage takes over.
fn settings(view: &StageView<'_, '_>, last: usize, user: Option<usize>) -> Vec<RuntimeLine> {
    let line = |item: usize| {
        let Item::Instruction(instruction) = &view.facts.file.items[item] else { return None };
        match &instruction.body {
            Body::Arg(all) if !is_used_at_run(view, item, all, (last, user)) => None,
            Body::Env(all) if all.iter().all(|variable| is_for_build(view, variable)) => None,
            Body::Env(all) if is_set_again(view, item, all) => None,
            Body::Arg(_) | Body::Env(_) | Body::Shell(_) => Some(RuntimeLine::Copied(item)),
            Body::Cmd(_)
            | Body::Entrypoint(_)
            | Body::Healthcheck(_)
            | Body::Expose(_)
            | Body::Label(_)
            | Body::Stopsignal
            | Body::Maintainer
            | Body::Volume(_) => Some(RuntimeLine::Moved(item)),
            _ => None,
        }
    };
    (view.stage.items.start + 1..last).filter_map(line).collect()
}

/// The working directory before the last instruction of the build stage, if the runtime stage needs
/// it: a later WORKDIR may set the same directory.
fn workdir(view: &StageView<'_, '_>, last: usize) -> Result<Option<String>, Reason> {
    let path_of = |item: usize| match &view.facts.file.items[item] {
        Item::Instruction(instruction) => match &instruction.body {
            Body::Workdir(path) => Some((item, path.as_str())),
            _ => None,
        },
        _ => None,
    };
    let mut later = (last + 1..view.stage.items.end).filter_map(path_of);
    if later.clone().any(|(_, path)| path.starts_with('/')) {
        return Ok(None);
    }
    match (view.stage.items.start + 1..last).filter_map(path_of).next_back() {
        Some((item, _)) => view.facts.directory_after(item).map(Some).ok_or_else(reasons::unknown_workdir),
        // It is relative to the working directory of the base image, and the new one has another.
        None if later.next().is_some() => Err(reasons::unknown_workdir()),
        None => Ok(None),
    }
}

/// Inserts lines after those that are new or copied, and before those that move.
fn insert(lines: &mut Vec<RuntimeLine>, new: impl IntoIterator<Item = RuntimeLine>) {
    let is_earlier = |line: &&RuntimeLine| !matches!(line, RuntimeLine::Moved(_));
    let at = lines.iter().take_while(is_earlier).count();
    lines.splice(at..at, new);
}

fn new_line(comment: &str, text: String) -> NewInstruction {
    NewInstruction { comment: comment.to_owned(), text }
}

fn builds(item: &Item<'_>) -> bool {
    matches!(item, Item::Instruction(instruction) if builds_layers(instruction))
}

fn free_name(view: &StageView<'_, '_>) -> String {
    let is_taken = |name: &str| {
        view.facts
            .stages
            .iter()
            .any(|stage| stage.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    let name = ["build", "builder", "compile", "build-stage"].into_iter().find(|name| !is_taken(name));
    name.map_or_else(|| format!("build-{}", view.facts.stages.len()), str::to_owned)
}

fn is_for_build(view: &StageView<'_, '_>, assignment: &Assignment) -> bool {
    BUILD_VARIABLES.contains(&assignment.key.as_str())
        && !is_named_at_run(view, &assignment.key, view.stage.items.start)
}

/// The USER of the final image.
fn user_at_end(view: &StageView<'_, '_>) -> Option<usize> {
    let is_user = |item: &usize| matches!(&view.facts.file.items[*item], Item::Instruction(instruction) if matches!(instruction.body, Body::User(_)));
    view.stage.items.clone().rev().find(is_user)
}

/// Whether the runtime stage reads a build argument: an instruction after the last build step, the
/// USER copied from before it, or a setting.
fn is_used_at_run(
    view: &StageView<'_, '_>,
    item: usize,
    all: &[Assignment],
    (last, user): (usize, Option<usize>),
) -> bool {
    let is_setting = |instruction: &Instruction<'_>, at: usize| {
        at > last
            || user == Some(at)
            || !matches!(instruction.body, Body::Run(_) | Body::Copy(_) | Body::Add(_) | Body::User(_))
    };
    let later =
        view.facts.file.instructions().filter(|(at, instruction)| *at > item && is_setting(instruction, *at));
    let mut later = later.filter(
        |(_, instruction)| !matches!(&instruction.body, Body::Env(all) if all.iter().all(|variable| is_for_build(view, variable))),
    );
    later.any(|(_, instruction)| all.iter().any(|argument| uses(instruction, &argument.key)))
}

/// Whether all these variables get other values later, and no instruction of the final image reads
/// them before.
fn is_set_again(view: &StageView<'_, '_>, item: usize, all: &[Assignment]) -> bool {
    let later =
        || view.facts.file.instructions().filter(|(at, assignment)| *at > item && !builds_layers(assignment));
    all.iter().all(|assignment| {
        let again = later().any(|(_, other)| matches!(&other.body, Body::Env(others) if others.iter().any(|other| other.key == assignment.key)));
        again && !later().any(|(_, other)| uses(other, &assignment.key))
    })
}

fn builds_layers(instruction: &Instruction<'_>) -> bool {
    matches!(instruction.body, Body::Run(_) | Body::Copy(_) | Body::Add(_))
}

fn uses(instruction: &Instruction<'_>, name: &str) -> bool {
    let text = instruction.arguments();
    text.match_indices(name).any(|(at, _)| {
        let before = &text[..at];
        let after = &text[at + name.len()..];
        (before.ends_with('$') || before.ends_with("${"))
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether something other than the steps of the build refers to a variable.
fn is_named_at_run(view: &StageView<'_, '_>, name: &str, from: usize) -> bool {
    let all = view.facts.file.instructions().filter(|(at, _)| *at > from);
    let mut all = all
        .filter(|(_, instruction)| !matches!(instruction.body, Body::Run(_) | Body::Copy(_) | Body::Add(_)));
    all.any(|(_, instruction)| uses(instruction, name))
}

/// A copy from the build.
struct Line {
    comment: String,
    /// The instruction of the build that copies the same file, and whose comment explains it.
    item: Option<usize>,
    /// Everything after the name of the stage.
    text: String,
}

/// The copies from the build: those of the recipe, and the other outputs of the steps outside of
/// them.
fn copies(view: &StageView<'_, '_>, recipe: &Recipe) -> Result<Vec<Line>, Reason> {
    let mut all = recipe.copies.clone();
    if !view.may_build_folder() {
        all.retain(|copy| copy.paths != [view.folder.as_str()]);
    }
    let of_recipe = all.len();
    let outside = copied_outside(view)?;
    for (path, program) in &recipe.work.paths {
        let holds_a_copy =
            || all.iter().flat_map(|copy| &copy.paths).any(|copied| paths::within(copied, path));
        let is_around = *path == view.folder || view.folder.starts_with(&format!("{path}/"));
        let only_made = matches!(program.as_str(), "mkdir" | "chmod" | "chown");
        if !(is_around || is_copied(path, &all) || only_made && holds_a_copy()) {
            let is_source = || {
                paths::within(path, &view.folder)
                    || outside.iter().any(|(copied, _)| paths::within(path, copied))
            };
            let comment = match program.as_str() {
                "mkdir" => "directories created during the build".to_owned(),
                "chmod" | "chown" if is_source() => OTHER_FILES.to_owned(),
                "chmod" | "chown" => format!("files changed by {program}"),
                _ => format!("files created by {program}"),
            };
            all.push(Copy::of(path, comment));
        }
    }
    for (path, _) in &outside {
        if !paths::within(path, &view.folder)
            && !is_copied(path, &all)
            && !is_for_builds_only(path)
            && !recipe.work.is_removed(path)
        {
            all.push(Copy::of(path, OTHER_FILES));
        }
    }
    if let Some(path) =
        all[of_recipe..].iter().flat_map(|copy| &copy.paths).find(|path| is_common_directory(path))
    {
        return Err(reasons::added_files_mixed(path));
    }
    named_paths::check(view, &all)?;
    let item_of = |path: &str| outside.iter().find(|(copied, _)| copied == path).map(|(_, item)| *item);
    let mut lines: Vec<Line> = Vec::new();
    for Copy { paths: named, to, reason } in all {
        for (index, path) in named.iter().enumerate() {
            if path.contains(char::is_whitespace) || path.contains(['*', '?', '[', '$', '"']) {
                return Err(reasons::path_is_pattern(path));
            }
            if recipe.work.changes_owner_alone(path) {
                return Err(reasons::owner_without_contents(path));
            }
            let owner =
                recipe.work.owner_of(path).map(|owner| format!(" --chown={owner}")).unwrap_or_default();
            let item = item_of(path)
                .filter(|item| reason == OTHER_FILES && lines.iter().all(|line| line.item != Some(*item)));
            let comment = if index == 0 { reason.clone() } else { String::new() };
            let text = format!("{owner} {path} {}", to.as_ref().unwrap_or(path));
            lines.push(Line { comment, item, text });
        }
    }
    if !recipe.libraries.is_empty() {
        // Debian installs them in a directory with the name of the architecture.
        // (wiki.debian.org/Multiarch)
        let files: Vec<String> =
            recipe.libraries.iter().map(|name| format!("/usr/lib/*-linux-gnu*/{name}")).collect();
        let comment = "libraries that the program links".to_owned();
        lines.push(Line { comment, item: None, text: format!(" {} /usr/lib/", files.join(" ")) });
    }
    Ok(lines)
}

/// The destinations of the stage's own copies outside the application's folder, each with the
/// instruction.
fn copied_outside(view: &StageView<'_, '_>) -> Result<Vec<(String, usize)>, Reason> {
    let facts = view.facts;
    let mut found = Vec::new();
    for item in view.stage.items.clone() {
        let Item::Instruction(instruction) = &facts.file.items[item] else { continue };
        let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { continue };
        let target = facts
            .path_at(item, &transfer.destination)
            .or_else(|| view.below_root(item, &transfer.destination));
        let target = target.ok_or_else(|| reasons::unknown_destination(&transfer.destination))?;
        if paths::within(&target, view.folder.trim_end_matches('/')) && view.folder != "/" {
            continue;
        }
        let is_file = !transfer.destination.ends_with('/') && transfer.sources.len() == 1;
        let from_elsewhere = instruction.flag("from").is_some();
        if from_elsewhere && !is_file {
            return Err(reasons::file_or_directory(&target));
        }
        let names = transfer
            .sources
            .iter()
            .map(|source| source.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
        let is_directory = |source: &str| {
            let source = source.trim_start_matches("./").trim_matches('/');
            source.is_empty()
                || source == "."
                || view.context.is_some_and(|context| context.file(source).is_none())
        };
        // A single file under a new name, or the contents of a directory.
        if !is_common_directory(&target)
            && (is_file || transfer.sources.iter().all(|source| is_directory(source)))
        {
            found.push((target, item));
            continue;
        }
        for name in names {
            if name.is_empty() || matches!(name, "." | "..") || name.contains(['*', '?', '[', '$']) {
                if is_common_directory(&target) {
                    return Err(reasons::copied_files_mixed(&target));
                }
                found.push((target.clone(), item));
            } else {
                let directory = target.trim_end_matches('/');
                found.push((format!("{directory}/{name}"), item));
            }
        }
    }
    Ok(found)
}

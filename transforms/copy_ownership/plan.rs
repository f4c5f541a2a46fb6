//! A `chown` or `chmod` directly after a copy of the same files: which flag of the copy gives the
//! same owner and mode, and what the command still has to do.
//!
//! BuildKit's behavior, as observed in builds (BuildKit 0.25): the flags apply to everything that
//! is copied, and to directories that the copy creates, including parents of the destination. An
//! existing destination keeps its owner and mode. Symlinks get the owner and keep their mode, as
//! with `-R` of GNU's and BusyBox's commands. `--chown=user` takes the user's group from the
//! image's `/etc/passwd`.

use crate::facts::append::{Errexit, errexit, is_plain_statement};
use crate::facts::commands::{Elevation, Invocation};
use crate::facts::environment::{User, Variable};
use crate::facts::provenance::{looks_like_a_file, may_reach};
use crate::facts::{FURTHEST, Facts, RunFacts, excise, paths};
use crate::knowledge::Act;
use crate::knowledge::lists::files::COMPRESSED_ARCHIVES;
use crate::knowledge::lists::options::MAKING_EXECUTABLE;
use crate::pragma::is_pragma;
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::{End, Word};
use crate::syntax::{Body, Flag, Instruction, Item, Keyword, Transfer};

/// A command that flags of copies can replace.
#[derive(Debug)]
pub struct CopyOwnership {
    /// The flag for the copies: `--chown=app:app`.
    pub flag: String,
    /// Its positions, after each COPY or ADD.
    pub insertions: Vec<usize>,
    /// The text to remove: the command, the whole RUN, or only `-R`.
    pub needless: Span,
    /// The command's name and path, for the title.
    pub what: String,
}

/// A `chown` or `chmod` with plain words.
struct OwnerChange<'w> {
    program: &'static str,
    value: &'w Word,
    recursive: Option<&'w Word>,
    path: &'w Word,
}

/// The copies of the files under a path.
struct Brought<'f, 'a> {
    copies: Vec<(usize, &'f Instruction<'a>)>,
    /// Variables whose values change between the copies and the RUN.
    changed: Vec<&'f str>,
}

/// The first command of a RUN that flags of the copies directly before it can replace. `None` if no
/// such copy is affected.
pub fn copy_ownership<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> Option<Result<CopyOwnership, Reason>> {
    run.editable()?;
    let firsts = run
        .invocations
        .iter()
        .take_while(|invocation| invocation.place.statement == 0 && invocation.place.alone);
    for (index, call) in firsts.enumerate() {
        let change = change(call)?;
        let path = facts.target_of(run, index, change.path).path()?.to_owned();
        match copies_to(facts, run, &path) {
            Err(reason) => return Some(Err(reason)),
            Ok(brought) if brought.copies.is_empty() => {}
            // An earlier fix leaves such a plain chown of a directory, and there is nothing more to
            // do.
            Ok(brought) if change.recursive.is_none() && !is_file_copy(facts, &brought, &path) => {}
            Ok(brought) => return Some(hand_over(facts, run, call, &change, &path, &brought)),
        }
    }
    None
}

/// The copies directly before a RUN that copy files to a path or below it, in order.
fn copies_to<'f, 'a>(
    facts: &'f Facts<'a>,
    run: &RunFacts<'a>,
    path: &str,
) -> Result<Brought<'f, 'a>, Reason> {
    let mut found = Brought { copies: Vec::new(), changed: Vec::new() };
    // The obstacle between a copy and the RUN. It matters only once such a copy is found.
    let mut changed: Vec<&str> = Vec::new();
    let mut until_first = 0;
    let mut blocker: Option<Reason> = None;
    let start = facts.stages[run.stage].items.start;
    for item in (start..run.item).rev() {
        let instruction = match &facts.file.items[item] {
            Item::Instruction(instruction) => &**instruction,
            Item::Error(..) => break,
            _ => continue,
        };
        match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                let destination = facts.absolute(item, &transfer.destination);
                let concerned = destination.as_ref().is_some_and(|destination| {
                    paths::within(destination, path)
                        || destination_of_file(transfer, destination).as_deref() == Some(path)
                });
                if concerned {
                    if let Some(blocker) = blocker {
                        return Err(blocker);
                    }
                    found.copies.push((item, instruction));
                    until_first = changed.len();
                } else if destination.is_none_or(|to| may_reach(instruction, &to, path)) {
                    let name = &transfer.destination;
                    blocker = Some(reasons::copy_between(name, path).seen_at(instruction.text));
                }
            }
            Body::Env(all) | Body::Arg(all) => {
                changed.extend(all.iter().map(|assignment| assignment.key.as_str()));
            }
            Body::Workdir(directory) => {
                let made = facts.absolute(item, directory);
                if made.is_none_or(|made| made != path && paths::within(&made, path)) {
                    blocker = Some(reasons::workdir_between(path).seen_at(instruction.text));
                }
            }
            Body::Volume(all) if all.iter().any(|volume| paths::overlap(volume, path)) => {
                blocker = Some(reasons::volume_contains_path().seen_at(instruction.text));
            }
            Body::Run(_) | Body::From(_) => {
                if found.copies.is_empty() && copies_before(facts, item, path) {
                    return Err(reasons::run_between().seen_at(instruction.text));
                }
                break;
            }
            _ => {}
        }
    }
    changed.truncate(until_first);
    found.changed = changed;
    found.copies.reverse();
    Ok(found)
}

/// Whether an earlier copy in the same stage copies to a path or below it.
fn copies_before(facts: &Facts<'_>, item: usize, path: &str) -> bool {
    // The answer only explains a refusal, so a search that takes too long is skipped.
    !facts.is_far_down(item)
        && facts.before(item).any(|(at, instruction)| match &instruction.body {
            Body::Copy(transfer) => {
                facts.absolute(at, &transfer.destination).is_some_and(|to| paths::within(&to, path))
            }
            _ => false,
        })
}

fn hand_over<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    invocation: &Invocation<'_>,
    change: &OwnerChange<'_>,
    path: &str,
    brought: &Brought<'_, 'a>,
) -> Result<CopyOwnership, Reason> {
    if run.user != User::Root || invocation.elevation != Elevation::None {
        return Err(reasons::may_not_be_root());
    }
    if !run.instruction.flags.is_empty() {
        return Err(reasons::run_has_flags());
    }
    if change.program == "chmod"
        && let Some(lack) = facts.lacks_syntax(2)
    {
        return Err(lack);
    }
    for (_, instruction) in &brought.copies {
        can_take(instruction, change.program)?;
    }
    let from_stage = brought.copies.iter().any(|(_, instruction)| flag(instruction, "from").is_some());
    let value = if change.program == "chown" {
        owner(facts, run, change, brought, from_stage)?
    } else {
        mode(change, from_stage)?
    };
    let (first, _) = brought.copies[0];
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let is_file = is_file_copy(facts, brought, path);
    let exists = if is_file {
        check_not_named_before(facts, run, first, path)?;
        false
    } else {
        facts.is_untouched(run.stage, first, path)?
    };
    // A directory that the copy creates has mode 755 anyway.
    let usual = is_file && change.program == "chmod" && value == "755";
    if !exists && !usual && !facts.is_there(run.stage, first, parent) {
        return Err(reasons::creates_parent(parent));
    }
    let needless = match change.recursive {
        // The directory existed: the copy does not change its owner and mode.
        Some(word) if exists => option_span(run, invocation, word)?,
        _ => removable_span(facts, run, invocation)?,
    };
    Ok(CopyOwnership {
        flag: format!("--{}={value}", change.program),
        insertions: brought.copies.iter().map(|(_, copy)| copy.keyword_span.end).collect(),
        needless,
        what: format!("{} of {path}", change.program),
    })
}

/// The owner, in the form that COPY accepts. A user without a group keeps the file's group, which
/// is root's for files of the build context.
fn owner<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    change: &OwnerChange<'_>,
    brought: &Brought<'_, 'a>,
    from_stage: bool,
) -> Result<String, Reason> {
    let raw = change.value.raw.trim_matches('"');
    let parts: Vec<&str> = raw.split(':').collect();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let name = part.strip_prefix('$').map(|name| name.trim_start_matches('{').trim_end_matches('}'));
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        match name {
            None if plain(part) => {}
            Some(name) if plain(name) && !name.contains('-') => {
                let (Variable::Set(value) | Variable::Argument(Some(value))) = facts.variable(run.item, name)
                else {
                    return Err(reasons::value_not_in_file(part));
                };
                if brought.changed.contains(&name) || value.is_empty() || !plain(&value) {
                    return Err(reasons::value_may_differ(part));
                }
            }
            _ => return Err(reasons::unusable_owner(raw)),
        }
    }
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match parts[..] {
        [user, group] if !user.is_empty() && !group.is_empty() => Ok(raw.to_owned()),
        _ if from_stage => Err(reasons::half_an_owner()),
        [user] if !user.is_empty() => Ok(format!("{user}:0")),
        // The user's own group, which is also COPY's default.
        [user, ""] if !user.is_empty() && !user.starts_with('$') && !is_number(user) => Ok(user.to_owned()),
        ["", group] if !group.is_empty() => Ok(format!("0:{group}")),
        _ => Err(reasons::unusable_owner(raw)),
    }
}

/// Checks that no earlier instruction names a file: it might be a symlink or a directory.
fn check_not_named_before<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    item: usize,
    path: &str,
) -> Result<(), Reason> {
    let names = |other: &RunFacts<'a>| other.instruction.logical.text.contains(path);
    if facts.is_far_down(item) {
        return Err(reasons::too_far_for_name(FURTHEST, path));
    }
    if facts.runs_up_to(run).any(|other| other.item < item && names(other)) {
        return Err(reasons::named_earlier(path));
    }
    Ok(())
}

/// The command with its operator, or the whole RUN if it has no other command.
fn removable_span<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    invocation: &Invocation<'_>,
) -> Result<Span, Reason> {
    let stuck = || reasons::not_removable();
    let script = run.script().ok_or_else(stuck)?;
    let statements = &script.list.statements;
    let statement = &statements[invocation.place.statement];
    let plain = statement.is_and_chain()
        && statement.end != End::Background
        && !script.ends_in_comment
        && invocation.place.is_certain();
    let span = match (statements.len(), statement.rest.is_empty()) {
        _ if !plain => None,
        (1, true) => return whole_run(facts, run),
        (_, true) => excise::clear(
            run,
            Span::new(invocation.command.span.start, statements[invocation.place.statement + 1].span.start),
        ),
        (count, false) => {
            // A failing list of one command stops a script under `set -e`; as part of a longer list
            // it does not.
            let same = errexit(run, script) == Errexit::Off || count == 1 && is_plain_statement(statement);
            excise::forward(run, invocation).or_else(|| excise::backward(run, invocation)).filter(|_| same)
        }
    };
    span.ok_or_else(stuck)
}

fn whole_run<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> Result<Span, Reason> {
    let told = matches!(
        facts.file.items[..run.item].last(),
        Some(Item::Comment(span)) if is_pragma(span.of(facts.file.text))
    );
    if told || !run.instruction.comments.is_empty() {
        return Err(reasons::comment_of_run());
    }
    let items = &facts.file.items;
    let after = items.get(run.item + 1);
    let is_followed = matches!(after, Some(Item::Instruction(_) | Item::Comment(_) | Item::Error(..)));
    // Comments directly above explain the RUN, and also what follows it directly.
    let comments = items[..run.item].iter().rev().take_while(|item| matches!(item, Item::Comment(_)));
    let count = if is_followed { 0 } else { comments.count() };
    let first = run.item - count;
    let is_heading = first.checked_sub(1).is_none_or(|at| !matches!(items[at], Item::Blank(_)));
    let first = if is_heading { run.item } else { first };
    let above = items[..first].last();
    let full = Span::new(items[first].span().start, run.instruction.full.end);
    let text = facts.file.text;
    if full.of(text).ends_with('\n') {
        // Only one of the two gaps around it is removed.
        return Ok(match (above, after) {
            (Some(Item::Blank(_)), Some(Item::Blank(blank))) => Span::new(full.start, blank.end),
            _ => full,
        });
    }
    // The last line has no line break, so the one before it is removed.
    let before = text[..full.start].trim_end_matches('\n').trim_end_matches('\r').len();
    let one_line = text[before..full.start].matches('\n').count() == 1;
    Ok(Span::new(if one_line { before } else { full.start }, full.end))
}

/// Reads `chown [-R] OWNER PATH` or `chmod [-R] MODE PATH`, without anything else.
fn change<'i>(invocation: &Invocation<'i>) -> Option<OwnerChange<'i>> {
    let program = ["chown", "chmod"].into_iter().find(|name| invocation.is_written(name))?;
    let plain = invocation.command.redirects.is_empty()
        && invocation.simple.assignments.is_empty()
        && !invocation.repeated
        && invocation.wrappers().iter().all(|word| word.text() == "sudo");
    let options: Vec<&Word> =
        invocation.arguments().iter().filter(|word| word.raw.starts_with('-')).collect();
    let recursive = match options[..] {
        [] => None,
        [word] if matches!(word.raw.as_str(), "-R" | "--recursive") => Some(word),
        _ => return None,
    };
    let [value, path] = invocation.actions.known() else { return None };
    let is_meant = plain && value.act == Act::Text && path.act == Act::Changes;
    let (value, path) = (value.file.name.word()?, path.file.name.word()?);
    is_meant.then_some(OwnerChange { program, value, recursive, path })
}

/// Whether a copy can get the flag, and its sources name its files.
fn can_take(instruction: &Instruction<'_>, name: &str) -> Result<(), Reason> {
    let keyword = instruction.keyword.name();
    if flag(instruction, name).is_some() {
        return Err(reasons::has_flag_already(keyword, name));
    }
    let known = |flag: &Flag| matches!(flag.name.as_str(), "from" | "chown" | "chmod" | "exclude");
    if let Some(other) = instruction.flags.iter().find(|flag| !known(flag)) {
        return Err(reasons::flag_changes_copy(keyword, &other.name));
    }
    if let (Keyword::Add, Body::Add(transfer)) = (instruction.keyword, &instruction.body) {
        let unpacks = |source: &String| {
            let archive = COMPRESSED_ARCHIVES.iter().any(|ending| source.ends_with(ending));
            archive
                || source.contains("://")
                || source.starts_with("git@")
                || source.contains(['*', '?', '[', '$'])
        };
        if transfer.sources.iter().any(unpacks) {
            return Err(reasons::add_may_unpack());
        }
    }
    Ok(())
}

fn flag<'f>(instruction: &'f Instruction<'_>, name: &str) -> Option<&'f Flag> {
    instruction.flags.iter().find(|flag| flag.name == name)
}

/// The destination of the file, if a copy copies exactly one file.
fn destination_of_file(transfer: &Transfer, destination: &str) -> Option<String> {
    let [source] = &transfer.sources[..] else { return None };
    if !looks_like_a_file(source) {
        return None;
    }
    let name = source.rsplit('/').next().unwrap_or_default();
    let into =
        transfer.destination.ends_with(['/', '.']) || !looks_like_a_file(destination) && destination == "/";
    match (into, source.starts_with("<<")) {
        (true, true) => None,
        (true, false) => Some(format!("{}/{name}", destination.trim_end_matches('/'))),
        (false, _) => looks_like_a_file(destination).then(|| destination.to_owned()),
    }
}

/// Whether the path is the only file of the only copy.
fn is_file_copy(facts: &Facts<'_>, brought: &Brought<'_, '_>, path: &str) -> bool {
    let [(item, instruction)] = brought.copies[..] else { return false };
    let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return false };
    let destination = facts.absolute(item, &transfer.destination);
    destination.and_then(|destination| destination_of_file(transfer, &destination)).as_deref() == Some(path)
}

/// The mode, if it is three digits, or makes one file of the build context executable: it can be
/// read by everyone there, as in a checkout. GNU chmod keeps a directory's set-group-ID bit, which
/// directories of another stage may have; COPY does not.
fn mode(change: &OwnerChange<'_>, from_stage: bool) -> Result<String, Reason> {
    let mode = change.value.literal().unwrap_or_default();
    if MAKING_EXECUTABLE.contains(&mode) && change.recursive.is_none() && !from_stage {
        return Ok("755".to_owned());
    }
    let digits = mode.strip_prefix('0').filter(|rest| rest.len() == 3).unwrap_or(mode);
    if digits.len() != 3 || !digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return Err(reasons::symbolic_mode(&change.value.raw));
    }
    if from_stage && change.recursive.is_some() {
        return Err(reasons::mode_bits_of_stage());
    }
    Ok(digits.to_owned())
}

fn option_span(run: &RunFacts<'_>, invocation: &Invocation<'_>, word: &Word) -> Result<Span, Reason> {
    let span = excise::word(run, invocation, word);
    span.ok_or_else(reasons::contains_comment)
}

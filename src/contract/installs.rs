//! The checks for steps that leave out repeated commands of apt: updates of the package lists,
//! removals of lists that are downloaded again, and installs of which another one takes over the
//! packages.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::contract::Contract;
use crate::contract::commands::{Step, commands, comments, configuration};
use crate::facts::paths;
use crate::knowledge::Knowledge;
use crate::reasons::{self, Reason};
use crate::syntax::Dockerfile;
use crate::syntax::shell::base_name;

/// The largest number of places at which the comparison goes on, so that its time is proportional
/// to the length of the file.
const MOST_PLACES: usize = 1024;
/// The same for installs, which take longer to compare.
const MOST_PLACES_OF_INSTALLS: usize = 64;
/// The largest number of installs that become a part of one in one step.
const MOST_PARTS: usize = 16;
/// The package lists of apt.
const LISTS: &str = "/var/lib/apt/lists";

impl Contract {
    /// A repeated update of the package lists of apt is removed, and so are removals of the lists
    /// before it.
    pub const UPDATES_INDEX_ONCE: Self = Self::of("updates index once", |old, after, known| {
        check(old.file, after, known, compare_updates)?;
        Ok(None)
    });

    /// Consecutive installs with apt become one, which installs the packages of all.
    pub const COMBINES_INSTALLS: Self = Self::of("combines installs", |old, after, known| {
        check(old.file, after, known, compare_installs)?;
        Ok(None)
    });
}

type Compare = fn(&[Step<'_>], &[Step<'_>], &Knowledge) -> Result<(), Reason>;

/// Compares the commands of each stage, and everything else, which must be the same.
fn check(
    before: &Dockerfile<'_>,
    after: &Dockerfile<'_>,
    known: &Knowledge,
    compare: Compare,
) -> Result<(), Reason> {
    if configuration(before) != configuration(after) {
        return Err(reasons::instruction_differs());
    }
    if comments(before) != comments(after) {
        return Err(reasons::comment_lost_or_moved());
    }
    let (old_stages, new_stages) = (commands(before), commands(after));
    if old_stages.len() != new_stages.len() {
        return Err(reasons::stages_differ());
    }
    old_stages.iter().zip(&new_stages).try_for_each(|(old, new)| compare(old, new, known))
}

fn compare_updates(before: &[Step<'_>], after: &[Step<'_>], known: &Knowledge) -> Result<(), Reason> {
    // Where the next step may be in the new text: of several equal removals, any may be gone.
    let mut places = vec![0];
    // Whether the lists are there, and those of an update in another RUN of the same flags count.
    let mut is_updated = false;
    let last_update = before.iter().rposition(|step| is_apt(step, known, &["update"]));
    for (at, step) in before.iter().enumerate() {
        let is_update = is_apt(step, known, &["update"]);
        let is_updated_later = last_update.is_some_and(|last| last > at);
        let may_go = is_updated && (is_update || is_updated_later && removes(step, known));
        let mut next = Vec::with_capacity(places.len() + 1);
        for place in places {
            if may_go {
                next.push(place);
            }
            let is_kept = |new: &Step<'_>| new == step || is_updated && loses_lists(step, new);
            if after.get(place).is_some_and(is_kept) {
                next.push(place + 1);
            }
        }
        next.dedup();
        next.truncate(MOST_PLACES);
        if next.is_empty() {
            return Err(reasons::command_missing(&step.text()));
        }
        is_updated |= is_update;
        places = next;
    }
    match after.get(places[places.len() - 1]) {
        None => Ok(()),
        Some(step) => Err(reasons::command_new(&step.text())),
    }
}

fn compare_installs(before: &[Step<'_>], after: &[Step<'_>], known: &Knowledge) -> Result<(), Reason> {
    // Where the next step may be in the old text: a step that installs nothing new may belong to the
    // install before it or to the one after it.
    let mut places = vec![0];
    let gone = before.len().saturating_sub(after.len());
    for (at, step) in after.iter().enumerate() {
        let mut next: Vec<usize> =
            places.iter().flat_map(|place| ends(&before[*place..], step, known, *place)).collect();
        next.sort_unstable();
        next.dedup();
        next.retain(|place| *place <= at + 1 + gone);
        next.truncate(MOST_PLACES_OF_INSTALLS);
        if next.is_empty() {
            return Err(match before.get(places[0]) {
                Some(missing) => reasons::command_missing(&missing.text()),
                None => reasons::command_new(&step.text()),
            });
        }
        places = next;
    }
    match before.get(places[places.len() - 1]) {
        None => Ok(()),
        Some(step) => Err(reasons::command_missing(&step.text())),
    }
}

/// Where the next step may begin if these steps begin with those that became a step: it itself, or
/// an install of a part of its packages, and other such installs after that.
fn ends(before: &[Step<'_>], step: &Step<'_>, known: &Knowledge, start: usize) -> Vec<usize> {
    let Some((first, rest)) = before.split_first() else { return Vec::new() };
    if first != step && (!is_install(first, known) || options(first) != options(step)) {
        return Vec::new();
    }
    let wanted: HashSet<Cow<'_, str>> = step.words().collect();
    let is_part = |other: &&Step<'_>| {
        is_install(step, known)
            && other.flags == step.flags
            && is_install(other, known)
            && options(other).is_subset(&options(step))
            && other.words().all(|word| word.starts_with('-') || wanted.contains(&word))
    };
    let mut found: HashSet<Cow<'_, str>> = first.words().collect();
    let mut ends = Vec::new();
    let mut end = start + 1;
    let mut parts = rest.iter().take_while(is_part).take(MOST_PARTS);
    loop {
        if found == wanted {
            ends.push(end);
        }
        let Some(part) = parts.next() else { return ends };
        found.extend(part.words().filter(|word| !word.starts_with('-')));
        end += 1;
    }
}

fn options<'f>(step: &Step<'f>) -> HashSet<Cow<'f, str>> {
    step.words()
        .filter(|word| word.starts_with('-') && !matches!(word.as_ref(), "-q" | "-qq" | "--quiet"))
        .collect()
}

fn is_install(step: &Step<'_>, known: &Knowledge) -> bool {
    // `sudo -E`, `timeout 300`
    let is_before_program = |word: &str| {
        word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) || known.wrapper(base_name(word)).is_some()
    };
    let program = step.simple_texts().find(|word| !is_before_program(word));
    step.has("install") && program.is_some_and(|word| is_program(&word, known))
}

/// Whether a word names a program of apt.
fn is_program(word: &str, known: &Knowledge) -> bool {
    known.manager_of(base_name(word)).is_some_and(|found| found.name == "apt-get")
}

/// Whether a step is a call of apt with one of these verbs and nothing else but options.
fn is_apt(step: &Step<'_>, known: &Knowledge, verbs: &[&str]) -> bool {
    let mut words = step.texts().filter(|word| word != "sudo");
    words.next().is_some_and(|word| is_program(&word, known))
        && words.filter(|word| !word.starts_with('-')).eq(verbs.iter().copied().filter(|verb| step.has(verb)))
        && verbs.iter().any(|verb| step.has(verb))
}

/// Whether a step does nothing but remove package lists.
fn removes(step: &Step<'_>, known: &Knowledge) -> bool {
    is_apt(step, known, &["dist-clean", "distclean"]) || removes_lists(step)
}

/// Whether a step is an `rm` of package lists only.
fn removes_lists(step: &Step<'_>) -> bool {
    let mut words = step.texts().filter(|word| word != "sudo");
    let is_rm = words.next().as_deref() == Some("rm");
    let mut operands = words.filter(|word| !word.starts_with('-')).peekable();
    is_rm && operands.peek().is_some() && operands.all(|word| is_of_lists(&word))
}

fn is_of_lists(word: &str) -> bool {
    paths::within(&paths::normal(word), LISTS) && !word.contains("..")
}

/// Whether both are the same `rm`, but the new one doesn't remove package lists.
fn loses_lists(before: &Step<'_>, after: &Step<'_>) -> bool {
    let is_removal = before.texts().find(|word| word != "sudo").as_deref() == Some("rm");
    let mut rest = after.words().peekable();
    let is_left = before.words().all(|word| rest.next_if_eq(&word).is_some() || is_of_lists(&word));
    is_removal && before.flags == after.flags && is_left && rest.peek().is_none()
}

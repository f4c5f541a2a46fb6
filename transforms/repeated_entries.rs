//! Remove entries of ENV, LABEL and EXPOSE that another one repeats or replaces.
//!
//! # Why
//! Only the last value of a variable or a label counts, and a port is exposed once. An entry
//! without an effect misleads: someone may change it and wonder why nothing happens.
//!
//! # Safety
//! The image has the same variables, labels and ports. An ENV that repeats a value is removed; one
//! that is replaced is removed if nothing in between runs or mentions the variable.
//!
//! # When it does nothing
//! Something in between may read the variable, a value has a substitution that may fail, a port has
//! a variable, or a comment belongs to the entry.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! ENV LANG=C.UTF-8
//! LABEL version=1 team=web
//! RUN locale
//! ENV LANG=C.UTF-8
//! EXPOSE 80 80/tcp
//! LABEL version=2
//! ```
//! ```dockerfile after
//! FROM debian:12
//! ENV LANG=C.UTF-8
//! LABEL team=web
//! RUN locale
//! EXPOSE 80
//! LABEL version=2
//! ```

mod entries;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons;
use crate::syntax::{Item, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

use entries::{Entry, is_unread, of_stage};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "repeated-entries",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("repeated_entries.rs"),
    hadolint: &[],
    contract: Contract::REPEATED,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for stage in &ctx.facts.stages {
        let mut last: HashMap<(Keyword, String), Entry> = HashMap::new();
        let mut removed = BTreeSet::new();
        for next in of_stage(ctx.facts, stage) {
            let Some(next) = next else {
                last.clear();
                continue;
            };
            let key = (next.keyword, next.name.clone());
            let is_clear = |entry: &&Entry| {
                entry.is_readable() && !near_error(ctx.file, entry.item) && !near_error(ctx.file, next.item)
            };
            match last.get(&key).filter(is_clear) {
                Some(entry) if entry.is_repeated_by(&next) => {
                    removed.insert((next.item, next.index));
                    continue;
                }
                Some(entry) if entry.keyword != Keyword::Env || is_unread(ctx.facts, entry, &next) => {
                    removed.insert((entry.item, entry.index));
                }
                _ => {}
            }
            last.insert(key, next);
        }
        let mut by_item: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (item, index) in removed {
            by_item.entry(item).or_default().insert(index);
        }
        for (item, indexes) in by_item {
            remove(ctx, fixes, item, &indexes);
        }
    }
}

/// Proposes to remove some of the entries of an instruction, or all of it.
fn remove(ctx: &Context<'_>, fixes: &mut Fixes, item: usize, indexes: &BTreeSet<usize>) {
    let Some(instruction) = ctx.facts.instruction_at(item) else { return };
    let (logical, keyword) = (&instruction.logical, instruction.keyword.name());
    let words = entries::words(instruction);
    let mut edits = Edits::new();
    if indexes.len() == words.len() {
        let above = item.checked_sub(1).map(|above| &ctx.file.items[above]);
        if matches!(above, Some(Item::Comment(_))) || !instruction.comments.is_empty() {
            return fixes.refuse(instruction.text, reasons::comment_about_it(keyword));
        }
        edits.delete(instruction.full);
    } else {
        // The first entries with the blanks after them, and others with the blanks before them.
        let kept = (0..words.len()).find(|index| !indexes.contains(index)).unwrap_or_default();
        let mut spans = Vec::new();
        spans.extend((kept > 0).then(|| logical.span(words[0].start, words[kept].start)));
        for &index in indexes.iter().filter(|index| **index > kept) {
            spans.push(logical.span(words[index - 1].end, words[index].end));
        }
        for span in spans {
            if instruction.comments.iter().any(|comment| span.start < comment.end && comment.start < span.end)
            {
                return fixes.refuse(instruction.text, reasons::comment_between(keyword));
            }
            edits.delete(span);
        }
    }
    let title = format!("remove what another {keyword} repeats or replaces");
    fixes.propose(Applicability::Safe, instruction.text, title, edits);
}

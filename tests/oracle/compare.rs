//! Compares two traces.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::declared;
use crate::trace::{Record, Trace};

/// The index of each command of the old trace in the new one; `None` if it was dropped as declared.
pub type Alignment = Vec<Option<usize>>;

/// Compares two traces. The error shows the first difference with the records around it.
pub fn compare(old: &Trace, new: &Trace) -> Result<Alignment, String> {
    if old.late || new.late {
        return Err(format!("a script takes too long (before: {}, after: {})", old.late, new.late));
    }
    let alignment = align(&old.records, &new.records, old.status != 0)
        .map_err(|(old_at, new_at)| around(old, old_at, new, new_at))?;
    same_ends(old, new)?;
    Ok(alignment)
}

/// Compares two traces regardless of order, for scripts that run commands in parallel.
pub fn compare_unordered(old: &Trace, new: &Trace) -> Result<Alignment, String> {
    let mut free: Vec<usize> = (0..new.records.len()).collect();
    let mut alignment = Vec::new();
    for (at, record) in old.records.iter().enumerate() {
        let found = free.iter().position(|&index| declared::same(record, &new.records[index]));
        let found = found.map(|position| free.remove(position));
        if found.is_none() && !declared::is_dropped(record, &new.records) {
            return Err(around(old, at, new, new.records.len()));
        }
        alignment.push(found);
    }
    if let Some(&extra) =
        free.iter().find(|&&index| !declared::is_cleanup(&new.records[index], &new.records[..index]))
    {
        return Err(around(old, old.records.len(), new, extra));
    }
    same_ends(old, new)?;
    Ok(alignment)
}

fn same_ends(old: &Trace, new: &Trace) -> Result<(), String> {
    if (old.status == 0) != (new.status == 0) {
        let text = around(old, old.records.len(), new, new.records.len());
        return Err(format!("the status was {} and is {}\n{text}", old.status, new.status));
    }
    if old.out != new.out {
        return Err(format!("the output was\n{}\nand is\n{}", old.out, new.out));
    }
    if old.files != new.files {
        return Err(format!("the files were\n{}\nand are\n{}", old.files, new.files));
    }
    Ok(())
}

/// Finds a way to explain the new records as the old ones with declared changes. If an added
/// cleanup looks like an existing one, it is ambiguous which is which, so all explanations are
/// tried; the error is the furthest position that any of them reached.
fn align(old: &[Record], new: &[Record], has_failed: bool) -> Result<Alignment, (usize, usize)> {
    let mut dead = HashSet::new();
    let mut furthest = (0, 0);
    // The move chosen at each position so far, and the next one to try there.
    let mut path: Vec<(usize, usize, Move)> = Vec::new();
    let (mut at, mut next) = ((0, 0), Some(Move::Same));
    while at != (old.len(), new.len()) {
        let taken = if dead.contains(&at) { None } else { first_move((old, has_failed), new, at, next) };
        if let Some(step) = taken {
            path.push((at.0, at.1, step));
            at = step.from(at);
            furthest = furthest.max(at);
            next = Some(Move::Same);
        } else {
            dead.insert(at);
            let Some((old_at, new_at, step)) = path.pop() else { return Err(furthest) };
            at = (old_at, new_at);
            next = step.next();
        }
    }
    let mut alignment = vec![None; old.len()];
    for (old_at, new_at, _) in path.iter().filter(|(.., step)| *step == Move::Same) {
        alignment[*old_at] = Some(*new_at);
    }
    Ok(alignment)
}

/// One step through two traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// The records are the same.
    Same,
    /// The new record was added.
    Added,
    /// The old record was dropped.
    Dropped,
}

impl Move {
    fn next(self) -> Option<Self> {
        match self {
            Self::Same => Some(Self::Added),
            Self::Added => Some(Self::Dropped),
            Self::Dropped => None,
        }
    }

    fn from(self, (old, new): (usize, usize)) -> (usize, usize) {
        (old + usize::from(self != Self::Added), new + usize::from(self != Self::Dropped))
    }
}

/// The first possible move from here, beginning with `next`.
fn first_move(
    (old, has_failed): (&[Record], bool),
    new: &[Record],
    (old_at, new_at): (usize, usize),
    mut next: Option<Move>,
) -> Option<Move> {
    let (left, right) = (old.get(old_at), new.get(new_at));
    while let Some(step) = next {
        let possible = match step {
            Move::Same => left.zip(right).is_some_and(|(left, right)| {
                declared::same(left, right) || declared::leaves_lists(old, old_at, new, new_at, has_failed)
            }),
            Move::Added => right.is_some_and(|right| declared::is_cleanup(right, &new[..new_at])),
            Move::Dropped => left.is_some_and(|left| {
                declared::is_dropped(left, &new[new_at..])
                    || !left.is_step() && declared::is_repeated(old, old_at, &new[..new_at], has_failed)
            }),
        };
        if possible {
            return Some(step);
        }
        next = step.next();
    }
    None
}

fn around(old: &Trace, old_at: usize, new: &Trace, new_at: usize) -> String {
    let mut text = String::new();
    for (title, trace, at) in [("before", old, old_at), ("after", new, new_at)] {
        let _ = writeln!(text, "  {title} (status {}):", trace.status);
        let records = &trace.records;
        for (index, record) in
            records.iter().enumerate().take((at + 2).min(records.len())).skip(at.saturating_sub(3))
        {
            let _ = writeln!(text, "   {} {record}", if index == at { '>' } else { ' ' });
        }
        if at >= records.len() {
            let _ = writeln!(text, "   > (end)");
        }
    }
    if let (Some(before), Some(after)) = (old.records.get(old_at), new.records.get(new_at)) {
        let only = |these: &[String], those: &[String]| {
            these.iter().filter(|setting| !those.contains(setting)).cloned().collect::<Vec<_>>()
        };
        let (gone, added) = (only(&before.env, &after.env), only(&after.env, &before.env));
        if before.argv == after.argv && !(gone.is_empty() && added.is_empty()) {
            let _ = writeln!(text, "  variables: {gone:?} became {added:?}");
        }
        if before.context != after.context {
            let _ = writeln!(text, "  user and flags: {:?} became {:?}", before.context, after.context);
        }
    }
    text
}

//! All differences between two file systems. `allowed` lists the permitted ones.

use std::fmt;

use crate::filesystem::{Entry, Kind, Tree};

/// One difference, at an absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Missing,
    Added,
    Kind,
    Content,
    Target,
    Mode { before: u32, after: u32 },
    Owner { before: (u64, u64), after: (u64, u64) },
    Attributes,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, change } = self;
        match change {
            Change::Missing => write!(f, "{path} is missing"),
            Change::Added => write!(f, "{path} is new"),
            Change::Kind => write!(f, "{path} is another kind of file"),
            Change::Content => write!(f, "{path} has other content"),
            Change::Target => write!(f, "{path} links elsewhere"),
            Change::Mode { before, after } => write!(f, "{path} had mode {before:o}, has {after:o}"),
            Change::Owner { before, after } => {
                write!(f, "{path} belonged to {}:{}, belongs to {}:{}", before.0, before.1, after.0, after.1)
            }
            Change::Attributes => write!(f, "{path} has other extended attributes"),
        }
    }
}

/// All differences, sorted by path.
pub fn differences(before: &Tree, after: &Tree) -> Vec<Difference> {
    let mut all = Vec::new();
    for (path, old) in before {
        let changes = after.get(path).map_or_else(|| vec![Change::Missing], |new| changes(old, new));
        all.extend(changes.into_iter().map(|change| Difference { path: path.clone(), change }));
    }
    let added = after.keys().filter(|path| !before.contains_key(*path));
    all.extend(added.map(|path| Difference { path: path.clone(), change: Change::Added }));
    all.sort_by(|left, right| left.path.cmp(&right.path));
    all
}

fn changes(old: &Entry, new: &Entry) -> Vec<Change> {
    let mut found = Vec::new();
    match (&old.kind, &new.kind) {
        (old, new) if old == new => {}
        (Kind::File { .. }, Kind::File { .. }) => found.push(Change::Content),
        (Kind::Link { .. }, Kind::Link { .. }) => found.push(Change::Target),
        _ => found.push(Change::Kind),
    }
    if old.mode != new.mode {
        found.push(Change::Mode { before: old.mode, after: new.mode });
    }
    if (old.user, old.group) != (new.user, new.group) {
        found.push(Change::Owner { before: (old.user, old.group), after: (new.user, new.group) });
    }
    if old.attributes != new.attributes {
        found.push(Change::Attributes);
    }
    found
}

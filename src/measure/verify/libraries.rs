//! Whether every program finds its libraries, read from the files themselves, so it works for
//! images without a shell. (man 8 ld.so: DT_RUNPATH, ld.so.conf, the default directories.)

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::image::{Elf, Kind, Tree};
use crate::knowledge::lists::files::LOADED_WITH_A_DISPLAY;

/// A library that files of an image load but that the image does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// The name of the library.
    pub library: String,
    /// The first of the files.
    pub path: String,
    /// The number of other files.
    pub others: usize,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { library, path, others } = self;
        match others {
            0 => write!(f, "/{path} loads {library}, which no longer exists"),
            others => write!(f, "/{path} and {others} others load {library}, which no longer exists"),
        }
    }
}

/// Libraries that are missing in the second image but not in the first, where the same file may be
/// in another directory. `is_read` says whether a check may have read a file with a name.
pub(super) fn missing(before: &Tree<'_>, after: &Tree<'_>, is_read: &dyn Fn(&str) -> bool) -> Vec<Missing> {
    let named = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let is_loaded = |path: &str| {
        let name = named(path);
        !LOADED_WITH_A_DISPLAY.contains(&name.as_str()) || is_read(&name)
    };
    let were: BTreeSet<(String, String)> =
        unresolved(before).into_iter().map(|(path, library)| (named(&path), library)).collect();
    let mut found: BTreeMap<String, Missing> = BTreeMap::new();
    let lost = unresolved(after)
        .into_iter()
        .filter(|(path, library)| !were.contains(&(named(path), library.clone())) && is_loaded(path));
    for (path, library) in lost {
        let new = || Missing { library: library.clone(), path: path.clone(), others: 0 };
        found.entry(library.clone()).and_modify(|found| found.others += 1).or_insert_with(new);
    }
    found.into_values().collect()
}

/// Programs and libraries, with the libraries that they don't find.
fn unresolved(tree: &Tree<'_>) -> BTreeSet<(String, String)> {
    // ld.so.conf is not read: every system directory that contains libraries counts.
    let mut by_name: BTreeMap<&str, Vec<(&str, &Elf)>> = BTreeMap::new();
    let mut links: BTreeSet<&str> = BTreeSet::new();
    for (path, place) in &tree.places {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        match (&place.entry.kind, place.entry.elf()) {
            (_, Some(elf)) => by_name.entry(name).or_default().push((directory, elf)),
            (Kind::Link(_) | Kind::Hard(_), None) if name.contains(".so") => drop(links.insert(name)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for (path, place) in &tree.places {
        let Some(elf) = place.entry.elf() else { continue };
        for needed in &elf.needed {
            let name = needed.rsplit('/').next().unwrap_or(needed);
            let fits = |(_, other): &(&str, &Elf)| other.machine == elf.machine && other.bits == elf.bits;
            let is_there = links.contains(name) || by_name.get(name).is_some_and(|all| all.iter().any(fits));
            if !is_there {
                found.insert(((*path).to_owned(), needed.clone()));
            }
        }
        if let Some(loader) = &elf.interpreter
            && tree.resolve(loader).is_none()
        {
            found.insert(((*path).to_owned(), loader.clone()));
        }
    }
    found
}

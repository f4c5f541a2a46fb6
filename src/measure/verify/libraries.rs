//! Whether every program finds every library that it names, read from the files themselves: it works for images without a shell.
//! (man 8 ld.so: DT_RUNPATH, ld.so.conf, the default directories.)

use std::collections::{BTreeMap, BTreeSet};

use crate::image::{Elf, Kind, Tree};

/// What is missing in the second image and was not in the first: a line each, for a person.
pub(super) fn missing(before: &Tree<'_>, after: &Tree<'_>) -> Vec<String> {
    let were = unresolved(before);
    let mut lines: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (path, name) in unresolved(after).difference(&were) {
        lines.entry(name.clone()).and_modify(|found| found.1 += 1).or_insert_with(|| (path.clone(), 1));
    }
    let line = |(name, (path, count)): (String, (String, usize))| match count {
        1 => format!("/{path} loads {name}, which is not there any more"),
        count => format!("/{path} and {} others load {name}, which is not there any more", count - 1),
    };
    lines.into_iter().map(line).collect()
}

/// Programs and libraries with the names that they don't find.
fn unresolved(tree: &Tree<'_>) -> BTreeSet<(String, String)> {
    // Where libraries are looked for is not read from ld.so.conf: any directory of the system that has libraries counts.
    let mut by_name: BTreeMap<&str, Vec<(&str, &Elf)>> = BTreeMap::new();
    let mut links: BTreeSet<&str> = BTreeSet::new();
    for (path, place) in &tree.places {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        match (&place.entry.kind, &place.entry.elf) {
            (_, Some(elf)) => by_name.entry(name).or_default().push((directory, elf)),
            (Kind::Link(_) | Kind::Hard(_), None) if name.contains(".so") => drop(links.insert(name)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for (path, place) in &tree.places {
        let Some(elf) = &place.entry.elf else { continue };
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

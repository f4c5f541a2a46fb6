//! Packages of the original that an image lacks, determined from its failures: the evidence for
//! repairing a smaller base image.
//!
//! Only facts of the original count: a library or a program that it contains, and the package that
//! installed it.

use std::collections::BTreeSet;

use crate::context::RequiredPackage;
use crate::image::{Image, Kind, Owners, Tree};
use crate::knowledge::lists::messages::MISSING_PROGRAM;

/// The packages of missing libraries, given as (library, file that loads it).
pub(super) fn libraries<'m>(
    tree: &Tree<'_>,
    owners: &Owners<'_>,
    missing: impl Iterator<Item = (&'m str, &'m str)>,
) -> Vec<RequiredPackage> {
    let mut found = BTreeSet::new();
    for (library, who) in missing {
        let name = library.rsplit('/').next().unwrap_or(library);
        let ends = format!("/{name}");
        for path in tree.places.keys().filter(|path| path.ends_with(&ends)) {
            if let Some(package) = owner(tree, owners, path) {
                found.insert(RequiredPackage { package, why: format!("/{who} loads {name}") });
                break;
            }
        }
    }
    found.into_iter().collect()
}

/// The packages of programs that were not found, according to the output.
pub(super) fn programs(
    image: &Image,
    tree: &Tree<'_>,
    owners: &Owners<'_>,
    printed: &str,
) -> Vec<RequiredPackage> {
    let mut found = BTreeSet::new();
    for name in not_found(printed) {
        let mut at = image.config.start.path().map(|directory| format!("{directory}/{name}"));
        let package = at.find_map(|path| owner(tree, owners, path.trim_start_matches('/')));
        if let Some(package) = package {
            found.insert(RequiredPackage { package, why: format!("`{name}` was called but not found") });
        }
    }
    found.into_iter().collect()
}

/// The system package that installed a file, after resolving symlinks.
pub(super) fn owner(tree: &Tree<'_>, owners: &Owners<'_>, path: &str) -> Option<String> {
    let of = |path: &str| {
        let owner = owners.owner(path).filter(|(owner, _)| owner.is_system());
        owner.map(|(_, name)| name.to_owned())
    };
    let (real, place) = tree.resolve(path)?;
    of(path).or_else(|| of(&real)).or_else(|| match &place.entry.kind {
        Kind::Hard(target) => of(target),
        _ => None,
    })
}

/// The programs that a text reports as not found.
fn not_found(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for line in text.lines() {
        for (before, behind) in MISSING_PROGRAM {
            let name = if behind.is_empty() {
                line.split_once(before).and_then(|(_, rest)| rest.split_whitespace().next())
            } else if *before == " " {
                line.split_once(behind).and_then(|(rest, _)| rest.rsplit(' ').next())
            } else {
                line.split_once(before).and_then(|(_, rest)| rest.split_once(behind)).map(|(name, _)| name)
            };
            let is_name = |name: &&str| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
            };
            names.extend(name.filter(is_name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_were_not_found_are_named_in_many_ways() {
        let expected = [
            ("/bin/sh: 1: git: not found", "git"),
            ("run.sh: line 3: jq: command not found", "jq"),
            ("FileNotFoundError: [Errno 2] No such file or directory: 'git'", "git"),
            ("`spawn': No such file or directory - convert (Errno::ENOENT)", "convert"),
            ("Error: spawn gs ENOENT", "gs"),
            ("exec: \"pg_dump\": executable file not found in $PATH", "pg_dump"),
            ("java.io.IOException: Cannot run program \"dot\": error=2", "dot"),
            ("env: 'bash': No such file or directory", "bash"),
        ];
        for (line, name) in expected {
            assert_eq!(not_found(line), BTreeSet::from([name]), "{line}");
        }
        for line in ["404 page not found", "No such file or directory: '/srv/x.txt'", ""] {
            assert!(not_found(line).is_empty(), "{line}");
        }
    }
}

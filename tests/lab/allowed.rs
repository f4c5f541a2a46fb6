//! The permitted differences between an image before and after Jettison, each with its reason. Any
//! other difference is a failure.
//!
//! The tables are short because most differences between two builds need no entry: the original is
//! built twice, and a file whose *content* differs between those builds may also differ afterwards.
//! Its existence, mode and owner still count.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{Change, Difference, differences};
use crate::filesystem::{Kind, Tree, hash};

/// A place in a file system.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// The path and everything below it.
    Below(&'static str),
}

impl Place {
    fn holds(self, path: &str) -> bool {
        match self {
            Self::Below(place) => {
                path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

/// The files that Jettison removes on purpose: the program that created them can download or create
/// all of them again.
const CACHES: &[(Place, &str)] = &[
    (Place::Below("/var/lib/apt/lists"), "package lists, which `apt-get update` fetches"),
    (Place::Below("/var/cache/apt"), "downloaded packages and apt's index of them"),
    (Place::Below("/root/.cache/pip"), "pip's downloads, and the wheels that it built"),
    (Place::Below("/root/.npm/_cacache"), "npm's downloads"),
    (
        Place::Below("/root/.local/share/pnpm/store"),
        "pnpm's store; installed packages are hard links and stay",
    ),
    (Place::Below("/root/.cache/pnpm"), "pnpm's copies of the registry's answers"),
];

/// Files that two builds of the same Dockerfile may name differently.
const NAMED_AT_RANDOM: &[(Place, &str)] = &[
    (
        Place::Below("/tmp/v8-compile-cache-0"),
        "pnpm's compiled code, whose offsets depend on the code that ran before",
    ),
    (Place::Below("/root/.npm/_logs"), "one file for each run of npm, named after the time"),
    (
        Place::Below("/root/.cache/go-build"),
        "Go's build cache: named after hashes of the inputs, which include timestamps for test results",
    ),
];

/// Files that contain a timestamp, by the extensions of their names. (Python's documentation,
/// "Cached bytecode": the time of the source.)
const STAMPED: &[&str] = &[".pyc"];

/// A file of the build context that Jettison rewrote or created; `COPY . .` copies it.
pub struct Rewritten {
    path: String,
    before: Option<u64>,
    after: Option<u64>,
}

/// The files that differ between two versions of a build context.
pub fn rewritten(
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<Vec<Rewritten>> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for path in paths {
        let (old, new) = (before.get(path), after.get(path));
        if old != new {
            let digest = |content: Option<&Vec<u8>>| content.map(|bytes| hash(&bytes[..])).transpose();
            found.push(Rewritten { path: path.clone(), before: digest(old)?, after: digest(new)? });
        }
    }
    Ok(found)
}

/// The files of three images: the original, the original built again, and the fixed one.
pub struct Trees<'a> {
    pub before: &'a Tree,
    pub again: &'a Tree,
    pub after: &'a Tree,
}

impl Trees<'_> {
    /// Unknown differences between the two builds of the original. If there are any, the table
    /// lacks a line.
    pub fn unexplained_noise(&self) -> Vec<Difference> {
        let mut noise = differences(self.before, self.again);
        noise.retain(|difference| {
            difference.change != Change::Content
                && !listed(NAMED_AT_RANDOM, &difference.path)
                && !listed(CACHES, &difference.path)
        });
        noise
    }

    /// The differences of the fixed image that are not permitted.
    pub fn harm(&self, rewritten: &[Rewritten]) -> Vec<Difference> {
        let noise: BTreeSet<String> = differences(self.before, self.again)
            .into_iter()
            .filter(|difference| difference.change == Change::Content)
            .map(|difference| difference.path)
            .collect();
        let mut harm = differences(self.before, self.after);
        harm.retain(|difference| {
            let is_stamped = STAMPED.iter().any(|ending| difference.path.ends_with(ending));
            let unstable =
                difference.change == Change::Content && (noise.contains(&difference.path) || is_stamped);
            !(unstable
                || listed(NAMED_AT_RANDOM, &difference.path)
                || self.is_cache(difference)
                || self.is_own(difference, rewritten))
        });
        harm
    }

    /// A cache may lose files, and a directory that contained only caches may be removed with them.
    fn is_cache(&self, difference: &Difference) -> bool {
        let Difference { path, change } = difference;
        if listed(CACHES, path) {
            return matches!(change, Change::Missing | Change::Content);
        }
        let inside = format!("{path}/");
        let is_directory = self.before.get(path).is_some_and(|entry| entry.kind == Kind::Directory);
        let mut below = self.before.keys().filter(|other| other.starts_with(&inside)).peekable();
        *change == Change::Missing
            && is_directory
            && below.peek().is_some()
            && below.all(|other| {
                listed(CACHES, other) || listed(NAMED_AT_RANDOM, other) || self.holds_caches_only(other)
            })
    }

    fn holds_caches_only(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        self.before.get(path).is_some_and(|entry| entry.kind == Kind::Directory)
            && CACHES.iter().any(|(Place::Below(place), _)| place.starts_with(&inside))
    }

    /// Before, the image has the old text of the context's file, and afterwards the new one.
    fn is_own(&self, difference: &Difference, rewritten: &[Rewritten]) -> bool {
        let digest = |tree: &Tree| match tree.get(&difference.path).map(|entry| &entry.kind) {
            Some(Kind::File { hash, .. }) => Some(*hash),
            _ => None,
        };
        matches!(difference.change, Change::Content | Change::Added)
            && rewritten.iter().any(|own| {
                difference.path.ends_with(&format!("/{}", own.path))
                    && own.before == digest(self.before)
                    && own.after == digest(self.after)
            })
    }
}

fn listed(table: &[(Place, &str)], path: &str) -> bool {
    table.iter().any(|(place, _)| place.holds(path))
}

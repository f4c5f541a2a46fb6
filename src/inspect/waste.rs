//! Wasted space: files that a later layer hides, caches, build packages, documentation. Each byte
//! counts once.

use std::collections::BTreeMap;

use crate::image::{Ecosystem, Hidden, Kind, Owners, Tree};
use crate::knowledge::lists::directories::OF_DOCUMENTATION;
use crate::knowledge::{Cache, Confidence, Knowledge, Manager};

/// Files that are wasted for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waste {
    /// The reason.
    pub why: Why,
    /// The number of the layer that stores them, counted from the lowest.
    pub layer: usize,
    /// Their size in bytes.
    pub size: u64,
    /// Their number.
    pub files: usize,
    /// The absolute path of the largest file.
    pub example: String,
    /// The transform that would remove them; `None` if there is none.
    pub transform: Option<&'static str>,
}

/// Why bytes are wasted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Stored, and deleted by this later layer.
    Deleted(usize),
    /// Stored again by this later layer with the same content, because its owner or mode changed.
    Copied(usize),
    /// Stored, and replaced by this later layer.
    Replaced(usize),
    /// Files that a package manager can download again: "pip's cache".
    Cache(String),
    /// Compilers, build tools and headers.
    BuildPackages,
    /// Manual pages and translations.
    Documentation,
}

impl Why {
    /// The name in machine-readable formats.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deleted(_) => "deleted",
            Self::Copied(_) => "copied",
            Self::Replaced(_) => "replaced",
            Self::Cache(_) => "cache",
            Self::BuildPackages => "build-packages",
            Self::Documentation => "documentation",
        }
    }

    /// The later layer that hides the files.
    pub fn hidden_by(&self) -> Option<usize> {
        match self {
            Self::Deleted(layer) | Self::Copied(layer) | Self::Replaced(layer) => Some(*layer),
            _ => None,
        }
    }
}

/// Finds wasted space, the largest first.
pub(super) fn find(tree: &Tree<'_>, owners: &Owners<'_>, known: &Knowledge) -> Vec<Waste> {
    let caches = Caches::of(known);
    let builders = Builders::of(known);
    let mut sums = Sums::default();
    for hidden in &tree.hidden {
        let (why, transform) = why_hidden(hidden, &caches, &builders);
        sums.add(why, transform, hidden.place.layer, &hidden.place.entry.path, hidden.place.entry.size);
    }
    let is_debian =
        tree.places.contains_key("etc/debian_version") || tree.resolve("/etc/debian_version").is_some();
    for (path, place) in tree.places.iter().filter(|(_, place)| place.entry.size > 0) {
        let found = if let Some((name, transform)) = caches.of_path(path) {
            Some((Why::Cache(name), transform))
        } else if builders.has(owners, path) {
            Some((Why::BuildPackages, Some("split-stages")))
        } else if is_documentation(path) {
            // The slim images configure dpkg not to install it.
            Some((Why::Documentation, is_debian.then_some("slim-base")))
        } else {
            None
        };
        if let Some((why, transform)) = found {
            sums.add(why, transform, place.layer, path, place.entry.size);
        }
    }
    sums.finish()
}

fn why_hidden(
    hidden: &Hidden<'_>,
    caches: &Caches<'_>,
    builders: &Builders<'_>,
) -> (Why, Option<&'static str>) {
    let (was, path) = (hidden.place.entry, &*hidden.place.entry.path);
    match hidden.instead {
        Some(is)
            if is.kind == Kind::File
                && (is.hash, is.size) == (was.hash, was.size)
                && (is.owner, is.mode) != (was.owner, was.mode) =>
        {
            (Why::Copied(hidden.by), Some("copy-ownership"))
        }
        Some(_) => (Why::Replaced(hidden.by), Some("merge-runs")),
        None => {
            let transform = match caches.of_path(path) {
                Some((_, transform)) => transform.unwrap_or("merge-runs"),
                None if builders.might_have(path) => "purge-build-packages",
                None => "merge-runs",
            };
            (Why::Deleted(hidden.by), Some(transform))
        }
    }
}

/// The cache directories of package managers.
struct Caches<'k> {
    /// Absolute directories without their first slash, with the package manager that fills them.
    absolute: Vec<(&'k str, &'k Manager, &'k Cache)>,
    /// Directories below a home directory, without `~/`.
    at_home: Vec<(&'k str, &'k Manager, &'k Cache)>,
}

impl<'k> Caches<'k> {
    fn of(known: &'k Knowledge) -> Self {
        let mut caches = Self { absolute: Vec::new(), at_home: Vec::new() };
        for manager in known.managers() {
            for cache in manager.caches.iter().filter(|cache| cache.applicability != Confidence::Never) {
                for directory in &cache.directories {
                    if let Some(rest) = directory.strip_prefix("~/") {
                        caches.at_home.push((rest, manager, cache));
                    } else {
                        caches.absolute.push((directory.trim_start_matches('/'), manager, cache));
                    }
                }
            }
        }
        caches
    }

    /// The name of a cache file's cache, and the transform that removes it.
    fn of_path(&self, path: &str) -> Option<(String, Option<&'static str>)> {
        let inside = |directory: &str, path: &str| {
            path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        };
        let home = path.strip_prefix("root/").or_else(|| {
            let rest = path.strip_prefix("home/")?;
            rest.split_once('/').map(|(_, rest)| rest)
        });
        let at_home =
            home.and_then(|rest| self.at_home.iter().find(|(directory, ..)| inside(directory, rest)));
        let found = at_home.or_else(|| self.absolute.iter().find(|(directory, ..)| inside(directory, path)));
        let (directory, manager, cache) = found?;
        let is_avoided = manager.avoid.as_ref().is_some_and(|avoid| {
            avoid
                .directories
                .iter()
                .any(|avoided| avoided.trim_start_matches("~/").trim_start_matches('/') == *directory)
        });
        let name = if cache.name.contains(&manager.name) {
            cache.name.clone()
        } else {
            format!("{} of {}", cache.name, manager.name)
        };
        Some((name, Some(if is_avoided { "avoid-package-caches" } else { "clean-package-caches" })))
    }
}

/// The build packages.
struct Builders<'k> {
    names: Vec<&'k str>,
}

impl<'k> Builders<'k> {
    fn of(known: &'k Knowledge) -> Self {
        let packages = known.managers().flat_map(|manager| &manager.build_packages);
        Self { names: packages.map(String::as_str).collect() }
    }

    fn has(&self, owners: &Owners<'_>, path: &str) -> bool {
        let Some((system, name)) = owners.owner(path).filter(|(owner, _)| owner.is_system()) else {
            return false;
        };
        // `gcc-12`, `binutils-x86-64-linux-gnu`, `libgcc-12-dev`, `python3.11-dev`.
        let stem = name.split(['-', '.']).next().unwrap_or(name);
        let is_compiler = name.strip_prefix(stem).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('-') && rest[1..].starts_with(|c: char| c.is_ascii_digit())
        });
        // The C library itself needs `gcc-12-base`.
        !name.ends_with("-base")
            && (name.ends_with("-dev")
                || system == Ecosystem::Rpm && (name.ends_with("-devel") || name == "gcc-c++")
                || stem == "binutils"
                || stem.strip_prefix("lib").is_some_and(|rest| rest == "binutils")
                || self.names.contains(&name)
                || system == Ecosystem::Debian && is_compiler && self.names.contains(&stem))
    }

    /// Whether a removed file looks like one of theirs, since the database no longer lists it.
    fn might_have(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        path.starts_with("usr/include/")
            || path.contains("/lib/gcc")
            || path.starts_with("usr/bin/")
                && self.names.iter().any(|tool| name == *tool || name.ends_with(&format!("-{tool}")))
    }
}

/// Manual pages and translations, but not licences, which must be distributed.
fn is_documentation(path: &str) -> bool {
    let directories = OF_DOCUMENTATION;
    directories.iter().any(|directory| path.starts_with(directory)) && !path.ends_with("/copyright")
}

/// The files for one reason in one layer, and the largest of them.
#[derive(Default)]
struct Sums {
    by_reason: BTreeMap<(Why, usize, Option<&'static str>), Sum>,
}

/// The totals, and the size of the example.
struct Sum {
    waste: Waste,
    largest: u64,
}

impl Sums {
    fn add(&mut self, why: Why, transform: Option<&'static str>, layer: usize, path: &str, size: u64) {
        let sum = self.by_reason.entry((why.clone(), layer, transform)).or_insert_with(|| Sum {
            waste: Waste { why, layer, size: 0, files: 0, example: String::new(), transform },
            largest: 0,
        });
        sum.waste.size += size;
        sum.waste.files += 1;
        if size > sum.largest {
            sum.largest = size;
            sum.waste.example = format!("/{path}");
        }
    }

    fn finish(self) -> Vec<Waste> {
        let mut all: Vec<Waste> = self.by_reason.into_values().map(|sum| sum.waste).collect();
        all.sort_by(|a, b| {
            b.size.cmp(&a.size).then_with(|| a.layer.cmp(&b.layer)).then_with(|| a.why.cmp(&b.why))
        });
        all
    }
}

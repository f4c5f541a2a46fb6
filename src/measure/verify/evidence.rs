//! What the original image needs, as its checks have shown: the files that its programs used while
//! they were traced.
//!
//! This module does not run anything, and does not judge whether a difference of content matters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jettison_trace::{Operation, PathRecord, Trace};

use super::lacking::owner;
use super::lookup::Lookup;
use crate::context::RequiredPackage;
use crate::image::{Image, Owners, Tree};
use crate::measure::tracer;

/// The files that the checks used.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What was used, by this and earlier runs.
    pub trace: Trace,
    /// Why the evidence is not everything.
    untraced: Vec<String>,
}

/// A file of the original that a check used and that another image lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lost {
    /// The system package that installed it.
    pub package: Option<String>,
    /// What was done with it.
    pub using: Use,
    /// Its path, without the first slash.
    pub path: String,
}

/// What a check did with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    Executed,
    Read,
    Listed,
    LookedUp,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Executed => "executed",
            Self::Read => "read",
            Self::Listed => "listed",
            Self::LookedUp => "looked up",
        })
    }
}

impl Use {
    /// The strongest use of a file as it was in the image. Files that are only written need not be
    /// there before.
    fn of(record: &PathRecord) -> Option<Self> {
        let has = |operation| record.found.contains_key(&operation);
        [
            (Operation::Execute, Self::Executed),
            (Operation::Read, Self::Read),
            (Operation::ReadLink, Self::Read),
            (Operation::List, Self::Listed),
            (Operation::Stat, Self::LookedUp),
        ]
        .into_iter()
        .find(|(operation, _)| has(*operation))
        .map(|(_, using)| using)
    }
}

/// Directories that the engine or the kernel fills.
const NOT_OF_THE_IMAGE: [&str; 4] = ["dev", "proc", "sys", "run/secrets"];

/// Directories of temporary files, where programs look around without expecting anything.
const TEMPORARY: [&str; 2] = ["tmp", "var/tmp"];

impl Evidence {
    /// Adds what one check used.
    pub(super) fn add(&mut self, check: &str, trace: Trace) {
        if trace.runs.is_empty() {
            self.untraced.push(format!("the tracer could not start in the original image for {check}"));
        } else {
            self.trace.merge(trace);
        }
    }

    /// Notes why nothing was traced.
    pub fn without(&mut self, reason: &impl fmt::Display) {
        self.untraced.push(reason.to_string());
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.trace.runs.is_empty()
    }

    /// Why the evidence is not everything; empty if it is.
    pub fn untraced(&self) -> String {
        self.untraced.join("; ")
    }

    /// The files of an image that were used, by path without the first slash.
    fn used<'e>(&'e self, image: &'e Tree<'_>) -> impl Iterator<Item = (&'e str, Use, String)> {
        let own = tracer::DIRECTORY.trim_start_matches('/');
        self.trace.paths.iter().filter_map(move |(path, record)| {
            let path = std::str::from_utf8(&path.0).ok()?.trim_matches('/');
            let below = |directory: &&str| {
                path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let using = Use::of(record)?;
            let is_needed = match using {
                Use::Executed | Use::Read => true,
                Use::Listed | Use::LookedUp => !TEMPORARY.iter().any(&below),
            };
            let is_other = NOT_OF_THE_IMAGE.iter().chain([&own]).any(below);
            if path.is_empty() || is_other || !is_needed {
                return None;
            }
            let (real, _) = image.resolve(path)?;
            Some((path, using, real))
        })
    }

    /// The number of files and directories of an image whose content was used.
    pub fn count(&self, image: &Tree<'_>) -> usize {
        let read = self.used(image).filter(|(_, using, _)| *using != Use::LookedUp);
        read.map(|(_, _, real)| real).collect::<BTreeSet<_>>().len()
    }

    /// What the checks used in the first image and would not find in the second.
    pub(super) fn lost(
        &self,
        (before, was): (&Image, &Tree<'_>),
        owners: &Owners<'_>,
        (after, is): (&Image, &Tree<'_>),
    ) -> Vec<Lost> {
        let used: Vec<(&str, Use, String)> = self.used(was).collect();
        // A path over a symlink counts twice: as the program named it, and where it led. It may
        // lead elsewhere now, as with the version in the name of a library.
        let mut led: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (path, _, real) in used.iter().filter(|(path, _, real)| path != real) {
            led.entry(real).or_default().push(path);
        }
        let lookup = Lookup::of(before, after, is);
        let is_found = |path: &str| is.resolve(path).is_some() || lookup.finds(path);
        let lost = used.iter().filter(|(path, ..)| {
            let elsewhere = led.get(path).is_some_and(|names| names.iter().all(|name| is_found(name)));
            !is_found(path) && !elsewhere
        });
        let mut lost: Vec<Lost> = lost
            .map(|(path, using, _)| Lost {
                package: owner(was, owners, path),
                using: *using,
                path: (*path).to_owned(),
            })
            .collect();
        lost.sort();
        lost
    }
}

/// The packages of lost files.
pub(super) fn packages(lost: &[Lost]) -> Vec<RequiredPackage> {
    let mut found: Vec<RequiredPackage> = Vec::new();
    for Lost { package, using, path } in lost {
        if let Some(package) = package
            && !found.iter().any(|one| one.package == *package)
        {
            found.push(RequiredPackage::of(package, format!("/{path} was {using} in the original image")));
        }
    }
    found
}

/// The lost files that no package installed: absolute paths, without those below another one.
pub(super) fn files(lost: &[Lost]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // In the order of their paths, a directory comes before what is in it.
    let paths: BTreeSet<&str> =
        lost.iter().filter(|lost| lost.package.is_none()).map(|lost| lost.path.as_str()).collect();
    for path in paths {
        let is_below =
            |directory: &String| path.strip_prefix(&directory[1..]).is_some_and(|rest| rest.starts_with('/'));
        if !found.iter().any(is_below) {
            found.push(format!("/{path}"));
        }
    }
    found
}

/// One line per package, and for files that no package installed.
pub(super) fn lines(lost: &[Lost]) -> Vec<String> {
    let groups = lost.chunk_by(|a, b| a.package == b.package);
    let line = |group: &[Lost]| {
        let Some(Lost { package, using, path }) = group.first() else { return String::new() };
        let package = package.as_ref().map_or(String::new(), |package| format!(" (package {package})"));
        match group.len() {
            1 => {
                format!("/{path}{package}, which was {using} in the original image, no longer exists")
            }
            count => format!(
                "/{path} and {} other paths{package}, which were used in the original image, no longer exist",
                count - 1
            ),
        }
    };
    groups.map(line).collect()
}

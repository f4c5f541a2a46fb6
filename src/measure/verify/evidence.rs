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
use crate::image::{Image, Kind, Owners, Tree};
use crate::knowledge::lists::files::OPTIONAL;
use crate::measure::tracer;

/// The files that the checks used.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What was used, by this and earlier runs.
    pub trace: Trace,
    /// Why the evidence is not everything.
    untraced: Vec<String>,
}

/// A file of the image that a check used.
pub(super) struct Used<'e> {
    /// Its path as the program named it, without the first slash.
    path: &'e str,
    using: Use,
    /// The path without symlinks.
    real: String,
    /// The size of the file.
    size: u64,
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

/// What a message of the tracer starts with, and the one where it may not trace.
const MESSAGE: &str = "jettison-trace: ";
const NOT_PERMITTED: &str = "ptrace is not permitted";

/// Directories that the engine or the kernel fills.
const NOT_OF_THE_IMAGE: [&str; 4] = ["dev", "proc", "sys", "run/secrets"];

/// Directories of temporary files, where programs look around without expecting anything.
const TEMPORARY: [&str; 2] = ["tmp", "var/tmp"];

impl Evidence {
    /// Adds what one check used. Without a trace, `said` has the message of the tracer.
    pub(super) fn add(&mut self, check: &str, trace: Trace, said: &str) {
        if !trace.runs.is_empty() {
            self.trace.merge(trace);
            return;
        }
        let mut messages = said.lines().filter_map(|line| line.strip_prefix(MESSAGE));
        let reason = messages.find(|message| message.starts_with(NOT_PERMITTED)).map_or_else(
            || format!("the tracer could not start in the original image for {check}"),
            // The same for every check.
            |message| {
                format!("in containers of this engine, {}", message.split(';').next().unwrap_or(message))
            },
        );
        if !self.untraced.contains(&reason) {
            self.untraced.push(reason);
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

    /// The files of an image that were read or executed: absolute paths.
    pub fn read_files(&self, image: &Image) -> Vec<String> {
        let tree = Tree::of(image);
        let used = self.used(&tree);
        let read = used.iter().filter(|file| file.using <= Use::Read);
        let paths: BTreeSet<&str> = read.flat_map(|file| [file.path, &file.real]).collect();
        paths.into_iter().map(|path| format!("/{path}")).collect()
    }

    /// Why the evidence is not everything; empty if it is.
    pub fn untraced(&self) -> String {
        self.untraced.join("; ")
    }

    /// The files of an image that were used.
    pub(super) fn used(&self, image: &Tree<'_>) -> Vec<Used<'_>> {
        let own = tracer::DIRECTORY.trim_start_matches('/');
        let used = self.trace.paths.iter().filter_map(|(path, record)| {
            let path = std::str::from_utf8(&path.0).ok()?.trim_matches('/');
            let below = |directory: &&str| {
                path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let (real, place) = image.resolve(path)?;
            let using = match Use::of(record)? {
                Use::Read if place.entry.kind == Kind::Directory => Use::Listed,
                using => using,
            };
            let is_needed = match using {
                Use::Executed | Use::Read => true,
                Use::Listed | Use::LookedUp => !TEMPORARY.iter().any(&below),
            };
            let is_other = NOT_OF_THE_IMAGE.iter().chain([&own]).any(below);
            let is_optional = OPTIONAL.iter().any(|name| path.rsplit('/').next() == Some(name));
            if path.is_empty() || is_other || is_optional || !is_needed {
                return None;
            }
            Some(Used { path, using, real, size: place.entry.size })
        });
        used.collect()
    }
}

/// The size of the files whose content was used.
pub(super) fn size(used: &[Used<'_>]) -> u64 {
    let read = used.iter().filter(|file| file.using <= Use::Read);
    read.map(|file| (file.real.as_str(), file.size)).collect::<BTreeMap<_, _>>().values().sum()
}

/// The number of files and directories whose content was used.
pub(super) fn count(used: &[Used<'_>]) -> usize {
    let read = used.iter().filter(|file| file.using != Use::LookedUp);
    read.map(|file| file.real.as_str()).collect::<BTreeSet<_>>().len()
}

/// What the checks used in the first image and would not find in the second.
pub(super) fn lost(
    used: &[Used<'_>],
    (before, was): (&Image, &Tree<'_>),
    owners: &Owners<'_>,
    (after, is): (&Image, &Tree<'_>),
) -> Vec<Lost> {
    // A path over a symlink counts twice: as the program named it, and where it led. It may lead
    // elsewhere now, as with the version in the name of a library.
    let mut led: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Used { path, real, .. } in used.iter().filter(|file| file.path != file.real) {
        led.entry(real).or_default().push(path);
    }
    let lookup = Lookup::of(before, after, is);
    let is_found =
        |path: &str| is.resolve(path).is_some() || lookup.finds(path) || is_default_zone(path, was);
    let is_lost = |file: &&Used<'_>| {
        let elsewhere = led.get(file.path).is_some_and(|names| names.iter().all(|name| is_found(name)));
        !is_found(file.path) && !elsewhere
    };
    let lost = used.iter().filter(is_lost).map(|file| Lost {
        package: owner(was, owners, file.path),
        using: file.using,
        path: file.path.to_owned(),
    });
    let mut lost: Vec<Lost> = lost.collect();
    lost.sort();
    lost
}

/// Whether a path is the link to the time zone of an image whose zone is UTC: that is the zone of
/// an image without the link. (man 3 tzset.)
fn is_default_zone(path: &str, image: &Tree<'_>) -> bool {
    let is_utc =
        |(real, _): (String, _)| real.ends_with("/zoneinfo/Etc/UTC") || real.ends_with("/zoneinfo/UTC");
    path == "etc/localtime" && image.resolve(path).is_some_and(is_utc)
}

/// The packages of lost files.
pub(super) fn packages(lost: &[Lost]) -> Vec<RequiredPackage> {
    let mut found: Vec<RequiredPackage> = Vec::new();
    for Lost { package, using, path } in lost {
        if let Some(package) = package
            && !found.iter().any(|required| required.package == *package)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(add: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        add(&mut archive);
        archive.into_inner().expect("memory")
    }

    fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8]) {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content).expect("memory");
    }

    /// An image with these files; a target makes a symlink.
    fn image(path: &str, files: &[(&str, Option<&str>)]) -> Image {
        let layer = archive(|layer| {
            for (path, target) in files {
                let Some(target) = target else {
                    add(layer, path, b"x");
                    continue;
                };
                let mut header = tar::Header::new_ustar();
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                layer.append_link(&mut header, path, target).expect("memory");
            }
        });
        let saved = archive(|saved| {
            add(saved, "layer.tar", &layer);
            let config = format!("{{\"config\":{{\"Env\":[\"PATH={path}\"]}}}}");
            add(saved, "config.json", config.as_bytes());
            add(saved, "manifest.json", br#"[{"Config":"config.json","Layers":["layer.tar"]}]"#);
        });
        crate::image::read(&saved[..], || false).expect("an image")
    }

    /// What a program used that read these paths.
    fn evidence(paths: &[&str]) -> Evidence {
        let mut text = String::from(
            "{\"trace\":\"jettison\",\"version\":1,\"program\":[\"x\"],\"workdir\":\"/\",\"architecture\":\"x86_64\",\"stops\":\"filter\"}\n",
        );
        for path in paths {
            text += &format!("{{\"path\":\"/{path}\",\"found\":{{\"read\":1}}}}\n");
        }
        let mut evidence = Evidence::default();
        evidence.add("x", Trace::read(text.as_bytes()).expect("a trace"), "");
        evidence
    }

    fn lost(used: &[&str], before: &Image, after: &Image) -> Vec<String> {
        let (was, is) = (Tree::of(before), Tree::of(after));
        let evidence = evidence(used);
        files(&super::lost(&evidence.used(&was), (before, &was), &Owners::of(&was), (after, &is)))
    }

    #[test]
    fn what_the_image_never_had_is_not_lost() {
        let before = image("/bin", &[("etc/motd", None)]);
        let used = ["etc/motd", "etc/made-at-run-time", "proc/self/maps", ".jettison/out/trace"];
        assert_eq!(lost(&used, &before, &before), [""; 0]);
        assert_eq!(lost(&used, &before, &image("/bin", &[])), ["/etc/motd"]);
    }

    #[test]
    fn a_link_may_lead_elsewhere() {
        let before = image("/bin", &[("lib/a.so", Some("a.so.1")), ("lib/a.so.1", None)]);
        let after = image("/bin", &[("lib/a.so", Some("a.so.2")), ("lib/a.so.2", None)]);
        assert_eq!(lost(&["lib/a.so", "lib/a.so.1"], &before, &after), [""; 0]);
        assert_eq!(lost(&["lib/a.so.1"], &before, &after), ["/lib/a.so.1"]);
    }

    #[test]
    fn what_is_found_by_name_may_move() {
        let module = "usr/lib/python3/dist-packages/a/__init__.py";
        let compiled = "usr/lib/python3/dist-packages/a/__pycache__/__init__.cpython-311.pyc";
        let before = image("/usr/bin", &[("usr/bin/tool", None), (module, None), (compiled, None)]);
        let moved = [("venv/bin/tool", None), ("venv/lib/site-packages/a/__init__.py", None)];
        let folders = [("venv/lib/site-packages", None)];
        let after = image("/venv/bin:/usr/bin", &[&moved[..], &folders[..]].concat());
        assert_eq!(lost(&["usr/bin/tool", module, compiled], &before, &after), [""; 0]);
        let elsewhere = image("/usr/bin", &[("opt/tool", None)]);
        assert_eq!(
            lost(&["usr/bin/tool", module], &before, &elsewhere),
            ["/usr/bin/tool".to_owned(), format!("/{module}")]
        );
    }

    #[test]
    fn the_reason_why_nothing_is_traced_is_given_once() {
        let mut evidence = Evidence::default();
        let said = "jettison-trace: ptrace is not permitted: Operation not permitted (os error 1); --or-run runs it anyway\n";
        evidence.add("HEALTHCHECK", Trace::default(), said);
        evidence.add("`x`", Trace::default(), said);
        let expected =
            "in containers of this engine, ptrace is not permitted: Operation not permitted (os error 1)";
        assert_eq!(evidence.untraced(), expected);
        evidence.add("`y`", Trace::default(), "");
        assert!(evidence.untraced().ends_with("; the tracer could not start in the original image for `y`"));
    }

    #[test]
    fn without_a_time_zone_it_is_utc() {
        let zone = |name: &str| {
            let target = format!("/usr/share/zoneinfo/{name}");
            image("/bin", &[("etc/localtime", Some(&target)), (&target[1..], None)])
        };
        let none = image("/bin", &[]);
        assert_eq!(lost(&["etc/localtime"], &zone("Etc/UTC"), &none), [""; 0]);
        assert_eq!(lost(&["etc/localtime"], &zone("Europe/Paris"), &none), ["/etc/localtime"]);
    }
}

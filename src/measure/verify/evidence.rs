//! What the original image needs, as its checks have shown: the files that its programs used while
//! they were traced.
//!
//! This module does not run anything, and does not judge whether a difference of content matters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jettison_trace::{FileType, Operation, PathRecord, Text, Trace};

use super::lacking::owner;
use super::lookup::Lookup;
use super::python_parts;
use crate::context::{PythonPart, RequiredPackage};
use crate::image::{Image, Kind, Owners, Tree};
use crate::knowledge::lists::directories::{OF_BUILDS_OF_PYTHON, OF_PACKAGE_MANAGERS, OF_THE_LOADER};
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
        let used = self.used(image, &tree);
        let read = used.iter().filter(|file| file.using <= Use::Read);
        let paths: BTreeSet<&str> = read.flat_map(|file| [file.path, &file.real]).collect();
        paths.into_iter().map(|path| format!("/{path}")).collect()
    }

    /// Parts of the Python packages of an image, and whether the checks have opened them. `None` if
    /// not everything that they open is known.
    pub fn python_parts(&self, image: &Image) -> Option<Vec<PythonPart>> {
        let is_known = !self.is_empty() && self.untraced.is_empty() && self.trace.not_seen.is_empty();
        is_known.then(|| python_parts::of(&Tree::of(image), &self.trace))
    }

    /// Why the evidence is not everything; empty if it is.
    pub fn untraced(&self) -> String {
        self.untraced.join("; ")
    }

    /// Whether a file with this name was read, or may have been.
    pub(super) fn may_have_read(&self, name: &str) -> bool {
        let is_read = |(path, record): (&Text, &PathRecord)| {
            record.is_read() && path.0.rsplit(|byte| *byte == b'/').next() == Some(name.as_bytes())
        };
        self.is_empty() || !self.untraced.is_empty() || self.trace.paths.iter().any(is_read)
    }

    /// The files of an image that were used.
    pub(super) fn used(&self, image: &Image, tree: &Tree<'_>) -> Vec<Used<'_>> {
        let own = tracer::DIRECTORY.trim_start_matches('/');
        let programs: BTreeSet<&str> =
            image.config.start.path().map(|directory| directory.trim_matches('/')).collect();
        let used = self.trace.paths.iter().filter_map(|(path, record)| {
            let path = std::str::from_utf8(&path.0).ok()?.trim_matches('/');
            let below = |directory: &&str| {
                path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let (real, place) = tree.resolve(path)?;
            let using = match Use::of(record)? {
                Use::Read if place.entry.kind == Kind::Directory => Use::Listed,
                using => using,
            };
            let is_needed = match using {
                Use::Executed | Use::Read => true,
                Use::Listed | Use::LookedUp if TEMPORARY.iter().any(&below) => false,
                Use::Listed => !is_made_if_missing(record),
                Use::LookedUp => !is_made_if_missing(record) && !is_no_need(path, record, &programs),
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

/// Whether the program tried to create a directory that was there: it creates one that is not.
fn is_made_if_missing(record: &PathRecord) -> bool {
    record.file_type == Some(FileType::Directory) && record.failed.contains_key(&Operation::Create)
}

/// Whether it is known that a file need not be there although it was looked up. Usually, a program that
/// looks up another one, or a directory, may use it later.
fn is_no_need(path: &str, record: &PathRecord, programs: &BTreeSet<&str>) -> bool {
    let Some((directory, name)) = path.rsplit_once('/') else { return false };
    let is_manager = |program: &Text| {
        let program = program.display();
        OF_PACKAGE_MANAGERS.iter().any(|part| program.contains(part))
    };
    let is_for_installs =
        || programs.contains(directory) && !record.by.is_empty() && record.by.iter().all(is_manager);
    let is_for_compilations = || {
        record.file_type == Some(FileType::Directory)
            && directory.rsplit('/').next().is_some_and(|parent| parent.starts_with("python3"))
            && OF_BUILDS_OF_PYTHON.iter().any(|start| name.starts_with(start))
    };
    is_for_installs() || is_for_compilations()
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
    let is_found = |path: &str| {
        is.resolve(path).is_some()
            || lookup.finds(path)
            || is_default_zone(path, was)
            || path == CACHE_OF_THE_LOADER && needs_no_cache(is)
    };
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

/// The directories and names of libraries, which the loader reads first. (man 8 ld.so.)
const CACHE_OF_THE_LOADER: &str = "etc/ld.so.cache";

/// Whether the loader finds all libraries of an image without its cache.
fn needs_no_cache(image: &Tree<'_>) -> bool {
    let is_below =
        |path: &str, directory: &str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
    let mut libraries = image.places.keys().filter(|path| path.ends_with(".so") || path.contains(".so."));
    libraries.all(|path| OF_THE_LOADER.iter().any(|directory| is_below(path, directory)))
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

    /// An image with these files; a slash at the end makes a directory, and a target a symlink.
    fn image(path: &str, files: &[(&str, Option<&str>)]) -> Image {
        let layer = archive(|layer| {
            for (path, target) in files {
                let mut header = tar::Header::new_ustar();
                header.set_size(0);
                match target {
                    Some(target) => {
                        header.set_entry_type(tar::EntryType::Symlink);
                        layer.append_link(&mut header, path, target).expect("memory");
                    }
                    None if path.ends_with('/') => {
                        header.set_entry_type(tar::EntryType::Directory);
                        layer.append_data(&mut header, path, &b""[..]).expect("memory");
                    }
                    None => add(layer, path, b"x"),
                }
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
        evidence_of(paths.iter().map(|path| format!("{{\"path\":\"/{path}\",\"found\":{{\"read\":1}}}}")))
    }

    /// The evidence with these lines.
    fn evidence_of(lines: impl IntoIterator<Item = String>) -> Evidence {
        let mut text = String::from(
            "{\"trace\":\"jettison\",\"version\":1,\"program\":[\"x\"],\"workdir\":\"/\",\"architecture\":\"x86_64\",\"stops\":\"filter\"}\n",
        );
        for line in lines {
            text += &format!("{line}\n");
        }
        let mut evidence = Evidence::default();
        evidence.add("x", Trace::read(text.as_bytes()).expect("a trace"), "");
        evidence
    }

    fn lost(used: &[&str], before: &Image, after: &Image) -> Vec<String> {
        lost_of(&evidence(used), before, after)
    }

    fn lost_of(evidence: &Evidence, before: &Image, after: &Image) -> Vec<String> {
        let (was, is) = (Tree::of(before), Tree::of(after));
        let used = evidence.used(before, &was);
        files(&super::lost(&used, (before, &was), &Owners::of(&was), (after, &is)))
    }

    /// A file was looked up, by these programs.
    fn lookup(path: &str, by: &str) -> Evidence {
        evidence_of([format!("{{\"path\":\"/{path}\",\"found\":{{\"stat\":1}},\"by\":[{by}]}}")])
    }

    #[test]
    fn a_program_that_only_package_managers_look_up_is_not_needed() {
        let before = image("/usr/bin", &[("usr/bin/git", None), ("etc/git", None)]);
        let after = image("/usr/bin", &[]);
        let npm = "\"/usr/bin/node /usr/lib/node_modules/npm/bin/npm-cli.js\"";
        let lost = |path: &str, by: &str| lost_of(&lookup(path, by), &before, &after);
        assert_eq!(lost("usr/bin/git", npm), [""; 0]);
        // The application may call it at the next request.
        let both = format!("{npm},\"/usr/bin/node /srv/server.js\"");
        for by in [both.as_str(), "\"\"", ""] {
            assert_eq!(lost("usr/bin/git", by), ["/usr/bin/git"], "{by}");
        }
        assert_eq!(lost("etc/git", npm), ["/etc/git"]);
    }

    #[test]
    fn a_directory_that_the_program_creates_is_not_needed() {
        let before = image("/bin", &[("root/.npm/", None), ("var/lib/app/", None)]);
        let after = image("/bin", &[]);
        let line = |path: &str, more: &str| {
            format!("{{\"path\":\"/{path}\",\"type\":\"directory\",\"found\":{{\"stat\":1}}{more}}}")
        };
        let evidence =
            evidence_of([line("root/.npm", ",\"failed\":{\"create\":1}"), line("var/lib/app", "")]);
        assert_eq!(lost_of(&evidence, &before, &after), ["/var/lib/app"]);
    }

    #[test]
    fn a_directory_that_only_compilations_read_is_not_needed() {
        let config = "usr/lib/python3.11/config-3.11-x86_64-linux-gnu";
        let before = image("/bin", &[(&format!("{config}/"), None)]);
        let after = image("/bin", &[]);
        let line = |operation: &str| {
            evidence_of([format!(
                "{{\"path\":\"/{config}\",\"type\":\"directory\",\"found\":{{\"{operation}\":1}}}}"
            )])
        };
        assert_eq!(lost_of(&line("stat"), &before, &after), [""; 0]);
        assert_eq!(lost_of(&line("list"), &before, &after), [format!("/{config}")]);
    }

    #[test]
    fn the_cache_of_the_loader_is_needed_for_libraries_elsewhere() {
        let before = image("/bin", &[(CACHE_OF_THE_LOADER, None)]);
        let with = |path: &str| image("/bin", &[(path, None)]);
        for (path, expected) in [
            ("usr/lib/x86_64-linux-gnu/libz.so.1", &[][..]),
            ("usr/local/lib/libz.so.1", &["/etc/ld.so.cache"]),
        ] {
            assert_eq!(lost(&[CACHE_OF_THE_LOADER], &before, &with(path)), expected, "{path}");
        }
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
    fn a_library_may_be_in_another_directory_of_the_loader() {
        let used = ["usr/lib/x86_64-linux-gnu/libz.so.1"];
        let before = image("/bin", &[(used[0], None)]);
        assert_eq!(lost(&used, &before, &image("/bin", &[("usr/lib/libz.so.1", None)])), [""; 0]);
        let elsewhere = image("/bin", &[("opt/lib/libz.so.1", None)]);
        assert_eq!(lost(&used, &before, &elsewhere), [format!("/{}", used[0])]);
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

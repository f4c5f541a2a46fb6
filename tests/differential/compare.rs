//! Finds differences that are not permitted between the builds of the original and the fixed file.

use std::collections::BTreeSet;

use crate::builder::Build;
use crate::declared;
use crate::server::{Ended, File};

/// A difference: its kind and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub kind: Kind,
    /// The path of the file, or another name for the place.
    pub place: String,
    pub text: String,
}

/// The kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Jettison rolled back a step of its own, or panicked.
    Engine,
    /// The original builds, the fixed file does not.
    Breaks,
    /// The original does not build, but the fixed file does.
    Builds,
    /// The builds fail with different statuses.
    Status,
    /// The output of RUN instructions.
    Output,
    /// Files of the image.
    Files,
    /// The image's configuration.
    Config,
    /// The exit status or the output of the container or the health check.
    Container,
}

impl Difference {
    /// A defect in Jettison itself.
    pub fn engine(text: &str) -> Self {
        Self { kind: Kind::Engine, place: String::new(), text: text.to_owned() }
    }
}

/// All differences. The list is empty if the fixed file behaves like the original.
pub fn differences(original: &Build, fixed: &Build, is_fault: bool) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut add =
        |kind, place: &str, text: String| all.push(Difference { kind, place: place.to_owned(), text });
    match (&original.failed, &fixed.failed) {
        (None, None) => {}
        (Some((_, before)), Some((_, after))) if before == after => return all,
        // A fix can't harm a file that does not build.
        (Some(_), None) if !is_fault => return all,
        (Some((instruction, _)), _) if declared::may_go_on(instruction, &fixed.mounts, is_fault) => {
            return all;
        }
        // A copy that finds no files may have been moved past other steps.
        (Some((first, _)), Some((second, _)))
            if [first, second].iter().any(|text| text.starts_with("COPY")) =>
        {
            return all;
        }
        (before, after) => {
            let kind = match (before, after) {
                (None, _) => Kind::Breaks,
                (_, None) => Kind::Builds,
                _ => Kind::Status,
            };
            add(
                kind,
                "",
                format!("the original {}; the fixed file {}", ended(before.as_ref()), ended(after.as_ref())),
            );
            return all;
        }
    }
    for mount in fixed
        .mounts
        .difference(&original.mounts)
        .filter(|mount| !declared::may_be_mounted(mount, &original.homes))
    {
        add(Kind::Config, "", format!("{mount} is mounted, which is not a cache"));
    }
    if untraced(&original.output) != untraced(&fixed.output) {
        add(Kind::Output, "", format!("RUN prints {:?}, then {:?}", original.output, fixed.output));
    }
    if original.config != fixed.config {
        add(Kind::Config, "", format!("configuration {:?}, then {:?}", original.config, fixed.config));
    }
    for (title, before, after) in [
        ("the container", &original.container, &fixed.container),
        ("the health check", &original.health, &fixed.health),
    ] {
        if before != after {
            add(
                Kind::Container,
                title,
                format!("{title} {}, then {}", container(before.as_ref()), container(after.as_ref())),
            );
        }
    }
    files(original, fixed, &mut add);
    all
}

/// The output of scripts, without the trace of `set -x` and without the names of files that `rm`
/// did not find.
fn untraced(output: &str) -> Vec<&str> {
    output.lines().filter(|line| !line.starts_with('+') && !line.starts_with("rm: ")).collect()
}

fn files(original: &Build, fixed: &Build, add: &mut impl FnMut(Kind, &str, String)) {
    let is_declared = |path: &str| declared::is_cache(path, &fixed.mounts);
    let paths: BTreeSet<&String> = original.files.keys().chain(fixed.files.keys()).collect();
    for path in paths.into_iter().filter(|path| !is_declared(path)) {
        match (original.files.get(path), fixed.files.get(path)) {
            (Some(before), Some(after))
                if [(original, before), (fixed, after)]
                    .iter()
                    .all(|(build, file)| is_of_a_cache(build, fixed, path, file)) => {}
            (Some(before), Some(after)) => {
                let is_same_kind = (before.mode, before.owner) == (after.mode, after.owner);
                if before != after && !(declared::may_differ(path) && is_same_kind) {
                    add(Kind::Files, path, format!("{path}: {}, then {}", describe(before), describe(after)));
                }
            }
            (Some(before), None)
                if declared::may_be_missing(path, before, original.copies_a_cache)
                    || declared::may_differ(path) => {}
            (Some(before), None) if is_directory(before) && is_made_for_caches(original, path) => {}
            (Some(before), None) if is_directory(before) && held_only(original, fixed, path) => {}
            (Some(before), None) => {
                add(Kind::Files, path, format!("{path}: {}, then missing", describe(before)));
            }
            (None, Some(after)) => {
                add(Kind::Files, path, format!("{path}: missing, then {}", describe(after)));
            }
            (None, None) => {}
        }
    }
}

fn is_directory(file: &File) -> bool {
    file.mode & 0o170_000 == 0o040_000
}

/// Whether a directory contains no files and exists only for caches, or as the home directory that
/// a variable names.
fn is_made_for_caches(build: &Build, directory: &str) -> bool {
    let inside = format!("{directory}/");
    let mut below = build.files.range(inside.clone()..).take_while(|(path, _)| path.starts_with(&inside));
    let is_empty = below.all(|(_, file)| is_directory(file));
    is_empty
        && (directory.contains("/.cache")
            || directory.ends_with("/.npm")
            || directory.ends_with("/pkg")
            || build.homes.contains(directory))
}

/// Whether a file is a package manager's own copy of a download, or a directory that contains only
/// such files.
fn is_of_a_cache(build: &Build, fixed: &Build, path: &str, file: &File) -> bool {
    if is_directory(file) {
        held_only(build, fixed, path)
    } else {
        declared::is_cached(path, file, build.copies_a_cache)
    }
}

/// Whether a directory existed only for a cache: everything in it may be missing, and it contains
/// or contained something.
fn held_only(original: &Build, fixed: &Build, directory: &str) -> bool {
    let inside = format!("{directory}/");
    let below = || original.files.range(inside.clone()..).take_while(|(path, _)| path.starts_with(&inside));
    let is_of_a_cache = |path: &str, file: &File| {
        declared::is_cache(path, &fixed.mounts)
            || declared::may_be_missing(path, file, original.copies_a_cache)
    };
    below().all(|(path, file)| is_directory(file) || is_of_a_cache(path, file))
        && (below().any(|(path, file)| is_of_a_cache(path, file))
            || fixed.mounts.iter().any(|mount| mount.starts_with(&inside)))
}

fn describe(file: &File) -> String {
    let data = String::from_utf8_lossy(&file.data);
    let data: String = data.chars().take(120).collect();
    format!("mode {:o}, owner {}:{}, {data:?}", file.mode, file.owner.0, file.owner.1)
}

fn ended(failed: Option<&(String, i32)>) -> String {
    match failed {
        None => "builds".into(),
        Some((instruction, status)) => {
            format!("stops with {status} at `{}`", instruction.replace('\n', "\n    "))
        }
    }
}

fn container(ended: Option<&Ended>) -> String {
    ended.map_or("is not started".into(), |ended| {
        format!("ends with {} and prints {:?}", ended.status, ended.output)
    })
}

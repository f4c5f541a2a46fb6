//! Finds the files that instructions put into certain directories of an image, whatever their
//! names: by copies from the build context, here-documents and other stages, and by commands that
//! write, copy or link them.

use memchr::memmem;

use crate::context::BuildContext;
use crate::facts::actions::{Action, Name};
use crate::facts::execution::normalized;
use crate::facts::traced::{At, FETCHED, MOST_INSTRUCTIONS, MOST_STEPS, Source, below, text_of};
use crate::facts::{Facts, paths};
use crate::knowledge::Act;
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Instruction, Transfer};

/// A file of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::facts) struct Placed {
    /// Its path. If a source can't be followed, the directory that the file may be in.
    pub path: String,
    /// Where it comes from.
    pub source: Source,
}

impl Facts<'_> {
    /// The files that the instructions before a place put into these directories, or at exactly
    /// these paths.
    pub(in crate::facts) fn placed_in(&self, at: At, directories: &[&str]) -> Vec<Placed> {
        self.placed_before(at, directories, MOST_STEPS)
    }

    fn placed_before(&self, at: At, directories: &[&str], steps: usize) -> Vec<Placed> {
        let before = self.back_from(at).take(MOST_INSTRUCTIONS);
        before
            .flat_map(|(item, instruction)| self.placed_within(item, instruction, directories, steps))
            .collect()
    }

    /// The files that one instruction puts there.
    pub(in crate::facts) fn placed_by(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        directories: &[&str],
    ) -> Vec<Placed> {
        self.placed_within(item, instruction, directories, MOST_STEPS)
    }

    fn placed_within(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        directories: &[&str],
        steps: usize,
    ) -> Vec<Placed> {
        let Some(steps) = steps.checked_sub(1) else { return Vec::new() };
        match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                self.placed_by_copy(item, instruction, transfer, directories, steps)
            }
            Body::Run(_) => self.placed_by_run(item, instruction, directories),
            _ => Vec::new(),
        }
    }

    fn placed_by_copy(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        transfer: &Transfer,
        directories: &[&str],
        steps: usize,
    ) -> Vec<Placed> {
        let Some(destination) = self.path_at(item, &transfer.destination) else { return Vec::new() };
        let is_inside = |path: &str| directories.iter().any(|directory| paths::within(path, directory));
        let is_near = directories.iter().any(|directory| below(directory, &destination).is_some());
        if !is_inside(&destination) && !is_near {
            return Vec::new();
        }
        let of = |path: String, source: Source| is_inside(&path).then_some(Placed { path, source });
        let is_directory = transfer.destination.ends_with('/') || transfer.sources.len() > 1;
        if !instruction.heredocs.is_empty() {
            let heredocs = instruction.heredocs.iter().filter_map(|heredoc| {
                let name = heredoc.name.as_str();
                let path = if is_directory { joined(&destination, name) } else { destination.clone() };
                of(path, Source::Text(heredoc.content.of(self.file.text).to_owned()))
            });
            return heredocs.collect();
        }
        if instruction.flag("from").is_some() {
            return self.placed_from_stage(item, transfer, &destination, directories, steps);
        }
        if transfer.sources.iter().any(|source| source.contains("://")) {
            // Files fetched to a parent directory do not depend on this Dockerfile.
            return of(destination, Source::Unknown("is fetched by ADD")).into_iter().collect();
        }
        let Ok(context) = self.context_source.context() else {
            return of(destination, Source::NoContext).into_iter().collect();
        };
        if let Some(copied) = self.copied(item, context) {
            let sent = context.sent();
            let found =
                sent.filter_map(|entry| of(copied.image_path(&entry.path)?, text_of(context, &entry.path)));
            return found.collect();
        }
        let sources = transfer.sources.iter().filter_map(|source| self.expanded(item, source));
        sources
            .flat_map(|source| by_pattern(context, &source, &destination))
            .filter(|placed| is_inside(&placed.path))
            .collect()
    }

    /// The files that a copy from another stage brings. Those from other images do not depend on
    /// this Dockerfile.
    fn placed_from_stage(
        &self,
        item: usize,
        transfer: &Transfer,
        destination: &str,
        directories: &[&str],
        steps: usize,
    ) -> Vec<Placed> {
        let own = self.copies.partition_point(|copied| copied.item < item);
        let Some(copied) = self.copies.get(own).filter(|copied| copied.item == item) else {
            return Vec::new();
        };
        let there = At { stage: copied.source, end: self.stages[copied.source].items.end };
        let mut all = Vec::new();
        for source in &transfer.sources {
            let source = self.expanded(item, source).and_then(|source| normalized(&source));
            let Some(source) = source.filter(|source| !source.contains(['*', '?', '['])) else { continue };
            let base = base_name(&source);
            for directory in directories {
                // A file is copied into the destination under its own name, or becomes the
                // destination; a directory's contents are copied into the destination.
                let wanted: Vec<(String, String)> = if let Some(inner) = below(destination, directory) {
                    let inner = inner.trim_matches('/');
                    vec![(source.clone(), joined(directory, inner))]
                } else if let Some(inner) = below(directory, destination) {
                    let first = inner.split('/').next().unwrap_or_default();
                    let by_name = (first == base).then(|| (source.clone(), joined(destination, base)));
                    std::iter::once((joined(&source, inner), (*directory).to_owned()))
                        .chain(by_name)
                        .collect()
                } else {
                    Vec::new()
                };
                for (from, to) in wanted {
                    for Placed { path, source } in self.placed_before(there, &[&from], steps) {
                        let inner = below(&path, &from).unwrap_or_default();
                        all.push(Placed { path: joined(&to, inner), source });
                    }
                }
            }
        }
        all
    }

    fn placed_by_run(&self, item: usize, instruction: &Instruction<'_>, directories: &[&str]) -> Vec<Placed> {
        let Some(run) = self.run_at(item) else { return Vec::new() };
        let puts = |action: &Action<'_>| {
            action.to.is_some() || matches!(action.act, Act::Writes | Act::Fetches | Act::Into)
        };
        let mut actions = run.invocations.iter().flat_map(|invocation| invocation.actions.known());
        if run.script().is_some() && !actions.any(puts) {
            return Vec::new();
        }
        let text = instruction.full.of(self.file.text);
        let named = directories
            .iter()
            .find(|directory| memmem::find(text.as_bytes(), directory.as_bytes()).is_some());
        let is_inside = |path: &str| directories.iter().any(|directory| paths::within(path, directory));
        let starts_inside = run.workdir.known().is_some_and(is_inside);
        if named.is_none() && !starts_inside {
            return Vec::new();
        }
        if run.script().is_none() {
            let named = directories.iter().find(|directory| names_whole(text, directory));
            let source = Source::Unknown("may be written by a RUN that can't be read");
            return named.map(|path| Placed { path: (*path).to_owned(), source }).into_iter().collect();
        }
        let mut found: Vec<String> = Vec::new();
        // Directories that get files of any name.
        let mut filled: Vec<String> = Vec::new();
        for (index, invocation) in run.invocations.iter().enumerate() {
            let resolved = |name: Name<'_>| self.target_of_name(run, index, name).path().map(str::to_owned);
            for Action { act, file, to, .. } in invocation.actions.known() {
                if let Some(target) = to.and_then(|to| resolved(to.name)) {
                    found.push(joined(&target, base_name(file.name.text())));
                    found.push(target);
                }
                let path = match act {
                    Act::Writes | Act::Fetches | Act::Into => resolved(file.name),
                    _ => None,
                };
                match (path, file.inner) {
                    (Some(path), Some(inner)) => found.push(joined(&path, inner)),
                    (Some(path), None) if *act == Act::Into => {
                        // The others name the files that they put there.
                        if invocation.actions.known().iter().all(|action| action.to.is_none()) {
                            filled.push(path);
                        }
                    }
                    (Some(path), None) => found.push(path),
                    (None, _) => {}
                }
            }
        }
        found.retain(|path| is_inside(path));
        found.sort();
        found.dedup();
        filled.retain(|path| is_inside(path));
        let after = At { stage: run.stage, end: item + 1 };
        let of = |path: String| {
            let sources = self.sources_of_path(after, &path, MOST_STEPS);
            sources.into_iter().map(move |source| Placed { path: path.clone(), source })
        };
        let fetched = |path| Placed { path, source: FETCHED };
        found.into_iter().flat_map(of).chain(filled.into_iter().map(fetched)).collect()
    }
}

/// The files that a source with a pattern, or one copied in another unusual way, may bring: all
/// whose path starts with the same text.
fn by_pattern(context: &BuildContext, source: &str, destination: &str) -> Vec<Placed> {
    let start = source.trim_start_matches("./").trim_start_matches('/');
    let start = start.split(['*', '?', '[']).next().unwrap_or(start);
    let sent = context.sent().filter(|entry| entry.path.starts_with(start));
    let placed =
        |path: &str| Placed { path: joined(destination, base_name(path)), source: text_of(context, path) };
    sent.map(|entry| placed(&entry.path)).collect()
}

fn joined(directory: &str, inner: &str) -> String {
    match (directory.trim_end_matches('/'), inner) {
        ("", "") => "/".to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, inner) => format!("{directory}/{inner}"),
    }
}

/// Whether a text contains a path, or something below it, and not only as the end of a longer path.
fn names_whole(text: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    text.match_indices(path).any(|(at, _)| !text[..at].ends_with(goes_on))
}

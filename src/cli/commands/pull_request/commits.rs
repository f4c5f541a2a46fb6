//! Groups the steps of all files into commits: one per transform, in the order of the transforms.
//! In each commit, every file is in a state after some step, which the pipeline has checked.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;

use crate::git::{Change, Git, Stored};
use crate::pipeline::Step;
use crate::report::FileReport;
use crate::report::pull_request::{Line, message};
use crate::transforms;

/// A planned commit.
#[derive(Debug)]
pub struct Commit {
    pub changes: Vec<Change>,
    pub message: String,
}

/// Plans the commits. A step that a later round adds belongs to the transform that made it
/// possible: the last one before it that is later in the order.
pub fn plan(
    git: &Git,
    reports: &[FileReport],
    proofs: &[String],
    signer: Option<&str>,
    is_shown_only: bool,
) -> anyhow::Result<Vec<Commit>> {
    let stored = if is_shown_only { HashMap::new() } else { stored(git, reports)? };
    let as_stored = |path: &str, text: &str| stored.get(path).copied().unwrap_or(Stored::Same).of(text);
    let mut commits = Vec::new();
    let mut done = vec![0; reports.len()];
    for (index, transform) in transforms::ALL.iter().enumerate() {
        let mut changes: Vec<Change> = Vec::new();
        let mut lines = Vec::new();
        for (report, done) in reports.iter().zip(&mut done) {
            let from = *done;
            let steps = &report.outcome.steps[from..];
            let count = steps.iter().take_while(|step| position(step) <= index).count();
            let now = &steps[..count];
            *done += count;
            // A file whose ignore file could not be processed does not change.
            let Some(path) = report.path.as_deref().filter(|_| report.error.is_none()) else { continue };
            if let Some(last) = now.iter().rfind(|step| !step.edits.is_empty()) {
                let path = within(git, path)?;
                let text = as_stored(&path, &last.text);
                changes.push(Change { path, text });
            }
            if let (Some(file), true) =
                (&report.ignore_file, now.iter().any(|step| step.ignore_file.is_some()))
            {
                let path = within(git, &file.path)?;
                // Several Dockerfiles can share one: the last version contains the lines of all of
                // them.
                changes.retain(|change| change.path != path);
                let text = as_stored(&path, &file.new);
                changes.push(Change { path, text });
            }
            let mut fixes: Vec<_> = now.iter().flat_map(|step| &step.fixes).collect();
            fixes.sort_by_key(|fix| (fix.place.line, fix.place.column));
            lines.extend(fixes.into_iter().map(|fix| Line {
                place: format!("{path}:{}", fix.place.line),
                title: &fix.title,
                notes: &fix.notes,
            }));
        }
        if !changes.is_empty() {
            commits.push(Commit { changes, message: message(transform, &lines, proofs, signer) });
        }
    }
    Ok(commits)
}

/// The committed version of each file that changes, by path. A file that a filter changes is
/// refused.
fn stored(git: &Git, reports: &[FileReport]) -> anyhow::Result<HashMap<String, Stored>> {
    let mut stored = HashMap::new();
    let mut texts: Vec<(String, &str)> = Vec::new();
    for report in reports.iter().filter(|report| report.changed() && report.error.is_none()) {
        if let (Some(path), Some(_)) = (&report.path, report.outcome.text()) {
            texts.push((within(git, path)?, &report.text));
        }
        if let Some(file) = &report.ignore_file {
            let path = within(git, &file.path)?;
            // The second of two Dockerfiles that share it starts from the result of the first.
            let is_known = stored.contains_key(&path) || texts.iter().any(|(known, _)| *known == path);
            match &file.old {
                _ if is_known => {}
                Some(old) => texts.push((path, old)),
                None => {
                    git.ensure_unfiltered(&path)?;
                    stored.insert(path, Stored::Same);
                }
            }
        }
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let found = git.stored(&git.head()?, &texts)?;
    stored.extend(texts.iter().map(|(path, _)| (*path).to_owned()).zip(found));
    Ok(stored)
}

fn position(step: &Step) -> usize {
    transforms::ALL.iter().position(|transform| transform.id == step.transform.id).unwrap_or(usize::MAX)
}

/// A path relative to the top of the repository, with slashes, after resolving symlinks.
fn within(git: &Git, path: &str) -> anyhow::Result<String> {
    let path = Path::new(path);
    let full = match path.canonicalize() {
        Ok(full) => full,
        // A new ignore file does not exist yet.
        Err(_) => {
            let directory =
                path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            directory.canonicalize()?.join(path.file_name().context("a file has a name")?)
        }
    };
    let inner = full
        .strip_prefix(&git.root)
        .with_context(|| format!("{} is outside of the repository {}", path.display(), git.root.display()))?;
    let parts: Vec<_> = inner.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(parts.join("/"))
}

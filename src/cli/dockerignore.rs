//! Ignore files that change together with Dockerfiles: the ignore file is written first, since the
//! Dockerfile depends on it.
//!
//! Dockerfiles that share an ignore file are processed one after the other, each with the ignore
//! file that the previous one produced.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::cli::context::{Contexts, FileContext};
use crate::cli::session::Session;
use crate::cli::{clock, discover, inline, names, write};
use crate::context::{BuildContext, ContextSource, ImageRun, Service};
use crate::pipeline;
use crate::report::{Failure, FileReport, IgnoreFile};

/// Completes the reports of all files whose ignore file changes, and writes both files if
/// requested.
pub fn finish_reports(session: &Session<'_>, found: &[discover::Found], reports: &mut [FileReport]) {
    let mut claimed: HashMap<PathBuf, String> = HashMap::new();
    for (found, report) in found.iter().zip(reports) {
        let Ok(path) = found else { continue };
        if report.outcome.ignore_file().is_none() {
            continue;
        }
        if inline::is_host(path) {
            report.error =
                finish_host(session, path, &mut claimed, report).err().map(|error| error.to_string());
            continue;
        }
        let context_source = session.contexts.of_file(Some(path));
        let (Ok(directory), Ok(context)) = (context_source.directory(), context_source.context()) else {
            continue;
        };
        let ignore_path = directory.join(&context.ignore_path);
        let before = claimed.get(&ignore_path).cloned();
        if let Some(before) = &before {
            let Ok(settings) = session.settings(path, &report.text) else { continue };
            let changed = Changed { context_source: &context_source, context: context.with_ignore(before) };
            let settings = clock::started(&settings);
            match clock::in_time(pipeline::fix_within(&report.text, &settings, &changed), &settings) {
                Ok(outcome) => report.outcome = outcome,
                Err(reason) => {
                    *report = std::mem::take(report).failing(reason);
                    continue;
                }
            }
        }
        let old = before.or_else(|| context.ignore_text.clone());
        if let Some(new) = report.outcome.ignore_file().map(str::to_owned) {
            claimed.insert(ignore_path.clone(), new.clone());
            report.ignore_file =
                Some(IgnoreFile { path: names::shown(&ignore_path), top_path: None, old: old.clone(), new });
        }
        if session.args.mode.write {
            report.error = write_both(path, &ignore_path, report).err();
        }
    }
}

/// Completes the report of a Compose file, and writes both files if requested.
fn finish_host(
    session: &Session<'_>,
    path: &Path,
    claimed: &mut HashMap<PathBuf, String>,
    report: &mut FileReport,
) -> Result<(), Failure> {
    let (outcome, changed) = inline::fix(session, path, &report.text, claimed)?;
    report.outcome = outcome;
    if let Some(file) = &changed {
        claimed.insert(file.path.clone(), file.new.clone());
        report.ignore_file = Some(IgnoreFile {
            path: names::shown(&file.path),
            top_path: None,
            old: file.old.clone(),
            new: file.new.clone(),
        });
    }
    if session.args.mode.write {
        let ignore_path = changed.map(|file| file.path).unwrap_or_default();
        write_both(path, &ignore_path, report)?;
    }
    Ok(())
}

/// Writes a single file, and its ignore file if that changes.
pub fn write(path: &Path, contexts: &Contexts, report: &mut FileReport) -> Result<(), String> {
    let Some(new) = report.outcome.ignore_file().map(str::to_owned) else {
        return report.outcome.text().map_or(Ok(()), |new| write::replace(path, &report.text, new));
    };
    let context_source = contexts.of_file(Some(path));
    let context = context_source.context()?;
    let ignore_path = context_source.directory()?.join(&context.ignore_path);
    report.ignore_file = Some(IgnoreFile {
        path: names::shown(&ignore_path),
        top_path: None,
        old: context.ignore_text.clone(),
        new,
    });
    write_both(path, &ignore_path, report)
}

/// A context whose ignore file another Dockerfile of the same run has changed.
pub struct Changed<'c> {
    pub context_source: &'c FileContext<'c>,
    pub context: BuildContext,
}

impl ContextSource for Changed<'_> {
    fn context(&self) -> Result<&BuildContext, &str> {
        Ok(&self.context)
    }

    fn dockerfile(&self) -> Option<&str> {
        self.context_source.dockerfile()
    }

    fn services(&self) -> &[Service] {
        self.context_source.services()
    }

    fn runs(&self) -> &[ImageRun] {
        self.context_source.runs()
    }

    fn texts_about_targets(&self) -> Result<&[(String, String)], &str> {
        self.context_source.texts_about_targets()
    }
}

fn write_both(path: &Path, ignore_path: &Path, report: &FileReport) -> Result<(), String> {
    if let Some(file) = &report.ignore_file {
        let written = match &file.old {
            Some(old) => write::replace(ignore_path, old, &file.new),
            None => write::create(ignore_path, &file.new),
        };
        written.map_err(|error| format!("was not changed: {} {error}", file.path))?;
    }
    match report.outcome.text() {
        Some(new) => write::replace(path, &report.text, new),
        None => Ok(()),
    }
}

//! Fixes the inline Dockerfiles of a Compose file (`dockerfile_inline`): each with the build context
//! of its service, all of them as one file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::context::FileContext;
use crate::cli::dockerignore::Changed;
use crate::cli::session::Session;
use crate::cli::{clock, input, names, recognize};
use crate::config::Settings;
use crate::context::ContextSource;
use crate::context::compose::is_compose_file;
use crate::embedded::HostOutcome;
use crate::embedded::compose::{self, InlineDockerfiles};
use crate::pipeline::{self, Outcome};
use crate::report::Failure;
use crate::syntax::Dockerfile;

/// The ignore file of a build context that changes.
#[derive(Debug)]
pub struct ChangedIgnoreFile {
    /// Its full path.
    pub path: PathBuf,
    /// The text before; `None` if there is no such file.
    pub old: Option<String>,
    /// The new text.
    pub new: String,
}

/// Whether a file is a Compose file with inline Dockerfiles, or may be one that is not valid.
pub fn is_host(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    is_compose_file(&name) && input::compose(path).is_ok_and(|text| compose::has_inline_dockerfile(&text))
}

/// Whether a host is valid YAML.
pub fn is_valid(path: &Path) -> bool {
    input::compose(path).is_ok_and(|text| compose::is_valid(&text))
}

/// Fixes the Dockerfiles in a text. Ignore files that other Dockerfiles have changed are given by
/// their paths.
pub fn fix(
    session: &Session<'_>,
    path: &Path,
    text: &str,
    claimed: &HashMap<PathBuf, String>,
) -> Result<(Outcome, Option<ChangedIgnoreFile>), Failure> {
    let InlineDockerfiles { found, refused, generated } =
        compose::read(text).map_err(|mistake| recognize::compose_failure(text, mistake))?;
    let whole = clock::started(&*session.configurations.for_file(path)?);
    let mut host = HostOutcome::of(text);
    for (place, reason) in refused {
        host.refuse(place, reason);
    }
    let mut ignore_file: Option<ChangedIgnoreFile> = None;
    for inline in &found {
        let file = recognize::parse_embedded(&inline.dockerfile, text)?;
        let settings = session.scopes.within_host(Arc::clone(&whole), path, text, &inline.dockerfile)?;
        let context_source = || session.contexts.of_inline(path, text, inline).with_file(&file);
        let first = context_source();
        let ignore_path = ignore_path(&first);
        let changed = ignore_file.as_ref().filter(|file| Some(&file.path) == ignore_path.as_ref());
        let changed = changed.map(|file| &file.new).or_else(|| claimed.get(ignore_path.as_ref()?));
        let mut outcome = with_ignore_text(&file, &settings, &first, changed);
        if let (Some(new), Some(path)) = (outcome.ignore_file().map(str::to_owned), ignore_path) {
            let is_only = ignore_file.as_ref().is_none_or(|file| file.path == path);
            if is_only {
                let own = || first.context().ok().and_then(|context| context.ignore_text.clone());
                let old =
                    ignore_file.map_or_else(|| claimed.get(&path).cloned().or_else(own), |file| file.old);
                ignore_file = Some(ChangedIgnoreFile { path, old, new });
            } else {
                let mut settings = Settings::clone(&settings);
                settings.config.ignore.push("write-dockerignore".into());
                outcome = pipeline::fix_file(&file, &settings, &context_source().without_ignore_file());
                host.leave_ignore_file(inline, &names::shown(&path));
            }
        }
        host.add(inline, clock::in_time(outcome, &settings)?);
    }
    let generated = generated.filter(|_| !whole.config.edit_generated);
    let ignore_file = ignore_file.filter(|_| generated.is_none());
    Ok((host.finish(generated)?, ignore_file))
}

/// The full path of the ignore file of a context, if it is known.
fn ignore_path(context_source: &FileContext<'_>) -> Option<PathBuf> {
    let context = context_source.context().ok()?;
    Some(context_source.directory().ok()?.join(&context.ignore_path))
}

/// Fixes a Dockerfile; the text is that of an ignore file which another Dockerfile has changed.
fn with_ignore_text(
    file: &Dockerfile<'_>,
    settings: &Settings,
    context_source: &FileContext<'_>,
    changed: Option<&String>,
) -> Outcome {
    match (changed, context_source.context()) {
        (Some(text), Ok(context)) => {
            let changed = Changed { context_source, context: context.with_ignore(text) };
            pipeline::fix_file(file, settings, &changed)
        }
        _ => pipeline::fix_file(file, settings, context_source),
    }
}

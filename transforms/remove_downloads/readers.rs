//! What may read a downloaded file at run time without the Dockerfile naming it: sources of the
//! application, servers of whole directories, and what is started with the directory.

use crate::facts::sources::{names_directory, names_variable};
use crate::facts::started::Started;
use crate::facts::{Facts, paths};
use crate::knowledge::lists::directories::SERVED;
use crate::reasons::{self, Reason};
use crate::syntax::Body;

/// Checks that neither the application nor a server may read the file. `names` tells whether a text names
/// it.
pub(super) fn check(facts: &Facts<'_>, path: &str, names: &dyn Fn(&str) -> bool) -> Result<(), Reason> {
    if let Some(directory) = SERVED.iter().find(|directory| paths::within(path, directory)) {
        return Err(reasons::in_served_directory(directory));
    }
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    // What is left in a directory for temporary files is not meant to be found there.
    let directory = if matches!(directory, "/tmp" | "/var/tmp") { "" } else { directory };
    if let Some(source) = facts
        .source_that(|text| names(text) || names_directory(text, directory) || has_pattern_for(text, path))
    {
        return Err(reasons::named_by_source(source));
    }
    if directory.is_empty() {
        return Ok(());
    }
    for variable in facts.variables_for(directory) {
        if let Some(source) = facts.source_that(|text| names_variable(text, variable)) {
            return Err(reasons::directory_in_variable(source, variable));
        }
    }
    for (_, instruction) in facts.file.instructions() {
        let named = match &instruction.body {
            Body::Volume(volumes) => volumes.iter().any(|volume| paths::within(directory, volume)),
            Body::Cmd(_) | Body::Entrypoint(_) | Body::Healthcheck(_) | Body::Onbuild(..) => {
                names_directory(instruction.arguments(), directory)
            }
            _ => false,
        };
        if named {
            return Err(reasons::its_directory_named(instruction.keyword.name()));
        }
    }
    let names_it =
        |started: &&Started| started.shell_text().is_some_and(|text| names_directory(text, directory));
    match facts.started().iter().find(names_it) {
        Some(started) => Err(reasons::its_directory_named(&started.who)),
        None => Ok(()),
    }
}

/// Whether a string of a source is a pattern for files with the same ending: `*.tar.gz`.
fn has_pattern_for(text: &str, path: &str) -> bool {
    text.split(['"', '\'', '`']).any(|part| {
        let ending = part.rsplit(['*', '?', ']']).next().unwrap_or_default();
        part.len() > ending.len() && ending.starts_with('.') && ending.len() > 1 && path.ends_with(ending)
    })
}

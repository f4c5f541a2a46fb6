//! The owners of directories in the final image.
//!
//! `COPY --chown` gives its owner to a directory that it creates, and not to one that exists: the
//! working directory, whose owner is root, or a directory of a package. The program could then create
//! no files in it. (Tested with BuildKit 0.25.)

use crate::facts::paths;
use crate::reasons::{self, Reason};
use crate::runtime::view::StageView;
use crate::transforms::split_stages::recipe::{Recipe, is_copied};

/// The instructions that change the owners of directories which exist before the copies.
pub(super) struct Owners {
    /// For the working directory and its parents: before the copies, so that it stays cached.
    pub(super) before: Option<String>,
    /// For directories that may only exist after them.
    pub(super) after: Option<String>,
}

/// These instructions. `workdir` is the directory that the final image creates first.
pub(super) fn of(view: &StageView<'_, '_>, recipe: &Recipe, workdir: Option<&str>) -> Result<Owners, Reason> {
    let work = &recipe.work;
    if let Some(directory) = workdir
        .filter(|directory| work.paths.iter().any(|(path, program)| path == directory && program == "chmod"))
    {
        return Err(reasons::mode_of_directory(directory));
    }
    let is_copied = |directory: &str| is_copied(directory, &recipe.copies);
    let created: Vec<&str> = workdir.into_iter().flat_map(paths::and_around).collect();
    let folder = view.folder.as_str();
    let mut others = Vec::new();
    if !is_copied(folder) && !created.contains(&folder) {
        others.push(folder);
    }
    // A directory that no step creates is one of the base image or of a package.
    let changed = work.paths.iter().filter(|(_, program)| matches!(program.as_str(), "chown" | "chgrp"));
    others.extend(
        changed
            .map(|(path, _)| path.as_str())
            .filter(|path| !is_copied(path) && !paths::within(path, folder) && !paths::within(folder, path)),
    );
    Ok(Owners { before: command(recipe, &created)?, after: command(recipe, &others)? })
}

/// The instruction that gives those of some directories their owners that have one.
fn command(recipe: &Recipe, directories: &[&str]) -> Result<Option<String>, Reason> {
    let owned = directories.iter().filter_map(|path| Some((recipe.work.owner_of_directory(path)?, *path)));
    let owned: Vec<(&str, &str)> = owned.collect();
    match owned.first() {
        Some((_, directory)) if !recipe.has_shell => Err(reasons::owner_without_shell(directory)),
        _ => Ok(joined(&owned)),
    }
}

/// One `chown` for each owner.
fn joined(owned: &[(&str, &str)]) -> Option<String> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for (owner, directory) in owned {
        match commands.iter_mut().find(|(own, _)| own == owner) {
            Some((_, command)) => *command += &format!(" {directory}"),
            None => commands.push((owner, format!("chown {owner} {directory}"))),
        }
    }
    let texts: Vec<String> = commands.into_iter().map(|(_, command)| command).collect();
    (!texts.is_empty()).then(|| format!("RUN {}", texts.join(" && ")))
}

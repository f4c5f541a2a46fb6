//! How the files of a repository run images: finds and reads the makefiles, scripts, workflows and
//! manifests; `context::runs` reads what is in them.

use std::path::Path;

use ignore::WalkBuilder;

use crate::cli::context::{relative, tracked};
use crate::cli::folders::Folders;
use crate::cli::input;
use crate::context::ImageRun;
use crate::context::compose::is_compose_file;
use crate::context::runs::runs as found_in;
use crate::knowledge::lists::files::{DIRECTORIES_OF_OTHERS_AND_GIT, FILES_THAT_RUN_IMAGES, SHELL_SCRIPTS};

/// The largest number of files to look at, and the largest depth of their directories.
const MOST_ENTRIES: usize = 20_000;
const MOST_DEPTH: usize = 7;
/// The largest size of a file that is read, in bytes, and of all of them.
const MOST_BYTES: u64 = 256 * 1024;
const MOST_BYTES_IN_ALL: u64 = 16 * 1024 * 1024;
/// The largest size of all text files of a repository that is searched for builds.
const MOST_BYTES_TO_SEARCH: u64 = 64 * 1024 * 1024;

/// The runs in the files below a directory, sorted by path.
pub fn runs(top: &Path) -> Vec<ImageRun> {
    let walk = WalkBuilder::new(top)
        .standard_filters(false)
        .follow_links(false)
        .max_depth(Some(MOST_DEPTH))
        .sort_by_file_path(Path::cmp)
        .filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            !DIRECTORIES_OF_OTHERS_AND_GIT.contains(&name) && !matches!(name, "target" | "vendor")
        })
        .build();
    let mut files: Vec<(String, String)> = Vec::new();
    let mut size = 0;
    for entry in walk.filter_map(Result::ok).take(MOST_ENTRIES) {
        let Some(path) = relative(entry.path(), top).filter(|path| may_run_images(path)) else { continue };
        let Ok(Some(text)) = input::beside(entry.path(), MOST_BYTES) else { continue };
        size += text.len() as u64;
        if size > MOST_BYTES_IN_ALL {
            break;
        }
        files.push((path, text));
    }
    found_in(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

/// The tracked files that contain the word "target", or why not all files were read.
pub fn about_targets(top: &Path, listed: &Folders) -> Result<Vec<(String, String)>, String> {
    let tracked = tracked::below(top, listed).ok_or("which files git tracks is unknown")?;
    let mut found = Vec::new();
    let mut left = MOST_BYTES_TO_SEARCH;
    for path in tracked {
        let full = top.join(&path);
        let Ok(metadata) = std::fs::symlink_metadata(&full) else { continue };
        // A binary file builds nothing.
        if !metadata.is_file() || input::start_of(&full, 8000).is_none_or(|start| start.contains(&0)) {
            continue;
        }
        left = left.checked_sub(metadata.len()).ok_or("the repository is too large to read all of it")?;
        let Ok(Some(text)) = input::beside(&full, MOST_BYTES_TO_SEARCH) else {
            return Err(format!("{path} can't be read"));
        };
        if text.contains("target") || text.contains("TARGET") || text.contains("Target") {
            found.push((path, text));
        }
    }
    Ok(found)
}

/// Whether a file may run images, by its path. `context::compose` reads compose files.
fn may_run_images(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    !is_compose_file(name)
        && (FILES_THAT_RUN_IMAGES.contains(&name)
            || ends(SHELL_SCRIPTS)
            || ends(&[".yaml", ".yml", ".mk"])
            || name.ends_with(".json") && ["task", "ecs", "container"].iter().any(|part| name.contains(part)))
}

//! Which files of the application's folder a compiled program may open when it runs: all that came with the context and are
//! neither sources nor what only people and tools read.

use std::collections::BTreeSet;

use crate::runtime::view::StageView;
use crate::syntax::{Body, Item};

/// More paths than this are no easier to read than the folder as a whole.
const MOST_PATHS: usize = 12;

/// What only people, version control, builds and editors read, by a path's first part or by its last.
const NOT_READ: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "Dockerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
    "Jenkinsfile",
    "Vagrantfile",
    "Procfile",
    "Taskfile.yml",
    "Justfile",
    "justfile",
    "LICENSE",
    "COPYING",
    "NOTICE",
    "AUTHORS",
    "CONTRIBUTORS",
    "OWNERS",
    "CODEOWNERS",
    "CHANGELOG",
    "testdata",
    "Tiltfile",
    "skaffold.yaml",
    "renovate.json",
    "cloudbuild.yaml",
    "codecov.yml",
];

/// The paths of the image, absolute, that have to be copied; none where the folder has to go as a whole, because what is in it
/// is not known.
pub(crate) fn assets(look: &StageView<'_, '_>, is_source: &dyn Fn(&str) -> bool) -> Option<Vec<String>> {
    let context = look.context?;
    let mut kept = BTreeSet::new();
    let mut left = BTreeSet::new();
    for item in look.stage.items.clone() {
        let Item::Instruction(one) = &look.facts.file.items[item] else { continue };
        let (Body::Copy(_) | Body::Add(_)) = &one.body else { continue };
        let copied = look.facts.copied(item, context)?;
        for entry in context.sent() {
            let Some(path) = copied.image_path(&entry.path) else { continue };
            let Some(inner) = path.strip_prefix(&look.folder).and_then(|inner| inner.strip_prefix('/'))
            else {
                continue;
            };
            let set = if is_source(inner) || is_for_people(inner) { &mut left } else { &mut kept };
            set.insert(inner.to_owned());
        }
    }
    let mut paths = BTreeSet::new();
    for file in &kept {
        // The highest directory with nothing in it that stays behind.
        let ends = file.match_indices('/').map(|(at, _)| at);
        let mut directories = ends.map(|at| &file[..at]);
        let whole = directories.find(|directory| {
            !left
                .range((*directory).to_owned()..)
                .take_while(|one| one.starts_with(directory))
                .any(|one| one[directory.len()..].starts_with('/'))
        });
        paths.insert(format!("{}/{}", look.folder.trim_end_matches('/'), whole.unwrap_or(file)));
    }
    (paths.len() <= MOST_PATHS).then(|| paths.into_iter().collect())
}

fn is_for_people(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_hidden = first.starts_with('.') && !matches!(first, ".env" | ".config");
    let starts = ["Dockerfile.", "README", "LICENSE", "CHANGELOG", "docker-compose."]
        .iter()
        .any(|start| last.starts_with(start));
    is_hidden
        || starts
        || NOT_READ.contains(&last)
        || NOT_READ.contains(&first)
        || last.ends_with(".dockerfile")
        || !path.contains('/') && last.ends_with(".md")
}

//! Files that were removed, added or changed between two images, by their purpose.

use crate::image::{Kind, Tree};
use crate::knowledge::lists::directories::{OF_CACHES, OF_MANUALS, OF_THE_SYSTEM};

/// The differences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// In the order of [`Cause`], without empty groups.
    pub groups: Vec<Group>,
}

/// Files with the same purpose that were removed, added or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The purpose.
    pub cause: Cause,
    /// The number of removed files, and their size in bytes.
    pub gone: (usize, u64),
    /// The number of added files, and their size in bytes.
    pub came: (usize, u64),
    /// The number of files with another content, owner or mode.
    pub changed: usize,
    /// Some of the files, the largest first, each prefixed with `-`, `+` or `~`.
    pub examples: Vec<String>,
}

/// The purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Files that can be downloaded again.
    Cache,
    /// Files for people to read.
    Documentation,
    /// Files of system packages.
    System,
    /// Everything else: the application, its packages, settings.
    Application,
}

impl Cause {
    /// The words that users see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "caches and temporary files",
            Self::Documentation => "documentation and translations",
            Self::System => "system packages",
            Self::Application => "the application and everything else",
        }
    }

    fn of(path: &str) -> Self {
        let below = |directories: &[&str]| {
            directories
                .iter()
                .any(|directory| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
        };
        let has = |part: &str| path.split('/').any(|name| name == part);
        if below(OF_CACHES) || has(".cache") || has("__pycache__") {
            Self::Cache
        } else if below(OF_MANUALS) {
            Self::Documentation
        } else if below(OF_THE_SYSTEM) && !below(&["usr/local", "usr/src"]) {
            Self::System
        } else {
            Self::Application
        }
    }
}

/// The largest number of examples in a group.
const MOST_EXAMPLES: usize = 5;

/// Compares the files that containers of two images see.
pub(super) fn compare(before: &Tree<'_>, after: &Tree<'_>) -> Files {
    let causes = [Cause::Cache, Cause::Documentation, Cause::System, Cause::Application];
    let mut groups: Vec<(Group, Vec<(u64, String)>)> = causes
        .iter()
        .map(|cause| {
            (
                Group { cause: *cause, gone: (0, 0), came: (0, 0), changed: 0, examples: Vec::new() },
                Vec::new(),
            )
        })
        .collect();
    let mut note = |path: &str, mark: char, size: u64| {
        let cause = Cause::of(path);
        let Some((group, examples)) = groups.iter_mut().find(|(group, _)| group.cause == cause) else {
            return;
        };
        match mark {
            '-' => group.gone = (group.gone.0 + 1, group.gone.1 + size),
            '+' => group.came = (group.came.0 + 1, group.came.1 + size),
            _ => group.changed += 1,
        }
        examples.push((size, format!("{mark} /{path}")));
    };
    for (path, place) in &before.places {
        let was = place.entry;
        match after.places.get(path).map(|place| place.entry) {
            None if was.kind != Kind::Directory => note(path, '-', was.size),
            Some(is) if is.kind != Kind::Directory || was.kind != Kind::Directory => {
                let is_same = is.kind == was.kind
                    && is.hash == was.hash
                    && is.owner == was.owner
                    && is.mode == was.mode;
                if !is_same {
                    note(path, '~', was.size.max(is.size));
                }
            }
            _ => {}
        }
    }
    for (path, place) in after.places.iter().filter(|(path, _)| !before.places.contains_key(*path)) {
        if place.entry.kind != Kind::Directory {
            note(path, '+', place.entry.size);
        }
    }
    let groups =
        groups.into_iter().filter(|(_, examples)| !examples.is_empty()).map(|(mut group, mut examples)| {
            examples.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            group.examples = examples.into_iter().take(MOST_EXAMPLES).map(|(_, text)| text).collect();
            group
        });
    Files { groups: groups.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_files_are_for() {
        let expected = [
            ("var/lib/apt/lists/x", Cause::Cache),
            ("app/.cache/x", Cause::Cache),
            ("usr/share/man/man1/x.1.gz", Cause::Documentation),
            ("usr/bin/gcc", Cause::System),
            ("usr/local/bin/x", Cause::Application),
            ("tmpfile", Cause::Application),
            ("srv/app/x.py", Cause::Application),
        ];
        for (path, cause) in expected {
            assert_eq!(Cause::of(path), cause, "{path}");
        }
    }
}

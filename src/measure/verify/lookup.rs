//! Files that programs find by name in one of several directories, so that they may be in another
//! directory of another image: programs of the PATH, libraries, Python modules, `JAVA_HOME`.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::{Image, Tree};
use crate::knowledge::lists::directories::OF_THE_LOADER;

/// Where an image looks for files of the image that it replaces.
pub(super) struct Lookup<'t> {
    tree: &'t Tree<'t>,
    /// The directories of the PATH of the first image, without the first slash.
    from: BTreeSet<String>,
    /// Those of the second.
    to: BTreeSet<String>,
    /// The directories of the second image that contain Python modules.
    modules: BTreeSet<&'t str>,
    /// The directories that a variable names in the first and the second image.
    homes: Vec<(String, String)>,
}

/// The names of directories with installed Python modules. (Python's manual, "site"; Debian's Python
/// policy for `dist-packages`.)
pub(super) const MODULES: [&str; 2] = ["site-packages", "dist-packages"];

impl<'t> Lookup<'t> {
    pub(super) fn of(before: &Image, after: &Image, tree: &'t Tree<'t>) -> Self {
        let path = |image: &Image| {
            image.config.start.path().map(|directory| directory.trim_matches('/').to_owned()).collect()
        };
        let modules = tree
            .places
            .keys()
            .filter(|path| path.rsplit_once('/').is_some_and(|(_, name)| MODULES.contains(&name)));
        Self {
            tree,
            from: path(before),
            to: path(after),
            modules: modules.copied().collect(),
            homes: homes(before, after),
        }
    }

    /// Whether the second image has a file of the first one in another directory in which it is
    /// looked up. Paths have no first slash.
    pub(super) fn finds(&self, path: &str) -> bool {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.from.contains(directory) && self.to.iter().any(|other| self.has(&format!("{other}/{name}")))
            || self.finds_library(directory, name)
            || self.finds_module(path)
            || self.finds_source(directory, name)
            || self.homes.iter().any(|(from, to)| {
                let rest = path.strip_prefix(from.as_str()).filter(|rest| rest.starts_with('/'));
                rest.is_some_and(|rest| self.has(&format!("{to}{rest}")))
            })
    }

    fn has(&self, path: &str) -> bool {
        self.tree.resolve(path).is_some()
    }

    /// Whether a library is in another directory of the loader. (man 8 ld.so.)
    fn finds_library(&self, directory: &str, name: &str) -> bool {
        let is_library = name.ends_with(".so") || name.contains(".so.");
        is_library && is_of_the_loader(directory) && {
            let ends = format!("/{name}");
            let mut found = self.tree.places.keys().filter(|path| path.ends_with(&ends));
            found.any(|path| is_of_the_loader(&path[..path.len() - ends.len()]) && self.has(path))
        }
    }

    fn finds_module(&self, path: &str) -> bool {
        MODULES.iter().any(|name| match path.split_once(&format!("/{name}")) {
            Some((_, "")) => !self.modules.is_empty(),
            Some((_, rest)) if rest.starts_with('/') => {
                self.modules.iter().any(|directory| self.has(&format!("{directory}{rest}")))
            }
            _ => false,
        })
    }

    /// Whether a file has the byte code of a module that is there: Python compiles it again.
    /// (PEP 3147: `__pycache__/NAME.cpython-311.pyc`.)
    fn finds_source(&self, directory: &str, name: &str) -> bool {
        if name == "__pycache__" {
            return self.has(directory) || self.finds_module(directory);
        }
        let module = name.split('.').next().unwrap_or(name);
        directory.strip_suffix("/__pycache__").is_some_and(|parent| {
            let source = format!("{parent}/{module}.py");
            self.has(&source) || self.finds_module(&source)
        })
    }
}

/// Whether the loader finds libraries in a directory without its cache.
fn is_of_the_loader(directory: &str) -> bool {
    OF_THE_LOADER.iter().any(|own| {
        let rest = directory.strip_prefix(own);
        rest.is_some_and(|rest| rest.is_empty() || is_multiarch(rest))
    })
}

/// Whether the rest of a path is one of Debian's directories for an architecture:
/// `/x86_64-linux-gnu`.
fn is_multiarch(rest: &str) -> bool {
    rest.strip_prefix('/').is_some_and(|name| !name.contains('/') && name.contains("-linux-"))
}

/// The directories that a variable of both images names, where they differ.
fn homes(before: &Image, after: &Image) -> Vec<(String, String)> {
    let directories = |image: &Image| {
        let all = image.config.start.env.iter().flatten();
        let home = |setting: &String| {
            let (name, value) = setting.split_once('=')?;
            let path = value.strip_prefix('/').filter(|path| !path.is_empty() && !path.contains(':'))?;
            Some((name.to_owned(), path.trim_end_matches('/').to_owned()))
        };
        all.filter_map(home).collect::<BTreeMap<_, _>>()
    };
    let to = directories(after);
    let moved = |(name, from): (String, String)| Some((from, to.get(&name)?.clone()));
    directories(before).into_iter().filter_map(moved).filter(|(from, to)| from != to).collect()
}

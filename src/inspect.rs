//! What takes up space in an image: by layer, directory and package, and what is wasted.
//!
//! This module only computes figures from the layers. `image` reads the image, and the named
//! transforms fix the Dockerfile.

mod instructions;
mod waste;

pub use instructions::{LayerInstruction, layer_instructions};
pub use waste::{Waste, Why};

use crate::image::{Image, Owners, Package, Tree};
use crate::knowledge::Knowledge;

/// The report on an image. Sizes are unpacked bytes of files.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The size of all layers.
    pub size: u64,
    /// The size of the files that a container sees.
    pub seen: u64,
    /// The layers, the lowest first.
    pub layers: Vec<LayerBytes>,
    /// Directories with a significant part of the visible files, each listed below its parent.
    pub directories: Vec<Directory>,
    /// The installed packages, the largest first.
    pub packages: Vec<Package>,
    /// The wasted space, the largest first.
    pub wastes: Vec<Waste>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerBytes {
    /// The instruction that created it; empty if unknown.
    pub created_by: String,
    /// The size of its files.
    pub size: u64,
    /// The part of it that a later layer hides.
    pub hidden: u64,
}

/// A directory with all its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The absolute path, without a slash at the end.
    pub path: String,
    /// The number of its parents in the list.
    pub depth: usize,
    /// Its size in bytes.
    pub size: u64,
}

impl Inspection {
    /// Inspects an image.
    pub fn of(image: &Image, known: &Knowledge) -> Self {
        let tree = Tree::of(image);
        let mut hidden = vec![0; image.layers.len()];
        tree.hidden.iter().for_each(|file| hidden[file.place.layer] += file.place.entry.size);
        let layers = image.layers.iter().zip(hidden).map(|(layer, hidden)| LayerBytes {
            created_by: layer.created_by.clone(),
            size: layer.size(),
            hidden,
        });
        let owners = Owners::of(&tree);
        Self {
            size: image.size(),
            seen: tree.size(),
            layers: layers.collect(),
            directories: directories(&tree),
            packages: owners.packages(&tree),
            wastes: waste::find(&tree, &owners, known),
        }
    }

    /// The wasted space in bytes.
    pub fn wasted(&self) -> u64 {
        self.wastes.iter().map(|waste| waste.size).sum()
    }
}

/// A directory is listed if it contains at least this part of the visible bytes: one in so many.
const WORTH: u64 = 50;

/// The largest depth of listed directories.
const DEPTH: usize = 4;

fn directories(tree: &Tree<'_>) -> Vec<Directory> {
    let least = (tree.size() / WORTH).max(1);
    let mut found = Vec::new();
    for level in 0..DEPTH {
        // Paths are sorted, so the contents of a directory are consecutive.
        let mut current: Option<(&str, u64)> = None;
        let mut end = |directory: Option<(&str, u64)>| {
            if let Some((path, size)) = directory.filter(|(_, size)| *size >= least) {
                found.push(Directory { path: format!("/{path}"), depth: 0, size });
            }
        };
        for (path, place) in &tree.places {
            let directory = path.match_indices('/').nth(level).map(|(at, _)| &path[..at]);
            match (&mut current, directory) {
                (Some((known, size)), Some(directory)) if *known == directory => *size += place.entry.size,
                _ => end(std::mem::replace(&mut current, directory.map(|path| (path, place.entry.size)))),
            }
        }
        end(current);
    }
    // `usr-x` would sort before `usr/x`, so a slash counts as the first character.
    found.sort_by_key(|directory| directory.path.replace('/', "\u{1}"));
    // A directory that contains little besides another listed one is redundant.
    let lies_in =
        |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let says_nothing =
        |pair: &[Directory]| lies_in(&pair[1].path, &pair[0].path) && pair[1].size * 50 >= pair[0].size * 49;
    let dull: Vec<bool> = found.windows(2).map(says_nothing).chain([false]).collect();
    let mut dull = dull.into_iter();
    found.retain(|_| !dull.next().unwrap_or_default());
    let paths: Vec<String> = found.iter().map(|directory| directory.path.clone()).collect();
    for directory in &mut found {
        directory.depth = paths.iter().filter(|outer| lies_in(&directory.path, outer)).count();
    }
    found
}

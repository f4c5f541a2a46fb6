//! Where the bytes of an image are: by layer, by directory, by package, and which of them nobody needs.
//!
//! Figures only. They are read from the image's layers; how an image is read is `image`'s business, and what a Dockerfile
//! would have to say instead is that of the transforms that are named here.

mod instructions;
mod waste;

pub use instructions::{Made, made_by};
pub use waste::{Waste, Why};

use crate::image::{Image, Owners, Package, Tree};
use crate::knowledge::Knowledge;

/// Everything that is said of an image. Sizes are bytes of files, unpacked.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// All layers.
    pub size: u64,
    /// What a container sees of them.
    pub seen: u64,
    /// The layers, the lowest first.
    pub layers: Vec<LayerBytes>,
    /// Directories that hold a part of what is seen that is worth a line, each below the one that it lies in.
    pub directories: Vec<Directory>,
    /// What package managers brought, the largest first.
    pub packages: Vec<Package>,
    /// What nobody needs, the largest first.
    pub wastes: Vec<Waste>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerBytes {
    /// The instruction that made it; empty where the image does not say.
    pub created_by: String,
    /// What it stores.
    pub size: u64,
    /// How much of it a later layer hides.
    pub hidden: u64,
}

/// A directory with everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The path, with a slash before and none behind.
    pub path: String,
    /// How many directories of the list it lies in.
    pub depth: usize,
    /// Its bytes.
    pub size: u64,
}

impl Inspection {
    /// Looks through an image.
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

    /// What nobody needs, in bytes.
    pub fn wasted(&self) -> u64 {
        self.wastes.iter().map(|waste| waste.size).sum()
    }
}

/// A directory needs this part of what is seen to be worth a line: one in so many.
const WORTH: u64 = 50;

/// How deep directories are told apart.
const DEPTH: usize = 4;

fn directories(tree: &Tree<'_>) -> Vec<Directory> {
    let least = (tree.size() / WORTH).max(1);
    let mut found = Vec::new();
    for level in 0..DEPTH {
        // Paths are in order, so that all that a directory holds comes in a row.
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
    // `usr-x` sorts before `usr/x`; a slash counts as the first of all characters.
    found.sort_by_key(|directory| directory.path.replace('/', "\u{1}"));
    // One that holds little but another one says nothing.
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

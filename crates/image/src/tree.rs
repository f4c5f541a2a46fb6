//! The files that a container sees, and the bytes that upper layers hide. (OCI image specification,
//! "Applying Changesets".)

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::layer::tidy;
use crate::{Entry, Image, Kind};

/// The files that a container sees, by path.
#[derive(Debug, Clone, Default)]
pub struct Tree<'i> {
    /// The entry at each path, and its layer.
    pub places: BTreeMap<&'i str, Place<'i>>,
    /// The files of lower layers that an upper one replaces or deletes.
    pub hidden: Vec<Hidden<'i>>,
}

/// An entry and its layer, counted from the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'i> {
    /// The index of the layer.
    pub layer: usize,
    /// The entry in that layer.
    pub entry: &'i Entry,
}

/// A file that is stored but not visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden<'i> {
    /// The layer that stores it.
    pub place: Place<'i>,
    /// The layer that hides it.
    pub by: usize,
    /// The entry that replaces it; `None` if it is deleted.
    pub instead: Option<&'i Entry>,
}

impl<'i> Tree<'i> {
    /// Combines the layers.
    pub fn of(image: &'i Image) -> Self {
        let mut tree = Self::default();
        for (number, layer) in image.layers.iter().enumerate() {
            // Whiteouts apply to lower layers, independent of their position in the layer.
            for entry in layer.entries.iter() {
                match entry.kind {
                    Kind::Whiteout => tree.take(&entry.path, number),
                    Kind::Opaque => tree.take_below(&entry.path, number),
                    _ => {}
                }
            }
            for entry in
                layer.entries.iter().filter(|entry| !matches!(entry.kind, Kind::Whiteout | Kind::Opaque))
            {
                tree.put(Place { layer: number, entry });
            }
        }
        tree
    }

    /// The size of all visible files.
    pub fn size(&self) -> u64 {
        self.places.values().map(|place| place.entry.size).sum()
    }

    /// The file or directory at a path, with symlinks resolved as in a container of the image.
    pub fn resolve(&self, path: &str) -> Option<(String, Place<'i>)> {
        let mut current = path.trim_matches('/').to_owned();
        for _ in 0..40 {
            let Some((at, target)) = self.first_link(&current) else {
                return self.places.get(current.as_str()).map(|place| (current.clone(), *place));
            };
            let rest = current[at.len()..].trim_start_matches('/').to_owned();
            let directory = at.rsplit_once('/').map_or("", |(directory, _)| directory);
            let base =
                if target.starts_with('/') { target.to_owned() } else { format!("{directory}/{target}") };
            current = tidy(&format!("{base}/{rest}"));
        }
        None
    }

    /// The shortest prefix of a path that is a symlink, and its target.
    fn first_link(&self, path: &str) -> Option<(String, &'i str)> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            if let Some(Place { entry: Entry { kind: Kind::Link(target), .. }, .. }) =
                self.places.get(&path[..end])
            {
                return Some((path[..end].to_owned(), target));
            }
        }
        None
    }

    fn put(&mut self, place: Place<'i>) {
        let path = &*place.entry.path;
        let before = self.places.get(path).copied();
        // A path that is no longer a directory has no content.
        if before.is_some_and(|before| before.entry.kind == Kind::Directory)
            && place.entry.kind != Kind::Directory
        {
            self.take_below(path, place.layer);
        }
        if let Some(before) = before.filter(|before| before.layer < place.layer && before.entry.size > 0) {
            self.hidden.push(Hidden { place: before, by: place.layer, instead: Some(place.entry) });
        }
        self.places.insert(path, place);
    }

    fn take(&mut self, path: &str, by: usize) {
        if let Some(place) = self.places.remove(path)
            && place.entry.size > 0
        {
            self.hidden.push(Hidden { place, by, instead: None });
        }
        self.take_below(path, by);
    }

    fn take_below(&mut self, directory: &str, by: usize) {
        let start = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let range = (Bound::Included(start.as_str()), Bound::Unbounded);
        let below: Vec<&str> = self
            .places
            .range::<str, _>(range)
            .map(|(path, _)| *path)
            .take_while(|path| path.starts_with(&start))
            .collect();
        for path in below {
            if let Some(place) = self.places.remove(path)
                && place.entry.size > 0
            {
                self.hidden.push(Hidden { place, by, instead: None });
            }
        }
    }
}

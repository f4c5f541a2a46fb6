//! Stages: the first instruction of each, its base, and whether its files end up in a final image.

use std::collections::HashMap;
use std::ops::Range;

use crate::facts::base_image::{ImageName, Release};
use crate::facts::globals::Globals;
use crate::facts::{Facts, environment};
use crate::knowledge::Knowledge;
use crate::knowledge::languages::IMAGES_WITHOUT_WORKDIR;
use crate::span::Span;
use crate::syntax::{Body, Dockerfile, Item, Keyword};

/// One stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its number, from 0.
    pub index: usize,
    /// Its name in lower case, since names are compared without case.
    pub name: Option<String>,
    /// Its items in the file, including the FROM.
    pub items: Range<usize>,
    /// Its base.
    pub base: Base,
    /// Whether all its files reach a final image: it is the last stage; or nothing else in the file
    /// uses it, so that it can only be built itself, with `--target`; or a stage that ships is
    /// built FROM it.
    pub ships: bool,
    /// The distribution of its base image, if the name shows it.
    pub release: Option<Release>,
}

/// The base of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage.
    Stage(usize),
    /// An empty image.
    Scratch,
    /// An image with a name that can be read.
    Image(ImageName),
    /// An image whose name depends on a build argument without a default.
    Unknown,
}

/// Reads the stages of a file.
pub(crate) fn stages(file: &Dockerfile<'_>, known: &Knowledge) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let globals = Globals::of(file);
    for (item, instruction) in file.instructions() {
        let Body::From(from) = &instruction.body else { continue };
        if let Some(last) = stages.last_mut() {
            last.items.end = item;
        }
        let base = match environment::global(&globals, &from.image) {
            None => Base::Unknown,
            Some(image) => match by_name.get(&image.to_ascii_lowercase()) {
                Some(stage) => Base::Stage(*stage),
                None if image.eq_ignore_ascii_case("scratch") => Base::Scratch,
                None => Base::Image(ImageName::parse(&image)),
            },
        };
        let release = match &base {
            Base::Stage(stage) => stages[*stage].release.clone(),
            Base::Image(name) => Release::of(name, known),
            Base::Scratch | Base::Unknown => None,
        };
        let name = from.name.as_ref().map(|name| name.to_ascii_lowercase());
        by_name.extend(name.clone().map(|name| (name, stages.len())));
        stages.push(Stage {
            index: stages.len(),
            name,
            items: item..file.items.len(),
            base,
            ships: false,
            release,
        });
    }
    mark_shipped(file, &mut stages);
    stages
}

fn mark_shipped(file: &Dockerfile<'_>, stages: &mut [Stage]) {
    let mut used = vec![false; stages.len()];
    for stage in &*stages {
        if let Base::Stage(base) = stage.base {
            used[base] = true;
        }
    }
    let copies = copies(file, stages);
    for copied in copies.iter().filter(|copied| copied.user != copied.source) {
        used[copied.source] = true;
    }
    for index in (0..stages.len()).rev() {
        let last = index + 1 == stages.len();
        stages[index].ships |= last || !used[index];
        if let (true, Base::Stage(base)) = (stages[index].ships, &stages[index].base) {
            let base = *base;
            stages[base].ships = true;
        }
    }
    // A stage that is copied as a whole ships as if it were a base.
    let is_whole = |copied: &&Copied| {
        copied.path.as_deref().is_some_and(|path| path.trim_end_matches(['/', '*', '.']).is_empty())
    };
    for copied in copies.iter().filter(is_whole).rev() {
        if stages[copied.user].ships {
            let mut source = copied.source;
            stages[source].ships = true;
            // The bases of a stage that ships have been marked already.
            while let Base::Stage(base) = stages[source].base
                && !stages[base].ships
            {
                stages[base].ships = true;
                source = base;
            }
        }
    }
}

/// The stages of a file by name.
struct Names<'s>(HashMap<&'s str, Vec<usize>>);

impl<'s> Names<'s> {
    fn of(stages: &'s [Stage]) -> Self {
        let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
        for stage in stages {
            names.entry(stage.name.as_deref().unwrap_or_default()).or_default().push(stage.index);
        }
        Self(names)
    }

    /// The stage before the stage `before` that `reference` names: by name or by number.
    fn find(&self, reference: &str, before: usize) -> Option<usize> {
        let named = self.0.get(reference.to_ascii_lowercase().as_str()).filter(|_| !reference.is_empty());
        let earlier =
            named.and_then(|all| all[..all.partition_point(|&stage| stage < before)].last().copied());
        earlier.or_else(|| reference.parse().ok().filter(|&number: &usize| number < before))
    }
}

/// The stage that an item belongs to.
pub(crate) fn at(stages: &[Stage], item: usize) -> Option<&Stage> {
    let at = stages.partition_point(|stage| stage.items.end <= item);
    stages.get(at).filter(|stage| stage.items.contains(&item))
}

/// A copy or a mount from one stage to another.
#[derive(Debug, Clone)]
pub(crate) struct Copied {
    /// The stage that copies or mounts.
    pub(crate) user: usize,
    /// The source stage.
    pub(crate) source: usize,
    /// The index of the instruction in the file's items.
    pub(crate) item: usize,
    /// The path that a COPY copies; `None` for a mount.
    pub(crate) path: Option<String>,
    /// The path that a mount makes visible.
    pub(crate) shown: Option<String>,
}

/// Every copy and mount between stages, in order.
pub(crate) fn copies(file: &Dockerfile<'_>, stages: &[Stage]) -> Vec<Copied> {
    let mut found = Vec::new();
    let (names, globals) = (Names::of(stages), Globals::of(file));
    for stage in stages {
        for item in stage.items.clone() {
            let Item::Instruction(instruction) = &file.items[item] else { continue };
            let copied = |source, path| Copied { user: stage.index, source, item, path, shown: None };
            match (&instruction.body, instruction.keyword) {
                (Body::Copy(transfer), _) => {
                    let from = instruction.flag("from").and_then(|flag| flag.value.as_deref());
                    let from = from.and_then(|from| environment::global(&globals, from));
                    let Some(source) = from.and_then(|from| names.find(&from, stage.index)) else {
                        continue;
                    };
                    found.extend(transfer.sources.iter().map(|path| copied(source, Some(path.clone()))));
                }
                (_, Keyword::Run) => {
                    for mount in super::paths::mounts(instruction) {
                        let from = mount.from.and_then(|from| environment::global(&globals, &from));
                        let source = from.and_then(|from| names.find(&from, stage.index));
                        let shown = Some(mount.source.unwrap_or_else(|| "/".to_owned()));
                        found.extend(source.map(|source| Copied { shown, ..copied(source, None) }));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

impl Facts<'_> {
    /// Whether an item belongs to a stage, to one built from it, or to one that copies from it.
    pub fn follows(&self, stage: usize, item: usize) -> bool {
        let Some(current) = self.stage_at(item) else { return false };
        self.lineage.is_built_from(current.index, stage)
            || self.copied_from[stage].iter().any(|&copied| self.copies[copied].user == current.index)
    }

    /// The working directory of an official image, for a file without WORKDIR. (The Dockerfiles of
    /// the official images.)
    pub fn first_directory(&self, stage: &Stage) -> Option<String> {
        let Base::Image(image) = &stage.base else { return None };
        let is_set = self.file.instructions().any(|(item, instruction)| {
            stage.items.contains(&item) && matches!(instruction.body, Body::Workdir(_))
        });
        let tag = image.tag.as_deref().unwrap_or_default();
        if !is_set && image.repository == "php" && (tag.contains("apache") || tag.contains("fpm")) {
            return Some("/var/www/html".to_owned());
        }
        (!is_set && IMAGES_WITHOUT_WORKDIR.contains(&image.repository.as_str())).then(|| "/".to_owned())
    }

    /// Whether no other stage is built from a stage or takes files from it, and it is not the last
    /// one.
    pub fn is_unused(&self, stage: usize) -> bool {
        let takes = |copied: &usize| self.copies[*copied].user != stage;
        stage + 1 < self.stages.len()
            && self.lineage.derived(stage).is_empty()
            && !self.copied_from[stage].iter().any(takes)
    }

    /// Where a stage starts: its FROM.
    pub fn start_of(&self, stage: &Stage) -> Span {
        self.file.items[stage.items.start].span()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(text: &str) -> Vec<bool> {
        let file = Dockerfile::parse(text);
        stages(&file, Knowledge::embedded()).iter().map(|stage| stage.ships).collect()
    }

    #[test]
    fn builders_do_not_ship_bases_do() {
        assert_eq!(
            shipped("FROM a AS base\nFROM base AS build\nFROM base\nCOPY --from=build /x /x\n"),
            [true, false, true]
        );
        assert_eq!(
            shipped("FROM a AS build\nFROM b\nRUN --mount=from=build,target=/x true\n"),
            [false, true]
        );
        assert_eq!(shipped("FROM a\nFROM b\nCOPY --from=0 /x /x\n"), [false, true]);
    }

    #[test]
    fn a_stage_nobody_uses_is_a_target_of_its_own() {
        assert_eq!(shipped("FROM a AS dev\nFROM b AS production\n"), [true, true]);
    }

    #[test]
    fn a_stage_copied_whole_ships() {
        assert_eq!(
            shipped("FROM a AS x\nFROM x AS y\nFROM scratch\nCOPY --from=y / /\n"),
            [true, true, true]
        );
    }

    #[test]
    fn names_by_argument_are_resolved_by_their_default() {
        assert_eq!(shipped("ARG B=base\nFROM a AS base\nFROM ${B}\n"), [true, true]);
    }
}

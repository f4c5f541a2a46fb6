//! Users, base images, and the instructions before another one. The settings of a base image are
//! unknown unless `knowledge/` describes it.

use std::ops::Range;

use crate::facts::base_image::{ImageName, Release};
use crate::facts::globals::Globals;
use crate::facts::{Base, Facts, Stage, stage};
use crate::knowledge::{Image, Knowledge};

pub use crate::facts::variables::Variable;

/// The user that runs the commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// root, by name or UID.
    Root,
    /// Another user.
    Other(String),
    /// A variable, or an unknown base image.
    Unknown,
}

impl<'a> Facts<'a> {
    /// The value of a variable just before an item.
    pub fn variable(&self, item: usize, name: &str) -> Variable {
        self.outer().variable(item, name).clone()
    }

    /// The values of the file's variables just before an item, by name.
    pub fn variables_at(&self, item: usize) -> Vec<(&str, Variable)> {
        let mut names: Vec<&str> = self.variables.names().collect();
        names.sort_unstable();
        names.into_iter().map(|name| (name, self.variable(item, name))).collect()
    }

    /// The items before an item: those of its stage, then of the stages that it is built from.
    pub(crate) fn ranges_before(&self, item: usize) -> impl Iterator<Item = Range<usize>> {
        let below = |stage: &&Stage| match stage.base {
            Base::Stage(base) => Some(&self.stages[base]),
            _ => None,
        };
        let stages = std::iter::successors(stage::at(&self.stages, item), below);
        stages.map(move |stage| stage.items.start..stage.items.end.min(item))
    }

    /// The instructions before an item, nearest first: those of its stage, then of the stages that
    /// it is built from.
    pub(crate) fn before(
        &self,
        item: usize,
    ) -> impl Iterator<Item = (usize, &crate::syntax::Instruction<'_>)> {
        self.ranges_before(item).flat_map(|range| {
            range.rev().filter_map(|index| match &self.file.items[index] {
                crate::syntax::Item::Instruction(instruction) => Some((index, &**instruction)),
                _ => None,
            })
        })
    }

    /// The name of the base image at the bottom of a stage.
    pub fn root_name(&self, stage: usize) -> Option<&ImageName> {
        match &self.stages[self.lineage.root(stage)].base {
            Base::Image(name) => Some(name),
            Base::Stage(_) | Base::Scratch | Base::Unknown => None,
        }
    }

    /// The known base image at the bottom of a stage.
    pub fn root_image(&self, stage: usize) -> Option<&'a Image> {
        self.known.image(&self.root_name(stage)?.repository)
    }

    /// The base image or distribution of a stage, if it is one of these (`golang:1.9`, `debian:8`) or
    /// an earlier release. The version in an image's own tag decides before that of its distribution.
    pub fn too_old(&self, stage: usize, bounds: &[String]) -> Option<&str> {
        let is_at_most = |release: &Release| bounds.iter().any(|bound| release.is_at_most(bound));
        let release = self.stages[stage].release.as_ref();
        let image = self.root_name(stage).map(ImageName::as_release);
        let own = image.filter(|image| release.is_none_or(|release| release.family != image.family));
        if let Some(own) = own
            && bounds.iter().any(|bound| bound.split(':').next() == Some(&own.family))
        {
            return is_at_most(&own).then(|| self.root_name(stage))?.map(|image| image.repository.as_str());
        }
        release.filter(|release| is_at_most(release)).map(|release| release.family.as_str())
    }
}

/// The known base image at the bottom of a stage.
pub(super) fn root_image<'k>(stages: &[Stage], stage: usize, known: &'k Knowledge) -> Option<&'k Image> {
    match &stages[stage].base {
        Base::Stage(base) => root_image(stages, *base, known),
        Base::Image(name) => known.image(&name.repository),
        Base::Scratch | Base::Unknown => None,
    }
}

/// Resolves a reference to global build arguments in FROM and `--from` with their defaults, as the
/// builder does without `--build-arg`. `None` if there is no default.
pub(super) fn global(globals: &Globals<'_>, text: &str) -> Option<String> {
    if !text.contains('$') {
        return Some(text.trim_matches(['"', '\'']).to_owned());
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, default, after) = if let Some(inner) = rest.strip_prefix('{') {
            let (inside, after) = inner.split_once('}')?;
            let (name, default) = inside
                .split_once(":-")
                .or_else(|| inside.split_once('-'))
                .map_or((inside, None), |(n, d)| (n, Some(d)));
            (name, default, after)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (&rest[..end], None, &rest[end..])
        };
        let found = globals.default(name).or(default)?;
        let found = found.trim_matches(['"', '\'']);
        if found.contains('$') {
            return None;
        }
        result.push_str(found);
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

pub(super) fn user_of(user: &str) -> User {
    let name = user.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
    match name {
        "root" | "0" => User::Root,
        name if name.contains('$') => User::Unknown,
        name => User::Other(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::Facts;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn too_old(image: &str) -> Option<String> {
        let text = format!("FROM {image}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        facts.too_old(0, &["golang:1.9".to_owned(), "debian:9".to_owned()]).map(str::to_owned)
    }

    #[test]
    fn the_version_of_an_image_decides_before_that_of_its_distribution() {
        assert_eq!(too_old("golang:1.9.7-alpine3.8").as_deref(), Some("golang"));
        assert_eq!(too_old("golang:1.8-jessie").as_deref(), Some("golang"));
        assert_eq!(too_old("debian:stretch-slim").as_deref(), Some("debian"));
        for image in
            ["golang", "golang:1", "golang:alpine", "golang:1.12-stretch", "golang:1.10", "debian:10"]
        {
            assert_eq!(too_old(image), None, "{image}");
        }
    }
}

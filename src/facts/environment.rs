//! USER, WORKDIR, ENV and ARG in force at an instruction. What the base image sets is unknown unless it is known by name.

use crate::facts::{Base, Facts, Stage};
use crate::knowledge::{Image, Knowledge};
use crate::syntax::{Assignment, Body, Dockerfile};

/// What a variable holds at an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// Set in the file, to this text as written.
    Set(String),
    /// An ARG without a default, or one whose default a build argument may replace.
    Argument(Option<String>),
    /// Nothing in the file sets it; the base image may.
    NotInFile,
}

/// Who runs the commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// root, by name or number.
    Root,
    /// Somebody else.
    Other(String),
    /// A variable, or a base image that is not known.
    Unknown,
}

impl<'a> Facts<'a> {
    /// What a variable holds just before an item.
    pub fn variable(&self, item: usize, name: &str) -> Variable {
        for (_, instruction) in self.before(item) {
            let found =
                |all: &[Assignment]| all.iter().rfind(|one| one.key == name).map(|one| one.value.clone());
            match &instruction.body {
                Body::Env(all) => {
                    if let Some(value) = found(all) {
                        return Variable::Set(value.unwrap_or_default());
                    }
                }
                Body::Arg(all) => {
                    if let Some(value) = found(all) {
                        return Variable::Argument(value);
                    }
                }
                _ => {}
            }
        }
        Variable::NotInFile
    }

    /// The instructions before an item, the nearest first: of its stage, then of the stages it is built from.
    pub(super) fn before(
        &self,
        item: usize,
    ) -> impl Iterator<Item = (usize, &crate::syntax::Instruction<'_>)> {
        let mut ranges = Vec::new();
        let mut stage = self.stages.iter().find(|stage| stage.items.contains(&item));
        let mut end = item;
        while let Some(current) = stage {
            ranges.push(current.items.start..end);
            stage = match current.base {
                Base::Stage(base) => Some(&self.stages[base]),
                _ => None,
            };
            end = stage.map_or(0, |stage| stage.items.end);
        }
        ranges.into_iter().flat_map(|range| {
            range.rev().filter_map(|index| match &self.file.items[index] {
                crate::syntax::Item::Instruction(instruction) => Some((index, &**instruction)),
                _ => None,
            })
        })
    }

    /// Who is in force just before an item.
    pub fn user_at(&self, item: usize) -> User {
        let named = self.before(item).find_map(|(_, instruction)| match &instruction.body {
            Body::User(user) => Some(user_of(user)),
            _ => None,
        });
        named.unwrap_or_else(|| {
            let stage = self.stage_at(item);
            let image = stage.and_then(|stage| self.root_image(stage.index));
            image.map_or(User::Unknown, |image| image.user.as_deref().map_or(User::Root, user_of))
        })
    }

    /// The known base image at the bottom of a stage.
    pub fn root_image(&self, stage: usize) -> Option<&'a Image> {
        root_image(&self.stages, stage, self.known)
    }
}

/// The known base image at the bottom of a stage.
fn root_image<'k>(stages: &[Stage], stage: usize, known: &'k Knowledge) -> Option<&'k Image> {
    match &stages[stage].base {
        Base::Stage(base) => root_image(stages, *base, known),
        Base::Image(name) => known.image(&name.repository),
        Base::Scratch | Base::Unknown => None,
    }
}

/// The user and the directory in force, followed from instruction to instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Who runs the commands.
    pub user: User,
    /// Where; `None` where it is not in the file or depends on a variable.
    pub workdir: Option<String>,
}

impl InForce {
    /// What holds at the start of a stage: what its base ends with.
    pub(super) fn at_start(stages: &[Stage], stage: usize, ends: &[InForce], known: &Knowledge) -> Self {
        if let Base::Stage(base) = stages[stage].base {
            return ends[base].clone();
        }
        let image = root_image(stages, stage, known);
        let user = image.map_or(User::Unknown, |image| image.user.as_deref().map_or(User::Root, user_of));
        Self { user, workdir: None }
    }

    /// Takes an instruction into account.
    pub(super) fn follow(&mut self, body: &Body) {
        match body {
            Body::User(user) => self.user = user_of(user),
            Body::Workdir(directory) => {
                let directory = directory.trim_matches(['"', '\'']);
                let now = self.workdir.take();
                self.workdir = match (directory.contains(['$', '\\', '`']), directory.starts_with('/'), now) {
                    (true, ..) | (false, false, None) => None,
                    (false, true, _) => Some(directory.to_owned()),
                    (false, false, Some(now)) => Some(format!("{now}/{directory}").replace("//", "/")),
                };
            }
            _ => {}
        }
    }
}

/// Resolves a reference to global build arguments in FROM and `--from` by their defaults, as the builder does without
/// `--build-arg`; `None` where there is no default.
pub fn global(file: &Dockerfile<'_>, text: &str) -> Option<String> {
    if !text.contains('$') {
        return Some(text.trim_matches(['"', '\'']).to_owned());
    }
    let value = |name: &str| {
        file.instructions().take_while(|(_, i)| !matches!(i.body, Body::From(_))).find_map(|(_, i)| match &i
            .body
        {
            Body::Arg(all) => all.iter().find(|one| one.key == name)?.value.clone(),
            _ => None,
        })
    };
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
        let found = value(name).or_else(|| default.map(str::to_owned))?;
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

//! The execution state: the user and the working directory at each instruction of the file and at
//! each command of a RUN.
//!
//! Only this module computes users, working directories and the variables of a script. Unknown is a
//! separate value (`Workdir::Unknown`, `Directory::Unknown`), so no guard can confuse it with
//! "nowhere".

mod script;
mod target;
mod variables;

use crate::facts::environment::root_image;
use crate::facts::environment::{User, user_of};
use crate::facts::lineage::Lineage;
use crate::facts::stage::{Base, Stage};
use crate::facts::variables::{Variable, Variables};
use crate::facts::{Facts, paths, stage};
use crate::knowledge::Knowledge;
use crate::syntax::{Body, Dockerfile};

pub(super) use script::{Changes, Scope, Walk};
pub use script::{Directory, ScriptStates, changes_shell, has_background};
pub use target::{Expanded, Root, Tail, Target};
pub use variables::Assigned;

/// The working directory at an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Workdir {
    /// An absolute path without `.`, `..` and variables.
    Known(String),
    /// No instruction sets it; the base image may.
    OfBase,
    /// A WORKDIR contains an unknown value.
    Unknown,
}

impl Workdir {
    /// The path, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(path) => Some(path),
            Self::OfBase | Self::Unknown => None,
        }
    }

    /// The directory after `WORKDIR directory`, in which variables are expanded. `None` means that
    /// the text contains an unknown value.
    fn joined(&self, directory: Option<&str>) -> Self {
        let path = match (directory, self) {
            (None, _) => None,
            (Some(path), _) if path.starts_with('/') => normalized(path),
            (Some(path), Self::Known(base)) => normalized(&format!("{base}/{path}")),
            (Some(_), Self::OfBase | Self::Unknown) => None,
        };
        path.filter(|path| path.len() < paths::LONGEST).map_or(Self::Unknown, Self::Known)
    }
}

/// The user and the working directory at an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionState {
    /// The user that runs the commands.
    pub user: User,
    /// The directory in which they start.
    pub workdir: Workdir,
}

/// The execution states of a file. Each applies after an item, until the next one in the list.
#[derive(Debug, Default)]
pub struct ExecutionStates {
    after: Vec<(usize, ExecutionState)>,
}

/// The input of the computation.
#[derive(Clone, Copy)]
pub(crate) struct Outer<'o> {
    pub stages: &'o [Stage],
    pub lineage: &'o Lineage,
    pub variables: &'o Variables,
    pub known: &'o Knowledge,
}

impl ExecutionStates {
    /// Follows USER and WORKDIR through all stages.
    pub(super) fn of(file: &Dockerfile<'_>, outer: Outer<'_>) -> Self {
        let mut states = Self::default();
        let mut ends: Vec<ExecutionState> = Vec::new();
        for (item, instruction) in file.instructions() {
            let mut next = match (&instruction.body, ends.last()) {
                (Body::From(_), _) => {
                    let state = outer.at_start(ends.len(), &ends);
                    ends.push(state.clone());
                    states.after.push((item, state));
                    continue;
                }
                (Body::User(_) | Body::Workdir(_), Some(state)) => state.clone(),
                _ => continue,
            };
            match &instruction.body {
                Body::User(user) => {
                    next.user = outer.expand(item, user).map_or(User::Unknown, |user| user_of(&user));
                }
                Body::Workdir(directory) => {
                    next.workdir = next.workdir.joined(outer.expand(item, directory).as_deref());
                }
                _ => {}
            }
            if let Some(end) = ends.last_mut() {
                end.clone_from(&next);
            }
            states.after.push((item, next));
        }
        states
    }

    /// The state after an item; `None` before the first FROM.
    pub(super) fn after(&self, item: usize) -> Option<&ExecutionState> {
        let upto = self.after.partition_point(|(at, _)| *at <= item);
        self.after[..upto].last().map(|(_, state)| state)
    }
}

impl Outer<'_> {
    /// The state at the start of a stage, which is the state at the end of its base.
    fn at_start(&self, stage: usize, ends: &[ExecutionState]) -> ExecutionState {
        let is_onbuild = match &self.stages[stage].base {
            Base::Stage(base) => return ends[*base].clone(),
            Base::Image(name) => name.tag.as_deref().unwrap_or_default().contains("onbuild"),
            Base::Scratch | Base::Unknown => false,
        };
        let image = root_image(self.stages, stage, self.known);
        let user = image.map_or(User::Unknown, |image| image.user.as_deref().map_or(User::Root, user_of));
        let workdir = image.and_then(|image| image.workdir.clone()).filter(|_| !is_onbuild);
        ExecutionState { user, workdir: workdir.map_or(Workdir::OfBase, Workdir::Known) }
    }

    /// The home directory of the user before an item, if it depends only on the user: neither the
    /// file nor the base image sets HOME.
    pub(super) fn plain_home(&self, item: usize, user: &User) -> Option<String> {
        let stage = stage::at(self.stages, item)?;
        let image = root_image(self.stages, self.lineage.root(stage.index), self.known)?;
        let is_set = *self.variable(item, "HOME") != Variable::NotInFile;
        let is_plain = *user == User::Root && !is_set && !image.environment.contains_key("HOME");
        is_plain.then(|| "/root".to_owned())
    }
}

impl Facts<'_> {
    /// The user just before an item.
    pub fn user_at(&self, item: usize) -> User {
        self.state_before(item).map_or(User::Unknown, |state| state.user.clone())
    }

    /// The working directory just before an item.
    pub fn workdir_at(&self, item: usize) -> Workdir {
        self.state_before(item).map_or(Workdir::Unknown, |state| state.workdir.clone())
    }

    /// The working directory just before an item, if it is known.
    pub fn directory_at(&self, item: usize) -> Option<String> {
        self.workdir_at(item).known().map(str::to_owned)
    }

    /// The working directory just after an item, if it is known.
    pub fn directory_after(&self, item: usize) -> Option<String> {
        self.states.after(item)?.workdir.known().map(str::to_owned)
    }

    /// The input of the computation.
    pub(crate) fn outer(&self) -> Outer<'_> {
        Outer { stages: &self.stages, lineage: &self.lineage, variables: &self.variables, known: self.known }
    }

    /// The text without quotes and with variables expanded, as in the instruction at `item`. `None`
    /// if a value is unknown, such as that of a build argument.
    pub fn expanded(&self, item: usize, text: &str) -> Option<String> {
        self.outer().expand(item, text)
    }

    /// The absolute form of a path in the instruction at `item`.
    pub fn path_at(&self, item: usize, path: &str) -> Option<String> {
        let path = self.expanded(item, path)?;
        if path.starts_with('/') {
            normalized(&path)
        } else {
            normalized(&format!("{}/{path}", self.directory_at(item)?))
        }
    }

    /// The state before an item. For a FROM, the state after it.
    fn state_before(&self, item: usize) -> Option<&ExecutionState> {
        let start = stage::at(&self.stages, item)?.items.start;
        self.states.after(item.saturating_sub(1).max(start))
    }
}

/// An absolute path without `.` and double slashes. `None` if it contains `..`, which may follow a
/// symlink.
pub fn normalized(path: &str) -> Option<String> {
    let mut result = String::with_capacity(path.len() + 1);
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            return None;
        }
        result.push('/');
        result.push_str(part);
    }
    Some(if result.is_empty() { "/".to_owned() } else { result })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workdir(text: &str) -> Workdir {
        let file = Dockerfile::parse(text);
        Facts::of(&file, Knowledge::embedded()).workdir_at(file.items.len() - 1)
    }

    fn at(path: &str) -> Workdir {
        Workdir::Known(path.into())
    }

    #[test]
    fn directories_follow_variables_and_stages() {
        assert_eq!(workdir("FROM a\nWORKDIR /x\nWORKDIR y/\nRUN z\n"), at("/x/y"));
        assert_eq!(workdir("FROM a\nENV H=/h\nENV A=${H}/a\nWORKDIR $A\nRUN z\n"), at("/h/a"));
        assert_eq!(workdir("FROM a AS b\nWORKDIR /x\nFROM b\nRUN z\n"), at("/x"));
        assert_eq!(workdir("FROM a\nENV D=app\nWORKDIR /srv\nWORKDIR $D\nRUN z\n"), at("/srv/app"));
        assert_eq!(workdir("FROM a\nWORKDIR $UNKNOWN\nWORKDIR /x\nRUN z\n"), at("/x"));
    }

    #[test]
    fn what_a_build_argument_or_the_base_image_decides_is_unknown() {
        for directory in ["$UNKNOWN", "${A:-/x}", "sub"] {
            let text = format!("FROM a\nARG A=/y\nWORKDIR {directory}\nRUN z\n");
            assert_eq!(workdir(&text), Workdir::Unknown, "{directory}");
        }
        assert_eq!(workdir("FROM a\nARG A=/y\nWORKDIR $A\nRUN z\n"), Workdir::Unknown);
        assert_eq!(workdir("FROM a\nENV P=$P:/x\nWORKDIR $P\nRUN z\n"), Workdir::Unknown);
        assert_eq!(workdir("FROM a\nWORKDIR /x/../y\nRUN z\n"), Workdir::Unknown);
        assert_eq!(workdir("FROM a\nRUN z\n"), Workdir::OfBase);
        assert_eq!(workdir("FROM node:8-onbuild\nRUN z\n"), Workdir::OfBase);
        assert_eq!(workdir("FROM node:8\nRUN z\n"), at("/"));
    }

    #[test]
    fn users_follow_variables() {
        let user = |text: &str| {
            let file = Dockerfile::parse(text);
            Facts::of(&file, Knowledge::embedded()).user_at(file.items.len() - 1)
        };
        assert_eq!(user("FROM debian\nENV U=app\nUSER $U\nRUN z\n"), User::Other("app".into()));
        assert_eq!(user("FROM debian\nARG U=app\nUSER $U\nRUN z\n"), User::Unknown);
        assert_eq!(user("FROM debian\nRUN z\n"), User::Root);
        assert_eq!(user("FROM some/image\nRUN z\n"), User::Unknown);
    }
}

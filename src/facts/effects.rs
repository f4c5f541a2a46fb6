//! What each instruction reads and writes, to decide whether two of them can be swapped.
//!
//! Two instructions commute only if neither writes what the other reads or writes. A command with
//! unknown effects reads and writes everything: it is a barrier. This module does not decide
//! whether a command *takes time* or *is worth* moving.

mod commands;
mod known;
mod programs;
pub mod tree;
mod words;

use std::collections::{HashMap, HashSet};

use crate::facts::{Facts, RunFacts, Stage, paths, stage, variables};
use crate::knowledge::lists::directories::OF_DISTRIBUTIONS;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Form, Instruction, Item, Run, Transfer};

pub use commands::Install;
pub(super) use known::Known;
pub use tree::Tree;

/// Something that an instruction reads or writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Files.
    Files(Tree),
    /// That a directory exists, for a script that enters it.
    Entered(String),
    /// Users and groups.
    Accounts,
    /// The working directory.
    Directory,
    /// The current user.
    User,
    /// The current shell.
    Shell,
    /// One variable.
    Variable(String),
    /// The whole environment.
    Variables,
    /// The image's configuration.
    Configuration,
    /// All of it.
    Everything,
}

/// What one instruction reads and writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// What it reads.
    pub reads: Vec<Resource>,
    /// What it writes, or makes.
    pub writes: Vec<Resource>,
    /// Installs of a project from its manifests, which are not part of the above: what they read is
    /// in the build context.
    pub installs: Vec<Install>,
    /// Why it may read and write everything, if it may; to follow "because".
    pub unknown: Option<Reason>,
}

impl Resource {
    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => true,
            (Self::Files(tree), Self::Files(other)) => tree.overlaps(other),
            (Self::Files(tree), Self::Entered(path)) | (Self::Entered(path), Self::Files(tree)) => {
                tree.overlaps(&Tree::At(path.clone()))
            }
            (Self::Variables, Self::Variable(_)) | (Self::Variable(_), Self::Variables) => true,
            _ => self == other,
        }
    }
}

impl Effects {
    fn everything(because: Reason) -> Self {
        Self {
            reads: vec![Resource::Everything],
            writes: vec![Resource::Everything],
            installs: Vec::new(),
            unknown: Some(because),
        }
    }

    /// The same effects, each resource once.
    fn distinct(mut self) -> Self {
        for resources in [&mut self.reads, &mut self.writes] {
            let mut seen = HashSet::new();
            let is_new: Vec<bool> = resources.iter().map(|resource| seen.insert(resource)).collect();
            let mut is_new = is_new.into_iter();
            resources.retain(|_| is_new.next().unwrap_or(true));
        }
        self
    }

    /// Whether two neighbors can be swapped. The files that an install from manifests reads are
    /// unknown here, so it is a barrier.
    pub fn commute(&self, other: &Self) -> bool {
        self.installs.is_empty() && other.installs.is_empty() && self.is_clear_of(other, |_| true)
    }

    /// Like `commute`, but ignores installs and entered directories; the caller checks those.
    pub fn commute_but_for_installs(&self, other: &Self) -> bool {
        self.is_clear_of(other, |resource| !matches!(resource, Resource::Entered(_)))
    }

    /// Whether it may write to a path, or remove it. The files that an install from manifests
    /// writes are unknown here.
    pub fn may_write(&self, path: &str) -> bool {
        let place = Resource::Files(Tree::At(path.to_owned()));
        !self.installs.is_empty() || self.writes.iter().any(|written| written.overlaps(&place))
    }

    /// Whether it may write where the distribution, its packages and programs have files, or the
    /// data of programs in home directories.
    pub fn may_write_to_system(&self) -> bool {
        let places = [Resource::Files(Tree::System), Resource::Files(Tree::Homes)];
        self.writes.iter().any(|written| places.iter().any(|place| written.overlaps(place)))
    }

    /// The directories that a script enters.
    pub fn entered(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().filter_map(|resource| match resource {
            Resource::Entered(path) => Some(path.as_str()),
            _ => None,
        })
    }

    fn is_clear_of(&self, other: &Self, counts: fn(&Resource) -> bool) -> bool {
        let clash = |writes: &[Resource], others: &[Resource]| {
            writes.iter().any(|resource| {
                others.iter().filter(|other| counts(other)).any(|other| resource.overlaps(other))
            })
        };
        !clash(&self.writes, &other.reads)
            && !clash(&other.writes, &self.reads)
            && !clash(&self.writes, &other.writes)
    }
}

impl Facts<'_> {
    /// Computes what the instruction at an item reads and writes.
    fn effects_anew(&self, item: usize) -> Effects {
        let Item::Instruction(instruction) = &self.file.items[item] else {
            return Effects::everything(reasons::effects_of_unreadable_line());
        };
        let (reads, writes) = match &instruction.body {
            Body::Run(run) => return self.run_effects(item, run),
            Body::Copy(transfer) | Body::Add(transfer) => {
                return self.transfer_effects(item, instruction, transfer);
            }
            Body::Env(all) | Body::Arg(all) => (
                variables_in(instruction),
                all.iter().map(|assignment| Resource::Variable(assignment.key.clone())).collect(),
            ),
            Body::Workdir(_) => {
                let made = self.directory_after(item).map_or(Tree::Everything, Tree::At);
                let reads =
                    [Resource::Directory, Resource::User].into_iter().chain(variables_in(instruction));
                (reads.collect(), vec![Resource::Directory, Resource::Files(made)])
            }
            Body::User(_) => (variables_in(instruction), vec![Resource::User, Resource::Configuration]),
            Body::Shell(_) => (Vec::new(), vec![Resource::Shell, Resource::Configuration]),
            Body::Volume(all) => {
                let trees = all.iter().map(|path| Resource::Files(self.tree_at(item, path)));
                (variables_in(instruction), trees.chain([Resource::Configuration]).collect())
            }
            Body::Label(_) | Body::Expose(_) | Body::Stopsignal | Body::Maintainer | Body::Onbuild(..) => {
                (variables_in(instruction), vec![Resource::Configuration])
            }
            Body::Cmd(form) | Body::Entrypoint(form) | Body::Healthcheck(Some(form)) => {
                let shell = matches!(form, Form::Shell(_)).then_some(Resource::Shell);
                (shell.into_iter().collect(), vec![Resource::Configuration])
            }
            Body::Healthcheck(None) => (Vec::new(), vec![Resource::Configuration]),
            Body::From(_) => return Effects::everything(reasons::effects_of_stage()),
        };
        Effects { reads, writes, ..Effects::default() }
    }

    fn run_effects(&self, item: usize, run: &Run) -> Effects {
        match run {
            Run::Shell(_) | Run::Heredoc(_) => {}
            Run::Exec(words) => {
                return Effects::everything(reasons::exec_form_calls(words.first().map_or("", |word| word)));
            }
            Run::Opaque(opaque) => {
                return Effects::everything(reasons::unreadable_run(opaque.reason()));
            }
        }
        match self.run_at(item) {
            Some(run) => commands::of_run(self, run, None),
            None => Effects::everything(reasons::run_outside_stages()),
        }
    }

    /// What the first pipelines of a RUN's first and-or list read and write.
    pub fn effects_until(&self, run: &RunFacts<'_>, pipeline: usize) -> Effects {
        commands::of_run(self, run, Some(pipeline))
    }

    fn transfer_effects(&self, item: usize, instruction: &Instruction<'_>, transfer: &Transfer) -> Effects {
        let mut reads = variables_in(instruction);
        // Docker's reference, COPY: files belong to root unless --chown says otherwise; a name is
        // looked up in the image.
        let owner = instruction.flag("chown").and_then(|flag| flag.value.as_deref());
        if owner.is_some_and(|owner| !owner.chars().all(|c| c.is_ascii_digit() || c == ':')) {
            reads.push(Resource::Accounts);
        }
        if !transfer.destination.starts_with('/') {
            reads.push(Resource::Directory);
        }
        if !instruction.heredocs.is_empty() {
            reads.push(Resource::Variables);
        }
        let tree = self.tree_at(item, &transfer.destination);
        let tree = self.with_missing_parents(item, tree);
        let tree = match tree {
            // A copy into a link ends up elsewhere.
            Tree::At(path) if self.may_be_linked(item, &path) => Tree::Everything,
            tree => tree,
        };
        let writes = vec![Resource::Files(tree)];
        Effects { reads, writes, ..Effects::default() }
    }

    /// A copy creates missing parent directories of its destination, and a later step may depend on
    /// them. Only the distribution's directories and those of an earlier WORKDIR are known to
    /// exist.
    fn with_missing_parents(&self, item: usize, tree: Tree) -> Tree {
        let Tree::At(path) = tree else { return tree };
        let made = self.kept.made.get_or_init(|| self.made_by_workdir());
        let is_there = |directory: &str| {
            OF_DISTRIBUTIONS.contains(&directory)
                || made
                    .get(directory)
                    .is_some_and(|items| self.lineage.nearest(&self.stages, items, item).is_some())
        };
        let parents = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]);
        let missing = parents.clone().find(|parent| !is_there(parent)).map(str::to_owned);
        Tree::At(missing.unwrap_or(path))
    }

    /// The directories that WORKDIR instructions create, with their parents, each with the
    /// instructions, in order.
    fn made_by_workdir(&self) -> HashMap<String, Vec<usize>> {
        let mut made: HashMap<String, Vec<usize>> = HashMap::new();
        for &item in &self.workdirs {
            let directory = self.directory_after(item).unwrap_or_default();
            for path in paths::and_around(&directory).take(DEEPEST) {
                match made.get_mut(path) {
                    Some(items) => items.push(item),
                    None => {
                        made.insert(path.to_owned(), vec![item]);
                    }
                }
            }
        }
        made
    }

    /// The tree that a path denotes in an instruction that the builder reads itself.
    fn tree_at(&self, item: usize, path: &str) -> Tree {
        self.path_at(item, path).map_or(Tree::Everything, Tree::At)
    }

    /// The stage that an item belongs to.
    pub fn stage_at(&self, item: usize) -> Option<&Stage> {
        stage::at(&self.stages, item)
    }
}

/// Deeper directories count as missing.
const DEEPEST: usize = 64;

/// The variables that the builder expands in an instruction's text.
fn variables_in(instruction: &Instruction<'_>) -> Vec<Resource> {
    let names = variables::names_in(&instruction.logical.text);
    names.map(|name| Resource::Variable(name.to_owned())).collect()
}

//! What is true of one Dockerfile: computed once per text, read-only, for all transforms.
//!
//! Facts answer questions and propose nothing. An unknown is a value here (`Unknown`, `None`),
//! never a guess.

pub mod accounts;
pub mod actions;
pub mod append;
pub mod base_image;
pub mod block;
pub mod caches;
pub mod change_rate;
pub mod commands;
mod configured;
pub mod copied;
pub mod dependents;
mod destinations;
pub mod effects;
pub mod environment;
pub mod excise;
pub mod execution;
pub mod files;
pub mod frontend;
mod globals;
mod installers;
pub(crate) mod kept;
mod known_uses;
mod lineage;
mod modes;
pub mod packages;
pub mod paths;
pub mod provenance;
pub mod removals;
pub mod repeated;
mod settings;
pub(crate) mod sources;
pub mod stage;
pub(crate) mod started;
mod starts;
pub mod style;
pub(crate) mod traced;
pub mod variables;
mod yarn;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::context::{ContextSource, NoBuildContext};
use crate::facts::base_image::Release;
use crate::knowledge::{Knowledge, Manager};
use crate::reasons::{self, Reason};
use crate::syntax::shell::Script;
use crate::syntax::{Body, Dockerfile, Heredoc, Instruction, Item, Run};

use execution::{ExecutionState, ExecutionStates, Outer, Scope, ScriptStates, Walk, Workdir};
use kept::{Depths, Kept, KeptOfRun};
use known_uses::KnownUses;
use lineage::Lineage;
use variables::Variables;

pub use commands::Invocation;
pub use environment::User;
pub use packages::Call;
pub use stage::{Base, Stage};

/// How many instructions a question about a pair of them searches, before or after one of the two.
/// Anything further away counts as unknown, so that the time for a generated file grows no faster
/// than its length.
pub const FURTHEST: usize = 300;

/// The facts of one file.
pub struct Facts<'a> {
    /// The file.
    pub file: &'a Dockerfile<'a>,
    /// What is known about package managers, images and programs.
    pub known: &'a Knowledge,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// The RUN instructions, in order.
    pub runs: Vec<RunFacts<'a>>,
    /// What ENV and ARG set.
    variables: Variables,
    /// The user and the working directory at each instruction.
    states: ExecutionStates,
    /// Which stage is built from which.
    pub(crate) lineage: Lineage,
    /// What stages copy or mount from each other.
    pub(crate) copies: Vec<stage::Copied>,
    /// The WORKDIR instructions, in order.
    workdirs: Vec<usize>,
    /// The indexes into `copies`, by the stage that is copied or mounted from.
    pub(crate) copied_from: Vec<Vec<usize>>,
    /// Cached answers about later instructions that depend on files.
    known_uses: KnownUses,
    /// Cached answers about what instructions read and write.
    effects: effects::Known,
    /// Cached answers about the whole file.
    pub(crate) kept: Kept,
    /// The instructions that say what images run (CMD, ENTRYPOINT, HEALTHCHECK), and ONBUILD
    /// triggers for images built on them.
    pub(crate) configuration: Vec<&'a Instruction<'a>>,
    /// Triggers for images built on this one.
    triggers: Vec<&'a Instruction<'a>>,
    /// How the author breaks lists of commands, according to the first instruction that shows it.
    lines: style::Lines,
    /// The build context, read at the first question.
    pub context_source: &'a dyn ContextSource,
    /// The scripts that images start, computed at the first question.
    started: OnceLock<Vec<started::Started>>,
    /// Whether the build context has a file that the Dockerfile copies, computed at the first
    /// question.
    is_its_context: OnceLock<bool>,
    /// Which modes of package managers something in the file sets, computed at the first question.
    modes: RefCell<HashMap<usize, bool>>,
}

/// One RUN.
pub struct RunFacts<'a> {
    /// Its index in the file's items.
    pub item: usize,
    /// Its stage.
    pub stage: usize,
    /// The instruction.
    pub instruction: &'a Instruction<'a>,
    /// The user that runs its commands, not counting wrappers such as sudo.
    pub user: User,
    /// The directory that its script starts in.
    pub workdir: Workdir,
    /// The commands of its script, in order; empty if the script can't be parsed.
    pub invocations: Vec<Invocation<'a>>,
    /// The state at each command.
    pub states: ScriptStates,
    /// The package manager calls among the commands.
    pub calls: Vec<Call<'a>>,
    /// Its `--mount`s.
    pub mounts: Vec<paths::Mount>,
    /// Whether an error or an unreadable line is next to it, so that it is not edited.
    pub near_error: bool,
    /// Cached answers about it.
    pub(crate) kept: KeptOfRun,
    /// The scripts that it starts, computed at the first question.
    pub(crate) started: OnceLock<(Vec<started::Started>, Vec<usize>)>,
}

impl<'a> Facts<'a> {
    /// Computes the facts of a file.
    pub fn of(file: &'a Dockerfile<'a>, known: &'a Knowledge) -> Self {
        let stages = stage::stages(file, known);
        let lineage = Lineage::of(&stages);
        let variables = Variables::of(file);
        let outer = Outer { stages: &stages, lineage: &lineage, variables: &variables, known };
        let states = ExecutionStates::of(file, outer);
        let mut runs = Vec::new();
        for (item, instruction) in file.instructions() {
            let Body::Run(run) = &instruction.body else { continue };
            // An instruction before the first FROM belongs to no stage.
            let Some(ExecutionState { user, workdir }) = states.after(item).cloned() else { continue };
            let stage = stage::at(&stages, item).map_or(0, |stage| stage.index);
            let home = outer.plain_home(item, &user);
            let scope = Scope { outer, item, home: home.as_deref() };
            let (invocations, script_states) = match run {
                Run::Shell(script) | Run::Heredoc(script) => {
                    commands::invocations(script, known, Walk::new(scope, &workdir))
                }
                Run::Exec(_) | Run::Opaque(_) => (Vec::new(), ScriptStates::of_nothing()),
            };
            let calls = packages::calls(&invocations, known);
            let mounts = paths::mounts(instruction);
            let near_error = near_error(file, item);
            runs.push(RunFacts {
                item,
                stage,
                instruction,
                user,
                workdir,
                invocations,
                states: script_states,
                calls,
                mounts,
                near_error,
                kept: KeptOfRun::default(),
                started: OnceLock::new(),
            });
        }
        let copies = stage::copies(file, &stages);
        let mut copied_from = vec![Vec::new(); stages.len()];
        for (at, copied) in copies.iter().enumerate() {
            copied_from[copied.source].push(at);
        }
        let is_workdir =
            |(_, instruction): &(usize, &Instruction<'_>)| matches!(instruction.body, Body::Workdir(_));
        let workdirs = file.instructions().filter(is_workdir).map(|(item, _)| item).collect();
        let configuring = |instruction: &&Instruction<'a>| {
            matches!(
                instruction.body,
                Body::Cmd(_) | Body::Entrypoint(_) | Body::Healthcheck(_) | Body::Onbuild(..)
            )
        };
        let configuration: Vec<_> =
            file.instructions().map(|(_, instruction)| instruction).filter(configuring).collect();
        let is_trigger = |instruction: &&Instruction<'a>| matches!(instruction.body, Body::Onbuild(..));
        let triggers = configuration.iter().copied().filter(is_trigger).collect();
        let lines = style::Lines::of_file(file);
        Self {
            file,
            known,
            stages,
            runs,
            variables,
            states,
            lineage,
            copies,
            copied_from,
            known_uses: KnownUses::default(),
            workdirs,
            effects: effects::Known::of(file.items.len()),
            kept: Kept::default(),
            configuration,
            triggers,
            lines,
            context_source: &NoBuildContext,
            started: OnceLock::new(),
            is_its_context: OnceLock::new(),
            modes: RefCell::default(),
        }
    }

    /// The same facts, with a build context that may be read, and with what a build has shown.
    #[must_use]
    pub fn within(mut self, context_source: &'a dyn ContextSource) -> Self {
        if let Some(observed) = context_source.observed_release()
            && let Some(last) = self.stages.last_mut()
            && last.release.as_ref().is_none_or(|release| release.version.is_empty())
        {
            last.release = Some(Release::named(observed));
        }
        Self { context_source, ..self }
    }

    /// The RUNs whose files reach a final image and whose scripts may be edited.
    pub fn shipped_and_editable(&self) -> impl Iterator<Item = &RunFacts<'a>> {
        self.runs.iter().filter(|run| self.stages[run.stage].ships && run.editable().is_some())
    }

    /// The RUNs whose files reach a final image and whose scripts may be extended.
    pub fn shipped_and_extensible(&self) -> impl Iterator<Item = &RunFacts<'a>> {
        self.extensible_runs().filter(|run| self.stages[run.stage].ships)
    }

    /// The RUNs whose scripts may be extended, in all stages.
    pub fn extensible_runs(&self) -> impl Iterator<Item = &RunFacts<'a>> {
        self.runs.iter().filter(|run| self.extensible(run).is_some())
    }

    /// The script of a RUN, if commands may be appended to it and its commands may get options: in
    /// shell form, or as the only here-document. With Windows line breaks, the carriage return is a
    /// part of the last word of each line in a here-document.
    pub fn extensible(&self, run: &RunFacts<'a>) -> Option<&'a Script> {
        let is_plain = |document: &Heredoc| !document.content.of(self.file.text).contains('\r');
        let is_document = || run.instruction.document().is_some_and(is_plain);
        run.editable().or_else(|| run.script().filter(|_| !run.near_error && is_document()))
    }

    /// The RUN at an item, or `None` if the item is not a RUN in a stage.
    pub fn run_at(&self, item: usize) -> Option<&RunFacts<'a>> {
        self.runs.binary_search_by_key(&item, |run| run.item).ok().map(|at| &self.runs[at])
    }

    /// Whether more than `FURTHEST` instructions come before an item, in its stage and in those
    /// that it is built from.
    pub(crate) fn is_far_down(&self, item: usize) -> bool {
        let depths = self.kept.depths.get_or_init(|| self.depths());
        self.stage_at(item).is_some_and(|stage| {
            let own = depths.of_items[item] - depths.of_items[stage.items.start];
            own + depths.of_stages[stage.index] > FURTHEST
        })
    }

    /// Whether more than `FURTHEST` instructions come after an item, in the whole file.
    pub(crate) fn is_far_up(&self, item: usize) -> bool {
        let depths = &self.kept.depths.get_or_init(|| self.depths()).of_items;
        depths[self.file.items.len()] - depths[item + 1] > FURTHEST
    }

    fn depths(&self) -> Depths {
        let mut of_items = Vec::with_capacity(self.file.items.len() + 1);
        let mut count = 0;
        for item in &self.file.items {
            of_items.push(count);
            count += usize::from(matches!(item, Item::Instruction(_)));
        }
        of_items.push(count);
        let mut of_stages = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            of_stages.push(match stage.base {
                Base::Stage(base) => {
                    let Stage { items, .. } = &self.stages[base];
                    of_stages[base] + of_items[items.end] - of_items[items.start]
                }
                _ => 0,
            });
        }
        Depths { of_items, of_stages }
    }

    /// Whether a stage has the name of the empty image.
    pub(crate) fn has_stage_named_scratch(&self) -> bool {
        let is_scratch = |stage: &Stage| stage.name.as_deref() == Some("scratch");
        *self.kept.has_scratch.get_or_init(|| self.stages.iter().any(is_scratch))
    }

    /// Whether a name occurs anywhere in the file.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        if let Some(known) = self.kept.named.borrow().get(name) {
            return *known;
        }
        let is_named = self.file.text.contains(name);
        self.kept.named.borrow_mut().insert(name.to_owned(), is_named);
        is_named
    }

    /// The instruction of an item, or `None` for a blank line, a comment or an unreadable line.
    pub fn instruction_at(&self, item: usize) -> Option<&Instruction<'a>> {
        match self.file.items.get(item)? {
            Item::Instruction(instruction) => Some(instruction),
            _ => None,
        }
    }

    /// The instructions among some items, in order; an error at a line that can't be read.
    pub fn readable(
        &self,
        items: Range<usize>,
    ) -> impl Iterator<Item = Result<(usize, &Instruction<'a>), Reason>> {
        items.filter_map(|item| match &self.file.items[item] {
            Item::Instruction(instruction) => Some(Ok((item, &**instruction))),
            Item::Error(span, _) => Some(Err(reasons::unreadable_line().at(*span))),
            _ => None,
        })
    }

    /// The RUNs of a stage, in order.
    pub fn runs_of(&self, stage: usize) -> &[RunFacts<'a>] {
        let start = self.runs.partition_point(|run| run.stage < stage);
        let end = self.runs.partition_point(|run| run.stage <= stage);
        &self.runs[start..end]
    }

    /// The RUNs after an item, in order.
    pub fn runs_after(&self, item: usize) -> &[RunFacts<'a>] {
        &self.runs[self.runs.partition_point(|run| run.item <= item)..]
    }

    /// The RUNs before an item, in order.
    pub fn runs_before(&self, item: usize) -> &[RunFacts<'a>] {
        &self.runs[..self.runs.partition_point(|run| run.item < item)]
    }

    /// The stage of a RUN.
    pub fn stage_of(&self, run: &RunFacts<'_>) -> &Stage {
        &self.stages[run.stage]
    }
}

impl<'a> RunFacts<'a> {
    /// The package manager call that an invocation is, if it is one.
    pub fn call_of(&self, invocation: usize) -> Option<&Call<'a>> {
        packages::call_of(&self.calls, invocation)
    }

    /// The calls of one package manager.
    pub fn calls_to(&self, manager: &Manager) -> impl Iterator<Item = &Call<'a>> {
        self.calls.iter().filter(|call| call.manager.name == manager.name)
    }

    /// The commands, and the state at each.
    pub(crate) fn script_states(&self) -> (&[Invocation<'a>], &ScriptStates) {
        (&self.invocations, &self.states)
    }

    /// Whether the script sets a variable, for its later commands or for one of them.
    pub fn sets(&self, name: &str) -> bool {
        self.states.sets(name) || self.invocations.iter().any(|invocation| invocation.sets(name))
    }

    /// The script in shell form, if it may be edited.
    pub fn editable(&self) -> Option<&'a Script> {
        if self.near_error { None } else { self.instruction.script() }
    }

    /// The script, if it can be parsed, whether or not it may be edited.
    pub fn script(&self) -> Option<&'a Script> {
        match &self.instruction.body {
            Body::Run(Run::Shell(script) | Run::Heredoc(script)) => Some(script),
            _ => None,
        }
    }
}

/// Whether the nearest item before or after can't be read, not counting blank lines and comments.
pub(crate) fn near_error(file: &Dockerfile<'_>, item: usize) -> bool {
    let is_gap = |item: &&Item<'_>| matches!(item, Item::Blank(_) | Item::Comment(_));
    let before = file.items[..item].iter().rev().find(|item| !is_gap(item));
    let after = file.items[item + 1..].iter().find(|item| !is_gap(item));
    [before, after].into_iter().flatten().any(|item| matches!(item, Item::Error(..)))
}

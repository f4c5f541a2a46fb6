//! The origin of the files under a path: whether anything before an instruction may have put some
//! there, and whether a directory certainly exists.
//!
//! Only plain cases count: a base image with only a distribution or a language, and known commands
//! that name other paths. In all other cases the origin is unknown.

use crate::facts::actions::{Action, Name};
use crate::facts::commands::Invocation;
use crate::facts::execution::Target;
use crate::facts::{Base, FURTHEST, Facts, RunFacts, paths};
use crate::knowledge::languages::PLAIN_IMAGES;
use crate::knowledge::lists::directories::{IN_OPT, OF_PLAIN_IMAGES, TOP_OF_PLAIN_IMAGES};
use crate::knowledge::lists::files::ENDINGS_OF_FILES;
use crate::knowledge::lists::programs::{WITHOUT_PROJECT_FILES, WRITING_OPERANDS};
use crate::knowledge::{Act, Kind, Program, Scope, unversioned};
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Instruction};

impl<'a> Facts<'a> {
    /// The absolute path of a single file or directory that COPY or WORKDIR names, or `None` if it
    /// is unknown.
    pub fn absolute(&self, item: usize, text: &str) -> Option<String> {
        self.path_at(item, text).filter(|path| !path.contains(['*', '?', '[', '~', ' ']))
    }

    /// Checks that neither the base image nor an instruction before an item has put files under a
    /// path. Returns whether the directory certainly exists. The error says what may create files.
    ///
    /// # Panics
    /// Never: every RUN within a stage has facts.
    pub fn is_untouched(&self, stage: usize, item: usize, path: &str) -> Result<bool, Reason> {
        if !self.has_plain_base(stage) || !starts_empty(path) {
            return Err(reasons::base_may_have_files(path));
        }
        if self.is_far_down(item) {
            return Err(reasons::too_far_for_path(FURTHEST, path));
        }
        let mut exists = false;
        for (at, instruction) in self.before(item) {
            let name = instruction.keyword.name();
            match &instruction.body {
                Body::Copy(transfer) | Body::Add(transfer) => {
                    let destination = self.absolute(at, &transfer.destination);
                    let apart = destination.is_some_and(|destination| {
                        !paths::within(&destination, path) && !may_reach(instruction, &destination, path)
                    });
                    if !apart {
                        return Err(reasons::earlier_copy(name, path).seen_at(instruction.text));
                    }
                }
                Body::Workdir(directory) => match self.absolute(at, directory) {
                    Some(directory) if directory == path => exists = true,
                    Some(directory) if !paths::within(&directory, path) => {}
                    _ => return Err(reasons::earlier_workdir(path).seen_at(instruction.text)),
                },
                Body::Volume(all) if all.iter().any(|volume| paths::overlap(volume, path)) => {
                    return Err(reasons::earlier_volume().seen_at(instruction.text));
                }
                Body::Run(_) => {
                    let index = self.runs.binary_search_by_key(&at, |run| run.item);
                    let run = &self.runs[index.expect("every RUN within a stage has facts")];
                    exists |=
                        self.leaves_alone(run, path).map_err(|reason| reason.seen_at(instruction.text))?;
                }
                _ => {}
            }
        }
        Ok(exists)
    }

    /// Whether a directory certainly exists before an item.
    pub fn is_there(&self, stage: usize, item: usize, directory: &str) -> bool {
        if directory.is_empty()
            || directory == "/"
            || self.has_plain_base(stage) && OF_PLAIN_IMAGES.contains(&directory)
        {
            return true;
        }
        if self.is_far_down(item) {
            return false;
        }
        self.before(item).any(|(at, instruction)| match &instruction.body {
            Body::Workdir(made) => {
                self.absolute(at, made).is_some_and(|made| paths::within(&made, directory))
            }
            Body::Run(_) => self.run_at(at).is_some_and(|run| {
                run.invocations.iter().enumerate().any(|(index, invocation)| {
                    let made = invocation.place.is_certain() && invocation.place.alone;
                    let is_within = |name: Name<'_>| {
                        let target = self.target_of_name(run, index, name);
                        target.path().is_some_and(|made| paths::within(made, directory))
                    };
                    let mut written =
                        invocation.actions.known().iter().filter(|action| action.act == Act::Makes);
                    made && written.any(|action| is_within(action.file.name))
                })
            }),
            _ => false,
        })
    }

    fn has_plain_base(&self, stage: usize) -> bool {
        match &self.stages[self.lineage.root(stage)].base {
            Base::Image(name) => PLAIN_IMAGES.contains(&name.repository.as_str()),
            Base::Stage(_) | Base::Scratch | Base::Unknown => false,
        }
    }

    /// Checks that a RUN puts nothing under a path, except the directory itself. Returns whether it
    /// creates the directory.
    fn leaves_alone(&self, run: &RunFacts<'a>, path: &str) -> Result<bool, Reason> {
        let doubt = || reasons::earlier_run(path);
        run.script().ok_or_else(doubt)?;
        let mut exists = false;
        let mut mentioned = false;
        for (index, invocation) in run.invocations.iter().enumerate() {
            let inside = Target::of_directory(run.states.directory(index)).may_be_within(path, &run.workdir);
            let words = invocation.arguments().iter().chain(invocation.targets());
            let mut named = false;
            let scope = invocation.program.and_then(|program| self.known.scope(program));
            let takes_no_path = matches!(scope, Some(Scope::Nothing | Scope::Accounts));
            for word in words.filter(|word| !word.is_option()) {
                let expanded = self.expanded_in(run, index, word);
                // User names are not paths, and for programs that are not known to write, only
                // words with a slash are paths.
                let is_path = expanded.written.contains('/')
                    || WRITING_OPERANDS.iter().any(|program| invocation.is(program))
                    || word.raw.contains(['$', '`']) && !takes_no_path;
                let target = Target::of(&expanded, run.states.directory(index));
                if is_path && target.is(path, &run.workdir) {
                    named = true;
                } else if is_path && target.may_be_within(path, &run.workdir) {
                    return Err(doubt());
                }
            }
            let is_ready = |action: &Action<'_>| matches!(action.act, Act::Makes | Act::Changes | Act::Text);
            let ready = invocation.actions.all().is_some_and(|all| all.iter().all(is_ready));
            let makes = || invocation.actions.known().iter().any(|action| action.act == Act::Makes);
            mentioned |= named;
            if named && !(ready && invocation.place.own_shell) {
                return Err(doubt());
            }
            exists |= named && makes() && invocation.place.is_certain() && invocation.place.alone;
            if !(named || self.is_tame(run, index, invocation, inside)) {
                return Err(doubt());
            }
        }
        // The path is in an option, an assignment or a quoted text.
        if !mentioned && run.instruction.logical.text.contains(path) { Err(doubt()) } else { Ok(exists) }
    }

    /// Whether a command that does not name a path leaves it unchanged: the command is known, and
    /// does not write to a working directory under that path.
    fn is_tame(&self, run: &RunFacts<'a>, index: usize, invocation: &Invocation<'_>, inside: bool) -> bool {
        let Some(program) = invocation.program else { return invocation.words.is_empty() };
        if let Some(call) = run.call_of(index) {
            let global = call.options.iter().any(|word| matches!(word.raw.as_str(), "-g" | "--global"));
            return call.manager.kind == Kind::System || !inside || global;
        }
        if WITHOUT_PROJECT_FILES.contains(&program) {
            return true;
        }
        let is_known =
            |name: &str| matches!(self.known.program(name), Some(Program::Cheap | Program::Ordinary));
        let known = crate::knowledge::Knowledge::is_builtin(program)
            || is_known(program)
            || is_known(unversioned(program));
        known && !inside && !invocation.is_unreadable(self.known)
    }
}

/// Whether no plain base image has files under a path.
fn starts_empty(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        [first, ..] if !first.is_empty() && !TOP_OF_PLAIN_IMAGES.contains(&first) => true,
        ["opt", second, ..] => !IN_OPT.contains(&second) && !second.starts_with("yarn"),
        ["srv", _, ..] | ["usr", "src", _, ..] | ["home", _, _, ..] => true,
        _ => false,
    }
}

/// Whether a name is certainly a file's: a here-document, or an extension that no directory has.
pub fn looks_like_a_file(source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
    let plain = !source.contains(['$', '*', '?', '[', '"', '\'']);
    source.starts_with("<<") || plain && ending.is_some_and(|ending| ENDINGS_OF_FILES.contains(&ending))
}

/// Whether a copy to a parent directory of a path may put files under it.
pub fn may_reach(instruction: &Instruction<'_>, destination: &str, path: &str) -> bool {
    let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return false };
    let around = paths::within(path, destination);
    let adds = matches!(instruction.body, Body::Add(_));
    around && (adds || !transfer.sources.iter().all(|source| looks_like_a_file(source)))
}

//! What the steps of a stage leave that a running program may need: system packages, user accounts,
//! and files inside and outside the application's directory.
//!
//! A recipe describes the effect of the tools of its own language. For every other command, an
//! unknown effect is a reason not to split the stage.

use crate::facts::actions::{Action, Name};
use crate::facts::commands::Invocation;
use crate::facts::execution::{Directory, Tail, normalized};
use crate::facts::{Facts, RunFacts, Stage, paths};
use crate::knowledge::lists::directories::{
    NOT_READ_AT_RUN_TIME, OF_EVERY_IMAGE, PACKAGE_SOURCES, READ_BY_BUILDS_ONLY, WRITTEN_AT_RUN_TIME,
};
use crate::knowledge::lists::programs::{OF_THE_SYSTEM_WITHOUT_OUTPUT, WITHOUT_OUTPUT_FILES};
use crate::knowledge::{Act, Kind, Scope};
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

/// The effect of a command that the recipe knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// It leaves no file needed at run time, except files that the recipe copies anyway.
    Nothing,
    /// It may leave files anywhere in the application's directory.
    Folder,
    /// It leaves this file or directory.
    Path(String),
    /// It creates this file, which the recipe copies if a later step does not remove it.
    File(String),
}

/// What the steps of a stage leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageOutputs {
    /// System packages, as written, in file order.
    pub packages: Vec<String>,
    /// Commands that create user accounts, as written.
    pub accounts: Vec<String>,
    /// Files and directories that commands leave: the absolute path and the program that creates
    /// it.
    pub paths: Vec<(String, String)>,
    /// Files and directories that are removed or moved, and not created again.
    pub gone: Vec<String>,
    /// Changes of ownership: paths and owners from `chown -R`.
    pub owners: Vec<(String, String)>,
    /// Commands that create links outside the application's directory, as written.
    pub links: Vec<String>,
    /// Whether a command may have left files anywhere in the application's directory.
    pub in_folder: bool,
}

/// A command, and its working directory if that is known.
pub struct Step<'s, 'a> {
    /// The RUN.
    pub run: &'s RunFacts<'a>,
    /// The index of the command among the RUN's invocations.
    pub index: usize,
    /// The command.
    pub invocation: &'s Invocation<'a>,
    /// Its working directory.
    pub directory: Option<String>,
}

impl Step<'_, '_> {
    /// The absolute path that a word names at this step.
    pub fn path(&self, facts: &Facts<'_>, word: &Word) -> Option<String> {
        self.path_of(facts, Name::Word(word))
    }

    fn path_of(&self, facts: &Facts<'_>, name: Name<'_>) -> Option<String> {
        let expanded = facts.name_expanded_in(self.run, self.index, name)?;
        let text = Some(expanded.known).filter(|_| expanded.tail == Tail::None)?;
        if text.starts_with('/') {
            without_parents(&text)
        } else {
            without_parents(&format!("{}/{text}", self.directory.as_ref()?))
        }
    }

    /// The directory that a `git clone` creates: the one that it names, or else one with the name of
    /// the repository.
    pub fn cloned(&self, facts: &Facts<'_>) -> Option<String> {
        let find = |act: Act| self.invocation.actions.known().iter().find(|action| action.act == act);
        if let Some(target) = find(Act::Writes).filter(|action| !action.is_redirection()) {
            return self.path_of(facts, target.file.name);
        }
        let address = facts.name_expanded_in(self.run, self.index, find(Act::Address)?.file.name)?;
        let name = address.written.trim_matches(['"', '\'']).trim_end_matches('/');
        let name = name.strip_suffix(".git").unwrap_or(name).rsplit(['/', ':']).next()?;
        self.path_of(facts, Name::Part(name))
    }

    /// The words that are not options.
    pub fn operands(&self) -> impl Iterator<Item = &Word> {
        self.invocation.arguments().iter().filter(|word| !word.is_option())
    }
}

/// A normalized path; `..` removes the component before it.
fn without_parents(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    normalized(&parts.join("/"))
}

impl StageOutputs {
    /// Reads the steps of a stage; `own` returns the effect of a command if the recipe knows it.
    pub(crate) fn of(
        facts: &Facts<'_>,
        stage: &Stage,
        own: &mut dyn FnMut(&Step<'_, '_>) -> Option<Result<Output, Reason>>,
    ) -> Result<Self, Reason> {
        let mut work = Self::default();
        for run in facts.runs_of(stage.index) {
            let anchor = run.instruction.text;
            work.follow(facts, run, own).map_err(|reason| reason.at(anchor))?;
        }
        Ok(work)
    }

    fn follow(
        &mut self,
        facts: &Facts<'_>,
        run: &RunFacts<'_>,
        own: &mut dyn FnMut(&Step<'_, '_>) -> Option<Result<Output, Reason>>,
    ) -> Result<(), Reason> {
        if run.script().is_none() {
            return Err(reasons::unparsed_run());
        }
        if run.mounts.iter().any(|mount| mount.kind == "bind" && mount.from.is_some()) {
            return Err(reasons::mounts_other_image());
        }
        let start = facts.directory_at(run.item).or_else(|| facts.first_directory(&facts.stages[run.stage]));
        for (index, invocation) in run.invocations.iter().enumerate() {
            let directory = match (run.states.directory(index), &start) {
                (Directory::Known(path), _) => Some(path.clone()),
                (Directory::FromStart(below), Some(start)) => Some(format!("{start}{below}")),
                _ => None,
            };
            let step = Step { run, index, invocation, directory };
            if invocation.is("cd") && invocation.place.own_shell {
                continue;
            }
            let is_source =
                |word: &&Word| PACKAGE_SOURCES.iter().any(|directory| word.raw.contains(directory));
            let source = invocation.words_and_targets().find(is_source);
            if let Some(word) = source.filter(|_| !invocation.is_forced_removal()) {
                return Err(reasons::own_package_source(&word.raw));
            }
            for action in invocation.actions.redirections().filter(|action| action.act == Act::Writes) {
                let name = action.file.name;
                let path = step.path_of(facts, name);
                self.add_path(path.ok_or_else(|| reasons::unknown_target_path(name.written()))?, "the shell");
            }
            if invocation.words.is_empty() {
                continue;
            }
            match own(&step) {
                Some(Ok(Output::Nothing)) => {}
                Some(Ok(Output::Folder)) => self.in_folder = true,
                Some(Ok(Output::File(path))) => self.gone.retain(|gone| !paths::within(&path, gone)),
                Some(Ok(Output::Path(path))) => self.add_path(path, invocation.program.unwrap_or_default()),
                Some(Err(reason)) => return Err(reason),
                None => self.command(facts, &step)?,
            }
        }
        Ok(())
    }

    /// Handles a command that the recipe does not know.
    fn command(&mut self, facts: &Facts<'_>, step: &Step<'_, '_>) -> Result<(), Reason> {
        let invocation = step.invocation;
        let unknown =
            || reasons::unknown_command(invocation.words.first().map_or("", |word| word.raw.as_str()));
        let Some(program) = invocation.program else { return Err(unknown()) };
        if let Some(call) = step.run.call_of(step.index) {
            return match call.manager.kind {
                Kind::System if call.manager.installs(&call.verb) => {
                    self.install(step, call.packages.as_slice())
                }
                Kind::System if call.manager.removes(&call.verb) => {
                    self.packages.retain(|package| !call.packages.iter().any(|word| word.text() == package));
                    Ok(())
                }
                Kind::System => Ok(()),
                _ => Err(unknown()),
            };
        }
        if WITHOUT_OUTPUT_FILES.contains(&program) {
            return Ok(());
        }
        match facts.known.scope(program) {
            Some(Scope::Nothing) => Ok(()),
            Some(Scope::Accounts) if !invocation.place.is_certain() || invocation.place.in_word => {
                Err(reasons::may_not_run(program))
            }
            // `echo name:password | chpasswd`: only the whole pipeline could be repeated.
            Some(Scope::Accounts) if !invocation.place.alone || !invocation.command.redirects.is_empty() => {
                Err(unknown())
            }
            Some(Scope::Accounts) => {
                self.accounts.push(invocation.command.span.of(facts.file.text).to_owned());
                Ok(())
            }
            Some(Scope::Operands | Scope::Scripted) => self.files(facts, step, program),
            Some(Scope::Download) => self.download(facts, step, program),
            Some(Scope::Archive) => self.unpacked(facts, step, program),
            Some(Scope::System) if OF_THE_SYSTEM_WITHOUT_OUTPUT.contains(&program) => Ok(()),
            _ if crate::knowledge::Knowledge::is_builtin(program) => Ok(()),
            _ => Err(unknown()),
        }
    }

    fn install(&mut self, step: &Step<'_, '_>, packages: &[&Word]) -> Result<(), Reason> {
        let manager = step.invocation.program.unwrap_or_default();
        for word in packages {
            let name = word.literal().filter(|name| !name.contains('/') && !name.ends_with(".deb"));
            let name = name.ok_or_else(|| reasons::unknown_package(manager, &word.raw))?;
            if !name.starts_with('.') && !self.packages.iter().any(|known| known == name) {
                self.packages.push(name.to_owned());
            }
        }
        Ok(())
    }

    /// Handles a program that only uses the files that it names.
    fn files(&mut self, facts: &Facts<'_>, step: &Step<'_, '_>, program: &str) -> Result<(), Reason> {
        let resolve = |name: Name<'_>| {
            step.path_of(facts, name).ok_or_else(|| reasons::unknown_path(program, name.written()))
        };
        let actions = step.invocation.actions.all().ok_or_else(|| reasons::unknown_command(program))?;
        if program == "ln" && actions.iter().any(|action| action.file.name.written().starts_with('/')) {
            return self.absolute_link(facts, step);
        }
        for action in actions {
            let name = action.file.name;
            match (action.act, action.to) {
                (act, _) if act.removes() => {
                    let named = Name::Part(name.written().trim_end_matches("/*"));
                    let path = step.path_of(facts, named);
                    if let Some(path) = path.as_ref().filter(|path| self.is_of_a_package(path)) {
                        return Err(reasons::file_of_package_removed(path));
                    }
                    path.into_iter().for_each(|path| self.goes(path));
                }
                (act, Some(to)) => {
                    let target = resolve(to.name)?;
                    self.copied(name, &target, to.is_directory, program)?;
                    if act == Act::Moves {
                        step.path_of(facts, name).into_iter().for_each(|path| self.goes(path));
                    }
                }
                // The destination of the above.
                (Act::Writes | Act::Into, None) if actions.iter().any(|other| other.to.is_some()) => {}
                (Act::Changes, _) if program == "chmod" => {
                    // The files that a pattern matches are copied with their directory.
                    let named = name.written().split(['*', '?', '[']).next().unwrap_or_default();
                    let directory = named.rsplit_once('/').map_or(".", |(directory, _)| directory);
                    let path =
                        step.path_of(facts, name).or_else(|| step.path_of(facts, Name::Part(directory)));
                    self.add_path(path.ok_or_else(|| reasons::unknown_chmod_path(name.written()))?, program);
                }
                (Act::Changes, _) => self.reowned(facts, step, program, resolve(name)?)?,
                (Act::Uses, _) if name.word().is_none() => {}
                (Act::Uses | Act::Makes | Act::Writes | Act::Edits, _) => {
                    self.add_path(resolve(name)?, program);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A link that is, or points to, an absolute path.
    fn absolute_link(&mut self, facts: &Facts<'_>, step: &Step<'_, '_>) -> Result<(), Reason> {
        let text = step.invocation.command.span.of(facts.file.text);
        let is_known = |name: Name<'_>| {
            name.word().is_none_or(|word| word.literal().is_some())
                || facts.expanded(step.run.item, name.written()).is_some()
        };
        let mut links =
            step.invocation.actions.known().iter().filter_map(|action| Some((action.file.name, action.to?)));
        let (_, to) = links.clone().next().ok_or_else(|| reasons::unknown_link(text))?;
        let is_known = links.all(|(name, _)| is_known(name)) && is_known(to.name);
        let target = Some(to.name).filter(|name| name.written().starts_with('/') && is_known);
        let target = target.and_then(|target| step.path_of(facts, target));
        let target = target.ok_or_else(|| reasons::unknown_link(text))?;
        let folder = facts.directory_after(facts.stages[step.run.stage].items.end - 1);
        if !step.invocation.place.is_certain() {
            return Err(reasons::link_may_not_run());
        }
        if !folder.is_some_and(|folder| paths::within(&target, &folder)) {
            self.links.push(text.to_owned());
        }
        Ok(())
    }

    /// A file that a command copies, moves or links to a target.
    fn copied(
        &mut self,
        source: Name<'_>,
        target: &str,
        is_directory: bool,
        program: &str,
    ) -> Result<(), Reason> {
        let name = source.text().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let is_name = !name.is_empty() && !matches!(name, "." | "..") && !name.contains(['*', '?', '[', '$']);
        let path = if is_name && (is_directory || is_common_directory(target)) {
            format!("{}/{name}", target.trim_end_matches('/'))
        } else {
            target.to_owned()
        };
        if is_common_directory(&path) {
            return Err(reasons::mixed_files(program, &path));
        }
        self.add_path(path, program);
        Ok(())
    }

    /// A file or directory that gets another owner.
    fn reowned(
        &mut self,
        facts: &Facts<'_>,
        step: &Step<'_, '_>,
        program: &str,
        path: String,
    ) -> Result<(), Reason> {
        let mut texts = step.invocation.actions.known().iter().filter(|action| action.act == Act::Text);
        let owner = texts.next().filter(|_| texts.next().is_none()).map(|action| action.file.name.written());
        let owner = owner.and_then(|owner| facts.expanded(step.run.item, owner));
        let owner = owner.ok_or_else(reasons::unknown_owner)?;
        let owner = if program == "chgrp" { format!(":{owner}") } else { owner };
        if program == "chown" && step.invocation.has_flag('R', "--recursive") {
            self.owners.push((path.clone(), owner));
        } else if !is_not_read_at_run_time(&path) || self.has_path(&path) {
            self.owners.push((format!("={path}"), owner));
        }
        self.add_path(path, program);
        Ok(())
    }

    fn download(&mut self, facts: &Facts<'_>, step: &Step<'_, '_>, program: &str) -> Result<(), Reason> {
        for Action { act, file, .. } in step.invocation.actions.known() {
            let path = step.path_of(facts, file.name);
            match (act, file.inner) {
                (Act::Fetches | Act::Writes, None) => {
                    let path = path.ok_or_else(|| reasons::unknown_target_path(file.name.written()))?;
                    self.add_path(path, program);
                }
                (Act::Into | Act::Fetches, _) => {
                    self.add_path(path.ok_or_else(reasons::unknown_download_path)?, program);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn unpacked(&mut self, facts: &Facts<'_>, step: &Step<'_, '_>, program: &str) -> Result<(), Reason> {
        let find = |wanted: Act| step.invocation.actions.known().iter().find(|action| action.act == wanted);
        let archive = find(Act::Edits);
        let name = archive.or_else(|| find(Act::Into)).map_or(Name::Here, |action| action.file.name);
        let path = step.path_of(facts, name).ok_or_else(|| reasons::unknown_extraction(program))?;
        if OF_EVERY_IMAGE.contains(&path.as_str()) {
            return Err(reasons::mixed_extraction(program, &path));
        }
        self.add_path(path, program);
        Ok(())
    }

    /// Whether an installed package may bring a file, which the same install in the final image would
    /// then bring back.
    fn is_of_a_package(&self, path: &str) -> bool {
        let is_own = |(own, _): &(String, String)| paths::within(path, own) || paths::within(own, path);
        !self.packages.is_empty()
            && ["/etc", "/usr/lib", "/usr/share", "/var/www"]
                .iter()
                .any(|directory| paths::within(path, directory))
            && !is_not_read_at_run_time(path)
            && !PACKAGE_SOURCES.iter().any(|source| path.starts_with(source))
            && !self.paths.iter().any(is_own)
    }

    fn goes(&mut self, path: String) {
        self.paths.retain(|(left, _)| !paths::within(left, &path));
        self.gone.push(path);
    }

    /// Whether a file that was created has been removed since.
    pub fn is_removed(&self, path: &str) -> bool {
        self.gone.iter().any(|gone| paths::within(path, gone))
    }

    fn has_path(&self, path: &str) -> bool {
        self.paths.iter().any(|(known, _)| known == path)
    }

    fn add_path(&mut self, path: String, program: &str) {
        self.gone.retain(|gone| !paths::within(&path, gone));
        let is_for_writing = || {
            matches!(program, "mkdir" | "chown" | "chgrp")
                && WRITTEN_AT_RUN_TIME.iter().any(|written| paths::within(&path, written))
        };
        let is_needed = !is_not_read_at_run_time(&path) || is_for_writing();
        if is_needed && !self.has_path(&path) {
            self.paths.push((path, program.to_owned()));
        }
    }

    /// The owner of a directory and its whole content.
    pub fn owner_of(&self, path: &str) -> Option<&str> {
        let given =
            self.owners.iter().rev().find(|(target, _)| paths::within(path, target.trim_end_matches('/')));
        given.map(|(_, owner)| owner.as_str())
    }

    /// The owner of a directory itself.
    pub fn owner_of_directory(&self, path: &str) -> Option<&str> {
        let given = self.owners.iter().rev().find(|(target, _)| {
            target.strip_prefix('=').map_or_else(
                || paths::within(path, target.trim_end_matches('/')),
                |directory| directory == path,
            )
        });
        given.map(|(_, owner)| owner.as_str())
    }

    /// Whether only the directory itself changes owner, not its content.
    pub fn changes_owner_alone(&self, path: &str) -> bool {
        self.owners.iter().any(|(target, _)| target.strip_prefix('=') == Some(path))
    }
}

/// Whether every image has this directory, so that it does not belong to one application.
pub fn is_common_directory(path: &str) -> bool {
    OF_EVERY_IMAGE.contains(&path)
}

/// Whether the application's files in this directory can't be distinguished from those of the base
/// image.
pub fn is_shared_folder(path: &str) -> bool {
    is_common_directory(path) && !matches!(path, "/srv" | "/opt")
}

/// Whether a file that is copied to this path is only for the build.
pub fn is_for_builds_only(path: &str) -> bool {
    READ_BY_BUILDS_ONLY.iter().any(|directory| paths::within(path, directory))
}

/// Whether a path is in a directory without files needed at run time.
pub fn is_not_read_at_run_time(path: &str) -> bool {
    NOT_READ_AT_RUN_TIME.iter().any(|leaving| paths::within(path, leaving))
}

//! What other programs start because a file says so: supervisors, cron, Procfile runners, service
//! directories, make, and compose.
//!
//! The knowledge (`starters.yaml`) lists these programs, their options and directories; `formats`
//! parses their files.

use crate::context::{CommandLine, Service};
use crate::facts::commands::Invocation;
use crate::facts::execution::normalized;
use crate::facts::started::formats::commands;
use crate::facts::started::{MOST_LEVELS, Started, Walk, What, joined, tells_name};
use crate::facts::traced::placed::Placed;
use crate::facts::traced::{At, NOT_THERE, Source, is_script_name, printed};
use crate::facts::{Facts, paths};
use crate::knowledge::{Starter, StarterFormat};
use crate::syntax::shell::{Word, base_name};
use crate::syntax::{Body, Form, Instruction};

/// A call of a starter in a script.
pub(super) struct Call<'w> {
    /// The name of the script that contains the call.
    pub who: &'w str,
    pub starter: &'w Starter,
    /// The arguments.
    pub words: &'w [Word],
    pub directory: Option<&'w str>,
    /// The text that is piped into it.
    pub piped: Option<String>,
    pub levels: usize,
}

/// The meaning of a call's arguments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    files: Vec<String>,
    directory: Option<String>,
    operands: Vec<String>,
}

/// What the earlier commands of the same pipeline print into this one.
pub(super) fn piped(invocations: &[Invocation<'_>], index: usize) -> Option<String> {
    let place = invocations[index].place;
    let is_before = |invocation: &&Invocation<'_>| {
        invocation.place.statement == place.statement
            && invocation.place.pipeline == place.pipeline
            && !invocation.place.own_shell
    };
    let texts: Vec<String> = invocations[..index].iter().filter(is_before).filter_map(printed).collect();
    (!texts.is_empty()).then(|| texts.concat())
}

impl Walk<'_, '_> {
    /// What a service of a compose file starts in an image of this file.
    pub(super) fn of_service(facts: &Facts<'_>, service: &Service) -> Vec<Started> {
        let by_target = service.target.as_ref().and_then(|target| {
            facts
                .stages
                .iter()
                .find(|stage| stage.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(target)))
        });
        let Some(stage) = by_target.or(facts.stages.last()) else { return Vec::new() };
        let mut walk = Walk::of(facts, At { stage: stage.index, end: stage.items.end });
        walk.has_volumes = service.has_volumes;
        if let Some(text) = &service.unparsed {
            walk.add(&service.who, What::Unparsed(text.clone()));
        }
        let form = |line: &CommandLine| match line {
            CommandLine::Shell(text) => Form::Shell(text.clone()),
            CommandLine::Words(words) => Form::Exec(words.clone()),
        };
        let own = service.others.iter().chain(&service.entrypoint).chain(&service.command);
        for line in own {
            walk.form(&form(line), &service.who);
        }
        let in_stage = || {
            let mut instructions = facts.back_from(walk.at);
            let form = instructions.find_map(|(_, instruction)| match &instruction.body {
                Body::Entrypoint(form) => Some(form),
                _ => None,
            });
            form.and_then(exec_words)
        };
        let entrypoint = match &service.entrypoint {
            Some(CommandLine::Words(words)) => Some(words.clone()),
            Some(CommandLine::Shell(_)) => None,
            None => in_stage(),
        };
        if let (Some(entrypoint), Some(command)) = (entrypoint, &service.command) {
            let text = match command {
                CommandLine::Shell(text) => text.clone(),
                CommandLine::Words(words) => joined(words),
            };
            walk.form(&Form::Shell(format!("{} {text}", joined(&entrypoint))), &service.who);
        }
        walk.found
    }

    /// The files that an instruction puts into one of the directories where programs of the running
    /// image look for things to start.
    pub(super) fn placed_to_start(
        &mut self,
        item: usize,
        instruction: &Instruction<'_>,
        directories: &[&str],
    ) {
        if !matches!(instruction.body, Body::Copy(_) | Body::Add(_) | Body::Run(_)) {
            return;
        }
        let starters = self.facts.known.starters();
        for Placed { path, source } in self.facts.placed_by(item, instruction, directories) {
            let is_its = |directory: &String| paths::within(&path, directory);
            let Some(starter) = starters.iter().find(|starter| starter.directories.iter().any(is_its)) else {
                continue;
            };
            if may_be_its(starter, &path) {
                self.file(base_name(&path), starter, &path, source, None, MOST_LEVELS);
            }
        }
        self.installed(item, instruction);
    }

    /// The table that a RUN passes to `crontab`, for cron to start in the running image.
    fn installed(&mut self, item: usize, instruction: &Instruction<'_>) {
        let Some(run) = self.facts.run_at(item) else { return };
        for (index, invocation) in run.invocations.iter().enumerate() {
            let Some(starter) = invocation.program.and_then(|program| self.facts.known.starter(program))
            else {
                continue;
            };
            if !starter.installs {
                continue;
            }
            let heredocs = instruction.heredocs.iter();
            let bodies: String = heredocs.map(|heredoc| heredoc.content.of(self.facts.file.text)).collect();
            let piped = piped(&run.invocations, index).or((!bodies.is_empty()).then_some(bodies));
            let there = std::mem::replace(&mut self.at, At { stage: run.stage, end: item });
            let directory = run.states.directory(index).known();
            let who = "crontab";
            self.service(&Call {
                who,
                starter,
                words: invocation.arguments(),
                directory,
                piped,
                levels: MOST_LEVELS,
            });
            self.at = there;
        }
    }

    /// Follows what a call of a starter starts. Returns whether all of it is known.
    pub(super) fn service(&mut self, call: &Call<'_>) -> bool {
        let Call { who, starter, words, directory, piped, levels } = call;
        let arguments = arguments(starter, words);
        let directory = match &arguments.directory {
            Some(inner) => self.path(inner, *directory),
            None => directory.map(str::to_owned),
        };
        let is_named = starter.operands || !arguments.files.is_empty();
        let operands = arguments.operands.iter().filter(|name| starter.operands && may_be_its(starter, name));
        let operands: Vec<&String> = operands.collect();
        let mut is_known = true;
        for name in arguments.files.iter().chain(operands.iter().copied()) {
            if name == "-" {
                is_known &= match piped {
                    Some(text) => self.contents(who, starter, "", text, directory.as_deref(), *levels, &[]),
                    None => {
                        self.add(who, What::Unknown("comes from a pipe or a here-document"));
                        false
                    }
                };
                continue;
            }
            is_known &= self.named(starter, name, directory.as_deref(), &arguments.operands, *levels);
        }
        if starter.operands
            && operands.is_empty()
            && let Some(text) = piped
        {
            is_known &= self.contents(who, starter, "", text, directory.as_deref(), *levels, &[]);
        }
        if is_named {
            is_known
        } else {
            self.default_files(starter, directory.as_deref(), &arguments.operands, *levels)
        }
    }

    /// A file, or a directory of scripts, that the command line names.
    fn named(
        &mut self,
        starter: &Starter,
        name: &str,
        directory: Option<&str>,
        targets: &[String],
        levels: usize,
    ) -> bool {
        let path = self.path(name, directory);
        if starter.format == StarterFormat::Scripts {
            let Some(path) = path.filter(|path| path != "/") else { return false };
            let mut is_known = true;
            for Placed { path, source } in self.facts.placed_in(self.at, &[&path]) {
                is_known &= self.file(base_name(&path), starter, &path, source, directory, levels);
            }
            return is_known;
        }
        let mut is_known = true;
        for source in self.facts.sources_of(self.at, name, directory, false) {
            let path = path.as_deref().unwrap_or(name);
            is_known &= match source {
                Source::Text(text) => {
                    self.contents(base_name(name), starter, path, &text, directory, levels, targets)
                }
                source => self.file(base_name(name), starter, path, source, directory, levels),
            };
        }
        is_known
    }

    /// The files that are read by default, if the command line names none: those that exist.
    fn default_files(
        &mut self,
        starter: &Starter,
        directory: Option<&str>,
        targets: &[String],
        levels: usize,
    ) -> bool {
        let mut unknown = None;
        let mut is_known = None;
        for name in &starter.files {
            for source in self.facts.sources_of(self.at, name, directory, false) {
                match source {
                    Source::Text(text) => {
                        let who = if starter.format == StarterFormat::Recipes && !targets.is_empty() {
                            format!("{name}'s {}", targets.join(" "))
                        } else {
                            name.clone()
                        };
                        let path = self.path(name, directory).unwrap_or_default();
                        let found = self.contents(&who, starter, &path, &text, directory, levels, targets);
                        is_known = Some(is_known.unwrap_or(true) && found);
                    }
                    Source::Unknown(reason) if reason != NOT_THERE => unknown = Some(What::Unknown(reason)),
                    Source::Program => unknown = Some(What::Unknown("is not among the files that are read")),
                    Source::NoContext => {
                        unknown.get_or_insert(What::NoContext { tells: false });
                    }
                    Source::Unknown(_) | Source::Base => {}
                }
            }
            if is_known.is_some() {
                break;
            }
        }
        // By convention, recipes of make install nothing, and a supervisor's own configuration is
        // usually elsewhere.
        let is_sole = starter.format == StarterFormat::Procfile;
        if let (None, Some(what), true) = (is_known, unknown, is_sole) {
            self.add(&starter.files.join(" "), what);
        }
        is_known.unwrap_or(false)
    }

    /// A file that says what to start, from whichever source.
    fn file(
        &mut self,
        who: &str,
        starter: &Starter,
        path: &str,
        source: Source,
        directory: Option<&str>,
        levels: usize,
    ) -> bool {
        let are_scripts = starter.format == StarterFormat::Scripts;
        // By convention, these files of a project install nothing, unless their text shows
        // otherwise.
        let is_conventional = matches!(starter.format, StarterFormat::Recipes | StarterFormat::Text);
        let is_script = |who: &str| is_script_name(who) || starter.scripts.iter().any(|name| name == who);
        let is_inline = std::mem::replace(&mut self.is_inline, false);
        let is_known = match source {
            Source::Text(text) if !are_scripts || is_script(who) || text.starts_with("#!") => {
                // An included makefile may add to any target.
                self.contents(who, starter, path, &text, directory, levels, &["%".to_owned()])
            }
            Source::Text(_) | Source::Base => true,
            Source::Unknown(NOT_THERE) if are_scripts || is_conventional => true,
            Source::Unknown(_) | Source::Program if is_conventional => false,
            Source::Unknown(reason) => {
                self.add(who, What::Unknown(reason));
                false
            }
            // A program that is not run by a shell.
            Source::Program if are_scripts && !is_script(who) => false,
            Source::Program => {
                self.add(who, What::Unknown("is not among the files that are read"));
                false
            }
            Source::NoContext => {
                self.add(who, What::NoContext { tells: tells_name(who) });
                false
            }
        };
        self.is_inline = is_inline;
        is_known
    }

    /// The commands in a file's text, and those in the files that it includes.
    #[allow(clippy::too_many_arguments)]
    fn contents(
        &mut self,
        who: &str,
        starter: &Starter,
        path: &str,
        text: &str,
        directory: Option<&str>,
        levels: usize,
        targets: &[String],
    ) -> bool {
        let Some(deeper) = levels.checked_sub(1) else {
            self.add(who, What::Unknown("includes too many others"));
            return false;
        };
        let is_inline = std::mem::replace(&mut self.is_inline, false);
        let is_recipe = self.is_recipe;
        self.is_recipe |= starter.format == StarterFormat::Recipes;
        if starter.format == StarterFormat::Text {
            self.add(who, What::Text(text.to_owned()));
        }
        let found = commands(starter, text, targets);
        let mut is_known = true;
        for script in &found.scripts {
            is_known &= self.text(who, script, directory.map(str::to_owned), levels);
        }
        let own = path.rsplit_once('/').map(|(folder, _)| if folder.is_empty() { "/" } else { folder });
        for pattern in &found.includes {
            // A pattern counts as its whole directory.
            let folder = pattern.split(['*', '?', '[']).next().unwrap_or_default();
            let folder = if folder == pattern {
                folder
            } else {
                folder.rsplit_once('/').map_or("", |(folder, _)| folder)
            };
            let Some(folder) = self.path(folder, own).filter(|folder| folder != "/") else { continue };
            for Placed { path, source } in self.facts.placed_in(self.at, &[&folder]) {
                is_known &= self.file(base_name(&path), starter, &path, source, directory, deeper);
            }
        }
        self.is_inline = is_inline;
        self.is_recipe = is_recipe;
        is_known
    }

    /// The absolute path of a name in a directory.
    fn path(&self, name: &str, directory: Option<&str>) -> Option<String> {
        let name = self.facts.expanded(self.at.end.saturating_sub(1), name)?;
        if name.starts_with('/') { normalized(&name) } else { normalized(&format!("{}/{name}", directory?)) }
    }
}

/// Whether a file may belong to a starter, judging by its name.
fn may_be_its(starter: &Starter, name: &str) -> bool {
    starter.endings.is_empty() || starter.endings.iter().any(|ending| name.ends_with(ending.as_str()))
}

fn exec_words(form: &Form) -> Option<Vec<String>> {
    match form {
        Form::Exec(words) => Some(words.clone()),
        Form::Shell(_) => None,
    }
}

/// Parses the arguments of a starter: `-c FILE`, `-cFILE`, `--configuration=FILE`.
fn arguments(starter: &Starter, words: &[Word]) -> Arguments {
    let mut found = Arguments::default();
    let mut words = words.iter().map(|word| word.text().trim_matches(['"', '\'']));
    while let Some(word) = words.next() {
        if word == "-" || !word.starts_with('-') {
            // `make CC=gcc serve`.
            let assigns = starter.format == StarterFormat::Recipes && word.contains('=');
            if !assigns {
                found.operands.push(word.to_owned());
            }
            continue;
        }
        let mut value_of = |options: &[String]| {
            let option = options.iter().find(|option| {
                let rest = word.strip_prefix(option.as_str());
                rest.is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('=') || !option.starts_with("--") && option.len() == 2
                })
            })?;
            match word[option.len()..].trim_start_matches('=') {
                "" => words.next().map(str::to_owned),
                value => Some(value.to_owned()),
            }
        };
        if let Some(file) = value_of(&starter.file_options) {
            found.files.push(file);
        } else if let Some(directory) = value_of(&starter.directory_options) {
            found.directory = Some(directory);
        } else {
            value_of(&starter.options_with_value);
        }
    }
    found
}

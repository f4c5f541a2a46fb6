//! The scripts that are started by CMD, ENTRYPOINT and HEALTHCHECK, by a RUN, and by compose files
//! and supervisors, with the scripts that those start in turn.
//!
//! `traced` finds out where a script comes from, and `dependents` what its commands read.

mod formats;
mod services;

use std::collections::BTreeSet;

use crate::facts::commands::{self, Invocation};
use crate::facts::execution::{self, Scope, ScriptStates, Workdir};
use crate::facts::installers;
use crate::facts::started::services::Call;
use crate::facts::starts::{Start, starts};
use crate::facts::traced::{At, Source, is_script_name};
use crate::facts::{Facts, RunFacts};
use crate::knowledge::lists::messages::NAMES_THAT_INSTALL;
use crate::knowledge::lists::programs::SHELLS;
use crate::syntax::Opaque;
use crate::syntax::shell::{Dialect, Script, Word, base_name, quoted};
use crate::syntax::{Body, Form, Item, Run};

/// How many levels of scripts that start other scripts are followed.
const MOST_LEVELS: usize = 5;
/// Longer scripts are not read.
const MOST_BYTES: usize = 64 * 1024;

/// A script with more opening parentheses takes too long to parse.
const MOST_BRACKETS: usize = 4_000;

/// A script that is started, or may be.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    /// What starts it, or its file name: "CMD", "entrypoint.sh".
    pub who: String,
    /// The stage whose image or RUN starts it.
    pub stage: usize,
    /// Whether its text is part of the Dockerfile's own command: the string after `bash -c`.
    pub is_inline: bool,
    /// Whether it is a recipe of a makefile. By convention, the unknown parts of a recipe install
    /// no system packages.
    pub is_recipe: bool,
    /// What is known about it.
    pub what: What,
}

/// What is known about a script.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// Its commands, and the indexes of those that start only other scripts that are known.
    Script { script: Script, text: String, resolved: Vec<usize> },
    /// Its text, in a language other than shell.
    Text(String),
    /// Its text, which can't be parsed with certainty.
    Unparsed(String),
    /// Nothing, for a reason that completes the clause "because it …".
    Unknown(&'static str),
    /// Nothing, since the build context is unknown. `tells`: its name or arguments mention
    /// installing packages.
    NoContext { tells: bool },
}

impl Started {
    /// Its text, if it is one for a shell.
    pub fn shell_text(&self) -> Option<&str> {
        match &self.what {
            What::Script { text, .. } | What::Unparsed(text) => Some(text),
            What::Text(_) | What::Unknown(_) | What::NoContext { .. } => None,
        }
    }
}

/// Follows what a command starts. Collects the scripts, and whether all of them are known.
struct Walk<'f, 'a> {
    facts: &'f Facts<'a>,
    at: At,
    /// The RUN's here-documents.
    bodies: Vec<String>,
    /// Whether the text being read is part of the Dockerfile.
    is_inline: bool,
    /// Whether the text being read is a makefile's recipe.
    is_recipe: bool,
    /// Whether a RUN starts it.
    is_build: bool,
    /// Whether files of the build context may be mounted over the image's own.
    has_volumes: bool,
    seen: BTreeSet<String>,
    found: Vec<Started>,
}

impl Facts<'_> {
    /// The commands of a script that is started at a place, and the state at each. Of the
    /// variables, only the image's are known.
    pub(crate) fn invocations_of<'s>(
        &self,
        script: &'s Script,
        at: At,
        workdir: &Workdir,
    ) -> (Vec<Invocation<'s>>, ScriptStates) {
        let scope = Scope { outer: self.outer(), item: at.end.saturating_sub(1), home: None };
        commands::invocations(script, self.known, execution::Walk::new(scope, workdir))
    }

    /// The scripts that this file's images start: by CMD, ENTRYPOINT and HEALTHCHECK of any stage,
    /// and by the services of compose files.
    pub(crate) fn started(&self) -> &[Started] {
        self.started.get_or_init(|| {
            let mut found = Vec::new();
            let directories = self.known.starters().iter().flat_map(|starter| &starter.directories);
            let directories: Vec<&str> = directories.map(String::as_str).collect();
            for stage in &self.stages {
                let mut entrypoint: Option<&[String]> = None;
                let mut command: Option<&[String]> = None;
                let mut walk = Walk::of(self, At { stage: stage.index, end: stage.items.end });
                for item in stage.items.clone() {
                    let Item::Instruction(instruction) = &self.file.items[item] else { continue };
                    walk.placed_to_start(item, instruction, &directories);
                    let (Body::Cmd(form) | Body::Entrypoint(form) | Body::Healthcheck(Some(form))) =
                        &instruction.body
                    else {
                        continue;
                    };
                    walk.form(form, instruction.keyword.name());
                    match (&instruction.body, form) {
                        (Body::Cmd(_), Form::Exec(words)) => command = Some(words),
                        (Body::Entrypoint(_), Form::Exec(words)) => entrypoint = Some(words),
                        _ => {}
                    }
                }
                if let (Some(entrypoint), Some(command)) = (entrypoint, command) {
                    let words: Vec<String> = entrypoint.iter().chain(command).cloned().collect();
                    walk.form(&Form::Exec(words), "ENTRYPOINT");
                }
                found.append(&mut walk.found);
            }
            for service in self.context_source.services() {
                found.append(&mut Walk::of_service(self, service));
            }
            found
        })
    }

    /// The scripts that a RUN starts, and the indexes of its commands that start only known
    /// scripts.
    pub(crate) fn started_by<'r>(&self, run: &'r RunFacts<'_>) -> &'r (Vec<Started>, Vec<usize>) {
        run.started.get_or_init(|| {
            let mut walk = Walk::of(self, At { stage: run.stage, end: run.item });
            walk.is_build = true;
            let directory = self.directory_at(run.item);
            if let Body::Run(Run::Exec(words)) = &run.instruction.body {
                walk.exec(words, directory.clone());
            }
            let heredocs = run.instruction.heredocs.iter();
            walk.bodies = heredocs.map(|heredoc| heredoc.content.of(self.file.text).to_owned()).collect();
            if let Body::Run(Run::Opaque(Opaque::Interpreter)) = &run.instruction.body {
                for body in walk.bodies.clone() {
                    walk.text("RUN", &body, directory.clone(), MOST_LEVELS);
                }
            }
            let resolved = walk.commands("RUN", &run.invocations, &run.states, MOST_LEVELS);
            (walk.found, resolved)
        })
    }
}

impl<'f, 'a> Walk<'f, 'a> {
    fn of(facts: &'f Facts<'a>, at: At) -> Self {
        Self {
            facts,
            at,
            bodies: Vec::new(),
            is_inline: true,
            is_recipe: false,
            is_build: false,
            has_volumes: false,
            seen: BTreeSet::new(),
            found: Vec::new(),
        }
    }

    /// A RUN in exec form.
    fn exec(&mut self, words: &[String], directory: Option<String>) {
        let text = joined(words);
        self.text("RUN", &text, directory, MOST_LEVELS);
    }

    /// The command line of an instruction.
    fn form(&mut self, form: &Form, who: &str) {
        let text = match form {
            Form::Shell(text) => text.clone(),
            Form::Exec(words) => joined(words),
        };
        let directory = self.facts.directory_after(self.at.end - 1);
        self.text(who, &text, directory, MOST_LEVELS);
    }

    fn add(&mut self, who: &str, what: What) {
        let Self { at, is_inline, is_recipe, .. } = *self;
        self.found.push(Started { who: who.to_owned(), stage: at.stage, is_inline, is_recipe, what });
    }

    /// Reads the text of a shell script. Returns whether it and everything that it starts could be
    /// read.
    fn text(&mut self, who: &str, text: &str, directory: Option<String>, levels: usize) -> bool {
        // A script with Windows line endings can't run; the build must convert it first.
        let text = &text.replace("\r\n", "\n");
        if !self.seen.insert(text.clone()) {
            return true;
        }
        if text.trim().is_empty() {
            return true;
        }
        let Some(levels) = levels.checked_sub(1).filter(|_| text.len() <= MOST_BYTES) else {
            self.add(who, What::Unknown("is too long, or starts too many others"));
            return false;
        };
        if !is_shell(text) {
            self.add(who, What::Text(text.to_owned()));
            return true;
        }
        if text.matches('(').count() > MOST_BRACKETS {
            self.add(who, What::Unparsed(text.to_owned()));
            return false;
        }
        let script = Script::read(text, Dialect::Sh).or_else(|_| Script::read(text, Dialect::Bash));
        match script {
            Ok(script) => {
                let workdir = directory.map_or(Workdir::Unknown, Workdir::Known);
                let (invocations, states) = self.facts.invocations_of(&script, self.at, &workdir);
                let at = self.found.len();
                self.add(who, What::Unknown(""));
                let resolved = self.commands(who, &invocations, &states, levels);
                drop(invocations);
                self.found[at].what = What::Script { script, text: text.to_owned(), resolved };
                true
            }
            // A script with comments only.
            Err(_)
                if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) =>
            {
                true
            }
            Err(_) => {
                self.add(who, What::Unparsed(text.to_owned()));
                false
            }
        }
    }

    /// Follows what the commands of a script start. Returns the indexes of the commands that start
    /// only known scripts.
    fn commands(
        &mut self,
        who: &str,
        invocations: &[Invocation<'_>],
        states: &ScriptStates,
        levels: usize,
    ) -> Vec<usize> {
        let mut resolved = Vec::new();
        for (index, invocation) in invocations.iter().enumerate() {
            if self.is_build && installers::is_installer(invocations, index) {
                resolved.push(index);
                continue;
            }
            let directory = states.directory(index).known();
            let mut starts = starts(invocation, self.facts.known);
            starts.retain(|start| {
                !self.is_build || !matches!(start, Start::Service(starter, _) if starter.installs)
            });
            let mut is_known = !starts.is_empty();
            for start in starts {
                is_known &= match start {
                    Start::Service(starter, words) => {
                        let piped = services::piped(invocations, index);
                        self.service(&Call { who, starter, words, directory, piped, levels })
                    }
                    start => self.start(who, invocation, &start, directory, levels),
                };
            }
            if is_known {
                resolved.push(index);
            }
        }
        resolved
    }

    fn start(
        &mut self,
        who: &str,
        invocation: &Invocation<'_>,
        start: &Start<'_>,
        directory: Option<&str>,
        levels: usize,
    ) -> bool {
        match start {
            Start::Service(..) => false,
            Start::Text(text) => self.text(who, text, directory.map(str::to_owned), levels),
            Start::Fed if !self.bodies.is_empty() => {
                let bodies = self.bodies.clone();
                bodies.iter().all(|text| self.text(who, text, directory.map(str::to_owned), levels))
            }
            Start::Fed => {
                self.add(who, What::Unknown("comes from a pipe or a here-document"));
                false
            }
            Start::Unknown(reason) => {
                self.add(who, What::Unknown(reason));
                false
            }
            Start::Entry(_) if self.facts.is_far_down(self.at.end.saturating_sub(1)) => {
                self.add(who, What::Unknown("comes after too many instructions to search"));
                false
            }
            Start::Entry(name) => {
                self.entry(name, directory, levels);
                true
            }
            Start::Known(name) => self.known_file(name, directory, levels),
            Start::File(name, is_command) => {
                self.started_file(name, *is_command, invocation, directory, levels)
            }
        }
    }

    /// Follows an entry of the `scripts` of a `package.json`, with those that run before and after.
    fn entry(&mut self, name: &str, directory: Option<&str>, levels: usize) {
        for source in self.facts.sources_of(self.at, "package.json", directory, false) {
            let Source::Text(text) = source else { continue };
            let Ok(manifest) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            for key in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
                if let Some(text) = manifest["scripts"][&key].as_str() {
                    let who = format!("package.json's {key}");
                    self.text(&who, text, directory.map(str::to_owned), levels);
                }
            }
        }
    }

    /// Follows a script whose text this Dockerfile contains; whether all of it is known.
    fn known_file(&mut self, name: &str, directory: Option<&str>, levels: usize) -> bool {
        let base = base_name(name.trim_matches(['"', '\'']));
        let is_inline = std::mem::replace(&mut self.is_inline, false);
        let mut is_known = true;
        for source in self.facts.sources_of(self.at, name, directory, true) {
            if let Source::Text(text) = source {
                is_known &= self.text(base, &text, directory.map(str::to_owned), levels);
            }
        }
        self.is_inline = is_inline;
        is_known
    }

    /// Follows a file that is run, or that a shell reads; whether all of it is known.
    fn started_file(
        &mut self,
        name: &str,
        is_command: bool,
        invocation: &Invocation<'_>,
        directory: Option<&str>,
        levels: usize,
    ) -> bool {
        let base = base_name(name.trim_matches(['"', '\'']));
        if !is_command && self.facts.known.is_sourced(base) {
            return true;
        }
        let is_shell = !is_command || is_script_name(base);
        let is_inline = std::mem::replace(&mut self.is_inline, false);
        let mut is_known = true;
        for source in self.facts.sources_of(self.at, name, directory, is_command) {
            match source {
                Source::Text(text) => {
                    is_known &= self.text(base, &text, directory.map(str::to_owned), levels);
                    continue;
                }
                // A program other than a shell script counts as a reader only if it is known to be
                // one.
                Source::Unknown(reason) if is_shell => self.add(base, What::Unknown(reason)),
                Source::NoContext if is_shell => {
                    self.add(base, What::NoContext { tells: tells(base, invocation) });
                }
                Source::Base if self.has_volumes => {
                    let mounted: Vec<String> =
                        self.facts.context_texts(base).into_iter().map(str::to_owned).collect();
                    for text in mounted {
                        self.text(base, &text, directory.map(str::to_owned), levels);
                    }
                }
                // A file that exists without this RUN does not need what the RUN leaves.
                Source::Base | Source::Program | Source::Unknown(_) | Source::NoContext => {}
            }
            is_known = false;
        }
        self.is_inline = is_inline;
        is_known
    }
}

/// Whether a script's name, or one of its arguments, mentions installing packages.
fn tells(name: &str, invocation: &Invocation<'_>) -> bool {
    let arguments = invocation.arguments().iter().map(Word::text);
    tells_name(name) || arguments.filter(|text| !text.contains('/')).any(tells_name)
}

/// Whether a name mentions installing packages.
fn tells_name(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    NAMES_THAT_INSTALL.iter().any(|part| text.contains(part))
}

/// Whether a text is a shell script, judging by its first line.
fn is_shell(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!").map(|rest| rest.lines().next().unwrap_or_default()) else {
        return true;
    };
    let mut words = line.split_whitespace().map(base_name);
    let program = words.next().unwrap_or_default();
    let program = if program == "env" {
        words.find(|word| !word.starts_with('-')).unwrap_or_default()
    } else {
        program
    };
    SHELLS.contains(&program)
}

/// Words as one line of shell text.
fn joined(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

//! What the script of a RUN reads and writes, command by command.
//!
//! Every program reads itself and its libraries, its user's dotfiles and all variables. What a
//! known program uses beyond that is in `knowledge/effects.yaml` and follows from the manager's
//! kind. One unknown command makes the whole RUN a barrier.

use crate::facts::commands::Invocation;
use crate::facts::effects::{Effects, Resource, Tree};
use crate::facts::execution::normalized;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::Scope;
use crate::knowledge::lists::programs::CHANGING_THE_DIRECTORY;
use crate::knowledge::lists::variables::WORDS_ABOUT_FILES;
use crate::reasons::{self, Reason};
use crate::syntax::shell::{CommandKind, Word};

/// A package manager's call that installs what a project's manifests say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Install {
    /// Its index in the RUN's calls.
    pub call: usize,
    /// The working directory, if it is known.
    pub directory: Option<String>,
}

/// The effects of a RUN whose script is understood; with `until`, of its first and-or list up to a
/// pipeline.
pub(super) fn of_run(facts: &Facts<'_>, run: &RunFacts<'_>, until: Option<usize>) -> Effects {
    let mut script = Script { facts, run, effects: Effects::default(), index: 0 };
    match script.follow(until) {
        Ok(()) => script.effects.distinct(),
        Err(because) => Effects::everything(because),
    }
}

/// A script that is followed command by command.
pub(super) struct Script<'f, 'a> {
    pub(super) facts: &'f Facts<'a>,
    pub(super) run: &'f RunFacts<'a>,
    pub(super) effects: Effects,
    /// The current invocation.
    pub(super) index: usize,
}

impl Script<'_, '_> {
    fn follow(&mut self, until: Option<usize>) -> Result<(), Reason> {
        self.effects.reads = vec![
            Resource::Files(Tree::System),
            Resource::Files(Tree::Homes),
            Resource::Accounts,
            Resource::Directory,
            Resource::User,
            Resource::Shell,
            Resource::Variables,
        ];
        self.surroundings()?;
        self.compound_commands()?;
        let is_meant = |invocation: &Invocation<'_>| {
            until.is_none_or(|until| invocation.place.statement == 0 && invocation.place.pipeline < until)
        };
        for (index, invocation) in
            self.run.invocations.iter().enumerate().filter(|(_, invocation)| is_meant(invocation))
        {
            self.index = index;
            self.command(index, invocation)?;
        }
        Ok(())
    }

    /// The script's surroundings: mounts, and variables that redirect programs.
    fn surroundings(&mut self) -> Result<(), Reason> {
        for mount in &self.run.mounts {
            let target = mount.target.as_deref().and_then(|target| self.facts.path_at(self.run.item, target));
            self.touch(target.map_or(Tree::Everything, Tree::At));
        }
        for (item, assignment) in self.facts.silent_settings(self.run.item)? {
            self.variable(item, &assignment.key, assignment.value.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }

    /// The words of loops and tests; a function could have any program's name.
    fn compound_commands(&mut self) -> Result<(), Reason> {
        let mut compound = Vec::new();
        if let Some(script) = self.run.script() {
            script.list.walk(&mut |command| compound.push(command));
        }
        for command in compound {
            match &command.kind {
                CommandKind::Function(name, _) => return Err(reasons::function_in_run(name)),
                CommandKind::Test(_) => return Err(reasons::test_in_run()),
                CommandKind::Branching(branching) => {
                    for word in branching.words.iter().filter(|word| word.raw.contains(['/', '*', '?', '[']))
                    {
                        // The first command within has the loop's own state, or an unknown one.
                        let within =
                            |invocation: &Invocation<'_>| invocation.command.span.start >= word.span.start;
                        self.index = self
                            .run
                            .invocations
                            .iter()
                            .position(within)
                            .ok_or_else(|| reasons::unknown_target(&word.raw))?;
                        self.word(word)?;
                    }
                    if branching.counts {
                        return Err(reasons::arithmetic_loop());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn variable(&mut self, item: usize, name: &str, value: &str) -> Result<(), Reason> {
        let plain = value.trim_matches(['"', '\'']);
        let is_relative = !plain.starts_with('/') && !plain.is_empty() && !plain.contains("://");
        let names_file = || {
            let name = name.to_ascii_uppercase();
            WORDS_ABOUT_FILES.iter().any(|part| name.contains(part))
        };
        if is_relative && names_file() {
            return Err(reasons::variable_names_file(name));
        }
        for part in value.trim_matches(['"', '\'']).split([':', '=', ',', ';', ' ']) {
            let own = part
                .strip_prefix('$')
                .map(|own| own.strip_prefix('{').and_then(|own| own.strip_suffix('}')).unwrap_or(own));
            if own == Some(name) || !part.contains(['/', '$']) {
                continue;
            }
            let path =
                self.facts.expanded(item, part).filter(|path| !path.contains('/') || path.starts_with('/'));
            let path = path.ok_or_else(|| reasons::unknown_paths(name))?;
            // The text after the colon of a URL is not a path.
            if path.starts_with('/') && !path.starts_with("//") {
                let tree = normalized(&path).ok_or_else(|| reasons::unknown_paths(name))?;
                self.touch(Tree::At(tree.strip_suffix("/bin").map_or(tree.clone(), str::to_owned)));
            }
        }
        Ok(())
    }

    fn command(&mut self, index: usize, invocation: &Invocation<'_>) -> Result<(), Reason> {
        for action in invocation.actions.redirections() {
            self.name(action.file.name)?;
        }
        for assignment in &invocation.simple.assignments {
            if self.facts.known.is_read_silently(&assignment.name) {
                let value = assignment.value.as_ref().map(|word| word.raw.to_string()).unwrap_or_default();
                self.variable(self.run.item, &assignment.name, &value)?;
            }
        }
        if invocation.words.is_empty() {
            return Ok(());
        }
        if invocation.repeated {
            return Err(reasons::xargs());
        }
        let program = invocation.program.ok_or_else(|| unknown(invocation))?;
        if CHANGING_THE_DIRECTORY.contains(&program) {
            return self.change_directory(invocation);
        }
        if invocation.words[0].raw.contains('/') {
            self.called_by_path(invocation)?;
        }
        if let Ok(at) = self.run.calls.binary_search_by_key(&index, |call| call.invocation) {
            return self.manager(at, invocation);
        }
        if matches!(program, "export" | "readonly") {
            return self.export(invocation);
        }
        match program {
            "git" => return self.git(invocation),
            "corepack" => return self.corepack(invocation),
            _ => {}
        }
        match self.facts.known.scope(program).ok_or_else(|| unknown(invocation))? {
            Scope::Nothing => Ok(()),
            Scope::Operands => {
                if invocation
                    .arguments()
                    .iter()
                    .any(|word| ["-exec", "-ok", "-fprint"].iter().any(|start| word.raw.starts_with(start)))
                {
                    return Err(reasons::runs_other_programs(program));
                }
                // Without an operand these read the working directory.
                if ["ls", "du"].contains(&program)
                    && invocation.arguments().first().is_none_or(Word::is_option)
                {
                    let here = self.here()?;
                    self.touch(Tree::At(here));
                }
                self.files(invocation)
            }
            Scope::Scripted => self.files(invocation),
            Scope::Archive => {
                let here = self.here()?;
                self.touch(Tree::At(here));
                self.files(invocation)
            }
            Scope::Download => {
                let reads = |word: &Word| word.raw.contains('@') && !word.raw.contains("://");
                if invocation.arguments().iter().any(reads) {
                    return Err(reasons::reads_named_file(&invocation.words[0].raw));
                }
                self.files(invocation)
            }
            Scope::Accounts => {
                self.effects.writes.push(Resource::Accounts);
                self.touch(Tree::System);
                self.touch(Tree::At("/home".into()));
                self.paths_among(invocation.arguments())
            }
            Scope::Named => {
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.paths_among(invocation.arguments())
            }
            Scope::System => {
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.operands(invocation.arguments())
            }
        }
    }
}

/// Why a command makes its RUN a barrier.
pub(super) fn unknown(invocation: &Invocation<'_>) -> Reason {
    reasons::may_use_any_file(invocation.words.first().map_or("something", |word| &word.raw))
}

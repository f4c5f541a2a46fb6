//! The walk through a script: the working directory and the variables at each of its commands.
//!
//! Changes in subshells, pipelines and substitutions do not affect the commands outside. If it is
//! unknown whether something runs (branches, loops, functions, commands after `||`), everything
//! that it would change becomes unknown. A `cd` is assumed to succeed: if it fails and the script
//! continues, the commands after it run in a directory that the script was in before.

use std::collections::HashMap;

use super::target::{Expanded, Target, climb, expand};
use super::variables::{Assigned, ScriptVariables};
use super::{Outer, Workdir, target};
use crate::facts::commands::{Invocation, Region};
use crate::facts::variables::Variable;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::Knowledge;
use crate::knowledge::lists::programs::{
    CHANGING_THE_DIRECTORY, CHANGING_THE_SHELL, EVALUATING, SETTING_VARIABLES,
};
use crate::syntax::shell::{Branching, Command, CommandKind, End, List, Redirect, Script, Statement, Word};

/// The directory that a command runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// An absolute path.
    Known(String),
    /// A path relative to the unknown directory in which the RUN starts: empty, or with a leading
    /// slash.
    FromStart(String),
    /// Unknown.
    Unknown,
}

impl Directory {
    /// The absolute path, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(path) => Some(path),
            Self::FromStart(_) | Self::Unknown => None,
        }
    }

    /// The directory in which a RUN starts.
    pub fn start(workdir: &Workdir) -> Self {
        match workdir {
            Workdir::Known(path) => Self::Known(path.clone()),
            Workdir::OfBase | Workdir::Unknown => Self::FromStart(String::new()),
        }
    }
}

/// The states of one script.
#[derive(Debug)]
pub struct ScriptStates {
    /// For each invocation, in order: the index of its directory, and the number of assignments
    /// before it.
    at: Vec<(usize, usize)>,
    /// The directories of the invocations.
    directories: Vec<Directory>,
    /// The directories that the script was in, each once, in the order of the first visit.
    visited: Vec<Directory>,
    end: Directory,
    variables: ScriptVariables,
    /// The home directory of the RUN's user, if it is known.
    home: Option<String>,
}

impl ScriptStates {
    /// The states of a RUN whose script can't be parsed.
    pub(in crate::facts) fn of_nothing() -> Self {
        Self {
            at: Vec::new(),
            directories: Vec::new(),
            visited: Vec::new(),
            end: Directory::Unknown,
            variables: ScriptVariables::default(),
            home: None,
        }
    }

    /// The directory that an invocation runs in.
    ///
    /// # Panics
    /// If the RUN has fewer invocations.
    pub fn directory(&self, invocation: usize) -> &Directory {
        &self.directories[self.at[invocation].0]
    }

    /// What the script has assigned to variables before an invocation, by name.
    ///
    /// # Panics
    /// If the RUN has fewer invocations.
    pub fn variables_at(&self, invocation: usize) -> Vec<(&str, &Assigned)> {
        self.variables.all_at(self.at[invocation].1)
    }

    /// Whether the script sets a variable anywhere, other than for a single program.
    pub fn sets(&self, name: &str) -> bool {
        self.variables.sets(name)
    }

    /// Whether a variable may change after an invocation.
    ///
    /// # Panics
    /// If the RUN has fewer invocations.
    pub fn may_change_after(&self, invocation: usize, name: &str) -> bool {
        self.variables.may_change_after(self.at[invocation].1, name)
    }

    /// What the script has assigned to a variable before an invocation, whatever its case.
    ///
    /// # Panics
    /// If the RUN has fewer invocations.
    pub fn assigned_before(&self, invocation: usize, name: &str) -> Option<&Assigned> {
        self.variables.by_any_case(self.at[invocation].1, name)
    }

    /// The working directory when the script ends.
    pub fn end(&self) -> &Directory {
        &self.end
    }

    /// The directories that the script's own shell was in at any time.
    pub fn visited(&self) -> &[Directory] {
        &self.visited
    }
}

impl Facts<'_> {
    /// A word of an invocation with its variables expanded.
    pub fn expanded_in(&self, run: &RunFacts<'_>, invocation: usize, word: &Word) -> Expanded {
        match word.literal() {
            Some(text) => Expanded { known: text.into(), tail: target::Tail::None, written: text.into() },
            None => self.text_expanded_in(run, invocation, &word.raw),
        }
    }

    /// A part of a word with its variables expanded, quotes included: `/x` of `--prefix=/x`.
    pub fn text_expanded_in(&self, run: &RunFacts<'_>, invocation: usize, raw: &str) -> Expanded {
        let states = &run.states;
        let (directory, position) = (states.directory(invocation), states.at[invocation].1);
        let scope = Scope { outer: self.outer(), item: run.item, home: states.home.as_deref() };
        expand(raw, &|name| scope.value(&states.variables, position, directory, name))
    }

    /// What a word of an invocation may name.
    pub fn target_of(&self, run: &RunFacts<'_>, invocation: usize, word: &Word) -> Target {
        Target::of(&self.expanded_in(run, invocation, word), run.states.directory(invocation))
    }
}

/// The state at the start of a script.
#[derive(Clone, Copy)]
pub(in crate::facts) struct Scope<'s> {
    pub outer: Outer<'s>,
    pub item: usize,
    pub home: Option<&'s str>,
}

impl Scope<'_> {
    /// The value of a variable at a command, or `None` if it is unknown.
    fn value(
        &self,
        script: &ScriptVariables,
        position: usize,
        directory: &Directory,
        name: &str,
    ) -> Option<Assigned> {
        if let Some(assigned) = script.at(position, name) {
            return Some(assigned.clone());
        }
        match self.outer.variable(self.item, name) {
            Variable::Set(_) => self.outer.value(self.item, name),
            Variable::Argument(_) => None,
            Variable::NotInFile if name == "HOME" => self.home.map(str::to_owned),
            Variable::NotInFile if name == "PWD" => directory.known().map(str::to_owned),
            Variable::NotInFile => None,
        }
        .map(Assigned::Known)
    }
}

/// Walks through a script, command by command, in the order of its text.
pub(in crate::facts) struct Walk<'s, 'a> {
    /// The commands so far.
    pub invocations: Vec<Invocation<'a>>,
    scope: Scope<'s>,
    at: Vec<(usize, usize)>,
    directories: Vec<Directory>,
    visited: Vec<Directory>,
    directory: Directory,
    previous: Directory,
    stack: Vec<Directory>,
    variables: ScriptVariables,
    /// For each open scope, the variables that were assigned in it, with their values before.
    assigned: Vec<Vec<(String, Option<Assigned>)>>,
    /// The possible changes by calls of the script's own functions.
    functions: HashMap<&'a str, Changes<'a>>,
    /// The number of parts so far that may not run.
    regions: usize,
    /// The redirections of the compound commands that have started since the last command.
    around: Vec<&'a Redirect>,
}

/// The state to restore at the end of a subshell.
pub(in crate::facts) struct Saved {
    directory: Directory,
    previous: Directory,
    stack: Vec<Directory>,
    was_lost: bool,
}

impl<'s, 'a> Walk<'s, 'a> {
    pub fn new(scope: Scope<'s>, workdir: &Workdir) -> Self {
        let directory = Directory::start(workdir);
        Self {
            invocations: Vec::new(),
            scope,
            at: Vec::new(),
            directories: Vec::new(),
            visited: vec![directory.clone()],
            directory,
            previous: Directory::Unknown,
            stack: Vec::new(),
            variables: ScriptVariables::default(),
            assigned: Vec::new(),
            functions: HashMap::new(),
            regions: 0,
            around: Vec::new(),
        }
    }

    /// Makes room for at least this number of commands.
    pub fn reserve(&mut self, commands: usize) {
        self.invocations.reserve_exact(commands);
        self.at.reserve_exact(commands);
    }

    /// A new part of the script, within another one.
    pub fn region_in(&mut self, region: Region) -> Region {
        self.regions += 1;
        region.part(self.regions)
    }

    /// The result, at the end of the script.
    pub fn finish(self) -> (Vec<Invocation<'a>>, ScriptStates) {
        let Self { invocations, at, directories, visited, directory, variables, scope, .. } = self;
        let home = scope.home.map(str::to_owned);
        (invocations, ScriptStates { at, directories, visited, end: directory, variables, home })
    }

    /// Starts a scope whose changes do not affect its surroundings.
    pub fn enter_subshell(&mut self) -> Saved {
        self.assigned.push(Vec::new());
        Saved {
            directory: self.directory.clone(),
            previous: self.previous.clone(),
            stack: self.stack.clone(),
            was_lost: self.variables.is_lost(),
        }
    }

    /// Ends the scope.
    pub fn leave_subshell(&mut self, saved: Saved) {
        if !saved.was_lost && self.variables.is_lost() {
            self.variables.find();
        }
        for (name, value) in self.assigned.pop().unwrap_or_default().into_iter().rev() {
            self.variables.restore(&name, value);
        }
        self.directory = saved.directory;
        self.previous = saved.previous;
        self.stack = saved.stack;
    }

    /// Adds the redirections of a compound command, before its parts.
    pub fn redirect(&mut self, redirects: &'a [Redirect]) {
        self.around.extend(redirects);
    }

    /// The redirections of the compound commands that the next command is the first one of.
    pub fn surroundings(&mut self) -> Vec<&'a Redirect> {
        std::mem::take(&mut self.around)
    }

    /// Adds a command.
    pub fn push(&mut self, invocation: Invocation<'a>) {
        if self.directories.last() != Some(&self.directory) {
            self.directories.push(self.directory.clone());
        }
        self.at.push((self.directories.len() - 1, self.variables.position()));
        self.follow(&invocation);
        self.invocations.push(invocation);
    }

    /// Makes everything unknown that some commands may change, since they may run never, once or
    /// several times.
    pub fn forget(&mut self, changes: &Changes<'_>) {
        for name in &changes.names {
            self.assign(name, Assigned::Unknown);
        }
        if changes.moves || changes.anything {
            self.enter(Directory::Unknown);
            self.stack.clear();
        }
        if changes.anything {
            self.variables.lose();
        }
    }

    /// Makes everything unknown.
    pub fn forget_everything(&mut self) {
        self.forget(&Changes { anything: true, ..Changes::default() });
    }

    /// Adds a function's definition: what its calls may change.
    pub fn define(&mut self, name: &'a str, body: &'a List) {
        let mut changes = Changes::default();
        changes.of_list(body);
        self.functions.insert(name, changes);
    }

    /// When the next statement starts, only the first pipeline of this one has certainly run. Makes
    /// the changes of the others unknown.
    pub fn after_statement(&mut self, statement: &Statement) {
        if statement.rest.is_empty() {
            return;
        }
        let mut changes = Changes::default();
        for (_, pipeline) in &statement.rest {
            changes.of_pipeline(&pipeline.commands);
        }
        self.forget(&changes);
    }

    fn assign(&mut self, name: &str, value: Assigned) {
        if let Some(scope) = self.assigned.last_mut() {
            let before = self.variables.at(self.variables.position(), name).cloned();
            scope.push((name.to_owned(), before));
        }
        self.variables.assign(name, value);
    }

    fn enter(&mut self, directory: Directory) {
        if self.assigned.is_empty() && !self.visited.contains(&directory) && self.visited.len() < MOST_VISITED
        {
            self.visited.push(directory.clone());
        }
        self.previous = std::mem::replace(&mut self.directory, directory);
    }

    fn expanded(&self, raw: &str) -> Expanded {
        let position = self.variables.position();
        expand(raw, &|name| self.scope.value(&self.variables, position, &self.directory, name))
    }

    fn value_of(&self, raw: &str) -> Assigned {
        let expanded = self.expanded(raw);
        match expanded.tail {
            target::Tail::None => Assigned::Known(expanded.known),
            // A pattern in an assignment is not expanded until the variable is used.
            target::Tail::Pattern | target::Tail::Braces | target::Tail::Unknown => Assigned::Unknown,
        }
    }

    fn follow(&mut self, invocation: &Invocation<'a>) {
        let is_sure = invocation.place.is_certain();
        for name in assigned_by_expansion(invocation.command) {
            self.assign(name, Assigned::Unknown);
        }
        for assignment in &invocation.simple.assignments {
            // Before a program, an assignment affects only that program. Before some builtins, it
            // persists.
            let stays = invocation.words.is_empty();
            if stays || invocation.program.is_some_and(Knowledge::is_builtin) {
                let value = assignment.value.as_ref().filter(|_| stays && is_sure);
                let value = value.map_or(Assigned::Unknown, |word| self.value_of(&word.raw));
                self.assign(&assignment.name, value);
            }
        }
        let Some(program) = invocation.program else { return };
        if let Some(changes) = self.functions.get(program).cloned() {
            self.forget(&changes);
        }
        match program {
            _ if CHANGING_THE_DIRECTORY.contains(&program) => {
                self.change_directory(invocation, program, is_sure);
            }
            _ if EVALUATING.contains(&program) => self.forget_everything(),
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                for word in invocation.arguments() {
                    let Some((name, value)) = word.raw.split_once('=') else { continue };
                    let value = if is_sure { self.value_of(value) } else { Assigned::Unknown };
                    self.assign(name, value);
                }
            }
            _ => {
                for name in names_set_by(program, invocation.arguments()) {
                    self.assign(name, Assigned::Unknown);
                }
            }
        }
    }

    fn change_directory(&mut self, invocation: &Invocation<'a>, program: &str, is_sure: bool) {
        let mut words = invocation.arguments().iter();
        let word = words.find(|word| !matches!(word.raw.as_str(), "-P" | "-L" | "-e" | "--"));
        let target = match (program, word) {
            ("popd", None) => self.stack.pop().unwrap_or(Directory::Unknown),
            ("cd", None) => {
                self.scope.home.map_or(Directory::Unknown, |home| Directory::Known(home.to_owned()))
            }
            ("cd", Some(word)) if word.raw == "-" => self.previous.clone(),
            ("cd" | "pushd", Some(word)) if !word.is_option() => self.directory_from(word),
            _ => Directory::Unknown,
        };
        if program == "pushd" {
            self.stack.push(self.directory.clone());
        }
        self.enter(if is_sure || target == self.directory { target } else { Directory::Unknown });
    }

    fn directory_from(&self, word: &Word) -> Directory {
        let word = match word.literal() {
            Some(text) => Expanded { known: text.into(), tail: target::Tail::None, written: text.into() },
            None => self.expanded(&word.raw),
        };
        if word.tail != target::Tail::None || word.known.is_empty() {
            return Directory::Unknown;
        }
        let is_searched = !word.known.starts_with(['/', '.'])
            && self
                .scope
                .value(&self.variables, self.variables.position(), &self.directory, "CDPATH")
                .is_some();
        let (base, is_absolute) = match &self.directory {
            _ if word.known.starts_with('/') => ("", true),
            Directory::Known(path) => (path.as_str(), true),
            Directory::FromStart(path) => (path.as_str(), false),
            Directory::Unknown => return Directory::Unknown,
        };
        match climb(&format!("{base}/{}", word.known), false) {
            _ if is_searched => Directory::Unknown,
            Some(path) if is_absolute => Directory::Known(if path.is_empty() { "/".into() } else { path }),
            Some(path) => Directory::FromStart(path),
            None if is_absolute => Directory::Known("/".into()),
            None => Directory::Unknown,
        }
    }
}

/// The largest number of directories that are remembered. No real script visits more.
const MOST_VISITED: usize = 64;

/// The possible changes by some commands in the shell that runs them.
#[derive(Clone, Default)]
pub(in crate::facts) struct Changes<'l> {
    names: Vec<&'l str>,
    moves: bool,
    anything: bool,
    /// Whether they define functions or change the shell itself, such as its options.
    configures: bool,
}

impl<'l> Changes<'l> {
    fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.moves && !self.anything && !self.configures
    }

    /// The possible changes by the parts of a branching command, and of its own variable.
    pub fn of_branching(branching: &'l Branching) -> Self {
        let mut changes = Self::default();
        changes.of_list(&branching.condition);
        branching.branches.iter().for_each(|list| changes.of_list(list));
        changes.names.extend(branching.variable.as_deref());
        changes.anything |= branching.counts;
        changes
    }

    fn of_list(&mut self, list: &'l List) {
        for statement in list.statements.iter().filter(|statement| statement.end != End::Background) {
            for pipeline in statement.pipelines() {
                self.of_pipeline(&pipeline.commands);
            }
        }
    }

    fn of_pipeline(&mut self, commands: &'l [Command]) {
        if let [command] = commands {
            self.of_command(command);
        }
    }

    fn of_command(&mut self, command: &'l Command) {
        self.names.extend(assigned_by_expansion(command));
        match &command.kind {
            CommandKind::Simple(simple) => {
                let words = match simple.program() {
                    Some("command" | "builtin") => simple.words.get(1..).unwrap_or_default(),
                    _ => &simple.words[..],
                };
                let program = words.first().map(|program| program.literal().unwrap_or_default());
                // Before a program, an assignment affects only that program.
                if program.is_none_or(|program| program.is_empty() || Knowledge::is_builtin(program)) {
                    self.names.extend(simple.assignments.iter().map(|assignment| assignment.name.as_str()));
                }
                let (Some(program), Some(arguments)) = (program, words.get(1..)) else { return };
                self.moves |= CHANGING_THE_DIRECTORY.contains(&program);
                self.anything |= EVALUATING.contains(&program);
                self.configures |= CHANGING_THE_SHELL.contains(&program);
                self.names.extend(names_set_by(program, arguments));
            }
            CommandKind::Subshell(_) => {}
            CommandKind::Group(list) | CommandKind::Prefixed(list) => self.of_list(list),
            CommandKind::Function(_, list) => {
                self.configures = true;
                self.of_list(list);
            }
            CommandKind::Branching(branching) => {
                let inner = Self::of_branching(branching);
                self.names.extend(inner.names);
                self.moves |= inner.moves;
                self.anything |= inner.anything;
                self.configures |= inner.configures;
            }
            // `(( x = 1 ))` and `[[ a =~ b ]]` set variables.
            CommandKind::Test(_) => self.names.push("BASH_REMATCH"),
        }
    }
}

/// Whether a script changes the shell that runs it, as far as a script after it in the same shell
/// could notice: variables, functions, options, the working directory.
pub fn changes_shell(script: &Script) -> bool {
    let mut changes = Changes::default();
    changes.of_list(&script.list);
    !changes.is_empty()
}

/// The variables that a builtin sets because they are among its arguments.
fn names_set_by<'w>(program: &str, arguments: &'w [Word]) -> impl Iterator<Item = &'w str> {
    let option = match program {
        "printf" => "-v",
        "wait" => "-p",
        _ => "",
    };
    let at = arguments.iter().position(|word| word.raw == option);
    let words = match at {
        Some(at) => arguments.get(at + 1..=at + 1),
        None => SETTING_VARIABLES.contains(&program).then_some(arguments),
    };
    words.unwrap_or_default().iter().map(|word| word.raw.split(['=', '[', '+']).next().unwrap_or_default())
}

/// The variables that expansions in a command's words assign: `${x:=y}`, `$((x = 1))`.
fn assigned_by_expansion(command: &Command) -> Vec<&str> {
    let mut names = Vec::new();
    let expands = |word: &&Word| {
        let mut pairs = word.raw.as_bytes().windows(2);
        word.raw.bytes().any(|byte| byte == b'$') && pairs.any(|pair| matches!(pair, b"${" | b"$(" | b"$["))
    };
    for word in command.words().filter(expands) {
        for part in word.raw.split("${").skip(1) {
            let part = part.trim_start_matches('!');
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
            let index = part[end..].starts_with('[').then(|| part[end..].find(']')).flatten();
            let rest = index.map_or(&part[end..], |index| &part[end + index + 1..]);
            if rest.starts_with(":=") || rest.starts_with('=') {
                names.push(&part[..end]);
            }
        }
        let arithmetic = word.raw.split("$((").skip(1).map(|part| part.split("))").next());
        let old_arithmetic = word.raw.split("$[").skip(1).map(|part| part.split(']').next());
        for inside in arithmetic.chain(old_arithmetic) {
            let inside = inside.unwrap_or_default();
            if inside.contains('=') || inside.contains("++") || inside.contains("--") {
                let is_name = |name: &&str| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                names.extend(inside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(is_name));
            }
        }
    }
    names
}

/// Whether a script, or anything in it, leaves a command in the background.
pub fn has_background(script: &Script) -> bool {
    fn of_list(list: &List) -> bool {
        list.statements.iter().any(|statement| {
            statement.end == End::Background
                || statement.pipelines().flat_map(|pipeline| &pipeline.commands).any(of_command)
        })
    }
    fn of_command(command: &Command) -> bool {
        command.lists().any(of_list) || command.words().flat_map(|word| &word.substitutions).any(of_list)
    }
    of_list(&script.list)
}

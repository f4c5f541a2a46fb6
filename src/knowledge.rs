//! What is known of package managers, ordinary programs and base images: data, typed and embedded.
//!
//! The facts stand in `knowledge/` as YAML, each claim with its source; `model` is their shape. This file only looks
//! things up. It knows nothing of any Dockerfile.

pub mod model;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use model::{
    Avoid, Cache, Confidence, Image, Keep, Kind, Lean, Library, Manager, Mount, Project, Runtime, Verbs,
    Wrapper,
};

/// Everything that is known, with indexes to find it by name.
#[derive(Debug)]
pub struct Knowledge {
    /// Package managers in the order of their names.
    pub managers: Vec<Manager>,
    /// Base images by repository name.
    pub images: Vec<Image>,
    /// Which system packages serve the build alone.
    pub runtime: Runtime,
    by_program: HashMap<String, usize>,
    by_module: HashMap<String, usize>,
    programs: HashMap<String, Program>,
    scopes: HashMap<String, Scope>,
    variables: Vec<String>,
    wrappers: HashMap<String, Wrapper>,
}

/// What sort of program a name stands for, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Takes no time, writes a few bytes, leaves nothing running.
    Cheap,
    /// Calls no system package manager and leaves nothing running.
    Ordinary,
    /// Does what the project tells it; by convention that is neither of the two.
    Builder,
    /// Leaves a process running.
    Daemon,
}

/// Which files a program touches, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// None but the system's own.
    Nothing,
    /// Those that it names.
    Operands,
    /// Those that it names, but for its first word.
    Scripted,
    /// Those that it names, and the directory that it runs in.
    Archive,
    /// The one that it fetches.
    Download,
    /// Users, groups and home directories.
    Accounts,
    /// The distribution's own; what is behind them are names.
    Named,
    /// The distribution's own, and those that they name.
    System,
}

/// What the shell itself does without starting a program. (POSIX, Shell Command Language, 2.14 and "Regular built-ins".)
const BUILTINS: &[&str] = &[
    ":", "break", "cd", "command", "continue", "echo", "export", "false", "getopts", "hash", "pwd", "read",
    "readonly", "return", "set", "shift", "test", "[", "times", "trap", "true", "type", "ulimit", "umask",
    "unalias", "unset", "wait", "local", "declare", "typeset", "shopt", "printf", "exit", "alias", "let",
    "popd", "pushd", "dirs",
];

static EMBEDDED: LazyLock<Knowledge> = LazyLock::new(|| {
    let json = include_str!(concat!(env!("OUT_DIR"), "/knowledge.json"));
    Knowledge::index(serde_json::from_str(json).expect("the build script wrote what these types read"))
});

impl Knowledge {
    /// The knowledge that this program carries.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    fn index(everything: model::Everything) -> Self {
        let model::Everything { managers, programs: known, effects, images, runtime } = everything;
        let indexed = |names: fn(&Manager) -> &Vec<String>| {
            let pairs = managers.iter().enumerate();
            pairs
                .flat_map(|(index, manager)| names(manager).iter().map(move |name| (name.clone(), index)))
                .collect()
        };
        let mut programs = HashMap::new();
        for (names, sort) in [
            (known.builders, Program::Builder),
            (known.ordinary, Program::Ordinary),
            (known.cheap, Program::Cheap),
            (known.daemons, Program::Daemon),
        ] {
            programs.extend(names.into_iter().map(|name| (name, sort)));
        }
        let mut scopes = HashMap::new();
        for (names, scope) in [
            (effects.nothing, Scope::Nothing),
            (effects.operands, Scope::Operands),
            (effects.scripted, Scope::Scripted),
            (effects.archives, Scope::Archive),
            (effects.downloads, Scope::Download),
            (effects.accounts, Scope::Accounts),
            (effects.named, Scope::Named),
            (effects.system, Scope::System),
        ] {
            scopes.extend(names.into_iter().map(|name| (name, scope)));
        }
        Self {
            scopes,
            variables: effects.variables,
            by_program: indexed(|manager| &manager.programs),
            by_module: indexed(|manager| &manager.modules),
            wrappers: known.wrappers.into_iter().map(|wrapper| (wrapper.name.clone(), wrapper)).collect(),
            programs,
            images,
            runtime,
            managers,
        }
    }

    /// The manager with this name.
    pub fn manager(&self, name: &str) -> Option<&Manager> {
        self.managers.iter().find(|manager| manager.name == name)
    }

    /// The manager that a program's name (without directory) calls; a version may follow where it is usual (`pip3.11`).
    pub fn manager_of(&self, program: &str) -> Option<&Manager> {
        if let Some(&index) = self.by_program.get(program) {
            return Some(&self.managers[index]);
        }
        let stem = unversioned(program);
        let manager = &self.managers[*self.by_program.get(stem)?];
        (stem != program && manager.versioned).then_some(manager)
    }

    /// The manager that `python -m MODULE` calls.
    pub fn manager_of_module(&self, module: &str) -> Option<&Manager> {
        self.by_module.get(module).map(|&index| &self.managers[index])
    }

    /// What sort of program this is; `None` where nothing is known of it.
    pub fn program(&self, name: &str) -> Option<Program> {
        self.programs.get(name).copied()
    }

    /// Which files a program touches; `None` where it may be any.
    pub fn scope(&self, name: &str) -> Option<Scope> {
        self.scopes.get(name).copied()
    }

    /// Whether programs that are known here read a variable of this name without being told.
    pub fn is_read_silently(&self, variable: &str) -> bool {
        self.variables.iter().any(|start| variable.starts_with(start.as_str()))
    }

    /// Whether the shell does it without starting a program.
    pub fn is_builtin(name: &str) -> bool {
        BUILTINS.contains(&name)
    }

    /// The wrapper with this name (`sudo`, `env`).
    pub fn wrapper(&self, name: &str) -> Option<&Wrapper> {
        self.wrappers.get(name)
    }

    /// The base image with this repository name; a name may end in `/*`.
    pub fn image(&self, name: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.name == name).or_else(|| {
            self.images
                .iter()
                .find(|image| image.name.strip_suffix('*').is_some_and(|prefix| name.starts_with(prefix)))
        })
    }
}

impl Manager {
    /// Whether this verb fetches or installs packages.
    pub fn installs(&self, verb: &str) -> bool {
        self.verbs.install.iter().any(|known| known == verb)
    }

    /// Whether this verb fetches the index.
    pub fn refreshes(&self, verb: &str) -> bool {
        self.verbs.refresh.iter().any(|known| known == verb)
    }

    /// Whether this verb removes packages.
    pub fn removes(&self, verb: &str) -> bool {
        self.verbs.remove.iter().any(|known| known == verb)
    }

    /// Whether this verb empties caches.
    pub fn cleans(&self, verb: &str) -> bool {
        self.verbs.clean.iter().any(|known| known == verb)
    }

    /// All verbs.
    pub fn all_verbs(&self) -> impl Iterator<Item = &str> {
        let Verbs { refresh, install, remove, clean, query } = &self.verbs;
        refresh.iter().chain(install).chain(remove).chain(clean).chain(query).map(String::as_str)
    }
}

/// A program's name without the version behind it: `python3.11` is `python`, `pip-3` is `pip`.
pub fn unversioned(program: &str) -> &str {
    program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-')
}

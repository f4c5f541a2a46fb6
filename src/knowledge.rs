//! The knowledge about package managers, ordinary programs and base images: data, typed and
//! embedded.
//!
//! The facts are YAML files in `knowledge/`, each claim with its source; `model` defines their
//! types. This module only looks them up, in tables that the build script generates. It does not
//! depend on any Dockerfile.

pub mod model;
mod table;

use std::sync::OnceLock;

use serde::de::DeserializeOwned;

use lists::programs::{BUILTINS_OF_SHELLS, WITHOUT_VERSIONS};

pub use model::{
    Act, ArgumentForm, Avoid, ByName, Cache, CommandLine, Confidence, Ecosystem, Fetch, Format, Image,
    InstallScript, Keep, Kind, Library, Manager, ManagerSetting, Mode, Mount, On, Production, Project, Prune,
    Repeated, Setting, SettingsFile, SettingsFormat, Starter, StarterFormat, Switch, Unattended, UsualSize,
    Verbs, WithoutRecommended, Wrapper,
};

include!(concat!(env!("OUT_DIR"), "/knowledge.rs"));

/// All knowledge. The entry of a manager or an image is parsed on first use: most files need two or
/// three of them.
#[derive(Debug)]
pub struct Knowledge(());

static EMBEDDED: Knowledge = Knowledge(());

/// Names, their entries as JSON, and the entries that have been parsed.
struct Parts<T, const N: usize> {
    entries: &'static [(&'static str, &'static str); N],
    read: [OnceLock<T>; N],
}

impl<T: DeserializeOwned, const N: usize> Parts<T, N> {
    const fn new(entries: &'static [(&'static str, &'static str); N]) -> Self {
        Self { entries, read: [const { OnceLock::new() }; N] }
    }

    fn get(&self, number: usize) -> &T {
        let read = || serde_json::from_str(self.entries[number].1);
        self.read[number].get_or_init(|| read().expect("the build script wrote what these types read"))
    }

    fn find(&self, wanted: &str) -> Option<&T> {
        self.entries.iter().position(|(name, _)| *name == wanted).map(|number| self.get(number))
    }

    fn all(&self) -> impl Iterator<Item = &T> {
        (0..N).map(|number| self.get(number))
    }
}

/// The values of names. All names are in one text: a pointer for each would have to be adjusted
/// when the program starts.
struct Table<T: 'static> {
    names: &'static str,
    /// Where the entries of each hash value start; as many as a power of two, and the end.
    starts: &'static [u16],
    /// For each name, its position, its length and its value.
    entries: &'static [(u16, u8, T)],
}

impl<T: Copy> Table<T> {
    fn find(&self, name: &str) -> Option<T> {
        let at = table::hash(name) as usize % (self.starts.len() - 1);
        let (start, end) = (usize::from(self.starts[at]), usize::from(self.starts[at + 1]));
        let has_name = |(at, length, _): &&(u16, u8, T)| {
            usize::from(*length) == name.len()
                && self.names.as_bytes()[usize::from(*at)..].starts_with(name.as_bytes())
        };
        self.entries[start..end].iter().find(has_name).map(|(_, _, value)| *value)
    }
}

/// The category of a program, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Takes no time, writes a few bytes, and leaves no process running.
    Cheap,
    /// Calls no system package manager and leaves no process running.
    Ordinary,
    /// Does what the project defines; by convention it does neither of the two.
    Builder,
    /// Leaves a process running.
    Daemon,
}

/// The files that a program touches, if they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// None except the system's own.
    Nothing,
    /// The files that it names.
    Operands,
    /// The files that it names, except for its first word.
    Scripted,
    /// The files that it names, and its working directory.
    Archive,
    /// The file that it downloads.
    Download,
    /// Users, groups and home directories.
    Accounts,
    /// The distribution's own; its operands are names.
    Named,
    /// The distribution's own, and the files that it names.
    System,
}

/// The tag of Docker's own frontend that a `# syntax=` line names; `None` if it names another one.
/// (Dockerfile reference, "syntax".)
pub fn frontend_release(syntax: &str) -> Option<&str> {
    let name = syntax.trim().split('@').next().unwrap_or_default();
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
    lists::images::FRONTENDS.contains(&repository).then_some(tag)
}

impl Knowledge {
    /// The knowledge that is embedded in this program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// All package managers, sorted by name.
    pub fn managers(&self) -> impl Iterator<Item = &Manager> {
        MANAGERS.all()
    }

    /// The development packages of libraries.
    pub fn libraries(&self) -> &[Library] {
        LIBRARIES.get(0)
    }

    /// The settings files that a manager reads in a project.
    pub fn settings<'k>(&'k self, manager: &'k str) -> impl Iterator<Item = &'k SettingsFile> {
        SETTINGS.get(0).iter().filter(move |file| file.managers.iter().any(|name| name == manager))
    }

    /// The files that the install script of an npm package reads; `None` if the package is unknown.
    pub fn install_script(&self, package: &str) -> Option<&InstallScript> {
        INSTALL_SCRIPTS.get(0).iter().find(|script| script.packages.iter().any(|name| name == package))
    }

    /// The manager with this name.
    pub fn manager(&self, name: &str) -> Option<&Manager> {
        MANAGERS.find(name)
    }

    /// The manager that a program's name (without directory) calls, optionally with a version
    /// suffix (`pip3.11`).
    pub fn manager_of(&self, program: &str) -> Option<&Manager> {
        if let Some(number) = MANAGER_BY_PROGRAM.find(program) {
            return Some(MANAGERS.get(usize::from(number)));
        }
        let stem = unversioned(program);
        if stem == program {
            return None;
        }
        let manager = MANAGERS.get(usize::from(MANAGER_BY_PROGRAM.find(stem)?));
        manager.versioned.then_some(manager)
    }

    /// The manager that `python -m MODULE` calls.
    pub fn manager_of_module(&self, module: &str) -> Option<&Manager> {
        MANAGER_BY_MODULE.find(module).map(|number| MANAGERS.get(usize::from(number)))
    }

    /// The category of a program; `None` if it is unknown.
    pub fn program(&self, name: &str) -> Option<Program> {
        PROGRAMS.find(name)
    }

    /// The files that a program touches; `None` if it may touch any file.
    pub fn scope(&self, name: &str) -> Option<Scope> {
        SCOPES.find(name)
    }

    /// How the arguments of a program name files, if that is known.
    pub fn command_line(&self, program: &str) -> Option<&CommandLine> {
        COMMAND_BY_PROGRAM.find(program).map(|number| COMMANDS.get(usize::from(number)))
    }

    /// All of them.
    pub fn command_lines(&self) -> impl Iterator<Item = &CommandLine> {
        COMMANDS.all()
    }

    /// Whether known programs read a variable of this name by themselves.
    pub fn is_read_silently(&self, variable: &str) -> bool {
        VARIABLES.iter().any(|start| variable.starts_with(start))
    }

    /// Whether it is one of the shell's builtins, which start no program.
    pub fn is_builtin(name: &str) -> bool {
        BUILTINS_OF_SHELLS.contains(&name)
    }

    /// Whether a file of this name is sourced for the environment that it sets.
    pub fn is_sourced(&self, name: &str) -> bool {
        SOURCED.contains(&name)
    }

    /// The programs that start other programs according to a file.
    pub fn starters(&self) -> &[Starter] {
        STARTERS.get(0)
    }

    /// The starter that a program's name calls.
    pub fn starter(&self, program: &str) -> Option<&Starter> {
        STARTER_BY_PROGRAM.find(program).map(|number| &self.starters()[usize::from(number)])
    }

    /// The wrapper with this name (`sudo`, `env`).
    pub fn wrapper(&self, name: &str) -> Option<&Wrapper> {
        WRAPPER_BY_NAME.find(name).map(|number| WRAPPERS.get(usize::from(number)))
    }

    /// The base image with this repository name.
    pub fn image(&self, name: &str) -> Option<&Image> {
        IMAGE_BY_NAME.find(name).map(|number| IMAGES.get(usize::from(number)))
    }

    /// All base images.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        IMAGES.all()
    }
}

impl Manager {
    /// Whether this verb downloads or installs packages.
    pub fn installs(&self, verb: &str) -> bool {
        self.verbs.install.iter().any(|known| known == verb)
    }

    /// Whether this verb downloads the index.
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
        let Verbs { refresh, refresh_alone: _, install, remove, clean, query } = &self.verbs;
        refresh.iter().chain(install).chain(remove).chain(clean).chain(query).map(String::as_str)
    }
}

/// A program's name without a version suffix: `python3.11` is `python`, `pip-3` is `pip`.
pub fn unversioned(program: &str) -> &str {
    // Most names have no version.
    if !program.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-')) {
        return program;
    }
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
    if WITHOUT_VERSIONS.contains(&stem) { program } else { stem }
}

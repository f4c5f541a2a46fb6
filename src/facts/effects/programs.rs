//! The effects of special programs: `cd`, `git`, package managers.
//!
//! The others are in the lists of `knowledge/effects.yaml`, which `commands` reads.

use crate::facts::commands::Invocation;
use crate::facts::effects::commands::{Install, Script, unknown};
use crate::facts::effects::{Resource, Tree};
use crate::facts::environment::User;
use crate::facts::execution::normalized;
use crate::facts::packages::Call;
use crate::facts::{Facts, paths};
use crate::knowledge::lists::directories::OF_HOMES;
use crate::knowledge::lists::files::ARCHIVES_OF_LANGUAGES;
use crate::knowledge::{Kind, Scope};
use crate::reasons::{self, Reason};
use crate::syntax::shell::{Word, base_name};

impl Script<'_, '_> {
    pub(super) fn change_directory(&mut self, invocation: &Invocation<'_>) -> Result<(), Reason> {
        let target = invocation.arguments().first().filter(|word| !word.is_option() && invocation.is("cd"));
        let path = match target {
            Some(word) => self.resolve(word)?,
            None => return Err(reasons::changes_to_unknown_directory()),
        };
        self.effects.reads.push(Resource::Entered(path));
        Ok(())
    }

    /// A program that is called by its path: the usual directories belong to the system, another
    /// `…/bin` to a separate environment.
    pub(super) fn called_by_path(&mut self, invocation: &Invocation<'_>) -> Result<(), Reason> {
        let path = self.resolve(&invocation.words[0])?;
        let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
        let environment = directory
            .strip_suffix("/bin")
            .or_else(|| directory.strip_suffix("/sbin"))
            .ok_or_else(|| unknown(invocation))?;
        self.touch(if environment.is_empty() { Tree::System } else { Tree::At(environment.to_owned()) });
        Ok(())
    }

    pub(super) fn export(&mut self, invocation: &Invocation<'_>) -> Result<(), Reason> {
        for word in invocation.arguments() {
            let (name, value) = word.raw.split_once('=').unwrap_or((&word.raw, ""));
            if self.facts.known.is_read_silently(name) {
                self.variable(self.run.item, name, value)?;
            }
        }
        Ok(())
    }

    pub(super) fn git(&mut self, invocation: &Invocation<'_>) -> Result<(), Reason> {
        let plain: Vec<&Word> = invocation.arguments().iter().filter(|word| !word.is_option()).collect();
        match plain[..] {
            [verb, address] if verb.raw == "clone" && address.raw.contains("://") => {
                let name = base_name(address.literal().ok_or_else(|| unknown(invocation))?)
                    .trim_end_matches(".git")
                    .to_owned();
                let here = self.here()?;
                self.touch(normalized(&format!("{here}/{name}")).map_or(Tree::Everything, Tree::At));
                Ok(())
            }
            [verb, address, target] if verb.raw == "clone" && address.raw.contains("://") => {
                self.word(target)
            }
            [verb, ..]
                if verb.raw == "config"
                    && invocation
                        .arguments()
                        .iter()
                        .any(|word| matches!(word.raw.as_str(), "--global" | "--system")) =>
            {
                self.touch(Tree::Homes);
                self.touch(Tree::System);
                Ok(())
            }
            _ => Err(reasons::git_may_read_directory()),
        }
    }

    /// corepack reads the project's package.json, unless its arguments name a package manager.
    pub(super) fn corepack(&mut self, invocation: &Invocation<'_>) -> Result<(), Reason> {
        let plain: Vec<&str> = invocation
            .arguments()
            .iter()
            .filter(|word| !word.is_option())
            .map(|word| word.raw.as_str())
            .collect();
        if !matches!(plain[..], ["enable", ..] | ["prepare" | "use" | "install", _, ..]) {
            return Err(reasons::corepack_may_read_directory());
        }
        self.touch(Tree::System);
        self.touch(Tree::Homes);
        Ok(())
    }

    pub(super) fn manager(&mut self, at: usize, invocation: &Invocation<'_>) -> Result<(), Reason> {
        let run = self.run;
        let call = &run.calls[at];
        match call.manager.kind {
            // Packages add accounts; they change no existing ones. (Debian Policy 9.2.1.)
            Kind::System => {
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.paths_among(invocation.arguments())
            }
            Kind::Language | Kind::Build => {
                // The owner of the dotfiles and environments must be known.
                if run.user == User::Unknown && self.facts.root_image(run.stage).is_none() {
                    return Err(reasons::unknown_user_of_manager(&call.manager.name));
                }
                if matches!(run.user, User::Other(_)) && self.facts.has_homes_elsewhere() {
                    return Err(reasons::unknown_home_of_manager(&call.manager.name));
                }
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.language(at, call, invocation)
            }
        }
    }

    pub(super) fn language(
        &mut self,
        at: usize,
        call: &Call<'_>,
        invocation: &Invocation<'_>,
    ) -> Result<(), Reason> {
        let known = call.manager.by_name.as_ref();
        let by_name = known.is_some_and(|known| {
            // `python -m` may load a module from the working directory.
            let as_module = invocation.words.iter().any(|word| word.raw == "-m")
                || invocation.simple.words.iter().any(|word| word.raw == "-m");
            let has = |options: &[String]| {
                call.options.iter().any(|word| options.iter().any(|name| word.raw.starts_with(name)))
            };
            let is_needed = known.needs_option.is_empty()
                || call
                    .options
                    .iter()
                    .any(|word| known.needs_option.iter().any(|option| word.raw == *option));
            !as_module
                && known.verbs.contains(&call.verb)
                && is_needed
                && !call.packages.is_empty()
                && call.packages.iter().all(|word| is_package(word))
                && !has(&known.unless_option)
                && (!known.reads_files || self.paths_among(invocation.arguments()).is_ok())
        });
        let cleans = call.manager.cleans(&call.verb)
            && (!call.manager.cleans_project || is_cleanup_of_cache(call, invocation));
        if by_name || cleans || known.is_some_and(|known| known.other_verbs.contains(&call.verb)) {
            return Ok(());
        }
        if call.manager.installs(&call.verb) {
            let directory = self.run.states.directory(self.index).known().map(str::to_owned);
            self.effects.installs.push(Install { call: at, directory });
            return Ok(());
        }
        Err(reasons::may_read_directory(invocation.program.unwrap_or_default(), &call.verb))
    }
}

impl Facts<'_> {
    /// Whether a script of the file gives a user an unusual home directory.
    fn has_homes_elsewhere(&self) -> bool {
        let usual = |path: &str| OF_HOMES.iter().any(|start| paths::within(path, start));
        let accounts = |invocation: &&Invocation<'_>| {
            invocation.program.is_some_and(|name| self.known.scope(name) == Some(Scope::Accounts))
        };
        let invocations = self.runs.iter().flat_map(|run| &run.invocations).filter(accounts);
        invocations.flat_map(Invocation::arguments).any(|word| {
            let path = word.raw.split('=').next_back().unwrap_or_default().trim_matches(['"', '\'']);
            path.contains('/') && !usual(path) || path.starts_with('$')
        })
    }
}

/// Whether a call is word for word the one that empties a cache of its package manager.
fn is_cleanup_of_cache(call: &Call<'_>, invocation: &Invocation<'_>) -> bool {
    let words = || invocation.words.iter().map(|word| word.raw.as_str());
    let mut texts = call.manager.caches.iter().map(|cache| &cache.clean);
    texts.any(|text| text.split(' ').eq(words()))
}

/// A package's name, perhaps with version and extras, that no package manager reads as a file:
/// `flask==3.0`, `@scope/x@1`, `git+https://…`.
fn is_package(word: &Word) -> bool {
    let Some(text) = word.literal() else { return false };
    let archive = ARCHIVES_OF_LANGUAGES.iter().any(|ending| text.ends_with(ending));
    let local = text.starts_with(['.', '/', '~']) || text.starts_with("file:") || text.starts_with("link:");
    let scoped = text.starts_with('@') && text.matches('/').count() == 1;
    !local && (text.contains("://") || !archive && (scoped || !text.contains('/')))
}

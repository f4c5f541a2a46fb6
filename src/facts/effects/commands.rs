//! What the script of a RUN reads and writes, command by command.
//!
//! Every program that runs reads itself and its libraries, its user's dotfiles and all variables; that is the start. What a
//! known program touches beyond that stands in `knowledge/effects.yaml` and follows from the manager's kind. One
//! command of which nothing is known makes the whole RUN a barrier.

use crate::facts::commands::Invocation;
use crate::facts::effects::{Effects, Resource, Tree};
use crate::facts::environment::User;
use crate::facts::expand::tidy;
use crate::facts::packages::Call;
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::{Kind, Scope};
use crate::syntax::Body;
use crate::syntax::shell::{CommandKind, Word, base_name};

/// A package manager's call that installs what a project's manifests say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Which of the RUN's calls it is.
    pub call: usize,
    /// The directory that it runs in, where that is known.
    pub directory: Option<String>,
}

/// The effects of a RUN whose script is understood; of its first and-or list up to a pipeline, where `until` says so.
pub(super) fn of_run(facts: &Facts<'_>, run: &RunFacts<'_>, until: Option<usize>) -> Effects {
    let mut script = Script {
        facts,
        run,
        effects: Effects::default(),
        directory: facts.directory_at(run.item),
        own_variables: Vec::new(),
    };
    match script.follow(until) {
        Ok(()) => script.effects,
        Err(because) => Effects::everything(because),
    }
}

struct Script<'f, 'a> {
    facts: &'f Facts<'a>,
    run: &'f RunFacts<'a>,
    effects: Effects,
    /// The directory in force at the command; none where it is not known.
    directory: Option<String>,
    /// The variables that the script itself sets somewhere.
    own_variables: Vec<String>,
}

/// Builtins that set variables.
const SETTERS: &[&str] = &["export", "read", "readonly", "local", "declare", "typeset", "getopts", "unset"];

impl Script<'_, '_> {
    fn follow(&mut self, until: Option<usize>) -> Result<(), String> {
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
        let moves_elsewhere =
            self.run.invocations.iter().any(|one| changes_directory(one) && !one.place.own_shell);
        let is_meant = |one: &Invocation<'_>| {
            until.is_none_or(|until| one.place.statement == 0 && one.place.pipeline < until)
        };
        for (index, one) in self.run.invocations.iter().enumerate().filter(|(_, one)| is_meant(one)) {
            let before = self.directory.clone();
            if !one.place.own_shell && moves_elsewhere {
                self.directory = None;
            }
            self.command(index, one)?;
            if !changes_directory(one) || !one.place.own_shell {
                self.directory = before;
            }
        }
        Ok(())
    }

    /// What stands around the script: mounts, and variables that send programs elsewhere.
    fn surroundings(&mut self) -> Result<(), String> {
        for mount in &self.run.mounts {
            let target = mount.target.as_deref().and_then(|target| self.facts.path_at(self.run.item, target));
            self.touch(target.map_or(Tree::Everything, Tree::At));
        }
        let mut seen = Vec::new();
        for (item, instruction) in self.facts.before(self.run.item) {
            let (Body::Env(all) | Body::Arg(all)) = &instruction.body else { continue };
            for one in all.iter().rev() {
                if !self.facts.known.is_read_silently(&one.key) || seen.contains(&one.key.as_str()) {
                    continue;
                }
                seen.push(&one.key);
                self.variable(item, &one.key, one.value.as_deref().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// What stands in loops and tests themselves; a function could bear any program's name.
    fn compound_commands(&mut self) -> Result<(), String> {
        let mut compound = Vec::new();
        if let Some(script) = self.run.script() {
            script.list.walk(&mut |command| compound.push(command));
        }
        for command in compound {
            match &command.kind {
                CommandKind::Function(name, _) => return Err(format!("a RUN defines a function `{name}`")),
                CommandKind::Test(_) => return Err("a RUN tests something by `[[` or `((`".into()),
                CommandKind::Branching(branching) => {
                    for word in branching.words.iter().filter(|word| word.raw.contains(['/', '*', '?', '[']))
                    {
                        self.word(word)?;
                    }
                    self.own_variables.extend(branching.variable.clone());
                    if branching.counts {
                        return Err("a RUN counts by `for ((`".into());
                    }
                }
                _ => {}
            }
            self.own_variables.extend(
                command
                    .simple()
                    .into_iter()
                    .flat_map(|simple| &simple.assignments)
                    .map(|one| one.name.clone()),
            );
        }
        for one in self.run.invocations.iter().filter(|one| SETTERS.iter().any(|name| one.is(name))) {
            let names =
                one.arguments().iter().map(|word| word.raw.split('=').next().unwrap_or_default().to_owned());
            self.own_variables.extend(names);
        }
        Ok(())
    }

    fn variable(&mut self, item: usize, name: &str, value: &str) -> Result<(), String> {
        for part in value.trim_matches(['"', '\'']).split([':', '=', ',', ';', ' ']) {
            if part == format!("${name}") || part == format!("${{{name}}}") || !part.contains(['/', '$']) {
                continue;
            }
            let path =
                self.facts.expanded(item, part).filter(|path| !path.contains('/') || path.starts_with('/'));
            let path = path.ok_or_else(|| format!("where {name} sends programs can't be told"))?;
            // What follows the colon of an address is no path.
            if path.starts_with('/') && !path.starts_with("//") {
                let tree = tidy(&path).ok_or_else(|| format!("where {name} sends programs can't be told"))?;
                self.touch(Tree::At(tree.strip_suffix("/bin").map_or(tree.clone(), str::to_owned)));
            }
        }
        Ok(())
    }

    fn command(&mut self, index: usize, one: &Invocation<'_>) -> Result<(), String> {
        for redirect in &one.command.redirects {
            if let Some(target) = redirect
                .target
                .as_ref()
                .filter(|target| target.raw.parse::<u32>().is_err() && target.raw != "-")
            {
                self.word(target)?;
            }
        }
        for assignment in &one.simple.assignments {
            if self.facts.known.is_read_silently(&assignment.name) {
                let value = assignment.value.as_ref().map(|word| word.raw.clone()).unwrap_or_default();
                self.variable(self.run.item, &assignment.name, &value)?;
            }
        }
        if one.words.is_empty() {
            return Ok(());
        }
        if one.repeated {
            return Err("`xargs` hands on what it reads".into());
        }
        let program = one.program.ok_or_else(|| unknown(one))?;
        if changes_directory(one) {
            return self.change_directory(one);
        }
        if one.words[0].raw.contains('/') {
            self.called_by_path(one)?;
        }
        if let Some(at) = self.run.calls.iter().position(|call| call.invocation == index) {
            return self.manager(at, one);
        }
        if matches!(program, "export" | "readonly") {
            return self.export(one);
        }
        match program {
            "git" => return self.git(one),
            "corepack" => return self.corepack(one),
            _ => {}
        }
        match self.facts.known.scope(program).ok_or_else(|| unknown(one))? {
            Scope::Nothing => Ok(()),
            Scope::Operands => {
                if one
                    .arguments()
                    .iter()
                    .any(|word| ["-exec", "-ok", "-fprint"].iter().any(|start| word.raw.starts_with(start)))
                {
                    return Err(format!("{program} runs other programs"));
                }
                // Without an operand these look at where they are.
                if ["find", "ls", "du"].contains(&program)
                    && one.arguments().first().is_none_or(Word::is_option)
                {
                    let here = self.here()?;
                    self.touch(Tree::At(here));
                }
                self.operands(one.arguments())
            }
            Scope::Scripted => {
                let given = one.arguments().iter().any(|word| {
                    word.raw.starts_with("--") || word.is_option() && word.raw.contains(['e', 'f'])
                });
                let first = one.arguments().iter().position(|word| !word.is_option());
                let skip = first.filter(|_| !given).map_or(0, |at| at + 1);
                self.operands(&one.arguments()[skip..])
            }
            Scope::Archive => {
                let here = self.here()?;
                self.touch(Tree::At(here));
                self.operands(one.arguments())
            }
            Scope::Download => self.download(one),
            Scope::Accounts => {
                self.effects.writes.push(Resource::Accounts);
                self.touch(Tree::System);
                self.touch(Tree::At("/home".into()));
                self.paths_among(one.arguments())
            }
            Scope::Named => {
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.paths_among(one.arguments())
            }
            Scope::System => {
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.operands(one.arguments())
            }
        }
    }

    fn change_directory(&mut self, one: &Invocation<'_>) -> Result<(), String> {
        let target = one.arguments().first().filter(|word| !word.is_option() && one.is("cd"));
        let path = match target {
            Some(word) => self.resolve(word)?,
            None => return Err("the script changes to a directory that nobody can tell".into()),
        };
        self.effects.reads.push(Resource::Entered(path.clone()));
        // Whether one that may not run has run is not known.
        self.directory = (one.place.certain && one.place.own_shell).then_some(path);
        Ok(())
    }

    /// A program that is called by its path: the usual places belong to the system, `…/bin` to an environment of its own.
    fn called_by_path(&mut self, one: &Invocation<'_>) -> Result<(), String> {
        let path = self.resolve(&one.words[0])?;
        let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
        let environment = directory
            .strip_suffix("/bin")
            .or_else(|| directory.strip_suffix("/sbin"))
            .ok_or_else(|| unknown(one))?;
        self.touch(if environment.is_empty() { Tree::System } else { Tree::At(environment.to_owned()) });
        Ok(())
    }

    fn export(&mut self, one: &Invocation<'_>) -> Result<(), String> {
        for word in one.arguments() {
            let (name, value) = word.raw.split_once('=').unwrap_or((&word.raw, ""));
            if self.facts.known.is_read_silently(name) {
                self.variable(self.run.item, name, value)?;
            }
        }
        Ok(())
    }

    fn git(&mut self, one: &Invocation<'_>) -> Result<(), String> {
        let plain: Vec<&Word> = one.arguments().iter().filter(|word| !word.is_option()).collect();
        match plain[..] {
            [verb, address] if verb.raw == "clone" && address.raw.contains("://") => {
                let name = base_name(address.literal().ok_or_else(|| unknown(one))?)
                    .trim_end_matches(".git")
                    .to_owned();
                let here = self.here()?;
                self.touch(tidy(&format!("{here}/{name}")).map_or(Tree::Everything, Tree::At));
                Ok(())
            }
            [verb, address, target] if verb.raw == "clone" && address.raw.contains("://") => {
                self.word(target)
            }
            [verb, ..]
                if verb.raw == "config"
                    && one
                        .arguments()
                        .iter()
                        .any(|word| matches!(word.raw.as_str(), "--global" | "--system")) =>
            {
                self.touch(Tree::Homes);
                self.touch(Tree::System);
                Ok(())
            }
            _ => Err("`git` may look at the working directory".into()),
        }
    }

    /// corepack asks the project's package.json, unless it is told what to enable.
    fn corepack(&mut self, one: &Invocation<'_>) -> Result<(), String> {
        let plain: Vec<&str> =
            one.arguments().iter().filter(|word| !word.is_option()).map(|word| word.raw.as_str()).collect();
        if !matches!(plain[..], ["enable", ..] | ["prepare" | "use" | "install", _, ..]) {
            return Err("`corepack` may look at the working directory".into());
        }
        self.touch(Tree::System);
        self.touch(Tree::Homes);
        Ok(())
    }

    fn download(&mut self, one: &Invocation<'_>) -> Result<(), String> {
        let mut writes_elsewhere = false;
        for word in one.arguments() {
            let is_address = word.raw.contains("://");
            if word.raw.contains('@') && !is_address {
                return Err(format!("{} reads a file that it is told", one.words[0].raw));
            }
            if word.raw == "-o"
                || word.raw == "--output"
                || one.is("wget") && word.raw.starts_with("-O")
                || word.raw.starts_with("--output-document")
            {
                writes_elsewhere = true;
            }
            if !is_address && !word.is_option() {
                self.word(word)?;
            } else if !is_address && word.raw.contains('/') {
                self.option(word)?;
            }
        }
        let piped_or_named = writes_elsewhere
            || one.is("curl")
                && !one.arguments().iter().any(|word| {
                    word.raw == "--remote-name"
                        || word.is_option() && !word.raw.starts_with("--") && word.raw.contains('O')
                });
        if !piped_or_named {
            let here = self.here()?;
            self.touch(Tree::At(here));
        }
        Ok(())
    }

    fn manager(&mut self, at: usize, one: &Invocation<'_>) -> Result<(), String> {
        let run = self.run;
        let call = &run.calls[at];
        match call.manager.kind {
            // Packages add accounts of their own; they change none that is there. (Debian Policy 9.2.1.)
            Kind::System => {
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.paths_among(one.arguments())
            }
            Kind::Language | Kind::Build => {
                // Whose dotfiles and environments they are must be known.
                if run.in_force.user == User::Unknown && self.facts.root_image(run.stage).is_none() {
                    return Err(format!("the user who runs {} is not known", call.manager.name));
                }
                if matches!(run.in_force.user, User::Other(_)) && self.facts.has_homes_elsewhere() {
                    return Err(format!(
                        "where the user who runs {} is at home can't be told",
                        call.manager.name
                    ));
                }
                self.touch(Tree::System);
                self.touch(Tree::Homes);
                self.language(at, call, one)
            }
        }
    }

    fn language(&mut self, at: usize, call: &Call<'_>, one: &Invocation<'_>) -> Result<(), String> {
        let by_name = match call.manager.name.as_str() {
            "pip" => {
                let as_module = one.words.iter().any(|word| word.raw == "-m")
                    || one.simple.words.iter().any(|word| word.raw == "-m");
                !as_module
                    && call.verb == "install"
                    && call.packages.iter().all(|word| is_package(word))
                    && !call.packages.is_empty()
                    && !call.options.iter().any(|option| {
                        [
                            "-r",
                            "-c",
                            "-e",
                            "-f",
                            "-t",
                            "--requirement",
                            "--constraint",
                            "--editable",
                            "--find-links",
                            "--target",
                            "--prefix",
                            "--root",
                            "--src",
                            "--group",
                            "--build-constraint",
                        ]
                        .iter()
                        .any(|name| option.raw.starts_with(name))
                    })
                    && self.paths_among(one.arguments()).is_ok()
            }
            "npm" if matches!(call.verb.as_str(), "install" | "i" | "add") => {
                let global =
                    call.options.iter().any(|option| matches!(option.raw.as_str(), "-g" | "--global"));
                global
                    && !call.packages.is_empty()
                    && call.packages.iter().all(|word| is_package(word))
                    && !has_directory_option(call)
            }
            _ => false,
        };
        let cleans = call.manager.cleans(&call.verb)
            && !matches!(call.manager.name.as_str(), "go" | "cargo" | "maven" | "gradle" | "mix" | "dotnet");
        if by_name
            || cleans
            || call.manager.name == "pip" && matches!(call.verb.as_str(), "uninstall" | "config")
        {
            return Ok(());
        }
        if call.manager.installs(&call.verb) {
            let directory = self.directory.clone();
            self.effects.installs.push(Install { call: at, directory });
            return Ok(());
        }
        Err(format!("`{} {}` may look at the working directory", one.program.unwrap_or_default(), call.verb))
    }

    fn here(&self) -> Result<String, String> {
        self.directory.clone().ok_or_else(|| "the directory that a command runs in is not known".into())
    }

    fn operands(&mut self, words: &[Word]) -> Result<(), String> {
        for word in words {
            if word.is_option() {
                self.option(word)?;
            } else {
                self.word(word)?;
            }
        }
        Ok(())
    }

    /// Only the words that are plainly paths: others are names of packages, users or settings.
    fn paths_among(&mut self, words: &[Word]) -> Result<(), String> {
        for word in words {
            let raw = word.raw.trim_matches(['"', '\'']);
            let is_file = [".deb", ".rpm", ".apk", ".whl", ".zip", ".gz", ".tgz", ".zst", ".xz", ".tar"]
                .iter()
                .any(|ending| raw.ends_with(ending));
            if raw.contains("://") {
                continue;
            }
            if word.is_option() {
                self.option(word)?;
            } else if raw.contains('/')
                || is_file
                || raw.starts_with(['~', '*', '$', '`'])
                || matches!(raw, "." | "..")
            {
                self.word(word)?;
            }
        }
        Ok(())
    }

    /// `--key=/path` names a path, `--key` and `-rf` do not.
    fn option(&mut self, word: &Word) -> Result<(), String> {
        let Some(at) = word.raw.find('/') else { return Ok(()) };
        if word.raw.contains("://") {
            return Ok(());
        }
        let start = word.raw[..at].rfind(['=', ':', ',']).map_or(at, |before| before + 1);
        let path = word.raw[start..].trim_matches(['"', '\'']).to_owned();
        let tree = self.absolute(&path)?;
        self.touch(Tree::At(tree));
        Ok(())
    }

    fn word(&mut self, word: &Word) -> Result<(), String> {
        let path = self.resolve(word)?;
        if !path.starts_with("/dev/") {
            self.touch(Tree::At(path));
        }
        Ok(())
    }

    /// The absolute path of a word; that of the directory which a pattern is in.
    fn resolve(&self, word: &Word) -> Result<String, String> {
        match word.literal() {
            Some(literal) => self.absolute(literal),
            None => self.absolute(&word.raw),
        }
        .map_err(|_| format!("where `{}` is can't be told", word.raw))
    }

    fn absolute(&self, path: &str) -> Result<String, String> {
        let path = path.trim_matches(['"', '\'']);
        let plain = match path.find(['*', '?', '[', '{']) {
            Some(at) if !path[..at].contains('$') => path[..at]
                .rsplit_once('/')
                .map_or(".", |(directory, _)| if directory.is_empty() { "/" } else { directory }),
            _ => path,
        };
        let because = || format!("where `{path}` is can't be told");
        if plain.starts_with('~') || self.sets_variable_of(plain) {
            return Err(because());
        }
        let known = self.facts.expanded(self.run.item, plain).ok_or_else(because)?;
        if known.starts_with('/') {
            return tidy(&known).ok_or_else(because);
        }
        let here = self.directory.as_deref().ok_or_else(because)?;
        tidy(&format!("{here}/{known}")).ok_or_else(because)
    }

    /// Whether the script itself sets a variable that a text uses.
    fn sets_variable_of(&self, text: &str) -> bool {
        text.contains('$') && self.own_variables.iter().any(|name| text.contains(name.as_str()))
    }

    fn touch(&mut self, tree: Tree) {
        self.effects.reads.push(Resource::Files(tree.clone()));
        self.effects.writes.push(Resource::Files(tree));
    }
}

impl Facts<'_> {
    /// Whether some script of the file gives a user a home directory that is not among the usual ones.
    fn has_homes_elsewhere(&self) -> bool {
        let usual = |path: &str| {
            ["/home", "/root", "/var", "/bin", "/sbin", "/usr", "/nonexistent", "/dev"]
                .iter()
                .any(|start| paths::within(path, start))
        };
        let accounts = |one: &&Invocation<'_>| {
            one.program.is_some_and(|name| self.known.scope(name) == Some(Scope::Accounts))
        };
        let invocations = self.runs.iter().flat_map(|run| &run.invocations).filter(accounts);
        invocations.flat_map(Invocation::arguments).any(|word| {
            let path = word.raw.split('=').next_back().unwrap_or_default().trim_matches(['"', '\'']);
            path.contains('/') && !usual(path) || path.starts_with('$')
        })
    }
}

fn changes_directory(one: &Invocation<'_>) -> bool {
    one.is("cd") || one.is("pushd") || one.is("popd")
}

fn unknown(one: &Invocation<'_>) -> String {
    format!("a RUN calls {}, which may use any file", one.words.first().map_or("something", |word| &word.raw))
}

/// A package's name, perhaps with version and extras, that no package manager takes for a file: `flask==3.0`, `@scope/x@1`,
/// `git+https://…`.
fn is_package(word: &Word) -> bool {
    let Some(text) = word.literal() else { return false };
    let archive =
        [".whl", ".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar"].iter().any(|ending| text.ends_with(ending));
    let local = text.starts_with(['.', '/', '~']) || text.starts_with("file:") || text.starts_with("link:");
    let scoped = text.starts_with('@') && text.matches('/').count() == 1;
    !local && (text.contains("://") || !archive && (scoped || !text.contains('/')))
}

fn has_directory_option(call: &Call<'_>) -> bool {
    call.options.iter().any(|option| {
        ["--prefix", "-C", "--dir", "--cwd", "--userconfig", "--globalconfig"]
            .iter()
            .any(|name| option.raw.starts_with(name))
    })
}

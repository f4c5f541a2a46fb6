//! Whether anything after a RUN depends on files that a cleanup would remove: in this stage, in
//! stages built from it, or in the running image.

use crate::facts::caches::is_mounted;
use crate::facts::commands::{Elevation, Invocation, Place};
use crate::facts::environment::User;
use crate::facts::execution::{ScriptStates, Workdir};
use crate::facts::known_uses::Answer;
use crate::facts::packages::{self, Call};
use crate::facts::sources;
use crate::facts::started::{Started, What};
use crate::facts::traced::{At, is_script_name};
use crate::facts::{FURTHEST, Facts, RunFacts, paths, stage};
use crate::knowledge::lists::messages::{OTHER_INSTALLATIONS, PARTS_THAT_TELL_OF_PACKAGES};
use crate::knowledge::lists::programs::EVALUATING;
use crate::knowledge::{Cache, Kind, Knowledge, Manager, Program, unversioned};
use crate::reasons::{self, Reason};
use crate::syntax::shell::{Word, base_name};
use crate::syntax::{Body, Instruction, Item, Keyword, Run};

/// The files that would be removed, and their known readers.
#[derive(Debug, Clone, Copy)]
pub struct Removal<'a> {
    /// The directories.
    pub directories: &'a [String],
    /// The manager they belong to.
    pub manager: &'a Manager,
    /// Its verbs that fail without them.
    pub verbs: &'a [String],
    /// Options with which those verbs download them again.
    pub refreshing: &'a [String],
    /// Other programs that read them.
    pub programs: &'a [String],
}

impl<'a> Removal<'a> {
    /// A whole cache.
    pub fn cache(manager: &'a Manager, cache: &'a Cache) -> Self {
        Self {
            directories: &cache.directories,
            manager,
            verbs: &cache.needed_by,
            refreshing: &cache.refreshing_options,
            programs: &cache.read_by,
        }
    }
}

impl Removal<'_> {
    /// The key of a question: those with the same key have the same answer.
    fn key(&self) -> String {
        let Self { directories, manager, verbs, refreshing, programs } = self;
        let mut key = manager.name.clone();
        for part in [directories, verbs, refreshing, programs] {
            key.push('\n');
            part.iter().for_each(|text| key.extend(["\0", text]));
        }
        key
    }
}

/// Whether to continue the search in a stage.
enum Next {
    Stop,
    On,
}

impl Facts<'_> {
    /// Finds something after `run` that depends on the removed files.
    pub fn later_use_of(&self, run: &RunFacts<'_>, removal: Removal<'_>) -> Option<Reason> {
        self.configuration_use_of(removal).or_else(|| self.use_after(run.stage, run.item + 1, removal))
    }

    /// Whether a command that the image runs depends on it. The instructions may be before the RUN,
    /// or in another stage.
    pub(crate) fn configuration_use_of(&self, removal: Removal<'_>) -> Option<Reason> {
        let started = self.started().iter().find_map(|script| {
            let end = self.stages[script.stage].items.end;
            let at = At { stage: script.stage, end };
            let user = self.user_after(at);
            self.use_in_script(script, at, &user, Phase::Image, removal)
        });
        started.or_else(|| self.trigger_use_of(removal)).or_else(|| self.source_use_of(removal))
    }

    /// Whether a source in the build context calls the package manager of the system. The caches of
    /// others are filled again.
    fn source_use_of(&self, removal: Removal<'_>) -> Option<Reason> {
        if removal.manager.kind != Kind::System {
            return None;
        }
        let found = || {
            let programs = || removal.manager.programs.iter().chain(removal.programs);
            let calls = |text: &str| programs().any(|program| sources::calls(text, program));
            self.source_that(calls).map(str::to_owned)
        };
        let mut known = self.kept.source_calls.borrow_mut();
        let source = known.entry(removal.key()).or_insert_with(found).as_ref()?;
        Some(reasons::source_may_read(source, &removal.manager.name))
    }

    fn trigger_use_of(&self, removal: Removal<'_>) -> Option<Reason> {
        let programs = || removal.manager.programs.iter().map(String::as_str);
        self.triggers.iter().find_map(|instruction| match &instruction.body {
            Body::Onbuild(Keyword::Run, _) if removal.manager.kind == Kind::System => {
                Some(reasons::onbuild_trigger())
            }
            Body::Onbuild(_, text) => {
                let named = programs().any(|program| text.contains(program))
                    || removal.directories.iter().any(|directory| paths::names(text, directory));
                named.then(reasons::onbuild_trigger)
            }
            _ => None,
        })
    }

    /// Whether a script that an image or a RUN starts depends on it.
    fn use_in_script(
        &self,
        started: &Started,
        at: At,
        user: &User,
        phase: Phase,
        removal: Removal<'_>,
    ) -> Option<Reason> {
        let Started { who, what, .. } = started;
        let starter = match phase {
            Phase::Image if started.is_inline && names_itself(who) => who.clone(),
            Phase::Image => format!("{who}, which the image starts,"),
            Phase::Build if who == "RUN" => "a later RUN".to_owned(),
            Phase::Build => format!("{who}, which a later RUN starts,"),
        };
        // By convention, make's recipes install no system packages, unless their text shows
        // otherwise.
        let phase = if started.is_recipe { Phase::Image } else { phase };
        let is_powerless = matches!(user, User::Other(_)) && !self.file.text.contains("sudo");
        // Only commands that work offline need a download cache.
        let may_need = || match removal.manager.kind {
            Kind::System => !is_powerless,
            Kind::Language | Kind::Build => self.offline_at(at, removal).is_some(),
        };
        match what {
            What::Script { script, text, resolved } => {
                let (invocations, states) = self.invocations_of(script, at, &Workdir::Unknown);
                let script = (&invocations[..], &states);
                let calls = packages::calls(&invocations, self.known);
                let list = Commands { at, user, phase, script, calls: &calls, resolved };
                let names = phase == Phase::Image && names_itself(who);
                let named =
                    names.then(|| removal.directories.iter().find(|directory| paths::names(text, directory)));
                match named.flatten() {
                    Some(directory) => Some(reasons::start_names_directory(&starter, directory)),
                    None => self.use_in_commands(&list, 0, removal).err().map(|reason| reason.after(starter)),
                }
            }
            What::Text(text) => {
                let words: Vec<&str> =
                    text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).collect();
                let has = |name: &String| words.contains(&name.as_str());
                let calls = removal.manager.programs.iter().any(has) && removal.verbs.iter().any(has);
                let named = removal.directories.iter().any(|directory| paths::names(text, directory));
                (calls || named || removal.programs.iter().any(has))
                    .then(|| reasons::start_may_read(&starter))
            }
            // A program that a RUN starts is one of the RUN's unreadable commands, and is counted
            // there.
            What::Unparsed(_) | What::Unknown(_) | What::NoContext { .. } if phase == Phase::Build => None,
            What::Unparsed(text) => {
                (may_need() && seems_to_read(text, removal)).then(|| reasons::start_unparsed(&starter))
            }
            What::Unknown(reason) => may_need().then(|| reasons::start_unreadable(&starter, reason)),
            What::NoContext { tells } => {
                (*tells && may_need()).then(|| reasons::start_without_context(&starter))
            }
        }
    }

    /// The reason why the manager works offline at a place.
    fn offline_at(&self, at: At, removal: Removal<'_>) -> Option<String> {
        self.mode_at(removal.manager.offline.as_ref()?, at, removal.manager)
    }

    /// The current user at a place.
    fn user_after(&self, at: At) -> User {
        self.states.after(at.end.saturating_sub(1)).map_or(User::Unknown, |state| state.user.clone())
    }

    fn use_after(&self, stage: usize, from: usize, removal: Removal<'_>) -> Option<Reason> {
        let key = removal.key();
        if let Some(Answer(answer)) = self.known_uses.answer(&key, stage, from) {
            return answer;
        }
        // Later stages first: their answers are then known, and a chain of stages does not recurse
        // once per stage.
        if self.known_uses.is_new(&key) && self.stages.len() > FURTHEST {
            for other in self.stages[stage + 1..].iter().rev() {
                self.use_after(other.index, other.items.start + 1, removal);
            }
        }
        let Some(_deeper) = self.known_uses.deeper() else {
            return Some(reasons::too_many_stages());
        };
        let (at, answer) = self.find_use_after(stage, from, removal);
        self.known_uses.keep(key, stage, from..=at, answer.clone());
        answer
    }

    /// The answer, and the item that decides it: from each place up to that item, the answer is the
    /// same.
    fn find_use_after(&self, stage: usize, from: usize, removal: Removal<'_>) -> (usize, Option<Reason>) {
        let end = self.stages[stage].items.end;
        for index in from..end {
            let Item::Instruction(instruction) = &self.file.items[index] else { continue };
            match self.use_in_instruction(index, instruction, removal) {
                Ok(Next::On) => {}
                Ok(Next::Stop) => return (index, self.copy_use_of(stage, removal)),
                Err(reason) => return (index, Some(reason.seen_at(instruction.text))),
            }
        }
        for &other in self.lineage.derived(stage) {
            let start = self.stages[other].items.start;
            if let Some(reason) = self.use_after(other, start + 1, removal) {
                return (end, Some(reason));
            }
        }
        (end, self.copy_use_of(stage, removal))
    }

    /// Whether a stage copies exactly these files from this one.
    pub(crate) fn copy_use_of(&self, stage: usize, removal: Removal<'_>) -> Option<Reason> {
        self.copied_from[stage].iter().find_map(|&copied| {
            let stage::Copied { user, item, path, shown, .. } = &self.copies[copied];
            let rooted = |path: &String| format!("/{}", path.trim_start_matches('/'));
            let taken = |path: &str| {
                removal.directories.iter().any(|directory| {
                    let (own, directory) = (paths::normal(path), paths::normal(directory));
                    paths::names(path, &directory) || paths::is_private_parent(&own, &directory)
                })
            };
            let Some(path) = path.as_ref().map(rooted) else {
                let shown = shown.as_ref().map(rooted)?;
                let around =
                    |directory: &String| paths::within(&paths::normal(directory), &paths::normal(&shown));
                let Item::Instruction(instruction) = &self.file.items[*item] else { return None };
                let named = || {
                    removal
                        .directories
                        .iter()
                        .any(|directory| paths::names(instruction.arguments(), directory))
                };
                return if taken(&shown) {
                    Some(reasons::mounted_later(&shown))
                } else {
                    (removal.directories.iter().any(around) && named()).then(reasons::stage_mounted_later)
                };
            };
            if taken(&path) {
                return Some(reasons::copied_later(&path).seen_at(self.file.items[*item].span()));
            }
            // If a stage copies a parent directory, its later instructions may read the files.
            let around = |directory: &String| {
                let own = paths::normal(&path);
                own.is_empty() || paths::within(&paths::normal(directory), &own)
            };
            let follows = *user != stage && removal.directories.iter().any(around);
            follows.then(|| self.use_after(*user, item + 1, removal)).flatten()
        })
    }

    fn use_in_instruction(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        removal: Removal<'_>,
    ) -> Result<Next, Reason> {
        let names = |text: &str| removal.directories.iter().any(|directory| paths::names(text, directory));
        match &instruction.body {
            Body::Run(run) => {
                let at = self.runs.binary_search_by_key(&item, |run| run.item);
                let facts = &self.runs[at.expect("every RUN within a stage has facts")];
                match run {
                    Run::Shell(_) | Run::Heredoc(_) | Run::Exec(_) => self.use_in_run(facts, removal),
                    Run::Opaque(_) if self.is_read_on_its_own(facts) => self.use_in_run(facts, removal),
                    Run::Opaque(_) if removal.manager.kind != Kind::System => {
                        // A download cache is not missed by commands that neither name it nor work
                        // offline.
                        let text = instruction.full.of(self.file.text);
                        let modes = || removal.manager.offline.iter();
                        let mut options =
                            modes().flat_map(|mode| &mode.options).filter(|option| option.starts_with("--"));
                        let mut variables = modes().flat_map(|mode| &mode.variables);
                        if names(text)
                            || options.any(|option| text.contains(option))
                            || variables.any(|switch| text.contains(&switch.name))
                        {
                            return Err(reasons::unreadable_run_names_files());
                        }
                        self.use_without_network(facts, removal).map_or(Ok(Next::On), Err)
                    }
                    Run::Opaque(opaque) => Err(reasons::unreadable_later_run(opaque.reason())),
                }
            }
            Body::Env(all) if all.iter().any(|assignment| assignment.value.as_deref().is_some_and(names)) => {
                Err(reasons::env_names_files())
            }
            Body::Volume(all) if all.iter().any(|path| names(path)) => Err(reasons::volume_names_files()),
            _ => Ok(Next::On),
        }
    }

    /// Why the commands of a RUN need what is removed; `None` if they do not.
    pub(crate) fn why_needed_by(&self, run: &RunFacts<'_>, removal: Removal<'_>) -> Option<Reason> {
        self.use_in_run(run, removal).err()
    }

    fn use_in_run(&self, run: &RunFacts<'_>, removal: Removal<'_>) -> Result<Next, Reason> {
        let (started, resolved) = self.started_by(run);
        let at = At { stage: run.stage, end: run.item };
        let user = &run.user;
        let list = Commands {
            at,
            user,
            phase: Phase::Build,
            script: run.script_states(),
            calls: &run.calls,
            resolved,
        };
        if removal.manager.kind != Kind::System {
            self.use_without_network(run, removal).map_or(Ok(()), Err)?;
        }
        match started.iter().find_map(|script| self.use_in_script(script, at, user, Phase::Build, removal)) {
            Some(reason) => Err(reason),
            // Later instructions can't see the files that a RUN downloads into a mount.
            None => match self.use_in_commands(&list, 0, removal) {
                Ok(Next::Stop) if is_mounted(run, removal.directories) => Ok(Next::On),
                found => found.map_err(|reason| reason.after("a later RUN")),
            },
        }
    }

    /// Whether everything that a RUN passes to another shell is read: its here-document names bash.
    fn is_read_on_its_own(&self, run: &RunFacts<'_>) -> bool {
        let (started, _) = self.started_by(run);
        started.iter().any(|script| script.is_inline)
            && started.iter().all(|script| matches!(script.what, What::Script { .. }))
    }

    /// Whether a RUN that has no network, or works offline by its environment, may need a download
    /// cache.
    fn use_without_network(&self, run: &RunFacts<'_>, removal: Removal<'_>) -> Option<Reason> {
        let installs = |call: &Call<'_>| reads_these(call.manager, removal) && may_read(call);
        let builds = || (0..run.invocations.len()).any(|index| self.may_build(run, index));
        if has_no_network(run) && (run.calls.iter().any(installs) || builds() || run.script().is_none()) {
            return Some(reasons::later_run_without_network());
        }
        let at = At { stage: run.stage, end: run.item };
        (builds() && self.offline_at(at, removal).is_some()).then(reasons::later_run_offline)
    }

    fn use_in_commands(
        &self,
        list: &Commands<'_>,
        from: usize,
        removal: Removal<'_>,
    ) -> Result<Next, Reason> {
        for (index, invocation) in list.script.0.iter().enumerate().skip(from) {
            let call = packages::call_of(list.calls, index);
            if let Some(call) = call.filter(|call| reads_these(call.manager, removal)) {
                let is_own = call.manager.name == removal.manager.name;
                if is_own
                    && call.manager.refreshes(&call.verb)
                    && invocation.place.is_certain()
                    && list.places_after(index).all(|place| invocation.place.precedes(place))
                {
                    return Ok(Next::Stop);
                }
                let offline = call.manager.offline.as_ref().filter(|_| may_read(call));
                let offline = offline.and_then(|mode| self.mode_of_call(mode, list.at, list.script, call));
                if let Some(offline) = offline {
                    return Err(reasons::installs_offline(&call.manager.name, &call.verb, &offline));
                }
                if is_own && call.verb.contains('$') && !removal.verbs.is_empty() {
                    return Err(reasons::may_read_cache(&call.manager.name));
                }
                if is_own
                    && removal.verbs.contains(&call.verb)
                    && !call.has_option(removal.refreshing)
                    && !list.refreshed(index)
                {
                    if call.manager.cleans(&call.verb) {
                        if list.installed_before(index) {
                            continue;
                        }
                        let (name, verb) = (invocation.program.unwrap_or_default(), &call.verb);
                        return Err(reasons::cleans_empty_cache(name, verb));
                    }
                    return Err(reasons::reads_index(invocation.program.unwrap_or_default(), &call.verb));
                }
                continue;
            }
            if invocation
                .program
                .is_some_and(|program| removal.programs.iter().any(|reader| reader == program))
            {
                return Err(reasons::reader_called(invocation.program.unwrap_or_default()));
            }
            if removal.manager.kind == Kind::System
                && invocation.is_forced_removal()
                && invocation.names_any(removal.directories)
                && invocation.elevation == Elevation::None
                && matches!(list.user, User::Other(_))
            {
                return Err(reasons::unprivileged_removal());
            }
            if invocation.notices(removal.directories) {
                return Err(reasons::later_command_names_files());
            }
            if call.is_none() && self.is_wrapped_call(invocation, removal) {
                return Err(reasons::may_read_cache(&removal.manager.name));
            }
            if list.phase == Phase::Build
                && removal.manager.kind == Kind::System
                && !list.resolved.contains(&index)
                && !refreshes_index(invocation, removal.manager)
                && (!call.is_some_and(is_known_call) || invocation.is_unreadable(self.known))
                && self.may_call(invocation, list.user)
            {
                return Err(reasons::unreadable_program(
                    invocation.words.first().map_or("a script", |word| &word.raw),
                ));
            }
        }
        Ok(Next::On)
    }

    /// A command of the same RUN, after one of its invocations, that may use the files through
    /// another program: `exec uv pip install --offline`.
    pub(crate) fn wrapped_call_after(
        &self,
        run: &RunFacts<'_>,
        first: usize,
        removal: Removal<'_>,
    ) -> Option<Reason> {
        let mut rest = (first + 1..run.invocations.len()).filter(|&index| run.call_of(index).is_none());
        rest.any(|index| self.is_wrapped_call(&run.invocations[index], removal))
            .then(|| reasons::wrapped_call(&removal.manager.name))
    }

    /// Whether an unknown program gets a command of the manager as arguments: `xvfb-run apt-get
    /// install`, `$SUDO apt-get install`, `$APT install`; or an offline option, which it may pass
    /// on.
    fn is_wrapped_call(&self, invocation: &Invocation<'_>, removal: Removal<'_>) -> bool {
        let program = invocation.program.unwrap_or_default();
        let sort = self.known.program(program);
        // `exec` runs the command that it names.
        let is_harmless =
            matches!(sort, Some(Program::Cheap | Program::Ordinary)) || Knowledge::is_builtin(program);
        if is_harmless && program != "exec" {
            return false;
        }
        let offline = |word: &Word| {
            let options = removal.manager.offline.iter().flat_map(|mode| &mode.options);
            let mut long = options.filter(|option| option.starts_with("--") && option.contains("offline"));
            long.any(|option| word.text() == option)
        };
        let is_manager =
            |word: &Word| removal.manager.programs.iter().any(|program| base_name(word.text()) == program);
        let words: Vec<&Word> = invocation.words.iter().collect();
        let verb =
            |words: &[&Word]| words.iter().any(|word| removal.verbs.iter().any(|verb| verb == word.text()));
        let named = words.iter().position(|word| is_manager(word)).is_some_and(|at| verb(&words[at + 1..]));
        let by_variable = invocation.program.is_none()
            && removal.manager.kind == Kind::System
            && verb(words.get(1..2).unwrap_or_default());
        named || by_variable || invocation.arguments().iter().any(offline)
    }

    /// Whether an invocation may run an unknown build: `make`, a script.
    pub(crate) fn may_build(&self, run: &RunFacts<'_>, index: usize) -> bool {
        let invocation = &run.invocations[index];
        invocation.is_unreadable(self.known) || self.is_builder(invocation.program)
    }

    /// Whether a program, in any version, runs builds.
    fn is_builder(&self, program: Option<&str>) -> bool {
        let is_listed = |name: &str| self.known.program(name) == Some(Program::Builder);
        program.is_some_and(|program| {
            let plain = unversioned(program);
            is_listed(program) || plain != program && is_listed(plain)
        })
    }

    /// The first of a RUN's invocations that may call the system's package manager in a way that
    /// can't be seen.
    pub(crate) fn first_hidden_call(&self, run: &RunFacts<'_>) -> Option<usize> {
        let find = || (0..run.invocations.len()).find(|&index| self.may_call_system_manager(run, index));
        *run.kept.hidden_call.get_or_init(find)
    }

    /// Whether an invocation is a script that can't be read and runs as a user who could call the
    /// system's manager.
    pub fn may_call_system_manager(&self, run: &RunFacts<'_>, index: usize) -> bool {
        self.may_call(&run.invocations[index], &run.user)
    }

    fn may_call(&self, invocation: &Invocation<'_>, user: &User) -> bool {
        let powerless = matches!(user, User::Other(_)) && invocation.elevation == Elevation::None;
        !powerless
            && (invocation.is_unreadable(self.known)
                || self.is_builder(invocation.program) && invocation.arguments().iter().any(tells))
    }
}

/// The commands of a script, from whichever source.
struct Commands<'s> {
    at: At,
    user: &'s User,
    phase: Phase,
    /// The commands, and the state at each.
    script: (&'s [Invocation<'s>], &'s ScriptStates),
    calls: &'s [Call<'s>],
    /// The invocations that only start scripts which are examined separately.
    resolved: &'s [usize],
}

/// When a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// While the image is built. A script that can't be read may read anything.
    Build,
    /// When the image runs. Nearly every image starts a program of its own, which counts as a
    /// reader only if it is known to be one; a shell script that can't be read counts too.
    Image,
}

/// Whether a call's verb is one that its manager is known to have.
fn is_known_call(call: &Call<'_>) -> bool {
    call.manager.all_verbs().any(|verb| verb == call.verb)
}

/// Whether a program other than the manager downloads the manager's index, and does not read it.
fn refreshes_index(invocation: &Invocation<'_>, manager: &Manager) -> bool {
    invocation.program.is_some_and(|program| manager.refreshed_by.iter().any(|known| known == program))
}

/// Whether a word says that system packages are installed, as in `make deps` and `python
/// install_packages.py`.
fn tells(word: &Word) -> bool {
    let text = word.raw.as_str().to_ascii_lowercase();
    let says = |text: &str| PARTS_THAT_TELL_OF_PACKAGES.iter().any(|part| text.contains(part));
    says(&text) && says(&OTHER_INSTALLATIONS.iter().fold(text, |text, other| text.replace(other, " ")))
}

impl Commands<'_> {
    /// The places of the calls after a command.
    fn places_after(&self, index: usize) -> impl Iterator<Item = Place> {
        let later = self.calls.iter().filter(move |call| call.invocation > index);
        later.map(|call| self.script.0[call.invocation].place)
    }

    /// Whether the same manager has installed something before a call in the same list of commands.
    fn installed_before(&self, index: usize) -> bool {
        let Some(manager) = self.calls.iter().find(|call| call.invocation == index).map(|call| call.manager)
        else {
            return false;
        };
        self.calls.iter().any(|call| {
            let is_certain = self.script.0[call.invocation].place.is_certain();
            call.invocation < index
                && is_certain
                && call.manager.name == manager.name
                && manager.installs(&call.verb)
        })
    }

    /// Whether a call of the same manager in the same list of commands has downloaded the index
    /// before, branches included.
    fn refreshed(&self, index: usize) -> bool {
        let manager = packages::call_of(self.calls, index).map(|call| call.manager);
        manager.is_some_and(|manager| {
            packages::index_downloads(self.calls, manager, index)
                .any(|call| self.script.0[call.invocation].place.precedes(self.script.0[index].place))
        })
    }
}

/// Whether the name is that of an instruction, or of a service of a Compose file, and not of a
/// script.
fn names_itself(who: &str) -> bool {
    matches!(who, "CMD" | "ENTRYPOINT" | "HEALTHCHECK") || who.ends_with(')')
}

/// Whether a RUN has no network. (Dockerfile reference, RUN --network.)
pub(crate) fn has_no_network(run: &RunFacts<'_>) -> bool {
    let network = run.instruction.flag("network");
    network
        .is_some_and(|flag| flag.value.as_deref().is_none_or(|value| value != "default" && value != "host"))
}

/// Whether a manager keeps its files in these directories.
fn reads_these(manager: &Manager, removal: Removal<'_>) -> bool {
    let own = || manager.caches.iter().flat_map(|cache| &cache.directories);
    manager.name == removal.manager.name
        || own().any(|own| removal.directories.iter().any(|directory| paths::overlap(own, directory)))
}

/// Whether a call may look something up in a cache.
pub(crate) fn may_read(call: &Call<'_>) -> bool {
    let Call { manager, verb, .. } = call;
    let is_listed = |verbs: &[String]| verbs.contains(verb);
    manager.installs(verb)
        || manager.refreshes(verb)
        || manager.caches.iter().any(|cache| is_listed(&cache.filled_by) || is_listed(&cache.needed_by))
        || !manager.all_verbs().any(|known| known == verb) && manager.kind != Kind::Language
}

/// Whether a text that can't be parsed names the manager, another reader, or a script that is not
/// followed.
fn seems_to_read(text: &str, removal: Removal<'_>) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || ";&|()\"'`".contains(c)).map(base_name);
    words.any(|word| {
        removal.manager.programs.iter().chain(removal.programs).any(|program| program == word)
            || is_script_name(word)
            || EVALUATING.contains(&word)
    })
}

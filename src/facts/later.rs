//! What comes after a RUN: whether anything there, in this stage, in stages built from it, or in the running image, leans
//! on files that a cleanup would take away.

use crate::facts::commands::Elevation;
use crate::facts::environment::{User, mentions};
use crate::facts::{FURTHEST, Facts, RunFacts, paths, stage};
use crate::knowledge::{Cache, Kind, Manager, Program, unversioned};
use crate::syntax::{Body, Instruction, Item, Keyword, Run};

/// Something that leans on the files, in words that follow "because".
pub type Leaning = String;

/// Options with which a manager works from its cache alone.
const OFFLINE: &[&str] = &["--offline", "--no-network", "--no-refresh", "--cacheonly", "--frozen-store"];

/// What would go, and who is known to read it.
#[derive(Debug, Clone, Copy)]
pub struct Going<'a> {
    /// The directories.
    pub directories: &'a [String],
    /// The manager they belong to.
    pub manager: &'a Manager,
    /// Its verbs that fail without them.
    pub verbs: &'a [String],
    /// Options with which those verbs fetch them again.
    pub refreshing: &'a [String],
    /// Other programs that read them.
    pub programs: &'a [String],
}

impl<'a> Going<'a> {
    /// All of a cache.
    pub fn cache(manager: &'a Manager, cache: &'a Cache) -> Self {
        Self {
            directories: &cache.directories,
            manager,
            verbs: &cache.leaned_on_by,
            refreshing: &cache.refreshing_options,
            programs: &cache.read_by,
        }
    }
}

impl Going<'_> {
    /// What two questions have to have in common to have one answer.
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

/// Whether the scan of a stage needs to go on.
enum Next {
    Stop,
    On,
}

impl Facts<'_> {
    /// Looks for something after `run` that leans on what is going.
    pub fn leans(&self, run: &RunFacts<'_>, going: Going<'_>) -> Option<Leaning> {
        self.configuration_leans(going).or_else(|| self.leans_after(run.stage, run.item + 1, going))
    }

    /// Whether what an image runs leans on it. The instructions may stand before the RUN, or in another stage.
    pub(super) fn configuration_leans(&self, going: Going<'_>) -> Option<Leaning> {
        let programs = || going.manager.programs.iter().map(String::as_str);
        self.configuration.iter().find_map(|instruction| match &instruction.body {
            Body::Cmd(form) | Body::Entrypoint(form) | Body::Healthcheck(Some(form)) => {
                let calls = |program: &str| {
                    let needs = going.verbs.iter().any(|verb| mentions(form, verb))
                        || OFFLINE.iter().any(|option| mentions(form, option));
                    mentions(form, program) && needs
                };
                let names = going.directories.iter().any(|directory| mentions(form, directory));
                (programs().any(calls) || names).then(|| format!("{} names it", instruction.keyword.name()))
            }
            Body::Onbuild(Keyword::Run, _) if going.manager.kind == Kind::System => {
                Some("an ONBUILD trigger may lean on it".into())
            }
            Body::Onbuild(_, text) => {
                let named = programs().any(|program| text.contains(program))
                    || going.directories.iter().any(|directory| paths::names(text, directory));
                named.then(|| "an ONBUILD trigger may lean on it".into())
            }
            _ => None,
        })
    }

    fn leans_after(&self, stage: usize, from: usize, going: Going<'_>) -> Option<Leaning> {
        let key = going.key();
        if let Some(answer) = self.leanings.answer(&key, stage, from) {
            return answer;
        }
        // Later stages first: what is asked of them then is known, and no chain of stages costs a stack frame a link.
        if self.leanings.is_new(&key) && self.stages.len() > FURTHEST {
            for other in self.stages[stage + 1..].iter().rev() {
                self.leans_after(other.index, other.items.start + 1, going);
            }
        }
        let Some(_deeper) = self.leanings.deeper() else {
            return Some("too many stages that are made from this one come after it".into());
        };
        let (at, answer) = self.leans_anew(stage, from, going);
        self.leanings.keep(key, stage, from..=at, answer.clone());
        answer
    }

    /// The answer, and the item where the stage's instructions gave it: between the two, it is the same.
    fn leans_anew(&self, stage: usize, from: usize, going: Going<'_>) -> (usize, Option<Leaning>) {
        let end = self.stages[stage].items.end;
        for index in from..end {
            let Item::Instruction(instruction) = &self.file.items[index] else { continue };
            match self.instruction_leans(index, instruction, going) {
                Ok(Next::On) => {}
                Ok(Next::Stop) => return (index, self.copies_lean(stage, going)),
                Err(leaning) => return (index, Some(leaning)),
            }
        }
        for &other in self.lineage.derived(stage) {
            let start = self.stages[other].items.start;
            if let Some(leaning) = self.leans_after(other, start + 1, going) {
                return (end, Some(leaning));
            }
        }
        (end, self.copies_lean(stage, going))
    }

    /// Whether some stage copies just these files out of this one.
    fn copies_lean(&self, stage: usize, going: Going<'_>) -> Option<Leaning> {
        self.copied_from[stage].iter().find_map(|&copied| {
            let stage::Copied { user, item, path, .. } = &self.copies[copied];
            let path = path.as_deref()?;
            let taken = |directory: &String| {
                let (own, directory) = (paths::normal(path), paths::normal(directory));
                paths::names(path, &directory) || paths::is_private_parent(&own, &directory)
            };
            if going.directories.iter().any(taken) {
                return Some(format!("a later COPY takes {path} from this stage"));
            }
            // What a stage copies along with its surroundings, its later instructions may read.
            let around = |directory: &String| {
                let own = paths::normal(path);
                own.is_empty() || paths::within(&paths::normal(directory), &own)
            };
            let follows = *user != stage && going.directories.iter().any(around);
            follows.then(|| self.leans_after(*user, item + 1, going)).flatten()
        })
    }

    fn instruction_leans(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        going: Going<'_>,
    ) -> Result<Next, Leaning> {
        let names = |text: &str| going.directories.iter().any(|directory| paths::names(text, directory));
        match &instruction.body {
            Body::Run(run) => {
                let at = self.runs.binary_search_by_key(&item, |run| run.item);
                let facts = &self.runs[at.expect("every RUN within a stage has facts")];
                match run {
                    Run::Shell(_) | Run::Heredoc(_) => self.run_leans(facts, going),
                    _ if going.manager.kind != Kind::System && !instruction.script_is_read() => {
                        // A cache that only saves fetching can't be missed by what does not name it.
                        let text = instruction.full.of(self.file.text);
                        let named = names(text) || OFFLINE.iter().any(|option| text.contains(option));
                        if named { Err("a later RUN names these files".into()) } else { Ok(Next::On) }
                    }
                    Run::Exec(words) if !words.iter().any(|word| names(word)) => {
                        let program = words.first().map_or("", |word| crate::syntax::shell::base_name(word));
                        let harmless = self.known.program(program).is_some()
                            && !going.programs.iter().any(|reader| reader == program);
                        if harmless {
                            Ok(Next::On)
                        } else {
                            Err(format!("a later RUN in exec form calls {program}"))
                        }
                    }
                    Run::Exec(_) => Err("a later RUN in exec form names these files".into()),
                    Run::Opaque(opaque) => Err(format!("a later RUN can't be read: {}", opaque.reason())),
                }
            }
            Body::Env(all) if all.iter().any(|one| one.value.as_deref().is_some_and(names)) => {
                Err("a later ENV names these files".into())
            }
            Body::Volume(all) if all.iter().any(|path| names(path)) => {
                Err("a later VOLUME names these files".into())
            }
            _ => Ok(Next::On),
        }
    }

    fn run_leans(&self, run: &RunFacts<'_>, going: Going<'_>) -> Result<Next, Leaning> {
        self.commands_lean(run, 0, going)
    }

    fn commands_lean(&self, run: &RunFacts<'_>, from: usize, going: Going<'_>) -> Result<Next, Leaning> {
        for (index, one) in run.invocations.iter().enumerate().skip(from) {
            let call = run.call_of(index);
            if let Some(call) = call.filter(|call| call.manager.name == going.manager.name) {
                if call.manager.refreshes(&call.verb) && one.place.certain {
                    return Ok(Next::Stop);
                }
                let offline = |word: &&crate::syntax::shell::Word| {
                    OFFLINE.contains(&word.raw.as_str())
                        || word.raw == "-C" && call.manager.kind == Kind::System
                };
                if call.options.iter().copied().any(|word| offline(&word))
                    || call.verb.contains('$') && !going.verbs.is_empty()
                {
                    return Err(format!("a later call of {} may read it", call.manager.name));
                }
                if going.verbs.contains(&call.verb)
                    && !call.has_option(going.refreshing)
                    && !refreshed_within(run, index)
                {
                    return Err(format!(
                        "a later RUN calls `{} {}` without fetching it again",
                        one.program.unwrap_or_default(),
                        call.verb
                    ));
                }
                continue;
            }
            if one.program.is_some_and(|program| going.programs.iter().any(|reader| reader == program)) {
                return Err(format!("a later RUN calls {}, which reads it", one.program.unwrap_or_default()));
            }
            if one.notices(going.directories) {
                return Err("a later command names these files, and may fail without them".into());
            }
            if going.manager.kind == Kind::System && self.may_call_system_manager(run, index) {
                return Err(format!(
                    "a later RUN runs {}, which can't be read",
                    one.words.first().map_or("a script", |word| &word.raw)
                ));
            }
        }
        Ok(Next::On)
    }

    /// Whether an invocation may run a build that nobody can read off: `make`, a script.
    pub(super) fn may_build(&self, run: &RunFacts<'_>, index: usize) -> bool {
        let one = &run.invocations[index];
        let is_builder = |name: &str| self.known.program(name) == Some(Program::Builder);
        one.is_unreadable(self.known)
            || one.program.is_some_and(|program| is_builder(program) || is_builder(unversioned(program)))
    }

    /// The first of a RUN's invocations that may call the system's package manager unseen.
    pub(super) fn first_hidden_call(&self, run: &RunFacts<'_>) -> Option<usize> {
        let find = || (0..run.invocations.len()).find(|&index| self.may_call_system_manager(run, index));
        *run.kept.hidden_call.get_or_init(find)
    }

    /// Whether an invocation is a script that can't be read and runs as a user who could call the system's manager.
    pub fn may_call_system_manager(&self, run: &RunFacts<'_>, index: usize) -> bool {
        let one = &run.invocations[index];
        let powerless = matches!(run.user, User::Other(_)) && one.elevation == Elevation::None;
        // `make deps` and `python install_packages.py` say what they do.
        let tells = |word: &crate::syntax::shell::Word| {
            let text = word.raw.to_ascii_lowercase();
            ["deps", "depend", "bootstrap", "provision", "apt", "prereq", "packages", "install_", "install-"]
                .iter()
                .any(|part| text.contains(part))
        };
        let builder = one.program.is_some_and(|program| {
            [program, unversioned(program)]
                .iter()
                .any(|name| self.known.program(name) == Some(Program::Builder))
        });
        !powerless && (one.is_unreadable(self.known) || builder && one.arguments().iter().any(tells))
    }
}

/// Whether a call of the same manager in the same list of commands has fetched the index before, branches included.
fn refreshed_within(run: &RunFacts<'_>, index: usize) -> bool {
    let manager = run.call_of(index).map(|call| &call.manager.name);
    run.calls.iter().any(|call| {
        call.invocation < index
            && Some(&call.manager.name) == manager
            && call.manager.refreshes(&call.verb)
            && {
                let (refresh, use_) = (run.invocations[call.invocation].place, run.invocations[index].place);
                refresh.certain || refresh.statement == use_.statement && refresh.pipeline == use_.pipeline
            }
    })
}

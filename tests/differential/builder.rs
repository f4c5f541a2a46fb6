//! The builder: runs a Dockerfile's instructions one by one, like BuildKit, and then starts the
//! container.
//!
//! It uses only the syntax tree of the code under test, which `tests/corpus.rs` compares with
//! BuildKit's own parser. This module has its own implementation of variables, users, directories
//! and copies.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jettison::syntax::{Body, Dockerfile, Form, Instruction, Run as Kind, Transfer};

use crate::case::ContextFile;
use crate::ignoring;
use crate::images::Image;
use crate::server::{Ended, Files, Process, ROOTS, Server};
use crate::values::{absolute, content, word};

/// The input of a build.
#[derive(Debug, Clone, Copy)]
pub struct Input<'i> {
    pub text: &'i str,
    pub context: &'i [ContextFile],
    pub ignore_file: &'i str,
    /// Build arguments of the command line.
    pub arguments: &'i [(String, String)],
    /// Whether the commands of RUN instructions are recorded and may be made to fail.
    pub is_traced: bool,
    /// Whether the cache mounts keep the contents that the previous build left.
    pub keeps_caches: bool,
}

/// The result of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Build {
    /// The instruction that failed, and its exit status.
    pub failed: Option<(String, i32)>,
    /// The output of the RUN instructions that succeeded.
    pub output: String,
    /// The image's files.
    pub files: Files,
    /// Its configuration.
    pub config: Config,
    /// How the container's command and then the health check ended.
    pub container: Option<Ended>,
    pub health: Option<Ended>,
    /// Whether a later stage copies a cache by name.
    pub copies_a_cache: bool,
    /// The home directories of the users of RUN instructions.
    pub homes: BTreeSet<String>,
    /// The directories that are cache mounts in some RUN.
    pub mounts: BTreeSet<String>,
}

/// The configuration of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    pub env: BTreeMap<String, String>,
    pub workdir: String,
    pub user: String,
    pub shell: Vec<String>,
    pub entrypoint: Option<Form>,
    pub command: Option<Form>,
    pub health: Option<Form>,
}

/// The root that contains the build context.
const CONTEXT: u32 = ROOTS - 1;
/// The root for the here-documents of an instruction.
const INLINE: u32 = ROOTS - 2;

struct Stage<'f> {
    name: String,
    image: String,
    instructions: Vec<&'f Instruction<'f>>,
}

/// The state of a stage after some of its instructions.
#[derive(Debug, Clone, Default)]
struct State {
    config: Config,
    /// The declared build arguments.
    arguments: BTreeMap<String, String>,
}

struct Builder<'b> {
    server: &'b mut Server,
    input: Input<'b>,
    file: &'b Dockerfile<'b>,
    globals: BTreeMap<String, String>,
    names: Vec<String>,
    build: Build,
    /// The path that each cache is mounted at.
    caches: Vec<String>,
}

/// Builds a Dockerfile and starts the container. An error means that the machine failed, not the
/// build.
pub fn build(server: &mut Server, input: Input<'_>) -> io::Result<Build> {
    let file = Dockerfile::parse(input.text);
    server.reset(input.keeps_caches);
    for each in input.context.iter().filter(|each| !ignoring::excludes(input.ignore_file, &each.path)) {
        let mode = if each.is_executable { 0o755 } else { 0o644 };
        server.put(CONTEXT, 'f', &format!("/{}", each.path), ((0, 0), mode), each.text.as_bytes());
    }
    let mut builder = Builder {
        server,
        input,
        file: &file,
        globals: BTreeMap::new(),
        names: Vec::new(),
        build: Build::default(),
        caches: Vec::new(),
    };
    builder.all()?;
    Ok(builder.build)
}

impl<'b> Builder<'b> {
    fn all(&mut self) -> io::Result<()> {
        let stages = self.stages();
        let needed = needed(&stages);
        let mut states: Vec<State> = Vec::new();
        for (index, stage) in stages.iter().enumerate() {
            let root = u32::try_from(index).expect("few stages");
            self.names.push(stage.name.clone());
            let mut state = State::default();
            if needed[index] {
                match self.start(stage, root, &states) {
                    Some(started) => state = started,
                    None => {
                        self.build.failed = Some((format!("FROM {}", stage.image), 1));
                        return Ok(());
                    }
                }
                for instruction in &stage.instructions {
                    if let Some(status) = self.take(instruction, root, &mut state)? {
                        self.build.failed = Some((self.text_of(instruction), status));
                        return Ok(());
                    }
                }
            }
            states.push(state);
        }
        if let Some(state) = states.last() {
            let root = u32::try_from(states.len() - 1).expect("few stages");
            self.build.config = state.config.clone();
            self.build.files = self.server.list(root)?;
            self.start_container(root, state)?;
        }
        Ok(())
    }

    fn text_of(&self, instruction: &Instruction<'_>) -> String {
        instruction.text.of(self.file.text).to_owned()
    }

    /// The stages. Also collects the global arguments.
    fn stages(&mut self) -> Vec<Stage<'b>> {
        let mut stages: Vec<Stage<'b>> = Vec::new();
        for (_, instruction) in self.file.instructions() {
            match &instruction.body {
                Body::From(from) => stages.push(Stage {
                    name: from.name.clone().unwrap_or_default().to_lowercase(),
                    image: word(&from.image, &self.globals),
                    instructions: Vec::new(),
                }),
                Body::Arg(all) if stages.is_empty() => {
                    for each in all {
                        let value = self
                            .given(&each.key)
                            .or_else(|| each.value.as_deref().map(|text| word(text, &self.globals)));
                        if let Some(value) = value {
                            self.globals.insert(each.key.clone(), value);
                        }
                    }
                }
                _ => {
                    if let Some(stage) = stages.last_mut() {
                        stage.instructions.push(instruction);
                    }
                }
            }
        }
        stages
    }

    fn given(&self, name: &str) -> Option<String> {
        self.input.arguments.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    /// The state of a stage before its first instruction; `None` if its base image is unknown.
    fn start(&mut self, stage: &Stage<'_>, root: u32, states: &[State]) -> Option<State> {
        let own = stage.image.to_lowercase();
        if let Some(index) =
            self.names[..states.len()].iter().position(|name| !name.is_empty() && *name == own)
        {
            self.server.clone_root(u32::try_from(index).expect("few stages"), root);
            return Some(State { config: states[index].config.clone(), arguments: BTreeMap::new() });
        }
        let mut config = Config {
            workdir: "/".into(),
            user: "root".into(),
            shell: vec!["/bin/sh".into(), "-c".into()],
            ..Config::default()
        };
        if stage.image == "scratch" {
            return Some(State { config, arguments: BTreeMap::new() });
        }
        let image = Image::find(&stage.image)?;
        image.fill(self.server, root);
        config.env = image.env();
        image.workdir().clone_into(&mut config.workdir);
        self.server.make_directory(root, &config.workdir).ok()?;
        Some(State { config, arguments: BTreeMap::new() })
    }

    /// Executes one instruction; returns the exit status if it fails.
    fn take(
        &mut self,
        instruction: &Instruction<'_>,
        root: u32,
        state: &mut State,
    ) -> io::Result<Option<i32>> {
        let all = state.all_variables();
        match &instruction.body {
            Body::Run(kind) => return self.run(instruction, kind, root, state),
            Body::Copy(transfer) | Body::Add(transfer) => {
                return self.copy(instruction, transfer, root, state).map(|is_well| (!is_well).then_some(1));
            }
            Body::Workdir(path) => {
                let path = absolute(&state.config.workdir, &word(path, &all));
                path.trim_end_matches('/').clone_into(&mut state.config.workdir);
                if state.config.workdir.is_empty() {
                    state.config.workdir.push('/');
                }
                return Ok((!self.server.make_directory(root, &state.config.workdir)?).then_some(1));
            }
            Body::User(user) => state.config.user = word(user, &all),
            Body::Env(assignments) => {
                for each in assignments {
                    state
                        .config
                        .env
                        .insert(each.key.clone(), word(each.value.as_deref().unwrap_or_default(), &all));
                }
            }
            Body::Arg(assignments) => {
                for each in assignments {
                    let own = each.value.as_deref().map(|text| word(text, &state.all_variables()));
                    let value =
                        self.given(&each.key).or(own).or_else(|| self.globals.get(&each.key).cloned());
                    if let Some(value) = value {
                        state.arguments.insert(each.key.clone(), value);
                    }
                }
            }
            Body::Shell(words) => state.config.shell.clone_from(words),
            Body::Entrypoint(form) => {
                state.config.entrypoint = Some(form.clone());
            }
            Body::Cmd(form) => state.config.command = Some(form.clone()),
            Body::Healthcheck(form) => state.config.health.clone_from(form),
            _ => {}
        }
        Ok(None)
    }

    fn run(
        &mut self,
        instruction: &Instruction<'_>,
        kind: &Kind,
        root: u32,
        state: &State,
    ) -> io::Result<Option<i32>> {
        let Some((user, home)) = self.user(root, &state.config.user)? else { return Ok(Some(1)) };
        let mut env = state.all_variables();
        self.build.homes.insert(env.entry("HOME".into()).or_insert(home).clone());
        let argv = match kind {
            Kind::Exec(words) => words.clone(),
            _ => self.shell_call(instruction, &state.config.shell),
        };
        let mut mounts = Vec::new();
        for flag in &instruction.flags {
            let value = flag.value.as_deref().unwrap_or_default();
            if flag.name == "network" && value == "none" {
                env.insert("NETWORK_IS_OFF".into(), "1".into());
            }
            if flag.name != "mount" {
                continue;
            }
            let field = |names: &[&str]| {
                value
                    .split(',')
                    .filter_map(|field| field.split_once('='))
                    .find(|(name, _)| names.contains(name))
                    .map(|(_, value)| value)
            };
            let target = field(&["target", "dst", "destination"]).unwrap_or_default();
            let target = absolute(&state.config.workdir, &word(target, &env));
            if field(&["type"]) == Some("cache") {
                let id = field(&["id"]).unwrap_or(&target).to_owned();
                if !self.caches.contains(&id) {
                    self.caches.push(id.clone());
                }
                let at = self.caches.iter().position(|known| *known == id).unwrap_or_default();
                self.build.mounts.insert(target.clone());
                mounts.push((format!("/.caches/{at}"), target));
            } else if let Some(from) = field(&["from"]).and_then(|name| self.stage(name)) {
                let source = absolute("/", &word(field(&["source", "src"]).unwrap_or("/"), &env));
                let files = self.server.list(from)?;
                self.build.copies_a_cache |= is_cache(&source);
                if !files.contains_key(source.trim_end_matches('/')) {
                    return Ok(Some(1));
                }
                mounts.push((format!("/{from}{source}"), target));
            }
        }
        let process = Process {
            root,
            user,
            is_traced: self.input.is_traced,
            cwd: &state.config.workdir,
            argv: &argv,
            env: &env,
            mounts: &mounts,
        };
        let ended = self.server.run(&process)?;
        if ended.status != 0 {
            return Ok(Some(ended.status));
        }
        self.build.output.push_str(&ended.output);
        Ok(None)
    }

    /// The words of the process that the builder starts for a script.
    fn shell_call(&self, instruction: &Instruction<'_>, shell: &[String]) -> Vec<String> {
        let mut script = instruction.arguments().to_owned();
        let mut shell = shell.to_vec();
        if let [only] = instruction.heredocs.as_slice()
            && script.split_whitespace().count() == 1
        {
            only.content.of(self.file.text).clone_into(&mut script);
            if let Some(interpreter) = script.lines().next().and_then(|line| line.strip_prefix("#!")) {
                shell = interpreter.split_whitespace().map(str::to_owned).chain(["-c".to_owned()]).collect();
            }
        } else {
            for document in &instruction.heredocs {
                script.push_str(&format!("\n{}{}", document.content.of(self.file.text), document.name));
            }
            if !instruction.heredocs.is_empty() {
                script.push('\n');
            }
        }
        shell.push(script);
        shell
    }

    fn copy(
        &mut self,
        instruction: &Instruction<'_>,
        transfer: &Transfer,
        root: u32,
        state: &State,
    ) -> io::Result<bool> {
        let all = state.all_variables();
        let flag = |name: &str| {
            let found = instruction.flags.iter().find(|flag| flag.name == name);
            found.map(|flag| word(flag.value.as_deref().unwrap_or_default(), &all))
        };
        let owner = match flag("chown") {
            Some(user) => match self.user(root, &user)? {
                Some((owner, _)) => Some(owner),
                None => return Ok(false),
            },
            None => None,
        };
        let mode = flag("chmod").and_then(|mode| u32::from_str_radix(&mode, 8).ok());
        let destination = absolute(&state.config.workdir, &word(&transfer.destination, &all));
        let from = match flag("from") {
            None => CONTEXT,
            Some(name) => match self.stage(&name) {
                Some(index) => index,
                None => return Ok(false),
            },
        };
        // Files copied from another stage keep their owner.
        let owner = if from == CONTEXT { Some(owner.unwrap_or((0, 0))) } else { owner };
        let (inline, plain): (Vec<&String>, Vec<&String>) =
            transfer.sources.iter().partition(|source| source.starts_with("<<"));
        if !inline.is_empty() {
            let mut sources = Vec::new();
            for document in &instruction.heredocs {
                let own = document.content.of(self.file.text);
                let text = if document.expand { content(own, &all) } else { own.to_owned() };
                let path = format!("/{}", document.name);
                self.server.put(INLINE, 'f', &path, ((0, 0), 0o644), text.as_bytes());
                sources.push(path);
            }
            if !self.server.copy((INLINE, &sources), (root, &destination), owner, mode)? {
                return Ok(false);
            }
        }
        if plain.is_empty() {
            return Ok(true);
        }
        let sources: Vec<String> = plain
            .iter()
            .map(|source| absolute("/", &word(source, &all)).trim_end_matches('/').to_owned())
            .collect();
        self.build.copies_a_cache |= from != CONTEXT && sources.iter().any(|source| is_cache(source));
        self.server.copy((from, &sources), (root, &destination), owner, mode)
    }

    /// The root of an earlier stage, by its name or number.
    fn stage(&self, name: &str) -> Option<u32> {
        let index =
            name.parse().ok().or_else(|| self.names.iter().position(|own| *own == name.to_lowercase()))?;
        u32::try_from(index).ok().filter(|_| index + 1 < self.names.len())
    }

    /// UID, GID and home directory of a user; `None` if it is unknown.
    fn user(&mut self, root: u32, user: &str) -> io::Result<Option<((u32, u32), String)>> {
        let passwd = self.server.read(root, "/etc/passwd")?;
        let group = self.server.read(root, "/etc/group")?;
        let (user, named) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
        let entry = passwd
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.len() > 5 && (fields[0] == user || fields[2] == user));
        let number = |text: &str| text.parse::<u32>().ok();
        let (uid, gid, home) = match &entry {
            Some(fields) => (number(fields[2]), number(fields[3]), fields[5].to_owned()),
            None => (number(user), Some(0), "/".to_owned()),
        };
        let gid = match named {
            Some(name) => number(name).or_else(|| {
                let fields = group
                    .lines()
                    .map(|line| line.split(':').collect::<Vec<_>>())
                    .find(|fields| fields[0] == name)?;
                number(fields.get(2)?)
            }),
            None => gid,
        };
        Ok(uid.zip(gid).map(|ids| (ids, home)))
    }

    fn start_container(&mut self, root: u32, state: &State) -> io::Result<()> {
        let Some((user, home)) = self.user(root, &state.config.user)? else { return Ok(()) };
        let mut env = state.config.env.clone();
        env.entry("HOME".into()).or_insert(home);
        let words = |form: &Form| match form {
            Form::Exec(words) => words.clone(),
            Form::Shell(script) => state.config.shell.iter().cloned().chain([script.clone()]).collect(),
        };
        let config = &state.config;
        let mut argv: Vec<String> = config.entrypoint.as_ref().map(words).unwrap_or_default();
        if !matches!(config.entrypoint, Some(Form::Shell(_))) {
            argv.extend(config.command.as_ref().map(words).unwrap_or_default());
        }
        let mut start = |argv: &[String]| {
            let cwd = &config.workdir;
            self.server.run(&Process { root, user, is_traced: false, cwd, argv, env: &env, mounts: &[] })
        };
        if !argv.is_empty() {
            self.build.container = Some(start(&argv)?);
        }
        if let Some(form) = &config.health {
            self.build.health = Some(start(&words(form))?);
        }
        Ok(())
    }
}

impl State {
    /// Variables and build arguments, as words and scripts see them.
    fn all_variables(&self) -> BTreeMap<String, String> {
        let mut all = self.arguments.clone();
        all.extend(self.config.env.clone());
        all
    }
}

fn is_cache(path: &str) -> bool {
    [".npm", ".cache", "/apt/lists", "/pkg/mod", "/registry", "/store"].iter().any(|name| path.contains(name))
}

/// Which stages the last one depends on.
fn needed(stages: &[Stage<'_>]) -> Vec<bool> {
    let mut needed = vec![false; stages.len()];
    if let Some(last) = needed.last_mut() {
        *last = true;
    }
    for index in (0..stages.len()).rev().filter(|&index| index > 0) {
        if !needed[index] {
            continue;
        }
        let mut mark = |name: &str| {
            let name = name.to_lowercase();
            let found = name.parse().ok().or_else(|| {
                stages[..index].iter().position(|stage| !stage.name.is_empty() && stage.name == name)
            });
            if let Some(found) = found.filter(|&found: &usize| found < index) {
                needed[found] = true;
            }
        };
        mark(&stages[index].image);
        for flag in stages[index].instructions.iter().flat_map(|instruction| &instruction.flags) {
            match (flag.name.as_str(), flag.value.as_deref()) {
                ("from", Some(name)) => mark(name),
                ("mount", Some(fields)) => {
                    if let Some(name) = fields.split(',').find_map(|field| field.strip_prefix("from=")) {
                        mark(name);
                    }
                }
                _ => {}
            }
        }
    }
    needed
}

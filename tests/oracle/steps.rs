//! The steps of each stage of a Dockerfile, in order: scripts with all their settings, and
//! everything else as text.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::str::Chars;

use jettison::syntax::{Body, Dockerfile, Instruction, Run as Kind};

/// One step of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A script for a shell that the oracle has.
    Run(Run),
    /// A COPY or ADD. It may be moved if the steps that it passes do not touch its destination.
    Copy {
        /// The instruction.
        text: String,
        /// Its destination; `None` if it is unknown.
        destination: Option<String>,
    },
    /// Anything else. It must stay the same, in the same place.
    Other(String),
    /// What a stage ends with, as text: no command, so it needs no file.
    Settings(String),
}

/// A script and the settings in effect when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    /// The script, with continuation lines joined.
    pub script: String,
    /// The words of SHELL.
    pub shell: Vec<String>,
    /// The working directory.
    pub cwd: String,
    /// The variables.
    pub env: BTreeMap<String, String>,
    /// Flags and user, as text.
    pub context: String,
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The settings at the start of a stage: those at the end of the stage that it is built from.
#[derive(Clone)]
struct State {
    shell: Vec<String>,
    cwd: String,
    env: BTreeMap<String, String>,
    user: String,
}

/// The steps of every stage.
pub fn stages(text: &str) -> Vec<Vec<Step>> {
    let file = Dockerfile::parse(text);
    let mut stages: Vec<Vec<Step>> = Vec::new();
    let mut ends: Vec<(String, State)> = Vec::new();
    let mut globals = BTreeMap::new();
    let mut state = State::new();
    let mut settings: Vec<Settings> = Vec::new();
    for (_, instruction) in file.instructions() {
        if let Body::From(from) = &instruction.body {
            let base = ends.iter().rev().find(|(name, _)| *name == from.image.to_lowercase());
            state = base.map_or_else(|| State::of(&from.image), |(_, state)| state.clone());
            ends.push((from.name.clone().unwrap_or_default().to_lowercase(), state.clone()));
            stages.push(Vec::new());
            settings.push(Settings::default());
        }
        let Some(steps) = stages.last_mut() else {
            if let Body::Arg(all) = &instruction.body {
                let known = all.iter().filter_map(|assignment| {
                    Some((assignment.key.clone(), value(assignment.value.as_deref()?, &globals)?))
                });
                let known: Vec<_> = known.collect();
                globals.extend(known);
            }
            continue;
        };
        let before = state.env.clone();
        let step = state.step(instruction, &file, &globals);
        let own = settings.last_mut().expect("as many as stages");
        if !own.take(instruction, &file, &before, steps) {
            steps.push(with_values(step, &before));
        }
        own.variables.clone_from(&state.env);
        if let Some((_, end)) = ends.last_mut() {
            *end = state.clone();
        }
    }
    for (steps, settings) in stages.iter_mut().zip(settings) {
        drop_superseded(steps);
        steps.push(Step::Settings(format!("{settings:?}")));
    }
    stages
}

/// What a stage ends with. A script has its variables, so ENV needs no step of its own.
#[derive(Debug, Default)]
struct Settings {
    variables: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    ports: BTreeSet<String>,
}

impl Settings {
    /// Takes what an instruction sets; whether it is done. Variables that can't be read become
    /// steps.
    fn take(
        &mut self,
        instruction: &Instruction<'_>,
        file: &Dockerfile<'_>,
        env: &BTreeMap<String, String>,
        steps: &mut Vec<Step>,
    ) -> bool {
        let assigned = |assignment: &jettison::syntax::Assignment| {
            let text = assignment.value.as_deref().unwrap_or_default();
            (meant(&assignment.key), value(text, env), meant(text))
        };
        match &instruction.body {
            Body::Env(all) if file.escape == '\\' => {
                let unread = all.iter().map(assigned).filter(|(_, value, _)| value.is_none());
                steps.extend(unread.map(|(key, _, text)| Step::Other(format!("ENV {key}={text:?}"))));
                true
            }
            Body::Label(all) if file.escape == '\\' => {
                let labels = all.iter().map(assigned).map(|(key, value, text)| (key, value.unwrap_or(text)));
                self.labels.extend(labels);
                true
            }
            Body::Expose(ports) => {
                let own = |port: &String| port.rsplit(':').next().unwrap_or_default().to_lowercase();
                let with_protocol =
                    |port: String| if port.contains('/') { port } else { format!("{port}/tcp") };
                self.ports.extend(ports.iter().map(own).map(with_protocol));
                true
            }
            _ => false,
        }
    }
}

/// A step other than a script, with the values of the variables in it.
fn with_values(step: Step, env: &BTreeMap<String, String>) -> Step {
    match step {
        Step::Other(text) if text.starts_with("RUN") => Step::Other(format!("{text} {env:?}")),
        Step::Other(text) if text.contains('$') => {
            let read = value(&text, env).unwrap_or_default();
            Step::Other(format!("{text} {read}"))
        }
        step => step,
    }
}

/// The flags of a RUN, with the names of stages in lower case.
fn with_lower_stages(flags: &[&str]) -> String {
    let field = |field: &str| {
        let name = field.strip_prefix("from=").or_else(|| field.strip_prefix("--mount=from="));
        if name.is_some() { field.to_lowercase() } else { field.to_owned() }
    };
    flags.iter().map(|flag| flag.split(',').map(field).collect::<Vec<_>>().join(",") + " ").collect()
}

/// Removes the settings that a later instruction of the stage replaces.
fn drop_superseded(steps: &mut Vec<Step>) {
    for keyword in ["CMD ", "ENTRYPOINT ", "HEALTHCHECK "] {
        let is_one = |step: &Step| matches!(step, Step::Other(text) if text.starts_with(keyword));
        while steps.iter().filter(|step| is_one(step)).count() > 1 {
            let first = steps.iter().position(is_one).expect("there are two");
            steps.remove(first);
        }
    }
}

/// What the builder makes of a value: without quotes, and with a mark before each variable that it
/// expands.
fn meant(text: &str) -> String {
    let mark = |_: &mut Peekable<Chars<'_>>, result: &mut String| {
        result.push('\u{1}');
        Some(())
    };
    unquoted(text, mark).expect("a mark is always known")
}

impl State {
    /// The state at the start of a stage with this base image.
    fn of(image: &str) -> Self {
        let name = image.rsplit('/').next().unwrap_or_default().split(':').next().unwrap_or_default();
        // The images of Docker Hub that have a WORKDIR, as far as Jettison may know it.
        let cwd = if name == "golang" { "/go" } else { "/" };
        Self { cwd: cwd.to_owned(), ..Self::new() }
    }

    /// The text of an instruction other than a script, the same for all ways to write it.
    fn plain_text(&self, instruction: &Instruction<'_>, file: &Dockerfile<'_>) -> String {
        let whole = whole_text(instruction, file);
        let (keyword, rest) = whole.split_once(char::is_whitespace).unwrap_or((&whole, ""));
        let keyword = keyword.to_uppercase();
        let lower = |flags: &str| flags.to_lowercase();
        match &instruction.body {
            Body::Env(all) | Body::Label(all) if file.escape == '\\' => {
                let assigned = |assignment: &jettison::syntax::Assignment| {
                    format!(
                        " {}={:?}",
                        assignment.key,
                        meant(assignment.value.as_deref().unwrap_or_default())
                    )
                };
                keyword + &all.iter().map(assigned).collect::<String>()
            }
            Body::From(from) => {
                let flags = instruction.flags.iter().map(|flag| flag.span.of(file.text));
                let flags: String = flags
                    .filter(|flag| {
                        !flag.trim_matches(['{', '}']).replace(['{', '}'], "").ends_with("=$TARGETPLATFORM")
                    })
                    .map(|flag| format!("{flag} "))
                    .collect();
                let name = from.name.as_ref().map(|name| format!(" AS {}", lower(name))).unwrap_or_default();
                // The builder completes the names of official images.
                let image = from.image.trim_start_matches("index.").trim_start_matches("docker.io/library/");
                format!("FROM {flags}{image}{name}")
            }
            Body::Expose(ports) => format!("EXPOSE {}", lower(&ports.join(" "))),
            Body::Volume(paths) => format!("VOLUME {paths:?}"),
            Body::Workdir(_) => format!("WORKDIR {}", self.absolute("")),
            _ => format!("{keyword} {rest}"),
        }
    }

    /// The text of a copy: a directory is added as it is copied, and the destination is absolute.
    fn plain_copy(
        &self,
        instruction: &Instruction<'_>,
        file: &Dockerfile<'_>,
        transfer: &jettison::syntax::Transfer,
        destination: Option<&str>,
    ) -> String {
        let text = self.plain_text(instruction, file);
        let is_directory = transfer.sources.iter().all(|source| matches!(source.as_str(), "." | "./" | "/"));
        let text = match text.strip_prefix("ADD ") {
            Some(rest) if is_directory => format!("COPY {rest}"),
            _ => text,
        };
        let text = match text.split_once("--from=") {
            Some((start, rest)) => {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                format!("{start}--from={} {rest}", name.to_lowercase())
            }
            None => text,
        };
        match (destination, text.strip_suffix(&transfer.destination)) {
            (Some(path), Some(start)) if !transfer.destination.starts_with(['/', '$']) => {
                let slash =
                    if transfer.destination == "." || transfer.destination.ends_with('/') { "/" } else { "" };
                format!("{start}{}{slash}", path.trim_end_matches('/'))
            }
            _ => text,
        }
    }

    fn new() -> Self {
        let env = [("HOME", "/root"), ("PATH", PATH), ("HOSTNAME", "oracle")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let shell = ["/bin/sh", "-c"].map(str::to_owned).to_vec();
        Self { shell, cwd: "/".into(), env, user: "root".into() }
    }

    fn step(
        &mut self,
        instruction: &Instruction<'_>,
        file: &Dockerfile<'_>,
        globals: &BTreeMap<String, String>,
    ) -> Step {
        match &instruction.body {
            Body::Run(Kind::Exec(_)) => {}
            Body::Run(_) if self.has_bourne_shell() && script(instruction, file).is_some() => {
                let flags: Vec<&str> = instruction.flags.iter().map(|flag| flag.span.of(file.text)).collect();
                return Step::Run(Run {
                    script: script(instruction, file).unwrap_or_default(),
                    shell: self.shell.clone(),
                    cwd: self.cwd.clone(),
                    env: self.env.clone(),
                    context: format!("{} {}", self.user, with_lower_stages(&flags)),
                });
            }
            Body::Copy(transfer) | Body::Add(transfer) => {
                let destination = value(&transfer.destination, &self.env).map(|path| self.absolute(&path));
                let text = self.plain_copy(instruction, file, transfer, destination.as_deref());
                return Step::Copy { text, destination };
            }
            Body::Shell(words) => self.shell.clone_from(words),
            Body::User(user) => self.user.clone_from(user),
            Body::Workdir(directory) => {
                let plain =
                    value(directory, &self.env).unwrap_or_else(|| directory.replace(['$', '{', '}'], "_"));
                self.cwd = if plain.starts_with('/') {
                    plain
                } else {
                    format!("{}/{plain}", self.cwd.trim_end_matches('/'))
                };
            }
            Body::Env(all) => {
                // All values in one instruction use the variables from before it.
                let before = self.env.clone();
                for assignment in all {
                    if let Some(value) = value(assignment.value.as_deref().unwrap_or_default(), &before) {
                        self.env.insert(assignment.key.clone(), value);
                    }
                }
                self.keep_stubs_on_path();
            }
            Body::Arg(all) => {
                for assignment in all
                    .iter()
                    .filter(|assignment| !self.env.contains_key(&assignment.key))
                    .collect::<Vec<_>>()
                {
                    let value = assignment
                        .value
                        .as_deref()
                        .map_or_else(|| globals.get(&assignment.key).cloned(), |text| value(text, &self.env));
                    if let Some(value) = value {
                        self.env.insert(assignment.key.clone(), value);
                    }
                }
                self.keep_stubs_on_path();
            }
            _ => {}
        }
        Step::Other(self.plain_text(instruction, file))
    }

    fn absolute(&self, path: &str) -> String {
        let path = path.trim_end_matches("/.").trim_start_matches("./");
        let whole = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.cwd) };
        let parts: Vec<&str> = whole.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        format!("/{}", parts.join("/"))
    }

    /// Keeps the stubs on the PATH. Without them, a script would fail at its first command if the
    /// file sets a PATH.
    fn keep_stubs_on_path(&mut self) {
        let path = self.env.entry("PATH".into()).or_default();
        if !path.split(':').any(|directory| directory == "/usr/bin") {
            *path = format!("{path}:/usr/bin");
        }
    }

    fn has_bourne_shell(&self) -> bool {
        let Some((program, options)) = self.shell.split_first() else { return false };
        let known = matches!(program.rsplit('/').next(), Some("sh" | "ash" | "dash" | "bash"));
        known && options.last().is_some_and(|last| last.starts_with('-') && last.ends_with('c'))
    }
}

/// The script that the shell gets: the joined line, or the body of a here-document that is the only
/// word (BuildKit's `dispatchRun`).
fn script(instruction: &Instruction<'_>, file: &Dockerfile<'_>) -> Option<String> {
    let arguments = instruction.arguments();
    match instruction.heredocs.as_slice() {
        [] => Some(arguments.to_owned()),
        [only] if arguments.starts_with("<<") && !arguments.contains(char::is_whitespace) => {
            let body = only.content.of(file.text);
            let tabs = |line: &str| line.trim_start_matches('\t').to_owned();
            let body =
                if only.chomp { body.split_inclusive('\n').map(tabs).collect() } else { body.to_owned() };
            (!body.starts_with("#!")).then_some(body)
        }
        _ => None,
    }
}

fn whole_text(instruction: &Instruction<'_>, file: &Dockerfile<'_>) -> String {
    let bodies = instruction.heredocs.iter().map(|doc| doc.content.of(file.text));
    let parts: Vec<&str> = std::iter::once(&*instruction.logical.text).chain(bodies).collect();
    parts.join("\n")
}

/// A value without quotes and with variables expanded; `None` if a variable is unknown.
pub fn value(text: &str, env: &BTreeMap<String, String>) -> Option<String> {
    unquoted(text, |chars, result| {
        let braces = chars.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        if braces && chars.next() != Some('}') {
            return None;
        }
        result.push_str(env.get(&name)?);
        Some(())
    })
}

/// A value without quotes. `variable` reads the rest of a variable after its `$`, and adds its value.
fn unquoted(
    text: &str,
    mut variable: impl FnMut(&mut Peekable<Chars<'_>>, &mut String) -> Option<()>,
) -> Option<String> {
    let mut result = String::new();
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None) => result.extend(chars.next()),
            ('\\', Some('"')) => match chars.next_if(|c| ['"', '$', '\\'].contains(c)) {
                Some(escaped) => result.push(escaped),
                None => result.push(c),
            },
            ('$', None | Some('"')) => variable(&mut chars, &mut result)?,
            (c, _) => result.push(c),
        }
    }
    Some(result)
}

impl Step {
    /// The script.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::Run(run) => Some(run),
            Self::Copy { .. } | Self::Other(_) | Self::Settings(_) => None,
        }
    }

    /// The text of the instruction or script.
    pub fn text(&self) -> &str {
        match self {
            Self::Run(run) => &run.script,
            Self::Copy { text, .. } | Self::Other(text) | Self::Settings(text) => text,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Run(run) => write!(f, "RUN {} (in {}, by {})", run.script, run.cwd, run.shell.join(" ")),
            Self::Copy { text, .. } | Self::Other(text) | Self::Settings(text) => f.write_str(text),
        }
    }
}

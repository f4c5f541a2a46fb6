//! Finds where a script in the image comes from: a file of the build context, a here-document,
//! another stage, a RUN that writes it, or the base image.
//!
//! The search follows copies, moves and links with literal names. If it can't follow a file, the
//! source is unknown. `started` finds out what the script does.

pub(crate) mod index;
pub(super) mod placed;

use std::collections::HashMap;
use std::ops::Range;

use crate::context::BuildContext;
use crate::facts::actions::{Action, By, Name};
use crate::facts::execution::normalized;
use crate::facts::{Facts, Invocation, RunFacts};
use crate::knowledge::Act;
use crate::knowledge::lists::directories::{OF_PROGRAMS_AND_SCRIPTS, PATH};
use crate::knowledge::lists::files::SHELL_SCRIPTS;
use crate::knowledge::lists::programs::BRINGING_FILES;
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Instruction, Item, Run, Transfer};

/// A place in a stage: after all of its instructions before the item `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub stage: usize,
    pub end: usize,
}

/// Where a script comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A text that can be read.
    Text(String),
    /// A file of the build context that is not a shell script, neither by its content nor by its
    /// name.
    Program,
    /// The base image or a package: the file existed before the RUN, or was made without knowing of
    /// it.
    Base,
    /// The build context, which is unknown.
    NoContext,
    /// Another source, as words that complete the clause "because it …".
    Unknown(&'static str),
}

/// The result of a backward search for a file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Search {
    /// How many instructions and stages were searched.
    length: usize,
    /// The instruction that puts the file there.
    found: Option<usize>,
    /// Whether a RUN may have fetched it.
    is_fetched: bool,
    /// Whether the build context is copied to a directory that would contain it.
    is_covered: bool,
}

/// Searches for one path, by the number of copies that may still be followed and the first
/// instruction searched.
pub(crate) type Searches = HashMap<(usize, usize), Search>;

/// The largest number of instructions that a search goes back.
const MOST_INSTRUCTIONS: usize = 2_000;

/// The reason for a file that a COPY would bring if it existed.
pub(super) const NOT_THERE: &str = "is not in the build context";

/// A RUN that fetches files without naming them may have fetched the file.
const FETCHED: Source = Source::Unknown("may be fetched by a RUN");

/// The largest number of copies between stages, moves and links that are followed.
const MOST_STEPS: usize = 8;

impl Facts<'_> {
    /// Where a file comes from that a command at this place refers to by name. A command name
    /// without a slash is searched for on the PATH; other names are relative to the working
    /// directory, if that is known.
    pub(super) fn sources_of(
        &self,
        at: At,
        written: &str,
        directory: Option<&str>,
        is_command: bool,
    ) -> Vec<Source> {
        let written = written.trim_matches(['"', '\'']);
        let filled = self.expanded(at.end - 1, written);
        let name = base_name(filled.as_deref().unwrap_or(written)).to_owned();
        if name.is_empty() || name.contains(['$', '`', '*', '?', '[', ')', '}']) {
            return vec![Source::Unknown("has a name that is known only at run time")];
        }
        let paths: Vec<String> = match (&filled, directory) {
            (Some(path), _) if path.starts_with('/') => normalized(path).into_iter().collect(),
            (Some(path), Some(directory))
                if !path.starts_with('~') && (path.contains('/') || !is_command) =>
            {
                normalized(&format!("{directory}/{path}")).into_iter().collect()
            }
            (Some(path), _) if is_command && !path.contains('/') => {
                self.path_directories(at).iter().map(|directory| [directory, "/", path].concat()).collect()
            }
            _ => Vec::new(),
        };
        if paths.is_empty() {
            return self.sources_by_name(at, &name);
        }
        let found = paths.iter().map(|path| self.sources_of_path(at, path, MOST_STEPS));
        let found: Vec<Vec<Source>> = found.filter(|found| *found != [Source::Base]).collect();
        // A directory of the PATH that certainly has the file wins over one that may have it.
        let certain = found.iter().find(|found| **found != [FETCHED]).or(found.first());
        certain.cloned().unwrap_or_else(|| vec![Source::Base])
    }

    fn path_directories(&self, at: At) -> Vec<String> {
        let set = self.back_from(at).filter_map(|(item, instruction)| match &instruction.body {
            Body::Env(all) => all
                .iter()
                .rfind(|assignment| assignment.key == "PATH")
                .and_then(|assignment| Some((item, assignment.value.clone()?))),
            _ => None,
        });
        let own = set.flat_map(|(item, value)| {
            let parts: Vec<String> = value.trim_matches(['"', '\'']).split(':').map(str::to_owned).collect();
            parts.into_iter().filter_map(move |part| self.expanded(item, &part))
        });
        let own = own.filter(|part| part.starts_with('/')).map(|part| part.trim_end_matches('/').to_owned());
        own.chain(PATH.iter().map(|&part| part.to_owned())).collect()
    }

    /// The instructions before a place, nearest first: those of its stage, then those of the stages
    /// that it is built from.
    pub(super) fn back_from(&self, at: At) -> impl Iterator<Item = (usize, &Instruction<'_>)> {
        self.ranges_back_from(at).flat_map(|range| {
            range.rev().filter_map(|item| match &self.file.items[item] {
                Item::Instruction(instruction) => Some((item, &**instruction)),
                _ => None,
            })
        })
    }

    /// The items before a place: those of its stage, then those of the stages that it is built from.
    fn ranges_back_from(&self, at: At) -> impl Iterator<Item = Range<usize>> {
        let start = self.stages[at.stage].items.start;
        std::iter::once(start..at.end).chain(self.ranges_before(start))
    }

    fn sources_of_path(&self, at: At, path: &str, steps: usize) -> Vec<Source> {
        let Some(steps) = steps.checked_sub(1) else {
            return vec![Source::Unknown("is copied too many times")];
        };
        let is_system = OF_PROGRAMS_AND_SCRIPTS.iter().any(|directory| below(path, directory).is_some());
        let Search { length, found, is_fetched, is_covered } = self.search(at, path, is_system, steps);
        if length > MOST_INSTRUCTIONS {
            return vec![Source::Unknown("comes after too many instructions to search")];
        }
        if let Some(sources) = found.and_then(|item| self.sources_at(item, path, steps)) {
            return sources;
        }
        if is_system {
            return vec![Source::Base];
        }
        if is_fetched {
            return vec![FETCHED];
        }
        if !is_covered {
            return vec![Source::Base];
        }
        // The build context is copied to a directory that would contain the file.
        vec![self.context_source.context().map_or(Source::NoContext, |context| self.missing(context))]
    }

    /// Searches backwards from a place for the instruction that puts something at a path. The
    /// search stops where an earlier search for the path began, and uses its result.
    fn search(&self, at: At, path: &str, is_system: bool, steps: usize) -> Search {
        let naming = self.runs_naming(base_name(path));
        let mut search = Search::default();
        let mut first = None;
        'back: for range in self.ranges_back_from(at) {
            search.length += 1;
            for item in self.writers().of(path, &naming, !is_system, &range) {
                let earlier =
                    self.kept.searches.borrow().get(path).and_then(|all| all.get(&(steps, item)).copied());
                if let Some(earlier) = earlier {
                    search.length = search.length.saturating_add(earlier.length);
                    search.found = earlier.found;
                    search.is_fetched |= earlier.is_fetched;
                    search.is_covered |= earlier.is_covered;
                    break 'back;
                }
                first.get_or_insert(item);
                search.length += 1;
                if search.length > MOST_INSTRUCTIONS {
                    search.length = usize::MAX;
                    break 'back;
                }
                if self.sources_at(item, path, steps).is_some() {
                    search.found = Some(item);
                    break 'back;
                }
                let Item::Instruction(instruction) = &self.file.items[item] else { continue };
                match &instruction.body {
                    Body::Run(run) => search.is_fetched |= self.may_fetch(item, run),
                    _ => {
                        search.is_covered |=
                            instruction.heredocs.is_empty() && instruction.flag("from").is_none();
                    }
                }
            }
            if search.length > MOST_INSTRUCTIONS {
                search.length = usize::MAX;
                break;
            }
        }
        if let Some(first) = first {
            let mut searches = self.kept.searches.borrow_mut();
            searches.entry(path.to_owned()).or_default().insert((steps, first), search);
        }
        search
    }

    /// What an instruction puts at a path, or `None` if it leaves the path unchanged.
    fn sources_at(&self, item: usize, path: &str, steps: usize) -> Option<Vec<Source>> {
        let Item::Instruction(instruction) = &self.file.items[item] else { return None };
        match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                self.copied_from(item, instruction, transfer, path, steps)
            }
            Body::Run(_) => self.made_by(item, instruction, path, steps),
            _ => None,
        }
    }

    /// What a COPY or ADD puts at a path, or `None` if it leaves the path unchanged.
    fn copied_from(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        transfer: &Transfer,
        path: &str,
        steps: usize,
    ) -> Option<Vec<Source>> {
        let destination = self.path_at(item, &transfer.destination);
        let inner = match &destination {
            Some(destination) => Some(below(path, destination)?),
            None => None,
        };
        let name = base_name(path);
        // Whether a source of this name would end up at the path.
        let fits = |source: &str| match inner {
            Some("") => true,
            Some(inner) => inner == base_name(source),
            None => base_name(source) == name || base_name(&transfer.destination) == name,
        };
        if !instruction.heredocs.is_empty() {
            let found = instruction.heredocs.iter().find(|heredoc| fits(&heredoc.name))?;
            let body = found.content.of(self.file.text);
            return Some(vec![Source::Text(body.to_owned())]);
        }
        if let Some(from) = instruction.flag("from") {
            let own = self.copies.partition_point(|copied| copied.item < item);
            let copied = self.copies.get(own).filter(|copied| copied.item == item && from.value.is_some());
            let Some(stage) = copied.map(|copied| copied.source) else {
                return Some(vec![Source::Unknown("comes from another image")]);
            };
            let there = At { stage, end: self.stages[stage].items.end };
            return transfer.sources.iter().find_map(|source| {
                let source = format!("/{}", self.expanded(item, source)?.trim_start_matches('/'));
                let candidates = match inner {
                    _ if fits(&source) => vec![source.clone(), format!("{source}/{name}")],
                    Some(inner) => vec![format!("{source}/{inner}")],
                    None => vec![format!("{source}/{name}")],
                };
                let found = candidates.iter().filter_map(|path| normalized(path));
                let mut found = found.map(|path| self.sources_of_path(there, &path, steps));
                found.find(|found| *found != [Source::Base])
            });
        }
        if transfer.sources.iter().any(|source| source.contains("://")) {
            let is_fetched = transfer.sources.iter().any(|source| fits(source));
            return is_fetched.then(|| vec![Source::Unknown("is fetched by ADD")]);
        }
        let Ok(context) = self.context_source.context() else { return Some(vec![Source::NoContext]) };
        if let Some(copied) = self.copied(item, context) {
            let found = copied.context_paths(path);
            return found
                .iter()
                .find(|path| context.sends_file(path))
                .map(|path| vec![text_of(context, path)]);
        }
        let called = |source: &String| {
            let last = base_name(source.trim_end_matches('/'));
            fits(source) && !last.contains(['*', '?', '[', '$'])
        };
        let wanted = match &transfer.sources[..] {
            [only] if called(only) => base_name(only),
            _ => name,
        };
        let found = context_files(context, wanted);
        if !found.is_empty() {
            return Some(found);
        }
        transfer.sources.iter().any(called).then(|| vec![self.missing(context)])
    }

    /// What a RUN puts at a path, or `None` if it leaves the path unchanged.
    fn made_by(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        path: &str,
        steps: usize,
    ) -> Option<Vec<Source>> {
        let name = base_name(path);
        if !instruction.full.of(self.file.text).contains(name) {
            return None;
        }
        let run = self.run_at(item)?;
        if run.script().is_none() {
            return Some(vec![Source::Unknown("is named by a RUN that can't be read")]);
        }
        for (index, invocation) in run.invocations.iter().enumerate().rev() {
            let resolved = |name: Name<'_>| self.target_of_name(run, index, name).path().map(str::to_owned);
            let names_path = |file: Name<'_>| match resolved(file) {
                Some(resolved) => resolved == path,
                None => base_name(file.text()) == name,
            };
            let actions = invocation.actions.known();
            let is_written = |action: &&Action<'_>| {
                let prints = action.is_redirection() || invocation.is("tee");
                prints && action.act == Act::Writes && names_path(action.file.name)
            };
            if let Some(written) = actions.iter().find(is_written) {
                let bodies = instruction.heredocs.iter().map(|heredoc| heredoc.content.of(self.file.text));
                let bodies: Vec<_> = bodies.map(|body| Source::Text(body.to_owned())).collect();
                let is_whole = written.by != By::Surroundings;
                let printed = || printed(invocation).filter(|_| is_whole);
                let printed = || printed().map_or(Source::Unknown("is written by a RUN"), Source::Text);
                return Some(if bodies.is_empty() { vec![printed()] } else { bodies });
            }
            let is_copy = |action: &&Action<'_>| {
                let inner = base_name(action.file.name.text());
                let into = |to: Name<'_>| {
                    resolved(to).map_or(name == inner, |target| format!("{target}/{inner}") == path)
                };
                action.to.is_some_and(|to| names_path(to.name) || into(to.name))
            };
            if let Some(copy) = actions.iter().find(is_copy) {
                let at = At { stage: run.stage, end: item };
                return Some(match resolved(copy.file.name) {
                    Some(source) => self.sources_of_path(at, &source, steps),
                    None => self.sources_by_name(at, base_name(copy.file.name.text())),
                });
            }
            let fetches = actions.iter().any(|action| matches!(action.act, Act::Fetches | Act::Address));
            if fetches && invocation.words.iter().any(|word| word.raw.contains(name)) {
                return Some(vec![Source::Unknown("is fetched by a RUN")]);
            }
            let is_edited = |action: &Action<'_>| action.act == Act::Edits && names_path(action.file.name);
            if actions.iter().any(is_edited) && !only_line_ends(invocation) {
                return Some(vec![Source::Unknown("is changed by a RUN")]);
            }
        }
        None
    }

    /// Whether a RUN may fetch files that it does not name.
    fn may_fetch(&self, item: usize, run: &Run) -> bool {
        let fetches =
            |invocation: &Invocation<'_>| BRINGING_FILES.iter().any(|program| invocation.is(program));
        match run {
            Run::Shell(_) | Run::Heredoc(_) => {
                let of = |run: &RunFacts<'_>| {
                    *run.kept.may_fetch.get_or_init(|| run.invocations.iter().any(fetches))
                };
                self.run_at(item).is_some_and(of)
            }
            Run::Exec(_) | Run::Opaque(_) => true,
        }
    }

    /// The files of this name, in any directory.
    fn sources_by_name(&self, at: At, name: &str) -> Vec<Source> {
        let ranges: Vec<_> = self.ranges_back_from(at).collect();
        let (writers, naming) = (self.writers(), self.runs_naming(name));
        let heredocs = ranges.iter().flat_map(|range| writers.heredocs_called(name, range));
        let mut found: Vec<Source> =
            heredocs.map(|body| Source::Text(body.of(self.file.text).to_owned())).collect();
        if let Ok(context) = self.context_source.context() {
            found.extend(context_files(context, name));
        }
        if !found.is_empty() {
            return found;
        }
        let copies = || ranges.iter().any(|range| writers.copies(range));
        match self.context_source.context() {
            _ if ranges.iter().any(|range| writers.makes(&naming, range)) => {
                vec![Source::Unknown("may be made or fetched by a RUN")]
            }
            Ok(context) if copies() => vec![self.missing(context)],
            Err(_) if copies() => vec![Source::NoContext],
            _ => vec![Source::Base],
        }
    }

    /// The contents of the context's files whose path ends in `end` and that are sent to the
    /// builder.
    pub(super) fn context_texts(&self, end: &str) -> Vec<&str> {
        let Ok(context) = self.context_source.context() else { return Vec::new() };
        let paths = context.sent_by_name(base_name(end)).map(|entry| entry.path.as_str());
        let ends =
            |path: &&str| path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        paths.filter(ends).filter_map(|path| context.text(path)).collect()
    }

    /// The source of a file that a COPY names and the context does not have. If the context
    /// contains other files that the Dockerfile copies, it is certainly the right directory, and
    /// the file is unknown; otherwise the context is.
    fn missing(&self, context: &BuildContext) -> Source {
        let is_there = |(item, instruction): (usize, &Instruction<'_>)| {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return false };
            let from = instruction.flag("from").is_some();
            !from
                && transfer.sources.iter().any(|source| {
                    let path = self.expanded(item, source).and_then(|source| normalized(&source));
                    path.is_some_and(|path| path != "/" && context.sends(path.trim_start_matches('/')))
                })
        };
        if *self.is_its_context.get_or_init(|| self.file.instructions().any(is_there)) {
            Source::Unknown(NOT_THERE)
        } else {
            Source::NoContext
        }
    }
}

/// The context's files of this name that are sent to the builder.
fn context_files(context: &BuildContext, name: &str) -> Vec<Source> {
    context.sent_by_name(name).map(|entry| text_of(context, &entry.path)).collect()
}

/// The content of a file of the context.
fn text_of(context: &BuildContext, path: &str) -> Source {
    let entry = context.file(path);
    let name = base_name(path);
    match context.text(path) {
        Some(text) => Source::Text(text.to_owned()),
        None if entry.is_some_and(|entry| entry.is_link) => Source::Unknown("is a symbolic link"),
        None if is_script_name(name) => Source::Unknown("is too large, or not a text"),
        None => Source::Program,
    }
}

/// Whether a file has the name of a shell script.
pub(super) fn is_script_name(name: &str) -> bool {
    SHELL_SCRIPTS.iter().any(|ending| name.ends_with(ending))
        || ["docker-entrypoint", "entrypoint"].iter().any(|start| name.starts_with(start))
            && !name.contains('.')
}

/// The rest of a path below a directory.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    if directory == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(directory.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// What `echo` or `printf` prints, if it is literal; variables are not expanded.
pub(super) fn printed(invocation: &Invocation<'_>) -> Option<String> {
    let is_printing = invocation.is("echo") || invocation.is("printf");
    let words = invocation
        .arguments()
        .iter()
        .filter(|word| !matches!(word.raw.as_str(), "-e" | "-n" | "-en" | "-ne"));
    let text: Vec<String> = words
        .map(|word| word.literal().map_or_else(|| word.raw.trim_matches('"').to_owned(), str::to_owned))
        .collect();
    is_printing.then(|| text.join(" ").replace("\\n", "\n").replace("\\t", " ").replace("\\\"", "\"") + "\n")
}

/// Whether a `sed -i` only removes carriage returns.
fn only_line_ends(invocation: &Invocation<'_>) -> bool {
    let expressions = invocation.arguments().iter().filter(|word| word.text().starts_with('s'));
    invocation.is("sed")
        && expressions.clone().count() > 0
        && expressions.into_iter().all(|word| {
            word.text().contains("\\r") || word.text().contains("\\x0D") || word.text().contains("\\015")
        })
}

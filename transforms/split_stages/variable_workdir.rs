//! A working directory that depends on a build argument: `WORKDIR /srv/${VERSION}`.
//!
//! Both stages declare the argument and get the same value, so the final image can name the
//! directory as the author did. The plan is made for a text in which a made-up name of the same
//! length replaces the variable, and the variable is put back into the new lines.

use std::ops::Range;

use crate::context::ContextSource;
use crate::facts::execution::normalized;
use crate::facts::{Facts, Stage};
use crate::knowledge::languages::{BUILD_VARIABLES, IMAGE_VARIABLES};
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{is_common_directory, is_shared_folder};
use crate::syntax::{Assignment, Body, Dockerfile, Item};
use crate::transforms::split_stages::plan::{self, Candidate};
use crate::transforms::split_stages::recipe::{RuntimeLine, Split};

/// The shortest made-up name, which must occur nowhere else.
const SHORTEST: usize = 4;
/// How many variables may be defined by each other.
const DEEPEST: usize = 4;

/// A variable in a WORKDIR, and the name that replaces it.
struct Variable {
    /// As in the file: `${VERSION}`.
    written: String,
    /// As long as `written`.
    replacement: String,
    /// The only instruction that sets it.
    setter: usize,
}

/// The split of a stage whose working directory is unknown only because of variables.
pub(super) fn split(
    facts: &Facts<'_>,
    stage: &Stage,
    build_context: &dyn ContextSource,
) -> Option<Result<Split, Reason>> {
    let (text, variables) = replaced(facts, stage)?;
    let file = Dockerfile::parse(&text);
    let replaced = Facts::of(&file, facts.known).within(build_context);
    let candidate = Candidate::of(&replaced)?;
    let split = plan::split(&replaced, &candidate, build_context);
    Some(split.and_then(|split| restored(facts, split, &variables)))
}

/// The text with made-up names.
fn replaced(facts: &Facts<'_>, stage: &Stage) -> Option<(String, Vec<Variable>)> {
    let mut text = facts.file.text.to_owned();
    let mut variables: Vec<Variable> = Vec::new();
    for item in stage.items.clone() {
        let Item::Instruction(instruction) = &facts.file.items[item] else { continue };
        let Body::Workdir(path) = &instruction.body else { continue };
        // It is relative to the directory with the variable.
        if !variables.is_empty() && !path.starts_with(['/', '$']) {
            return None;
        }
        if !path.contains('$') || facts.directory_after(item).is_some() {
            continue;
        }
        let written = instruction.text.of(facts.file.text);
        let start = instruction.text.start + written.strip_suffix(path.as_str())?.len();
        let by_default = value(facts, stage, path, DEEPEST)?;
        let directory = normalized(&by_default).filter(|_| by_default.starts_with('/'))?;
        if is_shared_folder(&directory) || is_common_directory(&directory) {
            return None;
        }
        for (place, name) in names(path)? {
            let setter = setter(facts, stage, name).filter(|setter| *setter < item)?;
            let written = &path[place.clone()];
            let known = variables.iter().find(|variable| variable.written == written);
            let replacement = match known {
                Some(variable) => variable.replacement.clone(),
                None => made_up(&text, place.len(), place.start == 0)?,
            };
            text.replace_range(start + place.start..start + place.end, &replacement);
            if known.is_none() {
                variables.push(Variable { written: written.to_owned(), replacement, setter });
            }
        }
    }
    (!variables.is_empty()).then_some((text, variables))
}

/// A name of a length that does not occur in a text.
fn made_up(text: &str, length: usize, is_first: bool) -> Option<String> {
    let mut names = ["q", "z", "j", "x"].iter().map(|letter| letter.repeat(length - usize::from(is_first)));
    let name = names.find(|name| name.len() >= SHORTEST && !text.contains(name.as_str()))?;
    Some(if is_first { format!("/{name}") } else { name })
}

/// The plan with the variables, each of which the final stage sets before it uses it.
fn restored(facts: &Facts<'_>, mut split: Split, variables: &[Variable]) -> Result<Split, Reason> {
    let unknown = || reasons::unknown_workdir().at(split.anchor);
    for Variable { written, replacement, setter } in variables {
        let ends = split.at_start.iter().chain(&split.at_end);
        if ends.into_iter().any(|line| line.text.contains(replacement)) {
            return Err(unknown());
        }
        let mut first = None;
        for (at, line) in split.lines.iter_mut().enumerate() {
            if let RuntimeLine::New(new) | RuntimeLine::Explained(_, new) = line
                && new.text.contains(replacement)
            {
                new.text = new.text.replace(replacement, written);
                first = first.or(Some(at));
            }
        }
        let is_setter = |line: &RuntimeLine| matches!(line, RuntimeLine::Copied(item) if item == setter);
        match (first, split.lines.iter().position(is_setter)) {
            (None, _) => {}
            (Some(first), Some(at)) if at < first => {}
            (Some(first), None) if is_argument(facts, *setter) => {
                split.lines.insert(first, RuntimeLine::Copied(*setter));
            }
            _ => return Err(unknown()),
        }
    }
    Ok(split)
}

/// The variables in a path, each with its place; `None` if one is written in another way than
/// `$NAME` or `${NAME}`.
fn names(path: &str) -> Option<Vec<(Range<usize>, &str)>> {
    if path.contains(['\\', '"', '\'']) {
        return None;
    }
    let mut found = Vec::new();
    for (at, _) in path.match_indices('$') {
        let rest = &path[at + 1..];
        let (name, signs) = match rest.strip_prefix('{') {
            Some(inner) => (inner.split_once('}')?.0, "${}".len()),
            None => (&rest[..rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len())], "$".len()),
        };
        let is_name = !name.is_empty() && name.chars().all(is_of_name);
        found.push((at..at + name.len() + signs, Some(name).filter(|_| is_name)?));
    }
    Some(found)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn assignments<'f>(facts: &'f Facts<'_>, item: usize) -> &'f [Assignment] {
    match &facts.file.items[item] {
        Item::Instruction(instruction) => match &instruction.body {
            Body::Arg(all) | Body::Env(all) => all,
            _ => &[],
        },
        _ => &[],
    }
}

fn is_argument(facts: &Facts<'_>, item: usize) -> bool {
    matches!(&facts.file.items[item], Item::Instruction(instruction) if matches!(instruction.body, Body::Arg(_)))
}

/// The instruction of a stage that sets a variable, if there is only one and the base image can't
/// set it.
fn setter(facts: &Facts<'_>, stage: &Stage, name: &str) -> Option<usize> {
    let sets = |item: &usize| assignments(facts, *item).iter().any(|assignment| assignment.key == name);
    let mut setters = stage.items.clone().filter(sets);
    let setter = setters.next().filter(|_| setters.next().is_none())?;
    // ENV of a base image overrides ARG, and the final image has another base.
    let may_be_of_base = BUILD_VARIABLES.contains(&name)
        || IMAGE_VARIABLES.contains(&name)
        || name.ends_with("_VERSION")
        || name.ends_with("_HOME") && !name.starts_with("APP");
    (!is_argument(facts, setter) || !may_be_of_base).then_some(setter)
}

/// The value of a text if no build argument is passed.
fn value(facts: &Facts<'_>, stage: &Stage, text: &str, depth: usize) -> Option<String> {
    let mut result = String::new();
    let mut rest = 0;
    for (place, name) in names(text)? {
        let setter = setter(facts, stage, name).filter(|_| depth > 0)?;
        let assignment = assignments(facts, setter).iter().find(|assignment| assignment.key == name)?;
        let written = assignment.value.as_deref()?;
        let plain = written.trim_matches('"');
        result += &text[rest..place.start];
        result += &value(facts, stage, plain, depth - 1).filter(|value| !value.is_empty())?;
        rest = place.end;
    }
    Some(result + &text[rest..])
}

//! Build metadata in a Dockerfile (build dates, revisions, version labels), and the steps that it
//! may move past.

use crate::facts::Facts;
use crate::facts::effects::{Effects, Resource};
use crate::facts::environment::Variable;
use crate::knowledge::lists::variables::OF_BUILD_METADATA;
use crate::syntax::{Assignment, Body, Instruction, Keyword};

/// Whether an instruction of this type can contain build metadata.
pub(crate) fn may_vary(body: &Body) -> bool {
    match body {
        Body::Arg(all) => all.iter().all(|assignment| OF_BUILD_METADATA.contains(&assignment.key.as_str())),
        Body::Env(all) | Body::Label(all) => all.iter().all(refers_to_varying),
        _ => false,
    }
}

fn refers_to_varying(assignment: &Assignment) -> bool {
    let value = assignment.value.as_deref().unwrap_or_default();
    value.contains('$') && OF_BUILD_METADATA.iter().any(|name| is_variable(value, name))
}

/// Whether a text contains `$NAME` or `${NAME…}`, and not just the beginning of a longer name.
fn is_variable(text: &str, name: &str) -> bool {
    text.split('$').skip(1).any(|behind| {
        let behind = behind.strip_prefix('{').unwrap_or(behind);
        behind
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// Whether an instruction contains only build metadata, in variables that no tool reads
/// implicitly.
pub(crate) fn varies_by_build(facts: &Facts<'_>, item: usize, instruction: &Instruction<'_>) -> bool {
    may_vary(&instruction.body)
        && refers_to_arguments(facts, item, &instruction.body)
        && names(&instruction.body)
            .iter()
            .all(|name| OF_BUILD_METADATA.contains(name) || !facts.known.is_read_silently(name))
}

/// Whether the varying variables in the values are build arguments. Variables that ENV sets in the
/// file do not vary.
fn refers_to_arguments(facts: &Facts<'_>, item: usize, body: &Body) -> bool {
    let (Body::Env(all) | Body::Label(all)) = body else { return true };
    let argument = |name: &&&str| matches!(facts.variable(item, name), Variable::Argument(_));
    all.iter().all(|assignment| {
        let value = assignment.value.as_deref().unwrap_or_default();
        OF_BUILD_METADATA.iter().filter(|name| is_variable(value, name)).all(|name| argument(&name))
    })
}

/// Whether such an instruction can be moved below `other`. A known command has the variable in its
/// environment, but does not use it unless it mentions it.
pub(crate) fn metadata_may_pass(
    facts: &Facts<'_>,
    item: usize,
    other: usize,
    own: &Effects,
    its: &Effects,
) -> bool {
    let (Some(instruction), Some(other)) = (facts.instruction_at(item), facts.instruction_at(other)) else {
        return false;
    };
    if other.keyword == Keyword::Run && instruction.keyword == Keyword::Label {
        return true;
    }
    if other.keyword == Keyword::Run {
        let text = other.full.of(facts.file.text);
        // An install of the project, its scripts and its settings can read it.
        return its.unknown.is_none()
            && its.installs.is_empty()
            && !names(&instruction.body).iter().any(|name| text.contains(name));
    }
    if instruction.keyword == Keyword::Label {
        let reads = own.reads.iter().any(|read| its.writes.iter().any(|written| read == written));
        return !reads && other.keyword != Keyword::Label;
    }
    let is_configuration = |resource: &Resource| *resource == Resource::Configuration;
    own.commute(its)
        || its.writes.iter().all(is_configuration) && !its.reads.iter().any(|read| own.writes.contains(read))
}

/// The variables that an instruction sets.
fn names(body: &Body) -> Vec<&str> {
    match body {
        Body::Arg(all) | Body::Env(all) => all.iter().map(|assignment| assignment.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

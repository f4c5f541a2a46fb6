//! The entries of ENV, LABEL and EXPOSE in a stage, and whether something reads one of them before
//! the next.

use std::ops::Range;

use crate::facts::{FURTHEST, Facts, Stage};
use crate::syntax::value::{Part, parts};
use crate::syntax::{Assignment, Body, Instruction, Item, Keyword};

/// One entry: a variable, a label, or a port.
pub(super) struct Entry {
    pub(super) keyword: Keyword,
    /// The index of the instruction in the file's items.
    pub(super) item: usize,
    /// Its number in the instruction.
    pub(super) index: usize,
    /// The name, or the port with its protocol.
    pub(super) name: String,
    /// `None` if it can't be read, or may fail.
    value: Option<Vec<Part>>,
}

impl Entry {
    /// Whether the next entry of the same name sets the same value, whatever the variables are.
    pub(super) fn is_repeated_by(&self, next: &Entry) -> bool {
        let is_literal = |value: &Vec<Part>| value.iter().all(|part| matches!(part, Part::Text(_)));
        self.value.as_ref().is_some_and(is_literal) && self.value == next.value
    }

    /// Whether nothing depends on it being evaluated.
    pub(super) fn is_readable(&self) -> bool {
        self.value.is_some()
    }
}

/// The entries of a stage, in order. `None` is for some that can't be read, and may have any
/// name.
pub(super) fn of_stage(facts: &Facts<'_>, stage: &Stage) -> Vec<Option<Entry>> {
    let mut all = Vec::new();
    for item in stage.items.clone() {
        let instruction = match &facts.file.items[item] {
            Item::Instruction(instruction) => instruction,
            Item::Error(..) => {
                all.push(None);
                continue;
            }
            Item::Blank(_) | Item::Comment(_) | Item::Directive(_) => continue,
        };
        let keyword = instruction.keyword;
        let is_complete = |entries: usize| entries == words(instruction).len() && entries < FURTHEST;
        match &instruction.body {
            Body::Env(assignments) | Body::Label(assignments)
                if facts.file.escape == '\\' && is_complete(assignments.len()) =>
            {
                for (index, assignment) in assignments.iter().enumerate() {
                    let entry = read(assignment);
                    all.push(entry.map(|(name, value)| Entry { keyword, item, index, name, value }));
                }
            }
            Body::Expose(ports) if is_complete(ports.len()) => {
                for (index, port) in ports.iter().enumerate() {
                    let Some(name) = port_and_protocol(port) else { continue };
                    all.push(Some(Entry { keyword, item, index, name, value: Some(Vec::new()) }));
                }
            }
            Body::Env(_) | Body::Label(_) => all.push(None),
            _ => {}
        }
    }
    all
}

/// The places of the entries in the joined text.
pub(super) fn words(instruction: &Instruction<'_>) -> Vec<Range<usize>> {
    match &instruction.body {
        // The old syntax: one name, and the rest is the value.
        Body::Env(all) | Body::Label(all)
            if all.len() == 1 && !instruction.arguments().starts_with(&format!("{}=", all[0].key)) =>
        {
            vec![instruction.arguments.clone()]
        }
        _ => instruction.words(),
    }
}

/// The name of an assignment, and its value if that can be read and can't fail.
fn read(assignment: &Assignment) -> Option<(String, Option<Vec<Part>>)> {
    let name = match &parts(&assignment.key)?[..] {
        [Part::Text(name)] => name.clone(),
        _ => return None,
    };
    let may_fail = |part: &Part| matches!(part, Part::Variable(variable) if variable.contains('?'));
    let value = parts(assignment.value.as_deref().unwrap_or_default());
    Some((name, value.filter(|value| !value.iter().any(may_fail))))
}

/// A port in the form that the image's configuration has.
fn port_and_protocol(port: &str) -> Option<String> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let is_port = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty();
    let is_protocol = protocol.bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_port && is_protocol).then(|| format!("{number}/{}", protocol.to_ascii_lowercase()))
}

/// Whether nothing between two entries of ENV runs or mentions the variable, and the instruction of
/// the second one does not use it.
pub(super) fn is_unread(facts: &Facts<'_>, entry: &Entry, next: &Entry) -> bool {
    let name = entry.name.as_str();
    let ignores = |item: usize| {
        facts.instruction_at(item).is_none_or(|instruction| {
            let runs = matches!(
                instruction.keyword,
                Keyword::Run | Keyword::Onbuild | Keyword::From | Keyword::Shell
            );
            !runs && !instruction.logical.text.contains(name)
        })
    };
    let uses = |item: usize| {
        facts.instruction_at(item).is_some_and(|instruction| {
            let text = instruction.logical.text.as_ref();
            [format!("${name}"), format!("${{{name}")].iter().any(|use_| text.contains(use_))
        })
    };
    next.item - entry.item < FURTHEST && (entry.item + 1..next.item).all(ignores) && !uses(next.item)
}

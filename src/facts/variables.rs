//! The values that ENV and ARG give variables at an instruction, and the expansion of variables as
//! in the builder.
//!
//! Only plain `$NAME` and `${NAME}` are expanded, with values that the file sets with ENV. A build
//! argument is unknown, since any value may be passed for it. `execution` covers assignments in
//! scripts.

use std::collections::HashMap;

use crate::facts::execution::Outer;
use crate::syntax::{Body, Dockerfile};

/// The largest number of values that refer to each other.
const MOST_STEPS: usize = 16;

/// Longer values, in bytes, count as unknown.
const LONGEST_VALUE: usize = 4096;

/// The variables that a text refers to.
pub fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let rest = text.split('$').skip(1).map(|rest| rest.trim_start_matches(['{', '!', '#']));
    let names = rest.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next());
    names.flatten().filter(|name| !name.is_empty())
}

/// The value of a variable at an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// The file sets it to this text, as written.
    Set(String),
    /// An ARG without a default, or one whose default a build argument may replace.
    Argument(Option<String>),
    /// Nothing in the file sets it; the base image may.
    NotInFile,
}

/// Every ENV and ARG of a file, by name.
#[derive(Debug, Default)]
pub struct Variables {
    by_name: HashMap<String, Settings>,
}

/// The assignments of one variable.
#[derive(Debug, Default)]
struct Settings {
    /// The items, in order.
    items: Vec<usize>,
    /// The value at each item.
    values: Vec<Variable>,
}

impl Variables {
    /// Reads the variables of a file.
    pub(super) fn of(file: &Dockerfile<'_>) -> Self {
        let mut by_name: HashMap<String, Settings> = HashMap::new();
        for (item, instruction) in file.instructions() {
            let (all, is_env) = match &instruction.body {
                Body::Env(all) => (all, true),
                Body::Arg(all) => (all, false),
                _ => continue,
            };
            for assignment in all {
                let variable = if is_env {
                    Variable::Set(assignment.value.clone().unwrap_or_default())
                } else {
                    Variable::Argument(assignment.value.clone())
                };
                let settings = by_name.entry(assignment.key.clone()).or_default();
                settings.items.push(item);
                settings.values.push(variable);
            }
        }
        Self { by_name }
    }

    /// The names of all variables that the file sets, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

impl Outer<'_> {
    /// The value of a variable just before an item: set in its stage, or in the stages that it is
    /// built from.
    pub(super) fn variable(&self, item: usize, name: &str) -> &Variable {
        self.setting(item, name).map_or(&Variable::NotInFile, |(_, variable)| variable)
    }

    /// The text that ENV gives a variable just before an item. `None` if it is set in another way,
    /// or to an unknown value.
    pub(crate) fn value(&self, item: usize, name: &str) -> Option<String> {
        self.value_within(item, name, MOST_STEPS)
    }

    /// A text of the instruction at `item`, without its quotes and with its variables expanded.
    /// `None` if a value is unknown.
    pub(super) fn expand(&self, item: usize, text: &str) -> Option<String> {
        self.expand_within(item, text, MOST_STEPS)
    }

    /// The last instruction that sets a variable before an item.
    pub(super) fn set_at(&self, item: usize, name: &str) -> Option<usize> {
        self.setting(item, name).map(|(at, _)| at)
    }

    /// The last instruction that sets a variable before an item, and the value.
    fn setting(&self, item: usize, name: &str) -> Option<(usize, &Variable)> {
        let settings = self.variables.by_name.get(name)?;
        let found = self.lineage.nearest(self.stages, &settings.items, item)?;
        let at = settings.items.partition_point(|at| *at <= found).checked_sub(1)?;
        Some((found, &settings.values[at]))
    }

    fn value_within(&self, item: usize, name: &str, steps: usize) -> Option<String> {
        let (at, Variable::Set(value)) = self.setting(item, name)? else { return None };
        // A value uses the values at its assignment. (Docker's reference, "Environment
        // replacement".)
        self.expand_within(at, value, steps.checked_sub(1)?)
    }

    fn expand_within(&self, item: usize, text: &str, steps: usize) -> Option<String> {
        let text = text.trim_matches(['"', '\'']);
        if text.contains(['\\', '`', '"', '\'']) {
            return None;
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, behind) = match after.strip_prefix('{') {
                Some(inside) => inside.split_once('}')?,
                None => {
                    let end =
                        after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    after.split_at(end)
                }
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return None;
            }
            result.push_str(&self.value_within(item, name, steps)?);
            if result.len() > LONGEST_VALUE {
                return None;
            }
            rest = behind;
        }
        result.push_str(rest);
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::knowledge::Knowledge;

    fn expanded(lines: &str, text: &str) -> Option<String> {
        let whole = format!("FROM a\n{lines}\nRUN z\n");
        let file = Dockerfile::parse(&whole);
        Facts::of(&file, Knowledge::embedded()).expanded(file.items.len() - 1, text)
    }

    #[test]
    fn values_are_those_of_the_instruction_that_sets_them() {
        assert_eq!(expanded("ENV A=/x\nENV B=$A/y\nENV A=/z", "$B").as_deref(), Some("/x/y"));
        assert_eq!(expanded("ENV A=/x\nENV A=$A/y", "${A}").as_deref(), Some("/x/y"));
        assert_eq!(expanded("ENV A=/x\nENV A=/z B=$A", "$B").as_deref(), Some("/x"));
        assert_eq!(expanded("ENV A=$A/y", "$A"), None);
        assert_eq!(expanded("ARG A=/x", "$A"), None);
    }

    #[test]
    fn values_that_double_are_given_up() {
        let lines: String = (1..60).map(|n| format!("ENV A{n}=$A{0}$A{0}\n", n - 1)).collect();
        assert_eq!(expanded(&format!("ENV A0=x\n{lines}"), "$A59"), None);
    }
}

//! The values that the commands of a script assign to variables, at each of its commands.
//!
//! They are kept as a log, so that the cost is linear in the script's length. At the end of a
//! subshell, further entries undo its assignments.

use std::collections::HashMap;

/// What a script has assigned to a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// This text.
    Known(String),
    /// An unknown value, or no value.
    Unknown,
}

impl Assigned {
    /// The text, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown => None,
        }
    }
}

/// The assignments of a script, in order.
#[derive(Debug, Default)]
pub struct ScriptVariables {
    /// By name: the positions from which a value applies, and the value. `None` means that the
    /// script has not assigned any.
    log: HashMap<String, Vec<(usize, Option<Assigned>)>>,
    /// The number of entries.
    position: usize,
    /// Where any variable may have any value: after `eval` or a sourced file, and in a function.
    /// Each range goes from one position to another.
    lost: Vec<(usize, usize)>,
}

impl ScriptVariables {
    /// The position after all entries so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The value that the script has assigned to a variable before a position, or `None` if there
    /// is none.
    pub fn at(&self, position: usize, name: &str) -> Option<&Assigned> {
        let earlier = self.lost.partition_point(|(from, _)| *from <= position);
        if self.lost[..earlier].last().is_some_and(|(_, to)| position < *to) {
            return Some(&Assigned::Unknown);
        }
        let entries = self.log.get(name)?;
        let before = entries.partition_point(|(at, _)| *at <= position);
        entries[..before].last()?.1.as_ref()
    }

    /// All variables that the script has assigned before a position, by name.
    pub fn all_at(&self, position: usize) -> Vec<(&str, &Assigned)> {
        let names = self.log.keys().filter_map(|name| Some((name.as_str(), self.at(position, name)?)));
        let mut all: Vec<_> = names.collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// Whether the script assigns a variable.
    pub fn sets(&self, name: &str) -> bool {
        self.log.contains_key(name)
    }

    /// Whether a variable may have another value after a position.
    pub fn may_change_after(&self, position: usize, name: &str) -> bool {
        let is_assigned = self.log.get(name).and_then(|all| all.last()).is_some_and(|(at, _)| *at > position);
        is_assigned || self.lost.last().is_some_and(|(from, _)| *from > position)
    }

    /// The value that the script has assigned before a position to a variable whose name differs
    /// at most in case.
    pub fn by_any_case(&self, position: usize, name: &str) -> Option<&Assigned> {
        let mut names = self.log.keys().filter(|own| own.eq_ignore_ascii_case(name));
        names.find_map(|own| self.at(position, own))
    }

    /// Adds an assignment.
    pub fn assign(&mut self, name: &str, value: Assigned) {
        self.put(name, Some(value));
    }

    /// Restores the previous value of a variable.
    pub fn restore(&mut self, name: &str, value: Option<Assigned>) {
        self.put(name, value);
    }

    /// Whether all values are unknown at the current end.
    pub fn is_lost(&self) -> bool {
        self.lost.last().is_some_and(|(_, to)| *to == usize::MAX)
    }

    /// From here on, all values are unknown.
    pub fn lose(&mut self) {
        if !self.is_lost() {
            self.position += 1;
            self.lost.push((self.position, usize::MAX));
        }
    }

    /// From here on, the values in the log apply again.
    pub fn find(&mut self) {
        self.position += 1;
        if let Some((_, to)) = self.lost.last_mut() {
            *to = self.position;
        }
    }

    fn put(&mut self, name: &str, value: Option<Assigned>) {
        self.position += 1;
        self.log.entry(name.to_owned()).or_default().push((self.position, value));
    }
}

//! The check for steps that remove entries of ENV, LABEL and EXPOSE without an effect: each stage
//! ends with the same variables, labels and ports, and every other instruction finds the same
//! variables.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use crate::contract::spelling::{Argument, Meaning, compare_comments, meanings};
use crate::contract::{Contract, Effect};
use crate::facts::variables::names_in;
use crate::reasons;
use crate::syntax::{Dockerfile, Keyword};

impl Contract {
    /// The spelling, and entries that another one repeats or replaces.
    pub const REPEATED: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("repeated entries", |old, after, _| {
            if found_by(old.file) != found_by(after) {
                return Err(reasons::meaning_differs());
            }
            compare_comments(old.file, after)?;
            Ok(None)
        })
    };
}

/// What an instruction finds when it runs, or what a stage ends with.
#[derive(Debug, PartialEq)]
enum Found<'a> {
    /// An instruction, and the values of the variables that it may read.
    Instruction(Meaning<'a>, u64),
    Stage(State),
}

/// The settings of a stage. A value is known by the text that sets it and the values in it.
#[derive(Debug, Default, PartialEq)]
struct State {
    variables: HashMap<String, u64>,
    /// The sum of all variables.
    all: u64,
    /// How many ARG instructions there were.
    arguments: usize,
    labels: BTreeMap<String, u64>,
    ports: BTreeSet<String>,
}

fn found_by<'a>(file: &'a Dockerfile<'_>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let mut state = State::default();
    for meaning in meanings(file) {
        match meaning.keyword {
            Some(Keyword::Env) if has_values(&meaning) => {
                let values: Vec<(String, u64)> = state.assigned(&meaning);
                values.into_iter().for_each(|(name, value)| state.set(name, value));
            }
            Some(Keyword::Label) if has_values(&meaning) => {
                let labels = state.assigned(&meaning);
                state.labels.extend(labels);
            }
            Some(Keyword::Expose) => state.ports.extend(meaning.arguments.iter().map(port)),
            keyword => {
                if keyword == Some(Keyword::From) {
                    found.push(Found::Stage(std::mem::take(&mut state)));
                }
                state.arguments += usize::from(keyword == Some(Keyword::Arg));
                let runs = matches!(keyword, Some(Keyword::Run | Keyword::Onbuild | Keyword::Shell) | None);
                let read = if runs { state.all } else { state.value(&format!("{meaning:?}")) };
                found.push(Found::Instruction(meaning, read));
            }
        }
    }
    found.push(Found::Stage(state));
    found
}

impl State {
    /// The names and values of an instruction, which don't depend on each other.
    fn assigned(&self, meaning: &Meaning<'_>) -> Vec<(String, u64)> {
        let pairs = meaning.arguments.chunks(2).filter_map(|pair| match pair {
            [Argument::Text(name), value] => {
                Some((name.trim_matches(['"', '\'']).to_owned(), self.value(&format!("{value:?}"))))
            }
            _ => None,
        });
        pairs.collect()
    }

    /// A text with the values of the variables in it.
    fn value(&self, text: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        for name in names_in(text) {
            match self.variables.get(name) {
                Some(value) => value.hash(&mut hasher),
                None => (name, self.arguments).hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    fn set(&mut self, name: String, value: u64) {
        let of = |value: u64| {
            let mut hasher = DefaultHasher::new();
            (name.as_str(), value).hash(&mut hasher);
            hasher.finish()
        };
        let old = self.variables.get(&name).map_or(0, |old| of(*old));
        self.all = self.all.wrapping_sub(old).wrapping_add(of(value));
        self.variables.insert(name, value);
    }
}

/// Whether the names and values of an instruction could be read.
fn has_values(meaning: &Meaning<'_>) -> bool {
    meaning.arguments.iter().any(|argument| matches!(argument, Argument::Value(_)))
}

/// A port with its protocol.
fn port(argument: &Argument) -> String {
    match argument {
        Argument::Text(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => format!("{port}/tcp"),
        Argument::Text(port) => port.clone(),
        Argument::Value(parts) => format!("{parts:?}"),
    }
}

//! A cache of effects. Equal effects share a number, so a question about many instructions is a
//! question about a few kinds of effects.

use std::cell::{OnceCell, RefCell};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;

use crate::facts::effects::Effects;
use crate::facts::{FURTHEST, Facts, paths};
use crate::knowledge::Act;
use crate::reasons::{self, Reason};
use crate::syntax::{Assignment, Body, Item};

/// The effects of a file's items that were computed so far.
#[derive(Debug, Default)]
pub(in crate::facts) struct Known {
    by_item: Box<[OnceCell<Numbered>]>,
    numbers: RefCell<HashMap<Rc<Effects>, usize>>,
}

/// Effects, and the number that equal effects share, if it was asked for.
#[derive(Debug, Clone)]
struct Numbered {
    effects: Rc<Effects>,
    number: OnceCell<usize>,
}

impl Known {
    /// Nothing yet, of so many items.
    pub(in crate::facts) fn of(items: usize) -> Self {
        Self { by_item: vec![OnceCell::new(); items].into(), numbers: RefCell::default() }
    }

    fn number(&self, effects: &Rc<Effects>) -> usize {
        let mut numbers = self.numbers.borrow_mut();
        let next = numbers.len();
        *numbers.entry(Rc::clone(effects)).or_insert(next)
    }
}

impl Facts<'_> {
    /// What the instruction at an item reads and writes.
    pub fn effects(&self, item: usize) -> &Effects {
        &self.known_effects(item).effects
    }

    /// A number that all instructions with the same effects share.
    pub(crate) fn kind_of_effects(&self, item: usize) -> usize {
        let known = self.known_effects(item);
        *known.number.get_or_init(|| self.effects.number(&known.effects))
    }

    /// The assignments by ENV and ARG before an item of variables that programs read implicitly,
    /// the nearest first; an error says that there are too many.
    pub(super) fn silent_settings(&self, item: usize) -> Result<Vec<(usize, &Assignment)>, Reason> {
        let names = self.kept.silent.get_or_init(|| {
            let all = self.variables.names().filter(|name| self.known.is_read_silently(name));
            all.map(str::to_owned).collect()
        });
        if names.len() > FURTHEST {
            return Err(reasons::too_many_variables(FURTHEST));
        }
        let setting = |name: &String| {
            let at = self.outer().set_at(item, name)?;
            let Item::Instruction(instruction) = &self.file.items[at] else { return None };
            let (Body::Env(all) | Body::Arg(all)) = &instruction.body else { return None };
            let place = all.iter().rposition(|assignment| assignment.key == *name)?;
            Some((at, place, &all[place]))
        };
        let mut found: Vec<_> = names.iter().filter_map(setting).collect();
        found.sort_by_key(|(at, place, _)| Reverse((*at, *place)));
        Ok(found.into_iter().map(|(at, _, assignment)| (at, assignment)).collect())
    }

    fn known_effects(&self, item: usize) -> &Numbered {
        self.effects.by_item[item]
            .get_or_init(|| Numbered { effects: Rc::new(self.effects_anew(item)), number: OnceCell::new() })
    }
}

impl Facts<'_> {
    /// Whether a script before an item made the directory or one of its parents a symbolic link, so
    /// that the path leads elsewhere.
    pub(crate) fn may_be_linked(&self, item: usize, directory: &str) -> bool {
        let links = self.kept.links.get_or_init(|| self.links_made());
        // The empty name may be any directory.
        let names = std::iter::once("").chain(paths::and_around(directory));
        names.into_iter().filter_map(|name| links.get(name)).any(|first| *first < item)
    }

    /// The names that scripts give to symbolic links, and the first item that does so; an empty one
    /// matches any name.
    fn links_made(&self) -> HashMap<String, usize> {
        let mut links = HashMap::new();
        for run in &self.runs {
            for index in 0..run.invocations.len() {
                let actions = run.invocations[index].actions.known().iter();
                for to in actions.filter(|action| action.act == Act::Links).filter_map(|action| action.to) {
                    let target = self.target_of_name(run, index, to.name);
                    let name = target.path().unwrap_or_default();
                    links.entry(name.to_owned()).or_insert(run.item);
                }
            }
        }
        links
    }
}

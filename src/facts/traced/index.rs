//! Finds the instructions that may put something at a path, without searching all the others.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use memchr::memmem;

use crate::facts::Facts;
use crate::span::Span;
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Item};

/// The instructions of a file by what they may write, each list in file order.
#[derive(Debug, Default)]
pub(crate) struct Writers {
    /// COPY and ADD, by their destination.
    copies: HashMap<String, Vec<usize>>,
    /// COPY and ADD whose destination is unknown.
    copies_anywhere: Vec<usize>,
    /// Each COPY and ADD.
    transfers: Vec<usize>,
    /// The here-documents of COPY and ADD, by their own names and by the names that they are copied
    /// to.
    heredocs: HashMap<String, Vec<(usize, Span)>>,
    /// Each RUN.
    runs: Vec<usize>,
    /// Each RUN that may fetch files without naming them.
    fetching: Vec<usize>,
}

impl Writers {
    /// The instructions in a range of items that may put something at a path, nearest first: copies,
    /// and of the RUNs those that name it and, if asked for, those that may fetch it.
    pub(super) fn of<'w>(
        &'w self,
        path: &'w str,
        naming: &'w [usize],
        fetching: bool,
        range: &Range<usize>,
    ) -> impl Iterator<Item = usize> + 'w {
        let copies = around(path).filter_map(|part| Some(&self.copies.get(part)?[..]));
        let fetching = fetching.then_some(&self.fetching[..]);
        let lists = copies.chain([&self.copies_anywhere[..], naming]).chain(fetching);
        let lists = lists.map(|list| within(list, range));
        let mut lists: Vec<&[usize]> = lists.filter(|list| !list.is_empty()).collect();
        std::iter::from_fn(move || {
            let last = lists.iter().filter_map(|list| list.last().copied()).max()?;
            for list in &mut lists {
                while list.last() == Some(&last) {
                    *list = &list[..list.len() - 1];
                }
            }
            Some(last)
        })
    }

    /// Whether the range contains a COPY or ADD.
    pub(super) fn copies(&self, range: &Range<usize>) -> bool {
        !within(&self.transfers, range).is_empty()
    }

    /// Whether the range contains a RUN that may fetch files without naming them, or one of those
    /// that name a file.
    pub(super) fn makes(&self, naming: &[usize], range: &Range<usize>) -> bool {
        [&self.fetching, naming].into_iter().any(|list| !within(list, range).is_empty())
    }

    /// The here-documents of this name in the range, nearest first.
    pub(super) fn heredocs_called(&self, name: &str, range: &Range<usize>) -> impl Iterator<Item = Span> {
        let all = self.heredocs.get(name).map_or(&[][..], |all| &all[..]);
        let start = all.partition_point(|(item, _)| *item < range.start);
        let end = all.partition_point(|(item, _)| *item < range.end);
        all[start..end.max(start)].iter().rev().map(|(_, body)| *body)
    }
}

impl Facts<'_> {
    pub(super) fn writers(&self) -> &Writers {
        self.kept.writers.get_or_init(|| {
            let mut writers = Writers::default();
            for (item, entry) in self.file.items.iter().enumerate() {
                let Item::Instruction(instruction) = entry else { continue };
                match &instruction.body {
                    Body::Copy(transfer) | Body::Add(transfer) => {
                        writers.transfers.push(item);
                        let target = base_name(&transfer.destination);
                        for heredoc in &instruction.heredocs {
                            let body = heredoc.content;
                            writers.heredocs.entry(heredoc.name.clone()).or_default().push((item, body));
                            if target != heredoc.name {
                                writers.heredocs.entry(target.to_owned()).or_default().push((item, body));
                            }
                        }
                        match self.path_at(item, &transfer.destination) {
                            Some(path) => {
                                let path = path.trim_end_matches('/').to_owned();
                                writers.copies.entry(path).or_default().push(item);
                            }
                            None => writers.copies_anywhere.push(item),
                        }
                    }
                    Body::Run(run) => {
                        writers.runs.push(item);
                        if self.may_fetch(item, run) {
                            writers.fetching.push(item);
                        }
                    }
                    _ => {}
                }
            }
            writers
        })
    }

    /// The RUNs that may name a file, in file order.
    pub(super) fn runs_naming(&self, name: &str) -> Rc<[usize]> {
        /// To search in more texts takes longer than to index them.
        const FEW: usize = 64;
        if let Some(known) = self.kept.runs_naming.borrow().get(name) {
            return known.clone();
        }
        let runs = &self.writers().runs;
        let text =
            |item| self.instruction_at(item).map_or("", |instruction| instruction.full.of(self.file.text));
        let found: Rc<[usize]> = if !name.chars().all(is_of_name) {
            runs[..].into()
        } else if runs.len() <= FEW {
            let name = memmem::Finder::new(name);
            runs.iter().copied().filter(|&run| has_name(text(run), &name)).collect()
        } else {
            let names = self.kept.names_in_runs.get_or_init(|| {
                let mut names = Vec::new();
                runs.iter().for_each(|&run| Names::add(text(run), run, &mut names));
                Names::sorted(&names)
            });
            names.of(name).into()
        };
        self.kept.runs_naming.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }
}

/// Whether a text has a name between characters that belong to no name.
fn has_name(text: &str, name: &memmem::Finder<'_>) -> bool {
    let length = name.needle().len();
    name.find_iter(text.as_bytes())
        .any(|at| !text[..at].ends_with(is_of_name) && !text[at + length..].starts_with(is_of_name))
}

/// Items by the names in their texts. A name is kept as a hash value, which takes a fraction of the
/// time: if another one has the same, an item that does not have the name is among its items.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Sorted.
    hashes: Vec<u64>,
    /// The item of each, in file order for each hash.
    items: Vec<usize>,
}

impl Names {
    /// The names in a text that is split at all other characters, the empty one included.
    fn add(text: &str, item: usize, names: &mut Vec<(u64, usize)>) {
        let mut hash = Self::EMPTY;
        for c in text.chars() {
            if is_of_name(c) {
                hash = Self::with(hash, c);
            } else if hash != Self::EMPTY {
                names.push((Self::spread(hash), item));
                hash = Self::EMPTY;
            }
        }
        names.push((Self::spread(hash), item));
        if hash != Self::EMPTY {
            names.push((Self::spread(Self::EMPTY), item));
        }
    }

    /// Names that are in file order, sorted. They are distributed by the first bits before, since to
    /// sort all of them takes several times as long.
    fn sorted(names: &[(u64, usize)]) -> Self {
        let bits = names.len().next_power_of_two().trailing_zeros().max(1);
        let part = |(hash, _): &(u64, usize)| usize::try_from(hash >> (64 - bits)).unwrap_or_default();
        let mut ends = vec![0; (1 << bits) + 1];
        names.iter().for_each(|name| ends[part(name) + 1] += 1);
        for part in 0..1 << bits {
            ends[part + 1] += ends[part];
        }
        // Each start becomes the end while the names are put into their places.
        let mut placed = vec![(0, 0); names.len()];
        for name in names {
            let end = &mut ends[part(name)];
            placed[*end] = *name;
            *end += 1;
        }
        let mut start = 0;
        for end in &ends[..1 << bits] {
            placed[start..*end].sort_unstable();
            start = *end;
        }
        placed.dedup();
        let (hashes, items) = placed.into_iter().unzip();
        Self { hashes, items }
    }

    fn of(&self, name: &str) -> &[usize] {
        let hash = Self::spread(name.chars().fold(Self::EMPTY, Self::with));
        let start = self.hashes.partition_point(|other| *other < hash);
        let end = self.hashes.partition_point(|other| *other <= hash);
        &self.items[start..end]
    }

    /// FNV-1a.
    const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

    fn with(hash: u64, c: char) -> u64 {
        (hash ^ u64::from(c)).wrapping_mul(0x0000_0100_0000_01b3)
    }

    /// The hash value of a whole name: its first bits differ for short names, too.
    fn spread(hash: u64) -> u64 {
        hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A path and its parent directories, without trailing slashes.
fn around(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path.trim_end_matches('/')), |path| path.rfind('/').map(|at| &path[..at]))
}

/// Whether a character can be part of a name, as far as the index of names is concerned.
fn is_of_name(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+')
    } else {
        c.is_alphanumeric()
    }
}

fn within<'l>(list: &'l [usize], range: &Range<usize>) -> &'l [usize] {
    let start = list.partition_point(|&item| item < range.start);
    let end = list.partition_point(|&item| item < range.end);
    &list[start..end.max(start)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    #[test]
    fn only_what_may_write_to_a_path_is_looked_at() {
        let text = "FROM debian\n\
            COPY . /srv\nCOPY x.sh /srv/x.sh\nCOPY a /opt/\nCOPY a $UNKNOWN\n\
            RUN echo > /srv/x.sh\nRUN curl x\nRUN echo > /srv/xx.sh\nRUN ls\nCOPY x.sh /srv/x.sh/y\n";
        let file = Dockerfile::parse(text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let of = |path: &str, range| {
            let naming = facts.runs_naming(base_name(path));
            facts.writers().of(path, &naming, true, &range).collect::<Vec<_>>()
        };
        let all = 0..facts.file.items.len();
        assert_eq!(of("/srv/x.sh", all.clone()), [6, 5, 4, 2, 1]);
        assert_eq!(of("/opt/b", all.clone()), [6, 4, 3]);
        assert_eq!(of("/srv/x y", all), [8, 7, 6, 5, 4, 1]);
        assert_eq!(of("/opt/b", 4..6), [4]);
        assert_eq!(facts.writers().of("/opt/b", &[], false, &(0..9)).collect::<Vec<_>>(), [4, 3]);
    }

    #[test]
    fn the_index_of_names_agrees_with_a_search() {
        let texts = ["RUN a b-c a.sh", "RUN x.a.sh;b/a.sh", "RUN é1 1é \"d\"", "RUN"];
        let mut all = Vec::new();
        (0..).zip(texts).for_each(|(item, text)| Names::add(text, item, &mut all));
        let names = Names::sorted(&all);
        for name in ["a", "a.sh", "b-c", "b", "c", "x.a.sh", "d", "1", "é1", "RUN", "e"] {
            let found: Vec<usize> =
                (0..texts.len()).filter(|&item| has_name(texts[item], &memmem::Finder::new(name))).collect();
            assert_eq!(names.of(name), found, "{name}");
        }
    }
}

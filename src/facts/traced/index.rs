//! Finds the instructions that may put something at a path, without searching all the others.

use std::collections::HashMap;
use std::ops::Range;

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
    /// RUN, by the names in its text.
    names: HashMap<String, Vec<usize>>,
    /// Each RUN.
    runs: Vec<usize>,
    /// Each RUN that may fetch files without naming them.
    fetching: Vec<usize>,
}

impl Writers {
    /// The instructions in a range of items that may put something at a path, nearest first.
    pub(super) fn of<'w>(&'w self, path: &'w str, range: Range<usize>) -> impl Iterator<Item = usize> + 'w {
        let name = base_name(path);
        let mut lists: Vec<&[usize]> =
            around(path).filter_map(|part| Some(&self.copies.get(part)?[..])).collect();
        lists.push(&self.copies_anywhere);
        if name.chars().all(is_of_name) {
            lists.push(&self.fetching);
            lists.extend(self.names.get(name).map(|all| &all[..]));
        } else {
            lists.push(&self.runs);
        }
        let mut lists: Vec<&[usize]> = lists.into_iter().map(|list| within(list, &range)).collect();
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

    /// Whether a RUN in the range names a file, or may fetch files without naming them.
    pub(super) fn makes(&self, name: &str, range: &Range<usize>) -> bool {
        let named = if name.chars().all(is_of_name) { self.names.get(name) } else { Some(&self.runs) };
        let lists = [Some(&self.fetching), named];
        lists.into_iter().flatten().any(|list| !within(list, range).is_empty())
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
                        for name in instruction.full.of(self.file.text).split(|c| !is_of_name(c)) {
                            let items = writers.names.entry(name.to_owned()).or_default();
                            if items.last() != Some(&item) {
                                items.push(item);
                            }
                        }
                    }
                    _ => {}
                }
            }
            writers
        })
    }
}

/// A path and its parent directories, without trailing slashes.
fn around(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path.trim_end_matches('/')), |path| path.rfind('/').map(|at| &path[..at]))
}

/// Whether a character can be part of a name, as far as the index of names is concerned.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || ['.', '_', '-', '+'].contains(&c)
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
        let of = |path| facts.writers().of(path, 0..facts.file.items.len()).collect::<Vec<_>>();
        assert_eq!(of("/srv/x.sh"), [6, 5, 4, 2, 1]);
        assert_eq!(of("/opt/b"), [6, 4, 3]);
        assert_eq!(of("/srv/x y"), [8, 7, 6, 5, 4, 1]);
        assert_eq!(facts.writers().of("/opt/b", 4..6).collect::<Vec<_>>(), [4]);
    }
}

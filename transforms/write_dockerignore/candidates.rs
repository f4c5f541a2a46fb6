//! Files of the build context that no build needs: caches, build output, version control, editors'
//! files, secrets.
//!
//! Only files that exist in the context, are copied with a directory, and are not named anywhere.
//! The transform writes the ignore file.

use crate::context::{BuildContext, Entry, Ignore, is_settings};
use crate::facts::Facts;
use crate::facts::copied::Copied;
use crate::knowledge::languages::node::LOCKFILES;
use crate::knowledge::lists::files::{
    CACHES_OF_TOOLS, FILES_OF_DEVELOPERS, LOCKFILES_WITH_URLS, SECRETS, WORDS_ABOUT_ENVIRONMENT_FILES,
};
use crate::reasons::Reason;
use crate::syntax::{Body, Dockerfile};
use crate::transforms::write_dockerignore::reinstalled;

/// Files that need not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// The pattern for the ignore file.
    pub pattern: String,
    /// Its category.
    pub kind: Kind,
    /// The number of matching files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// The category of files that need not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Caches of tools, which the tools create again.
    Cache,
    /// Files that an install creates again and would otherwise replace.
    Dependencies,
    /// Files for working on the project.
    ContextSource,
    /// Keys and passwords.
    Secret,
}

impl Kind {
    /// Whether the image loses only files that are generated again.
    pub fn is_generated(self) -> bool {
        matches!(self, Self::Cache | Self::Dependencies)
    }
}

/// The files that need not be sent, and why version control must be sent, if so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// The patterns.
    pub unsent: Vec<Unsent>,
    /// Why version control is sent, if it is.
    pub history: Option<Reason>,
}

/// The files that need not be sent. There are none if no directory of the context is copied.
pub fn unsent(facts: &Facts<'_>, context: &BuildContext, own: Option<&str>) -> Finding {
    if context.notable(is_notable).next().is_none() {
        return Finding::default();
    }
    let copies: Vec<Copied> = (0..facts.file.items.len())
        .filter_map(|item| facts.copied(item, context))
        .filter(Copied::takes_a_directory)
        .collect();
    if copies.is_empty() {
        return Finding::default();
    }
    let search = Search { facts, context, copies, own };
    let history = search.has_copied_entries(".git").then(|| search.asks_for_history()).flatten();
    let mut unsent = search.caches();
    unsent.extend(search.dependencies());
    unsent.extend(search.surroundings(history.is_some()));
    if history.is_some() {
        // If a tracked file is missing in the build, version control sees a change to the checkout,
        // and the project's version differs.
        unsent.retain(|unsent| !search.holds_tracked_files(unsent));
    }
    Finding { unsent, history }
}

pub(crate) struct Search<'s, 'a> {
    pub(super) facts: &'s Facts<'a>,
    pub(super) context: &'s BuildContext,
    copies: Vec<Copied>,
    /// The Dockerfile's own path.
    own: Option<&'s str>,
}

/// Whether a path is in one of these lists.
fn is_notable(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    FILES_OF_DEVELOPERS.contains(&first)
        || path.split('/').any(|part| part == "node_modules" || CACHES_OF_TOOLS.contains(&part))
}

impl<'s> Search<'s, '_> {
    fn caches(&self) -> Vec<Unsent> {
        let found = CACHES_OF_TOOLS.iter().filter_map(|name| {
            let is_in = |entry: &&Entry| entry.path.split('/').any(|part| part == *name);
            let inner: Vec<&Entry> = self.copied_entries().filter(is_in).collect();
            let at_root = inner.iter().all(|entry| entry.path.split('/').next() == Some(name));
            let pattern = if at_root { (*name).to_owned() } else { format!("**/{name}") };
            self.unsent(pattern, name, &inner, Kind::Cache)
        });
        found.collect()
    }

    /// The pattern for `node_modules`, if the installs in all builds of this context create it
    /// again from a lockfile.
    fn dependencies(&self) -> Vec<Unsent> {
        let mut folders: Vec<&str> = Vec::new();
        for entry in self.copied_entries() {
            let at =
                entry.path.find("node_modules/").filter(|at| *at == 0 || entry.path[..*at].ends_with('/'));
            let folder = at.map(|at| entry.path[..at].trim_end_matches('/'));
            folders.extend(folder.filter(|folder| !folders.contains(folder)));
        }
        let is_locked =
            |folder: &str| LOCKFILES.iter().any(|lock| self.context.sends_file(&join(folder, lock)));
        let others: Vec<Dockerfile<'_>> = self.other_dockerfiles().map(Dockerfile::parse).collect();
        let found = folders.into_iter().filter(|folder| is_locked(folder)).filter_map(|folder| {
            let others_do = others.iter().all(|file| {
                reinstalled::in_every_stage(&Facts::of(file, self.facts.known), self.context, folder)
            });
            let path = join(folder, "node_modules");
            let inner: Vec<&Entry> =
                self.copied_entries().filter(|entry| entry.path.starts_with(&format!("{path}/"))).collect();
            (others_do && reinstalled::in_every_stage(self.facts, self.context, folder))
                .then(|| self.unsent(path, "", &inner, Kind::Dependencies))
                .flatten()
        });
        found.collect()
    }

    fn surroundings(&self, keeps_history: bool) -> Vec<Unsent> {
        let found = FILES_OF_DEVELOPERS.iter().copied().filter_map(|name| {
            let is_in = |entry: &&Entry| {
                entry.path == name || entry.path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
            };
            let inner: Vec<&Entry> = self.copied_entries().filter(is_in).collect();
            let asked_for = match name {
                ".git" => keeps_history,
                ".hg" | ".svn" => self.asks_for_history().is_some(),
                ".env" | ".env.local" => WORDS_ABOUT_ENVIRONMENT_FILES.iter().any(|word| self.mentions(word)),
                _ => self.mentions(name),
            };
            let kind = if SECRETS.contains(&name) { Kind::Secret } else { Kind::ContextSource };
            (!asked_for).then(|| self.unsent(name.to_owned(), name, &inner, kind)).flatten()
        });
        found.collect()
    }

    /// Whether any part of a file or directory in the context's root is sent and copied with a
    /// directory.
    fn has_copied_entries(&self, name: &str) -> bool {
        self.copied_entries().any(|entry| entry.path.split('/').next() == Some(name))
    }

    /// Whether a pattern would exclude files that are, or may be, under version control.
    fn holds_tracked_files(&self, unsent: &Unsent) -> bool {
        let pattern = Ignore::parse(&unsent.pattern);
        let mut within = self.context.notable(is_notable).filter(|entry| pattern.excludes(&entry.path));
        within.any(|entry| self.context.may_be_tracked(&entry.path))
    }

    /// The files that are sent and copied with a directory.
    fn copied_entries(&self) -> impl Iterator<Item = &'s Entry> {
        let copies = &self.copies;
        let context = self.context;
        let notable = context.notable(is_notable).filter(|entry| context.sends_file(&entry.path));
        notable.filter(move |entry| copies.iter().any(|copy| copy.inner_path(&entry.path).is_some()))
    }

    fn unsent(&self, pattern: String, name: &str, entries: &[&Entry], kind: Kind) -> Option<Unsent> {
        // A name that needs escaping could mean something else as a pattern.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '*' | '@');
        if entries.is_empty()
            || !pattern.chars().all(is_plain)
            || !name.is_empty() && self.is_named(name)
            || self.is_copied(&pattern)
        {
            return None;
        }
        // The user included one of them with `!`.
        if entries.iter().any(|entry| self.context.ignore.asks_for(&entry.path)) {
            return None;
        }
        let bytes = entries.iter().map(|entry| entry.size).fold(0, u64::saturating_add);
        Some(Unsent { pattern, kind, files: entries.len(), bytes })
    }

    /// Whether an instruction names it: in a copy, a script, a command or a variable.
    fn is_named(&self, name: &str) -> bool {
        let names = |text: &str| {
            text.match_indices(name).any(|(at, _)| {
                let border =
                    |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
                border(text[..at].chars().next_back()) && border(text[at + name.len()..].chars().next())
            })
        };
        let in_file = self.facts.file.instructions().any(|(_, instruction)| {
            names(&instruction.logical.text)
                || instruction.heredocs.iter().any(|doc| names(doc.content.of(self.facts.file.text)))
        });
        in_file || self.other_dockerfiles().any(names)
    }

    /// Whether a COPY or ADD names the path, something in it, or a pattern that may match it.
    fn is_copied(&self, path: &str) -> bool {
        let path = path.trim_start_matches("**/");
        self.facts.file.instructions().any(|(_, instruction)| match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => transfer.sources.iter().any(|source| {
                let source = source.trim_start_matches("./").trim_start_matches('/');
                source == path
                    || source.starts_with(&format!("{path}/"))
                    || source.contains(&format!("/{path}"))
                    || source.contains('*') && source.starts_with('.')
            }),
            _ => false,
        })
    }

    /// Whether a file that the build or the running image reads mentions a name.
    fn mentions(&self, name: &str) -> bool {
        // URLs of packages in a lockfile say nothing about the project.
        let is_lock = |path: &str| LOCKFILES_WITH_URLS.iter().any(|lock| path.ends_with(lock));
        self.project_texts().any(|(path, text)| !is_lock(path) && text.contains(name))
    }

    /// The texts of the context that a build or the running image may read to find files: neither
    /// Dockerfiles nor settings, which are read for the packages that they name.
    pub(super) fn project_texts(&self) -> impl Iterator<Item = (&'s str, &'s str)> {
        let is_of_project =
            |path: &str| !path.to_ascii_lowercase().contains("dockerfile") && !is_settings(path);
        let texts = self.context.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        texts.filter(move |(path, _)| is_of_project(path))
    }

    /// Other Dockerfiles of the context, which share its ignore file.
    fn other_dockerfiles(&self) -> impl Iterator<Item = &'s str> {
        self.context.other_dockerfiles(self.own).map(|(_, text)| text)
    }
}

pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

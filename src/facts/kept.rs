//! Answers about a whole file that many of its instructions need: each is computed once, on first
//! use.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use crate::facts::accounts::AccountChange;
use crate::facts::change_rate::Rate;
use crate::facts::destinations::Destination;
use crate::facts::traced::Searches;
use crate::facts::traced::index::Writers;

/// Answers about a file.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The directories that WORKDIR makes, those around them included, each with the instructions,
    /// in order.
    pub made: OnceCell<HashMap<String, Vec<usize>>>,
    /// The names that scripts give to symbolic links, each with the first item that does; an empty
    /// one matches any name.
    pub links: OnceCell<HashMap<String, usize>>,
    /// The package managers whose cache location is configured, each with the first item that does
    /// it.
    pub configured: OnceCell<HashMap<String, usize>>,
    /// The package managers whose caches are emptied by their own commands, each with the last item
    /// that does it.
    pub cleaned: OnceCell<HashMap<String, usize>>,
    /// Whether sudo is not for every command.
    pub limits_sudo: OnceCell<bool>,
    /// The variables that ENV and ARG set and programs read implicitly.
    pub silent: OnceCell<Vec<String>>,
    /// The RUNs that use a directory, which a mount would hide, and those that do not.
    pub users: RefCell<HashMap<String, HashMap<usize, bool>>>,
    /// Whether the file has a name anywhere in its text.
    pub named: RefCell<HashMap<String, bool>>,
    /// For a setting of a package manager and the files that can hold it, the instructions that may
    /// set it, in order.
    pub set_by: RefCell<HashMap<(String, String), Vec<usize>>>,
    /// For a cache, by its name: whether a RUN leaves it full in the image.
    pub leaving: RefCell<HashMap<String, HashMap<usize, bool>>>,
    /// The instructions by what they may put where.
    pub writers: OnceCell<Writers>,
    /// The destinations of copies.
    pub destinations: OnceCell<Vec<Destination>>,
    /// The instructions that may change accounts, in order.
    pub account_changes: OnceCell<Vec<AccountChange>>,
    /// How often anything in each stage changes.
    pub rates: OnceCell<Vec<Rate>>,
    /// For a package manager, a version of it that the file installs and that is too old for an
    /// option.
    pub pins: RefCell<HashMap<String, Option<String>>>,
    /// For a package manager, the variables of the file whose values have an option that decides
    /// about its cache.
    pub deciding: RefCell<HashMap<String, HashSet<String>>>,
    /// For a path, what the searches for where it comes from found.
    pub searches: RefCell<HashMap<String, Searches>>,
}

/// Answers about a RUN.
#[derive(Debug, Default)]
pub(crate) struct KeptOfRun {
    /// Whether it is expensive enough to be worth caching.
    pub takes_time: OnceCell<bool>,
    /// The first of its invocations that may call the system's package manager in a way that can't
    /// be seen.
    pub hidden_call: OnceCell<Option<usize>>,
    /// Whether it may bring files whose names it does not say.
    pub may_fetch: OnceCell<bool>,
}

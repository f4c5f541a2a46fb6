//! Cached answers about a whole file that many of its instructions need. Each is computed at the
//! first question.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::facts::accounts::AccountChange;
use crate::facts::append::Errexit;
use crate::facts::change_rate::Rate;
use crate::facts::destinations::Destination;
use crate::facts::traced::Searches;
use crate::facts::traced::index::{Names, Writers};

/// The first and the last of some RUNs, by their items.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub first: usize,
    pub last: usize,
}

/// Answers about a file.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The directories that WORKDIR creates, with their parents. Each has the instructions, in
    /// order.
    pub made: OnceCell<HashMap<String, Vec<usize>>>,
    /// The names that scripts give to symlinks, each with the first item that does so. The empty
    /// name matches any name.
    pub links: OnceCell<HashMap<String, usize>>,
    /// The package managers whose cache location is configured, each with the first item that does
    /// so.
    pub configured: OnceCell<HashMap<String, usize>>,
    /// The package managers whose caches are emptied by their own commands, each with the last item
    /// that does so.
    pub cleaned: OnceCell<HashMap<String, usize>>,
    /// By the key of a removal: the source in the build context that calls a program which reads the
    /// files.
    pub source_calls: RefCell<HashMap<String, Option<String>>>,
    /// Whether sudo allows only some commands.
    pub limits_sudo: OnceCell<bool>,
    /// The variables set by ENV and ARG that programs read implicitly.
    pub silent: OnceCell<Vec<String>>,
    /// For each directory, the instructions that put files there or use them, in order.
    pub users: RefCell<HashMap<String, Rc<[usize]>>>,
    /// Whether the file contains a name anywhere in its text.
    pub named: RefCell<HashMap<String, bool>>,
    /// For a setting of a package manager and the files that can contain it, the instructions that
    /// may set it, in order.
    pub set_by: RefCell<HashMap<(String, String), Vec<usize>>>,
    /// For a cache, by its name, and a stage: the RUNs that leave it full, if any.
    pub ends_leaving: RefCell<HashMap<(String, usize), Option<Ends>>>,
    /// For a cache, by its name: the RUNs that leave it full in the image, in order.
    pub leaving: RefCell<HashMap<String, Vec<usize>>>,
    /// For directories, the first two RUNs that have a mount there and read what they did not
    /// download.
    pub dependent_mounts: RefCell<HashMap<Vec<String>, Vec<usize>>>,
    /// How many instructions come before each item.
    pub depths: OnceCell<Depths>,
    /// Whether a stage has the name of the empty image.
    pub has_scratch: OnceCell<bool>,
    /// The instructions, by the files that they may write.
    pub writers: OnceCell<Writers>,
    /// The names in the texts of all RUNs.
    pub names_in_runs: OnceCell<Names>,
    /// For a name, the RUNs that may name such a file, in order.
    pub runs_naming: RefCell<HashMap<String, Rc<[usize]>>>,
    /// The destinations of copies.
    pub destinations: OnceCell<Vec<Destination>>,
    /// The instructions that may change accounts, in order.
    pub account_changes: OnceCell<Vec<AccountChange>>,
    /// How often anything in each stage changes.
    pub rates: OnceCell<Vec<Rate>>,
    /// For a package manager, a version of it that the file installs and that is too old for an
    /// option.
    pub pins: RefCell<HashMap<String, Option<String>>>,
    /// For a package manager, the variables of the file whose values contain an option that affects
    /// its cache.
    pub deciding: RefCell<HashMap<String, HashSet<String>>>,
    /// For a path, the results of searches for its source.
    pub searches: RefCell<HashMap<String, Searches>>,
}

/// The number of instructions before each place.
#[derive(Debug)]
pub(crate) struct Depths {
    /// Before each item, and at the end of the file.
    pub of_items: Vec<usize>,
    /// In the stages that a stage is built from.
    pub of_stages: Vec<usize>,
}

/// Cached answers about a RUN.
#[derive(Debug, Default)]
pub(crate) struct KeptOfRun {
    /// Whether it is expensive enough to be worth caching.
    pub takes_time: OnceCell<bool>,
    /// The first of its invocations that may call the system's package manager in a hidden way.
    pub hidden_call: OnceCell<Option<usize>>,
    /// Whether it may fetch files that it does not name.
    pub may_fetch: OnceCell<bool>,
    /// The state of `set -e` in its script.
    pub errexit: OnceCell<Errexit>,
}

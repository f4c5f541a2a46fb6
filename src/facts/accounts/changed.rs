//! Whether a file changes an account that it did not create: its user ID, its home directory, or
//! the whole list of accounts.
//!
//! Scripts of the build context and packages may change accounts too, which this module ignores.

use crate::facts::actions::Action;
use crate::facts::{Facts, Invocation, RunFacts, paths};
use crate::knowledge::Act;
use crate::syntax::Item;
use crate::syntax::shell::{Word, base_name};

pub(super) const ACCOUNTS: &str = "/etc/passwd";

/// An instruction that may change accounts.
#[derive(Debug)]
pub(crate) struct AccountChange {
    item: usize,
    stage: usize,
    users: Users,
}

/// The users that a change concerns.
#[derive(Debug)]
pub(super) enum Users {
    All,
    AllButRoot,
    /// The users that one of these words names.
    Named(Vec<String>),
}

/// The largest number of changes that are examined one by one.
const MOST: usize = 300;

impl<'a> Facts<'a> {
    /// Whether an instruction before a RUN, in its stage or those it is built from, may change the
    /// account of a user.
    pub(super) fn changes_account(&self, run: &RunFacts<'a>, user: &str) -> bool {
        let changes = self.kept.account_changes.get_or_init(|| self.account_changes());
        let concerns = |change: &AccountChange| {
            change.users.include(user) && self.lineage.is_built_from(run.stage, change.stage)
        };
        let before = &changes[..changes.partition_point(|change| change.item < run.item)];
        before.len() > MOST || before.iter().any(concerns)
    }

    fn account_changes(&self) -> Vec<AccountChange> {
        let runs = self.runs.iter().flat_map(|run| {
            let users = run.invocations.iter().filter_map(changed);
            users.map(|users| AccountChange { item: run.item, stage: run.stage, users })
        });
        let mut all: Vec<_> = runs.chain(self.copied_accounts()).collect();
        all.sort_by_key(|change| change.item);
        all
    }

    /// Each COPY and ADD that puts, or may put, another list of accounts into an image.
    fn copied_accounts(&self) -> impl Iterator<Item = AccountChange> {
        self.stages.iter().enumerate().flat_map(move |(stage, own)| {
            own.items.clone().filter_map(move |item| {
                let Item::Instruction(instruction) = &self.file.items[item] else { return None };
                let users = self.replaced_accounts(item, instruction)?;
                Some(AccountChange { item, stage, users })
            })
        })
    }
}

impl Users {
    fn include(&self, user: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllButRoot => user != "root",
            Self::Named(words) => words.iter().any(|word| word == user),
        }
    }
}

/// The users whose accounts a command changes, by their names or in the list itself.
fn changed(invocation: &Invocation<'_>) -> Option<Users> {
    let changed = invocation.actions.known().iter().filter(|action| match action.act {
        Act::MovesAccount | Act::RemovesAccount | Act::RemovesHome => true,
        // An unknown word may be an option.
        Act::Account => action.file.name.word().is_some_and(|word| word.literal().is_none()),
        _ => false,
    });
    let names: Vec<_> = changed.map(|action| action.file.name.word().and_then(Word::literal)).collect();
    if !names.is_empty() {
        let names: Option<Vec<String>> = names.into_iter().map(|name| name.map(str::to_owned)).collect();
        return Some(names.map_or(Users::All, Users::Named));
    }
    let writes = invocation.actions.known().iter().any(|Action { act, file, to, .. }| match (act, to) {
        // The destination may be the directory that contains it.
        (_, Some(to)) => {
            let inner = base_name(file.name.text());
            let path = paths::normal(&format!("{}/{inner}", to.name.text()));
            let moves = *act == Act::Moves && file.name.text().contains(ACCOUNTS);
            moves || to.name.text().contains(ACCOUNTS) || path.ends_with(ACCOUNTS)
        }
        (Act::Writes | Act::Edits | Act::Fetches, None) => file.name.text().contains(ACCOUNTS),
        _ => false,
    });
    (writes || invocation.is("dd") && invocation.arguments().iter().any(is_accounts)).then_some(Users::All)
}

fn is_accounts(word: &Word) -> bool {
    word.text().contains(ACCOUNTS)
}

//! Whether a COPY or ADD replaces the list of accounts, `/etc/passwd`.
//!
//! A directory or archive with unknown contents may hold such a list. It then counts for all users
//! but root, whose home directory no usual list moves.

use crate::facts::accounts::changed::{ACCOUNTS, Users};
use crate::facts::execution::normalized;
use crate::facts::provenance::looks_like_a_file;
use crate::facts::{Facts, paths};
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Instruction, Transfer};

/// The file's name in its directory.
const NAME: &str = "passwd";

impl Facts<'_> {
    /// The users whose accounts a copy may replace.
    pub(super) fn replaced_accounts(&self, item: usize, instruction: &Instruction<'_>) -> Option<Users> {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return None };
        let destination = self.path_at(item, &transfer.destination)?;
        if destination == ACCOUNTS {
            return Some(Users::All);
        }
        if !paths::within(ACCOUNTS, &destination) {
            return None;
        }
        if !instruction.heredocs.is_empty() {
            let is_list = instruction.heredocs.iter().any(|heredoc| heredoc.name == NAME);
            return (is_list && destination == "/etc").then_some(Users::All);
        }
        let unpacks = matches!(instruction.body, Body::Add(_));
        let is_from_context = instruction.flag("from").is_none();
        if is_from_context && !unpacks && self.context_source.context().is_ok() {
            let placed = self.placed_by(item, instruction, &[ACCOUNTS]);
            return (!placed.is_empty()).then_some(Users::All);
        }
        self.replaced_by_unknown(item, instruction, transfer, &destination)
    }

    /// The same for sources whose contents are unknown.
    fn replaced_by_unknown(
        &self,
        item: usize,
        instruction: &Instruction<'_>,
        transfer: &Transfer,
        destination: &str,
    ) -> Option<Users> {
        let is_from_image = instruction.flag("from").is_some();
        let unpacks = |source: &str| matches!(instruction.body, Body::Add(_)) && !source.contains("://");
        let mut may_hold_a_list = false;
        for written in &transfer.sources {
            let source = self.expanded(item, written).and_then(|source| normalized(&source));
            let Some(source) = source else {
                may_hold_a_list = true;
                continue;
            };
            let is_list = destination == "/etc" && base_name(&source) == NAME;
            if is_list || is_from_image && source == destination {
                return Some(Users::All);
            }
            may_hold_a_list |= unpacks(written) || !looks_like_a_file(&source);
        }
        may_hold_a_list.then_some(Users::AllButRoot)
    }
}

//! Pass `--no-log-init` to `useradd` for users with a high UID.
//!
//! # Why
//! `useradd` writes an entry to `/var/log/lastlog` and `/var/log/faillog`, at an offset that grows
//! with the UID. The file is sparse, but a layer is not: with a UID such as 1000000, it takes
//! hundreds of megabytes.
//!
//! # Safety
//! The user is created as before. Only the record of a login that never happened is not written.
//!
//! # When it does nothing
//! The UID has at most five digits or is not a literal number, the option is already there, or the
//! stage is not part of the final image.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN useradd -m -u 1234567 app
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN useradd --no-log-init -m -u 1234567 app
//! ```

use crate::edit::Edits;
use crate::facts::Invocation;
use crate::knowledge::Act;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "useradd-no-log-init",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("useradd_no_log_init.rs"),
    hadolint: &["DL3046"],
    contract: Contract::ADDS_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.shipped_and_extensible() {
        for call in run
            .invocations
            .iter()
            .filter(|invocation| invocation.program == Some("useradd") && !invocation.place.in_word)
        {
            if uid(call).is_some_and(|uid| uid > 99_999) && !has_option(call) {
                let mut edits = Edits::new();
                edits.insert(call.words[0].span.end, " --no-log-init");
                let title = "pass --no-log-init: with a high UID, useradd creates a huge /var/log/lastlog";
                fixes.propose(Applicability::Safe, run.instruction.text, title, edits);
            }
        }
    }
}

/// The ID of the new account, if the command gives a number.
fn uid(invocation: &Invocation<'_>) -> Option<u64> {
    let uid = invocation.actions.known().iter().find(|action| action.act == Act::Uid)?;
    uid.file.name.text().parse().ok()
}

fn has_option(invocation: &Invocation<'_>) -> bool {
    invocation.has_flag('l', "--no-log-init")
}

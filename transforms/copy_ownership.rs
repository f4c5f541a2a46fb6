//! Use COPY --chown and --chmod instead of a chown or chmod after it.
//!
//! # Why
//! `RUN chown -R app:app /app` after a COPY stores every file a second time: a layer contains whole
//! files, even if only their owner changed. `COPY --chown` stores them once, and the build has one
//! step less.
//!
//! # Safety
//! The resulting files are the same, but a program no longer runs, so the fix is never *safe*.
//! Everything under the path must come from the copies right before the RUN: no other instruction
//! and no base image puts files there, and no other RUN is in between. Directories that a copy
//! creates get the owner and mode of the flag, as with `chown -R`. A directory that already exists
//! keeps its own, so a plain `chown` without `-R` stays for it. If the command names only a user,
//! the group is still root's: `--chown=app:0`. The user exists at the copy, since nothing in
//! between can have created it. Jettison does not search the build context for set-user-ID bits,
//! which chown clears. A file that `chmod +x` makes executable gets the mode 755, as with the modes
//! of a usual checkout.
//!
//! # When it does nothing
//! No copy right before the RUN is affected, or the command changes only one directory. It refuses
//! - if something else may have put files there;
//! - if the base image may contain files there, because it is not known to contain only a
//!   distribution or a language;
//! - if the copy would create directories above the path, which would get the owner too;
//! - for a copy that already has such a flag, or `--link` or `--parents`;
//! - for an ADD that downloads or unpacks;
//! - if the mode is symbolic, unless it is `+x` for a single file;
//! - if files of another stage keep their owner or group; and
//! - if the `# syntax=` version is too old for `--chmod`.
//!
//! # Examples
//! ```dockerfile before
//! FROM node:20
//! WORKDIR /app
//! COPY . .
//! RUN chown -R node:node /app
//! USER node
//! ```
//! ```dockerfile after
//! FROM node:20
//! WORKDIR /app
//! COPY --chown=node:node . .
//! RUN chown node:node /app
//! USER node
//! ```
//! The copy makes a script executable:
//! ```dockerfile before
//! FROM debian:12
//! COPY docker-entrypoint.sh /usr/local/bin/
//! RUN chmod 755 /usr/local/bin/docker-entrypoint.sh
//! ```
//! ```dockerfile after
//! FROM debian:12
//! COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/
//! ```

pub(crate) mod plan;

use crate::edit::Edits;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "copy-ownership",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("copy_ownership.rs"),
    hadolint: &[],
    contract: Contract::OWNERSHIP,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in &ctx.facts.runs {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        match plan::copy_ownership(ctx.facts, run) {
            None => {}
            Some(Err(reason)) => {
                fixes.refuse(anchor, reason.undone("COPY --chown or --chmod not used"));
            }
            Some(Ok(ownership)) => {
                let mut edits = Edits::new();
                for at in &ownership.insertions {
                    edits.insert(*at, format!(" {}", ownership.flag));
                }
                edits.delete(ownership.needless);
                let title = format!("copy with {} instead of the {}", ownership.flag, ownership.what);
                fixes.propose(Applicability::Unsafe, anchor, title, edits);
            }
        }
    }
}

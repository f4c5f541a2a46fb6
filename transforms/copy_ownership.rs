//! Give copied files their owner and mode while they are copied.
//!
//! # Why
//! `RUN chown -R app:app /app` behind a COPY writes every file a second time: a layer keeps whole files, whatever changed
//! about them. `COPY --chown` writes them once, and the build has one step less to run.
//!
//! # Safety
//! A program no longer runs, so this is never *safe* by the letter; what comes out is the same. Everything under the path
//! must come from the copies right before: nothing else in the file, and nothing in the base image, puts files there, and
//! no RUN stands between. Directories that a copy makes get the flag's owner and mode as those of `chown -R` would; one
//! that is there before keeps its own, so for it a plain `chown` stays, without `-R`. A user alone leaves the group, which
//! is root's: `--chown=app:0`. The user is there at the copy, since nothing between could have made it. Set-user-ID bits,
//! which chown takes off, are not looked for in the build context.
//!
//! # Silent when
//! No copy right before is concerned, or it is one directory only. It refuses when something else may have put files there;
//! when the base image is not a plain one; when the copy would make directories above the path, which would get the owner
//! too; for a copy with a flag of the same kind, with `--link` or `--parents`; for an ADD that fetches or unpacks; when
//! the mode is symbolic; when owner or group stay as another stage has them; and when `# syntax=` is too old for `--chmod`.
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
//! A script that is made executable:
//! ```dockerfile before
//! FROM debian:12
//! COPY docker-entrypoint.sh /usr/local/bin/
//! RUN chmod 755 /usr/local/bin/docker-entrypoint.sh
//! ```
//! ```dockerfile after
//! FROM debian:12
//! COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/
//! ```

use crate::edit::Edits;
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "copy-ownership",
    applicability: Applicability::Unsafe,
    since: "0.1.0",
    source: include_str!("copy_ownership.rs"),
    answers: &[],
    changes: Changes::Ownership,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in &ctx.facts.runs {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        match ctx.facts.handover(run) {
            None => {}
            Some(Err(reason)) => {
                fixes.refuse(anchor, format!("owner or mode not given by the copy, because {reason}"));
            }
            Some(Ok(handover)) => {
                let mut edits = Edits::new();
                for at in &handover.insertions {
                    edits.insert(*at, format!(" {}", handover.flag));
                }
                edits.delete(handover.needless);
                let title = format!("copy with {} instead of a {}", handover.flag, handover.what);
                fixes.propose(Applicability::Unsafe, anchor, title, edits);
            }
        }
    }
}

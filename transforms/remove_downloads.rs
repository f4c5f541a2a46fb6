//! Remove archives and installers in the RUN that fetched and used them.
//!
//! # Why
//! A tarball that was unpacked, a package file that was installed, an installer that has run: nothing needs them any
//! more, and they weigh as much as what came out of them.
//!
//! # Safety
//! Only files that this very RUN fetched under a plain name, used, and does not mention otherwise; nothing later in the
//! file names them, and they can be fetched again. `rm -f` can't fail where a file is not there.
//!
//! # Silent when
//! The script removes, moves, copies or otherwise uses the file, the file lies on a mount, or the stage does not ship.
//! It refuses when something later names the file, also a script that a RUN or the image starts, when such a script can't
//! be read and the file is not below `/tmp`, or when nothing can be appended.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN curl -fsSLO https://example.com/tool-1.2.tar.gz && \
//!     tar -xzf tool-1.2.tar.gz -C /opt
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN curl -fsSLO https://example.com/tool-1.2.tar.gz && \
//!     tar -xzf tool-1.2.tar.gz -C /opt && \
//!     rm -f tool-1.2.tar.gz
//! ```

use crate::edit::Edits;
use crate::rewrite::append_to;
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "remove-downloads",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("remove_downloads.rs"),
    answers: &[],
    changes: Changes::AddsCleanup,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.shipped_and_editable() {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        let mut names = Vec::new();
        for download in ctx.facts.spent_downloads(run, &ctx.settings.config.keep) {
            match download {
                Ok(name) => names.push(name),
                Err(reason) => fixes.refuse(anchor, reason),
            }
        }
        if names.is_empty() {
            continue;
        }
        let mut edits = Edits::new();
        match append_to(ctx, run, &[format!("rm -f {}", names.join(" "))], &mut edits) {
            Err(reason) => fixes.refuse(anchor, reason),
            Ok(()) => {
                let title = format!("remove {} in the layer that fetched it", names.join(" and "));
                fixes.propose(Applicability::Safe, anchor, title, edits);
            }
        }
    }
}

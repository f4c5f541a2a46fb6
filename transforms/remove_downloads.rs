//! Delete downloaded archives and installers in the RUN that uses them.
//!
//! # Why
//! An archive that was unpacked, a package file that was installed, an installer that ran: nothing
//! needs them any more, and they are as large as what they contained. Signatures and checksums only
//! serve to verify them.
//!
//! # Safety
//! The cleanup deletes only files that this RUN downloaded under a plain name, used, and does not
//! mention otherwise. No later instruction names them, and they can be downloaded again. `rm -f`
//! does not fail if a file does not exist.
//!
//! # When it does nothing
//! The script removes, moves, copies or otherwise uses the file, the file is on a mount, or the
//! stage is not part of the final image. It refuses if something later names the file, including a
//! script that a RUN or the image starts; if such a script can't be read and the file is not below
//! `/tmp`; if a source in the build context names the file, its directory, or a variable or pattern for
//! them; if a command of the image, a volume or a server uses the whole directory; or if nothing can be
//! appended to the RUN. An archive that ADD or COPY stored stays in the layer of that instruction,
//! whatever a later RUN deletes: the refusal says how to leave it out.
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

mod layers;
mod plan;
mod readers;

use std::collections::BTreeSet;

use crate::edit::Edits;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::support::append::append_to;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "remove-downloads",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("remove_downloads.rs"),
    hadolint: &[],
    contract: Contract::ADDS_CLEANUP,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let stored = layers::stored(ctx.facts);
    let mut told = BTreeSet::new();
    for run in ctx.facts.shipped_and_extensible() {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        for index in layers::unpacked_by(ctx.facts, run, &stored) {
            if told.insert(index) {
                fixes.refuse(anchor, stored[index].reason.clone());
            }
        }
        let mut names = Vec::new();
        for download in plan::spent_downloads(ctx.facts, run, &ctx.settings.config.keep) {
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
                let them = if names.len() == 1 { "it" } else { "them" };
                let title = format!("delete {} in the RUN that downloads {them}", names.join(" and "));
                fixes.propose(Applicability::Safe, anchor, title, edits);
            }
        }
    }
}

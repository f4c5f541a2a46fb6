//! Remove `sudo` where the user is root.
//!
//! # Why
//! Commands of a build run as root unless USER says otherwise, so `sudo` changes nothing that
//! matters, and needs a package. hadolint warns about it (DL3004).
//!
//! # Safety
//! Unsafe: sudo gives the command a fresh environment. Without it, the command sees the variables
//! of the build (ENV and ARG), another PATH and HOME, and no `SUDO_USER`.
//!
//! # When it does nothing
//! The user is not known to be root, sudo has options or sets variables, the command gets variables
//! of its own, its name is one of the shell's own, such as `cd`, or the script can't be read.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN sudo make install && sudo ldconfig
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN make install && ldconfig
//! ```

use crate::edit::Edits;
use crate::facts::User;
use crate::knowledge::lists::programs::BUILTINS_AND_KEYWORDS_OF_SHELLS;
use crate::reasons;
use crate::span::Span;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "redundant-sudo",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("redundant_sudo.rs"),
    hadolint: &["DL3004"],
    contract: Contract::DROPS_SUDO,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.extensible_runs() {
        let mut edits = Edits::new();
        for invocation in &run.invocations {
            let [sudo, program, ..] = &invocation.simple.words[..] else { continue };
            if sudo.raw != "sudo" || invocation.place.in_word {
                continue;
            }
            // The shell itself would take a word of its own: `sudo cd /app`.
            let is_plain = program.literal().is_some_and(|word| {
                !word.starts_with('-')
                    && !word.contains('=')
                    && !BUILTINS_AND_KEYWORDS_OF_SHELLS.contains(&word)
            });
            let gap = Span::new(sudo.span.start, program.span.start);
            let is_on_one_line = gap.of(ctx.file.text).trim_start_matches("sudo").trim().is_empty();
            // sudo drops most variables.
            let keeps_variables = invocation.simple.assignments.is_empty();
            if run.user == User::Root && is_plain && keeps_variables && is_on_one_line {
                edits.delete(gap);
            } else {
                fixes.refuse(run.instruction.text, reasons::sudo_may_matter());
            }
        }
        fixes.propose(
            Applicability::Unsafe,
            run.instruction.text,
            "remove sudo, since the user is root",
            edits,
        );
    }
}

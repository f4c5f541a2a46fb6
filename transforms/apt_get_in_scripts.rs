//! Call `apt-get` instead of `apt`.
//!
//! # Why
//! `apt` is made for people: its manual page says that its output and its behaviour may change
//! between versions, and it warns about that in every build. hadolint warns about it, too (DL3027).
//!
//! # Safety
//! Only commands that both programs have, with the same meaning, are changed. `apt upgrade` is not
//! one of them, since it may also install new packages.
//!
//! # When it does nothing
//! The file may replace one of the programs; a package is given by a pattern, which only one of them
//! may accept; the command is one that only `apt` has; or the script can't be read.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt update && apt install -y curl
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl
//! ```

use crate::edit::Edits;
use crate::knowledge::lists::programs::COMMANDS_OF_APT_AND_APT_GET;
use crate::reasons;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "apt-get-in-scripts",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("apt_get_in_scripts.rs"),
    hadolint: &["DL3027"],
    contract: Contract::APT_GET,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    // A file that replaces or removes the program may leave the other one as it is.
    if ["bin/apt", "divert", "which apt"].iter().any(|part| ctx.file.text.contains(part)) {
        return;
    }
    for run in ctx.facts.extensible_runs() {
        let mut edits = Edits::new();
        for call in &run.calls {
            let invocation = &run.invocations[call.invocation];
            let Some(program) = invocation.words.first().filter(|word| word.raw == "apt") else { continue };
            if invocation.place.in_word {
                continue;
            }
            let is_common = COMMANDS_OF_APT_AND_APT_GET.contains(&call.verb.as_str());
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-.:/_$\"'{}".contains(c);
            // Both programs accept a pattern as the version: `curl=7.*`.
            let name = |raw: &str| raw.split_once('=').map_or(raw.len(), |(name, _)| name.len());
            let patterns =
                call.packages.iter().find(|word| !word.raw[..name(&word.raw)].chars().all(is_plain));
            if !is_common {
                fixes.refuse(run.instruction.text, reasons::other_meaning_for_apt_get(&call.verb));
            } else if let Some(pattern) = patterns {
                fixes.refuse(run.instruction.text, reasons::pattern_for_apt(&pattern.raw));
            } else {
                edits.replace(program.span, "apt-get");
            }
        }
        let title = "call apt-get instead of apt";
        fixes.propose(Applicability::Safe, run.instruction.text, title, edits);
    }
}

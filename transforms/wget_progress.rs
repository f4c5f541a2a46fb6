//! Print less of wget's progress.
//!
//! # Why
//! Without a terminal, wget prints a line for every 50 kilobytes: thousands of lines in the log of a
//! build. hadolint warns about it (DL3047).
//!
//! # Safety
//! `--progress=dot:giga` changes what wget prints, and nothing that it does. BusyBox's wget lacks the
//! option, so the package must be known to be GNU's.
//!
//! # When it does nothing
//! An option already decides what is printed, the output goes somewhere else, or the program may be
//! another wget: neither the distribution is Debian or Ubuntu nor an earlier command installs it,
//! or `apk del` may have removed it.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update && apt-get install -y wget && wget -O /tmp/x.iso https://example.org/x.iso
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y wget && wget --progress=dot:giga -O /tmp/x.iso https://example.org/x.iso
//! ```

use crate::edit::Edits;
use crate::facts::actions::{self, Flag};
use crate::facts::{Call, Facts, Invocation, RunFacts};
use crate::knowledge::lists::images::FAMILIES_WITH_GNU_WGET;
use crate::knowledge::lists::options::QUIET_OF_WGET;
use crate::reasons;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "wget-progress",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("wget_progress.rs"),
    hadolint: &["DL3047"],
    contract: Contract::ADDS_QUIET_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.extensible_runs() {
        let mut edits = Edits::new();
        for (index, wget) in run.invocations.iter().enumerate() {
            let Some(program) = wget.words.first().filter(|word| word.raw == "wget") else { continue };
            let is_literal =
                wget.arguments().iter().all(|word| word.literal().is_some() || !word.is_option());
            if wget.place.in_word || wget.repeated || !is_literal || prints_elsewhere(ctx.facts, wget) {
                continue;
            }
            if is_of_gnu(ctx.facts, run, index) {
                edits.insert(program.span.end, " --progress=dot:giga");
            } else {
                fixes.refuse(run.instruction.text, reasons::another_wget());
            }
        }
        let title = "print less of wget's progress";
        fixes.propose(Applicability::Safe, run.instruction.text, title, edits);
    }
}

/// Whether an option decides what is printed, or a redirection takes what is printed.
fn prints_elsewhere(facts: &Facts<'_>, wget: &Invocation<'_>) -> bool {
    let is_quiet = |flag: &Flag<'_>| match flag {
        Flag::Short(_) => QUIET_OF_WGET.iter().any(|known| flag.is(known)),
        // An abbreviation of a long option is enough for wget.
        Flag::Long(name) => QUIET_OF_WGET.iter().any(|known| known.starts_with(name)),
    };
    let redirects = &wget.command.redirects;
    actions::flags("wget", wget.arguments(), facts.known).iter().any(is_quiet)
        || redirects.iter().any(|redirect| redirect.span.of(facts.file.text).starts_with(['2', '&']))
}

/// Whether the program is GNU's: a package of a distribution that has no other, or one that an
/// earlier command installs.
fn is_of_gnu(facts: &Facts<'_>, run: &RunFacts<'_>, index: usize) -> bool {
    let family = facts.stage_of(run).release.as_ref().map(|release| release.family.as_str());
    let is_package = |family: &str| FAMILIES_WITH_GNU_WGET.contains(&family);
    let before = facts.runs_up_to(run).filter(|other| other.item != run.item).flat_map(|other| &other.calls);
    let calls: Vec<&Call<'_>> =
        before.chain(run.calls.iter().filter(|call| call.invocation < index)).collect();
    // `apk del` may remove it again, also by the name of a group, and BusyBox's is back.
    let is_removal =
        |call: &&Call<'_>| call.manager.name == "apk" && call.manager.verbs.remove.contains(&call.verb);
    let is_install = |call: &&Call<'_>| {
        matches!(call.manager.name.as_str(), "apk" | "apt-get")
            && call.packages.iter().any(|word| word.text() == "wget")
    };
    family.is_some_and(is_package) || calls.iter().any(is_install) && !calls.iter().any(is_removal)
}

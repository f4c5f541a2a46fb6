//! Install the packages of consecutive `apt-get install` commands with one command.
//!
//! # Why
//! Each `apt-get install` reads the package lists and the database of installed packages, and
//! runs the triggers of packages again. One list of packages is also easier to read.
//!
//! # Safety
//! Unsafe: apt chooses the versions and dependencies of all packages at once. Where several packages
//! satisfy a dependency, it may choose another one, and it configures the packages in another order,
//! so accounts that they create may get other numbers. The packages that the commands name are all
//! installed, and stay marked as manually installed.
//!
//! # When it does nothing
//! There is another command between the two. It refuses if they differ in an option, a variable, the
//! program or the user, if a package has a version, a release or a variable in its name, is a file,
//! or is removed (`name-`), and if the first command installs a package that apt may need to
//! download the second one's (`ca-certificates`, `apt-transport-https`), unless an `apt-get update`
//! before both works without it.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update \
//!     && apt-get install -y curl \
//!     && apt-get install -y git make \
//!     && rm -rf /var/lib/apt/lists/*
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update \
//!     && apt-get install -y curl git make \
//!     && rm -rf /var/lib/apt/lists/*
//! ```
//! A sorted list stays sorted:
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update && apt-get install -y \
//!       curl \
//!       make && \
//!     apt-get install -y git
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y \
//!       curl \
//!       git \
//!       make
//! ```

mod layout;

use std::collections::BTreeSet;

use crate::facts::append::is_plain_statement;
use crate::facts::packages::{Call, index_downloads, may_change_apt_sources};
use crate::facts::{Invocation, RunFacts};
use crate::knowledge::lists::options::{OF_CONFIRMED_INSTALLS, OF_EQUAL_INSTALLS};
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;
use crate::transform::{Applicability, Context, Contract, Effect, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "combine-installs",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("combine_installs.rs"),
    hadolint: &[],
    contract: Contract::COMBINES_INSTALLS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.shipped_and_editable() {
        if ctx.is_over() {
            return;
        }
        // A command takes part in one step at a time.
        let mut taken = None;
        for (at, pair) in run.calls.windows(2).enumerate() {
            if taken == Some(at) || !are_neighbours(run, &pair[0], &pair[1]) {
                continue;
            }
            if let Some(reason) = difference(run, &pair[0], &pair[1]) {
                fixes.refuse(run.instruction.text, reason.undone("`apt-get install` is run again"));
                continue;
            }
            if let Some(edits) = layout::combine(ctx, run, &pair[0], &pair[1]) {
                let title = "install the packages with one `apt-get install`";
                fixes.propose(Applicability::Unsafe, run.instruction.text, title, edits);
                fixes.set_effect(Effect::FasterBuild);
                taken = Some(at + 1);
            }
        }
    }
}

/// Whether two calls are installs with apt-get, and neighbours in a plain `&&` list.
fn are_neighbours(run: &RunFacts<'_>, first: &Call<'_>, second: &Call<'_>) -> bool {
    let is_install = |call: &&Call<'_>| {
        call.manager.name == "apt-get"
            && call.verb == "install"
            && call.verb_word.raw == call.verb
            && !call.packages.is_empty()
    };
    let invocations = [first, second].map(|call| &run.invocations[call.invocation]);
    let [left, right] = invocations.map(|invocation| invocation.place);
    let statement = run.script().and_then(|script| script.list.statements.get(left.statement));
    [first, second].iter().all(is_install)
        && left.statement == right.statement
        && left.pipeline + 1 == right.pipeline
        && invocations.iter().all(|invocation| {
            invocation.place.alone && invocation.place.is_certain() && invocation.command.redirects.is_empty()
        })
        && statement.is_some_and(|found| found.is_and_chain() && is_plain_statement(found))
}

/// Why one install of all packages may do something else than the two.
fn difference(run: &RunFacts<'_>, first: &Call<'_>, second: &Call<'_>) -> Option<Reason> {
    let (left, right) = (&run.invocations[first.invocation], &run.invocations[second.invocation]);
    if surroundings(left) != surroundings(right) {
        return Some(reasons::installs_run_differently());
    }
    if let Some(option) = other_option(first, second) {
        return Some(reasons::install_has_option(option));
    }
    let mut packages = first.packages.iter().chain(&second.packages);
    if let Some(odd) = packages.find(|word| !is_plain(word)) {
        return Some(reasons::not_only_a_name(&odd.raw));
    }
    // Without the package, apt may not be able to download from a source. That is no concern if the
    // lists of all sources have been downloaded without it.
    let changing = first.packages.iter().find(|word| may_change_apt_sources(word.text()));
    let changing = changing.filter(|_| !is_updated_before(run, first));
    changing.map(|word| reasons::needed_for_downloads(word.text()))
}

/// Whether `apt-get update` runs and succeeds before an install of the same list.
fn is_updated_before(run: &RunFacts<'_>, install: &Call<'_>) -> bool {
    let place = run.invocations[install.invocation].place;
    index_downloads(&run.calls, install.manager, install.invocation).any(|update| {
        let update = &run.invocations[update.invocation].place;
        update.statement == place.statement && update.alone && update.is_certain()
    })
}

/// Everything of a command before the program's arguments: variables, wrappers, the program.
fn surroundings<'a>(invocation: &'a Invocation<'_>) -> (Vec<(&'a str, Option<&'a str>)>, Vec<&'a str>) {
    let assignments = invocation.simple.assignments.iter();
    let assignments =
        assignments.map(|set| (set.name.as_str(), set.value.as_ref().map(|word| word.raw.as_str())));
    let words = &invocation.simple.words[..invocation.simple.words.len() - invocation.arguments().len()];
    (assignments.collect(), words.iter().map(|word| word.raw.as_str()).collect())
}

/// An option that matters and that only one of the calls has. The confirmation that only the second
/// call would ask for has not been needed.
fn other_option<'a>(first: &'a Call<'_>, second: &'a Call<'_>) -> Option<&'a str> {
    let options = |call: &'a Call<'_>| -> BTreeSet<&'a str> {
        let all = call.options.iter().chain(&call.values).map(|word| word.raw.as_str());
        all.filter(|raw| !OF_EQUAL_INSTALLS.contains(raw)).collect()
    };
    // The same values in another order may belong to other options.
    let mut values = first.values.iter().zip(&second.values);
    let swapped = values.find(|(own, other)| own.raw != other.raw).map(|(own, _)| own.raw.as_str());
    let (first, second) = (options(first), options(second));
    let mut others = first.symmetric_difference(&second).copied();
    let other = others.find(|option| !(OF_CONFIRMED_INSTALLS.contains(option) && first.contains(option)));
    other.or(swapped)
}

/// Whether a word is the name of a package and nothing else, without quotes.
fn is_plain(word: &Word) -> bool {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | ':');
    !word.raw.ends_with('-') && word.raw.chars().all(is_of_a_name)
}

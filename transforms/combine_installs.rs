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
//! There is another command between the two, or they differ in an option, a variable, the program or
//! the user. A package has a version, a release or a variable in its name, is a file, or is removed
//! (`name-`). The first command installs a package that apt may need to download the second one's
//! (`ca-certificates`, `apt-transport-https`).
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

use crate::facts::append::is_plain_statement;
use crate::facts::packages::{Call, may_change_apt_sources};
use crate::facts::{Invocation, RunFacts};
use crate::knowledge::lists::options::OF_EQUAL_INSTALLS;
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
            if taken == Some(at) || !can_be_one(run, &pair[0], &pair[1]) {
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

/// Whether two calls are neighbours in a plain `&&` list and differ only in the packages.
fn can_be_one(run: &RunFacts<'_>, first: &Call<'_>, second: &Call<'_>) -> bool {
    let (left, right) = (&run.invocations[first.invocation], &run.invocations[second.invocation]);
    let are_installs =
        [first, second].iter().all(|call| call.manager.name == "apt-get" && call.verb == "install");
    let are_literal = [first, second].iter().all(|call| call.verb_word.raw == call.verb);
    are_installs
        && are_literal
        && are_neighbours(run, left, right)
        && surroundings(left) == surroundings(right)
        && options(first) == options(second)
        && first.packages.iter().chain(&second.packages).all(|word| is_plain(word))
        && !first.packages.iter().any(|word| may_change_apt_sources(word.text()))
        && !first.packages.is_empty()
        && !second.packages.is_empty()
}

fn are_neighbours(run: &RunFacts<'_>, first: &Invocation<'_>, second: &Invocation<'_>) -> bool {
    let statement = run.script().and_then(|script| script.list.statements.get(first.place.statement));
    first.place.statement == second.place.statement
        && first.place.pipeline + 1 == second.place.pipeline
        && [first, second].iter().all(|invocation| {
            invocation.place.alone && invocation.place.is_certain() && invocation.command.redirects.is_empty()
        })
        && statement.is_some_and(|found| found.is_and_chain() && is_plain_statement(found))
}

/// Everything of a command before the program's arguments: variables, wrappers, the program.
fn surroundings<'a>(invocation: &'a Invocation<'_>) -> (Vec<(&'a str, Option<&'a str>)>, Vec<&'a str>) {
    let assignments = invocation.simple.assignments.iter();
    let assignments =
        assignments.map(|set| (set.name.as_str(), set.value.as_ref().map(|word| word.raw.as_str())));
    let words = &invocation.simple.words[..invocation.simple.words.len() - invocation.arguments().len()];
    (assignments.collect(), words.iter().map(|word| word.raw.as_str()).collect())
}

/// The options that matter, in order, and their values.
fn options<'a>(call: &Call<'a>) -> (Vec<&'a str>, Vec<&'a str>) {
    let matters = |raw: &&str| !OF_EQUAL_INSTALLS.contains(raw);
    let mut options: Vec<&str> = call.options.iter().map(|word| word.raw.as_str()).filter(matters).collect();
    options.sort_unstable();
    (options, call.values.iter().map(|word| word.raw.as_str()).collect())
}

/// Whether a word is the name of a package and nothing else, without quotes.
fn is_plain(word: &Word) -> bool {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | ':');
    !word.raw.ends_with('-') && word.raw.chars().all(is_of_a_name)
}

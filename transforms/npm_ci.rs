//! Install with `npm ci` where a lockfile fits the manifest.
//!
//! # Why
//! `npm install` may change the lockfile during the build, and so install other versions than those
//! that were tested. `npm ci` installs exactly what the lockfile lists, or fails.
//!
//! # Safety
//! Unsafe: `npm ci` deletes an existing `node_modules`, and fails if the lockfile no longer fits.
//! The fix is made only if both files are copied before the install, and the lockfile lists the
//! dependencies as the manifest does; so the same versions are installed today.
//!
//! # When it does nothing
//! The install names packages, has an option that `npm ci` lacks, or follows another install; the
//! lockfile is missing, old (npm 6), or does not fit; or the manifest has workspaces or overrides.
//!
//! # Examples
//! ```context
//! package.json <<EOF
//! {"name": "app", "dependencies": {"ms": "^2.1.3"}}
//! EOF
//! package-lock.json <<EOF
//! {"name": "app", "lockfileVersion": 3, "packages": {
//!   "": {"name": "app", "dependencies": {"ms": "^2.1.3"}}, "node_modules/ms": {"version": "2.1.3"}}}
//! EOF
//! ```
//! ```dockerfile before
//! FROM node:20
//! WORKDIR /app
//! COPY package*.json ./
//! RUN npm install --omit=dev
//! ```
//! ```dockerfile after
//! FROM node:20
//! WORKDIR /app
//! COPY package*.json ./
//! RUN npm ci --omit=dev
//! ```

mod lockfile;

use crate::edit::Edits;
use crate::facts::{Call, RunFacts};
use crate::knowledge::lists::options::OF_NPM_CI;
use crate::reasons::{self, Reason};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "npm-ci",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("npm_ci.rs"),
    hadolint: &[],
    contract: Contract::NPM_CI,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.extensible_runs() {
        for call in &run.calls {
            let is_install = call.manager.name == "npm" && matches!(call.verb.as_str(), "install" | "i");
            if !is_install || !call.packages.is_empty() || is_global(call) {
                continue;
            }
            let anchor = run.instruction.text;
            match checked(ctx, run, call) {
                Ok(()) => {
                    let mut edits = Edits::new();
                    edits.replace(call.verb_word.span, "ci");
                    fixes.propose(Applicability::Unsafe, anchor, "install what the lockfile lists", edits);
                }
                Err(reason) => fixes.refuse(anchor, reason),
            }
        }
    }
}

fn is_global(call: &Call<'_>) -> bool {
    call.options
        .iter()
        .any(|word| ["-g", "--global", "--location"].iter().any(|option| word.raw.starts_with(option)))
}

/// Checks that `npm ci` would install the same.
fn checked(ctx: &Context<'_>, run: &RunFacts<'_>, call: &Call<'_>) -> Result<(), Reason> {
    let name = |raw: &str| raw.split('=').next().unwrap_or_default().to_owned();
    if let Some(option) = call.options.iter().find(|word| !OF_NPM_CI.contains(&name(&word.raw).as_str())) {
        return Err(reasons::not_of_npm_ci(&option.raw));
    }
    let place = run.invocations[call.invocation].place;
    let before = ctx.facts.runs_of(run.stage).iter().filter(|other| other.item < run.item);
    let earlier = before.flat_map(|other| &other.calls);
    let own = run.calls.iter().filter(|other| other.invocation < call.invocation);
    let is_npm = |other: &Call<'_>| {
        other.manager.name == "npm" && !is_global(other) && !other.manager.verbs.query.contains(&other.verb)
    };
    let is_far = ctx.facts.is_far_down(run.item);
    if is_far || place.in_word || call.verb_word.literal().is_none() || earlier.chain(own).any(is_npm) {
        return Err(reasons::after_another_install());
    }
    lockfile::fits(ctx, run, call)
}

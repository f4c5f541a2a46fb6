//! Delete package manager caches in the RUN that fills them.
//!
//! # Why
//! A package manager keeps what it downloads: the package index, archives, metadata. Nothing in the
//! running image reads them. A later RUN that deletes them hides the bytes but does not free them,
//! because each RUN is a layer of its own. `apt-get update` alone leaves 20 to 50 MB.
//!
//! # Safety
//! The cleanup is appended to the RUN that filled the cache. It runs if and only if everything
//! before it succeeded, as the user who filled the cache. It deletes only what the package manager
//! can download again and nothing later reads: no RUN of this stage or of stages built from it, no
//! stage that copies or mounts the directory, and nothing that the image starts with CMD,
//! ENTRYPOINT or HEALTHCHECK. A later command that works offline (`--offline`, `UV_OFFLINE`,
//! `offline=true` in `.npmrc`, `RUN --network=none`) reads the cache.
//!
//! Jettison reads the shell scripts that are started, and the scripts that those start, from the
//! build context, from here-documents and from other stages. A script that can't be read counts as
//! a reader of package lists. Other programs that an image starts do not, unless they are known to
//! read them, or a source in the build context has a call of the package manager
//! (`["apt-get", "install", …]`). If the build context is unknown, or contains none of the files that the Dockerfile
//! copies, a script from it counts only if its name or an argument mentions installing
//! (`install-tools.sh`). A script of the base image does not count: it does not depend on files
//! that this Dockerfile creates.
//!
//! # When it does nothing
//! The stage is not part of the final image; the RUN itself cleans up; the cache is in a mount; or
//! an option, a variable or a configuration file disables the cache. It refuses
//! - if something later reads the files (`apt-get install` without `update`, a script that can't be
//!   read);
//! - if installed packages are links into the cache (pnpm's global virtual store, uv's `link-mode =
//!   "symlink"`);
//! - if the RUN only fetches an index that no later step uses;
//! - if an option or a variable moves the cache;
//! - if the package manager may no longer exist at the end of the RUN, and its cache can't be deleted
//!   by path as those of npm, yum and dnf can;
//! - if the script ends in a background job; and
//! - for `yarn`, unless it is certainly Yarn 1: later versions may run packages from the cache. The
//!   start of yarn.lock shows it, `packageManager` in package.json, `npm install -g yarn@1`, or Node's
//!   official image if only manifests have been copied.
//!
//! RUNs in exec form, in an unknown shell or with a script that can't be parsed are never edited, by
//! this or any other transform, and neither is the string after `bash -c`. A here-document gets
//! options and cleanups if it is the whole script of its RUN (`RUN <<EOF`), and has no `#!` line. If
//! a cache stays in a RUN that is not edited, `-v` reports it here, once for each RUN.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl \
//!     && rm -rf /var/lib/apt/lists/*
//! ```
//! In a here-document that stops at the first failure, the cleanup is a line of its own:
//! ```dockerfile before
//! FROM debian:12
//! RUN <<EOF
//! set -e
//! apt-get update
//! apt-get install -y curl
//! EOF
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN <<EOF
//! set -e
//! apt-get update
//! apt-get install -y curl
//! rm -rf /var/lib/apt/lists/*
//! EOF
//! ```
//! The author's line breaks are kept:
//! ```dockerfile before
//! FROM fedora:40
//! RUN dnf install -y \
//!       git \
//!       # for the tests
//!       make && \
//!     npm install -g serve
//! ```
//! ```dockerfile after
//! FROM fedora:40
//! RUN dnf install -y \
//!       git \
//!       # for the tests
//!       make && \
//!     npm install -g serve && \
//!     dnf clean all && \
//!     npm cache clean --force
//! ```

mod manager_survives;
mod residue;
mod uneditable;
mod upgrades;

use std::ops::RangeInclusive;

use crate::edit::Edits;
use crate::facts::RunFacts;
use crate::facts::caches::what;
use crate::knowledge::Confidence;
use crate::reasons;
use crate::transform::{Applicability, Context, Contract, Estimate, Fixes, Group, Transform};
use crate::transforms::clean_package_caches::residue::Leftover;
use crate::transforms::support::append::append_to;
use crate::transforms::support::caches::{is_for_a_mount, sum, usual_bytes};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "clean-package-caches",
    applicability: Applicability::Safe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("clean_package_caches.rs"),
    hadolint: &["DL3009", "DL3032", "DL3036", "DL3040", "DL3060"],
    contract: Contract::ADDS_CLEANUP,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.runs.iter().filter(|run| ctx.facts.stage_of(run).ships) {
        if let Some(untouched) = uneditable::untouched(ctx.facts, run, &ctx.settings.config.keep) {
            fixes.refuse(run.instruction.text, untouched);
        }
    }
    upgrades::explain(ctx.facts, fixes);
    for run in ctx.facts.shipped_and_extensible() {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        let (mut wanted, mut unwanted) = (Cleanup::default(), Cleanup::default());
        for leftover in residue::leftovers(ctx.facts, run, &ctx.settings.config.keep) {
            match leftover {
                Err(stays) => {
                    fixes.refuse(anchor, stays.reason.undone(format_args!("{} not deleted", stays.what)));
                }
                Ok(found) if is_for_a_mount(ctx, run, &found.manager.name) => {}
                // A user who suppresses hadolint's finding about a cache wants to keep the cache.
                Ok(found) if ctx.is_suppressed(&found.cache.hadolint, anchor) => {
                    unwanted.add(ctx, run, found);
                }
                Ok(found) if found.confidence == Confidence::Safe || ctx.settings.config.r#unsafe => {
                    wanted.add(ctx, run, found);
                }
                Ok(found) => {
                    let because = found.cache.because.as_deref().unwrap_or("something may depend on it");
                    let (manager, cache) = (&found.manager.name, &found.cache.name);
                    let undone = format!("{} only deleted with --unsafe", what(manager, cache));
                    fixes.refuse(anchor, reasons::unsafe_cleanup(because).undone(undone));
                }
            }
        }
        let Cleanup { commands, names, codes, bytes, is_unsafe } =
            if wanted.commands.is_empty() { unwanted } else { wanted };
        if commands.is_empty() {
            continue;
        }
        let applicability = if is_unsafe { Applicability::Unsafe } else { Applicability::Safe };
        let mut edits = Edits::new();
        match append_to(ctx, run, &commands, &mut edits) {
            Err(reason) => fixes.refuse(anchor, reason),
            Ok(()) => {
                let several = commands.len() > names.len();
                let (caches, them) = if several { ("caches", "them") } else { ("cache", "it") };
                let title = format!("delete {} {caches} in the RUN that fills {them}", names.join(" and "));
                fixes.propose(applicability, anchor, title, edits);
                fixes.restrict_codes(codes);
                fixes.estimate(Estimate { bytes, ..Estimate::default() });
            }
        }
    }
}

/// The caches that one RUN deletes.
#[derive(Default)]
struct Cleanup {
    commands: Vec<String>,
    /// The package managers, each once, as possessives: "apt-get's".
    names: Vec<String>,
    /// The hadolint codes for these caches.
    codes: Vec<String>,
    /// How many bytes they usually have, if that is known.
    bytes: Option<RangeInclusive<u64>>,
    is_unsafe: bool,
}

impl Cleanup {
    fn add(&mut self, ctx: &Context<'_>, run: &RunFacts<'_>, found: Leftover<'_>) {
        self.is_unsafe |= found.confidence != Confidence::Safe;
        self.bytes = sum(self.bytes.take(), usual_bytes(ctx, run, found.manager, found.cache));
        if !self.commands.contains(&found.command) {
            let name = format!("{}'s", found.manager.name);
            if !self.names.contains(&name) {
                self.names.push(name);
            }
            self.codes.extend(found.cache.hadolint.iter().cloned());
            self.commands.push(found.command);
        }
    }
}

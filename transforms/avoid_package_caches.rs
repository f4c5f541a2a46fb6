//! Disable package manager caches with options such as `--no-cache-dir`.
//!
//! # Why
//! `pip install` keeps every downloaded archive in the user's home directory, where nothing reads
//! it again. `apk add` needs an index that `apk update` stores in the layer. Both, as well as `uv`
//! and `pipx`, have an option that keeps them from writing these files.
//!
//! # Safety
//! The same command installs the same packages. Every release of the package manager in use knows
//! the option; on base images that are too old for it, nothing is added. `apk update` is removed
//! only if every `apk` command that may use its index now fetches the index itself.
//!
//! # When it does nothing
//! The stage is not part of the final image; an option, a variable (`PIP_NO_CACHE_DIR`,
//! `PIP_CACHE_DIR`) or a configuration file already decides; the RUN itself deletes the cache; or
//! the cache is in a mount, where it is wanted. It refuses if the base image is too old, if a
//! command works offline, if installed packages are links into the cache, or if something later
//! reads it (see clean-package-caches).
//!
//! If a later RUN deletes the cache with `rm -f`, the option is added anyway: the bytes stay in the
//! layer of the install, and only the option keeps them out of the image. The `rm` stays, since it
//! may remove more than this cache; if the two RUNs are consecutive, merge-runs merges them
//! instead. Nothing changes before a later `pip cache purge`, which may fail on an empty cache.
//!
//! # Examples
//! ```dockerfile before
//! FROM python:3.12
//! RUN pip install -r requirements.txt
//! ```
//! ```dockerfile after
//! FROM python:3.12
//! RUN pip install --no-cache-dir -r requirements.txt
//! ```
//! Commands that only served the cache are removed:
//! ```dockerfile before
//! FROM alpine:3.20
//! RUN apk update && apk add curl git && rm -rf /var/cache/apk/*
//! ```
//! ```dockerfile after
//! FROM alpine:3.20
//! RUN apk add --no-cache curl git
//! ```

mod plan;

use crate::edit::Edits;
use crate::transform::{Applicability, Context, Contract, Estimate, Fixes, Group, Transform};
use crate::transforms::avoid_package_caches::plan::NoCacheOption;
use crate::transforms::support::caches::{is_for_a_mount, usual_bytes};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "avoid-package-caches",
    applicability: Applicability::Safe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("avoid_package_caches.rs"),
    hadolint: &["DL3042", "DL3019"],
    contract: Contract::ADDS_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.shipped_and_extensible() {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        for no_cache_option in plan::no_cache_options(ctx.facts, run) {
            match no_cache_option {
                Err(refusal) => fixes.refuse(anchor, refusal),
                Ok(NoCacheOption { manager, .. }) if is_for_a_mount(ctx, run, manager) => {}
                Ok(NoCacheOption { manager, option, insertions, needless, confidence }) => {
                    let mut edits = Edits::new();
                    for at in &insertions {
                        edits.insert(*at, format!(" {option}"));
                    }
                    for span in needless {
                        edits.delete(span);
                    }
                    let title = if insertions.is_empty() {
                        format!("remove `{manager} update`, which {option} makes unnecessary")
                    } else {
                        format!("pass {option} to {manager}")
                    };
                    fixes.propose(confidence.into(), anchor, title, edits);
                    let bytes = ctx.known.manager(manager).and_then(|manager| {
                        let directories = &manager.avoid.as_ref()?.directories;
                        let mut kept = manager.caches.iter().filter(|cache| {
                            cache.directories.iter().any(|directory| directories.contains(directory))
                        });
                        kept.find_map(|cache| usual_bytes(ctx, run, manager, cache))
                    });
                    fixes.estimate(Estimate { bytes, ..Estimate::default() });
                    let codes = ctx.known.manager(manager).and_then(|manager| manager.avoid.as_ref());
                    fixes.restrict_codes(codes.map(|avoid| avoid.hadolint.clone()).unwrap_or_default());
                }
            }
        }
    }
}

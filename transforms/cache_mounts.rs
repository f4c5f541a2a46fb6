//! Keep package manager caches in BuildKit cache mounts (opt-in).
//!
//! # Why
//! Cleanups make images small and rebuilds slow: whenever a requirements file changes, everything
//! is downloaded again. A `--mount=type=cache` is not part of any layer and still exists in the
//! next build. With `caches: mount` in `.jettison.yaml`, or `--caches mount`, cache mounts replace
//! cleanups. Without it, this transform does nothing.
//!
//! # Safety
//! The same packages are installed. The mount is where this package manager keeps its cache for
//! this user and these variables. The cleanup of that cache and the option that disables it
//! (`--no-cache-dir`) are removed: they would keep the mount empty, and `rm` fails on the mount
//! itself. A mount is not part of the image, so no later step may depend on it, as with a cleanup.
//! Files that another build left in the mount are either checked by the package manager before it
//! uses them, or fetched again by the RUN itself: `apt-get update` runs before `apt-get install`,
//! or there is no mount.
//!
//! Of apt's two directories, only the package lists get a mount. In the official images, a file
//! named `docker-clean` makes apt delete the packages in the other one, `/var/cache/apt`, after
//! each install. Docker's manual removes that file and writes another one, but both changes would
//! stay in the image: apt would then keep its downloads in this image and in all images built on
//! it. Downloading the packages again does less harm. On Alpine Linux, the mounts of pip, uv and
//! poetry get an id of their own: packages that they built for another C library would look as if
//! they fit.
//!
//! In a later RUN, go, cargo, maven and pnpm use what an earlier RUN fetched, so either all RUNs of
//! such a stage get the mount or none does. apk, dnf, yum and zypper get no mount: their caches
//! contain an index that is used without checking whether it is current, or the images are set up
//! not to use the caches at all.
//!
//! # When it does nothing
//! `caches` is `clean`, there is already a mount, or no command writes to the cache. It refuses
//! - if the `# syntax=` version is too old;
//! - if the UID or the home directory of the user is unknown, or if the mount would leave the user
//!   a directory that belongs to root;
//! - if a variable, an option or the configuration of the package manager moves the cache;
//! - if an earlier instruction puts files there, which the mount would hide;
//! - if the configuration keeps the directory, or installed programs are in it;
//! - if a cleanup can't be removed from the script;
//! - if installed packages are links into the cache (pnpm's global virtual store, and its global
//!   packages; uv's `link-mode = "symlink"`);
//! - if a command works offline;
//! - if a stage is named `scratch`, which BuildKit would use as the initial content of the mount;
//!   and
//! - if something later reads the files, copies them or mounts them from this stage.
//!
//! # Examples
//! ```dockerfile before
//! FROM python:3.12
//! RUN pip install --no-cache-dir -r requirements.txt
//! ```
//! ```dockerfile after
//! FROM python:3.12
//! RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
//! ```
//! The cleanup of a mounted cache is removed:
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update \
//!     && apt-get install -y curl \
//!     && rm -rf /var/lib/apt/lists/* /tmp/*
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
//!     apt-get update \
//!     && apt-get install -y curl \
//!     && rm -rf /tmp/*
//! ```

pub(crate) mod plan;
mod redundant;

use crate::config::Caches;
use crate::edit::Edits;
use crate::facts::RunFacts;
use crate::facts::style::Style;
use crate::span::Span;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::cache_mounts::plan::CacheMounts;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "cache-mounts",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("cache_mounts.rs"),
    hadolint: &[],
    contract: Contract::CACHE_MOUNTS,
    run,
};

/// The longest line to which a flag is added.
const LINE: usize = 110;

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if ctx.settings.config.caches != Caches::Mount {
        return;
    }
    for run in &ctx.facts.runs {
        if ctx.is_over() {
            return;
        }
        let CacheMounts { managers, flags, needless, refused } =
            plan::cache_mounts(ctx.facts, run, &ctx.settings.config.keep);
        let anchor = run.instruction.text;
        for stays in refused {
            fixes.refuse(anchor, stays.reason.undone(format_args!("no cache mount for {}", stays.what)));
        }
        if flags.is_empty() {
            continue;
        }
        let mut edits = Edits::new();
        add_flags(ctx, run, &flags, &mut edits);
        for span in needless {
            edits.delete(span);
        }
        let whose: Vec<String> = managers.iter().map(|name| format!("{name}'s")).collect();
        let title = format!("keep {} cache in a BuildKit cache mount", whose.join(" and "));
        fixes.propose(Applicability::Safe, anchor, title, edits);
    }
}

/// Adds flags after the keyword and the existing flags: on the same line if it stays short,
/// otherwise on lines of their own.
fn add_flags(ctx: &Context<'_>, run: &RunFacts<'_>, flags: &[String], edits: &mut Edits) {
    let (text, instruction) = (ctx.file.text, run.instruction);
    let at = instruction.flags.last().map_or(instruction.keyword_span.end, |flag| flag.span.end);
    let gap = Span::new(at, instruction.arguments_span().start);
    let style = Style::of(ctx.facts, instruction);
    let break_ = format!(" {}{}{}", style.escape, style.line_break, style.indent);
    let whole = instruction.text.of(text);
    let is_short = !whole.contains('\n') && whole.len() + flags.iter().map(String::len).sum::<usize>() < LINE;
    if is_short {
        edits.insert(at, format!(" {}", flags.join(" ")));
    } else if gap.of(text).contains('\n') {
        let first = if instruction.flags.is_empty() { " " } else { &break_ };
        edits.insert(at, format!("{first}{}", flags.join(&break_)));
    } else {
        edits.replace(gap, format!(" {}{break_}", flags.join(&break_)));
    }
}

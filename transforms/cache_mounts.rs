//! Keep package managers' caches in cache mounts, where the configuration asks for it.
//!
//! # Why
//! A cleanup makes images small and rebuilds slow: whenever a requirements file changes, everything is fetched again. In a
//! `--mount=type=cache` the cache is in no layer and still there at the next build. With `caches: mount` in
//! `.jettison.yaml`, or `--caches mount`, mounts take the place of cleanups; without, this does nothing.
//!
//! # Safety
//! The same packages are installed. The mount lies where this manager keeps its cache for this user and these variables;
//! the cleanup of that very cache and the option that keeps it from being written (`--no-cache-dir`) go with it, since they
//! would keep it empty, and `rm` fails on the mount itself. A mount is not in the image: what comes later must not lean on
//! it, as with a cleanup. What another build may have left in it is either checked by the manager before it is used, or
//! fetched anew by the RUN itself: `apt-get update` stands before `apt-get install`, or there is no mount.
//!
//! Of apt's two directories only the lists get a mount. In the official images a file called `docker-clean` makes apt delete
//! the packages in the other one, `/var/cache/apt`, after each install. Docker's manual takes that file out and writes
//! another one, and both would stay in the image: apt in it, and in all images built on it, would then keep what it
//! fetches. Packages that are fetched again do less harm. On Alpine Linux the mounts of pip, uv and poetry get an id of their
//! own: what they have built for another C library looks as if it would fit.
//!
//! go, cargo, maven and pnpm look up in a later RUN what an earlier one has fetched: all RUNs of such a stage get the mount
//! or none. apk, dnf, yum and zypper get none: their caches hold an index that is used without asking whether it is still
//! true, or are not used at all as images are set up.
//!
//! # Silent when
//! `caches` is `clean`, a mount lies there already, or no call writes to the cache. It refuses when `# syntax=` is too old;
//! when the user's number or home directory is not known, or the mount would leave the user a directory of root's; when a
//! variable, an option or the manager's configuration moves the cache; when an earlier instruction puts files there, which
//! the mount would hide; when the configuration keeps the directory, or installed programs lie in it; when a cleanup can't
//! be taken out; when installed packages are links into the cache (pnpm's global virtual store, and its global packages; uv's
//! `link-mode = "symlink"`); when a call works offline; when a stage is called `scratch`, which BuildKit then takes for the
//! start of the mount; and when something later reads the files, copies them or mounts them from this stage.
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
//! Cleanups of what lies in the mount go:
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

use crate::config::Caches;
use crate::edit::Edits;
use crate::facts::RunFacts;
use crate::facts::mounting::Mounting;
use crate::facts::style::Style;
use crate::span::Span;
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "cache-mounts",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("cache_mounts.rs"),
    answers: &[],
    changes: Changes::CacheMounts,
    run,
};

/// The longest line that a flag is put on.
const LINE: usize = 110;

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if ctx.settings.config.caches != Caches::Mount {
        return;
    }
    for run in &ctx.facts.runs {
        if ctx.is_over() {
            return;
        }
        let Mounting { managers, flags, needless, refused } =
            ctx.facts.mounting(run, &ctx.settings.config.keep);
        let anchor = run.instruction.text;
        for stays in refused {
            fixes.refuse(anchor, format!("no mount for {}, because {}", stays.what, stays.reason));
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
        let title = format!("keep {} cache in a mount", whose.join(" and "));
        fixes.propose(Applicability::Safe, anchor, title, edits);
    }
}

/// Puts flags behind the keyword and the flags that are there: on its line where that stays short, else on lines of their own.
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

//! Exclude unneeded files from the build context with .dockerignore.
//!
//! # Why
//! `COPY . .` copies everything in the directory: the version control history, dependencies that
//! the build installs again, caches of tools, keys. All of it is sent to the builder, some of it
//! ends up in the image, and any change to it invalidates the build cache.
//!
//! # Safety
//! Only files are excluded that exist in the build context, are copied as part of a directory, and
//! are named nowhere: in no COPY or ADD, no script of this Dockerfile or of another one with the
//! same context, no command, and no manifest or script of the project. A file that the ignore file
//! re-includes with `!` stays. *Safe* are caches that tools create again, and `node_modules` if
//! installs create it from a lockfile in every stage that copies it, in this and every other
//! Dockerfile of the context, before anything could read it. Version control data, files of
//! editors, environments and secrets would be missing from the image, so excluding them is
//! *unsafe*. New lines are added at the end of the ignore file; the other lines do not change.
//!
//! # When it does nothing
//! Nothing is copied from the build context, it contains no such files, or they are smaller than
//! 100 kB in total and none of them is a secret. It refuses if the build context is unknown. If
//! `.git` is sent and something may ask it for a version, all tracked files are sent too: a file
//! that is missing in the build counts as a change to the checkout.
//!
//! # Examples
//! With `node_modules` and `__pycache__` in the build context, `.dockerignore` gets two lines. The
//! Dockerfile does not change:
//! ```context
//! package.json <<EOF
//! { "dependencies": { "express": "4.21.2" } }
//! EOF
//! package-lock.json 5000
//! node_modules/express/index.js 900
//! tools/__pycache__/x.cpython-312.pyc 300
//! ```
//! ```dockerfile before
//! FROM node:20
//! WORKDIR /app
//! COPY . .
//! RUN npm ci
//! ```
//! ```dockerfile after
//! FROM node:20
//! WORKDIR /app
//! COPY . .
//! RUN npm ci
//! ```

mod candidates;
mod history;
mod reinstalled;

use crate::context::Ignore;
use crate::syntax::{Body, Instruction};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::write_dockerignore::candidates::{Kind, Unsent};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "write-dockerignore",
    applicability: Applicability::Safe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("write_dockerignore.rs"),
    hadolint: &[],
    contract: Contract::IGNORE_FILE,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let copies = |instruction: &&Instruction<'_>| {
        matches!(instruction.body, Body::Copy(_) | Body::Add(_)) && instruction.flag("from").is_none()
    };
    let mut copies = ctx
        .file
        .instructions()
        .map(|(_, instruction)| instruction)
        .filter(copies)
        .map(|instruction| instruction.text)
        .peekable();
    let Some(first) = copies.peek().copied() else { return };
    // All of these instructions copy from the context, so a comment at any of them suppresses the
    // fix.
    let anchor = copies.find(|copy| ctx.pragmas.silence(&TRANSFORM.names(), *copy)).unwrap_or(first);
    let context = match ctx.build_context() {
        Ok(context) => context,
        Err(reason) => return fixes.refuse(anchor, reason.undone(".dockerignore not changed")),
    };
    let found = candidates::unsent(ctx.facts, context, ctx.context_source.dockerfile());
    if let Some(reason) = found.history.filter(|_| ctx.settings.config.r#unsafe) {
        let undone = ".git and tracked files not excluded from the build context";
        fixes.refuse(anchor, reason.undone(undone));
    }
    for (is_generated, applicability, what) in [
        (true, Applicability::Safe, "caches and files that the build creates"),
        (false, Applicability::Unsafe, "files that no build needs"),
    ] {
        let lines: Vec<&Unsent> =
            found.unsent.iter().filter(|line| line.kind.is_generated() == is_generated).collect();
        if !are_worth_it(&lines) {
            continue;
        }
        let text = with_lines(context.ignore_text.as_deref().unwrap_or_default(), &lines);
        // Both versions are matched against the whole context: only these paths may be newly
        // excluded, and at least one of them must be.
        let after = context.with_ignore(&text);
        let own =
            Ignore::parse(&lines.iter().map(|line| line.pattern.as_str()).collect::<Vec<_>>().join("\n"));
        let sides = context.excluded().iter().zip(after.excluded());
        let moved = context.entries.iter().zip(sides).filter(|(_, (before, after))| before != after);
        let mut moved = moved.map(|(entry, _)| entry).peekable();
        if moved.peek().is_none() || !moved.all(|entry| own.excludes(&entry.path)) {
            continue;
        }
        let (files, bytes) = lines
            .iter()
            .fold((0, 0_u64), |(files, bytes), line| (files + line.files, bytes.saturating_add(line.bytes)));
        let title = format!(
            "exclude {what} from the build context: {files} file{}, {}",
            if files == 1 { "" } else { "s" },
            readable(bytes)
        );
        fixes.propose_ignore_file(applicability, anchor, title, text);
    }
}

/// The size from which a change of the file is worth it.
const LEAST_BYTES: u64 = 100_000;

/// Whether excluding these paths is worth a line: they are large, they are keys or passwords, or
/// they would replace files that an install creates.
fn are_worth_it(lines: &[&Unsent]) -> bool {
    let bytes = lines.iter().fold(0_u64, |bytes, line| bytes.saturating_add(line.bytes));
    bytes >= LEAST_BYTES || lines.iter().any(|line| matches!(line.kind, Kind::Secret | Kind::Dependencies))
}

/// The ignore file's text with patterns added at its end, using its own line breaks.
fn with_lines(old: &str, lines: &[&Unsent]) -> String {
    let line_break = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = old.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_break);
    }
    for line in lines {
        text += &format!("{}{line_break}", line.pattern);
    }
    text
}

/// A human-readable number of bytes: 1.4 MB.
fn readable(bytes: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB"];
    let mut unit = 0;
    let (mut whole, mut tenth) = (bytes, 0);
    while whole >= 1000 && unit + 1 < units.len() {
        tenth = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    if unit == 0 { format!("{whole} bytes") } else { format!("{whole}.{tenth} {}", units[unit]) }
}

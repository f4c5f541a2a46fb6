//! Keep out of the build context what no build needs.
//!
//! # Why
//! `COPY . .` takes everything along that lies there: the history of version control, dependencies that the build installs anew, caches of tools,
//! keys. All of it is sent, some of it ships, and a change in any of it makes the build cache stale.
//!
//! # Safety
//! Only what really lies in the context, is copied along with a directory, and is named nowhere: by no COPY or ADD, no script of the Dockerfile or
//! of another one in the same context, no command, no manifest or script of the project. A file that a `!` of the ignore file asks for stays. *Safe* are
//! caches that tools make anew, and `node_modules` where installs make it from a lock file in every stage that copies it, of this and of every other
//! Dockerfile in the context, before anything could look at it. Version control, editors'
//! files, environments and secrets would be missing in the image, so that leaving them out is *unsafe*. New lines go to the end of the
//! ignore file; the others keep their bytes.
//!
//! # Silent when
//! Nothing is copied from the build context, nothing of this is in it, or it comes to less than 100 kB and holds no secret. It refuses where
//! no build context is known. Where `.git` is sent and something may ask it for a version, every tracked file is sent, too: one that is
//! missing in the build is a change to the checkout.
//!
//! # Examples
//! With `node_modules` and `__pycache__` in the context, `.dockerignore` gets two lines; the Dockerfile stays:
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

use crate::context::Ignore;
use crate::facts::unsent::{Kind, Unsent};
use crate::syntax::{Body, Instruction};
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "write-dockerignore",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("write_dockerignore.rs"),
    answers: &[],
    changes: Changes::IgnoreFile,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let copies = |one: &&Instruction<'_>| {
        matches!(one.body, Body::Copy(_) | Body::Add(_)) && !one.flags.iter().any(|flag| flag.name == "from")
    };
    let mut copies =
        ctx.file.instructions().map(|(_, one)| one).filter(copies).map(|one| one.text).peekable();
    let Some(first) = copies.peek().copied() else { return };
    // All of them take from the context, so that each may say no.
    let anchor = copies.find(|copy| ctx.pragmas.silence(&TRANSFORM.names(), *copy)).unwrap_or(first);
    let context = match ctx.around.context() {
        Ok(context) => context,
        Err(reason) => {
            return fixes
                .refuse(anchor, format!("nothing is kept out of the build context, because {reason}"));
        }
    };
    let found = ctx.facts.unsent(context, ctx.around.dockerfile());
    if let Some(reason) = found.history.filter(|_| ctx.settings.config.r#unsafe) {
        fixes.refuse(
            anchor,
            format!(".git and all tracked files stay in the build context, because {reason}"),
        );
    }
    for (is_generated, applicability, what) in [
        (true, Applicability::Safe, "caches, and what the build makes itself"),
        (false, Applicability::Unsafe, "what no build needs"),
    ] {
        let lines: Vec<&Unsent> =
            found.unsent.iter().filter(|one| one.kind.is_generated() == is_generated).collect();
        if !are_worth_it(&lines) {
            continue;
        }
        let text = with_lines(context.ignore_text.as_deref().unwrap_or_default(), &lines);
        // The whole context is held against both: nothing else may change sides, and something must.
        let after = context.with_ignore(&text);
        let own = Ignore::parse(&lines.iter().map(|one| one.pattern.as_str()).collect::<Vec<_>>().join("\n"));
        let sides = context.excluded().iter().zip(after.excluded());
        let moved = context.entries.iter().zip(sides).filter(|(_, (before, after))| before != after);
        let mut moved = moved.map(|(entry, _)| entry).peekable();
        if moved.peek().is_none() || !moved.all(|entry| own.excludes(&entry.path)) {
            continue;
        }
        let (files, bytes) = lines
            .iter()
            .fold((0, 0_u64), |(files, bytes), one| (files + one.files, bytes.saturating_add(one.bytes)));
        let title = format!(
            "keep {what} out of the build context: {files} file{}, {}",
            if files == 1 { "" } else { "s" },
            readable(bytes)
        );
        fixes.propose_ignore_file(applicability, anchor, title, text);
    }
}

/// So many bytes are worth a change of a file.
const LEAST_BYTES: u64 = 100_000;

/// Whether keeping these out is worth a line: they are large, keys or passwords, or would be in the place of what an install makes.
fn are_worth_it(lines: &[&Unsent]) -> bool {
    let bytes = lines.iter().fold(0_u64, |bytes, one| bytes.saturating_add(one.bytes));
    bytes >= LEAST_BYTES || lines.iter().any(|one| matches!(one.kind, Kind::Secret | Kind::Dependencies))
}

/// The ignore file's text with further patterns at its end, in its own line breaks.
fn with_lines(old: &str, lines: &[&Unsent]) -> String {
    let line_break = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = old.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_break);
    }
    for one in lines {
        text += &format!("{}{line_break}", one.pattern);
    }
    text
}

/// A number of bytes for people: 1.4 MB.
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

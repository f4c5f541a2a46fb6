//! Copy the manifests, install, and only then copy the rest.
//!
//! # Why
//! `COPY . .` before `npm ci` or `pip install -r` installs all dependencies anew whenever any file of the project changed. With
//! the few files that say what to install copied first, an edit of a source file costs the copy and what follows it.
//!
//! # Safety
//! Looks at the build context. Manifests and lockfiles are parsed, and an install is taken for one that needs nothing else only where all that
//! they say is understood: no lifecycle script, no dependency on a local path, no plugin that reads more or asks git for the version, no setting that
//! may name other files, no project that installs itself. The lockfile says which dependencies run a script when they are installed; such a script must be
//! known to read nothing of the project. Where the lockfile does not say it (Yarn, Bun, pnpm before version 10), or there is none, the fix is *unsafe*; so
//! it is where only convention says that an install needs no more. The manifests of workspaces, and what they refer to, are copied too.
//!
//! The later copy must not overwrite what was installed, whatever a checkout has in `node_modules` and its like. So the same step gives the ignore
//! file an entry for each directory that the install makes, unless it has one. Where the ignore file asks for such a directory by `!`, or another copy
//! or Dockerfile may need it, nothing is done.
//!
//! The RUN instructions stay as they are, in their order; between the two copies there is nothing but what commutes with the second (as in
//! `order-layers`). A RUN that goes on with other commands, `npm ci && npm run build`, is cut in two where that changes nothing else. The later copy
//! brings the manifests again, so that the files are the same.
//!
//! # Silent when
//! The copied directory has nothing to do with the install, or other sources are copied above it as well. It refuses where no build context is
//! known.
//!
//! # Examples
//! ```context
//! package.json <<EOF
//! { "dependencies": { "express": "4.21.2" }, "scripts": { "start": "node server.js" } }
//! EOF
//! package-lock.json <<EOF
//! { "lockfileVersion": 3, "packages": { "": { "dependencies": { "express": "4.21.2" } } } }
//! EOF
//! server.js 1200
//! .dockerignore <<EOF
//! node_modules
//! EOF
//! ```
//! ```dockerfile before
//! FROM node:20
//! WORKDIR /app
//!
//! # our code
//! COPY . .
//! RUN npm ci
//! CMD ["node", "server.js"]
//! ```
//! ```dockerfile after
//! FROM node:20
//! WORKDIR /app
//!
//! COPY package.json package-lock.json ./
//! RUN npm ci
//!
//! # our code
//! COPY . .
//! CMD ["node", "server.js"]
//! ```

use crate::context::BuildContext;
use crate::edit::Edits;
use crate::facts::order::Early;
use crate::rewrite::move_behind;
use crate::syntax::{Body, Instruction, Item};
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "copy-manifests-first",
    applicability: Applicability::Safe,
    since: "0.1.0",
    source: include_str!("copy_manifests_first.rs"),
    answers: &[],
    changes: Changes::CopyOrder,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let names = TRANSFORM.names();
    for stage in &ctx.facts.stages {
        if ctx.is_over() {
            return;
        }
        if !ctx.facts.may_copy_early(stage.index) {
            continue;
        }
        let context = match ctx.around.context() {
            Ok(context) => context,
            Err(reason) => {
                let from = ctx.file.items[stage.items.start].span();
                fixes.refuse(from, format!("the manifests are not copied first, because {reason}"));
                continue;
            }
        };
        let is_fixed = |one: &Instruction<'_>| ctx.pragmas.silence(&names, one.text);
        for found in ctx.facts.early_copies(stage.index, context, &is_fixed) {
            match found {
                Ok(early) => propose(ctx, &early, context, fixes),
                Err((span, reason)) => {
                    fixes.refuse(span, format!("the manifests are not copied first, because {reason}"));
                }
            }
        }
    }
}

fn propose(ctx: &Context<'_>, early: &Early, context: &BuildContext, fixes: &mut Fixes) {
    let Item::Instruction(copy) = &ctx.file.items[early.moved.item] else { return };
    let ignore_file = match ctx.facts.reserve(&early.makes, context, ctx.around) {
        Ok(text) => text,
        Err(reason) => {
            return fixes.refuse(copy.text, format!("the manifests are not copied first, because {reason}"));
        }
    };
    let mut edits = Edits::new();
    let block = ctx.facts.block(early.moved.item);
    let place = block.span;
    if let Some(cut) = early.cut {
        let (whole, line_break) = (place.of(ctx.file.text), ctx.file.line_break());
        edits.delete(place);
        if let Some(blank) = block.blank_below.filter(|_| block.blank_above) {
            edits.delete(blank);
        }
        edits.replace(cut, format!("{line_break}{whole}RUN "));
    } else {
        move_behind(ctx, &[early.moved.item], early.moved.behind, &mut edits);
    }
    // Right above the first step that needs them, so that no step between depends on them.
    let needed_at = ctx.facts.block(early.moved.spares).span.start;
    edits.insert(needed_at, manifest_copies(ctx, copy, early));
    let title = "copy the manifests first, so that an edit of the sources does not install everything anew";
    fixes.propose(early.confidence.into(), copy.text, title, edits);
    if let Some(text) = ignore_file {
        fixes.along_with_ignore_file(text);
    }
}

/// The instructions that take the place of the copy of the whole, in its own way of writing.
fn manifest_copies(ctx: &Context<'_>, copy: &Instruction<'_>, early: &Early) -> String {
    let (Body::Copy(transfer) | Body::Add(transfer)) = &copy.body else { return String::new() };
    let keyword = copy.keyword_span.of(ctx.file.text);
    let keyword = if keyword.chars().all(char::is_lowercase) { "copy" } else { "COPY" };
    let flags: String = copy.flags.iter().map(|flag| format!(" {}", flag.span.of(ctx.file.text))).collect();
    let base = match transfer.destination.as_str() {
        "." | "./" => ".",
        other => other.trim_end_matches('/'),
    };
    let mut text = String::new();
    for one in &early.copies {
        let directory = match (base, one.directory.as_str()) {
            (base, "") => format!("{base}/"),
            (".", inner) => format!("{inner}/"),
            (base, inner) => format!("{base}/{inner}/"),
        };
        text += &format!("{keyword}{flags} {} {directory}{}", one.sources.join(" "), ctx.file.line_break());
    }
    text
}

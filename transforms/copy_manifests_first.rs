//! Copy package manifests and install before copying the source code.
//!
//! # Why
//! With `COPY . .` before `npm ci` or `pip install -r`, a change to any file of the project
//! installs all dependencies again. If the few files that list the dependencies are copied first, a
//! source change repeats only the second COPY and the steps after it.
//!
//! # Safety
//! This transform reads the build context. It parses manifests and lockfiles, and assumes that an
//! install needs no other file only if it understands everything in them: no lifecycle script, no
//! dependency on a local path, no plugin that reads other files or asks git for the version, no
//! setting that may name other files, no project that installs itself. The lockfile says which
//! dependencies run a script when they are installed; Jettison must know that such a script reads
//! nothing of the project. If the lockfile does not say so (Yarn, Bun, pnpm before version 10), or
//! if there is no lockfile, the fix is *unsafe*. It is also unsafe if only convention says that the
//! install needs no other file. The manifests of workspaces, and the files that they refer to, are
//! copied too.
//!
//! The later copy must not overwrite installed files, even if a checkout contains `node_modules` or
//! similar directories. The same fix therefore adds an entry to the ignore file for each directory
//! that the install creates, unless it has one. If the ignore file re-includes such a directory
//! with `!`, or if another copy or Dockerfile may need it, nothing changes.
//!
//! RUN instructions stay as they are, in their order. Between the two copies there are only
//! instructions that commute with the second copy (as in `order-layers`). A RUN that continues with
//! other commands, `npm ci && npm run build`, is split in two if that changes nothing else. The
//! later copy includes the manifests again, so the files are the same.
//!
//! If other instructions already copy the manifests, the copies of sources just move below the
//! install, whatever their form: directories, files or patterns.
//!
//! # When it does nothing
//! The copied directory has nothing to do with the install, or other sources are also copied above
//! it. It refuses if the build context is unknown.
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
//! Sources between the manifests and the install:
//! ```context
//! package.json <<EOF
//! { "dependencies": { "express": "4.21.2" }, "devDependencies": { "typescript": "5.9.3" } }
//! EOF
//! package-lock.json <<EOF
//! { "lockfileVersion": 3, "packages": { "": { "dependencies": { "express": "4.21.2" } } } }
//! EOF
//! tsconfig.json 100
//! src/main.ts 1200
//! ```
//! ```dockerfile before
//! FROM node:20
//! WORKDIR /app
//! COPY package*.json tsconfig.json ./
//! COPY src ./src
//! RUN npm ci
//! RUN npx tsc
//! ```
//! ```dockerfile after
//! FROM node:20
//! WORKDIR /app
//! COPY package*.json tsconfig.json ./
//! RUN npm ci
//! COPY src ./src
//! RUN npx tsc
//! ```

mod layout;
mod plan;

use crate::context::BuildContext;
use crate::edit::Edits;
use crate::syntax::{Instruction, Item};
use crate::transform::{Applicability, Context, Contract, Estimate, Fixes, Group, Transform};
use crate::transforms::copy_manifests_first::plan::{DependencyCopy, SinkingSources};
use crate::transforms::ordering::spared_installs;
use crate::transforms::support::early_copy::manifest_copies;
use crate::transforms::support::first_line::first_line;
use crate::transforms::support::moves::{move_after, move_all};
use crate::transforms::support::reserved;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "copy-manifests-first",
    applicability: Applicability::Safe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("copy_manifests_first.rs"),
    hadolint: &[],
    contract: Contract::COPY_ORDER,
    run,
};

/// What is left as it is.
const UNDONE: &str = "manifests not copied first";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let names = TRANSFORM.names();
    for stage in &ctx.facts.stages {
        if ctx.is_over() {
            return;
        }
        if !plan::may_copy_early(ctx.facts, stage.index) {
            continue;
        }
        let from = ctx.file.items[stage.items.start].span();
        let context = match ctx.build_context() {
            Ok(context) => context,
            Err(reason) => {
                fixes.refuse(from, reason.undone(UNDONE));
                continue;
            }
        };
        let is_fixed = |instruction: &Instruction<'_>| ctx.pragmas.silence(&names, instruction.text);
        if let Some(sinking) = plan::sinking_sources(ctx.facts, stage.index, context, &is_fixed) {
            propose_order(ctx, &sinking, context, fixes);
            continue;
        }
        for found in plan::dependency_copies(ctx.facts, stage.index, context, &is_fixed) {
            match found {
                Ok(early) => propose(ctx, &early, context, fixes),
                Err(reason) => fixes.refuse(from, reason.undone(UNDONE)),
            }
        }
    }
}

fn propose(ctx: &Context<'_>, early: &DependencyCopy, context: &BuildContext, fixes: &mut Fixes) {
    let Item::Instruction(copy) = &ctx.file.items[early.moved.item] else { return };
    let ignore_file = match reserved::reserve(ctx.facts, &early.makes, context, ctx.context_source) {
        Ok(text) => text,
        Err(reason) => {
            return fixes.refuse(copy.text, reason.undone(UNDONE));
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
        move_after(ctx, &[early.moved.item], early.moved.after, &mut edits);
    }
    // Right above the first step that needs them, so no step in between depends on them.
    let needed_at = ctx.facts.block(early.moved.spares).span.start;
    edits.insert(needed_at, manifest_copies(ctx.file, copy, &early.copies));
    fixes.propose(early.confidence.into(), copy.text, title(early), edits);
    let spared = spared_installs(ctx.facts, std::slice::from_ref(&early.moved));
    fixes.estimate(Estimate { spared, ..Estimate::default() });
    if let Some(text) = ignore_file {
        fixes.along_with_ignore_file(text);
    }
}

/// Proposes to move copies below installs that need none of them.
fn propose_order(ctx: &Context<'_>, sinking: &SinkingSources, context: &BuildContext, fixes: &mut Fixes) {
    let first = &sinking.moves[0];
    let anchor =
        ctx.file.items[sinking.moves.iter().map(|moving| moving.item).min().unwrap_or(first.item)].span();
    let ignore_file = match reserved::reserve(ctx.facts, &sinking.makes, context, ctx.context_source) {
        Ok(text) => text,
        Err(reason) => return fixes.refuse(anchor, reason.undone("sources not copied after the install")),
    };
    let spared = first_line(ctx.file.items[first.spares].span().of(ctx.file.text));
    let title =
        format!("copy the sources after `{spared}`, so a source change doesn't reinstall the dependencies");
    fixes.propose(sinking.confidence.into(), anchor, title, move_all(ctx, &sinking.moves));
    let spared = spared_installs(ctx.facts, &sinking.moves);
    fixes.estimate(Estimate { spared, ..Estimate::default() });
    if let Some(text) = ignore_file {
        fixes.along_with_ignore_file(text);
    }
}

fn title(early: &DependencyCopy) -> String {
    let sources: Vec<&str> = early.copies.iter().flat_map(|copy| &copy.sources).map(String::as_str).collect();
    let manifests = match sources[..] {
        [] => "the manifests".to_owned(),
        [manifest] => manifest.to_owned(),
        [first, second] => format!("{first} and {second}"),
        [first, ..] => format!("{first} and {} other manifests", sources.len() - 1),
    };
    format!("copy {manifests} before the sources, so a source change doesn't reinstall the dependencies")
}

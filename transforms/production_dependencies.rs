//! Remove dev dependencies from the final image.
//!
//! # Why
//! Test runners, linters and compilers often make up most of what `npm install` or `composer
//! install` installs, and nothing in the running image calls them.
//!
//! # Safety
//! Unsafe: a program may load such a package in a way that Jettison does not see. Jettison reads
//! the manifest. No dev dependency may be started, called by a later step, or loaded by a source
//! file of the build context, and the install must not run a script of the project. No started
//! program may load a file in TypeScript (knexfile.ts, next.config.ts) for which it needs one, and
//! `uv run` must not install them at start. The option is the package manager's own: `--omit=dev`
//! for npm, `--prod` for pnpm, `--production` for Yarn 1 and bun, `--no-dev` for composer and uv,
//! `--only=main` for poetry.
//!
//! # When it does nothing
//! The manifest lists no dev dependencies, or an option or a variable (`NODE_ENV`,
//! `COMPOSER_NO_DEV`) already decides. Jettison checks only the last stage, and for poetry and uv
//! also a stage from which only the last one copies an environment. If the same RUN compiles
//! sources, the packages are removed after that; if a later step compiles them, `split-stages`
//! removes them. The removal repeats the options of the install that change which
//! packages are chosen or what is checked (`--legacy-peer-deps`). It refuses, and names the
//! package, the step or the file, if one may be needed; if a package that stays lists one as a
//! peer; if the build generates files in `node_modules`, itself or in a script; if the manifest
//! can't be read, and if people or CI services work in the image (`Dockerfile.dev`,
//! `.devcontainer`, or no command but the shell of its base image). Under `--verify`, it also
//! refuses if a check of the original image reads a file of one. That no check reads any proves
//! nothing: another request may.
//!
//! # Examples
//! ```context
//! package.json <<EOF
//! {"dependencies": {"express": "^4"}, "devDependencies": {"jest": "^29"}, "scripts": {"test": "jest"}}
//! EOF
//! server.js <<EOF
//! require("express")().listen(3000);
//! EOF
//! ```
//! ```dockerfile before
//! FROM node:20-slim
//! WORKDIR /app
//! COPY . .
//! RUN npm ci
//! CMD ["node", "server.js"]
//! ```
//! ```dockerfile after
//! FROM node:20-slim
//! WORKDIR /app
//! COPY . .
//! RUN npm ci --omit=dev
//! CMD ["node", "server.js"]
//! ```
//! Tools of a workspace, compiled in the RUN that installs them:
//! ```context
//! tools/pnpm-workspace.yaml <<EOF
//! packages: ["packages/*"]
//! EOF
//! tools/package.json <<EOF
//! {"devDependencies": {"typescript": "^5"}, "scripts": {"build": "pnpm -r run build"}}
//! EOF
//! tools/packages/map/package.json <<EOF
//! {"dependencies": {"commander": "^11"}, "scripts": {"build": "tsc -p ."}}
//! EOF
//! tools/packages/map/main.ts <<EOF
//! import { program } from "commander";
//! EOF
//! serve.py <<EOF
//! print("ok")
//! EOF
//! ```
//! ```dockerfile before
//! FROM example.com/python-and-node:3
//! COPY . /srv
//! RUN cd /srv/tools && pnpm install --frozen-lockfile && pnpm run build
//! CMD ["python3", "/srv/serve.py"]
//! ```
//! ```dockerfile after
//! FROM example.com/python-and-node:3
//! COPY . /srv
//! RUN cd /srv/tools && pnpm install --frozen-lockfile && pnpm run build \
//!     && CI=true pnpm install --prod --frozen-lockfile --ignore-scripts --config.modules-cache-max-age=0
//! CMD ["python3", "/srv/serve.py"]
//! ```

mod omit;
mod prune;

use crate::edit::Edits;
use crate::reasons::Reason;
use crate::runtime::development::why_tools_stay;
use crate::span::Span;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::production_dependencies::prune::Prune;
use crate::transforms::support::append::append_to;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "production-dependencies",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("production_dependencies.rs"),
    hadolint: &[],
    contract: Contract::ADDS_OPTIONS_AND_CLEANUP,
    run,
};

/// What is left as it is.
const UNDONE: &str = "dev dependencies not removed";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let Some(stage) = ctx.facts.stages.last().filter(|_| omit::may_omit(ctx.facts)) else { return };
    let from = ctx.facts.start_of(stage);
    let prunes = prune::prunes(ctx.facts, ctx.context_source.context().ok());
    let omissions = omit::omissions(ctx.facts, ctx.context_source.context().ok());
    if (prunes.iter().any(Result::is_ok) || omissions.iter().any(Result::is_ok))
        && let Some(reason) = why_tools_stay(ctx.facts)
    {
        return fixes.refuse(from, reason.undone(UNDONE));
    }
    for prune in &prunes {
        match prune {
            Ok(prune) => {
                let run = &ctx.facts.runs[prune.run];
                let mut edits = Edits::new();
                match append_to(ctx, run, std::slice::from_ref(&prune.command), &mut edits) {
                    Ok(()) => {
                        let title = format!("remove {} dev dependencies after the build", prune.manager);
                        fixes.propose(Applicability::Unsafe, run.instruction.text, title, edits);
                    }
                    Err(reason) => fixes.refuse(run.instruction.text, reason),
                }
            }
            Err(reason) => fixes.refuse(from, reason.clone().undone(UNDONE)),
        }
    }
    let is_pruned = |run: usize| prunes.iter().flatten().any(|prune| prune.run == run);
    for omission in omissions {
        match omission {
            Ok(omission) if is_pruned(omission.run) => {}
            Err(reason) if prunes.iter().any(|prune| is_about(ctx, prune, reason.at)) => {}
            Ok(omission) => {
                let mut edits = Edits::new();
                edits.insert(omission.at, format!(" {}", omission.option));
                let anchor = ctx.facts.runs[omission.run].instruction.text;
                let title = format!("don't install {} dev dependencies", omission.manager);
                fixes.propose(Applicability::Unsafe, anchor, title, edits);
            }
            Err(reason) => fixes.refuse(from, reason.undone(UNDONE)),
        }
    }
}

/// Whether the result of looking for a prunable RUN is about the RUN at this place.
fn is_about(ctx: &Context<'_>, prune: &Result<Prune, Reason>, place: Option<Span>) -> bool {
    match prune {
        Ok(prune) => Some(ctx.facts.runs[prune.run].instruction.text) == place,
        Err(reason) => reason.at == place,
    }
}

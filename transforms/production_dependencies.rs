//! Leave packages out of the image that only serve development and tests.
//!
//! # Why
//! Test runners, linters and compilers of sources are often the larger part of what `npm install` or `composer install` brings, and nothing in the
//! running image calls them.
//!
//! # Safety
//! Unsafe: a program might load such a package in a way that nothing here sees. The manifest is read; each package that is listed for development must be
//! neither started, nor called by a later step, nor loaded by a source of the build context, and the install must run no script of
//! the project's own. The option is the manager's: `--omit=dev` for npm, `--prod` for pnpm, `--production` for Yarn 1 and
//! bun, `--no-dev` for composer and uv, `--only=main` for poetry.
//!
//! # Silent when
//! Nothing is listed for development, or an option or a variable (`NODE_ENV`, `COMPOSER_NO_DEV`) already decides. Only the last stage
//! is looked at. Where sources are compiled, `split-stages` takes the packages away behind the build. It refuses, and names
//! the package or the step, where one may be needed, and where the manifest can't be read.
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

use crate::edit::Edits;
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "production-dependencies",
    applicability: Applicability::Unsafe,
    since: "0.2.0",
    source: include_str!("production_dependencies.rs"),
    answers: &[],
    changes: Changes::AddsOptions,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if !ctx.facts.may_omit() {
        return;
    }
    for omission in ctx.facts.omissions(ctx.around.context().ok()) {
        match omission {
            Ok(omission) => {
                let mut edits = Edits::new();
                edits.insert(omission.at, format!(" {}", omission.option));
                let anchor = ctx.facts.runs[omission.run].instruction.text;
                let title = format!("leave out {}'s packages for development", omission.manager);
                fixes.propose(Applicability::Unsafe, anchor, title, edits);
            }
            Err((span, reason)) => {
                fixes.refuse(span, format!("packages for development stay, because {reason}"));
            }
        }
    }
}

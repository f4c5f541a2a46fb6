//! Remove dev dependencies in a stage of their own, which stays cached when sources change.
//!
//! # Why
//! A build stage that ends with `npm prune --omit=dev` removes the dev dependencies again after
//! every source change. The result depends on the manifests only. In a stage of its own, directly
//! after the install, the step stays cached, and the layer with the production dependencies stays
//! the same.
//!
//! # Safety
//! Unsafe: a build may write into `node_modules` in a way that Jettison does not see. The same
//! install runs once, and the same command removes the same packages from the same tree, but before
//! the build instead of after it. Jettison reads package.json: no package that is known to generate
//! code into `node_modules` may be among the dependencies (Prisma, patch-package …), and no script
//! of the project may mention the directory. The build stage removes `node_modules` at its end, so
//! that the final image gets it from the other stage only.
//!
//! # When it does nothing
//! The sources are copied above the install, so that nothing would stay cached; a step between the
//! install and the removal installs packages, changes the owner of files or names `node_modules`;
//! the project has workspaces or more than one package.json; the stage has build arguments above
//! the install; or the final stage does not copy the whole directory of the project.
//!
//! # Examples
//! ```context
//! package.json <<EOF
//! {"dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}, "scripts": {"build": "tsc"}}
//! EOF
//! src/main.ts 1000
//! ```
//! ```dockerfile before
//! FROM node:20 AS build
//! WORKDIR /app
//! COPY package*.json ./
//! RUN npm ci
//! COPY . .
//! RUN npm run build
//! RUN npm prune --omit=dev
//!
//! FROM node:20-slim
//! WORKDIR /app
//! COPY --from=build /app /app
//! CMD ["node", "dist/main.js"]
//! ```
//! ```dockerfile after
//! FROM node:20 AS dependencies
//! WORKDIR /app
//! COPY package*.json ./
//! RUN npm ci
//!
//! FROM dependencies AS production-dependencies
//! RUN npm prune --omit=dev
//!
//! FROM dependencies AS build
//! COPY . .
//! RUN npm run build
//! # the final image gets node_modules from production-dependencies
//! RUN rm -rf node_modules
//!
//! FROM node:20-slim
//! WORKDIR /app
//! # production dependencies
//! COPY --from=production-dependencies /app/node_modules /app/node_modules
//! COPY --from=build /app /app
//! CMD ["node", "dist/main.js"]
//! ```

mod plan;

use crate::edit::Edits;
use crate::syntax::{Body, Item};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::prune_stage::plan::Plan;
use crate::transforms::support::new_instruction::in_case_of;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "prune-stage",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("prune_stage.rs"),
    hadolint: &[],
    contract: Contract::PRUNE_STAGE,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if ctx.is_silenced_anywhere(&TRANSFORM) {
        return;
    }
    match plan::plan(ctx.facts, ctx.context_source) {
        None => {}
        Some(Ok(plan)) => {
            let anchor = ctx.file.items[plan.prune].span();
            let title =
                "remove dev dependencies in a stage of their own, which stays cached when sources change";
            fixes.propose(Applicability::Unsafe, anchor, title.to_owned(), edits(ctx, &plan));
        }
        Some(Err(reason)) => {
            let undone = "dev dependencies not removed in a stage of their own";
            let anchor = reason.at.unwrap_or_else(|| ctx.facts.start_of(&ctx.facts.stages[0]));
            fixes.refuse(anchor, reason.undone(undone));
        }
    }
}

fn edits(ctx: &Context<'_>, plan: &Plan) -> Edits {
    let (text, line_break) = (ctx.file.text, ctx.file.line_break());
    let mut edits = Edits::new();
    let [from, as_word, run, copy] =
        ["FROM", "AS", "RUN", "COPY"].map(|keyword| in_case_of(ctx.file, keyword));
    edits.replace(plan.name_at, plan.base.clone());

    let block = ctx.facts.block(plan.prune);
    let pruning = block.span.of(text).trim_end_matches(['\r', '\n']);
    let Plan { base, pruned, build, .. } = plan;
    let stages = format!(
        "{line_break}{from} {base} {as_word} {pruned}{line_break}{pruning}{line_break}\
         {line_break}{from} {base} {as_word} {build}{line_break}"
    );
    let end = ctx.file.items[plan.install].span().end;
    // A blank line below the install would follow the new FROM.
    match ctx.file.items.get(plan.install + 1) {
        Some(Item::Blank(blank)) => edits.replace(*blank, stages),
        _ => edits.insert(end, stages),
    }
    let comment = |text: String| {
        if ctx.settings.config.comments { format!("# {text}{line_break}") } else { String::new() }
    };
    let why = comment(format!("the final image gets node_modules from {pruned}"));
    edits.replace(block.span, format!("{why}{run} rm -rf node_modules{line_break}"));

    let Item::Instruction(instruction) = &ctx.file.items[plan.copy] else { return edits };
    let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return edits };
    let flags = instruction.flags.iter().map(|flag| match flag.name.as_str() {
        "from" => format!(" --from={pruned}"),
        _ => format!(" {}", flag.span.of(text)),
    });
    let flags: String = flags.collect();
    let modules = |path: &str| format!("{}/node_modules", path.trim_end_matches('/'));
    let (source, destination) = (modules(&transfer.sources[0]), modules(&transfer.destination));
    let place = ctx.facts.block(plan.copy).span.start;
    let what = comment("production dependencies".to_owned());
    edits.insert(place, format!("{what}{copy}{flags} {source} {destination}{line_break}"));
    edits
}

//! Separate comments from FROM and ARG that don't describe them.
//!
//! # Why
//! `docker build --call=outline` prints the comment above a stage or a build argument as its
//! description if it starts with its name. `docker build --check` warns about others
//! (`InvalidDefinitionDescription`) and advises an empty line.
//!
//! # Safety
//! Only an empty line is added.
//!
//! # When it does nothing
//! The check is experimental, so the fix is made only where `# check=experimental=` enables it, or
//! where a report lists it. Nothing changes below a comment for a linter.
//!
//! # Examples
//! ```dockerfile before
//! # check=experimental=InvalidDefinitionDescription
//!
//! # Everything for the compiler.
//! FROM golang:1.23 AS build
//! # VERSION is printed by the program.
//! ARG VERSION=1
//! ```
//! ```dockerfile after
//! # check=experimental=InvalidDefinitionDescription
//!
//! # Everything for the compiler.
//!
//! FROM golang:1.23 AS build
//! # VERSION is printed by the program.
//! ARG VERSION=1
//! ```

use crate::config::Scope;
use crate::edit::Edits;
use crate::facts::near_error;
use crate::pragma::is_pragma;
use crate::reasons;
use crate::syntax::{Body, Item};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "description-comments",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("description_comments.rs"),
    hadolint: &[CHECK],
    contract: Contract::SPELLING,
    run,
};

const CHECK: &str = "InvalidDefinitionDescription";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if !is_enabled(ctx) {
        return;
    }
    for (item, instruction) in ctx.file.instructions() {
        let names: Vec<&str> = match &instruction.body {
            Body::From(from) => from.name.as_deref().into_iter().collect(),
            Body::Arg(all) => all.iter().map(|assignment| assignment.key.as_str()).collect(),
            _ => continue,
        };
        let Some(Item::Comment(comment)) = item.checked_sub(1).map(|above| &ctx.file.items[above]) else {
            continue;
        };
        let comment = comment.of(ctx.file.text).trim();
        let first = comment.trim_start_matches('#').trim().split(' ').next().unwrap_or_default();
        if names.is_empty() || first.is_empty() || names.contains(&first) || near_error(ctx.file, item) {
            continue;
        }
        if is_pragma(comment) {
            fixes.refuse(instruction.text, reasons::comment_for_linter());
            continue;
        }
        let mut edits = Edits::new();
        edits.insert(instruction.full.start, ctx.file.line_break());
        let title =
            format!("separate {} from a comment that doesn't describe it", instruction.keyword.name());
        fixes.propose(Applicability::Safe, instruction.text, title, edits);
    }
}

/// Whether the file or a report asks for the check.
fn is_enabled(ctx: &Context<'_>) -> bool {
    let is_directive = ctx.file.directives.iter().any(|directive| {
        let experimental =
            directive.value.split(';').find_map(|part| part.trim().strip_prefix("experimental="));
        directive.name == "check"
            && experimental
                .is_some_and(|names| names.split(',').any(|name| matches!(name.trim(), "all" | CHECK)))
    });
    let is_reported = matches!(&ctx.settings.scope, Some(Scope::Found(found)) if found.iter().any(|(_, code)| code == CHECK));
    is_directive || is_reported
}

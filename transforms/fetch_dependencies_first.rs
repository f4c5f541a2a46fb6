//! Download the dependencies of a build before copying the source code.
//!
//! # Why
//! `go build`, `mvn package` and `dotnet publish` download the dependencies of a project
//! themselves. With `COPY . .` before them, a change to any file of the project downloads all
//! dependencies again. If the files that list the dependencies are copied first, and a command
//! downloads the dependencies, then a source change repeats only the build.
//!
//! # Safety
//! The new command downloads what the build downloads anyway, and perhaps more: `go mod download`
//! also downloads modules that only tests need. So this is *unsafe*. The build finds the downloads
//! in the caches of the package manager, with the same user, directory and variables.
//!
//! The transform reads the build context. As in `copy-manifests-first`, it copies files early only
//! if it understands the manifests, and adds the directories that the command creates to the ignore
//! file.
//!
//! # When it does nothing
//! It refuses if the Dockerfile mentions private modules or credentials, if the build has a mount
//! for secrets or another option that the download would need too, if the dependencies are in the
//! build context (`vendor`), if a manifest names directories of the project (`replace => ../lib`,
//! Maven modules, go.work), and if the build removes what it downloads in a stage that ships, since
//! the earlier layer would keep it. If a cache mount keeps the downloads, or an earlier step
//! downloads them, nothing changes. `cargo fetch` fails without the source files, so Rust is left
//! alone; so is Gradle, which has no command that downloads everything.
//!
//! # Examples
//! ```context
//! go.mod <<EOF
//! module example.com/clock
//!
//! go 1.22
//!
//! require github.com/pkg/errors v0.9.1
//! EOF
//! go.sum 180
//! main.go 1200
//! ```
//! ```dockerfile before
//! FROM golang:1.22 AS build
//! WORKDIR /src
//! COPY . .
//! RUN CGO_ENABLED=0 go build -o /clock .
//!
//! FROM scratch
//! COPY --from=build /clock /clock
//! ENTRYPOINT ["/clock"]
//! ```
//! ```dockerfile after
//! FROM golang:1.22 AS build
//! WORKDIR /src
//! COPY go.mod go.sum ./
//! RUN go mod download
//! COPY . .
//! RUN CGO_ENABLED=0 go build -o /clock .
//!
//! FROM scratch
//! COPY --from=build /clock /clock
//! ENTRYPOINT ["/clock"]
//! ```

mod plan;

use crate::edit::Edits;
use crate::syntax::{Instruction, Item};
use crate::transform::{Applicability, Context, Contract, Estimate, Fixes, Group, Transform};
use crate::transforms::fetch_dependencies_first::plan::EarlyFetch;
use crate::transforms::support::early_copy::manifest_copies;
use crate::transforms::support::moves::move_after;
use crate::transforms::support::new_instruction::in_case_of;
use crate::transforms::support::reserved;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "fetch-dependencies-first",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("fetch_dependencies_first.rs"),
    hadolint: &[],
    contract: Contract::EARLY_FETCH,
    run,
};

/// What is left as it is.
const UNDONE: &str = "dependencies not downloaded first";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let names = TRANSFORM.names();
    for stage in &ctx.facts.stages {
        if ctx.is_over() {
            return;
        }
        let Some(build) = plan::first_build(ctx.facts, stage.index) else { continue };
        let from = ctx.file.items[stage.items.start].span();
        let context = match ctx.build_context() {
            Ok(context) => context,
            Err(reason) => {
                fixes.refuse(from, reason.undone(UNDONE));
                continue;
            }
        };
        let is_fixed = |instruction: &Instruction<'_>| ctx.pragmas.silence(&names, instruction.text);
        let fetch = match plan::early_fetch(ctx.facts, &build, context, &is_fixed) {
            Some(Ok(fetch)) => fetch,
            Some(Err(reason)) => {
                fixes.refuse(build.run.instruction.text, reason.undone(UNDONE));
                continue;
            }
            None => continue,
        };
        match reserved::reserve(ctx.facts, &fetch.makes, context, ctx.context_source) {
            Ok(ignore_file) => propose(ctx, &fetch, ignore_file, fixes),
            Err(reason) => fixes.refuse(build.run.instruction.text, reason.undone(UNDONE)),
        }
    }
}

fn propose(ctx: &Context<'_>, fetch: &EarlyFetch, ignore_file: Option<String>, fixes: &mut Fixes) {
    let Item::Instruction(copy) = &ctx.file.items[fetch.copy] else { return };
    let line_break = ctx.file.line_break();
    let copies = manifest_copies(ctx.file, copy, &fetch.copies);
    let mut new = format!("{copies}{} {}{line_break}", in_case_of(ctx.file, "RUN"), fetch.command);
    let mut edits = Edits::new();
    let block = ctx.facts.block(fetch.copy);
    if fetch.after == fetch.copy {
        let has_comment = block.span.start < copy.text.start;
        if has_comment && block.blank_above {
            new += line_break;
        }
        edits.insert(block.span.start, new);
    } else {
        edits.insert(ctx.file.items[fetch.after].span().end, new);
        move_after(ctx, &[fetch.copy], fetch.after, &mut edits);
    }
    let title = format!(
        "download {} before copying the sources, so a source change doesn't download them again",
        fetch.what
    );
    fixes.propose(Applicability::Unsafe, copy.text, title, edits);
    fixes.estimate(Estimate { spared: vec![format!("RUN {}", fetch.command)], ..Estimate::default() });
    if let Some(text) = ignore_file {
        fixes.along_with_ignore_file(text);
    }
}

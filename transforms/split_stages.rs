//! Build in one stage and copy only what runs into a smaller final image.
//!
//! # Why
//! A single-stage image ships everything that its build needed. Often only a small part of it runs:
//! a program of a few megabytes next to a compiler of a gigabyte.
//!
//! # Safety
//! Unsafe: a program may depend on a file that is not copied to the final image. The build itself
//! does not change: it runs step for step as a stage of its own. The final image starts from a
//! smaller image of the same distribution and release; for static programs, from an image without a
//! distribution. It gets the program, the other files in the program's folder that are not source
//! code, files that steps created elsewhere, user accounts, and the system packages that are not
//! known to serve only the build. Packages of headers are replaced by the libraries that they
//! belong to. A comment above each copy says why it is there (unless `comments: false`), and `-v`
//! gives the reason for each package. If Jettison can read all sources and they need no more, a
//! Java program gets a runtime that `jlink` builds from the modules of a JRE, and a C program runs
//! on `distroless/base` with the libraries that it links. Node dev dependencies are removed if no
//! started program and no source file loads them.
//!
//! ENV, WORKDIR, USER, EXPOSE, VOLUME, LABEL, STOPSIGNAL, HEALTHCHECK, ENTRYPOINT and CMD stay the
//! same; only variables that compilers read may be removed. The final stage takes over the name of
//! the original stage, so `--target` still works. A directory keeps the owner that `chown` gave it,
//! with a `chown` of its own if the final image creates it before the copy. A repository that the build
//! clones is copied as a whole, unless a step removes it or it is in a directory for sources
//! (`/usr/src`, `/tmp`).
//!
//! # When it does nothing
//! The last stage builds nothing that Jettison knows, or there is nothing to remove. Earlier stages
//! are not split. It refuses if a step may create files that can't be listed, if the program or its
//! path is unknown, if the build does not run as root, and if people or CI services work in the
//! image (`Dockerfile.dev`, `.devcontainer`).
//!
//! # Examples
//! ```context
//! go.mod <<EOF
//! module example.com/clock
//! EOF
//! main.go <<EOF
//! package main
//! EOF
//! templates/index.html 300
//! ```
//! ```dockerfile before
//! FROM golang:1.22-bookworm
//! WORKDIR /src
//! COPY . .
//! RUN CGO_ENABLED=0 go build -o /clock .
//!
//! EXPOSE 8080
//! CMD ["/clock"]
//! ```
//! ```dockerfile after
//! FROM golang:1.22-bookworm AS build
//! WORKDIR /src
//! COPY . .
//! RUN CGO_ENABLED=0 go build -o /clock .
//!
//! FROM gcr.io/distroless/static-debian12
//! WORKDIR /src
//! # the program
//! COPY --from=build /clock /clock
//! # files read at run time
//! COPY --from=build /src/templates /src/templates
//!
//! EXPOSE 8080
//! CMD ["/clock"]
//! ```

pub(crate) mod assemble;
mod build_texts;
mod distroless;
mod jre;
mod languages;
mod named_paths;
mod owners;
mod packages;
mod plan;
pub(crate) mod recipe;
mod variable_workdir;

use crate::edit::Edits;
use crate::reasons::{self, Reason};
use crate::runtime::development::why_tools_stay;
use crate::span::Span;
use crate::syntax::Item;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::split_stages::plan::Candidate;
use crate::transforms::split_stages::recipe::{RuntimeLine, Split};
use crate::transforms::support::new_instruction::{NewInstruction, in_case_of};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "split-stages",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("split_stages.rs"),
    hadolint: &[],
    contract: Contract::STAGES,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let Some(candidate) = Candidate::of(ctx.facts) else { return };
    if ctx.is_silenced_anywhere(&TRANSFORM) {
        return;
    }
    let split = plan::split(ctx.facts, &candidate, ctx.context_source);
    let planned = split.and_then(|split| match why_tools_stay(ctx.facts) {
        Some(reason) => Err(reason),
        None => edits(ctx, &split).map(|edits| (split, edits)),
    });
    match planned {
        Ok((split, edits)) => {
            let title = format!(
                "build the {} program in its own stage, and run it on {}",
                split.language, split.base
            );
            fixes.propose(Applicability::Unsafe, split.anchor, title, edits);
            fixes.note(split.needs.iter().map(|need| format!("{}: {}", need.package, need.why)));
            fixes.note(split.kept.map(|reason| reason.undone("dev dependencies not removed").to_string()));
            fixes.note(candidate.floating_release(ctx.context_source));
        }
        Err(reason) => {
            fixes.refuse(ctx.facts.start_of(candidate.stage), reason.undone("not split into stages"));
        }
    }
}

fn edits(ctx: &Context<'_>, split: &Split) -> Result<Edits, Reason> {
    let (text, line_break) = (ctx.file.text, ctx.file.line_break());
    let mut edits = Edits::new();
    let made = |made: &NewInstruction| made.written(ctx.file, ctx.settings.config.comments);
    let Some(Item::Instruction(from)) =
        ctx.facts.stages.last().map(|stage| &ctx.file.items[stage.items.start])
    else {
        return Ok(edits);
    };
    match &split.name {
        Some(name) => {
            let span = name_of(from.text, text, name).ok_or_else(reasons::name_over_lines)?;
            edits.replace(span, split.build.clone());
        }
        None => {
            // BuildKit's check `FromAsCasing`: both keywords have the same case.
            let is_lower = from.text.of(text).starts_with("from");
            edits.insert(from.text.end, format!(" {} {}", if is_lower { "as" } else { "AS" }, split.build));
        }
    }
    edits.insert(from.full.end, split.at_start.iter().map(made).collect::<String>());

    let end = ctx.file.items[split.last].span().end;
    let mut stage = String::new();
    if !text[..end].ends_with('\n') {
        stage += line_break;
    }
    stage.extend(split.at_end.iter().map(made));
    let flags: String = from.flags.iter().map(|flag| format!("{} ", flag.span.of(text))).collect();
    let [from_word, as_word] = ["FROM", "AS"].map(|keyword| in_case_of(ctx.file, keyword));
    let name = split.name.as_ref().map(|name| format!(" {as_word} {name}")).unwrap_or_default();
    stage += &format!("{line_break}{from_word} {flags}{}{name}{line_break}", split.base);
    for line in &split.lines {
        match line {
            RuntimeLine::New(instruction) => stage += &made(instruction),
            RuntimeLine::Explained(item, instruction) => {
                let comments = ctx.facts.comments_above(*item);
                stage += &with_line_break(ctx, comments, line_break);
                stage += &made(instruction);
                edits.delete(comments);
            }
            RuntimeLine::Copied(item) => {
                stage += &with_line_break(ctx, ctx.file.items[*item].span(), line_break);
            }
            RuntimeLine::Moved(item) => {
                let block = ctx.facts.block(*item);
                stage += &with_line_break(ctx, block.span, line_break);
                edits.delete(block.span);
                if let Some(blank) = block.blank_below.filter(|_| block.blank_above) {
                    edits.delete(blank);
                }
            }
        }
    }
    let follows = ctx.file.items.get(split.last + 1);
    if follows.is_some_and(|item| !matches!(item, Item::Blank(_))) {
        stage += line_break;
    }
    if !text.ends_with('\n') && end == text.len() {
        stage.truncate(stage.trim_end_matches(['\r', '\n']).len());
    }
    edits.insert(end, stage);
    Ok(edits)
}

/// The place of the stage's name, if it is on one line.
fn name_of(from: Span, text: &str, name: &str) -> Option<Span> {
    let before = from.of(text).trim_end().strip_suffix(name)?;
    let start = from.start + before.len();
    Some(Span::new(start, start + name.len()))
}

/// A part of the file's text, with a line break at its end.
fn with_line_break(ctx: &Context<'_>, span: Span, line_break: &str) -> String {
    let text = span.of(ctx.file.text);
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}{line_break}") }
}

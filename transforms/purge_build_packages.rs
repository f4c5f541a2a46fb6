//! Remove compilers and build tools in the RUN that installs and uses them.
//!
//! # Why
//! `gcc`, `make` and similar tools are needed only while an extension or a program is compiled, and
//! take hundreds of megabytes. If the same RUN removes them, they are never part of the image. If
//! the next RUN is the last one that builds, the two are merged first.
//!
//! # Safety
//! Unsafe: a compiled program may call a compiler or link one of its libraries at run time, and a
//! Dockerfile does not show that. Libraries (`…-dev` packages) stay, and so do those that the
//! compiler links into what it builds (libgomp, libgfortran, libstdc++).
//!
//! # When it does nothing
//! The RUN installs no build tools, neither it nor the next RUN uses them, or it removes packages
//! itself. It refuses if a later RUN may build something: the last use of the tools must be known;
//! and if people or CI services work in the image (`Dockerfile.dev`, `.devcontainer`, or no command
//! but the shell of its base image).
//!
//! # Examples
//! ```dockerfile before
//! FROM python:3.12-slim
//! RUN apt-get update && apt-get install -y gcc libpq5 && pip install --no-cache-dir psycopg2 && rm -rf /var/lib/apt/lists/*
//! CMD ["python", "-m", "app"]
//! ```
//! ```dockerfile after
//! FROM python:3.12-slim
//! RUN apt-get update && apt-get install -y gcc libpq5 && pip install --no-cache-dir psycopg2 && rm -rf /var/lib/apt/lists/* \
//!     && apt-mark manual libgomp1 \
//!     && apt-get purge -y --auto-remove gcc
//! CMD ["python", "-m", "app"]
//! ```
//! If a command installs nothing else, a virtual package of apk groups the tools:
//! ```dockerfile before
//! FROM python:3.12-alpine
//! RUN apk add --no-cache gcc musl-dev && pip install --no-cache-dir cffi
//! CMD ["python", "-m", "app"]
//! ```
//! ```dockerfile after
//! FROM python:3.12-alpine
//! RUN apk add --no-cache --virtual .build-deps gcc musl-dev && pip install --no-cache-dir cffi \
//!     && apk add --no-cache libgcc \
//!     && apk del --no-network .build-deps
//! CMD ["python", "-m", "app"]
//! ```

use crate::knowledge::lists::packages::{
    RUNTIME_LIBRARIES_OF_COMPILERS, RUNTIME_LIBRARIES_OF_COMPILERS_OF_ALPINE,
};
use crate::knowledge::lists::programs::COMPILING;
use crate::reasons::{self, Reason};
use crate::runtime::compilers;
use crate::transforms::support::join::judge;
use std::collections::HashMap;

use crate::edit::Edits;
use crate::facts::{Call, RunFacts};
use crate::knowledge::{Kind, Program};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::support::append::append_to;
use crate::transforms::support::join::gain::Gain;
use crate::transforms::support::join::judge::Merge;
use crate::transforms::support::join::{are_neighbours, join};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "purge-build-packages",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("purge_build_packages.rs"),
    hadolint: &[],
    contract: Contract::ADDS_OPTIONS_AND_CLEANUP,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let file = Builds::of(ctx);
    for run in ctx.facts.shipped_and_editable() {
        if ctx.is_over() {
            return;
        }
        let anchor = run.instruction.text;
        let installs: Vec<&Call<'_>> = run
            .calls
            .iter()
            .filter(|call| !tools(call).is_empty() && !run.invocations[call.invocation].place.in_word)
            .collect();
        let [install] = installs[..] else { continue };
        if removes_packages(run, install) {
            continue;
        }
        let next = last_use_is_next(ctx, run, &file);
        if next.is_none() && !is_used(ctx, run, install) {
            continue;
        }
        if let Some(reason) = compilers::why_they_stay(ctx.facts) {
            fixes.refuse(anchor, reason.undone(not_removed(&tools(install))));
            continue;
        }
        if let Some((next, merge)) = next {
            let names = tools(install).join(", ");
            let title =
                format!("install {names} in the RUN that uses them, so the same layer can remove them");
            fixes.propose(Applicability::Unsafe, next.instruction.text, title, join(ctx, run, next, &merge));
            // The next round removes the packages.
            return;
        }
        if let Err(reason) = last_use_is_here(run, install, &file) {
            fixes.refuse(anchor, reason.undone(not_removed(&tools(install))));
            continue;
        }
        let names = tools(install);
        let mut edits = Edits::new();
        let command = if install.manager.name == "apk" {
            if names.len() < install.packages.len() {
                fixes.refuse(anchor, reasons::mixed_install().undone(not_removed(&names)));
                continue;
            }
            edits.insert(install.packages[0].span.start, "--virtual .build-deps ");
            "apk del --no-network .build-deps".to_owned()
        } else {
            format!("apt-get purge -y --auto-remove {}", names.join(" "))
        };
        let kept = kept_libraries(&names, install.manager.name == "apk");
        let commands: Vec<String> = kept.into_iter().chain([command]).collect();
        match append_to(ctx, run, &commands, &mut edits) {
            Err(reason) => fixes.refuse(anchor, reason),
            Ok(()) => fixes.propose(
                Applicability::Unsafe,
                anchor,
                format!("remove {} after the last step that uses them", names.join(", ")),
                edits,
            ),
        }
    }
}

/// The command that keeps the libraries which programs built by these compilers load: the removal
/// would take them away as well.
fn kept_libraries(compilers: &[&str], on_alpine: bool) -> Option<String> {
    let known =
        if on_alpine { RUNTIME_LIBRARIES_OF_COMPILERS_OF_ALPINE } else { RUNTIME_LIBRARIES_OF_COMPILERS };
    let mut libraries: Vec<&str> = Vec::new();
    for (_, library) in known.iter().filter(|(compiler, _)| compilers.contains(compiler)) {
        if !libraries.contains(library) {
            libraries.push(library);
        }
    }
    let command = if on_alpine { "apk add --no-cache" } else { "apt-mark manual" };
    (!libraries.is_empty()).then(|| format!("{command} {}", libraries.join(" ")))
}

/// What is left as it is.
fn not_removed(names: &[&str]) -> String {
    format!("{} not removed", names.join(", "))
}

/// The build tools that a call installs.
fn tools<'a>(call: &Call<'a>) -> Vec<&'a str> {
    let named = call.packages.iter().filter_map(|word| word.literal());
    let tools = named.filter(|name| call.manager.build_packages.iter().any(|known| known == name));
    if call.manager.installs(&call.verb) { tools.collect() } else { Vec::new() }
}

/// Whether a command after the call builds something: a language's package manager, a build tool.
fn is_used(ctx: &Context<'_>, run: &RunFacts<'_>, install: &Call<'_>) -> bool {
    run.invocations.iter().enumerate().skip(install.invocation + 1).any(|(index, _)| builds(ctx, run, index))
}

fn builds(ctx: &Context<'_>, run: &RunFacts<'_>, index: usize) -> bool {
    let invocation = &run.invocations[index];
    match run.call_of(index) {
        Some(call) => call.manager.kind != Kind::System && call.manager.installs(&call.verb),
        None => {
            let program = invocation.program.unwrap_or_default();
            ctx.known.program(program) == Some(Program::Builder)
                || invocation.is_unreadable(ctx.known)
                || COMPILING.iter().any(|tool| invocation.is(tool))
        }
    }
}

/// The RUNs of the file that build, and the build tools that it installs.
struct Builds<'a> {
    /// The last RUN that builds or may build.
    last: Option<usize>,
    /// The build tools, each with the place of its first install: the RUN, and its position among
    /// all tools.
    first_installs: HashMap<&'a str, (usize, usize)>,
}

impl<'a> Builds<'a> {
    fn of(ctx: &Context<'a>) -> Self {
        let may_build = |run: &&RunFacts<'_>| {
            run.script().is_none() || (0..run.invocations.len()).any(|index| builds(ctx, run, index))
        };
        let last = ctx.facts.runs.iter().rev().find(may_build).map(|run| run.item);
        let mut first_installs = HashMap::new();
        for run in &ctx.facts.runs {
            for name in run.calls.iter().flat_map(tools) {
                let place = (run.item, first_installs.len());
                first_installs.entry(name).or_insert(place);
            }
        }
        Self { last, first_installs }
    }

    fn builds_after(&self, item: usize) -> bool {
        self.last.is_some_and(|last| last > item)
    }
}

/// The next RUN if it is the last one that builds, and how to merge the two.
fn last_use_is_next<'f, 'a>(
    ctx: &'f Context<'a>,
    run: &RunFacts<'a>,
    file: &Builds<'_>,
) -> Option<(&'f RunFacts<'a>, Merge)> {
    let next = ctx.facts.runs_after(run.item).first();
    let next = next.filter(|next| next.stage == run.stage && are_neighbours(ctx, run, next))?;
    let is_last = file.last == Some(next.item);
    let merge = is_last.then(|| judge::merge(ctx.facts, run, next, Gain::layer()).ok()).flatten()??;
    Some((next, merge)).filter(|(_, merge)| !merge.isolate_first)
}

/// Whether the author already removes packages.
fn removes_packages(run: &RunFacts<'_>, install: &Call<'_>) -> bool {
    let has_group =
        install.options.iter().any(|option| option.raw.starts_with("--virtual") || option.raw == "-t");
    has_group
        || run.calls.iter().any(|call| call.manager.kind == Kind::System && call.manager.removes(&call.verb))
}

fn last_use_is_here(run: &RunFacts<'_>, install: &Call<'_>, file: &Builds<'_>) -> Result<(), Reason> {
    let invocation = &run.invocations[install.invocation];
    if !invocation.place.is_certain()
        || !invocation.place.alone
        || !invocation.elevation.eq(&crate::facts::commands::Elevation::None)
    {
        return Err(reasons::conditional_install());
    }
    let names = tools(install).into_iter().filter_map(|name| Some((file.first_installs.get(name)?, name)));
    if let Some((_, name)) = names.filter(|((item, _), _)| *item < run.item).min() {
        return Err(reasons::installed_before(name));
    }
    if file.builds_after(run.item) {
        return Err(reasons::later_run_may_build());
    }
    Ok(())
}

//! Drop compilers and headers that a test build shows are not needed.
//!
//! # Why
//! `build-essential` and similar packages are often installed for dependencies that now come
//! precompiled. They take hundreds of megabytes, and no later RUN can free that space by removing
//! them.
//!
//! # Safety
//! Unsafe, and proposed only under `jettison fix --verify`, which builds the image without these
//! packages, and only if the image has something to test: a HEALTHCHECK, or a `--smoke` command. A
//! package of headers is replaced by the library that programs built against it load. If the build
//! or a test fails, the packages stay.
//!
//! # When it does nothing
//! No image is built and tested, or the install is in a stage that is not part of the final image,
//! where it costs nothing. It refuses if a shell script or a source of the build context calls a
//! compiler, if the install command would have no packages left, and if people or CI services work
//! in the image (`Dockerfile.dev`, `.devcontainer`, or no command but the shell of its base image).
//!
//! # Examples
//! ```dockerfile before
//! FROM python:3.12-slim
//! RUN apt-get update && apt-get install -y --no-install-recommends \
//!         curl \
//!         gcc \
//!         libpq-dev && \
//!     rm -rf /var/lib/apt/lists/*
//! RUN pip install --no-cache-dir psycopg2-binary
//! HEALTHCHECK CMD curl -f http://localhost:8000/
//! CMD ["python", "/srv/main.py"]
//! ```
//! ```dockerfile after
//! FROM python:3.12-slim
//! RUN apt-get update && apt-get install -y --no-install-recommends \
//!         curl \
//!         libpq5 && \
//!     rm -rf /var/lib/apt/lists/*
//! RUN pip install --no-cache-dir psycopg2-binary
//! HEALTHCHECK CMD curl -f http://localhost:8000/
//! CMD ["python", "/srv/main.py"]
//! ```

use crate::edit::Edits;
use crate::facts::{Call, RunFacts, excise};
use crate::knowledge::Kind;
use crate::reasons;
use crate::runtime::compilers;
use crate::runtime::package_role::{Role, role_of};
use crate::syntax::shell::Word;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "drop-build-packages",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("drop_build_packages.rs"),
    hadolint: &[],
    contract: Contract::DROPS_PACKAGES,
    run,
};

/// What is left as it is.
const UNDONE: &str = "compilers not removed";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if !ctx.settings.proves {
        return;
    }
    for run in ctx.facts.shipped_and_editable() {
        for call in run.calls.iter().filter(|call| is_install(run, call)) {
            let dropped: Vec<(&Word, Vec<String>)> =
                call.packages.iter().filter_map(|word| Some((*word, instead(ctx, run, word)?))).collect();
            if dropped.is_empty() {
                continue;
            }
            let anchor = run.instruction.text;
            if let Some(reason) = compilers::why_they_stay(ctx.facts) {
                fixes.refuse(anchor, reason.undone(UNDONE));
            } else if dropped.len() == call.packages.len() && dropped.iter().all(|(_, new)| new.is_empty()) {
                fixes.refuse(anchor, reasons::no_packages_left().undone(UNDONE));
            } else if let Some(edits) = edits(run, call, &dropped) {
                let names: Vec<&str> = dropped.iter().map(|(word, _)| word.text()).collect();
                let title =
                    format!("don't install {}: the image may build and work without", names.join(", "));
                fixes.propose(Applicability::Unsafe, anchor, title, edits);
            } else {
                fixes.refuse(anchor, reasons::escaped_blank().undone(UNDONE));
            }
        }
    }
}

fn is_install(run: &RunFacts<'_>, call: &Call<'_>) -> bool {
    let place = &run.invocations[call.invocation].place;
    call.manager.kind == Kind::System && call.manager.installs(&call.verb) && !place.in_word
}

/// The packages to install instead of a package; `None` if the package stays.
fn instead(ctx: &Context<'_>, run: &RunFacts<'_>, word: &Word) -> Option<Vec<String>> {
    let name = word.literal()?;
    match role_of(name, ctx.facts.stage_of(run).release.as_ref(), ctx.known) {
        Role::BuildOnly => Some(Vec::new()),
        Role::Runtime(packages) if packages != [name] => Some(packages),
        _ => None,
    }
}

/// Removes each word together with the blanks, the line continuation and the comments before it.
fn edits(run: &RunFacts<'_>, call: &Call<'_>, dropped: &[(&Word, Vec<String>)]) -> Option<Edits> {
    let invocation = &run.invocations[call.invocation];
    let mut edits = Edits::new();
    for (word, new) in dropped {
        if new.is_empty() {
            edits.delete(excise::word_with_comments(run, invocation, word)?);
        } else {
            edits.replace(word.span, new.join(" "));
        }
    }
    Some(edits)
}

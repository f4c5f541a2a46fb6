//! Use the slim variant of the base image for the final stage.
//!
//! # Why
//! The full images of Python, Node, Ruby and Perl contain some 500 MB of compilers, headers and
//! version control tools, for packages that are compiled during installation. An image that
//! installs every program it calls by name does not need them.
//!
//! # Safety
//! Unsafe: a program may depend on something that only the full image has. The slim variant is the
//! same version on the same Debian release. Jettison looks up every program that a RUN, the start
//! command, the health check, a script or a source file of the build context calls. A program that
//! only the full image has must be installed by name. A stage that installs packages of a language
//! must also install a compiler. The transform refuses if a Python package is known to look for
//! libraries of the full image. The base image of a dev container becomes the official Python image
//! if nothing refers to its user, its shell or its tools. Debian's own slim image lacks only manual
//! pages and translations; Eclipse Temurin's `jre` lacks only what compiles and inspects Java.
//!
//! With `bases: alpine` in `.jettison.yaml`, or `--bases alpine`, Jettison uses the Alpine Linux
//! variant if nothing can be linked against glibc: no file is copied from another stage, nothing is
//! installed with apt, package-lock.json has no package with an install script or for a single
//! operating system, all Python packages are known to be pure Python or to have wheels for musl,
//! and nothing calls bash.
//!
//! # When it does nothing
//! The image has no slim variant, is pinned to a digest, or is already slim. It refuses, and names
//! what is missing, if the slim variant lacks something that the image needs.
//!
//! # Examples
//! ```context
//! report.py <<EOF
//! print("nothing to report")
//! EOF
//! ```
//! ```dockerfile before
//! FROM python:3.12-bookworm
//! RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
//! COPY report.py /
//! HEALTHCHECK CMD curl -f http://localhost/
//! CMD ["python", "/report.py"]
//! ```
//! ```dockerfile after
//! FROM python:3.12-slim-bookworm
//! RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
//! COPY report.py /
//! HEALTHCHECK CMD curl -f http://localhost/
//! CMD ["python", "/report.py"]
//! ```

mod alpine;
mod variant;

use crate::config::Bases;
use crate::edit::Edits;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::slim_base::variant::Variant;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "slim-base",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("slim_base.rs"),
    hadolint: &[],
    contract: Contract::BASE,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let Some(stage) = ctx.facts.stages.last().filter(|_| variant::may_have_slim_base(ctx.facts)) else {
        return;
    };
    let variant = match ctx.settings.config.bases {
        Bases::Slim => Variant::Slim,
        Bases::Alpine => Variant::Alpine,
    };
    match variant::slim_base(ctx.facts, ctx.context_source, variant) {
        Some(Ok(base)) => {
            let mut edits = Edits::new();
            edits.replace(base.span, base.slim.clone());
            if let Some(install) = &base.install {
                let text = install.written(ctx.file, false);
                edits.insert(base.end, text);
            }
            let title = format!("use the base image {} instead of {}", base.slim, base.full);
            fixes.propose(Applicability::Unsafe, base.span, title, edits);
            fixes.note(base.needs.iter().map(|need| format!("{}: {}", need.package, need.why)));
        }
        Some(Err(reason)) => {
            fixes.refuse(ctx.facts.start_of(stage), reason.undone("base image not replaced"));
        }
        None => {}
    }
}

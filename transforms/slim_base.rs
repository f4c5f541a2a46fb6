//! Start the image that ships from the slim variant of its base.
//!
//! # Why
//! The full images of Python, Node, Ruby and Perl have compilers, headers and version control of some 500 MB, for packages that are compiled while they are
//! installed. An image that installs by name what it calls does not need them.
//!
//! # Safety
//! Unsafe: a program might lean on something that only the full image has. The slim variant is the same version on the same
//! release of Debian. Every program that a RUN, the start command, the health check, a script or a source of the build context calls is looked up among
//! those that only the full image has, and must be installed by name; where packages of a language are installed, so must a compiler.
//! Python's packages that are known to look for libraries of the full image hold it back. A development container's base becomes the official Python
//! image, where nothing names its user, its shell or its tools. Debian's own slim image lacks manual pages and translations only, Eclipse Temurin's `jre` what
//! compiles Java.
//!
//! With `bases: alpine` in `.jettison.yaml`, or `--bases alpine`, the variant on Alpine Linux is taken, where nothing can be linked against glibc: nothing
//! is copied from other stages or installed with apt, package-lock.json has no package with an install script or for one system only,
//! all of Python's packages are known to be plain or to have wheels for musl, and nothing calls bash.
//!
//! # Silent when
//! The image has no slim variant, is pinned to a digest, or is slim already. It refuses, and names what would be missed, where something
//! would be.
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

use crate::config::Bases;
use crate::edit::Edits;
use crate::facts::split::Variant;
use crate::transform::{Applicability, Changes, Context, Fixes, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "slim-base",
    applicability: Applicability::Unsafe,
    since: "0.2.0",
    source: include_str!("slim_base.rs"),
    answers: &[],
    changes: Changes::Base,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if !ctx.facts.may_have_slim_base() {
        return;
    }
    let variant = match ctx.settings.config.bases {
        Bases::Slim => Variant::Slim,
        Bases::Alpine => Variant::Alpine,
    };
    match ctx.facts.slim_base(ctx.around, variant) {
        Some(Ok(base)) => {
            let mut edits = Edits::new();
            edits.replace(base.span, base.slim.clone());
            if let Some(install) = &base.install {
                let text = format!("{}\n", install.text).replace('\n', ctx.file.line_break());
                edits.insert(base.end, text);
            }
            let title = format!("start from {} instead of {}", base.slim, base.full);
            fixes.propose(Applicability::Unsafe, base.span, title, edits);
            fixes.note(base.needs.iter().map(|need| format!("{}: {}", need.package, need.why)));
        }
        Some(Err((span, reason))) => fixes.refuse(span, format!("the base stays, because {reason}")),
        None => {}
    }
}

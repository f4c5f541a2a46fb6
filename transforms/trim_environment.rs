//! Remove pip and tests from the Python environment of the final image.
//!
//! # Why
//! A virtual environment contains pip, which only installs packages, and many packages bring their
//! tests. In a large environment, the tests alone take a hundred megabytes.
//!
//! # Safety
//! Unsafe, and proposed only with `--minimize` under `jettison fix --verify`, and only if the image
//! has something to test: a HEALTHCHECK, or a `--smoke` command. The checks run in the original image
//! under a tracer, and must not open a single file of what is removed. No source file, script,
//! command of the image, or command with which the repository runs the image may name pip, and no
//! source file may name `.tests`. Then the image is built without these files, and the checks run
//! again.
//!
//! What is lost: `pip install` and `pip list` for this environment in a running container, and the
//! tests of packages. A package that imports one of its `tests` later than any check shows would fail.
//!
//! The files are removed at the end of the build stage, since a later step of the final image could
//! hide them but not free their space.
//!
//! # When it does nothing
//! Without `--minimize`; if the final image does not copy a virtual environment that another stage
//! creates with `python -m venv`; or if that stage already removes pip. It refuses if the files that
//! the checks open are not known, a check opens one of the files, something names them, or another
//! stage uses the build stage.
//!
//! # Examples
//! Here, `.checks` contains what the checks have shown: a part, its size, and a file that was opened.
//! ```context
//! main.py <<EOF
//! import numpy
//! EOF
//! .checks <<EOF
//! pip 13000000
//! tests 21000000
//! EOF
//! ```
//! ```dockerfile before
//! FROM python:3.12 AS build
//! RUN python -m venv /opt/venv
//! ENV PATH=/opt/venv/bin:$PATH
//! RUN pip install --no-cache-dir numpy==2.2.1
//!
//! FROM python:3.12-slim
//! ENV PATH=/opt/venv/bin:$PATH
//! COPY --from=build /opt/venv /opt/venv
//! COPY main.py /srv/
//! HEALTHCHECK CMD python /srv/main.py
//! CMD ["python", "/srv/main.py"]
//! ```
//! ```dockerfile after
//! FROM python:3.12 AS build
//! RUN python -m venv /opt/venv
//! ENV PATH=/opt/venv/bin:$PATH
//! RUN pip install --no-cache-dir numpy==2.2.1
//! # no check of the image opens pip or the tests of packages
//! RUN /opt/venv/bin/pip uninstall -y pip \
//!     && find /opt/venv -type d -name tests -prune -exec rm -rf {} +
//!
//! FROM python:3.12-slim
//! ENV PATH=/opt/venv/bin:$PATH
//! COPY --from=build /opt/venv /opt/venv
//! COPY main.py /srv/
//! HEALTHCHECK CMD python /srv/main.py
//! CMD ["python", "/srv/main.py"]
//! ```

mod environment;
mod mentions;

use crate::context::{PythonPart, PythonPartName};
use crate::edit::Edits;
use crate::reasons::{self, Reason};
use crate::transform::{Applicability, Context, Contract, Estimate, Fixes, Group, Transform};
use crate::transforms::support::new_instruction::NewInstruction;
use crate::transforms::trim_environment::environment::Environment;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "trim-environment",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("trim_environment.rs"),
    hadolint: &[],
    contract: Contract::TRIMS_PACKAGES,
    run,
};

/// Less is not worth a line of the Dockerfile.
const LEAST_BYTES: u64 = 1_000_000;

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if !ctx.settings.config.minimize {
        return;
    }
    let Some(found) = environment::of(ctx.facts) else { return };
    let anchor = ctx.facts.start_of(&ctx.facts.stages[found.stage]);
    let parts = ctx.context_source.python_parts().filter(|_| ctx.settings.proves);
    let parts = parts.ok_or_else(reasons::opened_files_unknown);
    let parts =
        match parts.and_then(|parts| environment::may_end_with_a_step(ctx.facts, &found).map(|()| parts)) {
            Ok(parts) => parts,
            Err(reason) => return fixes.refuse(anchor, reason.undone("environment not trimmed")),
        };
    let mut removed = Vec::new();
    for part in parts.iter().filter(|part| part.size >= LEAST_BYTES) {
        match may_remove(ctx, part) {
            Ok(()) => removed.push(part),
            Err(reason) => fixes.refuse(anchor, reason.undone(format_args!("{} not removed", part.name))),
        }
    }
    if removed.is_empty() {
        return;
    }
    let names =
        |joint: &str| removed.iter().map(|part| part.name.to_string()).collect::<Vec<_>>().join(joint);
    let mut edits = Edits::new();
    edits.insert(
        found.end,
        step(&found, &removed, &names(" or ")).written(ctx.file, ctx.settings.config.comments),
    );
    let title = format!("remove {}, which no check opens", names(" and "));
    fixes.propose(Applicability::Unsafe, anchor, title, edits);
    let bytes: u64 = removed.iter().map(|part| part.size).sum();
    fixes.note(removed.iter().map(|part| note(part)));
    fixes.estimate(Estimate { bytes: Some(bytes..=bytes), ..Estimate::default() });
}

fn may_remove(ctx: &Context<'_>, part: &PythonPart) -> Result<(), Reason> {
    if let Some(path) = &part.opened {
        return Err(reasons::check_opens(path));
    }
    match part.name {
        PythonPartName::Pip => mentions::nothing_names_pip(ctx),
        PythonPartName::Tests => mentions::nothing_imports_tests(ctx),
    }
}

/// The step that removes the parts.
fn step(found: &Environment, removed: &[&PythonPart], names: &str) -> NewInstruction {
    let path = &found.path;
    let commands = removed.iter().map(|part| match part.name {
        PythonPartName::Pip => format!("{path}/bin/pip uninstall -y pip"),
        PythonPartName::Tests => format!("find {path} -type d -name tests -prune -exec rm -rf {{}} +"),
    });
    let commands: Vec<String> = commands.collect();
    NewInstruction {
        comment: format!("no check of the image opens {names}"),
        text: format!("RUN {}", commands.join(" \\\n    && ")),
    }
}

/// What the user should know about the removal of a part.
fn note(part: &PythonPart) -> String {
    let lost = match part.name {
        PythonPartName::Pip => "containers can no longer install or list packages of the environment",
        PythonPartName::Tests => "packages can no longer test themselves, or import from their tests",
    };
    format!("{}: about {} MB, of which the checks open no file; {lost}", part.name, part.size / 1_000_000)
}

//! Install dnf packages without weak dependencies.
//!
//! # Why
//! By default the manager installs what a package recommends along with what it needs. In an image the recommended part
//! is often the larger one, and nothing asks for it.
//!
//! # Safety
//! Unsafe: a program may use a recommended package where it finds it, and nothing in a Dockerfile shows that.
//!
//! # Silent when
//! An option in the call already decides, or the stage does not ship.
//!
//! # Examples
//! ```dockerfile before
//! FROM fedora:40
//! RUN dnf install -y git
//! ```
//! ```dockerfile after
//! FROM fedora:40
//! RUN dnf install --setopt=install_weak_deps=False -y git
//! ```

use crate::transform::{Applicability, Changes, Context, Fixes, Transform};
use crate::transforms::lean_installs;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "dnf-no-weak-deps",
    applicability: Applicability::Unsafe,
    since: "0.1.0",
    source: include_str!("dnf_no_weak_deps.rs"),
    answers: &[],
    changes: Changes::AddsOptions,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    lean_installs(ctx, fixes, &["dnf", "dnf5", "microdnf"]);
}

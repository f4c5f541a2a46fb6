//! Install apt packages without those that are only recommended.
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
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install --no-install-recommends -y curl
//! ```

use crate::transform::{Applicability, Changes, Context, Fixes, Transform};
use crate::transforms::lean_installs;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "apt-no-install-recommends",
    applicability: Applicability::Unsafe,
    since: "0.1.0",
    source: include_str!("apt_no_install_recommends.rs"),
    answers: &["DL3015"],
    changes: Changes::AddsOptions,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    lean_installs(ctx, fixes, &["apt-get"]);
}

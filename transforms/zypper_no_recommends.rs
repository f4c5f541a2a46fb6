//! Install zypper packages without those that are only recommended.
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
//! FROM opensuse/leap:15.6
//! RUN zypper --non-interactive install git
//! ```
//! ```dockerfile after
//! FROM opensuse/leap:15.6
//! RUN zypper --non-interactive install --no-recommends git
//! ```

use crate::transform::{Applicability, Changes, Context, Fixes, Transform};
use crate::transforms::lean_installs;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "zypper-no-recommends",
    applicability: Applicability::Unsafe,
    since: "0.1.0",
    source: include_str!("zypper_no_recommends.rs"),
    answers: &[],
    changes: Changes::AddsOptions,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    lean_installs(ctx, fixes, &["zypper"]);
}

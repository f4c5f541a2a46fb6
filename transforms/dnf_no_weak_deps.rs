//! Install dnf packages without weak dependencies.
//!
//! # Why
//! By default, dnf installs weak dependencies (recommended packages) along with the required ones.
//! In an image, the recommended packages are often larger than the required ones, and no
//! instruction asks for them.
//!
//! # Safety
//! Unsafe: a program may use a recommended package if it is installed, and a Dockerfile does not
//! show that.
//!
//! # When it does nothing
//! An option of the command or the configuration of dnf already decides, or the stage is not part
//! of the final image.
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

use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::support::recommended::omit_recommended;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "dnf-no-weak-deps",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("dnf_no_weak_deps.rs"),
    hadolint: &[],
    contract: Contract::ADDS_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    omit_recommended(ctx, fixes, TRANSFORM.id);
}

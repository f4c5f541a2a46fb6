//! Install zypper packages without recommended packages.
//!
//! # Why
//! By default, zypper installs recommended packages along with the required ones. In an image, the
//! recommended packages are often larger than the required ones, and no instruction asks for them.
//!
//! # Safety
//! Unsafe: a program may use a recommended package if it is installed, and a Dockerfile does not
//! show that.
//!
//! # When it does nothing
//! An option of the command or the configuration of zypper already decides, or the stage is not
//! part of the final image.
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

use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::support::recommended::omit_recommended;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "zypper-no-recommends",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("zypper_no_recommends.rs"),
    hadolint: &[],
    contract: Contract::ADDS_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    omit_recommended(ctx, fixes, TRANSFORM.id);
}

//! Install apt packages without recommended packages.
//!
//! # Why
//! By default, apt installs recommended packages along with the required ones. In an image, the
//! recommended packages are often larger than the required ones, and no instruction asks for them.
//!
//! # Safety
//! Unsafe: a program may use a recommended package if it is installed, and a Dockerfile does not
//! show that. Packages that are nearly always needed are added by name unless the base image has
//! them: `ca-certificates` for curl, wget and git, `libc6-dev` for gcc. So are some that a source or a
//! script seems to use: `openssh-client` for git if something names `ssh://`, `python3-scipy` for
//! `python3-pandas` if a source names scipy.
//!
//! # When it does nothing
//! An option of the command or the configuration of apt already decides, or the stage is not part
//! of the final image. It refuses if the command installs pip, pip installs a package that is not
//! known to have wheels, and nothing installs the compilers that pip recommends.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl
//! ```
//! ```dockerfile after
//! FROM debian:12
//! RUN apt-get update && apt-get install --no-install-recommends -y curl ca-certificates
//! ```

use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};
use crate::transforms::support::recommended::omit_recommended;

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "apt-no-install-recommends",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("apt_no_install_recommends.rs"),
    hadolint: &["DL3015"],
    contract: Contract::ADDS_OPTIONS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    omit_recommended(ctx, fixes, TRANSFORM.id);
}

//! The commands: one file each.

pub mod apply;
pub mod completions;
pub mod config;
pub mod debug;
pub mod explain;
pub mod fix;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod measure;
pub mod overview;
#[cfg(feature = "pr")]
pub mod pull_request;
pub mod verify;

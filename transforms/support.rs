//! What several transforms do in the same way.
//!
//! At least two transforms use each part. Code that only one transform needs is in its own folder.

pub(crate) mod append;
pub(crate) mod caches;
pub(crate) mod context_paths;
pub(crate) mod early_copy;
pub(crate) mod first_line;
pub(crate) mod join;
pub(crate) mod manifests;
pub(crate) mod moves;
pub(crate) mod new_instruction;
pub(crate) mod packages;
pub(crate) mod recommended;
pub(crate) mod reserved;

//! What several transforms do in the same way.
//!
//! Each part is asked by two transforms at least; what only one needs is in the folder beside that transform.

pub(crate) mod append;
pub(crate) mod caches;
pub(crate) mod join;
pub(crate) mod moves;
pub(crate) mod new_instruction;
pub(crate) mod packages;
pub(crate) mod recommended;

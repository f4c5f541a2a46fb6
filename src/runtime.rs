//! What the running image needs: what it starts, which files and packages that uses, and what the build leaves for it.
//!
//! Asked by the transforms that take programs, packages or files out of an image. It proposes nothing.

pub(crate) mod assets;
pub(crate) mod entrypoint;
pub(crate) mod node_imports;
pub(crate) mod node_start;
pub(crate) mod outputs;
pub(crate) mod package_role;
pub(crate) mod programs;
pub(crate) mod python_packages;
pub(crate) mod view;

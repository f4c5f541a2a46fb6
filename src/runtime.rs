//! What the final image needs at run time: the processes that it starts, the files and packages
//! that they use, and the files that the build leaves for them.
//!
//! The transforms that remove programs, packages or files from an image use these facts. This
//! module proposes no changes.

pub(crate) mod assets;
pub(crate) mod compilers;
pub(crate) mod computed_imports;
pub(crate) mod dev_files;
pub(crate) mod development;
pub(crate) mod entrypoint;
mod first_argument;
pub(crate) mod jdk;
mod loaded_libraries;
pub(crate) mod node_imports;
pub(crate) mod node_modules;
mod node_peers;
pub(crate) mod node_start;
pub(crate) mod outputs;
pub(crate) mod package_role;
pub(crate) mod programs;
pub(crate) mod python_packages;
pub(crate) mod smaller_base;
mod source_calls;
mod system_files;
mod typescript_settings;
pub(crate) mod view;

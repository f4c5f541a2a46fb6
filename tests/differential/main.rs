//! Random small Dockerfiles, built before and after Jettison by our own builder: the files and the
//! behaviour must be the same.
//!
//! A seed determines a test case: a Dockerfile of real commands, a build context and build
//! arguments (`grammar`). dash and bash build both versions in throwaway roots, where package
//! managers are stubs that need, read and leave files as the real ones do (`tools/`). Both builds
//! must stop or continue alike, leave the same files except for what `declared` lists, and the
//! container must do the same, also if commands fail. A failing test case is shrunk and printed.
//!
//! ```text
//! cargo test --test differential
//! JETTISON_DIFFERENTIAL_SEED=17 JETTISON_DIFFERENTIAL_CASES=1 cargo test --test differential -- --nocapture
//! JETTISON_DIFFERENTIAL_CASES=100000 cargo test --release --test differential -- --nocapture
//! ```
#![cfg(target_os = "linux")]

mod builder;
mod case;
mod compare;
mod declared;
mod grammar;
mod ignoring;
mod images;
mod judge;
mod random;
mod server;
mod shrink;
mod tools;
mod values;
mod work;

#[path = "../support/mod.rs"]
mod support;

//! Random small Dockerfiles, built before and after jettison by a builder of our own: the same files, the same behaviour.
//!
//! A seed decides a case: a Dockerfile of real commands, a build context, build arguments (`grammar`). Both versions are
//! built for real, by dash and bash in throwaway roots, where package managers are stubs that need, read and leave files
//! as the real ones do (`tools/`). They must stop or go on alike, leave the same files but for what `declared` lists, and
//! the container must do the same; also with commands made to fail. A case that fails is made smaller and printed.
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

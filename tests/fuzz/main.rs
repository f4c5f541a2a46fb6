//! Mutated inputs, each generated from a seed: Dockerfiles, their build contexts, image archives,
//! and runs of the program.
//!
//! ```text
//! cargo test --test fuzz
//! JETTISON_FUZZ_SECONDS=1800 cargo test --release --test fuzz dockerfiles -- --nocapture
//! JETTISON_FUZZ_SEED=17 JETTISON_FUZZ_CASES=1 cargo test --test fuzz contexts -- --nocapture
//! ```
//!
//! Inputs are mutations of the project's own fixtures and examples. `JETTISON_FUZZ_FOLDER` names a
//! folder with more Dockerfiles; with the same folder, a seed generates the same case. A failing
//! case is minimised and printed.

#![cfg(unix)]

mod archives;
mod caught;
mod contexts;
mod dockerfiles;
mod folder;
mod image;
mod mutate;
mod program;
#[path = "../differential/random.rs"]
#[allow(dead_code)]
mod random;
mod seeds;
mod session;
mod shrink;
#[path = "../support/mod.rs"]
mod support;

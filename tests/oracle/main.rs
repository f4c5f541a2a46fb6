//! The execution oracle: the commands that a Dockerfile's RUN scripts start must be the same before
//! and after Jettison.
//!
//! Both versions run under a real shell in a throwaway root where every command is a stub that
//! records its directory, words and exported variables. The traces must be equal except for the
//! changes that `declared` lists, independently of the code under test. The test repeats this with
//! the first command failing, then the second, and so on.
//!
//! ```text
//! cargo test --test oracle -- --nocapture                      # the corpus takes some minutes
//! ORACLE_ONLY=part-of-a-file-name cargo test --test oracle -- --nocapture corpus
//! ORACLE_ONLY=merge-runs/keep- cargo test --test oracle -- --nocapture examples
//! ```
#![cfg(target_os = "linux")]

mod agent;
mod compare;
mod corpus;
mod declared;
mod examples;
mod harm;
mod judge;
mod missing_lists;
mod mounts;
mod names;
mod order;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod trace;

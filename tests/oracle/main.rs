//! The execution oracle: what a Dockerfile's RUN scripts start, before and after jettison, must be the same.
//!
//! Both versions run under a real shell in a throwaway root where every command is a stub that records its directory,
//! words and exported variables. The traces must be equal but for the changes that `declared` lists by itself, without
//! asking the code under test. Then the same with the first command failing, the second, and so on.
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
mod leaning;
mod mounts;
mod names;
mod order;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod trace;

//! Jettison rewrites Dockerfiles so that images get smaller and builds hit the cache, without changing what they do.
//!
//! A text becomes a tree ([`syntax`]), the tree gets its [`facts`], the [`transforms`] propose fixes, and the
//! [`pipeline`] applies them one transform at a time, checking each step:
//!
//! ```
//! use jettison::{config::Settings, pipeline};
//!
//! let naive = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
//! let outcome = pipeline::fix(naive, &Settings::default());
//! let fixed = outcome.text().expect("there is something to clean");
//! assert!(fixed.ends_with("&& rm -rf /var/lib/apt/lists/*\n"));
//! assert_eq!(outcome.steps[0].transform.id, "clean-package-caches");
//! ```

pub mod cli;
pub mod config;
pub mod context;
pub mod digest;
pub mod escape;
pub mod facts;
#[cfg(feature = "pr")]
pub mod forge;
pub mod git;
pub mod image;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod knowledge;
pub mod measure;
pub mod pipeline;
pub mod pragma;
pub mod report;
mod runtime;
pub mod secret;
pub mod transform;
#[path = "../transforms/mod.rs"]
pub mod transforms;
pub mod verification;
pub mod yaml;

pub use jettison_syntax as syntax;
pub use jettison_syntax::{edit, span};

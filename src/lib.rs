//! Jettison rewrites Dockerfiles so that images get smaller and builds hit the cache, without
//! changing their behaviour.
//!
//! A text is parsed into a tree ([`syntax`]), the facts about it are computed, the [`transforms`]
//! propose fixes, and the [`pipeline`] applies them one transform at a time, checking each step:
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

#[doc(hidden)]
pub mod cli;
pub mod config;
pub mod context;
mod contract;
mod debug;
#[doc(hidden)]
pub mod digest;
mod embedded;
mod escape;
mod facts;
#[cfg(feature = "pr")]
mod forge;
mod git;
#[cfg(feature = "inspect")]
#[doc(hidden)]
pub mod inspect;
pub mod knowledge;
mod measure;
pub mod pipeline;
mod pragma;
pub mod reasons;
mod report;
mod runtime;
mod spelling;
pub mod transform;
#[path = "../transforms/mod.rs"]
pub mod transforms;
mod verification;
mod yaml;

#[doc(hidden)]
pub use jettison_image as image;
pub use jettison_syntax as syntax;
pub use jettison_syntax::{edit, span};

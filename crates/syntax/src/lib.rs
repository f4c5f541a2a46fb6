//! The text of a Dockerfile as a lossless tree.
//!
//! Parsing never fails and attaches no meaning: it does not know which user or directory a step
//! runs with, or what a command does. The tree is the source text plus typed [spans](span). Items
//! tile the file, so text outside an [edit](edit) can't change.
//!
//! ```
//! use jettison_syntax::shell::CommandKind;
//! use jettison_syntax::{Body, Dockerfile, Run};
//!
//! let file = Dockerfile::parse("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n");
//! let (_, instruction) = file.instructions().last().expect("there are two");
//! let Body::Run(Run::Shell(script)) = &instruction.body else { panic!("it is understood") };
//! let mut programs = Vec::new();
//! script.list.walk(&mut |command| {
//!     if let CommandKind::Simple(simple) = &command.kind {
//!         programs.extend(simple.program());
//!     }
//! });
//! assert_eq!(programs, ["apt-get", "apt-get"]);
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod dockerfile;
pub mod edit;
mod grammar;
mod heredoc;
mod instruction;
mod lines;
mod opaque;
mod platform;
pub mod shell;
pub mod span;
pub mod value;

pub use dockerfile::{Directive, Dockerfile, Item};
pub use heredoc::Heredoc;
pub use instruction::{Assignment, Body, Flag, Form, From, Instruction, Keyword, Run, Transfer};
pub use lines::Logical;
pub use opaque::Opaque;

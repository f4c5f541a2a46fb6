//! A Dockerfile's text as a tree. Parsing never fails and attaches no meaning: what is in force where, and what a
//! command does, is the business of `facts`.
//!
//! The tree is the source text plus typed spans. Items tile the file, so that text outside an edit can't change.

mod dockerfile;
mod grammar;
mod heredoc;
mod instruction;
mod lines;
mod opaque;
mod platform;
pub mod shell;

pub use dockerfile::{Directive, Dockerfile, Item};
pub use heredoc::Heredoc;
pub use instruction::{Assignment, Body, Flag, Form, From, Instruction, Keyword, Run, Transfer};
pub use lines::Logical;
pub use opaque::Opaque;

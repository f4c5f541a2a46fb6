//! Name only the port of the container in EXPOSE.
//!
//! # Why
//! EXPOSE publishes nothing: `EXPOSE 8080:80` says that the program listens on port 80, and the
//! builder drops the rest. `docker build --check` warns about it (`ExposeInvalidFormat`).
//!
//! # Safety
//! The image has the same exposed ports.
//!
//! # When it does nothing
//! The port has a variable, or none is left.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! EXPOSE 127.0.0.1:8080:80/tcp 443
//! ```
//! ```dockerfile after
//! FROM debian:12
//! EXPOSE 80/tcp 443
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::syntax::Body;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "port-mappings",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("port_mappings.rs"),
    hadolint: &["ExposeInvalidFormat"],
    contract: Contract::CONTAINER_PORTS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for (item, instruction) in ctx.file.instructions() {
        let Body::Expose(ports) = &instruction.body else { continue };
        let words = instruction.words();
        if words.len() != ports.len() || near_error(ctx.file, item) {
            continue;
        }
        let mut edits = Edits::new();
        for (range, port) in words.into_iter().zip(ports) {
            let Some((mapped, own)) = port.rsplit_once(':') else { continue };
            let is_plain = |c: char| c.is_ascii_digit() || ".:-[]".contains(c);
            let starts_with_port = own.starts_with(|c: char| c.is_ascii_digit());
            let span = instruction.logical.span(range.start, range.end - own.len());
            // There may be a comment between the lines of a word.
            let is_on_one_line = !span.of(ctx.file.text).contains('\n');
            if is_on_one_line
                && mapped.chars().all(is_plain)
                && starts_with_port
                && !own.contains(['$', '"', '\'', '\\'])
            {
                edits.delete(span);
            }
        }
        fixes.propose(Applicability::Safe, instruction.text, "name only the port of the container", edits);
    }
}

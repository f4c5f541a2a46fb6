//! Replace MAINTAINER with a label.
//!
//! # Why
//! MAINTAINER is deprecated. Labels are for such information, and the Open Container Initiative has
//! defined one for authors. hadolint (DL4000) and `docker build --check` (`MaintainerDeprecated`)
//! warn about it.
//!
//! # Safety
//! Unsafe: the image's configuration has no `Author` anymore, and the label
//! `org.opencontainers.image.authors` instead. `docker inspect` shows both; a tool that reads
//! `Author` has to be changed.
//!
//! # When it does nothing
//! The file has a label for authors or maintainers already.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! MAINTAINER Jane Doe <jane@example.org>
//! ```
//! ```dockerfile after
//! FROM debian:12
//! LABEL org.opencontainers.image.authors="Jane Doe <jane@example.org>"
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons;
use crate::span::Span;
use crate::syntax::value::{Part, quoted};
use crate::syntax::{Body, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "maintainer-label",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("maintainer_label.rs"),
    hadolint: &["DL4000", "MaintainerDeprecated"],
    contract: Contract::LABEL_FOR_MAINTAINER,
    run,
};

/// The label for authors. (OCI image specification, annotations.)
const LABEL: &str = "org.opencontainers.image.authors";

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let is_about_authors = |key: &str| [LABEL, "maintainer"].contains(&key.trim_matches(['"', '\'']));
    let has_label = ctx.file.instructions().any(|(_, instruction)| match &instruction.body {
        Body::Label(all) => all.iter().any(|label| is_about_authors(&label.key.to_ascii_lowercase())),
        _ => false,
    });
    for (item, instruction) in ctx.file.instructions() {
        if instruction.keyword != Keyword::Maintainer || near_error(ctx.file, item) {
            continue;
        }
        let span = instruction.arguments_span();
        let written = instruction.arguments();
        if has_label || span.of(ctx.file.text) != written || ctx.file.escape != '\\' {
            fixes.refuse(instruction.text, reasons::has_label_for_authors());
            continue;
        }
        let name = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(written);
        let keyword = instruction.keyword_span;
        let is_lower = keyword.of(ctx.file.text).starts_with(|c: char| c.is_ascii_lowercase());
        let mut edits = Edits::new();
        let value = quoted(&[Part::Text(name.to_owned())]);
        let label = if is_lower { "label" } else { "LABEL" };
        edits.replace(Span::new(keyword.start, span.end), format!("{label} {LABEL}={value}"));
        fixes.propose(Applicability::Unsafe, instruction.text, "replace MAINTAINER with a label", edits);
    }
}

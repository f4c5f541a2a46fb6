//! Remove CMD, ENTRYPOINT and HEALTHCHECK that a later one in the same stage replaces.
//!
//! # Why
//! Only the last one of a stage counts. An earlier one looks as if it ran. hadolint (DL4003, DL4004,
//! DL3012) and `docker build --check` (`MultipleInstructionsDisallowed`) warn about it.
//!
//! # Safety
//! The builder ignores the instruction that is removed: the image has the same settings.
//!
//! # When it does nothing
//! A comment belongs to the instruction: it may say why it is there. An ONBUILD trigger of another
//! image is not in the file and stays what it is.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! CMD ["bash"]
//! COPY run.sh /
//! CMD ["/run.sh"]
//! ```
//! ```dockerfile after
//! FROM debian:12
//! COPY run.sh /
//! CMD ["/run.sh"]
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons;
use crate::span::Span;
use crate::syntax::{Item, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "superseded-settings",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("superseded_settings.rs"),
    hadolint: &["DL3012", "DL4003", "DL4004", "MultipleInstructionsDisallowed"],
    contract: Contract::SUPERSEDED,
    run,
};

/// The instructions of which the last one counts, and hadolint's code for each.
const LAST_COUNTS: &[(Keyword, &str)] =
    &[(Keyword::Cmd, "DL4003"), (Keyword::Entrypoint, "DL4004"), (Keyword::Healthcheck, "DL3012")];

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for stage in &ctx.facts.stages {
        for &(keyword, code) in LAST_COUNTS {
            let is_one = |item: &usize| {
                ctx.facts.instruction_at(*item).is_some_and(|instruction| instruction.keyword == keyword)
            };
            let all: Vec<usize> = stage.items.clone().filter(is_one).collect();
            for pair in all.windows(2) {
                let [replaced, next] = pair else { continue };
                let both = (ctx.facts.instruction_at(*replaced), ctx.facts.instruction_at(*next));
                let (Some(replaced_instruction), Some(next_instruction)) = both else { continue };
                let names = [TRANSFORM.id, code, "MultipleInstructionsDisallowed"];
                if near_error(ctx.file, *replaced) || ctx.pragmas.silence(&names, next_instruction.text) {
                    continue;
                }
                let is_below_comment = replaced
                    .checked_sub(1)
                    .is_some_and(|above| matches!(ctx.file.items[above], Item::Comment(_)));
                if is_below_comment || !replaced_instruction.comments.is_empty() {
                    fixes.refuse(replaced_instruction.text, reasons::comment_about_it(keyword.name()));
                    continue;
                }
                let mut edits = Edits::new();
                edits.delete(replaced_instruction.full);
                // hadolint reports the later instruction, and BuildKit the earlier one.
                let anchor = Span::new(replaced_instruction.text.start, next_instruction.text.end);
                let title = format!("remove the {} that a later one replaces", keyword.name());
                fixes.propose(Applicability::Safe, anchor, title, edits);
                fixes.restrict_codes([code.to_owned(), "MultipleInstructionsDisallowed".to_owned()]);
            }
        }
    }
}

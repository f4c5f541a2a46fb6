//! Write ENV and LABEL as `key=value`.
//!
//! # Why
//! `ENV key value` is the legacy syntax. It can set only one variable, and what seems to be a
//! second one on the next line becomes a part of the value. `docker build --check` warns about it
//! (`LegacyKeyValueFormat`).
//!
//! # Safety
//! The value is the same, whatever the variables in it are: quotes are added only where they
//! protect a blank, and a value that already has quotes or backslashes is read as the builder does.
//!
//! # When it does nothing
//! The value can't be read with certainty, the name has quotes or variables, a comment is between
//! the name and the value, or the file has another escape character.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! LABEL maintainer Jane Doe
//! ENV LANG C.UTF-8
//! ENV JAVA_OPTS -Xmx512m -Dgreeting="good day"
//! ```
//! ```dockerfile after
//! FROM debian:12
//! LABEL maintainer="Jane Doe"
//! ENV LANG=C.UTF-8
//! ENV JAVA_OPTS="-Xmx512m -Dgreeting=good day"
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons;
use crate::span::Span;
use crate::syntax::value::{parts, quoted};
use crate::syntax::{Body, Instruction};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "key-value-syntax",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("key_value_syntax.rs"),
    hadolint: &["LegacyKeyValueFormat"],
    contract: Contract::SPELLING,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for (item, instruction) in ctx.file.instructions() {
        let (Body::Env(all) | Body::Label(all)) = &instruction.body else { continue };
        let [only] = &all[..] else { continue };
        let (key, value) = (only.key.as_str(), only.value.as_deref().unwrap_or_default());
        let is_legacy = instruction
            .arguments()
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(char::is_whitespace));
        if !is_legacy || near_error(ctx.file, item) {
            continue;
        }
        match rewritten(ctx, instruction, key, value) {
            Some(edits) => {
                let title = format!("write {} as key=value", instruction.keyword.name());
                fixes.propose(Applicability::Safe, instruction.text, title, edits);
            }
            None => fixes.refuse(instruction.text, reasons::unclear_value(key)),
        }
    }
}

/// The edits that write an assignment with `=`, if the value can be read.
fn rewritten(ctx: &Context<'_>, instruction: &Instruction<'_>, key: &str, value: &str) -> Option<Edits> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let read = parts(value)?;
    if ctx.file.escape != '\\' || !key.chars().all(is_plain) {
        return None;
    }
    let arguments = &instruction.arguments;
    let end_of_key = arguments.start + key.len();
    let span = instruction.logical.span(arguments.end - value.len(), arguments.end);
    // The value may start on the next line.
    let between = Span::new(instruction.logical.end(end_of_key), span.start);
    let is_commented = instruction.comments.iter().any(|comment| between.contains(*comment));
    if is_commented || !span.of(ctx.file.text).starts_with(value.chars().next()?) {
        return None;
    }
    let mut edits = Edits::new();
    let has_blanks = value.contains(char::is_whitespace);
    let has_quotes = value.contains(['"', '\'', '\\']);
    match (has_blanks, has_quotes) {
        (false, _) => edits.replace(between, "="),
        (true, false) => {
            edits.replace(between, "=\"");
            edits.insert(span.end, "\"");
        }
        // One pair of quotes that protects all of the value is enough.
        (true, true) if is_quoted_as_a_whole(value) => edits.replace(between, "="),
        (true, true) if span.of(ctx.file.text) == value => {
            edits.replace(between, "=");
            edits.replace(span, quoted(&read));
        }
        (true, true) => return None,
    }
    Some(edits)
}

/// Whether a value is one text in quotes that end where it ends.
fn is_quoted_as_a_whole(value: &str) -> bool {
    let inner = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').is_some_and(|inner| !inner.contains('"') && !inner.ends_with('\\'))
        || inner('\'').is_some_and(|inner| !inner.contains(['\'', '\\']))
}

//! Write keywords, stage names and protocols in a consistent case.
//!
//! # Why
//! Keywords stand out only if they are all written in the same way. Stage names in lower case match
//! what tools print, some of which compare them exactly. `docker build --check` warns about the
//! others (`ConsistentInstructionCasing`, `FromAsCasing`, `StageNameCasing`, `ExposeProtoCasing`).
//!
//! # Safety
//! The builder ignores the case of all of them. Keywords get the case that most of the file's
//! keywords have, `AS` that of its FROM; a stage name is changed with all its uses in the file.
//!
//! # When it does nothing
//! The case is consistent, or a protocol is a variable. The instruction after ONBUILD keeps its
//! case.
//!
//! # Examples
//! ```dockerfile before
//! FROM golang:1.23 as Build
//! run go build -o /app .
//!
//! FROM debian:12
//! COPY --from=Build /app /app
//! EXPOSE 8080/TCP
//! ```
//! ```dockerfile after
//! FROM golang:1.23 AS build
//! RUN go build -o /app .
//!
//! FROM debian:12
//! COPY --from=build /app /app
//! EXPOSE 8080/tcp
//! ```

use crate::edit::Edits;
use crate::facts::{near_error, paths};
use crate::span::Span;
use crate::syntax::{Body, Flag, Instruction, Item, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "consistent-case",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("consistent_case.rs"),
    hadolint: &["ConsistentInstructionCasing", "ExposeProtoCasing", "FromAsCasing", "StageNameCasing"],
    contract: Contract::SPELLING,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let is_lower = most_are_lower(ctx);
    for (item, instruction) in ctx.file.instructions() {
        if near_error(ctx.file, item) {
            continue;
        }
        let mut propose = |code: &str, title: String, edits: Edits| {
            if !edits.is_empty() {
                fixes.propose(Applicability::Safe, instruction.text, title, edits);
                fixes.restrict_codes([code.to_owned()]);
            }
        };
        let case = if is_lower { "lower" } else { "upper" };
        let edits = change(ctx, instruction.keyword_span, |word| in_case(word, is_lower));
        propose("ConsistentInstructionCasing", format!("write the keyword in {case} case"), edits);
        match &instruction.body {
            Body::From(_) => {
                let edits = as_word(ctx, instruction, is_lower);
                propose("FromAsCasing", "write AS in the case of FROM".to_owned(), edits);
                let (name, edits) = stage_name(ctx, item, instruction);
                propose("StageNameCasing", format!("write the stage name {name} in lower case"), edits);
            }
            Body::Expose(ports) => {
                let edits = protocols(ctx, instruction, ports);
                propose("ExposeProtoCasing", "write the protocol in lower case".to_owned(), edits);
            }
            _ => {}
        }
    }
}

/// Whether most keywords are in lower case. Keywords in mixed case don't count, and those before the
/// first FROM neither. (BuildKit's `validateCommandCasing`.)
fn most_are_lower(ctx: &Context<'_>) -> bool {
    let words = ctx.file.instructions().skip_while(|(_, instruction)| instruction.keyword != Keyword::From);
    let words = words.map(|(_, instruction)| instruction.keyword_span.of(ctx.file.text));
    let (mut lower, mut upper) = (0, 0);
    for word in words {
        lower += usize::from(word == in_case(word, true));
        upper += usize::from(word == in_case(word, false));
    }
    lower > upper
}

fn in_case(word: &str, is_lower: bool) -> String {
    if is_lower { word.to_ascii_lowercase() } else { word.to_ascii_uppercase() }
}

/// The edit that changes a word, if it is on one line and differs.
fn change(ctx: &Context<'_>, span: Span, to: impl Fn(&str) -> String) -> Edits {
    let mut edits = Edits::new();
    let word = span.of(ctx.file.text);
    let new = to(word);
    if new != word && !word.contains(char::is_whitespace) {
        edits.replace(span, new);
    }
    edits
}

/// The words of FROM after its flags, with their places.
fn words_of_from(instruction: &Instruction<'_>) -> Vec<Span> {
    let mut at = instruction.arguments.start;
    let mut spans = Vec::new();
    for word in instruction.arguments().split([' ', '\t', '\r', '\u{b}', '\u{c}']) {
        if !word.is_empty() {
            spans.push(instruction.logical.span(at, at + word.len()));
        }
        at += word.len() + 1;
    }
    spans
}

fn as_word(ctx: &Context<'_>, instruction: &Instruction<'_>, is_lower: bool) -> Edits {
    match words_of_from(instruction)[..] {
        [_, as_, _] => change(ctx, as_, |word| in_case(word, is_lower)),
        _ => Edits::new(),
    }
}

/// The name of a stage, and the edits that write it in lower case wherever the file uses it.
fn stage_name(ctx: &Context<'_>, item: usize, instruction: &Instruction<'_>) -> (String, Edits) {
    let [_, _, name] = words_of_from(instruction)[..] else { return Default::default() };
    let mut edits = change(ctx, name, str::to_ascii_lowercase);
    let name = name.of(ctx.file.text);
    if edits.is_empty() {
        return (String::new(), edits);
    }
    let is_name = |word: &str| word.eq_ignore_ascii_case(name);
    for later in &ctx.file.items[item + 1..] {
        let Item::Instruction(later) = later else { continue };
        if let Body::From(from) = &later.body
            && is_name(&from.image)
        {
            edits.absorb(&change(ctx, from.image_span, str::to_ascii_lowercase));
        }
        for flag in &later.flags {
            if let Some(span) = used_in_flag(ctx, flag, later, &is_name) {
                edits.absorb(&change(ctx, span, str::to_ascii_lowercase));
            }
        }
    }
    (name.to_owned(), edits)
}

/// The place of the stage's name in `--from=name` or `--mount=from=name,…`.
fn used_in_flag(
    ctx: &Context<'_>,
    flag: &Flag,
    instruction: &Instruction<'_>,
    is_name: &impl Fn(&str) -> bool,
) -> Option<Span> {
    let written = flag.span.of(ctx.file.text);
    let value = match flag.name.as_str() {
        "from" => flag.value.clone()?,
        "mount" => paths::mounts(instruction)
            .into_iter()
            .filter_map(|mount| mount.from)
            .find(|from| is_name(from))?,
        _ => return None,
    };
    let at = written.find(&format!("from={value}"))? + "from=".len();
    let is_whole = written[at + value.len()..].chars().next().is_none_or(|next| next == ',');
    (is_name(&value) && is_whole).then(|| Span::new(flag.span.start + at, flag.span.start + at + value.len()))
}

/// The edits that write the protocols of EXPOSE in lower case.
fn protocols(ctx: &Context<'_>, instruction: &Instruction<'_>, ports: &[String]) -> Edits {
    let mut edits = Edits::new();
    let mut at = instruction.arguments.start;
    for port in ports {
        let Some(found) = instruction.logical.text[at..].find(port.as_str()) else { break };
        at += found;
        let end = at + port.len();
        if let Some((_, protocol)) = port.rsplit_once('/')
            && protocol.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            let span = instruction.logical.span(end - protocol.len(), end);
            edits.absorb(&change(ctx, span, str::to_ascii_lowercase));
        }
        at = end;
    }
    edits
}

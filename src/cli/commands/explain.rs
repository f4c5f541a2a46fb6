//! `jettison explain` and `jettison list`: the manual pages of the transforms, and the codes of
//! reasons.

use std::io::Write;

use anyhow::bail;

use crate::cli::Status;
use crate::cli::args::Explain;
use crate::cli::hadolint;
use crate::cli::settings::unknown_transform;
use crate::reasons;
use crate::transform::{Group, Transform};
use crate::transforms;

pub fn run(args: &Explain) -> anyhow::Result<Status> {
    let mut out = anstream::stdout().lock();
    if let Some(kind) = reasons::find(&args.id) {
        writeln!(out, "{} (why something is left as it is)\n\n{}", kind.code, kind.meaning)?;
        return Ok(Status::Clean);
    }
    if let Some(transform) = transforms::find(&args.id) {
        page(&mut out, transform)?;
        return Ok(Status::Clean);
    }
    if let Some(group) = Group::parse(&args.id) {
        writeln!(out, "The transforms of the group {} {}:\n", group.name(), group.about())?;
        members(&mut out, group, width())?;
        return Ok(Status::Clean);
    }
    let answers = transforms::for_code(&args.id);
    if let [first, more @ ..] = &answers[..] {
        let code = first.hadolint.iter().find(|code| code.eq_ignore_ascii_case(&args.id));
        writeln!(out, "{} is fixed by {}.\n", code.map_or(&*args.id, |code| code), names(&answers))?;
        page(&mut out, first)?;
        for transform in more {
            writeln!(out)?;
            page(&mut out, transform)?;
        }
        return Ok(Status::Clean);
    }
    if let Some(reason) = hadolint::unanswered(&args.id) {
        anyhow::ensure!(reason != hadolint::UNKNOWN, "`{}` is not a code that jettison knows", args.id);
        writeln!(out, "No transform fixes {}: {reason}.", args.id)?;
        return Ok(Status::Clean);
    }
    bail!(unknown_transform(&args.id))
}

/// The manual page of a transform.
fn page(out: &mut dyn Write, transform: &Transform) -> std::io::Result<()> {
    let group = match transform.group {
        Group::Default => String::new(),
        Group::Tidy => format!(", group {}", transform.group.name()),
    };
    let safety = match transform.safety() {
        "some unsafe" => "safe, some fixes unsafe",
        other => other,
    };
    writeln!(out, "{} ({safety}{group}, since {})\n", transform.id, transform.since)?;
    out.write_all(readable(&transform.manual()).as_bytes())
}

/// A manual page without the marks of Markdown: examples are indented below what they are.
fn readable(manual: &str) -> String {
    let mut text = String::new();
    let mut is_example = false;
    for line in manual.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_example = !language.is_empty();
            let (_, what) = language.split_once(' ').unwrap_or(("", ""));
            text += match (is_example, what) {
                (false, _) => "",
                (true, "before") => "Before:\n",
                (true, "after") => "After:\n",
                (true, _) if language == "context" => "Build context:\n",
                (true, _) => "Example:\n",
            };
            continue;
        }
        let line = if is_example { line } else { line.strip_prefix("# ").unwrap_or(line) };
        let indent = if is_example && !line.is_empty() { "    " } else { "" };
        text += &format!("{indent}{line}\n");
    }
    text
}

/// The length of the longest id.
fn width() -> usize {
    transforms::ALL.iter().map(|transform| transform.id.len()).max().unwrap_or_default()
}

/// A line for each transform of a group.
fn members(out: &mut dyn Write, group: Group, width: usize) -> std::io::Result<()> {
    for transform in transforms::of_group(group) {
        writeln!(out, "{:width$}  {:11}  {}", transform.id, transform.safety(), transform.summary())?;
    }
    Ok(())
}

/// `a and b`
fn names(transforms: &[&Transform]) -> String {
    transforms.iter().map(|transform| transform.id).collect::<Vec<_>>().join(" and ")
}

pub fn list() -> anyhow::Result<Status> {
    let mut out = anstream::stdout().lock();
    for &group in Group::ALL {
        if group != Group::Default {
            writeln!(out, "\nThe transforms of the group {} {}:", group.name(), group.about())?;
        }
        members(&mut out, group, width())?;
    }
    Ok(Status::Clean)
}

//! Copies of the few files of a directory that an install needs, above the copy of the directory.

use crate::context::BuildContext;
use crate::facts::Facts;
use crate::facts::change_rate::Rate;
use crate::facts::copied::Copied;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Dockerfile, Instruction};
use crate::transforms::support::new_instruction::in_case_of;

/// A copy of a few files into one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyCopy {
    /// The context paths.
    pub sources: Vec<String>,
    /// The directory, relative to the destination of the copy of the whole directory; empty for
    /// that destination itself.
    pub directory: String,
}

/// The copies of some files of a copied directory, written as the author wrote it.
pub(crate) fn manifest_copies(file: &Dockerfile<'_>, copy: &Instruction<'_>, copies: &[EarlyCopy]) -> String {
    let (Body::Copy(transfer) | Body::Add(transfer)) = &copy.body else { return String::new() };
    let keyword = in_case_of(file, "COPY");
    let flags: String = copy.flags.iter().map(|flag| format!(" {}", flag.span.of(file.text))).collect();
    let base = match transfer.destination.as_str() {
        "." | "./" => ".",
        other => other.trim_end_matches('/'),
    };
    let mut text = String::new();
    for copy in copies {
        let directory = match (base, copy.directory.as_str()) {
            (base, "") => format!("{base}/"),
            (".", inner) => format!("{inner}/"),
            (base, inner) => format!("{base}/{inner}/"),
        };
        text += &format!("{keyword}{flags} {} {directory}{}", copy.sources.join(" "), file.line_break());
    }
    text
}

/// The copies of these files, one for each directory.
pub(crate) fn by_directory(copied: &Copied, files: &[String], context: &BuildContext) -> Vec<EarlyCopy> {
    let mut copies: Vec<EarlyCopy> = Vec::new();
    for file in files {
        let inner = copied.inner_path(file).unwrap_or(file);
        // COPY copies the contents of a directory, so each directory needs its own instruction,
        // with its name in the destination.
        if context.file(file).is_none() {
            copies.push(EarlyCopy { sources: vec![file.clone()], directory: inner.to_owned() });
            continue;
        }
        let directory = inner.rsplit_once('/').map_or("", |(directory, _)| directory);
        match copies.iter_mut().find(|copy| copy.directory == directory) {
            Some(copy) if copy.sources.iter().all(|source| context.file(source).is_some()) => {
                copy.sources.push(file.clone());
            }
            Some(_) => {
                copies.push(EarlyCopy { sources: vec![file.clone()], directory: directory.to_owned() });
            }
            None => copies.push(EarlyCopy { sources: vec![file.clone()], directory: directory.to_owned() }),
        }
    }
    copies
}

/// Why a copy can't name these files.
pub(crate) fn cannot_be_named(files: &[String], context: &BuildContext) -> Option<Reason> {
    if let Some(odd) = files.iter().find(|file| !file.chars().all(is_plain)) {
        return Some(reasons::name_needs_quotes(odd));
    }
    // A file that is not tracked exists only in this checkout, and would be missing in others.
    let is_kept = |file: &&String| context.is_tracked(file);
    let untracked = files.iter().find(|file| is_kept(file) == Some(false));
    let untracked = untracked.filter(|_| files.iter().any(|file| is_kept(&file) == Some(true)));
    untracked.map(|file| reasons::not_under_version_control(file))
}

/// A character that COPY reads literally, without quotes.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '@' | '+')
}

/// Whether an earlier copy in the stage copied exactly this file to this path, and no later
/// instruction may have changed or removed it.
pub(crate) fn is_there_before(
    facts: &Facts<'_>,
    copied: &Copied,
    file: &str,
    before: &[usize],
    context: &BuildContext,
) -> bool {
    let flags = |item: usize| -> Vec<&str> {
        facts.instruction_at(item).map_or_else(Vec::new, |instruction| {
            instruction.flags.iter().map(|flag| flag.span.of(facts.file.text)).collect()
        })
    };
    let Some(place) = copied.image_path(file) else { return false };
    let has_it = |item: usize| {
        facts.copied(item, context).is_some_and(|other| {
            !other.takes_a_directory()
                && other.image_path(file).as_ref() == Some(&place)
                && flags(item) == flags(copied.item)
        })
    };
    let Some(at) = before.iter().rposition(|&item| has_it(item)) else { return false };
    !before[at + 1..].iter().any(|&item| {
        let body = facts.instruction_at(item).map(|instruction| &instruction.body);
        let from_context = || facts.copied(item, context).is_some();
        match body {
            Some(Body::Run(_)) => facts.effects(item).may_write(&place),
            Some(Body::Copy(_) | Body::Add(_)) => !from_context() && facts.effects(item).may_write(&place),
            _ => false,
        }
    })
}

/// Another copy of sources above a step, because of which the step would run again just as often.
pub(crate) fn other_sources_above(facts: &Facts<'_>, item: usize, step: usize) -> Option<usize> {
    let stage = facts.stage_at(item)?;
    let mut others = (stage.items.start + 1..step).filter(|&other| other != item);
    let other = others.find(|&other| {
        let is_copy = facts
            .instruction_at(other)
            .is_some_and(|instruction| matches!(instruction.body, Body::Copy(_) | Body::Add(_)));
        is_copy && facts.rate(other) == Rate::Often
    });
    other.or_else(|| (facts.rate_of_base(stage.index) == Rate::Often).then_some(stage.items.start))
}

/// The words of earlier commands that install programs: package managers with their packages
/// and plugins.
pub(crate) fn installed_before(facts: &Facts<'_>, item: usize) -> Vec<String> {
    let runs = facts.before(item).filter_map(|(at, _)| facts.run_at(at));
    let words = runs.flat_map(|run| {
        let installs = |index: usize| run.calls.iter().any(|call| call.invocation == index);
        let all = run.invocations.iter().enumerate();
        all.filter(move |(index, invocation)| installs(*index) || invocation.is("corepack"))
            .flat_map(|(_, invocation)| invocation.arguments())
    });
    words.filter_map(|word| word.literal()).map(str::to_owned).collect()
}

//! Comments that tell Jettison to leave something alone: its own, and hadolint's for the same rules.
//!
//! `# jettison: ignore=ID[,ID] reason` above an instruction, or at the top of the file for all of it;
//! `# hadolint ignore=DL3009` and `# hadolint global ignore=DL3009` likewise, and BuildKit's `# check=skip=NAME` for the names
//! that a transform answers.

use std::cell::Cell;

use crate::span::Span;
use crate::syntax::{Dockerfile, Item};

/// The pragmas of a file.
#[derive(Debug, Default)]
pub struct Pragmas {
    everywhere: Vec<Ignored>,
    at: Vec<(Span, Vec<Ignored>)>,
}

/// One id that a comment names.
#[derive(Debug, Clone)]
pub struct Ignored {
    /// What is to be left alone: a transform, or a linter's code.
    pub id: String,
    /// The comment.
    pub comment: Span,
    /// Whether it speaks to us, and not to a linter.
    pub is_own: bool,
    /// Whether it has kept anything from being done.
    used: Cell<bool>,
}

impl Pragmas {
    /// Reads them; hadolint's own only where its configuration leaves them in force.
    pub fn of(file: &Dockerfile<'_>, heeds_hadolint: bool) -> Self {
        let mut pragmas = Self::default();
        let mut above: Vec<Ignored> = Vec::new();
        let mut top = true;
        let read = |span: Span| -> Option<(bool, Vec<Ignored>)> {
            let Words { is_own, is_global, ids } = ignored(span.of(file.text))?;
            let one = |id: String| Ignored { id, comment: span, is_own, used: Cell::new(false) };
            (is_own || heeds_hadolint).then(|| (is_global, ids.into_iter().map(one).collect()))
        };
        for item in &file.items {
            match item {
                Item::Comment(span) => {
                    let Some((global, ids)) = read(*span) else { continue };
                    if global || top {
                        pragmas.everywhere.extend(ids);
                    } else {
                        above.extend(ids);
                    }
                }
                Item::Blank(_) | Item::Error(..) => above.clear(),
                Item::Instruction(instruction) => {
                    top = false;
                    let inside = instruction.comments.iter().filter_map(|span| read(*span));
                    above.extend(inside.flat_map(|(_, ids)| ids));
                    if !above.is_empty() {
                        pragmas.at.push((instruction.full, std::mem::take(&mut above)));
                    }
                }
                Item::Directive(span) => pragmas.everywhere.extend(skipped(file, *span)),
            }
        }
        pragmas
    }

    /// Whether what goes by one of these names is told to leave the instruction at `anchor` alone.
    pub fn silence(&self, names: &[&str], anchor: Span) -> bool {
        let first = self.at.partition_point(|(span, _)| span.end < anchor.end);
        let there = self.at[first..].iter().take(1).filter(|(span, _)| span.contains(anchor));
        let there = there.flat_map(|(_, ids)| ids);
        let mut silent = false;
        for one in self.everywhere.iter().chain(there).filter(|one| names.contains(&one.id.as_str())) {
            one.used.set(true);
            silent = true;
        }
        silent
    }

    /// All of them, and whether each has kept anything from being done so far.
    pub fn all(&self) -> impl Iterator<Item = (&Ignored, bool)> {
        let there = self.at.iter().flat_map(|(_, ids)| ids);
        self.everywhere.iter().chain(there).map(|one| (one, one.used.get()))
    }
}

/// What `# check=skip=NAME,…` names. (BuildKit's manual, "Build checks": parts are separated by semicolons.)
fn skipped(file: &Dockerfile<'_>, span: Span) -> Vec<Ignored> {
    let check = file.directives.iter().find(|one| span.contains(one.span) && one.name == "check");
    let parts = check.map(|one| one.value.as_str()).unwrap_or_default().split(';');
    let list = parts.filter_map(|part| part.trim().strip_prefix("skip="));
    let ids = list.flat_map(|list| list.split(',')).map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| Ignored { id: id.to_owned(), comment: span, is_own: false, used: Cell::new(false) })
        .collect()
}

/// Whether a comment is a pragma, which nothing may be moved across.
pub fn is_pragma(comment: &str) -> bool {
    let comment = comment.trim_start_matches('\u{feff}').trim().trim_start_matches('#').trim_start();
    [
        "jettison:",
        "hadolint ",
        "check=",
        "dockerfile_lint",
        "checkov:",
        "nosemgrep",
        "trivy:",
        "kics",
        "tally",
    ]
    .iter()
    .any(|start| comment.starts_with(start))
}

/// What a pragma says.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    is_own: bool,
    /// Whether it speaks of the whole file, wherever it stands.
    is_global: bool,
    ids: Vec<String>,
}

/// Reads a comment that may be one.
fn ignored(comment: &str) -> Option<Words> {
    let comment = comment.trim_start_matches('\u{feff}').trim().trim_start_matches('#').trim_start();
    let (is_own, is_global, list) = if let Some(rest) = comment.strip_prefix("jettison:") {
        (true, false, rest.trim_start().strip_prefix("ignore=")?)
    } else {
        let rest = comment.strip_prefix("hadolint")?.trim_start();
        match rest.strip_prefix("global") {
            Some(rest) => (false, true, rest.trim_start().strip_prefix("ignore=")?),
            None => (false, false, rest.strip_prefix("ignore=")?),
        }
    };
    // Ids are separated by commas, with or without blanks behind them; the first other word starts the reason.
    let mut ids = Vec::new();
    let mut goes_on = true;
    for word in list.split_whitespace() {
        if !goes_on {
            break;
        }
        goes_on = word.ends_with(',');
        ids.extend(word.split(',').filter(|id| !id.is_empty()).map(str::to_owned));
    }
    Some(Words { is_own, is_global, ids })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_end_where_the_reason_starts() {
        let read = |comment: &str| {
            ignored(comment).map(|words| (words.is_own, words.is_global, words.ids.join(" ")))
        };
        assert_eq!(read("# jettison: ignore=a,b, c because"), Some((true, false, "a b c".to_owned())));
        assert_eq!(read("#hadolint ignore=DL3009,DL3015"), Some((false, false, "DL3009 DL3015".to_owned())));
        assert_eq!(read("# hadolint global ignore=DL3009"), Some((false, true, "DL3009".to_owned())));
        assert_eq!(ignored("# jettison is nice"), None);
    }
    #[test]
    fn what_buildkit_is_told_to_skip_is_read() {
        let file = Dockerfile::parse("# check=skip=DL3009, merge-runs;error=true\nFROM a\n");
        let pragmas = Pragmas::of(&file, true);
        let ids: Vec<&str> = pragmas.all().map(|(one, _)| one.id.as_str()).collect();
        assert_eq!(ids, ["DL3009", "merge-runs"]);
        assert!(pragmas.silence(&["merge-runs"], Span::new(47, 53)));
    }
}

//! Comments that suppress fixes: Jettison's own, and hadolint's for the same rules.
//!
//! `# jettison: ignore=ID[,ID] reason` is placed above or within an instruction, or at the top of
//! the file to apply to the whole file; the id `all` means every transform.
//! `# hadolint ignore=DL3009` and `# hadolint global ignore=DL3009` work in the same way, as does
//! BuildKit's `# check=skip=NAME` for the names that a transform covers. The caller decides what a
//! suppressed fix means; reading a comment changes nothing.

mod generated;

use crate::edit::Edits;
use crate::knowledge::lists::comments::{OF_OTHER_TOOLS, SUPPRESSING_WORDS};
use crate::span::Span;
use crate::syntax::{Dockerfile, Item};

/// The id for every transform in Jettison's own comments.
pub const ALL: &str = "all";

/// The pragmas of a file.
#[derive(Debug, Default)]
pub struct Pragmas {
    everywhere: Vec<Ignored>,
    /// The ids for each instruction, in file order.
    at: Vec<(Span, Vec<Ignored>)>,
    own: Vec<OwnComment>,
    mistaken: Vec<Mistaken>,
    /// The comment at the top that marks the file as generated.
    generated: Option<Span>,
}

/// One id in a comment: a transform, or a linter's code.
#[derive(Debug, Clone)]
struct Ignored {
    id: String,
    is_own: bool,
}

/// A Jettison comment, wherever it is and whatever ids it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnComment {
    /// The comment, from its `#` to the end of the line, without the line break.
    pub span: Span,
    /// The ids in the comment.
    pub ids: Vec<String>,
}

/// A comment that is meant to be a Jettison comment but has the wrong syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistaken {
    /// The comment, without the line break.
    pub span: Span,
    /// The correct spelling.
    pub correction: String,
}

impl Ignored {
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.id.as_str()) || self.is_own && self.id == ALL
    }
}

impl Pragmas {
    /// Reads the pragmas of a file; hadolint's own only if its configuration enables them.
    pub fn of(file: &Dockerfile<'_>, heeds_hadolint: bool) -> Self {
        let mut pragmas = Self { generated: generated::comment(file), ..Self::default() };
        let mut above: Vec<Ignored> = Vec::new();
        let mut top = true;
        for item in &file.items {
            match item {
                Item::Comment(span) => {
                    let Some((is_global, ids)) = pragmas.read(file.text, *span, heeds_hadolint) else {
                        continue;
                    };
                    if is_global || top {
                        pragmas.everywhere.extend(ids);
                    } else {
                        above.extend(ids);
                    }
                }
                Item::Blank(_) | Item::Error(..) => above.clear(),
                Item::Instruction(instruction) => {
                    top = false;
                    for span in &instruction.comments {
                        above.extend(pragmas.read(file.text, *span, heeds_hadolint).unwrap_or_default().1);
                    }
                    if !above.is_empty() {
                        pragmas.at.push((instruction.full, std::mem::take(&mut above)));
                    }
                }
                Item::Directive(span) => pragmas.everywhere.extend(skipped(file, *span)),
            }
        }
        pragmas
    }

    /// Parses one comment: whether it concerns the whole file, and its ids.
    fn read(&mut self, text: &str, span: Span, heeds_hadolint: bool) -> Option<(bool, Vec<Ignored>)> {
        let line = span.of(text);
        let start = span.start + line.find('#')?;
        let comment = Span::new(start, start + text[start..span.end].trim_end().len());
        let (is_own, is_global, ids) = match ignored(comment.of(text))? {
            Reading::Ignores(ids) => {
                self.own.push(OwnComment { span: comment, ids: ids.clone() });
                (true, false, ids)
            }
            Reading::Mistaken(correction) => {
                self.mistaken.push(Mistaken { span: comment, correction });
                return None;
            }
            Reading::Hadolint { is_global, ids } if heeds_hadolint => (false, is_global, ids),
            Reading::Hadolint { .. } => return None,
        };
        Some((is_global, ids.into_iter().map(|id| Ignored { id, is_own }).collect()))
    }

    /// Whether a comment suppresses fixes with one of these names for the instruction around
    /// `anchor`.
    pub fn silence(&self, names: &[&str], anchor: Span) -> bool {
        let within = self.at.partition_point(|(span, _)| span.end <= anchor.start);
        let there = self.at[within..].iter().take_while(|(span, _)| span.start <= anchor.start);
        let there = there.filter(|(span, _)| span.contains(anchor)).flat_map(|(_, ids)| ids);
        self.everywhere.iter().chain(there).any(|ignored| ignored.is_one_of(names))
    }

    /// Whether a comment suppresses fixes with one of these names for any instruction that the
    /// edits change, remove or move.
    pub fn silence_any(&self, names: &[&str], edits: &Edits) -> bool {
        edits.iter().any(|edit| {
            // An insertion between two instructions changes neither of them.
            let first = self.at.partition_point(|(span, _)| span.end <= edit.span.start);
            let mut changed = self.at[first..].iter().take_while(|(span, _)| span.start < edit.span.end);
            changed.any(|(_, ids)| ids.iter().any(|ignored| ignored.is_one_of(names)))
        })
    }

    /// The comment at the top that marks the file as generated or as not to be edited.
    pub fn generated(&self) -> Option<Span> {
        self.generated
    }

    /// Jettison's own comments, in file order.
    pub fn own(&self) -> &[OwnComment] {
        &self.own
    }

    /// Comments that are meant to be Jettison comments but have no effect, in file order.
    pub fn mistaken(&self) -> &[Mistaken] {
        &self.mistaken
    }
}

/// The names in `# check=skip=NAME,…`. (BuildKit's manual, "Build checks": parts are separated by
/// semicolons.)
fn skipped(file: &Dockerfile<'_>, span: Span) -> Vec<Ignored> {
    let check =
        file.directives.iter().find(|directive| span.contains(directive.span) && directive.name == "check");
    let parts = check.map(|directive| directive.value.as_str()).unwrap_or_default().split(';');
    let list = parts.filter_map(|part| part.trim().strip_prefix("skip="));
    let ids = list.flat_map(|list| list.split(',')).map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| Ignored { id: id.to_owned(), is_own: false }).collect()
}

/// Whether a comment is a pragma, across which nothing may be moved.
pub fn is_pragma(comment: &str) -> bool {
    let comment = comment.trim_start_matches('\u{feff}').trim().trim_start_matches('#').trim_start();
    let others = OF_OTHER_TOOLS;
    others.iter().any(|start| comment.starts_with(start)) || own(comment).is_some()
}

/// The content of a comment that may be a pragma.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// `jettison: ignore=…`
    Ignores(Vec<String>),
    /// It is meant to be a Jettison comment; the correct spelling.
    Mistaken(String),
    Hadolint {
        is_global: bool,
        ids: Vec<String>,
    },
}

fn ignored(comment: &str) -> Option<Reading> {
    let comment = comment.trim_start_matches('\u{feff}').trim().trim_start_matches('#').trim_start();
    if let Some(rest) = comment.strip_prefix("hadolint") {
        let rest = rest.trim_start();
        let (is_global, rest) = match rest.strip_prefix("global") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
        return Some(Reading::Hadolint { is_global, ids: listed(rest.strip_prefix("ignore=")?) });
    }
    own(comment)
}

/// A comment that starts with Jettison's name, or with another program's keyword and Jettison's
/// name.
fn own(comment: &str) -> Option<Reading> {
    if !comment.starts_with(['j', 'J', 'n', 'N']) {
        return None;
    }
    let lower = comment.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("noqa").or_else(|| lower.strip_prefix("nolint")) {
        return rest.trim_start_matches([':', ' ']).starts_with("jettison").then(|| mistaken(&[]));
    }
    let rest = lower.strip_prefix("jettison")?.trim_start();
    let after_name = &comment[comment.len() - rest.len()..];
    let after_colon = after_name.strip_prefix(':').map(str::trim_start);
    let asked = after_colon.unwrap_or_else(|| after_name.trim_start_matches(['=', '-', ',']).trim_start());
    let end = asked.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(asked.len());
    let (word, rest) = asked.split_at(end);
    let word = word.trim_end_matches('-');
    if !SUPPRESSING_WORDS.contains(&word.to_ascii_lowercase().as_str()) {
        return None;
    }
    let rest = rest.trim_start();
    let list = rest.strip_prefix('=').map(|list| listed(list.trim_start()));
    match list {
        Some(ids)
            if comment.starts_with("jettison")
                && after_colon.is_some()
                && word == "ignore"
                && !ids.is_empty() =>
        {
            Some(Reading::Ignores(ids))
        }
        Some(ids) => Some(mistaken(&ids)),
        None => {
            let list = rest.trim_start_matches([':', '(', '[']).trim_start();
            // Without a `=`, words other than ids may follow.
            Some(mistaken(&listed(list).into_iter().filter(|id| id.contains('-')).collect::<Vec<_>>()))
        }
    }
}

fn mistaken(ids: &[String]) -> Reading {
    let ids = if ids.is_empty() { ALL.to_owned() } else { ids.join(",") };
    Reading::Mistaken(format!("# jettison: ignore={ids}"))
}

/// Ids are separated by commas, optionally followed by blanks; the first other word starts the
/// reason.
fn listed(list: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut goes_on = true;
    for word in list.split_whitespace() {
        // A comma may also be preceded by a blank.
        if !goes_on && !word.starts_with(',') {
            break;
        }
        goes_on = word.ends_with(',');
        ids.extend(word.split(',').filter(|id| !id.is_empty()).map(str::to_owned));
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_end_where_the_reason_starts() {
        let own = |ids: &[&str]| Some(Reading::Ignores(ids.iter().map(|&id| id.to_owned()).collect()));
        assert_eq!(ignored("# jettison: ignore=a,b, c because"), own(&["a", "b", "c"]));
        for spaced in ["#jettison:ignore=a", "#  jettison:  ignore = a why", "## jettison : ignore= a"] {
            assert_eq!(ignored(spaced), own(&["a"]), "{spaced}");
        }
        let hadolint = |is_global, ids: &[&str]| {
            Some(Reading::Hadolint { is_global, ids: ids.iter().map(|&id| id.to_owned()).collect() })
        };
        assert_eq!(ignored("#hadolint ignore=DL3009,DL3015"), hadolint(false, &["DL3009", "DL3015"]));
        assert_eq!(ignored("# hadolint global ignore=DL3009"), hadolint(true, &["DL3009"]));
    }

    #[test]
    fn near_misses_are_told_from_prose() {
        for (comment, correction) in [
            ("# jettison ignore=merge-runs", "merge-runs"),
            ("# Jettison: ignore=merge-runs,order-layers why", "merge-runs,order-layers"),
            ("# JETTISON:IGNORE=merge-runs", "merge-runs"),
            ("# jettison: disable=merge-runs", "merge-runs"),
            ("# jettison: skip", "all"),
            ("# jettison skip this stage", "all"),
            ("# jettison: skip=merge-runs", "merge-runs"),
            ("# jettison: ignore merge-runs", "merge-runs"),
            ("# jettison: ignore: merge-runs", "merge-runs"),
            ("# jettison: ignore=", "all"),
            ("# jettison:noqa", "all"),
            ("# jettison-ignore: merge-runs", "merge-runs"),
            ("# jettison: ignore-file", "all"),
            ("# noqa: jettison", "all"),
        ] {
            let expected = Reading::Mistaken(format!("# jettison: ignore={correction}"));
            assert_eq!(ignored(comment), Some(expected), "{comment}");
        }
        for prose in [
            "# jettison is nice",
            "# jettison: see the manual",
            "# jettison ignores this",
            "# jettisoned",
            "# noqa",
            "# skip",
        ] {
            assert_eq!(ignored(prose), None, "{prose}");
        }
    }

    #[test]
    fn what_buildkit_is_told_to_skip_is_read() {
        let file = Dockerfile::parse("# check=skip=DL3009, merge-runs;error=true\nFROM a\n");
        let pragmas = Pragmas::of(&file, true);
        let from = Span::new(47, 53);
        assert!(pragmas.silence(&["merge-runs"], from) && pragmas.silence(&["DL3009"], from));
        assert!(!pragmas.silence(&["order-layers"], from));
    }

    #[test]
    fn any_instruction_that_is_edited_may_say_no() {
        let text = "FROM a\n# jettison: ignore=x\nRUN b\nRUN c\n# jettison: ignore=all\nRUN d\n";
        let pragmas = Pragmas::of(&Dockerfile::parse(text), true);
        let silent = |from: &str, to: &str| {
            let mut edits = Edits::new();
            let start = text.find(from).expect("there");
            edits.replace(Span::new(start, text.find(to).expect("there")), "new");
            pragmas.silence_any(&["x"], &edits)
        };
        assert!(silent("N b", "b\n") && silent("b\nRUN c", "N c") && silent("RUN b", "RUN c"));
        assert!(!silent("RUN c", "c\n") && !silent("RUN c", "RUN c") && !silent("RUN b", "RUN b"));
        assert!(silent("UN d", "UN d"), "an insertion within");
        let file = Dockerfile::parse(text);
        let last = file.items.last().expect("an item").span();
        assert!(pragmas.silence(&["y"], Span::new(last.start, last.end - 1)));
    }
}

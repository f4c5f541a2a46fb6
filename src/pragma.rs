//! Comments that tell Jettison to leave something alone: its own, and hadolint's for the same rules.
//!
//! `# jettison: ignore=ID[,ID] reason` above an instruction, or at the top of the file for all of it;
//! `# hadolint ignore=DL3009` and `# hadolint global ignore=DL3009` likewise.

use crate::span::Span;
use crate::syntax::{Dockerfile, Item};

/// The pragmas of a file.
#[derive(Debug, Default)]
pub struct Pragmas {
    everywhere: Vec<String>,
    at: Vec<(Span, Vec<String>)>,
}

impl Pragmas {
    /// Reads them.
    pub fn of(file: &Dockerfile<'_>) -> Self {
        let mut pragmas = Self::default();
        let mut above: Vec<String> = Vec::new();
        let mut top = true;
        for item in &file.items {
            match item {
                Item::Comment(span) => {
                    let Some((global, ids)) = ignored(span.of(file.text)) else { continue };
                    if global || top {
                        pragmas.everywhere.extend(ids.iter().cloned());
                    }
                    above.extend(ids);
                }
                Item::Blank(_) | Item::Error(..) => above.clear(),
                Item::Instruction(instruction) => {
                    top = false;
                    let inside = instruction.comments.iter().filter_map(|span| ignored(span.of(file.text)));
                    above.extend(inside.flat_map(|(_, ids)| ids));
                    if !above.is_empty() {
                        pragmas.at.push((instruction.full, std::mem::take(&mut above)));
                    }
                }
                Item::Directive(_) => {}
            }
        }
        pragmas
    }

    /// Whether what goes by one of these names is told to leave the instruction at `anchor` alone.
    pub fn silence(&self, names: &[&str], anchor: Span) -> bool {
        let means = |id: &String| names.contains(&id.as_str());
        self.everywhere.iter().any(means)
            || self.at.iter().any(|(span, ids)| span.contains(anchor) && ids.iter().any(means))
    }
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

/// The ids that a comment names, and whether for the whole file.
fn ignored(comment: &str) -> Option<(bool, Vec<String>)> {
    let comment = comment.trim_start_matches('\u{feff}').trim().trim_start_matches('#').trim_start();
    let (global, list) = if let Some(rest) = comment.strip_prefix("jettison:") {
        (false, rest.trim_start().strip_prefix("ignore=")?)
    } else {
        let rest = comment.strip_prefix("hadolint")?.trim_start();
        match rest.strip_prefix("global") {
            Some(rest) => (true, rest.trim_start().strip_prefix("ignore=")?),
            None => (false, rest.strip_prefix("ignore=")?),
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
    Some((global, ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_end_where_the_reason_starts() {
        assert_eq!(
            ignored("# jettison: ignore=a,b, c because"),
            Some((false, vec!["a".into(), "b".into(), "c".into()]))
        );
        assert_eq!(
            ignored("#hadolint ignore=DL3009,DL3015"),
            Some((false, vec!["DL3009".into(), "DL3015".into()]))
        );
        assert_eq!(ignored("# hadolint global ignore=DL3009"), Some((true, vec!["DL3009".into()])));
        assert_eq!(ignored("# jettison is nice"), None);
    }
}

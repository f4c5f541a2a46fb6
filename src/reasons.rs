//! Why something is left as it is: one type for every refusal, fix that is held back, step that is
//! rolled back, and file that is not processed.
//!
//! A reason has a code from a closed list, typed arguments, and the places that it is about. The
//! tables in this folder contain the codes, their meanings, and the only copy of each sentence.
//! `docs/reasons.md` is generated from them.

mod bases;
mod caches;
mod checks;
mod context;
mod inline;
mod later;
mod manifests;
mod merging;
mod minimizing;
mod ordering;
mod ownership;
mod packages;
mod pipeline;
mod scripts;
mod stages;
mod tidy;

use std::fmt;

use crate::span::Span;

pub(crate) use bases::*;
pub(crate) use caches::*;
pub(crate) use checks::*;
pub(crate) use context::*;
pub(crate) use inline::*;
pub(crate) use later::*;
pub(crate) use manifests::*;
pub(crate) use merging::*;
pub(crate) use minimizing::*;
pub(crate) use ordering::*;
pub(crate) use ownership::*;
pub(crate) use packages::*;
pub(crate) use pipeline::*;
pub(crate) use scripts::*;
pub(crate) use stages::*;
pub(crate) use tidy::*;

/// All reasons, by what they are about.
pub const GROUPS: &[&Group] = &[
    &pipeline::GROUP,
    &inline::GROUP,
    &checks::GROUP,
    &scripts::GROUP,
    &later::GROUP,
    &caches::GROUP,
    &merging::GROUP,
    &ordering::GROUP,
    &manifests::GROUP,
    &ownership::GROUP,
    &packages::GROUP,
    &bases::GROUP,
    &stages::GROUP,
    &minimizing::GROUP,
    &context::GROUP,
    &tidy::GROUP,
];

/// The codes of the reasons about the form of one RUN.
const ABOUT_ONE_RUN: &[&str] = &[
    "foreign-shell",
    "unreliable-parse",
    "shells-differ",
    "exec-form",
    "here-document",
    "next-to-unreadable-line",
    "commands-in-string",
    "nothing-downloaded",
    "no-network",
    "no-permission",
    "run-has-flags",
];

/// Reasons about one subject.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// What they have in common, in a sentence.
    pub about: &'static str,
    /// The reasons.
    pub kinds: &'static [Kind],
}

/// A reason without its arguments.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The name in kebab case: `different-flags`, for the function `different_flags`.
    pub code: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// The sentence, with the names of the arguments in braces.
    pub text: &'static str,
    /// The names of the arguments.
    pub arguments: &'static [&'static str],
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(untagged)]
pub enum Argument {
    /// A name, a path, or words of the file.
    Text(String),
    /// A number.
    Number(usize),
}

/// Why something is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    kind: &'static Kind,
    arguments: Box<[Argument]>,
    /// The words before the sentence, with a blank at their end.
    lead: String,
    /// What it is about, if that is not the instruction that would change.
    pub at: Option<Span>,
    /// Another place that the sentence mentions.
    pub related: Option<Span>,
}

impl Reason {
    fn of(kind: &'static Kind, arguments: Box<[Argument]>) -> Self {
        Self { kind, arguments, lead: String::new(), at: None, related: None }
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.kind.code
    }

    /// Whether it is about the form of one RUN, so that it is reported for each.
    pub fn is_about_one_run(&self) -> bool {
        ABOUT_ONE_RUN.contains(&self.code())
    }

    /// Whether a built image has shown it.
    pub fn is_shown_by_a_build(&self) -> bool {
        self.code() == "fails-with-fix"
    }

    /// Whether it may not apply once the image is built.
    pub fn is_answered_by_a_build(&self) -> bool {
        matches!(self.code(), "unknown-debian-release" | "opened-files-unknown")
    }

    /// Its arguments by name.
    pub fn arguments(&self) -> impl Iterator<Item = (&'static str, &Argument)> {
        self.kind.arguments.iter().copied().zip(&*self.arguments)
    }

    /// The same about a place.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        Self { at: Some(span), ..self }
    }

    /// The same with the place of an instruction that the sentence mentions, unless it has one.
    #[must_use]
    pub fn seen_at(self, span: Span) -> Self {
        Self { related: self.related.or(Some(span)), ..self }
    }

    /// The same, after what is left as it is: "not split into stages: …".
    #[must_use]
    pub fn undone(self, what: impl fmt::Display) -> Self {
        Self { lead: format!("{what}: {}", self.lead), ..self }
    }

    /// The same about a Dockerfile in another file that has so many lines before it.
    #[must_use]
    pub fn in_host(mut self, lines_before: usize) -> Self {
        for (name, argument) in self.kind.arguments.iter().zip(&mut self.arguments) {
            if let ("line", Argument::Number(line)) = (*name, argument) {
                *line += lines_before;
            }
        }
        self
    }

    /// The same as the end of a sentence: "apt-get's lists left alone, because …", or with a
    /// subject: "a later RUN …".
    #[must_use]
    pub fn after(self, words: impl fmt::Display) -> Self {
        Self { lead: format!("{words} {}", self.lead), ..self }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lead)?;
        let mut rest = self.kind.text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            f.write_str(before)?;
            match self.arguments().find(|(own, _)| *own == name) {
                Some((_, Argument::Text(text))) => f.write_str(text)?,
                Some((_, Argument::Number(number))) => write!(f, "{number}")?,
                None => {}
            }
            rest = after;
        }
        f.write_str(rest)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

/// A name in kebab case.
const fn kebab<const LENGTH: usize>(name: &str) -> [u8; LENGTH] {
    let (name, mut code, mut at) = (name.as_bytes(), [0; LENGTH], 0);
    while at < LENGTH {
        code[at] = if name[at] == b'_' { b'-' } else { name[at] };
        at += 1;
    }
    code
}

/// Declares a group: for each reason a function that returns it, with its meaning as its
/// documentation, and its entry in the table.
macro_rules! reasons {
    (
        $title:literal, $about:literal;
        $(#[doc = $meaning:literal] $name:ident($($argument:ident: $type:ty),*) = $text:literal;)*
    ) => {
        /// The reasons of this file.
        pub(super) static GROUP: $crate::reasons::Group = $crate::reasons::Group {
            title: $title,
            about: $about,
            kinds: &[$(kinds::$name),*],
        };

        /// The reasons without their arguments.
        #[allow(non_upper_case_globals)]
        mod kinds {
            use crate::reasons::{Kind, kebab};

            $(pub(super) const $name: Kind = Kind {
                code: {
                    const NAME: &str = stringify!($name);
                    const BYTES: [u8; NAME.len()] = kebab(NAME);
                    match std::str::from_utf8(&BYTES) {
                        Ok(code) => code,
                        Err(_) => panic!(),
                    }
                },
                meaning: $meaning.trim_ascii(),
                text: $text,
                arguments: &[$(stringify!($argument)),*],
            };)*
        }

        $(#[doc = $meaning]
        pub(crate) fn $name($($argument: $type),*) -> $crate::reasons::Reason {
            const KIND: &$crate::reasons::Kind = &kinds::$name;
            $crate::reasons::Reason::of(KIND, Box::new([$($argument.into()),*]))
        })*
    };
}

use reasons;

/// The reason with a code.
pub fn find(code: &str) -> Option<&'static Kind> {
    GROUPS.iter().flat_map(|group| group.kinds).find(|kind| kind.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static Kind> {
        GROUPS.iter().flat_map(|group| group.kinds)
    }

    #[test]
    fn a_code_stands_for_one_reason() {
        let mut codes: Vec<&str> = all().map(|kind| kind.code).collect();
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
        let is_both = crate::transforms::ALL.iter().any(|transform| codes.contains(&transform.id));
        assert!(!is_both, "`explain` shows transforms and reasons");
        assert!(codes.iter().all(|code| code.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')));
        assert!(ABOUT_ONE_RUN.iter().all(|code| codes.contains(code)));
    }

    #[test]
    fn a_sentence_names_its_arguments() {
        for kind in all() {
            let parts = kind.text.split('{').skip(1);
            let mut named: Vec<&str> = parts.filter_map(|part| Some(part.split_once('}')?.0)).collect();
            let mut arguments = kind.arguments.to_vec();
            named.sort_unstable();
            named.dedup();
            arguments.sort_unstable();
            assert_eq!(named, arguments, "{}", kind.code);
            assert!(kind.meaning.ends_with('.'), "{}", kind.code);
        }
    }

    #[test]
    fn sentences_have_words_before_them() {
        let reason = reads_index("apt-get", "install").after("a later RUN").undone("lists not deleted");
        assert_eq!(reason.code(), "reads-index");
        assert_eq!(
            reason.to_string(),
            "lists not deleted: a later RUN calls `apt-get install` without another download"
        );
        assert_eq!(too_many_commands(9).to_string(), "together they have more than 9 commands");
    }
}

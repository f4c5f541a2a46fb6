//! A transform: a value with an id, a contract and a function. The transforms themselves are in
//! `transforms/`.

use std::ops::RangeInclusive;

pub use crate::config::Group;
use crate::config::Settings;
use crate::context::{BuildContext, ContextSource};
pub use crate::contract::{Contract, Effect};
use crate::edit::Edits;
use crate::facts::Facts;
use crate::knowledge::{Confidence, Knowledge};
use crate::pragma::Pragmas;
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::Dockerfile;

/// Whether a fix is safe to apply, in order: `Safe` is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Reported, never applied.
    Manual,
    /// Applied with `--unsafe`: it removes or moves something that a program might depend on.
    Unsafe,
    /// Applied by default: the same programs run in the same order, directory and environment and
    /// fail in the same cases; the image's configuration is unchanged; only files that can be
    /// downloaded or generated again are removed.
    Safe,
}

impl Applicability {
    /// The word shown to users.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

impl From<Confidence> for Applicability {
    fn from(confidence: Confidence) -> Self {
        match confidence {
            Confidence::Safe => Self::Safe,
            Confidence::Unsafe => Self::Unsafe,
            Confidence::Never => Self::Manual,
        }
    }
}

/// A rewriting rule.
#[derive(Debug, Clone, Copy)]
pub struct Transform {
    /// Its id in kebab case, which is also its file name.
    pub id: &'static str,
    /// The highest applicability of its fixes; a single fix may have a lower one.
    pub applicability: Applicability,
    /// The lowest applicability of its fixes.
    pub lowest: Applicability,
    /// Whether it runs without being selected.
    pub group: Group,
    /// The version that introduced it.
    pub since: &'static str,
    /// The text of its file, whose `//!` comment is the manual page.
    pub source: &'static str,
    /// The hadolint codes and BuildKit checks that it covers, so that `# hadolint ignore=…` and
    /// `# check=skip=…` apply to it too.
    pub hadolint: &'static [&'static str],
    /// What it may change; everything else must be unchanged.
    pub contract: Contract,
    /// Proposes fixes and explains refusals.
    pub run: fn(&Context<'_>, &mut Fixes),
}

impl Transform {
    /// Whether its fixes are safe, in a word or two for users.
    pub fn safety(&self) -> &'static str {
        match (self.applicability, self.lowest) {
            (Applicability::Safe, Applicability::Unsafe | Applicability::Manual) => "some unsafe",
            (highest, _) => highest.name(),
        }
    }

    /// The names for it in comments: its id, and the codes that it covers.
    pub fn names(&self) -> Vec<&'static str> {
        std::iter::once(self.id).chain(self.hadolint.iter().copied()).collect()
    }

    /// The manual page: the leading `//!` lines of the file without their markers.
    pub fn manual(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .fold(String::new(), |page, line| page + line + "\n")
    }

    /// What an unsafe fix risks: the first sentence of the manual page's section "Safety", if that
    /// begins with "Unsafe".
    pub fn risk(&self) -> Option<String> {
        let safety = self.section("Safety")?;
        let text = safety.strip_prefix("Unsafe: ")?;
        Some(text.split_once(". ").map_or(text.trim_end_matches('.'), |(first, _)| first).to_owned())
    }

    /// A section of the manual page, with its lines joined.
    pub fn section(&self, name: &str) -> Option<String> {
        let manual = self.manual();
        let (_, rest) = manual.split_once(&format!("# {name}\n"))?;
        let section = rest.split("\n# ").next()?;
        Some(section.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The first line of the manual page without its full stop.
    pub fn summary(&self) -> &'static str {
        let first = self.source.lines().next().unwrap_or_default();
        first.trim_start_matches("//!").trim().trim_end_matches('.')
    }
}

/// The input of a transform.
pub struct Context<'a> {
    /// The parsed file.
    pub file: &'a Dockerfile<'a>,
    /// The facts about the file.
    pub facts: &'a Facts<'a>,
    /// The knowledge about package managers, programs and base images.
    pub known: &'a Knowledge,
    /// The user's settings.
    pub settings: &'a Settings,
    /// The comments that suppress fixes.
    pub pragmas: &'a Pragmas,
    /// The build context and its history, read at the first question.
    pub context_source: &'a dyn ContextSource,
}

impl Context<'_> {
    /// The build context, or the reason why it is unknown.
    pub fn build_context(&self) -> Result<&BuildContext, Reason> {
        self.context_source.context().map_err(reasons::unknown_build_context)
    }

    /// Whether the time limit for the file is exceeded, so that further proposals are dropped.
    pub fn is_over(&self) -> bool {
        self.settings.deadline.is_over()
    }

    /// Whether a comment anywhere in the file suppresses fixes of a transform that changes the whole
    /// file.
    pub fn is_silenced_anywhere(&self, transform: &Transform) -> bool {
        let names = transform.names();
        self.file.instructions().any(|(_, instruction)| self.pragmas.silence(&names, instruction.text))
    }

    /// Whether a comment or a configuration suppresses fixes with one of these codes.
    pub fn is_suppressed(&self, codes: &[String], anchor: Span) -> bool {
        let names: Vec<&str> = codes.iter().map(String::as_str).collect();
        self.pragmas.silence(&names, anchor) || self.settings.ignored_code(&names).is_some()
    }
}

/// A proposed fix.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What it does, as shown to the user: "remove apt-get's package lists in the layer that
    /// fetched them".
    pub title: String,
    /// The facts that it depends on, one per line: "libpq5: psycopg2 links it".
    pub notes: Vec<String>,
    /// Whether it is safe to apply.
    pub applicability: Applicability,
    /// The instruction that it concerns, for pragmas and messages.
    pub anchor: Span,
    /// Where a message points, if that is not the start of the instruction.
    pub points_at: Option<usize>,
    /// The hadolint codes that it covers, if they are fewer than its transform's.
    pub hadolint: Option<Vec<String>>,
    /// Its benefit, if it differs from its transform's.
    pub effect: Option<Effect>,
    /// The change.
    pub edits: Edits,
    /// The new text of the ignore file, if the fix changes it.
    pub ignore_file: Option<String>,
    /// What it saves, if that is known.
    pub estimate: Estimate,
}

/// What a fix saves, as far as the knowledge has numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The bytes that the image has less, at least and at most.
    pub bytes: Option<RangeInclusive<u64>>,
    /// The first lines of the installs and downloads that a rebuild after a source change no longer
    /// repeats.
    pub spared: Vec<String>,
}

/// A fix that was not made, and the guard that prevented it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The transform.
    pub transform: &'static str,
    /// The position.
    pub span: Span,
    /// The guard.
    pub reason: Reason,
}

/// Collects the proposals of one transform for one text.
#[derive(Debug)]
pub struct Fixes {
    transform: &'static str,
    /// The proposals, in the order in which they were made.
    pub proposed: Vec<Fix>,
    /// The refusals.
    pub refused: Vec<Refusal>,
}

impl Fixes {
    /// An empty collection for one transform.
    pub fn of(transform: &Transform) -> Self {
        Self { transform: transform.id, proposed: Vec::new(), refused: Vec::new() }
    }

    /// Proposes a fix. A fix without edits is dropped.
    pub fn propose(
        &mut self,
        applicability: Applicability,
        anchor: Span,
        title: impl Into<String>,
        edits: Edits,
    ) {
        if !edits.is_empty() {
            self.push(applicability, anchor, title.into(), edits, None);
        }
    }

    fn push(
        &mut self,
        applicability: Applicability,
        anchor: Span,
        title: String,
        edits: Edits,
        ignore_file: Option<String>,
    ) {
        self.proposed.push(Fix {
            title,
            notes: Vec::new(),
            applicability,
            anchor,
            points_at: None,
            hadolint: None,
            effect: None,
            edits,
            ignore_file,
            estimate: Estimate::default(),
        });
    }

    /// Sets the facts that the last proposal depends on.
    pub fn note(&mut self, notes: impl IntoIterator<Item = String>) {
        if let Some(last) = self.proposed.last_mut() {
            last.notes.extend(notes);
        }
    }

    /// Sets the new ignore file of the last proposal: both files are changed, or neither.
    pub fn along_with_ignore_file(&mut self, text: String) {
        if let Some(last) = self.proposed.last_mut() {
            last.ignore_file = Some(text);
        }
    }

    /// Lets the message about the last proposal point at a command within its instruction.
    pub fn point_at(&mut self, at: usize) {
        if let Some(last) = self.proposed.last_mut() {
            last.points_at = Some(at);
        }
    }

    /// Restricts the hadolint codes that the last proposal covers to some of its transform's.
    pub fn restrict_codes(&mut self, codes: impl IntoIterator<Item = String>) {
        if let Some(last) = self.proposed.last_mut() {
            last.hadolint = Some(codes.into_iter().collect());
        }
    }

    /// Sets what the last proposal saves.
    pub fn estimate(&mut self, estimate: Estimate) {
        if let Some(last) = self.proposed.last_mut() {
            last.estimate = estimate;
        }
    }

    /// Sets the benefit of the last proposal.
    pub fn set_effect(&mut self, effect: Effect) {
        if let Some(last) = self.proposed.last_mut() {
            last.effect = Some(effect);
        }
    }

    /// Proposes a new text for the build context's ignore file.
    pub fn propose_ignore_file(
        &mut self,
        applicability: Applicability,
        anchor: Span,
        title: impl Into<String>,
        text: String,
    ) {
        self.push(applicability, anchor, title.into(), Edits::new(), Some(text));
    }

    /// Records a possible improvement of an instruction, and the reason why it was not made.
    pub fn refuse(&mut self, anchor: Span, reason: Reason) {
        let span = reason.at.unwrap_or(anchor);
        self.refused.push(Refusal { transform: self.transform, span, reason });
    }
}

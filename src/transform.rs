//! What a transform is: a value with a name, a promise and a function. The transforms themselves stand in `transforms/`.

use crate::config::Settings;
use crate::context::Surroundings;
use crate::edit::Edits;
use crate::facts::Facts;
use crate::knowledge::{Confidence, Knowledge};
use crate::pragma::Pragmas;
use crate::span::Span;
use crate::syntax::Dockerfile;

/// What applying a fix takes, ordered: `Safe` is the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Shown, never applied.
    Manual,
    /// Applied with `--unsafe`: something that a program might lean on goes or moves.
    Unsafe,
    /// Applied by default: the same programs run in the same order, directory and environment and fail in the same
    /// cases; the image's configuration stays; only what can be fetched or generated again is gone.
    Safe,
}

impl Applicability {
    /// The word that users see.
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
    /// Its name, in kebab case: that of its file.
    pub id: &'static str,
    /// What its fixes take at most; a single fix may take less.
    pub applicability: Applicability,
    /// The version that brought it.
    pub since: &'static str,
    /// Its file's text, whose `//!` comment is the manual page.
    pub source: &'static str,
    /// The codes of hadolint that it answers, so that `# hadolint ignore=…` holds for it too.
    pub answers: &'static [&'static str],
    /// What it may do to the commands; everything else must come out as it was.
    pub changes: Changes,
    /// Proposes fixes and explains refusals.
    pub run: fn(&Context<'_>, &mut Fixes),
}

/// What a transform declares that it changes in the sequence of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// Where the layers' borders are, and nothing else.
    Layers,
    /// It adds commands that remove files; no command goes or changes.
    AddsCleanup,
    /// It adds options to commands, and may drop commands that become needless by it.
    AddsOptions,
    /// It leaves out packages of installs, or names others in their place.
    DropsPackages,
    /// It adds options and commands that remove packages.
    AddsOptionsAndCleanup,
    /// Where COPY and ADD stand among the other instructions of their stage, and earlier copies of files that a later copy
    /// brings again.
    CopyOrder,
    /// Where ARG, LABEL and ENV stand among the other instructions of their stage.
    MetadataOrder,
    /// It puts cache mounts in the place of cleanups and of options that keep caches from being written.
    CacheMounts,
    /// Copies get an owner or a mode, and the commands that gave it go.
    Ownership,
    /// One stage becomes two: one that builds and one that runs.
    Stages,
    /// The image that the last stage starts from.
    Base,
    /// The ignore file, and nothing in the Dockerfile.
    IgnoreFile,
}

/// What a fix is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The image has fewer bytes.
    SmallerImage,
    /// A build sends less, or finds more in its cache.
    FasterBuild,
    /// A build depends less on what earlier builds left.
    ReliableBuild,
    /// The image has fewer layers, and no fewer bytes worth a word.
    FewerLayers,
}

impl Changes {
    /// Whether it chooses what the running image starts from, and so can install a package that turns out to be missing.
    pub fn chooses_base(self) -> bool {
        matches!(self, Self::Stages | Self::Base)
    }
}

impl Transform {
    /// What its fixes are good for, where one does not say so itself.
    pub fn effect(&self) -> Effect {
        match self.changes {
            Changes::CopyOrder | Changes::MetadataOrder | Changes::CacheMounts | Changes::IgnoreFile => {
                Effect::FasterBuild
            }
            Changes::Layers
            | Changes::AddsCleanup
            | Changes::AddsOptions
            | Changes::DropsPackages
            | Changes::AddsOptionsAndCleanup
            | Changes::Ownership
            | Changes::Stages
            | Changes::Base => Effect::SmallerImage,
        }
    }

    /// What comments call it: its id, and the codes that it answers.
    pub fn names(&self) -> Vec<&'static str> {
        std::iter::once(self.id).chain(self.answers.iter().copied()).collect()
    }

    /// The manual page: the file's leading `//!` lines without their marks.
    pub fn manual(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .fold(String::new(), |page, line| page + line + "\n")
    }

    /// The manual page's first line without its full stop.
    pub fn summary(&self) -> &'static str {
        let first = self.source.lines().next().unwrap_or_default();
        first.trim_start_matches("//!").trim().trim_end_matches('.')
    }
}

/// What a transform may look at.
pub struct Context<'a> {
    /// The parsed file.
    pub file: &'a Dockerfile<'a>,
    /// What is true of it.
    pub facts: &'a Facts<'a>,
    /// What is true of the world.
    pub known: &'a Knowledge,
    /// What the user wants.
    pub settings: &'a Settings,
    /// What comments say is to be left alone.
    pub pragmas: &'a Pragmas,
    /// The build context and its history, looked up at the first question.
    pub around: &'a dyn Surroundings,
}

impl Context<'_> {
    /// Whether the time for the file is over, so that nothing comes of what is still proposed.
    pub fn is_over(&self) -> bool {
        self.settings.deadline.is_over()
    }

    /// Whether a comment, or hadolint's configuration, tells to leave what goes by one of these codes alone.
    pub fn leaves(&self, codes: &[String], anchor: Span) -> bool {
        let names: Vec<&str> = codes.iter().map(String::as_str).collect();
        self.pragmas.silence(&names, anchor)
            || self.settings.hadolint.ignored.iter().any(|code| names.contains(&code.as_str()))
    }
}

/// A proposal.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What it does, for a person: "remove apt-get's package lists in the layer that fetched them".
    pub title: String,
    /// What it leans on, a line each: "libpq5: psycopg2 links it".
    pub notes: Vec<String>,
    /// What applying it takes.
    pub applicability: Applicability,
    /// The instruction that it is about, for pragmas and messages.
    pub anchor: Span,
    /// The codes of hadolint that it answers, where those are fewer than its transform's.
    pub answers: Option<Vec<String>>,
    /// What it is good for, where that is not what its transform's fixes are.
    pub effect: Option<Effect>,
    /// The change itself.
    pub edits: Edits,
    /// The ignore file's new text, where it changes too, or instead.
    pub ignore_file: Option<String>,
}

/// A fix that was not made, and the guard that stopped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which transform.
    pub transform: &'static str,
    /// Where.
    pub span: Span,
    /// Why, for a person, in a form that follows "because".
    pub reason: String,
}

/// Collects what one transform proposes for one text.
#[derive(Debug)]
pub struct Fixes {
    transform: &'static str,
    /// The proposals, in the order they were made.
    pub proposed: Vec<Fix>,
    /// The refusals.
    pub refused: Vec<Refusal>,
}

impl Fixes {
    /// An empty collection for one transform.
    pub fn of(transform: &Transform) -> Self {
        Self { transform: transform.id, proposed: Vec::new(), refused: Vec::new() }
    }

    /// Proposes a fix. One without edits is no fix and is dropped.
    pub fn propose(
        &mut self,
        applicability: Applicability,
        anchor: Span,
        title: impl Into<String>,
        edits: Edits,
    ) {
        if !edits.is_empty() {
            let (title, notes) = (title.into(), Vec::new());
            let (answers, effect, ignore_file) = (None, None, None);
            self.proposed.push(Fix {
                title,
                notes,
                applicability,
                anchor,
                answers,
                effect,
                edits,
                ignore_file,
            });
        }
    }

    /// Says what the last proposal leans on.
    pub fn note(&mut self, notes: impl IntoIterator<Item = String>) {
        if let Some(last) = self.proposed.last_mut() {
            last.notes.extend(notes);
        }
    }

    /// Says that the last proposal changes the build context's ignore file along with the Dockerfile: both are applied, or neither.
    pub fn along_with_ignore_file(&mut self, text: String) {
        if let Some(last) = self.proposed.last_mut() {
            last.ignore_file = Some(text);
        }
    }

    /// Says which codes of hadolint the last proposal answers, of those that its transform does.
    pub fn answer(&mut self, codes: impl IntoIterator<Item = String>) {
        if let Some(last) = self.proposed.last_mut() {
            last.answers = Some(codes.into_iter().collect());
        }
    }

    /// Says what the last proposal is good for.
    pub fn is_good_for(&mut self, effect: Effect) {
        if let Some(last) = self.proposed.last_mut() {
            last.effect = Some(effect);
        }
    }

    /// Proposes another text for the build context's ignore file.
    pub fn propose_ignore_file(
        &mut self,
        applicability: Applicability,
        anchor: Span,
        title: impl Into<String>,
        text: String,
    ) {
        let (title, notes, edits) = (title.into(), Vec::new(), Edits::new());
        let (answers, effect, ignore_file) = (None, None, Some(text));
        self.proposed.push(Fix { title, notes, applicability, anchor, answers, effect, edits, ignore_file });
    }

    /// Says that something could have been saved here, and what stood against it.
    pub fn refuse(&mut self, span: Span, reason: impl Into<String>) {
        self.refused.push(Refusal { transform: self.transform, span, reason: reason.into() });
    }
}

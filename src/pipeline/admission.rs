//! The decision whether a proposed fix is applied, based on comments, the settings and its position
//! in the original text. The user is not asked here.

use super::source_positions::SourcePositions;
use super::{Applied, Unapplied, needed};
use crate::config::{IgnoredBy, Settings};
use crate::pragma::Pragmas;
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::transform::{Applicability, Fix, Refusal, Transform};

/// The decision about a fix before the user is asked.
pub(super) enum Verdict {
    /// It was not requested.
    Pass,
    /// It is reported and not applied.
    Hold(Unapplied),
    /// It can't be applied.
    Refuse(Unapplied),
    /// It is applied.
    Take(Applied),
}

/// What decides about the fixes for one intermediate text.
pub(super) struct Admission<'a> {
    pub positions: SourcePositions<'a>,
    pub settings: &'a Settings,
    pub pragmas: &'a Pragmas,
    /// The end of the last instruction, if the text ends in a line continuation.
    pub open_end: Option<usize>,
}

impl Admission<'_> {
    pub fn unapplied(
        &self,
        transform: &Transform,
        span: Span,
        reason: Reason,
        applicability: Option<Applicability>,
    ) -> Unapplied {
        Unapplied {
            transform: Some(transform.id),
            place: self.positions.place(span.start),
            lines: self.positions.lines_of(span),
            line: self.positions.line(span.start).to_owned(),
            related: reason.related.map(|span| self.positions.place(span.start)),
            reason,
            applicability,
        }
    }

    pub fn verdict(&self, transform: &Transform, fix: &Fix) -> Verdict {
        let codes = match &fix.hadolint {
            Some(own) => own.clone(),
            None => transform.hadolint.iter().map(|&code| code.to_owned()).collect(),
        };
        let names: Vec<&str> =
            std::iter::once(transform.id).chain(codes.iter().map(String::as_str)).collect();
        let names = names.as_slice();
        let about = self.positions.lines_of(fix.anchor);
        if let Some(scope) = &self.settings.scope {
            let touched: Vec<_> = fix.edits.iter().map(|edit| self.positions.lines_of(edit.span)).collect();
            if !scope.has(names, &about, &touched) {
                return Verdict::Pass;
            }
        }
        let title = &fix.title;
        let start = fix.points_at.unwrap_or(fix.anchor.start);
        let hold = |reason: Reason, applicability| {
            let unapplied = self.unapplied(transform, fix.anchor, reason, applicability);
            let (place, line) = (self.positions.place(start), self.positions.line(start).to_owned());
            Verdict::Hold(Unapplied { place, line, ..unapplied })
        };
        if let Some((code, by)) = self.settings.ignored_code(names) {
            let reason = match by {
                IgnoredBy::Hadolint => reasons::ignored_by_hadolint(code),
                IgnoredBy::Jettison => reasons::ignored_by_configuration(code),
            };
            return hold(reason.undone(title), None);
        }
        // A comment on any instruction that a fix edits suppresses it, not only on the one that it
        // reports.
        if self.pragmas.silence(names, fix.anchor) || self.pragmas.silence_any(names, &fix.edits) {
            return hold(reasons::suppressed().undone(title), None);
        }
        if let Some(comment) = self.pragmas.generated().filter(|_| !self.settings.config.edit_generated) {
            let line = self.positions.place(comment.start).line;
            return hold(reasons::generated_file(line).undone(title), None);
        }
        if fix.applicability < needed(self.settings) {
            let reason = match fix.applicability {
                Applicability::Manual => reasons::only_shown(title),
                Applicability::Unsafe | Applicability::Safe => reasons::needs_unsafe(title),
            };
            return hold(reason, Some(fix.applicability));
        }
        if self.open_end.is_some_and(|end| fix.edits.iter().any(|edit| edit.span.start >= end)) {
            let reason = reasons::open_line_continuation().undone(title);
            return Verdict::Refuse(self.unapplied(transform, fix.anchor, reason, None));
        }
        Verdict::Take(Applied {
            title: title.clone(),
            notes: fix.notes.clone(),
            applicability: fix.applicability,
            place: self.positions.place(start),
            lines: about,
            severity: self.settings.hadolint.severity(names),
            hadolint: codes,
            effect: fix.effect.unwrap_or(transform.contract.effect),
            estimate: fix.estimate.clone(),
        })
    }

    /// Whether a refusal is suppressed or out of scope.
    pub fn is_silent(&self, names: &[&str], refusal: &Refusal) -> bool {
        let scope = self.settings.scope.as_ref();
        self.pragmas.silence(names, refusal.span)
            || scope.is_some_and(|scope| !scope.has(names, &self.positions.lines_of(refusal.span), &[]))
    }
}

//! A limit for the size that fixes save or that a new version adds, with the line to blame when it
//! is exceeded.
//!
//! Without a measurement, and without images that were built to verify the fixes, the lower end of
//! the estimate counts, so that a check fails only for what is certain.

use std::str::FromStr;

use crate::escape;
use crate::report::measured::{Measured, number, size};
use crate::report::verified::Verified;
use crate::report::{FileReport, estimate};

/// A number of bytes, or a share of the size of the original image in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// `50MB`: decimal as in `docker images`; `MiB` and the like are powers of 1024.
    Bytes(u64),
    /// `5%`
    Percent(f64),
}

/// The units of sizes, in lower case, and their bytes.
const UNITS: [(&str, f64); 7] = [
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("b", 1.0),
];

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let positive =
            |digits: &str| digits.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        if let Some(share) = lower.strip_suffix('%').and_then(positive) {
            return Ok(Self::Percent(share));
        }
        let parsed =
            UNITS.iter().find_map(|(unit, bytes)| Some(positive(lower.strip_suffix(unit)?)? * bytes));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
        let bytes = parsed.map(|bytes| Self::Bytes(bytes as u64));
        bytes.ok_or_else(|| "not a size such as 50MB, or a share such as 5%".to_owned())
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&size(*bytes)),
            Self::Percent(share) => write!(f, "{share} %"),
        }
    }
}

impl Budget {
    /// Whether a difference is larger, for an image of a size.
    fn is_exceeded(self, difference: u64, of: u64) -> bool {
        match self {
            Self::Bytes(limit) => difference > limit,
            Self::Percent(share) => number(difference) > number(of) * share / 100.0,
        }
    }

    /// The message if the fixes of a file save more, with the fix that saves the most.
    pub fn excess(self, report: &FileReport) -> Option<String> {
        if !report.changed() || report.error.is_some() {
            return None;
        }
        let path = escape::line(report.path.as_deref().unwrap_or_default());
        let saved = match (&report.measured, &report.verified) {
            (Some(measured), _) => self.saved(measured)?,
            (None, Some(Verified { before, after, .. })) if *after > 0 => {
                let saved = before.saturating_sub(*after);
                self.is_exceeded(saved, *before).then(|| size(saved))?
            }
            _ => {
                let low = *estimate::of([report]).bytes?.start();
                self.is_exceeded(low, 0).then(|| format!("at least {}", size(low)))?
            }
        };
        let low =
            |fix: &crate::pipeline::Applied| fix.estimate.bytes.as_ref().map_or(0, |bytes| *bytes.start());
        let most = report.fixes_by_place().into_iter().filter(|(_, fix)| low(fix) > 0);
        let most = most.max_by_key(|(_, fix)| low(fix)).map_or(String::new(), |(step, fix)| {
            let (id, title) = (step.transform.id, escape::line(&fix.title));
            format!("; most of it by {path}:{}: {id}: {title}", fix.place)
        });
        Some(format!("{path}: the fixes save {saved}, more than {self}{most}"))
    }

    /// What the fixes saved on the first platform where it is more than allowed.
    fn saved(self, measured: &Measured) -> Option<String> {
        measured.platforms.iter().find_map(|platform| {
            let (before, after) = platform.figures.as_ref().ok()?;
            let saved = before.size.saturating_sub(after.size);
            self.is_exceeded(saved, before.size).then(|| size(saved))
        })
    }

    /// The message if the result of `fix` is smaller by more than this, or another version larger.
    pub fn excess_of(self, measured: &Measured) -> Option<String> {
        let path = escape::line(&measured.path);
        let Some(other) = &measured.after else {
            return Some(format!("{path}: the fixes save {}, more than {self}", self.saved(measured)?));
        };
        measured.platforms.iter().find_map(|platform| {
            let (before, after) = platform.figures.as_ref().ok()?;
            let grown = after.size.saturating_sub(before.size);
            if !self.is_exceeded(grown, before.size) {
                return None;
            }
            // A layer that both have is not to blame.
            let is_new = |created_by: &str| before.layers.iter().all(|layer| layer.created_by != created_by);
            let new = after.layers.iter().filter(|layer| is_new(&layer.created_by));
            let blamed = new.max_by_key(|layer| layer.size).map_or(String::new(), |layer| {
                format!("; the largest new layer: {} ({})", escape::line(&layer.created_by), size(layer.size))
            });
            let other = escape::line(other);
            Some(format!("{other} is {} larger than {path}, more than {self}{blamed}", size(grown)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Figure, Figures};
    use crate::report::measured::Platform;

    #[test]
    fn sizes_and_shares_are_read() {
        for (text, expected) in [
            ("50MB", Budget::Bytes(50_000_000)),
            ("1.5 gb", Budget::Bytes(1_500_000_000)),
            ("2MiB", Budget::Bytes(2_097_152)),
            ("0b", Budget::Bytes(0)),
            ("5%", Budget::Percent(5.0)),
            ("0.5 %", Budget::Percent(0.5)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "50", "MB", "-1MB", "5 percent", "infMB", "NaN%", "5M"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
    }

    fn measured(after: Option<&str>, sizes: [&[(&str, u64)]; 2]) -> Measured {
        let figures = |layers: &[(&str, u64)]| Figures {
            size: layers.iter().map(|(_, size)| size).sum(),
            squashed: 0,
            layers: layers
                .iter()
                .map(|(created_by, size)| Figure { created_by: (*created_by).to_owned(), size: *size })
                .collect(),
            transport: None,
            cold: crate::measure::Times::default(),
            rebuilds: Vec::new(),
        };
        Measured {
            path: "Dockerfile".into(),
            after: after.map(str::to_owned),
            diff: String::new(),
            engine: String::new(),
            date: String::new(),
            platforms: vec![Platform { name: None, figures: Ok((figures(sizes[0]), figures(sizes[1]))) }],
        }
    }

    #[test]
    fn a_version_that_grows_too_much_is_blamed_on_its_largest_new_layer() {
        let before: &[_] = &[("FROM debian", 100_000_000), ("RUN a", 10_000_000)];
        let after: &[_] = &[("FROM debian", 100_000_000), ("RUN b", 60_000_000), ("RUN c", 1_000_000)];
        let grown = measured(Some("new"), [before, after]);
        assert_eq!(
            Budget::Bytes(50_000_000).excess_of(&grown).as_deref(),
            Some(
                "new is 51.0 MB larger than Dockerfile, more than 50.0 MB; the largest new layer: RUN b (60.0 MB)"
            )
        );
        assert!(Budget::Percent(46.0).excess_of(&grown).is_some());
        assert!(Budget::Percent(47.0).excess_of(&grown).is_none());
        assert!(Budget::Bytes(51_000_000).excess_of(&grown).is_none());
        assert!(Budget::Bytes(0).excess_of(&measured(Some("new"), [after, before])).is_none());
    }

    #[test]
    fn a_result_that_is_much_smaller_exceeds_the_budget() {
        let fixed = measured(None, [&[("RUN a", 60_000_000)], &[("RUN a", 6_000_000)]]);
        let message = Budget::Percent(50.0).excess_of(&fixed);
        assert_eq!(message.as_deref(), Some("Dockerfile: the fixes save 54.0 MB, more than 50 %"));
        assert!(Budget::Percent(90.0).excess_of(&fixed).is_none());
    }
}

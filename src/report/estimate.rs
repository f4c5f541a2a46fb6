//! What the fixes save, as far as the knowledge has numbers: sums of ranges, in words.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::pipeline::Applied;
use crate::report::{FileReport, count};
use crate::transform::Estimate;

/// The sum for some files. Files whose images were measured, or built to verify them, need no
/// estimate of their size.
pub fn of<'r>(reports: impl IntoIterator<Item = &'r FileReport>) -> Estimate {
    let mut sum = Estimate::default();
    for report in reports.into_iter().filter(|report| report.error.is_none()) {
        let own = total(report.fixes().map(|(_, fix)| fix));
        if let Some(bytes) = own.bytes.filter(|_| !has_sizes(report)) {
            sum.bytes = Some(added(sum.bytes.take(), &bytes));
        }
        sum.spared.extend(own.spared);
    }
    sum
}

/// Whether the sizes of both images of a file are known.
pub fn has_sizes(report: &FileReport) -> bool {
    report.measured.is_some() || report.verified.as_ref().is_some_and(|verified| verified.after > 0)
}

/// The sum for the fixes of one file. A step that two fixes spare counts once.
fn total<'f>(fixes: impl Iterator<Item = &'f Applied>) -> Estimate {
    let mut sum = Estimate::default();
    let mut spared = BTreeSet::new();
    for fix in fixes {
        if let Some(bytes) = &fix.estimate.bytes {
            sum.bytes = Some(added(sum.bytes.take(), bytes));
        }
        spared.extend(fix.estimate.spared.iter().cloned());
    }
    sum.spared = spared.into_iter().collect();
    sum
}

fn added(sum: Option<RangeInclusive<u64>>, more: &RangeInclusive<u64>) -> RangeInclusive<u64> {
    let (low, high) = sum.map_or((0, 0), RangeInclusive::into_inner);
    low + more.start()..=high + more.end()
}

/// `saves about 40–90 MB`, and `rebuilds after a source change skip 3 installs`.
pub fn sentences(estimate: &Estimate) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(bytes) = &estimate.bytes {
        all.push(format!("saves {}", range(bytes)));
    }
    if !estimate.spared.is_empty() {
        all.push(format!("rebuilds after a source change skip {}", count(estimate.spared.len(), "install")));
    }
    all
}

/// `about 40–90 MB`, `up to 90 MB`
fn range(bytes: &RangeInclusive<u64>) -> String {
    let (low, high) = (megabytes(*bytes.start()), megabytes(*bytes.end()));
    match low {
        0 => format!("up to {high} MB"),
        _ if low == high => format!("about {low} MB"),
        _ => format!("about {low}–{high} MB"),
    }
}

/// Two digits are enough for an estimate.
fn megabytes(bytes: u64) -> u64 {
    let number = bytes.div_ceil(1_000_000);
    if number < 100 { number } else { number.div_ceil(10) * 10 }
}

/// An estimate for programs; `None` if nothing is known.
pub fn value(estimate: &Estimate) -> Option<Value> {
    let mut value = json!({});
    if let Some(bytes) = &estimate.bytes {
        value["bytes"] = json!({ "low": bytes.start(), "high": bytes.end() });
    }
    if !estimate.spared.is_empty() {
        value["skipped_steps"] = json!(estimate.spared);
    }
    (value != json!({})).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_two_digits() {
        assert_eq!(range(&(19_000_000..=24_000_000)), "about 19–24 MB");
        assert_eq!(range(&(20_000_000..=20_000_000)), "about 20 MB");
        assert_eq!(range(&(0..=7_000_000)), "up to 7 MB");
        assert_eq!(range(&(98_000_000..=341_000_000)), "about 98–350 MB");
    }
}

//! Medians, spread and the page that shows them.

use std::time::Duration;

/// The times of both versions, in the order in which they were measured.
#[derive(Default)]
pub struct Comparison {
    pub before: Vec<Duration>,
    pub after: Vec<Duration>,
}

impl Comparison {
    /// By how much the median is shorter: 0.8 is four fifths, less than nothing is longer.
    fn reduction(&self) -> f64 {
        1.0 - median(&self.after) / median(&self.before)
    }
}

/// One application.
pub struct Row {
    pub name: &'static str,
    pub source: Comparison,
    pub manifest: Comparison,
}

/// The whole of docs/rebuilds.md.
pub fn page(rows: &[Row], runs: usize, engine: &str) -> String {
    let mut page = format!(
        "# Rebuild times\n\n\
         How long `docker buildx build` takes after a change, for the applications in [examples](../examples): with the Dockerfile as written,\n\
         and as `jettison fix --write` leaves it, with its default settings. Medians of {runs} runs in which both take turns, with the shortest\n\
         and the longest in brackets; base images and build cache are warm. What changes is a comment in one source file of each build context,\n\
         or one in its manifest (a field that nobody reads where the format has no comments). Docker Engine {engine}.\n\n\
         Made by `UPDATE_DOCS=1 cargo bench --bench rebuild`. That both images are the same is shown by `cargo test --test lab`.\n\n\
         | application | source changed: before | after | change | manifest changed: before | after | change |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for Row { name, source, manifest } in rows {
        page += &format!("| [{name}](../examples/{name}) | {} | {} |\n", cells(source), cells(manifest));
    }
    page += &format!(
        "| **mean** | | | **{}** | | | **{}** |\n",
        percent(mean(rows.iter().map(|row| row.source.reduction()))),
        percent(mean(rows.iter().map(|row| row.manifest.reduction())))
    );
    page
}

fn cells(comparison: &Comparison) -> String {
    let times = |durations: &[Duration]| {
        let seconds = durations.iter().map(Duration::as_secs_f64);
        let (least, most) = (seconds.clone().fold(f64::MAX, f64::min), seconds.fold(0.0, f64::max));
        format!("{:.1} s ({least:.1}–{most:.1})", median(durations))
    };
    let Comparison { before, after } = comparison;
    format!("{} | {} | {}", times(before), times(after), percent(comparison.reduction()))
}

/// A reduction as a change, as people write it: −80 %, +3 %.
fn percent(reduction: f64) -> String {
    let change = (-100.0 * reduction).round();
    let sign = if change < 0.0 {
        "−"
    } else if change > 0.0 {
        "+"
    } else {
        "±"
    };
    format!("{sign}{} %", change.abs())
}

fn median(durations: &[Duration]) -> f64 {
    let mut sorted: Vec<f64> = durations.iter().map(Duration::as_secs_f64).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

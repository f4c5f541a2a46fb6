//! How many fixes each transform makes: `--statistics`.

use std::io::{self, Write};

use crate::report::{FileReport, Format, measured};
use crate::transform::{Applicability, Transform};

/// `--statistics`
pub const FORMAT: Format = Format {
    name: "statistics",
    alias: None,
    about: "The number of fixes of each transform",
    write: |out, reports, _| write(out, reports),
};

/// Writes a line for each transform that made a fix, the most frequent one first.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    let mut counts: Vec<(usize, &Transform)> = Vec::new();
    for (step, _) in reports.iter().flat_map(FileReport::fixes_by_place) {
        match counts.iter_mut().find(|(_, known)| known.id == step.transform.id) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, step.transform)),
        }
    }
    counts.sort_by_key(|(count, transform)| (std::cmp::Reverse(*count), transform.id));
    let width = counts.iter().map(|(_, transform)| transform.id.len()).max().unwrap_or_default();
    for (count, transform) in counts {
        let mark = if transform.applicability == Applicability::Safe { "" } else { " [unsafe]" };
        writeln!(out, "{count:>5}  {:width$}  {}{mark}", transform.id, transform.summary())?;
    }
    let mut measured = reports.iter().filter_map(|report| report.measured.as_ref());
    measured.try_for_each(|figures| measured::human(out, figures))
}

//! What a comparison of two images found, for people.

use std::io::{self, Write};

use super::measured::size;
use crate::measure::verify::Finding;

/// Writes what was tried, what differs and what is broken.
pub fn human(out: &mut impl Write, path: &str, finding: &Finding, broken: &[String]) -> io::Result<()> {
    let verdict = if broken.is_empty() { "works as before" } else { "does not work as before" };
    writeln!(out, "{path}: {verdict}")?;
    for line in broken {
        writeln!(out, "  broken: {}", line.trim_end().replace('\n', "\n    "))?;
    }
    for tried in finding.tried.iter().filter(|tried| tried.is_same) {
        writeln!(out, "  the same: {}", tried.what)?;
    }
    for line in finding.configuration.iter().filter(|line| !broken.contains(line)) {
        writeln!(out, "  configuration: {line}")?;
    }
    for group in &finding.files.groups {
        let parts = [("gone", group.gone), ("new", group.came)];
        let parts = parts.iter().filter(|(_, (count, _))| *count > 0);
        let mut parts: Vec<String> =
            parts.map(|(what, (count, bytes))| format!("{count} {what} ({})", size(*bytes))).collect();
        if group.changed > 0 {
            parts.push(format!("{} changed", group.changed));
        }
        writeln!(out, "  files, {}: {}", group.cause.name(), parts.join(", "))?;
        if group.cause == crate::measure::verify::Cause::Application {
            group.examples.iter().try_for_each(|example| writeln!(out, "    {example}"))?;
        }
    }
    Ok(())
}

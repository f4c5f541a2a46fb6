//! The result of comparing two images, for people and programs.

use std::io::{self, Write};

use serde_json::json;

use super::measured::size;
use crate::escape;
use crate::measure::verify::Finding;

/// Writes the checks, the differences and the failures.
pub fn human(out: &mut impl Write, path: &str, platform: Option<&str>, finding: &Finding) -> io::Result<()> {
    let broken = &finding.broken;
    let verdict = if broken.is_empty() { "works as before" } else { "does not work as before" };
    let platform = platform.map_or(String::new(), |name| format!(" on {name}"));
    writeln!(out, "{}: {verdict}{}", escape::line(path), escape::line(&platform))?;
    for line in broken {
        writeln!(out, "  broken: {}", escape::lines(line.trim_end()).replace('\n', "\n    "))?;
    }
    for tried in finding.tried.iter().filter(|tried| tried.is_same) {
        writeln!(out, "  the same: {}", escape::line(&tried.what))?;
    }
    for line in finding.configuration.iter().filter(|line| !broken.contains(line)) {
        writeln!(out, "  configuration: {}", escape::line(line))?;
    }
    for group in &finding.files.groups {
        let parts = [("removed", group.gone), ("added", group.came)];
        let parts = parts.iter().filter(|(_, (count, _))| *count > 0);
        let mut parts: Vec<String> =
            parts.map(|(what, (count, bytes))| format!("{count} {what} ({})", size(*bytes))).collect();
        if group.changed > 0 {
            parts.push(format!("{} changed", group.changed));
        }
        writeln!(out, "  files, {}: {}", group.cause.name(), parts.join(", "))?;
        if group.cause == crate::measure::verify::Cause::Application {
            group.examples.iter().try_for_each(|example| writeln!(out, "    {}", escape::line(example)))?;
        }
    }
    Ok(())
}

/// Writes one JSON document and a line break.
pub fn json(out: &mut impl Write, path: &str, platform: Option<&str>, finding: &Finding) -> io::Result<()> {
    let count = |(count, bytes): (usize, u64)| json!({ "count": count, "size": bytes });
    let files = finding.files.groups.iter().map(|group| {
        json!({
            "cause": group.cause.name(),
            "gone": count(group.gone),
            "new": count(group.came),
            "changed": group.changed,
            "examples": group.examples,
        })
    });
    let tried = finding.tried.iter().map(|tried| json!({ "what": tried.what, "same": tried.is_same }));
    let lacking = finding.lacking.iter().map(|one| json!({ "package": one.package, "because": one.why }));
    let document = json!({
        "version": 1,
        "path": path,
        "platform": platform,
        "works": finding.broken.is_empty(),
        "broken": finding.broken,
        "lacking": lacking.collect::<Vec<_>>(),
        "configuration": finding.configuration,
        "files": files.collect::<Vec<_>>(),
        "tried": tried.collect::<Vec<_>>(),
    });
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

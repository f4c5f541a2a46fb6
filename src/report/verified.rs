//! The result of comparing two images, for people and programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::measured::{change, number, size};
use crate::escape;
use crate::measure::verify::Finding;

/// What a comparison of two images has shown.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// The size of the original image in bytes.
    pub before: u64,
    /// The size of the new image in bytes; 0 if it does not build.
    pub after: u64,
    /// The checks and the differences.
    pub finding: Finding,
    /// Why it is not known which files the checks use, for all or some; empty if it is.
    pub untraced: String,
    /// Whether a HEALTHCHECK or a smoke command tests more than the start of the container.
    pub is_tested: bool,
}

impl Verified {
    /// A version that could not be tried.
    pub fn failed(reason: String) -> Self {
        Self { finding: Finding { broken: vec![reason], ..Finding::default() }, ..Self::default() }
    }
}

/// `735.0 MB → 230.1 MB (−69 %); verified: `app --version`, HEALTHCHECK, 1204 files`
pub fn line(verified: &Verified) -> String {
    let Verified { before, after, finding, untraced, .. } = verified;
    let change = change(number(*before), number(*after));
    let change = if change.starts_with('−') { format!(" ({change})") } else { String::new() };
    let tried: Vec<String> =
        finding.tried.iter().map(|tried| escape::line(&tried.what).into_owned()).collect();
    let untraced = if untraced.is_empty() {
        String::new()
    } else {
        format!("; not known which files are used: {}", escape::line(untraced))
    };
    format!("{} → {}{change}; verified: {}{untraced}", size(*before), size(*after), tried.join(", "))
}

/// What to do if only the start of the container was tested.
pub const UNTESTED: &str = "only the start of the container was tested; a HEALTHCHECK, or --smoke with a command that uses the application, tests more";

/// Writes the checks, the differences and the failures.
pub fn human(
    out: &mut impl Write,
    path: &str,
    platform: Option<&str>,
    verified: &Verified,
) -> io::Result<()> {
    let finding = &verified.finding;
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
    if !verified.untraced.is_empty() {
        writeln!(out, "  not known: which files are used, because {}", escape::line(&verified.untraced))?;
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
pub fn json(out: &mut impl Write, path: &str, platform: Option<&str>, verified: &Verified) -> io::Result<()> {
    let mut document = json!({ "version": 1, "path": path, "platform": platform });
    if let (Some(document), Value::Object(verified)) = (document.as_object_mut(), value(verified)) {
        document.extend(verified);
    }
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

/// The members of a comparison.
pub(super) fn value(verified: &Verified) -> Value {
    let Verified { before, after, finding, untraced, is_tested } = verified;
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
    let lacking = finding
        .lacking
        .iter()
        .map(|required| json!({ "package": required.package, "because": required.why }));
    json!({
        "works": finding.broken.is_empty(),
        "before": { "size": before },
        "after": { "size": after },
        "broken": finding.broken,
        "lacking": lacking.collect::<Vec<_>>(),
        "configuration": finding.configuration,
        "files": files.collect::<Vec<_>>(),
        "tried": tried.collect::<Vec<_>>(),
        "tested": is_tested,
        "used": finding.used,
        "used_size": finding.used_size,
        "untraced": if untraced.is_empty() { Value::Null } else { Value::from(untraced.as_str()) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::verify::Tried;

    #[test]
    fn one_line_says_what_was_shown() {
        let tried = |what: &str| Tried { what: what.into(), is_same: true };
        let finding =
            Finding { tried: vec![tried("HEALTHCHECK"), tried("`app --version`")], ..Finding::default() };
        let mut verified =
            Verified { before: 735_000_000, after: 230_100_000, finding, ..Verified::default() };
        assert_eq!(line(&verified), "735.0 MB → 230.1 MB (−69 %); verified: HEALTHCHECK, `app --version`");
        verified.after = 735_000_100;
        verified.untraced = "no tracer".into();
        let expected = "735.0 MB → 735.0 MB; verified: HEALTHCHECK, `app --version`; not known which files are used: no tracer";
        assert_eq!(line(&verified), expected);
    }
}

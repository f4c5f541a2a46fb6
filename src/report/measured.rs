//! Measurements for people and programs: a table with bars, JSON, Markdown for a pull request, and
//! an HTML page.

mod html;
mod markdown;

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::escape;
use crate::measure::{Figures, Rebuild, Times};

pub use html::page;
pub use markdown::markdown;

/// All measurements of one Dockerfile.
#[derive(Debug)]
pub struct Measured {
    /// The displayed path.
    pub path: String,
    /// The displayed path of the second version; `None` for the result of `fix`.
    pub after: Option<String>,
    /// The differences of the two versions as a unified diff.
    pub diff: String,
    /// The container engine: "Docker Engine 28.5".
    pub engine: String,
    /// The day of the measurement: `2026-11-27`.
    pub date: String,
    /// One entry per platform; the engine's default platform has no name.
    pub platforms: Vec<Platform>,
}

impl Measured {
    /// How often each build was timed.
    pub fn runs(&self) -> usize {
        let figures = self.platforms.iter().filter_map(|platform| platform.figures.as_ref().ok());
        figures.map(|(before, _)| before.cold.0.len()).max().unwrap_or_default()
    }

    /// `Dockerfile → Dockerfile.b`
    fn versions(&self) -> String {
        format!("{} → {}", self.path, self.after.as_deref().unwrap_or("the result of `jettison fix`"))
    }
}

/// Before and after on one platform.
#[derive(Debug)]
pub struct Platform {
    /// `linux/arm64`; `None` for the engine's default platform.
    pub name: Option<String>,
    /// The figures, or why it could not be measured.
    pub figures: Result<(Figures, Figures), String>,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    what: String,
    before: String,
    after: String,
    change: String,
}

/// The table's lines.
fn rows(before: &Figures, after: &Figures) -> Vec<Row> {
    let row = |what: &str, before: String, after: String, change: String| Row {
        what: what.into(),
        before,
        after,
        change,
    };
    let bytes = |what: &str, a: u64, b: u64| row(what, size(a), size(b), change(number(a), number(b)));
    let times = |what: &str, a: &Times, b: &Times| {
        let each = |times: &Times| format!("{} s", round(times.median()));
        let mut rows = vec![row(what, each(a), each(b), change_of_times(a, b))];
        if a.0.len() > 1 || b.0.len() > 1 {
            rows.push(row("  range", range(a), range(b), String::new()));
        }
        rows
    };
    let mut rows = vec![
        bytes("size, unpacked", before.size, after.size),
        bytes("size if squashed", before.squashed, after.squashed),
    ];
    if let (Some(a), Some(b)) = (&before.transport, &after.transport) {
        for (a, b) in a.compressed.iter().zip(&b.compressed) {
            rows.push(bytes(&format!("size, {}", a.name), a.size, b.size));
            let spent = |took| format!("{} s", round(took));
            rows.push(row("  time to compress", spent(a.took), spent(b.took), String::new()));
        }
    }
    let layers = |figures: &Figures| figures.layers.len().to_string();
    rows.push(row("layers", layers(before), layers(after), String::new()));
    rows.extend(times("clean build", &before.cold, &after.cold));
    for (a, b) in before.rebuilds.iter().zip(&after.rebuilds) {
        rows.extend(times(&format!("rebuild, {} changed", a.what), &a.took, &b.took));
        if a.steps > 0 || b.steps > 0 {
            let cached = |rebuild: &Rebuild| format!("{} of {}", rebuild.cached, rebuild.steps);
            rows.push(row("  steps cached", cached(a), cached(b), String::new()));
            let saved = |rebuild: &Rebuild| format!("{} s", round(rebuild.spared));
            rows.push(row("  time that they save", saved(a), saved(b), String::new()));
        }
    }
    rows
}

/// What a reader must know to judge the figures.
fn notes(before: &Figures, after: &Figures) -> Vec<String> {
    let mut notes = Vec::new();
    let changed: Vec<String> = before
        .rebuilds
        .iter()
        .map(|rebuild| format!("{} ({})", escape::line(&rebuild.path), rebuild.what))
        .collect();
    if !changed.is_empty() {
        notes.push(format!("changed for the rebuilds: {}", changed.join(", ")));
    }
    if before.cold.0.len() < 2 || after.cold.0.len() < 2 {
        notes.push(
            "each build was timed once, so durations are not compared; --runs 3 times them again".into(),
        );
    }
    let rebuilds = before.rebuilds.iter().chain(&after.rebuilds);
    let lost = rebuilds.map(|rebuild| rebuild.lost).max().unwrap_or_default();
    if lost > 0 {
        notes.push(format!(
            "warning: the build cache was lost ({} above every COPY ran again); ignore the rebuild times",
            counted(lost, "step")
        ));
    }
    notes
}

/// `735.0 MB → 230.1 MB (−69 %)`
fn headline(before: &Figures, after: &Figures) -> String {
    let change = change(number(before.size), number(after.size));
    format!("{} → {} ({change})", size(before.size), size(after.size))
}

/// Writes a table and the layers as bars, in lines of at most 80 columns.
pub fn human(out: &mut dyn Write, measured: &Measured) -> io::Result<()> {
    let engine = escape::line(&measured.engine);
    writeln!(out, "{} ({engine}; {})", escape::line(&measured.versions()), counted(measured.runs(), "run"))?;
    for platform in &measured.platforms {
        if let Some(name) = &platform.name {
            writeln!(out, "\n{}", escape::line(name))?;
        }
        let (before, after) = match &platform.figures {
            Ok(figures) => figures,
            Err(reason) => {
                writeln!(out, "not measured: {}", escape::lines(reason))?;
                continue;
            }
        };
        let rows = rows(before, after);
        let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (first, second, third) =
            (width(|row| &row.what), width(|row| &row.before).max(6), width(|row| &row.after).max(5));
        writeln!(out, "\n{:first$}  {:>second$}  {:>third$}", "", "before", "after")?;
        for row in &rows {
            let line = format!(
                "{:first$}  {:>second$}  {:>third$}  {}",
                row.what, row.before, row.after, row.change
            );
            writeln!(out, "{}", line.trim_end())?;
        }
        for note in notes(before, after) {
            writeln!(out, "{note}")?;
        }
        let largest = largest(before, after);
        for (name, figures) in [("before", before), ("after", after)] {
            writeln!(out, "\nlayers {name}{}", without_empty(figures))?;
            for layer in figures.layers.iter().filter(|layer| layer.size > 0) {
                let bar = bar(layer.size, largest);
                writeln!(out, "{:>10}  {bar}  {}", size(layer.size), shortened(&layer.created_by, 46))?;
            }
        }
    }
    Ok(())
}

/// The size of the largest layer, at least 1.
fn largest(before: &Figures, after: &Figures) -> u64 {
    before.layers.iter().chain(&after.layers).map(|layer| layer.size).max().unwrap_or(1).max(1)
}

/// How many layers are not listed.
fn without_empty(figures: &Figures) -> String {
    match figures.layers.iter().filter(|layer| layer.size == 0).count() {
        0 => String::new(),
        empty => format!(" (and {} without files)", counted(empty, "layer")),
    }
}

/// Writes one JSON document and a line break.
pub fn json(out: &mut impl Write, measured: &Measured) -> io::Result<()> {
    let mut document = json!({ "version": 1 });
    if let (Some(document), Value::Object(measured)) = (document.as_object_mut(), value(measured)) {
        document.extend(measured);
    }
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

/// The figures for programs, in bytes and seconds.
pub(super) fn value(measured: &Measured) -> Value {
    let platforms = measured.platforms.iter().map(|platform| match &platform.figures {
        Ok((before, after)) => {
            json!({ "platform": platform.name, "before": figures(before), "after": figures(after) })
        }
        Err(reason) => json!({ "platform": platform.name, "error": reason }),
    });
    json!({
        "path": measured.path,
        "engine": measured.engine,
        "after": measured.after,
        "date": measured.date,
        "runs": measured.runs(),
        "platforms": platforms.collect::<Vec<_>>(),
    })
}

fn figures(figures: &Figures) -> Value {
    let times = |times: &Times| {
        let all: Vec<f64> = times.0.iter().map(Duration::as_secs_f64).collect();
        json!({ "median": times.median().as_secs_f64(), "all": all })
    };
    let layers =
        figures.layers.iter().map(|layer| json!({ "size": layer.size, "created_by": layer.created_by }));
    let compressed = figures.transport.iter().flat_map(|all| &all.compressed).map(
        |result| json!({ "name": result.name, "size": result.size, "seconds": result.took.as_secs_f64() }),
    );
    let rebuilds = figures.rebuilds.iter().map(|rebuild| {
        json!({
            "changed": rebuild.path,
            "kind": rebuild.what,
            "seconds": times(&rebuild.took),
            "steps": rebuild.steps,
            "cached": rebuild.cached,
            "spared": rebuild.spared.as_secs_f64(),
        })
    });
    json!({
        "size": figures.size,
        "squashed": figures.squashed,
        "layers": layers.collect::<Vec<_>>(),
        "compressed": compressed.collect::<Vec<_>>(),
        "cold": times(&figures.cold),
        "rebuilds": rebuilds.collect::<Vec<_>>(),
    })
}

/// `228.2 MB`: a million bytes, as Docker counts.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", number(bytes) / 1e3),
        1_000_000..10_000_000_000 => format!("{:.1} MB", number(bytes) / 1e6),
        _ => format!("{:.1} GB", number(bytes) / 1e9),
    }
}

/// Bytes as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "what is shown has four digits")]
pub(super) fn number(bytes: u64) -> f64 {
    bytes as f64
}

/// `11.9–13.0 s`
fn range(times: &Times) -> String {
    let (shortest, longest) = times.spread();
    format!("{}–{} s", round(shortest), round(longest))
}

/// The change of the median, if there are several runs and their ranges do not overlap.
fn change_of_times(before: &Times, after: &Times) -> String {
    if before.0.len() < 2 || after.0.len() < 2 {
        String::new()
    } else if before.overlaps(after) {
        "ranges overlap".to_owned()
    } else {
        change(before.median().as_secs_f64(), after.median().as_secs_f64())
    }
}

fn round(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// `−69 %`, `−0.7 %`; `+0 %` if there is no change worth a number.
pub(super) fn change(before: f64, after: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    let share = (after - before) / before * 100.0;
    // A typographic minus sign.
    let sign = if share < 0.0 { '−' } else { '+' };
    match share.abs() {
        ..0.05 => "+0 %".to_owned(),
        share @ ..0.95 => format!("{sign}{share:.1} %"),
        share => format!("{sign}{share:.0} %"),
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A bar whose length is proportional to the largest size, padded to its width.
pub(super) fn bar(bytes: u64, largest: u64) -> String {
    match usize::try_from(bytes * 20 / largest).unwrap_or(20) {
        0 if bytes > 0 => format!("{:20}", "▏"),
        length => format!("{:20}", "█".repeat(length)),
    }
}

/// The start of a long line, with invisible characters made visible.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = escape::line(&line);
    if line.chars().count() <= most {
        line.into_owned()
    } else {
        line.chars().take(most - 1).collect::<String>() + "…"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            (size(0), size(1_500), size(228_190_000)),
            ("0 B".into(), "1.5 kB".into(), "228.2 MB".into())
        );
        assert_eq!(
            (change(100.0, 31.0), change(10.0, 12.0), change(10.0, 10.0)),
            ("−69 %".into(), "+20 %".into(), "+0 %".into())
        );
        assert_eq!((change(711.3, 706.5), change(1000.0, 999.8)), ("−0.7 %".into(), "+0 %".into()));
        assert_eq!(shortened("a  b\n c", 4), "a b…");
        assert_eq!(
            [bar(0, 100), bar(15, 19_000), bar(19_000, 19_000)].map(|bar| bar.trim_end().to_owned()),
            [String::new(), "▏".into(), "█".repeat(20)]
        );
    }

    /// D5: equal work under load has no percentage.
    #[test]
    fn durations_are_compared_only_if_their_ranges_are_apart() {
        let times = |all: &[u64]| Times(all.iter().copied().map(Duration::from_secs).collect());
        assert_eq!(change_of_times(&times(&[5]), &times(&[2])), "");
        assert_eq!(change_of_times(&times(&[4, 6, 5]), &times(&[3, 4, 2])), "ranges overlap");
        assert_eq!(change_of_times(&times(&[10, 9]), &times(&[4, 6])), "−47 %");
        assert_eq!(range(&times(&[4, 6])), "4.0–6.0 s");
    }

    fn example() -> Measured {
        let layer = |created_by: &str, size| crate::measure::Figure { created_by: created_by.into(), size };
        let times = |all: &[u64]| Times(all.iter().copied().map(Duration::from_secs).collect());
        let figures = |layers: Vec<crate::measure::Figure>, cold: &[u64], cached| Figures {
            size: layers.iter().map(|layer| layer.size).sum(),
            squashed: 200_000_000,
            layers,
            transport: None,
            cold: times(cold),
            rebuilds: vec![Rebuild {
                what: "source file",
                path: "notes/__init__.py".into(),
                took: times(&[40, 45, 41]),
                cached,
                steps: 17,
                spared: Duration::from_millis(306_600),
                lost: usize::from(cached == 0),
            }],
        };
        let base = || layer("/bin/sh -c #(nop) ADD file:0123456789 in /", 124_000_000);
        let before = vec![
            base(),
            layer("RUN apt-get update && apt-get install -y gcc", 610_000_000),
            layer("WORKDIR /app", 0),
        ];
        let after = vec![base(), layer("COPY . .", 15)];
        Measured {
            path: "examples/flask/Dockerfile".into(),
            after: None,
            diff: "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1 +1 @@\n-FROM <a>\n+FROM b\n".into(),
            engine: "container engine 28.5".into(),
            date: "2026-11-27".into(),
            platforms: vec![Platform {
                name: None,
                figures: Ok((figures(before, &[205, 199, 230], 0), figures(after, &[100, 98, 99], 13))),
            }],
        }
    }

    /// D8: the table fits 80 columns, and names both versions.
    #[test]
    fn the_table_fits_a_terminal() {
        let mut out = Vec::new();
        human(&mut out, &example()).expect("it is written");
        let text = String::from_utf8(out).expect("UTF-8");
        let table = "
                                 before        after
size, unpacked                 734.0 MB     124.0 MB  −83 %
size if squashed               200.0 MB     200.0 MB  +0 %
layers                                3            2
clean build                     205.0 s       99.0 s  −52 %
  range                   199.0–230.0 s  98.0–100.0 s
rebuild, source file changed     41.0 s       41.0 s  ranges overlap
  range                     40.0–45.0 s  40.0–45.0 s
  steps cached                  0 of 17     13 of 17
  time that they save           306.6 s      306.6 s
";
        let lines = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        let all = lines(&text);
        assert_eq!(
            all[0],
            "examples/flask/Dockerfile → the result of `jettison fix` (container engine 28.5; 3 runs)"
        );
        assert_eq!(all[1..12], lines(table)[..], "{text}");
        assert!(
            text.contains("warning: the build cache was lost (1 step above every COPY ran again)"),
            "{text}"
        );
        assert!(text.contains("layers before (and 1 layer without files)\n"), "{text}");
        for line in text.lines().skip(1).filter(|line| !line.starts_with("warning")) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    /// The page has everything that its reader asks first, and nothing of it is code.
    #[test]
    fn the_page_has_a_headline_and_the_diff() {
        let mut out = Vec::new();
        page(&mut out, &example()).expect("it is written");
        let text = String::from_utf8(out).expect("UTF-8");
        for part in [
            "734.0\u{a0}MB → 124.0\u{a0}MB",
            "−83\u{a0}%",
            "2026-11-27",
            "container engine 28.5",
            "−FROM &lt;a&gt;",
            "unchanged",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("<script") && !text.contains("http"), "{text}");
    }
}

//! Measurements for people and programs: a table with bars, JSON, Markdown for a pull request, and
//! an HTML page.

mod html;
mod markdown;

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::escape;
use crate::measure::{Figures, Times};

pub use html::page;
pub use markdown::markdown;

/// All measurements of one Dockerfile.
#[derive(Debug)]
pub struct Measured {
    /// The displayed path.
    pub path: String,
    /// The container engine: "Docker Engine 28.5".
    pub engine: String,
    /// One entry per platform; the engine's default platform has no name.
    pub platforms: Vec<Platform>,
    /// How often each build was timed.
    pub runs: usize,
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
    let bytes = |what: &str, a: u64, b: u64| Row {
        what: what.into(),
        before: size(a),
        after: size(b),
        change: change(number(a), number(b)),
    };
    let times = |what: String, a: &Times, b: &Times| Row {
        what,
        before: seconds(a),
        after: seconds(b),
        change: change(a.median().as_secs_f64(), b.median().as_secs_f64()),
    };
    let mut rows = vec![
        bytes("size, unpacked", before.size, after.size),
        bytes("size if squashed", before.squashed, after.squashed),
    ];
    if let (Some(a), Some(b)) = (&before.transport, &after.transport) {
        for (a, b) in a.compressed.iter().zip(&b.compressed) {
            let mut row = bytes(&format!("size, {}", a.name), a.size, b.size);
            row.before += &format!(" ({} s)", round(a.took));
            row.after += &format!(" ({} s)", round(b.took));
            rows.push(row);
        }
    }
    rows.push(Row {
        what: "layers".into(),
        before: before.layers.len().to_string(),
        after: after.layers.len().to_string(),
        change: String::new(),
    });
    rows.push(times("clean build".into(), &before.cold, &after.cold));
    for (a, b) in before.rebuilds.iter().zip(&after.rebuilds) {
        rows.push(times(
            format!("rebuild after a change to {} ({})", a.what, escape::line(&a.path)),
            &a.took,
            &b.took,
        ));
        if a.steps > 0 || b.steps > 0 {
            rows.push(Row {
                what: "  steps cached".into(),
                before: format!("{} of {} (saves {} s)", a.cached, a.steps, round(a.spared)),
                after: format!("{} of {} (saves {} s)", b.cached, b.steps, round(b.spared)),
                change: String::new(),
            });
        }
    }
    rows
}

/// Writes a table and the layers as bars.
pub fn human(out: &mut dyn Write, measured: &Measured) -> io::Result<()> {
    let (path, engine) = (escape::line(&measured.path), escape::line(&measured.engine));
    writeln!(out, "{path} ({engine}; {})", counted(measured.runs, "run"))?;
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
            writeln!(
                out,
                "{:first$}  {:>second$}  {:>third$}  {}",
                row.what, row.before, row.after, row.change
            )?;
        }
        let largest =
            before.layers.iter().chain(&after.layers).map(|layer| layer.size).max().unwrap_or(1).max(1);
        for (name, figures) in [("before", before), ("after", after)] {
            writeln!(out, "\nlayers {name}")?;
            for layer in &figures.layers {
                let bar = bar(layer.size, largest);
                writeln!(out, "{:>10}  {bar}  {}", size(layer.size), shortened(&layer.created_by, 70))?;
            }
        }
    }
    Ok(())
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
        "runs": measured.runs,
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
fn number(bytes: u64) -> f64 {
    bytes as f64
}

fn seconds(times: &Times) -> String {
    let (shortest, longest) = times.spread();
    if times.0.len() < 2 {
        return format!("{} s", round(times.median()));
    }
    format!("{} s ({}–{})", round(times.median()), round(shortest), round(longest))
}

fn round(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn change(before: f64, after: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    let share = (after - before) / before * 100.0;
    // A typographic minus sign.
    if share < -0.5 { format!("−{:.0} %", -share) } else { format!("+{:.0} %", share.max(0.0)) }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A bar whose length is proportional to the largest size, padded to its width.
pub(super) fn bar(bytes: u64, largest: u64) -> String {
    let length = usize::try_from(bytes * 20 / largest).unwrap_or(20);
    format!("{:20}", "█".repeat(length.max(usize::from(bytes > 0))))
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
        assert_eq!(shortened("a  b\n c", 4), "a b…");
    }
}

//! Measurements as one self-contained page: no script, no font, no network.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Measured, change, counted, largest, notes, number, rows, shortened, size, without_empty};
use crate::escape;
use crate::measure::{Figure, Figures};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2430;--soft:#5d6470;--line:#d8dce3;--paper:#fff;--before:#c2703d;--after:#2f7d6d;--same:#a9b0bc;--gone:#fbe9e7;--new:#e3f3ec}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ec;--soft:#9aa2b1;--line:#363c49;--paper:#16191f;--before:#d98c5f;--after:#5bb3a1;--same:#5a6271;--gone:#3d2420;--new:#17342c}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1rem;font-weight:normal;margin:0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}p,footer{color:var(--soft)}
.headline{font-size:clamp(1.5rem,6vw,2.6rem);line-height:1.2;color:var(--ink);margin:.3rem 0 1rem;font-weight:600}.headline b{color:var(--after)}
.whole{display:flex;height:1.6rem;margin:.3rem 0;gap:1px}.whole span{display:block;min-width:1px;border-radius:1px}
.before .whole span{background:var(--before)}.after .whole span{background:var(--after)}.before .whole .same,.after .whole .same{background:var(--same)}
.label{font-size:.85rem;color:var(--soft)}
table{border-collapse:collapse;width:100%;margin-top:1.5rem}
td,th{padding:.35rem .6rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}td:first-child,th:first-child{text-align:left}
.part td{color:var(--soft);font-size:.9em}.part td:first-child{padding-left:1.5rem}
.layers{display:grid;grid-template-columns:1fr 1fr;gap:2rem}
@media(max-width:40rem){td,th{padding:.3rem .2rem;font-size:.8rem}.part td:first-child{padding-left:.7rem}.part td{font-size:.8rem}.layers{grid-template-columns:1fr;gap:0}}
ol{list-style:none;padding:0;margin:0}li{margin:.6rem 0}
.bar{display:block;height:.7rem;min-width:2px;border-radius:2px}.before .bar{background:var(--before)}.after .bar{background:var(--after)}.before .same .bar,.after .same .bar{background:var(--same)}
code,pre{font:.85rem/1.45 ui-monospace,monospace}code{overflow-wrap:anywhere}.size{font-variant-numeric:tabular-nums;margin-right:.6rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:4px;padding:.5rem 0}
pre span{display:block;padding:0 .7rem}pre .gone{background:var(--gone)}pre .new{background:var(--new)}pre .place{color:var(--soft)}
";

/// Writes the page.
pub fn page(out: &mut impl Write, measured: &Measured) -> io::Result<()> {
    let mut body = String::new();
    section(&mut body, measured);
    let title = escaped(&measured.path);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>{title}: images before and after</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn section(body: &mut String, measured: &Measured) {
    let _ = writeln!(body, "<main>\n<h1>{}</h1>", escaped(&measured.versions().replace('`', "")));
    for platform in &measured.platforms {
        if let Some(name) = &platform.name {
            let _ = writeln!(body, "<h2>{}</h2>", escaped(name));
        }
        match &platform.figures {
            Ok((before, after)) => figures(body, before, after),
            Err(reason) => {
                let _ = writeln!(body, "<p>Not measured: {}</p>", escaped(reason));
            }
        }
    }
    if !measured.diff.is_empty() {
        diff(body, &measured.diff);
    }
    let _ = writeln!(
        body,
        "<footer>Measured on {} with {}, {}, by Jettison {}.</footer>\n</main>",
        escaped(&measured.date),
        escaped(&measured.engine),
        counted(measured.runs(), "run"),
        env!("CARGO_PKG_VERSION")
    );
}

fn figures(body: &mut String, before: &Figures, after: &Figures) {
    let _ = writeln!(
        body,
        "<p class=\"headline\">{} → {} <b>{}</b></p>",
        figure(&size(before.size)),
        figure(&size(after.size)),
        figure(&change(number(before.size), number(after.size)))
    );
    let whole = before.size.max(after.size).max(1);
    for (name, figures, other) in [("before", before, after), ("after", after, before)] {
        let _ =
            write!(body, "<div class=\"{name}\"><span class=\"label\">{name}</span><div class=\"whole\">");
        for (layer, share, is_same) in layers(figures, other, whole) {
            let class = if is_same { " class=\"same\"" } else { "" };
            let _ = write!(
                body,
                "<span{class} style=\"width:{share:.2}%\" title=\"{}: {}\"></span>",
                size(layer.size),
                escaped(&shortened(&layer.created_by, 80))
            );
        }
        body.push_str("</div></div>\n");
    }
    if before.layers.iter().any(|layer| is_in(layer, after)) {
        body.push_str("<span class=\"label\">grey: layers that both images have</span>\n");
    }
    body.push_str("<table>\n<tr><th></th><th>before</th><th>after</th><th>change</th></tr>\n");
    for row in rows(before, after) {
        let cells = [&row.before, &row.after, &row.change].map(|cell| format!("<td>{}</td>", figure(cell)));
        let class = if row.what.starts_with(' ') { " class=\"part\"" } else { "" };
        let _ = writeln!(body, "<tr{class}><td>{}</td>{}</tr>", escaped(row.what.trim()), cells.concat());
    }
    body.push_str("</table>\n");
    for note in notes(before, after) {
        let _ = writeln!(body, "<p>{}</p>", escaped(&note));
    }
    let largest = largest(before, after);
    body.push_str("<div class=\"layers\">\n");
    for (name, figures, other) in [("before", before, after), ("after", after, before)] {
        let _ = writeln!(
            body,
            "<section class=\"{name}\">\n<h2>Layers {name}{}</h2>\n<ol>",
            without_empty(figures)
        );
        for (layer, share, is_same) in layers(figures, other, largest) {
            let (class, mark) = if is_same { (" class=\"same\"", ", unchanged") } else { ("", "") };
            let _ = writeln!(
                body,
                "<li{class}><span class=\"bar\" style=\"width:{share:.1}%\"></span><span class=\"size\">{}{mark}</span><code>{}</code></li>",
                size(layer.size),
                escaped(&shortened(&layer.created_by, 160))
            );
        }
        body.push_str("</ol>\n</section>\n");
    }
    body.push_str("</div>\n");
}

/// The layers that are not empty, each with its size as a percentage of `whole`, and whether the other
/// image has it too.
fn layers<'f>(
    figures: &'f Figures,
    other: &'f Figures,
    whole: u64,
) -> impl Iterator<Item = (&'f Figure, f64, bool)> {
    let layers = figures.layers.iter().filter(|layer| layer.size > 0);
    layers.map(move |layer| (layer, number(layer.size) / number(whole) * 100.0, is_in(layer, other)))
}

/// Whether the other image has the same layer.
fn is_in(layer: &Figure, other: &Figures) -> bool {
    other.layers.iter().any(|own| own.size == layer.size && own.created_by == layer.created_by)
}

/// The diff, with a typographic minus sign, which is as wide as a plus sign.
fn diff(body: &mut String, diff: &str) {
    body.push_str("<h2>Changes</h2>\n<pre>");
    for line in diff.lines().filter(|line| !line.starts_with("\\ No newline")) {
        let (class, text) = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] | [b'@', ..] => {
                ("place", line.to_owned())
            }
            [b'-', ..] => ("gone", format!("−{}", &line[1..])),
            [b'+', ..] => ("new", line.to_owned()),
            _ => ("", line.to_owned()),
        };
        let _ = write!(body, "<span class=\"{class}\">{}</span>", escaped(&text));
    }
    body.push_str("</pre>\n");
}

/// A figure in which lines break only before a bracket.
fn figure(text: &str) -> String {
    escaped(text).replace(' ', "\u{a0}").replace("\u{a0}(", " (")
}

fn escaped(text: &str) -> String {
    escape::lines(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("RUN a && echo \"<b>\""), "RUN a &amp;&amp; echo &quot;&lt;b&gt;&quot;");
    }
}

//! Measurements as one self-contained page: no script, no font, no network.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Measured, counted, number, rows, shortened, size};
use crate::escape;
use crate::measure::Figures;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2430;--soft:#6b7280;--line:#d8dce3;--paper:#fff;--before:#c2703d;--after:#2f7d6d}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ec;--soft:#9aa2b1;--line:#363c49;--paper:#16191f;--before:#d98c5f;--after:#5bb3a1}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}p,footer{color:var(--soft)}
.table{overflow-x:auto}table{border-collapse:collapse;width:100%}
td,th{padding:.35rem .6rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}td:first-child,th:first-child{text-align:left}
@media(max-width:40rem){td,th{padding:.3rem .25rem;font-size:.85rem}}
ol{list-style:none;padding:0;margin:0}li{margin:.5rem 0}
.bar{display:block;height:.8rem;min-width:2px;border-radius:2px}.before .bar{background:var(--before)}.after .bar{background:var(--after)}
code{font:.85rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere}.size{font-variant-numeric:tabular-nums;margin-right:.6rem}
";

/// Writes the page.
pub fn page(out: &mut impl Write, measured: &Measured) -> io::Result<()> {
    let mut body = String::new();
    section(&mut body, measured);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Images before and after</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn section(body: &mut String, measured: &Measured) {
    let _ = writeln!(body, "<main>\n<h1>{}</h1>", escaped(&measured.path));
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
    let _ = writeln!(
        body,
        "<footer>Measured with {}, {}.</footer>\n</main>",
        escaped(&measured.engine),
        counted(measured.runs, "run")
    );
}

fn figures(body: &mut String, before: &Figures, after: &Figures) {
    body.push_str(
        "<div class=\"table\"><table>\n<tr><th></th><th>before</th><th>after</th><th>change</th></tr>\n",
    );
    for row in rows(before, after) {
        let cells = [&row.before, &row.after, &row.change].map(|cell| format!("<td>{}</td>", figure(cell)));
        let _ = writeln!(body, "<tr><td>{}</td>{}</tr>", escaped(row.what.trim()), cells.concat());
    }
    body.push_str("</table></div>\n");
    let largest = before.layers.iter().chain(&after.layers).map(|layer| layer.size).max().unwrap_or(1).max(1);
    for (name, figures) in [("before", before), ("after", after)] {
        let _ = writeln!(body, "<h2>Layers {name}</h2>\n<ol class=\"{name}\">");
        for layer in &figures.layers {
            let share = number(layer.size) / number(largest) * 100.0;
            let _ = writeln!(
                body,
                "<li><span class=\"bar\" style=\"width:{share:.1}%\"></span><span class=\"size\">{}</span><code>{}</code></li>",
                size(layer.size),
                escaped(&shortened(&layer.created_by, 160))
            );
        }
        body.push_str("</ol>\n");
    }
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

//! Measurements as Markdown: a table, and the folded layers.

use std::io::{self, Write};

use super::super::inert;
use super::{Measured, counted, headline, notes, rows, shortened, size};

/// Writes a section.
pub fn markdown(out: &mut impl Write, measured: &Measured) -> io::Result<()> {
    writeln!(out, "### {}\n", inert::code(&measured.path))?;
    if let Some(after) = &measured.after {
        writeln!(out, "Compared with {}\n", inert::code(after))?;
    }
    for platform in &measured.platforms {
        if let Some(name) = &platform.name {
            writeln!(out, "**{}**\n", inert::plain(name))?;
        }
        let (before, after) = match &platform.figures {
            Ok(figures) => figures,
            Err(reason) => {
                writeln!(out, "Not measured: {}\n", inert::prose(reason.lines().next().unwrap_or_default()))?;
                continue;
            }
        };
        writeln!(out, "**{}**\n", headline(before, after))?;
        writeln!(out, "| | before | after | change |\n|---|---:|---:|---:|")?;
        for row in rows(before, after) {
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                inert::plain(row.what.trim()),
                row.before,
                row.after,
                row.change
            )?;
        }
        for note in notes(before, after) {
            writeln!(out, "\n{}", inert::prose(&note))?;
        }
        for (name, figures) in [("before", before), ("after", after)] {
            writeln!(
                out,
                "\n<details><summary>{} {name}</summary>\n",
                counted(figures.layers.len(), "layer")
            )?;
            writeln!(out, "| size | instruction |\n|---:|---|")?;
            for layer in figures.layers.iter().filter(|layer| layer.size > 0) {
                let text = inert::code(&shortened(&layer.created_by, 100));
                writeln!(out, "| {} | {text} |", size(layer.size))?;
            }
            writeln!(out, "\n</details>")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "Measured with {}, {}.\n", inert::plain(&measured.engine), counted(measured.runs(), "run"))
}

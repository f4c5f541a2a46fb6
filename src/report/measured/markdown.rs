//! Measured builds as Markdown: a table, and the layers folded away.

use std::io::{self, Write};

use super::{Measured, counted, rows, shortened, size};

/// Writes a section.
pub fn markdown(out: &mut impl Write, measured: &Measured) -> io::Result<()> {
    writeln!(out, "### `{}`\n", measured.path)?;
    for platform in &measured.platforms {
        if let Some(name) = &platform.name {
            writeln!(out, "**{name}**\n")?;
        }
        let (before, after) = match &platform.figures {
            Ok(figures) => figures,
            Err(reason) => {
                writeln!(out, "Not measured: {}\n", reason.lines().next().unwrap_or_default())?;
                continue;
            }
        };
        writeln!(out, "| | before | after | change |\n|---|---:|---:|---:|")?;
        for row in rows(before, after) {
            writeln!(out, "| {} | {} | {} | {} |", row.what.trim(), row.before, row.after, row.change)?;
        }
        for (name, figures) in [("before", before), ("after", after)] {
            writeln!(
                out,
                "\n<details><summary>{} {name}</summary>\n",
                counted(figures.layers.len(), "layer")
            )?;
            writeln!(out, "| size | instruction |\n|---:|---|")?;
            for layer in &figures.layers {
                let text = shortened(&layer.created_by, 100).replace('|', "\\|").replace('`', "'");
                writeln!(out, "| {} | `{text}` |", size(layer.size))?;
            }
            writeln!(out, "\n</details>")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "Measured with {}, {}.\n", measured.engine, counted(measured.runs, "run"))
}

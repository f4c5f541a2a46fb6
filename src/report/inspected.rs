//! What takes up space in an image, for people and as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::measured::{bar, shortened, size};
use crate::escape;
use crate::inspect::{Inspection, Waste, Why};

/// A fix of a Dockerfile, and the size that it would save in the image built from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// `Dockerfile:3:1`.
    pub place: String,
    /// The transform.
    pub transform: &'static str,
    /// The title of the fix, and whether it is applied.
    pub title: String,
    /// The wasted bytes that it would save; 0 if the image does not show them.
    pub size: u64,
}

/// The largest number of packages and of wasted files to show.
const MOST: usize = 20;
/// Wasted files are listed if they are at least this part of the image: one byte in so many.
const WORTH: u64 = 10_000;

/// Writes the whole report, with the most interesting part last.
pub fn human(
    out: &mut impl Write,
    name: &str,
    found: &Inspection,
    lines: &[Option<usize>],
    savings: Option<&[Saving]>,
) -> io::Result<()> {
    writeln!(
        out,
        "{}: {} in {} layers, {} visible in a container, {} wasted",
        escape::line(name),
        size(found.size),
        found.layers.len(),
        size(found.seen),
        size(found.wasted())
    )?;
    writeln!(out, "\nlayers")?;
    let largest = found.layers.iter().map(|layer| layer.size).max().unwrap_or(1).max(1);
    for (number, layer) in found.layers.iter().enumerate() {
        let bar = bar(layer.size, largest);
        let hidden =
            if layer.hidden > 0 { format!(" ({} hidden later)", size(layer.hidden)) } else { String::new() };
        let line =
            lines.get(number).copied().flatten().map_or(String::new(), |line| format!("line {line}: "));
        writeln!(
            out,
            "{:>3} {:>10}  {bar}  {line}{}{hidden}",
            number + 1,
            size(layer.size),
            shortened(&layer.created_by, 70)
        )?;
    }
    writeln!(out, "\ndirectories")?;
    for directory in &found.directories {
        writeln!(
            out,
            "    {:>10}  {}{}",
            size(directory.size),
            "  ".repeat(directory.depth),
            escape::line(&directory.path)
        )?;
    }
    if !found.packages.is_empty() {
        writeln!(out, "\npackages")?;
        for package in found.packages.iter().take(MOST) {
            writeln!(
                out,
                "    {:>10}  {} ({})",
                size(package.size),
                escape::line(&package.name),
                package.ecosystem
            )?;
        }
        rest(out, found.packages.iter().skip(MOST).map(|package| package.size))?;
    }
    writeln!(out, "\nwasted space")?;
    let least = found.size / WORTH;
    let shown = found.wastes.iter().take(MOST).take_while(|waste| waste.size >= least).count();
    for waste in &found.wastes[..shown] {
        let transform = advice(waste, lines).map_or(String::new(), |id| format!(": {id}"));
        writeln!(out, "    {:>10}  {}{transform}", size(waste.size), what(waste, found))?;
        writeln!(out, "                {} {}", counted(waste.files), escape::line(&waste.example))?;
    }
    rest(out, found.wastes[shown..].iter().map(|waste| waste.size))?;
    if let Some(savings) = savings {
        writeln!(out, "\nfixes, by the size that they would save")?;
        for saving in savings {
            let size = if saving.size > 0 { size(saving.size) } else { String::new() };
            let (place, title) = (escape::line(&saving.place), escape::line(&saving.title));
            writeln!(out, "    {size:>10}  {place}: {}: {title}", saving.transform)?;
        }
    }
    Ok(())
}

/// The transform that would save the bytes. If the lines of the Dockerfile are known, no transform
/// can change what a layer of the base image stores and a later layer hides.
fn advice(waste: &Waste, lines: &[Option<usize>]) -> Option<&'static str> {
    let is_own = |layer: usize| lines.get(layer).copied().flatten().is_some();
    let is_fixed =
        waste.why.hidden_by().is_some() && !is_own(waste.layer) && lines.iter().any(Option::is_some);
    waste.transform.filter(|_| !is_fixed)
}

fn rest(out: &mut impl Write, sizes: impl Iterator<Item = u64>) -> io::Result<()> {
    let (count, sum) = sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size));
    if count == 0 { Ok(()) } else { writeln!(out, "    {:>10}  in {count} more", size(sum)) }
}

fn counted(files: usize) -> String {
    if files == 1 { "1 file:".to_owned() } else { format!("{files} files, the largest:") }
}

/// Describes wasted space and its layers.
fn what(waste: &Waste, found: &Inspection) -> String {
    let layer = waste.layer + 1;
    match &waste.why {
        Why::Deleted(by) => format!("stored in layer {layer}, deleted in layer {}", by + 1),
        Why::Copied(by) => {
            format!("stored in layer {layer}, and again in layer {} with another owner or mode", by + 1)
        }
        Why::Replaced(by) => format!("stored in layer {layer}, replaced in layer {}", by + 1),
        Why::Cache(name) => format!("{name}, in layer {layer}"),
        Why::BuildPackages => format!("build packages, in layer {layer}"),
        Why::Documentation => format!("manual pages and translations, in layer {layer}"),
    }
    .replace("layer 1,", if found.layers.len() == 1 { "the only layer," } else { "layer 1," })
}

/// Writes one JSON document and a line break.
pub fn json(
    out: &mut impl Write,
    name: &str,
    found: &Inspection,
    lines: &[Option<usize>],
    savings: Option<&[Saving]>,
) -> io::Result<()> {
    let layers = found.layers.iter().enumerate().map(|(number, layer)| {
        let line = lines.get(number).copied().flatten();
        json!({ "created_by": layer.created_by, "line": line, "size": layer.size, "hidden": layer.hidden })
    });
    let wastes = found.wastes.iter().map(|waste| {
        json!({
            "why": waste.why.name(),
            "cache": if let Why::Cache(name) = &waste.why { Some(name) } else { None },
            "layer": waste.layer,
            "hidden_by": waste.why.hidden_by(),
            "size": waste.size,
            "files": waste.files,
            "example": waste.example,
            "transform": waste.transform,
        })
    });
    let document = json!({
        "version": 1,
        "image": name,
        "size": found.size,
        "seen": found.seen,
        "wasted": found.wasted(),
        "layers": layers.collect::<Vec<_>>(),
        "directories": found.directories.iter().map(|directory| json!({ "path": directory.path, "size": directory.size })).collect::<Vec<_>>(),
        "packages": found.packages.iter().map(|package| json!({ "manager": package.ecosystem.name(), "name": package.name, "size": package.size })).collect::<Vec<_>>(),
        "wastes": wastes.collect::<Vec<_>>(),
        "fixes": savings.map(|all| all.iter().map(fix).collect::<Vec<_>>()),
    });
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

fn fix(saving: &Saving) -> Value {
    json!({ "place": saving.place, "transform": saving.transform, "title": saving.title, "size": saving.size })
}

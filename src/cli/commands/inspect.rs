//! `jettison inspect`: what takes up space in an image, and how much the fixes of its Dockerfile
//! would save.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

use crate::cli::args::{Inspect, InspectFormat};
use crate::cli::context::Contexts;
use crate::cli::settings::Configurations;
use crate::cli::{Status, names, recognize};
use crate::image::{self, Image, Reader};
use crate::inspect::{Inspection, LayerInstruction, layer_instructions};
use crate::knowledge::Knowledge;
use crate::measure::{self, Engine};
use crate::pipeline;
use crate::report::inspected::{self, Saving};
use crate::syntax::Dockerfile;
use crate::transforms;

pub fn run(args: &Inspect) -> anyhow::Result<Status> {
    let dockerfile = match &args.dockerfile {
        Some(path) => Some((path.as_path(), recognize::named(path)?)),
        None => None,
    };
    let image = read(&args.image)?;
    let found = Inspection::of(&image, Knowledge::embedded());
    let made = dockerfile.as_ref().map_or_else(Vec::new, |(_, text)| {
        layer_instructions(&Dockerfile::parse(text), &image.config, image.layers.len())
    });
    let savings = match &dockerfile {
        Some((path, text)) => Some(savings(args, path, text, &found, &made)?),
        None => None,
    };
    let mut lines = vec![None; image.layers.len()];
    made.iter().for_each(|made| lines[made.layer] = Some(made.line));
    let mut out = io::BufWriter::new(io::stdout().lock());
    let write = match args.format {
        InspectFormat::Human => inspected::human,
        InspectFormat::Json => inspected::json,
    };
    write(&mut out, &args.image, &found, &lines, savings.as_deref())?;
    out.flush()?;
    Ok(Status::Clean)
}

/// Reads an OCI layout, an archive, or an image of the engine; an existing path takes precedence
/// over an image name.
fn read(name: &str) -> anyhow::Result<Image> {
    let path = Path::new(name);
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => layout(path).with_context(|| name.to_owned()),
        Ok(_) => {
            let file = File::open(path).with_context(|| name.to_owned())?;
            image::read(io::BufReader::with_capacity(1 << 20, file), time_limit())
                .with_context(|| name.to_owned())
        }
        Err(_) => {
            let engine = Engine::find().with_context(|| {
                format!(
                    "{name} is not a file or directory, and reading it as an image needs a container engine"
                )
            })?;
            Ok(measure::read(&engine, name)?)
        }
    }
}

/// Whether reading takes too long.
fn time_limit() -> impl Fn() -> bool {
    let start = Instant::now();
    move || start.elapsed() > measure::PATIENCE
}

/// Reads a directory. Symlinks are not followed, since they may lead out of it.
fn layout(directory: &Path) -> anyhow::Result<Image> {
    let mut reader = Reader::new(time_limit());
    anyhow::ensure!(
        directory.join("index.json").is_file(),
        "this directory is not an OCI layout: it has no index.json; pass an archive, an OCI layout or an image"
    );
    let mut names = vec!["index.json".to_owned()];
    for kind in files(&directory.join("blobs"))? {
        let inside = files(&directory.join("blobs").join(&kind))?;
        names.extend(inside.into_iter().map(|name| format!("blobs/{kind}/{name}")));
    }
    for name in names {
        let path = directory.join(&name);
        if path.symlink_metadata()?.is_file() {
            reader.add(&name, io::BufReader::with_capacity(1 << 20, File::open(path)?))?;
        }
    }
    Ok(reader.finish()?)
}

/// The sorted names in a directory; empty if it is not a directory.
fn files(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    if !directory.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(names);
    }
    for entry in directory.read_dir()? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The fixes of a Dockerfile, by the size that they would save.
fn savings(
    args: &Inspect,
    path: &Path,
    text: &str,
    found: &Inspection,
    made: &[LayerInstruction],
) -> anyhow::Result<Vec<Saving>> {
    let configurations = Configurations::new(&args.choice)?;
    let settings = configurations.for_file(path).map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let contexts = Contexts::new(None)?;
    let outcome = pipeline::fix_within(text, &settings, &contexts.of_file(Some(path)));
    let name = names::display_name(path);
    let applied = outcome
        .steps
        .iter()
        .flat_map(|step| step.fixes.iter().map(|fix| (step.transform.id, fix.place, fix.title.clone())));
    // A fix that a comment suppresses has no applicability and is not listed.
    let withheld = outcome
        .withheld
        .iter()
        .filter(|held| held.applicability.is_some())
        .filter_map(|held| Some((held.transform?, held.place, format!("{} [not applied]", held.reason))));
    let mut taken = vec![false; found.wastes.len()];
    let mut savings: Vec<Saving> = Vec::new();
    for (transform, place, title) in applied.chain(withheld) {
        let span = made.iter().rev().find(|made| made.line <= place.line).map(|made| made.layer);
        let mut size = 0;
        for (waste, is_taken) in found.wastes.iter().zip(&mut taken).filter(|(waste, taken)| {
            let place_fits = [Some(waste.layer), waste.why.hidden_by()].contains(&span)
                || transforms::find(transform).is_some_and(|found| found.contract.chooses_base);
            !**taken && waste.transform == Some(transform) && place_fits
        }) {
            size += waste.size;
            *is_taken = true;
        }
        savings.push(Saving { place: format!("{name}:{place}"), transform, title, size });
    }
    savings.sort_by_key(|saving| std::cmp::Reverse(saving.size));
    Ok(savings)
}

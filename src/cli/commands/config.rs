//! `jettison init` and `jettison config`: a configuration file to start with, and the settings of a
//! file with where each of them comes from.

mod migration;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::cli::args::{Init, ShowConfig};
use crate::cli::settings::{Configurations, FILE_NAMES};
use crate::cli::{Status, names, write};
use crate::config;
use crate::git;
use migration::Migration;

/// Writes a configuration file with all options, and those that another linter's has.
pub fn init(args: &Init) -> anyhow::Result<Status> {
    let directory = match &args.directory {
        Some(directory) => directory.clone(),
        None => git::root_of(Path::new(".")).unwrap_or_else(|_| PathBuf::from(".")),
    };
    ensure!(directory.is_dir(), "{}: no such directory", directory.display());
    let directory = fs::canonicalize(&directory).with_context(|| directory.display().to_string())?;
    for name in FILE_NAMES {
        let path = directory.join(name);
        let is_there = fs::symlink_metadata(&path).is_ok();
        ensure!(!is_there, "{} exists already; it was not changed", names::shown(&path));
    }
    let migrations = args.from.iter().map(|path| migration::of(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let path = directory.join(FILE_NAMES[0]);
    write::create(&path, &config::template(&ignored(&migrations)))
        .map_err(anyhow::Error::msg)
        .with_context(|| path.display().to_string())?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "wrote {}", names::shown(&path))?;
    for Migration { path, ignored, needless } in &migrations {
        let path = names::shown(path);
        let (ours, others) = (join(ignored.iter()), join(needless.iter()));
        writeln!(out, "{path}: ignored as there: {}", if ours.is_empty() { "nothing" } else { &ours })?;
        if !others.is_empty() {
            writeln!(out, "{path}: not needed, because no transform fixes them: {others}")?;
        }
    }
    Ok(Status::Clean)
}

/// The value of `ignore`, if there is any.
fn ignored(migrations: &[Migration]) -> Vec<(&'static str, String, String)> {
    let codes: BTreeSet<&String> = migrations.iter().flat_map(|migration| &migration.ignored).collect();
    if codes.is_empty() {
        return Vec::new();
    }
    let sources = migrations.iter().filter(|migration| !migration.ignored.is_empty());
    let sources: Vec<String> = sources.map(|migration| names::shown(&migration.path)).collect();
    vec![("ignore", format!("[{}]", join(codes.into_iter())), format!("From {}.", sources.join(" and ")))]
}

fn join<'t>(texts: impl Iterator<Item = &'t String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Prints the settings for a file or directory.
pub fn show(args: &ShowConfig) -> anyhow::Result<Status> {
    let path = args.path.clone().unwrap_or_else(|| PathBuf::from("."));
    ensure!(path.exists(), "{}: no such file or directory", path.display());
    let configurations = Configurations::new(&args.choice)?;
    let layers = configurations.layers(&path).map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let mut out = anstream::stdout().lock();
    let name = names::display_name(&path);
    writeln!(out, "# The settings for {}", if name.is_empty() { "." } else { &name })?;
    let lines: Vec<(String, &str)> = config::keys()
        .into_iter()
        .filter_map(|key| {
            let mut source = "default";
            let mut value = layers.first()?.config.value(&key)?;
            for layer in &layers[1..] {
                let new = layer.config.value(&key)?;
                if new != value {
                    (source, value) = (&layer.source, new);
                }
            }
            Some((format!("{key}: {value}"), source))
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default().min(40);
    for (line, source) in lines {
        writeln!(out, "{line:width$}  # {source}")?;
    }
    Ok(Status::Clean)
}

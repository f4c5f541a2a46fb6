//! `jettison init` and `jettison config`: a configuration file to start with, and the settings of a
//! file with where each of them comes from.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::cli::args::{Init, ShowConfig};
use crate::cli::settings::{Configurations, FILE_NAMES};
use crate::cli::{Status, names, write};
use crate::config;
use crate::git;

/// Writes a configuration file with all options.
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
    let path = directory.join(FILE_NAMES[0]);
    write::create(&path, &config::template())
        .map_err(anyhow::Error::msg)
        .with_context(|| path.display().to_string())?;
    writeln!(anstream::stdout().lock(), "wrote {}", names::shown(&path))?;
    Ok(Status::Clean)
}

/// Prints the settings for a file or directory.
pub fn show(args: &ShowConfig) -> anyhow::Result<Status> {
    let path = args.path.clone().unwrap_or_else(|| PathBuf::from("."));
    ensure!(path.exists(), "{}: no such file or directory", path.display());
    let configurations = Configurations::new(&args.choice)?;
    let layers = configurations.layers(&path).map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "# The settings for {}", names::display_name(&path))?;
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

//! `jettison apply`: applies edits from an earlier run, an editor or a reviewer, if the files have
//! not changed since. It does not parse Dockerfiles and compares only checksums and bytes.
//!
//! A document from elsewhere may name any file, and the checksums of many files are known.
//! Therefore, only files that are named like a Dockerfile or an ignore file are written, and inline
//! Dockerfiles in Compose files, below the top directory of the repository or else the current
//! directory, after resolving symlinks.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::cli::args::Apply;
use crate::cli::limits::Limits;
use crate::cli::{Status, inline, input, names, write};
use crate::context::compose::is_compose_file;
use crate::digest::sha256;
use crate::edit::{Edit, Edits};
use crate::embedded::compose;
use crate::escape;
use crate::report::count;
use crate::span::Span;

/// The supported version of the protocol.
const VERSION: u32 = 1;

/// The relevant part of a document; `schemas/edits.schema.json` describes all of it.
#[derive(Deserialize)]
struct Document {
    version: u32,
    files: Vec<FileEdits>,
}

#[derive(Deserialize)]
struct FileEdits {
    path: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    edits: Vec<ByteEdit>,
    result_sha256: Option<String>,
    ignore_file: Option<IgnoreFile>,
}

#[derive(Deserialize)]
struct ByteEdit {
    start: usize,
    end: usize,
    replacement: String,
}

#[derive(Deserialize)]
struct IgnoreFile {
    path: String,
    sha256: Option<String>,
    text: String,
}

pub fn run(args: &Apply) -> anyhow::Result<Status> {
    let text = input::document(&args.edits)?;
    let name = args.edits.display();
    let document: Document = serde_json::from_str(&text).with_context(|| {
        format!("{name} is not an edit document; create one with `jettison fix --format json`")
    })?;
    ensure!(
        document.version == VERSION,
        "{name} uses version {} of the protocol, but this jettison supports only version {VERSION}; create it again with `jettison fix --format json`",
        document.version
    );
    let limits = if args.unsafe_paths { Limits::None } else { Limits::here("--unsafe-paths allows it")? };
    let (mut written, mut failed) = (0, 0);
    let mut err = anstream::stderr().lock();
    for file in &document.files {
        match one_file(file, &limits) {
            Ok(changed) => written += usize::from(changed),
            Err(error) => {
                failed += 1;
                let path = escape::line(file.path.as_deref().unwrap_or_default());
                writeln!(err, "error: {path}: {}", escape::lines(&format!("{error:#}")))?;
            }
        }
    }
    if !args.quiet {
        let errors =
            if failed > 0 { format!("; {} not changed", count(failed, "file")) } else { String::new() };
        writeln!(err, "{} changed{errors}", count(written, "file"))?;
    }
    Ok(if failed > 0 { Status::Failed } else { Status::Clean })
}

/// `.dockerignore`, `api.Dockerfile.dockerignore`
fn is_ignore_file(name: &str) -> bool {
    let dockerfile = name.strip_suffix(".dockerignore").or_else(|| name.strip_suffix(".containerignore"));
    dockerfile.is_some_and(|dockerfile| dockerfile.is_empty() || names::is_dockerfile(dockerfile))
}

/// Applies the edits of one file, and returns whether there were any. It writes the ignore file
/// first, since the Dockerfile depends on it.
fn one_file(file: &FileEdits, limits: &Limits) -> anyhow::Result<bool> {
    if file.edits.is_empty() && file.ignore_file.is_none() {
        return Ok(false);
    }
    let path = Path::new(file.path.as_deref().context("it has edits but no path")?);
    let is_host = inline::is_host(path);
    limits.allow(path, |name| names::is_dockerfile(name) || is_compose_file(name))?;
    let old = if is_host { input::compose(path) } else { input::file(path) };
    let old = old.map_err(anyhow::Error::msg)?;
    if file.result_sha256.as_ref().is_some_and(|result| sha256(&old) == *result) {
        // The edits are already applied.
        return Ok(false);
    }
    let new = result(file, &old)?;
    ensure!(
        !is_compose_file(&name_of(path)) || compose::is_same_elsewhere(&old, &new),
        "is a Compose file, and the edits change more than its inline Dockerfiles"
    );
    if let Some(ignore) = &file.ignore_file {
        write_ignore_file(ignore, limits).with_context(|| ignore.path.clone())?;
    }
    if new != old {
        write::replace(path, &old, &new).map_err(anyhow::Error::msg)?;
    }
    Ok(true)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn result(file: &FileEdits, old: &str) -> anyhow::Result<String> {
    let expected = file.sha256.as_deref().context("the document has no sha256 for it")?;
    ensure!(sha256(old) == expected, "has changed since these edits were created; run `jettison fix` again");
    let edits = file.edits.iter().map(|edit| {
        let span = Span { start: edit.start, end: edit.end };
        Edit { span, text: edit.replacement.clone() }
    });
    let new = Edits::apply_received(edits.collect(), old)?;
    if let Some(expected) = &file.result_sha256 {
        ensure!(
            sha256(&new) == *expected,
            "would not match the checksum in the document, which is damaged; create it again"
        );
    }
    Ok(new)
}

fn write_ignore_file(file: &IgnoreFile, limits: &Limits) -> anyhow::Result<()> {
    let path = Path::new(&file.path);
    // A new file has no checksum to compare, so its name is always checked.
    ensure!(is_ignore_file(&name_of(path)), "is not the name of an ignore file");
    limits.allow(path, is_ignore_file)?;
    match &file.sha256 {
        None => write::create(path, &file.text).map_err(anyhow::Error::msg),
        Some(expected) => {
            let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
            ensure!(is_file, "is not a file");
            let old = fs::read_to_string(path).context("can't be read")?;
            if old == file.text {
                return Ok(());
            }
            if sha256(&old) != *expected {
                bail!("has changed since these edits were created; run `jettison fix` again");
            }
            write::replace(path, &old, &file.text).map_err(anyhow::Error::msg)
        }
    }
}

//! `jettison` without a command: which Dockerfiles can be improved, and the next command.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;

use crate::cli::args::Args;
use crate::cli::commands::fix;
use crate::cli::names::is_dockerfile;
use crate::cli::{Status, inline, parse_fix};
use crate::git;
use crate::report::{human, overview};

pub fn run() -> anyhow::Result<Status> {
    // A search of a home directory or of the whole disk would take minutes.
    if git::root_of(Path::new(".")).is_err() && !has_dockerfile() {
        let help = Args::command().render_help();
        write!(anstream::stdout().lock(), "{}", help.ansi())?;
        writeln!(
            anstream::stderr().lock(),
            "\nno Dockerfile in this directory, which is in no git repository; `jettison check .` searches it"
        )?;
        return Ok(Status::Clean);
    }
    let args = parse_fix(&["jettison".into(), "fix".into()]);
    let args = args.ok_or_else(|| anyhow::anyhow!("`fix` needs no arguments"))?;
    let reports = fix::reports(&args)?;
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    overview::write(&mut out, &reports)?;
    out.flush()?;
    human::errors(&mut anstream::stderr().lock(), &reports)?;
    Ok(fix::status(&args, &reports))
}

/// Whether the current directory has a Dockerfile, maybe in a Compose file.
fn has_dockerfile() -> bool {
    let mut entries = std::fs::read_dir(".").into_iter().flatten().flatten();
    entries.any(|entry| is_dockerfile(&entry.file_name().to_string_lossy()) || inline::is_host(&entry.path()))
}

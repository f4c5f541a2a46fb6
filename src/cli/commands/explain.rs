//! `jettison explain` and `jettison list`: the manual pages of the transforms, and the codes of
//! reasons.

use std::io::Write;

use anyhow::bail;

use crate::cli::Status;
use crate::cli::args::Explain;
use crate::cli::settings::unknown_transform;
use crate::reasons;
use crate::transforms;

pub fn run(args: &Explain) -> anyhow::Result<Status> {
    let mut out = anstream::stdout().lock();
    if let Some(kind) = reasons::find(&args.id) {
        writeln!(out, "{} (why something is left as it is)\n\n{}", kind.code, kind.meaning)?;
        writeln!(out, "Message: {}", kind.text)?;
        return Ok(Status::Clean);
    }
    let Some(transform) = transforms::find(&args.id) else { bail!(unknown_transform(&args.id)) };
    writeln!(out, "{} ({}, since {})\n", transform.id, transform.applicability.name(), transform.since)?;
    write!(out, "{}", transform.manual())?;
    Ok(Status::Clean)
}

pub fn list() -> anyhow::Result<Status> {
    let mut out = anstream::stdout().lock();
    let width = transforms::ALL.iter().map(|transform| transform.id.len()).max().unwrap_or_default();
    for transform in transforms::ALL {
        writeln!(
            out,
            "{:width$}  {:6}  {}",
            transform.id,
            transform.applicability.name(),
            transform.summary()
        )?;
    }
    Ok(Status::Clean)
}

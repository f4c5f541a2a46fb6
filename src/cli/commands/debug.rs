//! `jettison debug`: what is understood of a Dockerfile, for contributors.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::args::Debug;
use crate::cli::context::Contexts;
use crate::cli::{Status, input, recognize};
use crate::debug;

pub fn run(args: &Debug) -> anyhow::Result<Status> {
    let (Debug::Tree { file } | Debug::Facts { file }) = args;
    let is_stdin = file == Path::new("-");
    let text = if is_stdin {
        input::stdin().map_err(anyhow::Error::msg).context("standard input")?
    } else {
        recognize::named(file)?
    };
    let page = match args {
        Debug::Tree { .. } => debug::tree(&text),
        Debug::Facts { .. } => {
            let contexts = Contexts::new(None)?;
            debug::facts(&text, &contexts.of_file((!is_stdin).then_some(file)))
        }
    };
    std::io::stdout().lock().write_all(page.as_bytes())?;
    Ok(Status::Clean)
}

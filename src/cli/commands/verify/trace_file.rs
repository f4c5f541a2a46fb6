//! The file of `--trace-file`: what earlier runs used, and what this one adds.

use std::fs;
use std::io::{BufReader, BufWriter, ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use jettison_trace::Trace;

/// The largest file that is read, in bytes: many times the trace of a large application.
const LARGEST: u64 = 512 << 20;

/// Reads a trace; empty if there is no such file yet.
pub(super) fn read(path: &Path) -> anyhow::Result<Trace> {
    let shown = || path.display().to_string();
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Trace::default()),
        found => found.with_context(shown)?,
    };
    anyhow::ensure!(found.is_file(), "{}: not a regular file", path.display());
    anyhow::ensure!(found.len() <= LARGEST, "{}: larger than {} MiB", path.display(), LARGEST >> 20);
    let file = fs::File::open(path).with_context(shown)?;
    Trace::read(BufReader::new(file)).with_context(shown)
}

/// Replaces a trace in one step.
pub(super) fn write(path: &Path, trace: &Trace) -> anyhow::Result<()> {
    let shown = || path.display().to_string();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(shown)?;
    let mut out = BufWriter::new(&mut new);
    trace.write(&mut out).and_then(|()| out.flush()).with_context(shown)?;
    drop(out);
    new.persist(path).with_context(shown)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "{\"trace\":\"jettison\",\"version\":1,\"program\":[\"cat\"],\"workdir\":\"/\",\"architecture\":\"x86_64\",\"stops\":\"filter\"}\n{\"path\":\"/etc/motd\",\"found\":{\"read\":1}}\n{\"end\":{\"exit\":0},\"processes\":1,\"seconds\":0.2}\n";

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("trace");
        assert_eq!(read(&path).expect("no file is no error"), Trace::default());
        let trace = Trace::read(ONE.as_bytes()).expect("a trace");
        write(&path, &trace).expect("it can be written");
        assert_eq!(read(&path).expect("it can be read"), trace);
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("trace");
        fs::write(&path, "hello\n").expect("a file");
        let error = format!("{:#}", read(&path).expect_err("no trace"));
        assert!(error.ends_with("not a trace file: the first line must be a header"), "{error}");
        let error = format!("{:#}", read(folder.path()).expect_err("a directory"));
        assert!(error.ends_with("not a regular file"), "{error}");
    }
}

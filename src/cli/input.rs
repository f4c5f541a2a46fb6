//! Reads one file: every kind of bad input has an error that says what is wrong and what to do.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context as _;

use crate::span::Place;
use crate::spelling;
use crate::syntax::Keyword;

/// Enough for 100,000 instructions; a longer file is not a Dockerfile.
const MOST_BYTES: u64 = 10 * 1024 * 1024;
/// Far larger than any real Compose file.
const MOST_COMPOSE_BYTES: u64 = 1024 * 1024;

/// Reads a Dockerfile; the error does not contain the path.
pub fn file(path: &Path) -> Result<String, String> {
    let text = whole(path, "Dockerfile")?;
    has_instructions(&text).map(|()| text)
}

/// Reads a Compose file; the error does not contain the path.
pub fn compose(path: &Path) -> Result<String, String> {
    whole(path, "Compose file")
}

fn whole(path: &Path, kind: &str) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| reading(&error))?;
    if metadata.is_dir() {
        return Err(format!("is a directory, not a {kind}"));
    }
    if !metadata.is_file() {
        return Err("is neither a file nor a directory".into());
    }
    let most_bytes = if kind == "Dockerfile" { MOST_BYTES } else { MOST_COMPOSE_BYTES };
    if metadata.len() > most_bytes {
        return Err(format!("has {} bytes; the limit for a {kind} is {most_bytes}", metadata.len()));
    }
    text(fs::read(path).map_err(|error| reading(&error))?, kind)
}

/// Reads a UTF-8 file next to a Dockerfile that affects its build: a regular file, after resolving
/// symlinks, of at most `most_bytes` bytes. `None` if there is no such file; the error contains the
/// path.
pub fn beside(path: &Path, most_bytes: u64) -> Result<Option<String>, String> {
    let failed = |what: &str| Err(format!("{} {what}", path.display()));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return failed(&reading(&error)),
    };
    if metadata.is_dir() {
        return failed("is a directory");
    }
    // A pipe would block, and a device may never end.
    if !metadata.is_file() {
        return failed("is not a regular file");
    }
    // With one byte more, a single read finds the end.
    let size = metadata.len().min(most_bytes) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    let read = fs::File::open(path).and_then(|file| file.take(most_bytes + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => failed(&reading(&error)),
        Ok(_) if bytes.len() as u64 > most_bytes => {
            failed(&format!("has more than {most_bytes} bytes, the limit for this kind of file"))
        }
        Ok(_) if bytes.contains(&0) => failed("is a binary file"),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => failed("is not UTF-8"),
        },
    }
}

/// Reads a document that is not a Dockerfile, from a file or standard input (`-`); the error
/// contains the path.
pub fn document(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        return io::read_to_string(io::stdin().lock()).context("standard input can't be read");
    }
    fs::read_to_string(path).map_err(|error| anyhow::anyhow!("{}: {}", path.display(), reading(&error)))
}

/// The first bytes of a regular file; `None` if it can't be read.
pub fn start_of(path: &Path, most: usize) -> Option<Vec<u8>> {
    let is_regular = fs::symlink_metadata(path).ok()?.is_file();
    let mut bytes = Vec::new();
    let most = u64::try_from(most).ok()?;
    fs::File::open(path).ok().filter(|_| is_regular)?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Reads standard input.
pub fn stdin() -> Result<String, String> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| reading(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("has more than {MOST_BYTES} bytes, the limit for a Dockerfile"));
    }
    let text = text(bytes, "Dockerfile")?;
    has_instructions(&text).map(|()| text)
}

fn text(bytes: Vec<u8>, kind: &str) -> Result<String, String> {
    if bytes.contains(&0) {
        return Err(format!("is a binary file, not a {kind}"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let place = Place::of(&before, valid);
        format!("is not UTF-8 (first bad byte at {place}); convert it, for example with iconv")
    })
}

fn has_instructions(text: &str) -> Result<(), String> {
    // A symlink may point to any kind of file, so no line of a file that is not a Dockerfile is
    // shown.
    let is_instruction =
        |line: &str| line.split_whitespace().next().is_some_and(|word| Keyword::parse(word).is_some());
    if !text.trim_start_matches('\u{feff}').lines().any(is_instruction) {
        return Err(format!("has no instructions{}", meant(text)));
    }
    Ok(())
}

/// The instruction that the first line was meant to be, if that is obvious.
fn meant(text: &str) -> String {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    let first = lines.find_map(|(number, line)| Some((number + 1, line.split_whitespace().next()?)));
    let first = first.filter(|(_, word)| word.bytes().all(|byte| byte.is_ascii_uppercase()));
    let near = first.and_then(|(line, word)| Some((line, word, spelling::nearest_instruction(word)?)));
    near.map_or(String::new(), |(line, word, near)| {
        format!(": unknown instruction `{word}` in line {line}; did you mean `{near}`?")
    })
}

/// What is wrong with a path, which comes first.
pub fn problem(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("{path}: no such file or directory"),
        io::ErrorKind::PermissionDenied => format!("{path}: permission denied"),
        _ => format!("{path}: {error}"),
    }
}

fn reading(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "can't be read: permission denied".into(),
        _ => format!("can't be read: {error}"),
    }
}

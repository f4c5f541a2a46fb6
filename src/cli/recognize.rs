//! Whether a file is a Dockerfile: a file of another kind that the user named gets one clear
//! answer, and a file that no builder can parse is left as it is.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::names::{display_name, is_dockerfile};
use crate::cli::{context, input};
use crate::context::compose::is_compose_file;
use crate::embedded::EmbeddedDockerfile;
use crate::embedded::compose::{self, Mistake};
use crate::knowledge::frontend_release;
use crate::reasons;
use crate::report::{Failure, Spot};
use crate::span::{LineIndex, Span};
use crate::spelling;
use crate::syntax::{Body, Dockerfile, Item};

/// The largest number of Dockerfiles to name.
const MOST_NAMES: usize = 3;

/// Reads a Dockerfile, and refuses a file that is named like one of another kind; the error does
/// not contain the path.
pub fn read(path: &Path) -> Result<String, Failure> {
    check_name(path)?;
    Ok(input::file(path)?)
}

/// Reads a Dockerfile like [`read`]; the error contains the path.
pub fn named(path: &Path) -> anyhow::Result<String> {
    let text = read(path).map_err(|failure| anyhow::anyhow!("{failure}"));
    text.with_context(|| path.display().to_string())
}

/// Parses a Dockerfile in a host like [`parse`].
pub fn parse_embedded<'t>(dockerfile: &'t EmbeddedDockerfile, host: &str) -> Result<Dockerfile<'t>, Failure> {
    let file = Dockerfile::parse(&dockerfile.text);
    match check_text(None, &file, dockerfile.lines_before) {
        Ok(()) => Ok(file),
        Err(failure) => Err(failure.map_place(|place| dockerfile.place_in(host, place))),
    }
}

/// Parses standard input like [`parse`], and refuses a Compose file.
pub fn parse_stdin<'t>(path: Option<&Path>, text: &'t str) -> Result<Dockerfile<'t>, Failure> {
    let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy()).unwrap_or_default();
    if is_compose_file(&name) {
        return Err(reasons::needs_dockerfile("--stdin-filename").into());
    }
    parse(path, text)
}

/// Parses a file, and refuses one with a line that starts with no instruction, unless the file names
/// a frontend that may know more instructions than Docker's.
pub fn parse<'t>(path: Option<&Path>, text: &'t str) -> Result<Dockerfile<'t>, Failure> {
    let file = Dockerfile::parse(text);
    check_text(path, &file, 0)?;
    Ok(file)
}

fn check_name(path: &Path) -> Result<(), Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if is_dockerfile(&name) {
        return Ok(());
    }
    let kind = match &*name {
        name if is_compose_file(name) => {
            let text = input::compose(path)?;
            compose::read(&text).map_err(|mistake| compose_failure(&text, mistake))?;
            "Compose"
        }
        "docker-bake.hcl" | "docker-bake.json" => "Bake",
        _ => return Ok(()),
    };
    let named: Vec<String> = context::dockerfiles_of(path).iter().map(|path| display_name(path)).collect();
    let advice = match named.len() {
        0 => "pass the Dockerfiles that it builds".to_owned(),
        1..=MOST_NAMES => format!("pass what it builds: {}", named.join(" ")),
        _ => format!("pass what it builds: {} …", named[..MOST_NAMES].join(" ")),
    };
    Err(reasons::build_file(kind, &advice).into())
}

/// Why a Compose file can't be read.
pub fn compose_failure(text: &str, mistake: Mistake) -> Failure {
    let failure = Failure::from(mistake.reason);
    let Some(place) = mistake.place else { return failure };
    let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().to_owned();
    failure.at(Spot { path: None, place: Some(place), line })
}

/// Checks a text after so many other lines of its file.
fn check_text(path: Option<&Path>, file: &Dockerfile<'_>, lines_before: usize) -> Result<(), Failure> {
    let text = file.text;
    let mut unknown = file.unknown_instructions();
    let Some(word) = unknown.next() else { return Ok(()) };
    let more = unknown.count();
    let syntax = file.directives.iter().find(|directive| directive.name == "syntax");
    if syntax.is_some_and(|syntax| frontend_release(&syntax.value).is_none()) {
        return Ok(());
    }
    if has_document_before(file, word) {
        return Ok(());
    }
    let lines = LineIndex::of(text);
    let place = lines.place(word.start);
    let first = file.items.iter().find(|item| matches!(item, Item::Instruction(_) | Item::Error(..)));
    let starts = first.is_some_and(|item| item.span().contains(word));
    let written = word.of(text);
    let near = spelling::nearest_instruction(written);
    let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    // The first line of a Dockerfile with another name may also be misspelled.
    if starts && name.is_some_and(|name| !is_dockerfile(&name)) && (near.is_none() || more > 0) {
        return Err(reasons::not_a_dockerfile(place.line).into());
    }
    let reason = match (near, ends_before(file, word, &lines)) {
        (Some(near), _) => reasons::misspelled_instruction(written, near),
        (None, Some(line)) if is_command(written) => reasons::missing_continuation(written, line),
        _ => reasons::unknown_instruction(written),
    };
    let spot = Spot { path: None, place: Some(place), line: lines.line(word.start).to_owned() };
    let failure = Failure::from(reason.in_host(lines_before)).at(spot);
    Err(match more {
        0 => failure,
        1 => failure.and(" (and in 1 more line)"),
        _ => failure.and(&format!(" (and in {more} more lines)")),
    })
}

/// Whether an instruction that takes no here-document seems to have one: the lines of its text are
/// no instructions, and the rest of the file is fixed as usual.
fn has_document_before(file: &Dockerfile<'_>, word: Span) -> bool {
    let mut before = file.instructions().take_while(|(_, instruction)| instruction.full.start < word.start);
    let takes_none = |body: &Body| !matches!(body, Body::Run(_) | Body::Copy(_) | Body::Add(_));
    before.any(|(_, instruction)| {
        takes_none(&instruction.body) && instruction.full.of(file.text).contains("<<")
    })
}

/// Whether a word starts or continues a command of a shell.
fn is_command(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase() || matches!(c, '&' | '|' | ';' | '-' | '.' | '/'))
}

/// The last line of the instruction right before an unknown one.
fn ends_before(file: &Dockerfile<'_>, word: Span, lines: &LineIndex<'_>) -> Option<usize> {
    let at = file.items.iter().position(|item| item.span().contains(word))?;
    match file.items.get(at.checked_sub(1)?)? {
        Item::Instruction(before) => Some(*lines.lines(before.full).end()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        parse(None, text).err().map(|failure| failure.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_a_line_was_meant_to_be_is_said() {
        for (text, expected) in [
            ("FROM a\nRUN a && \\\n\n  # b\n  b\n", ""),
            ("# escape=`\nFROM a\nRUN a `\n  b\n", ""),
            ("FROM a\nRUN <<EOF\nb\nEOF\n", ""),
            (
                "FROM a\nRUN a\n  apt-get b\n",
                "unknown instruction `apt-get`; is a line continuation missing at the end of line 2?",
            ),
            ("FROM a\nRUN a\n\n && b\n", "unknown instruction `&&`"),
            (
                "# escape=`\nFROM a\nRUN a\n  mkdir b\n",
                "unknown instruction `mkdir`; is a line continuation missing at the end of line 3?",
            ),
            ("FROM a\nCROSS_COPY a\n", "unknown instruction `CROSS_COPY`"),
            ("# escape=`\nFROM a\nRUN a \\\nRNU b\n", "unknown instruction `RNU`; did you mean `RUN`?"),
            (
                "FROM a\n<<<<<<< HEAD\nENV a=b\n=======\n",
                "unknown instruction `<<<<<<<` (and in 1 more line)",
            ),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}

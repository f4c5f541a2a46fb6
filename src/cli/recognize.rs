//! Whether a file is a Dockerfile: a file of another kind that the user named gets one clear
//! answer, and a file that no builder can parse is left as it is.

use std::path::Path;

use crate::cli::context;
use crate::cli::discover::{display_name, is_dockerfile};
use crate::context::compose::is_compose_file;
use crate::knowledge::frontend_release;
use crate::reasons;
use crate::report::{Failure, Spot};
use crate::span::LineIndex;
use crate::spelling;
use crate::syntax::{Dockerfile, Item, Keyword};

/// The largest number of Dockerfiles to name.
const MOST_NAMES: usize = 3;

/// Refuses a file that is named like a file of another kind.
pub fn check_name(path: &Path) -> Result<(), Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if is_dockerfile(&name) {
        return Ok(());
    }
    let kind = match &*name {
        name if is_compose_file(name) => "Compose",
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

/// Refuses a text with a line that starts with no instruction, unless the file names a frontend
/// that may know more instructions than Docker's.
pub fn check_text(path: Option<&Path>, text: &str) -> Result<(), Failure> {
    let file = Dockerfile::parse(text);
    let mut unknown = file.unknown_instructions();
    let Some(word) = unknown.next() else { return Ok(()) };
    let more = unknown.count();
    let syntax = file.directives.iter().find(|one| one.name == "syntax");
    if syntax.is_some_and(|syntax| frontend_release(&syntax.value).is_none()) {
        return Ok(());
    }
    let lines = LineIndex::of(text);
    let place = lines.place(word.start);
    let first = file.items.iter().find(|item| matches!(item, Item::Instruction(_) | Item::Error(..)));
    let starts = first.is_some_and(|item| item.span().contains(word));
    let near = spelling::nearest(word.of(text), Keyword::names());
    let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    // The first line of a Dockerfile with another name may also be misspelled.
    if starts && name.is_some_and(|name| !is_dockerfile(&name)) && (near.is_none() || more > 0) {
        return Err(reasons::not_a_dockerfile(place.line).into());
    }
    let reason = match near {
        Some(near) => reasons::misspelled_instruction(word.of(text), near),
        None => reasons::unknown_instruction(word.of(text)),
    };
    let spot = Spot { path: None, place: Some(place), line: lines.line(word.start).to_owned() };
    let failure = Failure::from(reason).at(spot);
    Err(match more {
        0 => failure,
        1 => failure.and(" (and in 1 more line)"),
        _ => failure.and(&format!(" (and in {more} more lines)")),
    })
}

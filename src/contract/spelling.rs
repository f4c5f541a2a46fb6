//! The checks for steps that write a file in another way: every instruction, as the builder
//! understands it, and every comment is the same and in its place. What may differ is the case of
//! keywords and stage names, the quotes around values, and blank lines; a contract may allow more.

use std::collections::HashSet;

use crate::contract::{Contract, Effect, commands};
use crate::facts::Facts;
use crate::knowledge::lists::images::PREFIXES_OF_OFFICIAL_IMAGES;
use crate::reasons::{self, Reason};
use crate::syntax::value::{Part, parts};
use crate::syntax::{Assignment, Body, Dockerfile, Instruction, Item, Keyword};

impl Contract {
    /// Only the spelling.
    pub const SPELLING: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("spelling", |old, after, _| compare_all(old.file, after, |all| all))
    };

    /// The spelling, and settings that a later instruction of the stage replaces.
    pub const SUPERSEDED: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("superseded settings", |old, after, _| compare_all(old.file, after, effective))
    };

    /// The spelling, and the platform of a base image where it is that of the build anyway.
    pub const PLATFORM: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("platform of the build", |old, after, _| compare_all(old.file, after, anywhere))
    };

    /// The spelling, and parts of the names of images that the builder completes.
    pub const IMAGE_NAMES: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("names of images", |old, after, known| {
            compare_all(old.file, after, with_short_names)?;
            let new = Facts::of(after, known);
            let bases =
                |facts: &Facts<'_>| facts.stages.iter().map(|stage| stage.base.clone()).collect::<Vec<_>>();
            if bases(old) == bases(&new) { Ok(Some(new)) } else { Err(reasons::meaning_differs()) }
        })
    };

    /// EXPOSE without addresses and ports of the host, which the builder drops.
    pub const CONTAINER_PORTS: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("ports of containers", |old, after, _| compare_all(old.file, after, without_mappings))
    };

    /// A label for authors instead of MAINTAINER.
    pub const LABEL_FOR_MAINTAINER: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("label for MAINTAINER", |old, after, _| compare_all(old.file, after, with_labels))
    };

    /// CMD and ENTRYPOINT as arrays of the same words.
    pub const EXEC_FORM: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("exec form", |old, after, _| compare_all(old.file, after, with_words))
    };

    /// SHELL instructions that set pipefail.
    pub const ADDS_PIPEFAIL: Self = Self {
        effect: Effect::ReliableBuild,
        ..Self::of("adds pipefail", |old, after, _| {
            let has_shell = |file: &Dockerfile<'_>| {
                file.instructions().any(|(_, instruction)| instruction.keyword == Keyword::Shell)
            };
            if has_shell(old.file) {
                return Err(reasons::instruction_differs());
            }
            compare_all(old.file, after, without_pipefail)
        })
    };

    /// COPY instead of ADD.
    pub const COPY_FOR_ADD: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("COPY for ADD", |old, after, _| compare_all(old.file, after, as_copies))
    };

    /// Other names for the same directories.
    pub const PATHS: Self = Self {
        effect: Effect::Tidier,
        ..Self::of("names of directories", |old, after, known| {
            let new = Facts::of(after, known);
            compare(&absolute(old), &absolute(&new))?;
            compare_comments(old.file, after)?;
            Ok(Some(new))
        })
    };
}

/// An instruction as the builder understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning<'a> {
    /// `None` for text that can't be parsed.
    pub(super) keyword: Option<Keyword>,
    flags: Vec<String>,
    pub(super) arguments: Vec<Argument>,
    documents: Vec<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    Text(String),
    Value(Vec<Part>),
}

/// Compares the comments, and the instructions without what the contract allows to differ.
fn compare_all<'k>(
    before: &Dockerfile<'_>,
    after: &Dockerfile<'_>,
    without: fn(Vec<Meaning<'_>>) -> Vec<Meaning<'_>>,
) -> Result<Option<Facts<'k>>, Reason> {
    compare(&without(meanings(before)), &without(meanings(after)))?;
    compare_comments(before, after)?;
    Ok(None)
}

fn compare(old: &[Meaning<'_>], new: &[Meaning<'_>]) -> Result<(), Reason> {
    if old == new { Ok(()) } else { Err(reasons::meaning_differs()) }
}

pub(super) fn compare_comments(before: &Dockerfile<'_>, after: &Dockerfile<'_>) -> Result<(), Reason> {
    let is_same = commands::comments(before) == commands::comments(after);
    if is_same { Ok(()) } else { Err(reasons::comment_lost_or_moved()) }
}

pub(super) fn meanings<'a>(file: &'a Dockerfile<'_>) -> Vec<Meaning<'a>> {
    let mut stages = HashSet::new();
    let mut all = Vec::new();
    for item in &file.items {
        match item {
            Item::Instruction(instruction) => {
                if let Body::From(from) = &instruction.body {
                    stages.extend(from.name.as_ref().map(|name| name.to_ascii_lowercase()));
                }
                all.push(meaning(file, instruction, &stages));
            }
            Item::Error(span, _) => all.push(Meaning {
                keyword: None,
                flags: Vec::new(),
                arguments: vec![Argument::Text(span.of(file.text).to_owned())],
                documents: Vec::new(),
            }),
            Item::Blank(_) | Item::Comment(_) | Item::Directive(_) => {}
        }
    }
    all
}

fn meaning<'a>(
    file: &'a Dockerfile<'_>,
    instruction: &'a Instruction<'_>,
    stages: &HashSet<String>,
) -> Meaning<'a> {
    let stage = |name: &str| {
        let lower = name.to_ascii_lowercase();
        if stages.contains(&lower) { lower } else { name.to_owned() }
    };
    let flags = instruction.flags.iter().map(|flag| {
        let field = |field: &str| match field.split_once('=') {
            Some(("from", name)) => format!("from={}", stage(name)),
            _ => field.to_owned(),
        };
        match (flag.name.as_str(), &flag.value) {
            ("from", Some(name)) => format!("from={}", stage(name)),
            ("mount", Some(value)) => {
                format!("mount={}", value.split(',').map(field).collect::<Vec<_>>().join(","))
            }
            _ => flag.span.of(file.text).to_owned(),
        }
    });
    let text = |text: &str| vec![Argument::Text(text.to_owned())];
    let arguments = match &instruction.body {
        Body::Env(all) | Body::Label(all) if file.escape == '\\' => all.iter().flat_map(assigned).collect(),
        Body::From(from) => {
            let name = from.name.as_deref().unwrap_or_default().to_ascii_lowercase();
            vec![Argument::Text(stage(&from.image)), Argument::Text(name)]
        }
        Body::Expose(ports) => ports.iter().map(|port| Argument::Text(with_lower_protocol(port))).collect(),
        Body::Volume(paths) => paths.iter().map(|path| Argument::Text(path.clone())).collect(),
        _ => text(instruction.arguments()),
    };
    Meaning {
        keyword: Some(instruction.keyword),
        flags: flags.collect(),
        arguments,
        documents: instruction.heredocs.iter().map(|doc| doc.content.of(file.text)).collect(),
    }
}

/// A name and its value, or the value as written if it can't be read.
fn assigned(assignment: &Assignment) -> [Argument; 2] {
    let value = assignment.value.as_deref().unwrap_or_default();
    let value = match parts(value) {
        Some(parts) => Argument::Value(parts),
        None => Argument::Text(value.to_owned()),
    };
    [Argument::Text(assignment.key.clone()), value]
}

/// A port with its protocol in lower case, unless that may be a part of a variable.
fn with_lower_protocol(port: &str) -> String {
    match port.rsplit_once('/') {
        Some((port, protocol)) if protocol.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            format!("{port}/{}", protocol.to_ascii_lowercase())
        }
        _ => port.to_owned(),
    }
}

/// Without the commands and health checks that a later instruction of the stage replaces.
fn effective(all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    const REPLACED: &[Keyword] = &[Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    let mut seen = HashSet::new();
    let mut kept: Vec<Meaning<'_>> = Vec::new();
    for meaning in all.into_iter().rev() {
        match meaning.keyword {
            Some(Keyword::From) => seen.clear(),
            Some(keyword) if REPLACED.contains(&keyword) && !seen.insert(keyword) => continue,
            _ => {}
        }
        kept.push(meaning);
    }
    kept.reverse();
    kept
}

/// Without the flags that name the platform of the build.
fn anywhere(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    for meaning in all.iter_mut().filter(|meaning| meaning.keyword == Some(Keyword::From)) {
        meaning
            .flags
            .retain(|flag| flag != "--platform=$TARGETPLATFORM" && flag != "--platform=${TARGETPLATFORM}");
    }
    all
}

/// Without the parts of the names of official images that the builder adds.
fn with_short_names(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    for meaning in all.iter_mut().filter(|meaning| meaning.keyword == Some(Keyword::From)) {
        let Some(Argument::Text(image)) = meaning.arguments.first_mut() else { continue };
        let short = PREFIXES_OF_OFFICIAL_IMAGES.iter().find_map(|prefix| image.strip_prefix(prefix));
        if let Some(short) = short.map(str::to_owned) {
            *image = short;
        }
    }
    all
}

/// Without the addresses and ports of the host.
fn without_mappings(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    for meaning in all.iter_mut().filter(|meaning| meaning.keyword == Some(Keyword::Expose)) {
        for argument in &mut meaning.arguments {
            let Argument::Text(port) = argument else { continue };
            let own = port.rsplit_once(':').map(|(_, own)| own.to_owned());
            if let Some(own) = own.filter(|_| !port.contains('$')) {
                *port = own;
            }
        }
    }
    all
}

/// With each MAINTAINER as a label.
fn with_labels(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    for meaning in all.iter_mut().filter(|meaning| meaning.keyword == Some(Keyword::Maintainer)) {
        let Some(Argument::Text(name)) = meaning.arguments.pop() else { continue };
        let name = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&name);
        meaning.keyword = Some(Keyword::Label);
        meaning.arguments = vec![
            Argument::Text("org.opencontainers.image.authors".to_owned()),
            Argument::Value(vec![Part::Text(name.to_owned())]),
        ];
    }
    all
}

/// With the words of each CMD and ENTRYPOINT, whatever their form.
fn with_words(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    let is_start =
        |meaning: &&mut Meaning<'_>| matches!(meaning.keyword, Some(Keyword::Cmd | Keyword::Entrypoint));
    for meaning in all.iter_mut().filter(is_start) {
        let Some(Argument::Text(text)) = meaning.arguments.first_mut() else { continue };
        let words = match serde_json::from_str::<Vec<String>>(text) {
            Ok(words) => words,
            Err(_) => {
                let text = text.replace(['"', '\''], "");
                text.strip_prefix("exec ").unwrap_or(&text).split_whitespace().map(str::to_owned).collect()
            }
        };
        let text_of_words = words.join(" ").replace(['"', '\''], "");
        *text = text_of_words.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    all
}

/// Without the SHELL instructions that set pipefail.
fn without_pipefail(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    let sets_pipefail = |argument: &Argument| matches!(argument, Argument::Text(text) if ["bash", "ash"].iter().any(|shell| *text == format!("[\"/bin/{shell}\", \"-o\", \"pipefail\", \"-c\"]")));
    all.retain(|meaning| {
        meaning.keyword != Some(Keyword::Shell) || !meaning.arguments.iter().all(sets_pipefail)
    });
    all
}

/// With each ADD as a COPY.
fn as_copies(mut all: Vec<Meaning<'_>>) -> Vec<Meaning<'_>> {
    for meaning in all.iter_mut().filter(|meaning| meaning.keyword == Some(Keyword::Add)) {
        meaning.keyword = Some(Keyword::Copy);
    }
    all
}

/// With the absolute paths of working directories, and of the destinations of copies.
fn absolute<'a>(facts: &'a Facts<'_>) -> Vec<Meaning<'a>> {
    let mut all = meanings(facts.file);
    let is_kept = |item: &&Item<'_>| matches!(item, Item::Instruction(_) | Item::Error(..));
    let items = facts.file.items.iter().enumerate().filter(|(_, item)| is_kept(item));
    for ((at, item), meaning) in items.zip(&mut all) {
        let Item::Instruction(instruction) = item else { continue };
        match &instruction.body {
            Body::Workdir(_) => {
                if let Some(directory) = facts.directory_after(at) {
                    meaning.arguments = vec![Argument::Text(directory)];
                }
            }
            Body::Copy(transfer) => {
                let written = &transfer.destination;
                if let Some(path) = facts.path_at(at, written) {
                    let is_directory = written.ends_with('/') || written == "." || written.ends_with("/.");
                    let start = instruction.arguments().strip_suffix(written.as_str());
                    meaning.arguments = match start {
                        Some(start) => vec![
                            Argument::Text(start.trim_end().to_owned()),
                            Argument::Text(format!("{path} {is_directory}")),
                        ],
                        None => continue,
                    };
                }
            }
            _ => {}
        }
    }
    all
}

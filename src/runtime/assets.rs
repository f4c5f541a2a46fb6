//! Files in the application's directory that a compiled program may read at run time: every file
//! copied from the build context, except sources and files that are meant only for people and
//! tools.

use std::collections::BTreeSet;

use crate::context::BuildContext;
use crate::facts::paths;
use crate::facts::sources::names_directory;
use crate::facts::started::Started;
use crate::knowledge::lists::files::{COMPILED_SOURCES, FOR_PEOPLE_AND_TOOLS, STARTS_OF_NAMES_FOR_PEOPLE};
use crate::runtime::view::StageView;
use crate::syntax::{Body, Item};

/// With more paths than this, a COPY of the whole directory is easier to read.
const MOST_PATHS: usize = 12;

/// The absolute image paths to copy; `None` where the whole directory has to be copied because its
/// content is unknown.
pub(crate) fn assets(view: &StageView<'_, '_>, is_source: &dyn Fn(&str) -> bool) -> Option<Vec<String>> {
    let context = view.context?;
    if view.folder == "/" {
        return anywhere(view, context, is_source);
    }
    let named = named_in_sources(context);
    let mut kept = BTreeSet::new();
    let mut left = BTreeSet::new();
    for item in view.stage.items.clone() {
        let Item::Instruction(instruction) = &view.facts.file.items[item] else { continue };
        let (Body::Copy(_) | Body::Add(_)) = &instruction.body else { continue };
        let copied = view.facts.copied(item, context)?;
        for entry in context.sent() {
            let Some(path) = copied.image_path(&entry.path) else { continue };
            let Some(inner) = path.strip_prefix(&view.folder).and_then(|inner| inner.strip_prefix('/'))
            else {
                continue;
            };
            let is_left = (is_source(inner) || is_for_people(inner))
                && !named.iter().any(|name| paths::within(inner, name));
            let set = if is_left { &mut left } else { &mut kept };
            set.insert(inner.to_owned());
        }
    }
    let mut paths = BTreeSet::new();
    for file in &kept {
        // The topmost directory whose files are all copied.
        let ends = file.match_indices('/').map(|(at, _)| at);
        let mut directories = ends.map(|at| &file[..at]);
        let whole = directories.find(|directory| {
            !left
                .range((*directory).to_owned()..)
                .take_while(|path| path.starts_with(directory))
                .any(|path| path[directory.len()..].starts_with('/'))
        });
        paths.insert(format!("{}/{}", view.folder.trim_end_matches('/'), whole.unwrap_or(file)));
    }
    (paths.len() <= MOST_PATHS).then(|| paths.into_iter().collect())
}

/// The files that are copied anywhere, for a program that starts in `/`. Apart from sources, only what
/// something names by its absolute path may be read.
fn anywhere(
    view: &StageView<'_, '_>,
    context: &BuildContext,
    is_source: &dyn Fn(&str) -> bool,
) -> Option<Vec<String>> {
    let texts = texts_that_name_files(view, context);
    let is_named = |path: &str| {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        let mut places = parents.filter(|parent| !parent.is_empty());
        texts.iter().any(|text| text.contains(path))
            || places.any(|place| texts.iter().any(|text| names_directory(text, place)))
    };
    let mut found = BTreeSet::new();
    for item in view.stage.items.clone() {
        let Item::Instruction(instruction) = &view.facts.file.items[item] else { continue };
        let (Body::Copy(_) | Body::Add(_)) = &instruction.body else { continue };
        if instruction.flag("from").is_some() {
            continue;
        }
        let copied = view.facts.copied(item, context)?;
        let sent = context.sent().filter_map(|entry| Some((&entry.path, copied.image_path(&entry.path)?)));
        let files: Vec<(&String, String)> = sent.collect();
        let has_sources = files.iter().any(|(path, _)| is_source(path));
        let is_read = |(path, image_path): &(&String, String)| {
            is_named(image_path) || !has_sources && !is_for_people(path)
        };
        found.extend(files.into_iter().filter(is_read).map(|(_, image_path)| image_path));
    }
    (found.len() <= MOST_PATHS).then(|| found.into_iter().collect())
}

/// The sources, the scripts that the image starts, and the settings of the image.
fn texts_that_name_files<'v>(view: &'v StageView<'_, '_>, context: &'v BuildContext) -> Vec<&'v str> {
    let settings = view.facts.file.instructions().filter(|(_, instruction)| {
        !matches!(instruction.body, Body::Run(_) | Body::Copy(_) | Body::Add(_) | Body::Workdir(_))
    });
    let started = view.facts.started().iter().filter_map(Started::shell_text);
    compiled_sources(context)
        .chain(settings.map(|(_, instruction)| instruction.arguments()))
        .chain(started)
        .collect()
}

/// The relative paths in quotes in a source, as far as files are sent below them.
fn named_in_sources(context: &BuildContext) -> BTreeSet<&str> {
    let quoted = compiled_sources(context).flat_map(|text| text.split(['"', '`']));
    let paths = quoted.map(|text| text.trim_start_matches("./").trim_end_matches('/'));
    let is_path = |path: &&str| {
        !path.is_empty() && path.len() < 200 && !path.contains(char::is_whitespace) && context.sends(path)
    };
    paths.filter(is_path).collect()
}

/// The texts of the sources in compiled languages.
fn compiled_sources(context: &BuildContext) -> impl Iterator<Item = &str> {
    let sources = context.texts.iter().filter(|(path, _)| {
        COMPILED_SOURCES.iter().any(|ending| path.ends_with(ending)) && context.sends_file(path)
    });
    sources.map(|(_, text)| text.as_str())
}

fn is_for_people(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_hidden = first.starts_with('.') && !matches!(first, ".env" | ".config");
    let starts = STARTS_OF_NAMES_FOR_PEOPLE.iter().any(|start| last.starts_with(start));
    is_hidden
        || starts
        || FOR_PEOPLE_AND_TOOLS.contains(&last)
        || FOR_PEOPLE_AND_TOOLS.contains(&first)
        || last.ends_with(".dockerfile")
        || !path.contains('/') && last.ends_with(".md")
}

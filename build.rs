//! Reads the knowledge files into their types, refusing unknown keys, and embeds them as JSON,
//! indexed by name. Parsing YAML, or all of the JSON, at run time would slow down the start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs, slice};

#[path = "src/knowledge/model.rs"]
#[allow(dead_code, unused_imports)]
mod model;
#[path = "src/knowledge/table.rs"]
mod table;

fn main() {
    println!("cargo::rerun-if-changed=knowledge");
    println!("cargo::rerun-if-changed=src/knowledge/model.rs");
    println!("cargo::rerun-if-changed=src/knowledge/model");
    println!("cargo::rerun-if-changed=src/knowledge/table.rs");
    let root = Path::new("knowledge");
    let everything = model::Everything {
        managers: folder(&root.join("managers")).into_values().collect(),
        programs: read(&root.join("programs.yaml")),
        effects: read(&root.join("effects.yaml")),
        commands: read(&root.join("commands.yaml")),
        images: read(&root.join("images.yaml")),
        runtime: read(&root.join("runtime.yaml")),
        settings: read(&root.join("settings.yaml")),
        install_scripts: read(&root.join("install-scripts.yaml")),
        starters: read(&root.join("starters.yaml")),
        lists: folder(&root.join("lists")),
        languages: folder(&root.join("languages")),
    };
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("knowledge.rs"), tables(&everything)).expect("OUT_DIR is writable");
}

/// The lookup tables of `src/knowledge.rs`: sorted names, each followed by its entry as JSON, which
/// is parsed only when it is needed.
fn tables(everything: &model::Everything) -> String {
    let model::Everything {
        managers,
        programs,
        effects,
        commands,
        images,
        runtime,
        settings,
        install_scripts,
        starters,
        lists,
        languages,
    } = everything;
    let mut text = String::new();
    parts(
        &mut text,
        "MANAGERS",
        "Manager",
        managers.iter().map(|manager| (manager.name.as_str(), json(manager))),
    );
    parts(&mut text, "IMAGES", "Image", images.iter().map(|image| (image.name.as_str(), json(image))));
    parts(&mut text, "COMMANDS", "CommandLine", commands.iter().map(|command| ("", json(command))));
    parts(
        &mut text,
        "WRAPPERS",
        "Wrapper",
        programs.wrappers.iter().map(|wrapper| (wrapper.name.as_str(), json(wrapper))),
    );
    parts(&mut text, "LIBRARIES", "Vec<Library>", std::iter::once(("", json(&runtime.libraries))));
    parts(&mut text, "SETTINGS", "Vec<SettingsFile>", std::iter::once(("", json(settings))));
    parts(&mut text, "STARTERS", "Vec<Starter>", std::iter::once(("", json(starters))));
    parts(&mut text, "INSTALL_SCRIPTS", "Vec<InstallScript>", std::iter::once(("", json(install_scripts))));
    table(&mut text, "COMMAND_BY_PROGRAM", "u8", &numbers(commands, |command| &command.programs));
    table(&mut text, "MANAGER_BY_PROGRAM", "u8", &numbers(managers, |manager| &manager.programs));
    table(&mut text, "MANAGER_BY_MODULE", "u8", &numbers(managers, |manager| &manager.modules));
    table(&mut text, "STARTER_BY_PROGRAM", "u8", &numbers(starters, |starter| &starter.programs));
    let wrappers = numbers(&programs.wrappers, |wrapper| slice::from_ref(&wrapper.name));
    table(&mut text, "WRAPPER_BY_NAME", "u8", &wrappers);
    table(&mut text, "IMAGE_BY_NAME", "u16", &numbers(images, |image| slice::from_ref(&image.name)));
    // If several lists contain a name, the last one counts.
    let sorts = [
        (&programs.builders, "Builder"),
        (&programs.ordinary, "Ordinary"),
        (&programs.cheap, "Cheap"),
        (&programs.daemons, "Daemon"),
    ];
    table(&mut text, "PROGRAMS", "Program", &variants("Program", &sorts));
    let scopes = [
        (&effects.nothing, "Nothing"),
        (&effects.operands, "Operands"),
        (&effects.scripted, "Scripted"),
        (&effects.archives, "Archive"),
        (&effects.downloads, "Download"),
        (&effects.accounts, "Accounts"),
        (&effects.named, "Named"),
        (&effects.system, "System"),
    ];
    table(&mut text, "SCOPES", "Scope", &variants("Scope", &scopes));
    text += &format!("static SOURCED: &[&str] = &{:?};\n", programs.sourced);
    text += &format!("static VARIABLES: &[&str] = &{:?};\n", effects.variables);
    module(&mut text, "lists", "Names that the code looks for, by subject.", |text| {
        for (file, lists) in lists {
            module(text, file, &format!("See `knowledge/lists/{file}.yaml`."), |text| constants(text, lists));
        }
    });
    module(&mut text, "packages", "System packages that only a build needs.", |text| roles(text, runtime));
    module(&mut text, "managers", "The files of all package managers.", |text| files(text, managers));
    module(&mut text, "languages", "Programming languages.", |text| {
        shared(text, languages);
        for (name, language) in languages.iter().filter(|(_, language)| !language.lists.is_empty()) {
            let about = format!("See `knowledge/languages/{name}.yaml`.");
            module(text, name, &about, |text| {
                constants(text, &language.lists);
                if let Some(sources) = &language.read_sources {
                    constant_with(text, "read-sources", sources, "#[allow(dead_code)]");
                }
            });
        }
    });
    text
}

/// A module of constants. The compiler warns about unused ones.
fn module(text: &mut String, name: &str, about: &str, inside: impl FnOnce(&mut String)) {
    *text += &format!("#[doc = {about:?}]\npub(crate) mod {} {{\n", name.replace('-', "_"));
    inside(text);
    *text += "}\n";
}

fn constants(text: &mut String, lists: &model::Lists) {
    for (name, list) in lists {
        constant(text, name, list);
    }
}

/// Only `inspect` uses some lists.
const UNUSED_WITHOUT_INSPECT: &str = "#[cfg_attr(not(feature = \"inspect\"), allow(dead_code))]";

/// A list as a constant, sorted unless its order matters.
fn constant(text: &mut String, name: &str, list: &model::List) {
    constant_with(text, name, list, UNUSED_WITHOUT_INSPECT);
}

/// A list as a constant with an attribute.
fn constant_with(text: &mut String, name: &str, list: &model::List, attribute: &str) {
    let model::List { about, words, pairs, table, source, ordered: _ } = list;
    let (kind, values) = match (words.is_empty(), pairs.is_empty(), table.is_empty()) {
        (false, true, true) => ("&str", format!("{words:?}")),
        (true, false, true) => ("(&str, &str)", format!("{pairs:?}")),
        (true, true, false) => {
            let rows: String =
                table.iter().map(|(name, values)| format!("({name:?}, &{values:?}), ")).collect();
            ("(&str, &[&str])", format!("[{rows}]"))
        }
        _ => panic!("the list {name} has no values, or values of several forms"),
    };
    let name = name.replace('-', "_").to_uppercase();
    *text += &format!("#[doc = {:?}]\n", format!("{about} ({source})"));
    *text += attribute;
    *text += "\n";
    *text += &format!("pub(crate) const {name}: &[{kind}] = &{values};\n");
}

/// The system packages by what they are for.
fn roles(text: &mut String, runtime: &model::Runtime) {
    let roles = [
        ("build-tools", "Compilers, build systems, headers without a library.", &runtime.build_tools),
        ("looking", "For people who inspect a container.", &runtime.looking),
        ("fetching", "Download files.", &runtime.fetching),
    ];
    for (name, about, packages) in roles {
        let (about, source) = (about.to_owned(), "`knowledge/runtime.yaml`".to_owned());
        let list = model::List { about, source, words: packages.clone(), ..model::List::default() };
        constant(text, name, &list);
    }
}

/// The names of the files that are read for the package managers.
fn files(text: &mut String, managers: &[model::Manager]) {
    let all = |name: &str, words: BTreeSet<&String>, pairs: BTreeSet<(String, String)>| model::List {
        about: name.to_owned(),
        source: "`knowledge/managers/`".to_owned(),
        words: words.into_iter().cloned().collect(),
        pairs: pairs.into_iter().collect(),
        ..model::List::default()
    };
    let modes = managers.iter().flat_map(|manager| {
        [&manager.offline, &manager.linked, &manager.uncached, &manager.moved].into_iter().flatten()
    });
    let settings: BTreeSet<_> = modes.flat_map(|mode| &mode.settings).map(|setting| &setting.file).collect();
    let manifests = managers.iter().filter_map(|manager| manager.project.as_ref());
    let manifests = manifests.flat_map(|project| &project.manifests);
    let texts = managers.iter().flat_map(|manager| &manager.texts.names);
    let texts: BTreeSet<_> = texts.chain(manifests).chain(settings).collect();
    let inner = texts.iter().filter_map(|path| path.rsplit_once('/'));
    let inner = inner.map(|(folder, name)| (folder.to_owned(), name.to_owned())).collect();
    let names = texts.into_iter().filter(|path| !path.contains('/')).collect();
    let none = BTreeSet::new;
    constant(text, "texts", &all("Names of files whose texts are read.", names, none()));
    constant(text, "texts-in", &all("Folders, and names that count in them only.", BTreeSet::new(), inner));
    let lockfiles = managers.iter().flat_map(|manager| &manager.texts.lockfiles).collect();
    constant(text, "lockfiles", &all("Lockfiles, which may be large.", lockfiles, none()));
    let comments = managers.iter().flat_map(|manager| manager.texts.comments.iter().cloned()).collect();
    let about = "Manifests, each with its kind of comment.";
    constant(text, "manifest-comments", &all(about, BTreeSet::new(), comments));
}

/// The lists that all languages have, joined.
fn shared(text: &mut String, languages: &BTreeMap<String, model::Language>) {
    type Field = fn(&model::Language) -> &Option<model::List>;
    let fields: [(&str, Field); 8] = [
        ("build-variables", |language| &language.build_variables),
        ("image-variables", |language| &language.image_variables),
        ("slim-images", |language| &language.slim_images),
        ("alpine-images", |language| &language.alpine_images),
        ("plain-images", |language| &language.plain_images),
        ("images-without-workdir", |language| &language.images_without_workdir),
        ("read-sources", |language| &language.read_sources),
        ("comments", |language| &language.comments),
    ];
    for (name, field) in fields {
        let mut all = model::List {
            about: "The lists of all languages.".to_owned(),
            source: "`knowledge/languages/`".to_owned(),
            ..model::List::default()
        };
        for list in languages.values().filter_map(|language| field(language).as_ref()) {
            all.words.extend(list.words.iter().cloned());
            all.pairs.extend(list.pairs.iter().cloned());
        }
        all.words.sort();
        all.words.dedup();
        all.pairs.sort();
        constant(text, name, &all);
    }
}

/// The value as JSON. Fields that are read as the same value if they are missing are left out.
fn json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> String {
    let whole = serde_json::to_value(value).expect("plain data has a JSON form");
    let mut short = whole.clone();
    shorten(&mut short);
    let text = short.to_string();
    // JSON is YAML, for which these types are read anyway.
    let read = serde_yaml::from_str::<T>(&text).ok().and_then(|read| serde_json::to_value(read).ok());
    if read.is_some_and(|read| read == whole) { text } else { whole.to_string() }
}

/// Leaves out fields without a value, at any depth.
fn shorten(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(fields) => {
            fields.values_mut().for_each(shorten);
            fields.retain(|_, value| match value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(values) => !values.is_empty(),
                Value::Object(fields) => !fields.is_empty(),
                Value::Bool(true) | Value::Number(_) => true,
            });
        }
        _ => {}
    }
}

fn parts<'e>(
    text: &mut String,
    name: &str,
    kind: &str,
    entries: impl ExactSizeIterator<Item = (&'e str, String)>,
) {
    let count = entries.len();
    let entries: String = entries.map(|(name, json)| format!("    ({name:?}, {json:?}),\n")).collect();
    *text += &format!("static {name}: Parts<{kind}, {count}> = Parts::new(&[\n{entries}]);\n");
}

fn table(text: &mut String, table: &str, kind: &str, entries: &BTreeMap<&str, String>) {
    let count = entries.len().next_power_of_two();
    let mut sorted: Vec<_> =
        entries.iter().map(|(&name, value)| (table::hash(name) as usize % count, name, value)).collect();
    sorted.sort();
    let starts: Vec<usize> =
        (0..=count).map(|hash| sorted.partition_point(|(other, ..)| *other < hash)).collect();
    let names: String = sorted.iter().map(|(_, name, _)| *name).collect();
    let mut at = 0;
    let mut rows = String::new();
    for (_, name, value) in sorted {
        rows += &format!("    ({at}, {}, {value}),\n", name.len());
        at += name.len();
    }
    *text += &format!(
        "static {table}: Table<{kind}> = Table {{\n    names: {names:?},\n    starts: &{starts:?},\n    entries: &[\n{rows}],\n}};\n"
    );
}

/// The number of the entry that has each name.
fn numbers<'e, T>(entries: &'e [T], names: impl Fn(&'e T) -> &'e [String]) -> BTreeMap<&'e str, String> {
    let all = entries.iter().enumerate();
    all.flat_map(|(number, entry)| names(entry).iter().map(move |name| (name.as_str(), number.to_string())))
        .collect()
}

fn variants<'e>(kind: &str, lists: &[(&'e Vec<String>, &str)]) -> BTreeMap<&'e str, String> {
    let all =
        lists.iter().flat_map(|(names, variant)| names.iter().map(move |name| (name.as_str(), variant)));
    all.map(|(name, variant)| (name, format!("{kind}::{variant}"))).collect()
}

/// The YAML files of a folder, by name.
fn folder<T: serde::de::DeserializeOwned>(path: &Path) -> BTreeMap<String, T> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let named = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
    files.map(|path| (named(&path).expect("a file has a name"), read(&path))).collect()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

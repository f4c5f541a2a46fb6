//! Reads the knowledge files into their types, refusing unknown keys, and embeds them as JSON,
//! indexed by name. Parsing YAML, or all of the JSON, at run time would slow down the start.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

#[path = "src/knowledge/model.rs"]
#[allow(dead_code)]
mod model;

fn main() {
    println!("cargo::rerun-if-changed=knowledge");
    println!("cargo::rerun-if-changed=src/knowledge/model.rs");
    let root = Path::new("knowledge");
    let mut files: Vec<_> = fs::read_dir(root.join("managers"))
        .expect("knowledge/managers is part of the source")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let everything = model::Everything {
        managers: files.iter().map(|path| read(path)).collect(),
        programs: read(&root.join("programs.yaml")),
        effects: read(&root.join("effects.yaml")),
        images: read(&root.join("images.yaml")),
        runtime: read(&root.join("runtime.yaml")),
        settings: read(&root.join("settings.yaml")),
        install_scripts: read(&root.join("install-scripts.yaml")),
        starters: read(&root.join("starters.yaml")),
    };
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("knowledge.rs"), tables(&everything)).expect("OUT_DIR is writable");
}

/// The tables that `src/knowledge.rs` looks things up in: names sorted, and behind them what is said of each as JSON, which
/// is read when somebody asks for it.
fn tables(everything: &model::Everything) -> String {
    let model::Everything {
        managers,
        programs,
        effects,
        images,
        runtime,
        settings,
        install_scripts,
        starters,
    } = everything;
    let mut text = String::new();
    parts(&mut text, "MANAGERS", "Manager", managers.iter().map(|one| (one.name.as_str(), json(one))));
    parts(&mut text, "IMAGES", "Image", images.iter().map(|one| (one.name.as_str(), json(one))));
    parts(
        &mut text,
        "WRAPPERS",
        "Wrapper",
        programs.wrappers.iter().map(|one| (one.name.as_str(), json(one))),
    );
    parts(&mut text, "RUNTIME", "Runtime", std::iter::once(("", json(runtime))));
    parts(&mut text, "SETTINGS", "Vec<SettingsFile>", std::iter::once(("", json(settings))));
    parts(&mut text, "STARTERS", "Vec<Starter>", std::iter::once(("", json(starters))));
    parts(&mut text, "INSTALL_SCRIPTS", "Vec<InstallScript>", std::iter::once(("", json(install_scripts))));
    let numbers = |names: fn(&model::Manager) -> &Vec<String>| -> BTreeMap<&str, String> {
        let all = managers.iter().enumerate();
        all.flat_map(|(number, one)| names(one).iter().map(move |name| (name.as_str(), number.to_string())))
            .collect()
    };
    table(&mut text, "MANAGER_BY_PROGRAM", "usize", &numbers(|one| &one.programs));
    table(&mut text, "MANAGER_BY_MODULE", "usize", &numbers(|one| &one.modules));
    // A name in several lists belongs to the last.
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
    text
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
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

fn table(text: &mut String, name: &str, kind: &str, entries: &BTreeMap<&str, String>) {
    let entries: String = entries.iter().map(|(name, value)| format!("    ({name:?}, {value}),\n")).collect();
    *text += &format!("static {name}: &[(&str, {kind})] = &[\n{entries}];\n");
}

fn variants<'e>(kind: &str, lists: &[(&'e Vec<String>, &str)]) -> BTreeMap<&'e str, String> {
    let all =
        lists.iter().flat_map(|(names, variant)| names.iter().map(move |name| (name.as_str(), variant)));
    all.map(|(name, variant)| (name, format!("{kind}::{variant}"))).collect()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

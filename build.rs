//! Reads the knowledge files through their types, refusing unknown keys, and embeds them as one JSON text: a YAML parser
//! at run time would show in the start-up.

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
    };
    let json = serde_json::to_string(&everything).expect("plain data has a JSON form");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("knowledge.json"), json).expect("OUT_DIR is writable");
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

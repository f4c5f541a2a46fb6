//! Code that several test programs share: running the program in a folder, the corpus of real
//! Dockerfiles, and the only way to skip a test (`needs`).
#![allow(dead_code, unused_imports)]

pub mod engine;
mod needs;
pub mod run;
#[cfg(unix)]
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod throwaway;

pub use needs::{
    corpus_folder, from_npm, from_pypi, has_engine, has_programs, has_tracer, need, python_with, skip,
};
pub use run::jettison;

use std::fs;

use serde_json::Value;

/// A real Dockerfile, and the result of BuildKit's own parser for it.
pub struct Real {
    /// Its file name.
    pub name: String,
    /// Its text, or `None` if it is not UTF-8.
    pub text: Option<String>,
    /// BuildKit's record of it.
    pub buildkit: Value,
}

/// The corpus. Without it, the test is skipped.
pub fn corpus(test: &str) -> Option<Vec<Real>> {
    let folder = need(test, corpus_folder())?;
    let records = fs::read_to_string(folder.join("buildkit.jsonl")).expect("a readable file");
    let real = |line: &str| {
        let buildkit: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = buildkit["file"].as_str().expect("a file name").to_owned();
        let bytes = fs::read(folder.join("files").join(&name)).expect("a corpus file");
        Real { name, text: String::from_utf8(bytes).ok(), buildkit }
    };
    Some(records.lines().map(real).collect())
}

/// A temporary folder with these files in it.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// The surroundings of a Dockerfile with a build context that a test writes as text.
pub struct Written(
    pub jettison::context::BuildContext,
    Vec<jettison::context::Service>,
    Vec<jettison::context::ImageRun>,
    Vec<(String, String)>,
    Option<Vec<jettison::context::PythonPart>>,
);

impl jettison::context::ContextSource for Written {
    fn context(&self) -> Result<&jettison::context::BuildContext, &str> {
        Ok(&self.0)
    }

    fn services(&self) -> &[jettison::context::Service] {
        &self.1
    }

    fn runs(&self) -> &[jettison::context::ImageRun] {
        &self.2
    }

    fn texts_about_targets(&self) -> Result<&[(String, String)], &str> {
        Ok(&self.3)
    }

    fn python_parts(&self) -> Option<&[jettison::context::PythonPart]> {
        self.4.as_deref()
    }
}

impl From<jettison::context::BuildContext> for Written {
    fn from(context: jettison::context::BuildContext) -> Self {
        use jettison::context::compose::{ComposeFile, is_compose_file, services};
        let named = |path: &str| path.rsplit('/').next().is_some_and(is_compose_file);
        let files = context.texts.iter().filter(|(path, _)| named(path));
        let files: Vec<_> = files.map(|(path, text)| ComposeFile::of(&format!("/{path}"), text)).collect();
        let services = services(&files, "/Dockerfile");
        let others = context.texts.iter().filter(|(path, _)| !named(path));
        let others = others.map(|(path, text)| (path.as_str(), text.as_str()));
        let runs = jettison::context::runs::runs(others);
        let is_about = |text: &&String| text.to_ascii_lowercase().contains("target");
        let texts = context.texts.iter().filter(|(_, text)| is_about(text));
        let texts = texts.map(|(path, text)| (path.clone(), text.clone())).collect();
        let parts = context.texts.get(".checks").map(|text| text.lines().map(python_part).collect());
        Self(context, services, runs, texts, parts)
    }
}

impl Written {
    /// Reads lines of the form `path`, `path SIZE`, or `path <<EOF`, which the file's text follows
    /// up to a line `EOF`.
    pub fn parse(text: &str) -> Self {
        use jettison::context::{BuildContext, Entry};
        let (mut entries, mut texts, mut ignore_text) = (Vec::new(), std::collections::BTreeMap::new(), None);
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        while let Some(line) = lines.next() {
            let (path, rest) = line.split_once(' ').unwrap_or((line, ""));
            let body = (rest == "<<EOF").then(|| {
                lines
                    .by_ref()
                    .take_while(|line| *line != "EOF")
                    .fold(String::new(), |all, line| all + line + "\n")
            });
            let size = body.as_ref().map_or_else(|| rest.parse().unwrap_or(100), |body| body.len() as u64);
            entries.push(Entry { path: path.into(), size, is_link: false, executable: false });
            match body {
                Some(body) if path == ".dockerignore" => ignore_text = Some(body),
                Some(body) => drop(texts.insert(path.into(), body)),
                None => {}
            }
        }
        BuildContext::of(entries, texts, ".dockerignore", ignore_text).into()
    }
}

/// A line of the file `.checks`, which contains what the checks of an image have shown: the name of
/// a part, its size, and a file that was opened.
fn python_part(line: &str) -> jettison::context::PythonPart {
    use jettison::context::{PythonPart, PythonPartName};
    let mut words = line.split(' ');
    let name = match words.next() {
        Some("pip") => PythonPartName::Pip,
        Some("tests") => PythonPartName::Tests,
        other => panic!("{other:?} is not the name of a part"),
    };
    let size = words.next().and_then(|size| size.parse().ok()).expect("a size");
    PythonPart { name, size, opened: words.next().map(str::to_owned) }
}

/// The bodies of all here-documents.
pub fn documents(text: &str) -> Vec<String> {
    let file = jettison::syntax::Dockerfile::parse(text);
    let all = file.instructions().flat_map(|(_, instruction)| &instruction.heredocs);
    all.map(|document| document.content.of(text).to_owned()).collect()
}

/// All comment lines, not counting those in here-documents.
pub fn comments(text: &str) -> Vec<String> {
    let file = jettison::syntax::Dockerfile::parse(text);
    let bodies: Vec<_> = file
        .instructions()
        .flat_map(|(_, instruction)| instruction.heredocs.iter().map(|doc| doc.content))
        .collect();
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let inside = bodies.iter().any(|body| body.start <= at && at < body.end);
        if !inside && line.trim_start().starts_with('#') {
            found.push(line.trim().to_owned());
        }
        at += line.len();
    }
    found
}

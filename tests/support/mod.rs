//! What several test programs need: the corpus of real Dockerfiles, and the one way to skip a test.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One real Dockerfile and what BuildKit's own parser sees in it.
pub struct Real {
    /// Its file name.
    pub name: String,
    /// Its text; none where it is not UTF-8.
    pub text: Option<String>,
    /// BuildKit's record of it.
    pub buildkit: Value,
}

/// The corpus, where it lies beside the project; else the test says that it was skipped.
pub fn corpus(test: &str) -> Option<Vec<Real>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(records) = fs::read_to_string(root.join("buildkit.jsonl")) else {
        skip(test, "the corpus is not there");
        return None;
    };
    let real = |line: &str| {
        let buildkit: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = buildkit["file"].as_str().expect("a file name").to_owned();
        let bytes = fs::read(root.join("files").join(&name)).expect("a corpus file");
        Real { name, text: String::from_utf8(bytes).ok(), buildkit }
    };
    Some(records.lines().map(real).collect())
}

/// Says plainly that a test did not run. Under CI that is a failure.
pub fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} must run under CI, but {why}");
    eprintln!("skipped: {test}: {why}");
}

/// Whether an engine answered a test; otherwise the test says that it was skipped, or fails where that is not allowed.
pub fn has_engine(test: &str, answer: Result<(), String>) -> bool {
    if let Err(reason) = answer {
        let required = std::env::var_os("JETTISON_REQUIRE_DOCKER").is_some_and(|value| value == "1");
        assert!(!required, "{test} needs a Docker engine (JETTISON_REQUIRE_DOCKER=1), but {reason}");
        skip(test, &reason);
        return false;
    }
    true
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

/// The program under test.
pub fn jettison() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_jettison"))
}

/// A build context that a test writes down, as what lies around a Dockerfile.
pub struct Written(pub jettison::context::BuildContext);

impl jettison::context::Surroundings for Written {
    fn context(&self) -> Result<&jettison::context::BuildContext, &str> {
        Ok(&self.0)
    }
}

impl Written {
    /// Reads lines of `path`, `path SIZE`, or `path <<EOF` with the text behind it up to a line `EOF`.
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
        Self(BuildContext::of(entries, texts, ".dockerignore", ignore_text))
    }
}

/// A program that PyPI brought, beside the interpreter that JETTISON_PYTHON names; else the test says that it was skipped.
pub fn from_pypi(test: &str, name: &str) -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os("JETTISON_PYTHON").unwrap_or_default());
    let program = python.parent().map(|directory| directory.join(name)).filter(|program| program.is_file());
    if program.is_none() {
        skip(test, &format!("{name} is not installed beside JETTISON_PYTHON"));
    }
    program
}

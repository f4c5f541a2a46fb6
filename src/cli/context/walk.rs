//! What lies in a directory: all files and links with their sizes, and the texts of those that say what to install or run, or
//! which programs are started.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ignore::WalkBuilder;

use crate::cli::context::relative;
use crate::cli::input;
use crate::context::Entry;

/// More files than this are not looked through.
const MOST_ENTRIES: usize = 300_000;
/// Longer texts are not read.
const MOST_BYTES: u64 = 1024 * 1024;
/// Lock files are longer.
const MOST_LOCK_BYTES: u64 = 16 * 1024 * 1024;
const MOST_SCRIPT_BYTES: u64 = 64 * 1024;
/// Sources are read until there are as many bytes of them.
const MOST_SOURCE_BYTES: u64 = 2 * 1024 * 1024;

/// Names of files whose texts are read.
const MANIFESTS: &[&str] = &[
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    ".npmrc",
    "pnpm-workspace.yaml",
    ".yarnrc",
    ".yarnrc.yml",
    "pyproject.toml",
    "poetry.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "go.mod",
    "go.work",
    "Cargo.toml",
    "Cargo.lock",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "Gemfile",
    "Gemfile.lock",
    "composer.json",
    "mix.exs",
    "Makefile",
    "Directory.Build.props",
    "Directory.Packages.props",
    "nuget.config",
    "NuGet.Config",
];

/// The files of a directory.
#[derive(Debug, Default)]
pub struct Files {
    /// Sorted by path.
    pub entries: Vec<Entry>,
    /// The texts that matter, by path.
    pub texts: BTreeMap<String, String>,
}

/// Looks through a directory, hidden files included, without following links.
pub fn files(directory: &Path) -> Result<Files, String> {
    let mut found = Files::default();
    let mut sources = 0;
    for entry in WalkBuilder::new(directory).standard_filters(false).follow_links(false).build() {
        let entry = entry.map_err(|error| format!("the build context can't be looked through: {error}"))?;
        if entry.file_type().is_none_or(|kind| kind.is_dir()) {
            continue;
        }
        // A name that is not UTF-8 can't stand in a Dockerfile of ours.
        let Some(path) = relative(entry.path(), directory) else { continue };
        if found.entries.len() == MOST_ENTRIES {
            return Err(format!(
                "the build context {} has more than {MOST_ENTRIES} files",
                directory.display()
            ));
        }
        let Ok(metadata) = entry.metadata() else { continue };
        let size = metadata.len();
        let is_link = metadata.is_symlink();
        let source = is_source(&path) && sources + size <= MOST_SOURCE_BYTES;
        if source {
            sources += size;
        }
        if !is_link
            && metadata.is_file()
            && (source || is_read(&path, size))
            && let Ok(Some(text)) = input::beside(entry.path(), MOST_LOCK_BYTES)
        {
            found.texts.insert(path.clone(), text);
        }
        found.entries.push(Entry { path, size, is_link, executable: is_executable(&metadata) });
    }
    found.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// How sources end that say what the program needs when it runs, and the recipes of `make`.
const ENDINGS_OF_SOURCES: &[&str] = &[
    ".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".c", ".h", ".java", ".kt", ".scala", "Makefile", "makefile",
    ".mk",
];

/// Whether it may say which programs it starts. What is generated, installed or only tests is left out.
fn is_source(path: &str) -> bool {
    let is_left_out = |part: &str| {
        matches!(
            part,
            "node_modules"
                | ".git"
                | ".venv"
                | "venv"
                | "dist"
                | "build"
                | "test"
                | "tests"
                | "__tests__"
                | "docs"
        )
    };
    ENDINGS_OF_SOURCES.iter().any(|ending| path.ends_with(ending))
        && !path.ends_with(".min.js")
        && !path.split('/').any(is_left_out)
}

fn is_read(path: &str, size: u64) -> bool {
    if path.split('/').any(|part| matches!(part, "node_modules" | ".git")) {
        return false;
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_lock =
        matches!(name, "package-lock.json" | "npm-shrinkwrap.json" | "pnpm-lock.yaml" | "Gemfile.lock");
    let is_requirements = name.ends_with(".txt")
        && (name.contains("requirements")
            || name.contains("constraints")
            || folder.ends_with("requirements")
            || name.starts_with("req"));
    let is_project =
        [".csproj", ".fsproj", ".vbproj", ".sln", ".gemspec"].iter().any(|ending| name.ends_with(ending));
    let is_script = name.ends_with(".sh") && size <= MOST_SCRIPT_BYTES;
    let is_dockerfile = name.to_ascii_lowercase().contains("dockerfile")
        && size <= MOST_SCRIPT_BYTES
        && !name.ends_with(".dockerignore");
    let limit = if is_lock { MOST_LOCK_BYTES } else { MOST_BYTES };
    size <= limit
        && (MANIFESTS.contains(&name) || is_requirements || is_project || is_script || is_dockerfile)
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

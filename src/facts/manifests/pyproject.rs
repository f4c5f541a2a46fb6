//! Poetry, uv and Pipenv: whether the project itself is installed along, and dependencies on local paths.
//!
//! Their TOML is not parsed but looked through line by line for what stands against it; what is not understood does.

use super::{Looked, Project, join};
use crate::knowledge::Confidence;

pub(super) fn look(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    match looked.call.manager.name.as_str() {
        "poetry" => poetry(looked, project),
        "uv" => uv(looked),
        _ => pipenv(looked, project),
    }
}

fn poetry(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("pyproject.toml")?;
    let leaves_itself_out =
        looked.has_option(&["--no-root"]) || setting(text, "package-mode") == Some("false");
    if !leaves_itself_out {
        return Err("`poetry install` installs the project itself; `--no-root` leaves it out".into());
    }
    local_paths(text, "pyproject.toml")?;
    if looked
        .context
        .text(&looked.path("poetry.toml"))
        .is_some_and(|text| setting(text, "in-project") == Some("true"))
    {
        project.makes.push(looked.path(".venv"));
    }
    if !looked.context.sends_file(&looked.path("poetry.lock")) {
        project.makes.push(looked.path("poetry.lock"));
    }
    // Where its environments are can be set in a way that no file tells.
    if looked.context.sends(&looked.path(".venv")) {
        project.makes.push(looked.path(".venv"));
    }
    Ok(())
}

fn uv(looked: &Looked<'_, '_>) -> Result<(), String> {
    let text = looked.text("pyproject.toml")?;
    let is_package = setting(text, "package") == Some("true")
        || text.contains("[build-system]") && setting(text, "package") != Some("false");
    if is_package && !looked.has_option(&["--no-install-project", "--no-install-workspace"]) {
        return Err("`uv sync` installs the project itself; `--no-install-project` leaves it out".into());
    }
    if text.contains("[tool.uv.workspace]") || text.contains("workspace = true") {
        return Err("pyproject.toml has a workspace".into());
    }
    if text.lines().any(|line| line.trim_start().starts_with("dynamic") && line.contains("dependencies")) {
        return Err("pyproject.toml takes the dependencies from elsewhere (`dynamic`)".into());
    }
    if looked.above().any(|folder| {
        looked.context.text(&join(folder, "pyproject.toml")).is_some_and(|text| text.contains("[tool.uv"))
    }) {
        return Err("a pyproject.toml further up belongs to it".into());
    }
    local_paths(text, "pyproject.toml")?;
    if !looked.context.sends_file(&looked.path("uv.lock")) || !looked.has_option(&["--frozen", "--locked"]) {
        // It writes a lock file that the later copy would replace, or bring back as it was.
        if looked.context.sends_file(&looked.path("uv.lock")) {
            return Err("without `--frozen` or `--locked`, `uv sync` may rewrite uv.lock".into());
        }
        return Err("the build context has no uv.lock".into());
    }
    Ok(())
}

fn pipenv(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("Pipfile")?;
    local_paths(text, "Pipfile")?;
    if text.contains("editable") {
        return Err("Pipfile installs something in editable form".into());
    }
    if !looked.context.sends_file(&looked.path("Pipfile.lock")) {
        project.makes.push(looked.path("Pipfile.lock"));
    } else if !looked.has_option(&["--deploy", "--ignore-pipfile"]) && looked.call.verb != "sync" {
        project.confidence = Confidence::Unsafe;
    }
    Ok(())
}

/// The value of a key wherever it stands.
fn setting<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.split('#').next().unwrap_or_default().trim())
    })
}

/// Dependencies by path: `{ path = "…" }`, `{ file = "…" }`, `@ file://…`.
fn local_paths(text: &str, name: &str) -> Result<(), String> {
    let local = text.lines().find(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let keyed = |key: &str| {
            line.match_indices(key).any(|(at, _)| {
                let before = line[..at].trim_end().chars().next_back();
                let after = line[at + key.len()..].trim_start();
                before.is_none_or(|c| matches!(c, '{' | ',')) && after.starts_with('=')
            })
        };
        keyed("path") || keyed("file") || keyed("develop") || line.contains("file:")
    });
    local
        .map_or(Ok(()), |line| Err(format!("`{name}` takes a dependency from a local path: {}", line.trim())))
}

//! Harmless changes to files: a comment, or an unused field. No two changes are the same, in this
//! run or any other, so a build never reuses a layer of an earlier one.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};

use crate::build::Workspace;

/// Original files, to each of which every build makes a new change.
pub struct Original {
    files: Vec<(PathBuf, String)>,
}

impl Original {
    /// Reads the files.
    pub fn read(workspace: &Workspace, paths: &[&str]) -> Result<Self> {
        let read = |path: &&str| {
            let path = workspace.file(path);
            let text =
                fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
            Ok((path, text))
        };
        Ok(Self { files: paths.iter().map(read).collect::<Result<_>>()? })
    }

    /// Writes all of them, with a change that no build has seen before.
    pub fn change(&self) -> Result<()> {
        for (path, text) in &self.files {
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            fs::write(path, changed(text, &extension, &unique()?)?)?;
        }
        Ok(())
    }
}

fn changed(text: &str, extension: &str, mark: &str) -> Result<String> {
    Ok(match extension {
        "py" | "txt" | "" => format!("{text}# {mark}\n"),
        "js" | "ts" | "go" | "mod" | "c" | "java" => format!("{text}// {mark}\n"),
        "json" => {
            let fields = text.strip_prefix("{\n").context("a JSON object of several lines")?;
            format!("{{\n  \"rebuild\": \"{mark}\",\n{fields}")
        }
        other => bail!("how does one write a comment in a .{other} file?"),
    })
}

fn unique() -> Result<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    Ok(format!("rebuild {} of {now}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

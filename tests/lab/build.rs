//! A working copy of an application, and the images that are built from it. This module does not
//! compare or measure anything.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::applications::{Application, Service};
use crate::engine;

/// A copy of an example's folder.
pub struct Workspace {
    application: &'static Application,
    directory: TempDir,
}

impl Workspace {
    /// Copies the folder of an example.
    pub fn of(application: &'static Application) -> Result<Self> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        Self::copied(application, &examples.join(application.name))
    }

    /// Copies a folder. All files get the same timestamp, since compiled Python contains that of its
    /// source.
    pub fn copied(application: &'static Application, from: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("jettison-lab-").tempdir()?;
        copy(from, directory.path()).with_context(|| format!("{} can't be copied", from.display()))?;
        Ok(Self { application, directory })
    }

    /// Runs the program under test on the copy, as a user would.
    pub fn fix(&self, options: &[&str]) -> Result<()> {
        self.fix_file("", options)
    }

    /// Runs the program under test on a file or folder of the copy.
    pub fn fix_file(&self, path: &str, options: &[&str]) -> Result<()> {
        let builds = options.contains(&"--verify").then_some(["--", "--network=host"]);
        let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(["fix", "--write"])
            .args(options)
            .arg(self.file(path))
            .args(builds.iter().flatten())
            .output()
            .context("jettison can't be started")?;
        if !output.status.success() {
            bail!("jettison fix --write failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Runs `fix --verify` on the copy; returns its report.
    pub fn verify(&self) -> Result<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(["fix", "--unsafe", "--verify", "--write", "--format", "json"])
            .arg(self.directory.path())
            .args(["--", "--network=host"])
            .output()
            .context("jettison can't be started")?;
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).with_context(said)?;
        for file in report["files"].as_array().into_iter().flatten() {
            ensure!(file["error"].is_null(), "{}: {}", file["path"], file["error"]);
        }
        ensure!(output.status.success(), "jettison fix --verify failed:\n{}", said());
        Ok(report)
    }

    /// Builds one service. With `fresh`, it does not use the build cache.
    pub fn build(&self, service: &Service, version: &str, fresh: bool) -> Result<Image> {
        let tag = tag(&format!("{}-{}", self.application.name, service.name), version);
        build(&self.context(service), &tag, fresh)
    }

    /// The build context of a service.
    pub fn context(&self, service: &Service) -> PathBuf {
        self.directory.path().join(service.context)
    }

    /// The path of a file in the copy.
    pub fn file(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// All files of a service's build context, by path.
    pub fn files(&self, service: &Service) -> Result<BTreeMap<String, Vec<u8>>> {
        let root = self.context(service);
        let mut files = BTreeMap::new();
        for path in walk(&root)? {
            let name = path.strip_prefix(&root)?.to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
        Ok(files)
    }
}

/// An image, which is removed when it is dropped. Its layers stay in the build cache.
pub struct Image {
    pub tag: String,
}

impl Drop for Image {
    fn drop(&mut self) {
        if let Err(error) = engine::docker(&["image", "rm", "--force", &self.tag]) {
            eprintln!("{error:#}");
        }
    }
}

/// A name for an image that no other run removes, since several runs may use the same engine at
/// once.
pub fn tag(name: &str, version: &str) -> String {
    format!("jettison-lab/{name}:{version}-{}", std::process::id())
}

/// Builds the Dockerfile of a build context.
pub fn build(context: &Path, tag: &str, fresh: bool) -> Result<Image> {
    let context = context.to_str().context("the path of a temporary directory is UTF-8")?;
    let mut arguments = vec!["buildx", "build", "--network=host", "--progress=plain", "--load", "-t", tag];
    arguments.extend(fresh.then_some("--no-cache"));
    arguments.push(context);
    engine::docker(&arguments)?;
    Ok(Image { tag: tag.to_owned() })
}

fn walk(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(walk(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for source in walk(from)? {
        let target = to.join(source.strip_prefix(from)?);
        fs::create_dir_all(target.parent().context("a file is in a directory")?)?;
        fs::copy(&source, &target)?;
        File::options().write(true).open(&target)?.set_modified(then)?;
    }
    Ok(())
}

//! One build: its options, its duration, and its cached steps.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::Error as MeasureError;
use super::engine::{Engine, last_lines};
use super::leftovers::TemporaryImage;
use super::progress::{self, Step};

/// The options of a build.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// The build context.
    pub context: PathBuf,
    /// The stage to build, if not the last one.
    pub target: Option<String>,
    /// `NAME=value`.
    pub build_args: Vec<String>,
    /// `linux/arm64`, if not the engine's default platform.
    pub platform: Option<String>,
    /// Options from the user.
    pub more: Vec<String>,
}

/// A build that succeeded.
#[derive(Debug)]
pub struct Built {
    /// The built image.
    pub image: TemporaryImage,
    /// The duration of the build.
    pub took: Duration,
    /// Its steps, in the builder's order; empty if the engine does not report them.
    pub steps: Vec<Step>,
}

/// A build that failed.
#[derive(Debug, Clone, Error)]
#[error("the build fails{}:\n{output}", step.as_ref().map(|step| format!(" at {step}")).unwrap_or_default())]
pub struct BuildError {
    /// The failing step, if known.
    pub step: Option<String>,
    /// The last lines that it printed.
    pub output: String,
}

/// Builds an image under a temporary name; `fresh` ignores the build cache.
pub fn build(engine: &Engine, plan: &Plan, fresh: bool) -> Result<Built, MeasureError> {
    let image = TemporaryImage::named(engine);
    let mut arguments: Vec<String> = if engine.is_podman() {
        vec!["build".into(), "--layers".into()]
    } else {
        ["buildx", "build", "--progress=rawjson", "--provenance=false", "--load"].map(String::from).to_vec()
    };
    arguments.extend(["--tag".into(), image.tag.clone()]);
    arguments.extend(["--file".into(), plan.dockerfile.to_string_lossy().into_owned()]);
    arguments.extend(fresh.then(|| "--no-cache".to_owned()));
    arguments.extend(plan.target.iter().flat_map(|target| ["--target".to_owned(), target.clone()]));
    arguments.extend(plan.platform.iter().flat_map(|platform| ["--platform".to_owned(), platform.clone()]));
    arguments
        .extend(plan.build_args.iter().flat_map(|argument| ["--build-arg".to_owned(), argument.clone()]));
    arguments.extend(plan.more.iter().cloned());
    arguments.push(plan.context.to_string_lossy().into_owned());
    let start = Instant::now();
    let output = engine.output(&arguments)?;
    let took = start.elapsed();
    let progress = progress::read(&String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(failed(&progress, &output.stderr).into());
    }
    Ok(Built { image, took, steps: progress.steps })
}

fn failed(progress: &progress::Progress, said: &[u8]) -> BuildError {
    match &progress.failed {
        Some((step, output)) => {
            BuildError { step: Some(step.clone()), output: last_lines(output.as_bytes(), 30) }
        }
        None => {
            // Output that is not progress is the error message.
            let text = String::from_utf8_lossy(said);
            let plain: Vec<&str> = text.lines().filter(|line| !line.starts_with('{')).collect();
            BuildError { step: None, output: last_lines(plain.join("\n").as_bytes(), 30) }
        }
    }
}

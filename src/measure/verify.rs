//! Whether an image still works: its configuration, its files, the libraries that its programs
//! load, and the output of commands.
//!
//! This module compares two images and assumes that the first one works. `verification` finds the
//! fix that made a difference.

mod containers;
mod evidence;
mod files;
mod lacking;
mod libraries;
mod lookup;
mod python_parts;
mod smoke;

pub use evidence::Evidence;
pub use files::{Cause, Files};
use smoke::Side;

use super::Error;
use super::build::Built;
use super::engine::Engine;
use super::leftovers::{TemporaryContainer, TemporaryDirectory};
use super::tracer::Tracer;
use crate::context::RequiredPackage;
use crate::image::{Image, Owners, Tree};

/// A built image and its contents.
#[derive(Debug)]
pub struct Subject {
    /// The build.
    pub built: Built,
    /// Its contents.
    pub image: Image,
}

impl Subject {
    /// Reads the image of a build.
    pub fn of(engine: &Engine, built: Built) -> Result<Self, Error> {
        let image = super::read(engine, &built.image.tag)?;
        Ok(Self { built, image })
    }
}

/// The result of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    /// Differences of the configuration, one per line.
    pub configuration: Vec<String>,
    /// Differences of the files.
    pub files: Files,
    /// The checks that ran in both images, and their results.
    pub tried: Vec<Tried>,
    /// The number of files of the first image that the checks used, if they were traced.
    pub used: Option<usize>,
    /// The size of those of these files that were read or executed, in bytes.
    pub used_size: u64,
    /// The failures, one per line; empty if everything works.
    pub broken: Vec<String>,
    /// Packages of the first image that would repair some of them.
    pub lacking: Vec<RequiredPackage>,
    /// Files of the first image that no package installed and that would repair some of them:
    /// absolute paths.
    pub lost: Vec<String>,
}

/// A check that ran in both images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// A description: "`python --version`", "every library of every program is found".
    pub what: String,
    /// Whether both results are the same.
    pub is_same: bool,
}

/// Settings that must not differ: those with which containers start, and those that other images
/// depend on.
const MUST_STAY: &[&str] = &[
    "platform",
    "USER",
    "ENTRYPOINT",
    "CMD",
    "WORKDIR",
    "STOPSIGNAL",
    "ONBUILD",
    "HEALTHCHECK",
    "EXPOSE",
    "VOLUME",
];

/// Runs the checks in an image under the tracer, and adds what they use to the evidence.
pub fn trace(
    engine: &Engine,
    tracer: &Tracer,
    subject: &Subject,
    commands: &[String],
    evidence: &mut Evidence,
) -> Result<(), Error> {
    let tree = Tree::of(&subject.image);
    for test in smoke::tests(&subject.image, &tree, commands) {
        if !test.starts_nothing() {
            let (outcome, trace) = test.run(engine, Side { subject, tree: &tree }, Some(tracer))?;
            evidence.add(&test.to_string(), trace, &outcome.said);
        }
    }
    Ok(())
}

/// Compares two images; `before` is the reference, and the evidence is from it.
pub fn compare(
    engine: &Engine,
    before: &Subject,
    after: &Subject,
    commands: &[String],
    evidence: &Evidence,
) -> Result<Finding, Error> {
    let mut finding =
        Finding { configuration: before.image.config.differences(&after.image.config), ..Finding::default() };
    let differs = |line: &&String| MUST_STAY.iter().any(|name| line.split(':').next() == Some(name));
    finding.broken.extend(finding.configuration.iter().filter(differs).cloned());
    let (was, is) = (Tree::of(&before.image), Tree::of(&after.image));
    finding.files = files::compare(&was, &is);
    let missing = libraries::missing(&was, &is, &|name| evidence.may_have_read(name));
    finding
        .tried
        .push(Tried { what: "every library of every program is found".into(), is_same: missing.is_empty() });
    let owners = Owners::of(&was);
    let loads = missing.iter().map(|load| (load.library.as_str(), load.path.as_str()));
    finding.lacking = lacking::libraries(&was, &owners, loads);
    finding.broken.extend(missing.iter().map(ToString::to_string));
    if !evidence.is_empty() {
        let used = evidence.used(&before.image, &was);
        let lost = evidence::lost(&used, (&before.image, &was), &owners, (&after.image, &is));
        finding.used_size = evidence::size(&used);
        let used = evidence::count(&used);
        finding.used = Some(used);
        finding.tried.push(Tried {
            what: format!("the {used} files that the checks use are there"),
            is_same: lost.is_empty(),
        });
        finding.lacking.extend(evidence::packages(&lost));
        finding.lost = evidence::files(&lost);
        finding.broken.extend(evidence::lines(&lost));
    }
    let tests = smoke::tests(&before.image, &was, commands);
    for test in tests {
        let outcome =
            test.compare(engine, Side { subject: before, tree: &was }, Side { subject: after, tree: &is })?;
        finding.tried.push(Tried { what: test.to_string(), is_same: outcome.is_none() });
        if let Some(broken) = outcome {
            finding.lacking.extend(lacking::programs(&before.image, &was, &owners, &broken));
            finding.broken.push(broken);
        }
    }
    Ok(finding)
}

/// The distribution and release of an image: `debian:12`. `None` if it does not say.
/// (os-release(5).)
pub fn release(engine: &Engine, subject: &Subject) -> Option<String> {
    let container = TemporaryContainer::named(engine);
    // A container needs a command, which is not run.
    engine.call(["create", "--name", &container.name, "--entrypoint", "/", &subject.built.image.tag]).ok()?;
    let folder = TemporaryDirectory::new().ok()?;
    let to = folder.path().join("os-release");
    let from = format!("{}:/etc/os-release", container.name);
    engine.call(["cp", "--follow-link", &from, &to.to_string_lossy()]).ok()?;
    let text = std::fs::read_to_string(to).ok()?;
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches(['"', '\'']).to_owned())
    };
    Some(format!("{}:{}", value("ID")?, value("VERSION_ID")?))
}

/// Packages of an image that a build needs, according to its output.
pub fn lacking(before: &Subject, printed: &str) -> Vec<RequiredPackage> {
    let tree = Tree::of(&before.image);
    lacking::programs(&before.image, &tree, &Owners::of(&tree), printed)
}

//! Whether an image still works: its configuration, its files, the libraries that its programs load, and what commands print in it.
//!
//! Two images are compared, one of which is taken for good. Which fix made a difference is asked by `cli::verify`.

mod files;
mod lacking;
mod libraries;
mod smoke;

pub use files::{Cause, Files, Group};
pub use lacking::Lacking;
use smoke::Side;
pub use smoke::Smoke;

use super::build::Built;
use super::engine::Engine;
use crate::image::{Image, Owners, Tree};

/// A built image that was looked into.
#[derive(Debug)]
pub struct Subject {
    /// The build.
    pub built: Built,
    /// What it holds.
    pub image: Image,
}

impl Subject {
    /// Reads the image that a build made.
    pub fn of(engine: &Engine, built: Built) -> anyhow::Result<Self> {
        let image = super::read(engine, &built.image.tag)?;
        Ok(Self { built, image })
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    /// Differences of the configuration, a line each.
    pub configuration: Vec<String>,
    /// Differences of the files.
    pub files: Files,
    /// What was tried in both, and how it went.
    pub tried: Vec<Tried>,
    /// What does not work any more, a line each; none where all is well.
    pub broken: Vec<String>,
    /// Packages of the first image that would mend some of it.
    pub lacking: Vec<Lacking>,
}

/// Something that was tried in both images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What it was: "`python --version`", "every library of every program is found".
    pub what: String,
    /// Whether it came out the same.
    pub is_same: bool,
}

/// Settings that must not differ: what containers are started with, and what others lean on.
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

/// Compares two images; `before` is the one that is right.
pub fn compare(
    engine: &Engine,
    before: &Subject,
    after: &Subject,
    commands: &[String],
) -> anyhow::Result<Finding> {
    let mut finding =
        Finding { configuration: before.image.config.differences(&after.image.config), ..Finding::default() };
    let differs = |line: &&String| MUST_STAY.iter().any(|name| line.split(':').next() == Some(name));
    finding.broken.extend(finding.configuration.iter().filter(differs).cloned());
    let (was, is) = (Tree::of(&before.image), Tree::of(&after.image));
    finding.files = files::compare(&was, &is);
    let missing = libraries::missing(&was, &is);
    finding
        .tried
        .push(Tried { what: "every library of every program is found".into(), is_same: missing.is_empty() });
    let owners = Owners::of(&was);
    let loads = missing.iter().map(|one| (one.library.as_str(), one.path.as_str()));
    finding.lacking = lacking::libraries(&was, &owners, loads);
    finding.broken.extend(missing.iter().map(ToString::to_string));
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

/// Packages of an image that a build missed, by what it printed.
pub fn lacking(before: &Subject, printed: &str) -> Vec<Lacking> {
    let tree = Tree::of(&before.image);
    lacking::programs(&before.image, &tree, &Owners::of(&tree), printed)
}

//! The parts of a base image's name: registry, repository, tag, and usually the distribution.

use crate::knowledge::Knowledge;
use crate::knowledge::lists::images::{CODE_NAMES, DEFAULT_REGISTRIES, FAMILIES};

/// The parts of an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// The repository, without Docker Hub's own prefixes: `python`, `ghcr.io/a/b`.
    pub repository: String,
    /// The tag, if there is one.
    pub tag: Option<String>,
    /// Whether the name has a digest.
    pub pinned: bool,
}

/// A distribution and its release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `debian`, `ubuntu`, `alpine`, `centos` …
    pub family: String,
    /// The number of the release, most significant part first: 22.04 is `[22, 4]`. Empty if the
    /// name does not contain it.
    pub version: Vec<u32>,
}

impl ImageName {
    /// Parses a reference (the `distribution` project's grammar of references).
    pub fn parse(reference: &str) -> Self {
        let (name, digest) =
            reference.split_once('@').map_or((reference, None), |(name, digest)| (name, Some(digest)));
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
            _ => (name, None),
        };
        let mut repository = repository;
        for prefix in DEFAULT_REGISTRIES {
            repository = repository.strip_prefix(prefix).unwrap_or(repository);
        }
        Self { repository: repository.to_owned(), tag, pinned: digest.is_some() }
    }

    /// The version in the tag, as a release of the image: `golang:1.9-stretch` is 1.9 of `golang`.
    pub fn as_release(&self) -> Release {
        let tag = self.tag.as_deref().unwrap_or_default();
        Release { family: self.repository.clone(), version: version(tag) }
    }
}

/// Whether a tag belongs to a series of releases: `0.9.18` belongs to `0.9`, `0.91` does not.
fn is_of_series(tag: &str, series: &str) -> bool {
    tag.strip_prefix(series).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

impl Release {
    /// The distribution that an image's name implies.
    pub fn of(image: &ImageName, known: &Knowledge) -> Option<Self> {
        let tag = image.tag.as_deref().unwrap_or_default();
        let words = || tag.split(['-', '_']).chain(image.repository.rsplit('/').next());
        for word in words() {
            let release = CODE_NAMES.iter().find(|(name, _)| *name == word);
            if let Some((family, number)) = release.and_then(|(_, release)| release.split_once(':')) {
                return Some(Self { family: family.to_owned(), version: version(number) });
            }
            for &family in FAMILIES {
                if let Some(rest) = word.strip_prefix(family) {
                    let version = if rest.is_empty() && word != tag && image.repository.ends_with(family) {
                        version(tag)
                    } else {
                        version(rest)
                    };
                    if rest.is_empty() || !version.is_empty() {
                        return Some(Self {
                            family: if family == "ubi" { "rhel".into() } else { family.into() },
                            version,
                        });
                    }
                }
            }
        }
        let image_known = known.image(&image.repository)?;
        let special = image_known
            .releases
            .iter()
            .find(|(start, _)| is_of_series(tag, start))
            .map(|(_, release)| release.as_str());
        let distribution = special.or(image_known.distribution.as_deref())?;
        let mut release = Self::named(distribution);
        // `ubuntu-upstart:14.04` has the same numbers as ubuntu itself.
        if release.version.is_empty() && image.repository.contains(&release.family) {
            release.version = version(tag);
        }
        Some(release)
    }

    /// Reads `debian:12`.
    pub(crate) fn named(text: &str) -> Self {
        let (family, release) = text.split_once(':').unwrap_or((text, ""));
        Self { family: family.to_owned(), version: version(release) }
    }

    /// Whether this is `bound` (`debian:8`, with all its updates) or an earlier release. A tag with
    /// fewer numbers (`alpine:3`, or no tag) means the newest release of its series.
    pub fn is_at_most(&self, bound: &str) -> bool {
        let Some((family, bound)) = bound.split_once(':') else { return false };
        let bound = version(bound);
        let differs = self.version.iter().zip(&bound).find(|(own, bound)| own != bound);
        self.family == family && differs.map_or(self.version.len() >= bound.len(), |(own, bound)| own < bound)
    }
}

/// The numbers at the start of a text, up to the first part that is not only a number: `3.9-slim`
/// is `[3, 9]`.
fn version(text: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for part in text.split('.') {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(number) = part[..digits].parse() else { break };
        numbers.push(number);
        if digits < part.len() {
            break;
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(reference: &str) -> Option<(String, Vec<u32>)> {
        Release::of(&ImageName::parse(reference), Knowledge::embedded())
            .map(|release| (release.family, release.version))
    }

    #[test]
    fn names_are_taken_apart() {
        let name = ImageName::parse("docker.io/library/python:3.11-slim@sha256:0");
        assert_eq!(
            (name.repository.as_str(), name.tag.as_deref(), name.pinned),
            ("python", Some("3.11-slim"), true)
        );
        assert_eq!(ImageName::parse("localhost:5000/a/b").repository, "localhost:5000/a/b");
    }

    #[test]
    fn tags_tell_the_distribution() {
        assert_eq!(release("alpine:3.2"), Some(("alpine".into(), vec![3, 2])));
        assert_eq!(release("node:18-alpine3.17"), Some(("alpine".into(), vec![3, 17])));
        assert_eq!(release("python:2.7-jessie"), Some(("debian".into(), vec![8])));
        assert_eq!(release("ubuntu:trusty"), Some(("ubuntu".into(), vec![14, 4])));
        assert_eq!(release("ubuntu"), Some(("ubuntu".into(), vec![])));
        assert_eq!(release("example.com/own/thing:1"), None);
    }

    #[test]
    fn releases_compare_within_a_family() {
        let release = |reference: &str| {
            Release::of(&ImageName::parse(reference), Knowledge::embedded()).expect("known")
        };
        assert!(release("ubuntu:12.04").is_at_most("ubuntu:14.04"));
        assert!(!release("ubuntu:16.04").is_at_most("ubuntu:14.04"));
        assert!(!release("debian:7").is_at_most("ubuntu:14.04"));
        assert!(!release("debian").is_at_most("debian:8"), "no tag means the latest release");
        assert!(!release("alpine:3").is_at_most("alpine:3.2"), "the newest of the series");
        assert!(
            release("alpine:2").is_at_most("alpine:3.2") && release("alpine:3.1").is_at_most("alpine:3.2")
        );
        assert!(
            release("alpine:3.2.3").is_at_most("alpine:3.2")
                && !release("alpine:3.10").is_at_most("alpine:3.2")
        );
        assert!(
            release("debian:8.11-slim").is_at_most("debian:8") && !release("debian:9").is_at_most("debian:8")
        );
        assert!(release("node:4-alpine3.2").is_at_most("alpine:3.2"));
        assert!(is_of_series("0.9.18", "0.9") && is_of_series("0.9", "0.9") && !is_of_series("0.91", "0.9"));
    }
}

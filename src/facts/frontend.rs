//! Which syntax the builder understands, as far as the `# syntax=` directive tells.
//!
//! Without a directive it is that of the builder at hand, which is taken to be a current one: it is the builder's own
//! business whether it is BuildKit at all.

use crate::facts::Facts;

/// Repositories of Docker's own frontend.
const OWN: &[&str] = &["docker/dockerfile", "docker/dockerfile-upstream"];

impl Facts<'_> {
    /// What stands against syntax that Docker's frontend has had since `1.minor` (Dockerfile reference, "syntax"; the
    /// release notes of docker/dockerfile).
    pub fn lacks_syntax(&self, minor: u32) -> Option<String> {
        let syntax = self.file.directives.iter().find(|one| one.name == "syntax")?.value.trim();
        let name = syntax.split('@').next().unwrap_or_default();
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
        if !OWN.contains(&repository) {
            return Some(format!("`# syntax={syntax}` is not Docker's own, and may not know it"));
        }
        (!knows(tag, minor))
            .then(|| format!("`# syntax={syntax}` may be too old for it; take docker/dockerfile:1"))
    }
}

/// Whether the release with this tag has what came with `1.minor`.
fn knows(tag: &str, minor: u32) -> bool {
    let (version, channel) = tag.split_once('-').unwrap_or((tag, ""));
    // The experimental channel ended with 1.1; what replaced it is `labs`.
    if !matches!(channel, "" | "labs") {
        return false;
    }
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(1)), None) => true,
        (Some(Ok(1)), Some(Ok(own))) => own >= minor,
        _ => matches!(version, "latest" | "master" | "labs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_by_their_tags() {
        for tag in ["1", "1.2", "1.2.1", "1.4-labs", "1-labs", "latest", "labs"] {
            assert!(knows(tag, 2), "{tag}");
        }
        for tag in ["1.0", "1.1.7", "1.1-experimental", "experimental", "1.0.0-experimental", "2", "x"] {
            assert!(!knows(tag, 2), "{tag}");
        }
    }
}

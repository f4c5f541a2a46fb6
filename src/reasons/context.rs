//! The build context.

use super::reasons;

reasons! {
    "The build context", "Why paths of the build context are sent to the builder.";

    /// A program may read version control.
    may_read_history(program: &str) = "`{program}` may read it";

    /// A file of the build context reads version control.
    names_history(path: &str, word: &str) = "{path} names `{word}`";

    /// The build context is unknown or can't be read.
    unknown_build_context(why: &str) = "{why}";
}

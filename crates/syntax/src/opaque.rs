//! Why a script is not parsed. Such a RUN is never edited, and later instructions are handled as if
//! it could have any effect.

/// Why a RUN is never edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opaque {
    /// The shell is PowerShell, cmd or anything else that is not a Bourne shell.
    ForeignShell,
    /// The script does not parse.
    Unparsed,
    /// The meaning of the script differs between `sh` and bash, and the shell is `sh`.
    Bashism,
    /// The here-document names its own interpreter.
    Interpreter,
}

impl Opaque {
    /// The reason in words, which completes the clause "because …".
    pub fn reason(self) -> &'static str {
        match self {
            Self::ForeignShell => "its shell is not sh, ash, dash or bash",
            Self::Unparsed => "its script can't be parsed with certainty",
            Self::Bashism => "its script has different meanings in bash and sh",
            Self::Interpreter => "its here-document names its own interpreter",
        }
    }
}

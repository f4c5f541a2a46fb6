//! Why a script is not understood. Such a RUN is left alone, and what comes after it is judged as if it could do anything.

/// Why a RUN is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opaque {
    /// The shell is PowerShell, cmd or anything else that is not a Bourne shell.
    ForeignShell,
    /// The script does not parse.
    Unparsed,
    /// The script's meaning differs between `sh` and bash, and the shell is `sh`.
    Bashism,
    /// The here-document names its own interpreter.
    Interpreter,
}

impl Opaque {
    /// The reason in words, to follow "because".
    pub fn reason(self) -> &'static str {
        match self {
            Self::ForeignShell => "its shell is not sh, ash, dash or bash",
            Self::Unparsed => "its script can't be parsed with certainty",
            Self::Bashism => "its script means one thing to bash and another to sh",
            Self::Interpreter => "its here-document names an interpreter of its own",
        }
    }
}

//! The result of running some steps: a record for every command, the output, the files and the exit
//! status.

use std::fmt;

const STEP: &str = "no script";

/// One command that was started, or one step that is no script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Record {
    /// The directory.
    pub cwd: String,
    /// Where its output went: a file, or `|`.
    pub out: String,
    /// Umask, and how many bytes waited for it in a pipe.
    pub notes: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The exported variables.
    pub env: Vec<String>,
    /// The user and the flags of the RUN.
    pub context: String,
    /// Which script of the trace it belongs to.
    pub run: usize,
}

/// The whole of it.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// In order.
    pub records: Vec<Record>,
    /// What the scripts themselves wrote to their output.
    pub out: String,
    /// The files there are in the end, with their sizes and checksums.
    pub files: String,
    /// The status of the last script that ran.
    pub status: i32,
    /// Whether a script took too long.
    pub late: bool,
}

impl Record {
    /// A step that is no script, as a record.
    pub fn of_step(text: &str) -> Self {
        Self { argv: vec![text.to_owned()], notes: STEP.into(), ..Self::default() }
    }

    /// Whether it stands for a step that is no script.
    pub fn is_step(&self) -> bool {
        self.notes == STEP
    }

    /// The words without options that jettison may add, so that both versions' commands have one
    /// name.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        self.argv
            .iter()
            .map(String::as_str)
            .filter(|word| !crate::declared::OPTIONS.iter().any(|(option, _)| option == word))
    }

    /// By what the stub recognises the command that is to fail.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        for part in std::iter::once(self.cwd.as_str()).chain(self.plain()) {
            key.extend(part.as_bytes());
            key.push(0);
        }
        key
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.cwd, self.argv.join(" "))?;
        match self.out.as_str() {
            "/.run/out" | "" => {}
            out => write!(f, " > {out}")?,
        }
        if self.notes != "umask 022, 0 bytes in" {
            write!(f, " ({})", self.notes)?;
        }
        Ok(())
    }
}

//! The result of running some steps: a record for every command, the output, the files and the exit
//! status.

use std::fmt;

const STEP: &str = "no script";

/// A command that was started, or a step that is not a script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Record {
    /// The working directory.
    pub cwd: String,
    /// The destination of its output: a file, or `|`.
    pub out: String,
    /// The umask, and the number of bytes that were waiting in its input pipe.
    pub notes: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The exported variables.
    pub env: Vec<String>,
    /// The user and the flags of the RUN.
    pub context: String,
    /// The number of the script in the trace that it belongs to.
    pub run: usize,
}

/// The trace of a run.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The records in order.
    pub records: Vec<Record>,
    /// What the scripts themselves wrote to their output.
    pub out: String,
    /// The files at the end, with their sizes and checksums.
    pub files: String,
    /// The exit status of the last script that ran.
    pub status: i32,
    /// Whether a script took too long.
    pub late: bool,
}

impl Record {
    /// A step that is not a script, as a record.
    pub fn of_step(text: &str) -> Self {
        Self { argv: vec![text.to_owned()], notes: STEP.into(), ..Self::default() }
    }

    /// Whether the record is a step that is not a script.
    pub fn is_step(&self) -> bool {
        self.notes == STEP
    }

    /// The words without the options that Jettison may add, so that commands of both versions are
    /// comparable.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        self.argv
            .iter()
            .map(String::as_str)
            .filter(|word| !crate::declared::OPTIONS.iter().any(|(option, _)| option == word))
    }

    /// The key by which the stub recognises the command that must fail.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        for part in std::iter::once(self.cwd.as_str()).chain(self.plain()) {
            key.extend(if part == "apt" { "apt-get" } else { part }.as_bytes());
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

//! One test case: a Dockerfile as a tree that can be shrunk, its build context and its build
//! arguments.

use std::fmt::Write as _;

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    pub instructions: Vec<Instruction>,
    pub context: Vec<ContextFile>,
    /// Extra files that the context has on a developer's machine, but not in a clean checkout.
    pub leftovers: Vec<ContextFile>,
    pub ignore_file: String,
    /// Build arguments of the command line.
    pub arguments: Vec<(String, String)>,
}

/// A file of the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    pub path: String,
    pub text: String,
    pub is_executable: bool,
}

/// An instruction, or anything else on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Any instruction except RUN, with its here-documents.
    Plain(String),
    Run {
        flags: String,
        script: Script,
        layout: Layout,
    },
}

/// How a script is laid out in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    #[default]
    Line,
    /// One line per command.
    Lines,
    /// One line per command, with comments and blank lines between them.
    Commented,
    /// A here-document with one line per command.
    Heredoc,
    /// The exec form: `["/bin/sh", "-c", "…"]`.
    Exec,
}

/// Commands with the operators between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script(pub Vec<(Command, Joiner)>);

/// The operator after a command that is not the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joiner {
    And,
    Or,
    Then,
    Background,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Words.
    Simple(Vec<String>),
    /// Words with a here-document: its delimiter and its body.
    Document(Vec<String>, &'static str, String),
    /// A script in a compound command: `(` … `)`, `if true; then` … `fi`.
    Within(String, Script, String),
    /// Two scripts in a compound command: `if a; then` … `else` … `fi`.
    Either(String, Script, String, Script, String),
}

impl Case {
    /// The Dockerfile.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for instruction in &self.instructions {
            match instruction {
                Instruction::Plain(line) => text.push_str(line),
                Instruction::Run { flags, script, layout } => text.push_str(&run(flags, script, *layout)),
            }
            text.push('\n');
        }
        text
    }

    /// The context on a developer's machine.
    pub fn full_context(&self) -> Vec<ContextFile> {
        self.context.iter().chain(&self.leftovers).cloned().collect()
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())?;
        for (title, files) in [("context", &self.context), ("leftover", &self.leftovers)] {
            for file in files {
                writeln!(
                    f,
                    "--- {title} {}{}",
                    file.path,
                    if file.is_executable { " (executable)" } else { "" }
                )?;
                f.write_str(&file.text)?;
            }
        }
        if !self.ignore_file.is_empty() {
            write!(f, "--- .dockerignore\n{}", self.ignore_file)?;
        }
        for (name, value) in &self.arguments {
            writeln!(f, "--- build argument {name}={value}")?;
        }
        Ok(())
    }
}

fn run(flags: &str, script: &Script, layout: Layout) -> String {
    let mut documents = String::new();
    let flags = if flags.is_empty() { String::new() } else { format!("{flags} ") };
    match layout {
        Layout::Heredoc => {
            let mut text = format!("RUN {flags}<<END\n");
            for (index, (command, _)) in script.0.iter().enumerate() {
                command.write(&mut text, &mut documents);
                let is_last = index + 1 == script.0.len();
                text.push_str(match script.joiner(index) {
                    _ if is_last => "\n",
                    Joiner::And => " &&\n",
                    Joiner::Or => " ||\n",
                    Joiner::Then => "\n",
                    Joiner::Background => " &\n",
                });
                // The bodies of here-documents follow the line that names them.
                text.push_str(&documents);
                documents.clear();
            }
            text + "END"
        }
        Layout::Exec => {
            let mut text = String::new();
            script.write(&mut text, &mut documents, " ");
            let words = serde_json::to_string(&["/bin/sh", "-c", &text]).expect("strings are JSON");
            format!("RUN {flags}{words}")
        }
        _ => {
            let between = match layout {
                Layout::Lines => " \\\n    ",
                Layout::Commented => " \\\n# why this is done\n\n    ",
                _ => " ",
            };
            let mut text = format!("RUN {flags}");
            if layout == Layout::Commented {
                text.push_str("\\\n    # first of all\n    ");
            }
            script.write(&mut text, &mut documents, between);
            if !documents.is_empty() {
                text.push('\n');
                text.push_str(documents.trim_end_matches('\n'));
            }
            text
        }
    }
}

impl Script {
    /// A script of one command.
    pub fn of(command: Command) -> Self {
        Self(vec![(command, Joiner::And)])
    }

    /// Whether it contains a here-document.
    pub fn has_document(&self) -> bool {
        self.0.iter().any(|(command, _)| match command {
            Command::Simple(_) => false,
            Command::Document(..) => true,
            Command::Within(_, script, _) => script.has_document(),
            Command::Either(_, first, _, second, _) => first.has_document() || second.has_document(),
        })
    }

    /// The operator after a command. `a && b &` would run both in the background, and the progress
    /// of `a` would depend on timing.
    fn joiner(&self, index: usize) -> Joiner {
        let is_before_background = self.0.get(index + 1).is_some_and(|(_, next)| *next == Joiner::Background);
        let own = self.0[index].1;
        if is_before_background && own != Joiner::Background { Joiner::Then } else { own }
    }

    fn write(&self, text: &mut String, documents: &mut String, between: &str) {
        for (index, (command, joiner)) in self.0.iter().enumerate() {
            command.write(text, documents);
            if index + 1 < self.0.len() {
                text.push_str(match self.joiner(index) {
                    Joiner::And => " &&",
                    Joiner::Or => " ||",
                    Joiner::Then => ";",
                    Joiner::Background => " &",
                });
                text.push_str(between);
            } else if *joiner == Joiner::Background {
                text.push_str(" &");
            }
        }
    }
}

impl Command {
    /// A command from words separated by spaces. A quoted word may contain spaces.
    pub fn simple(text: &str) -> Self {
        Self::Simple(words(text))
    }

    fn write(&self, text: &mut String, documents: &mut String) {
        match self {
            Self::Simple(words) => text.push_str(&words.join(" ")),
            Self::Document(words, name, body) => {
                text.push_str(&words.join(" "));
                let _ = writeln!(documents, "{body}{}", name.trim_matches('\''));
            }
            Self::Within(before, script, after) => {
                text.push_str(before);
                script.write(text, documents, " ");
                text.push_str(close(script, after));
            }
            Self::Either(before, first, middle, second, after) => {
                text.push_str(before);
                first.write(text, documents, " ");
                text.push_str(close(first, middle));
                second.write(text, documents, " ");
                text.push_str(close(second, after));
            }
        }
    }
}

/// The text after a script: no `;` after `&`.
fn close<'t>(script: &Script, after: &'t str) -> &'t str {
    let ends_in_background = script.0.last().is_some_and(|(_, joiner)| *joiner == Joiner::Background);
    if ends_in_background { after.strip_prefix(';').unwrap_or(after) } else { after }
}

/// The words of a text. Quotes keep spaces in a word.
fn words(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (c, quote) {
            (' ', None) => all.push(String::new()),
            (c, Some(open)) => {
                if c == open {
                    quote = None;
                }
                all.last_mut().expect("never empty").push(c);
            }
            (c, None) => {
                if c == '\'' || c == '"' {
                    quote = Some(c);
                }
                all.last_mut().expect("never empty").push(c);
            }
        }
    }
    all.retain(|word| !word.is_empty());
    all
}

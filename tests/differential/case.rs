//! One test case: a Dockerfile as a tree that can be shrunk, its build context and its build
//! arguments.

use std::fmt::Write as _;

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    pub instructions: Vec<Instruction>,
    pub context: Vec<ContextFile>,
    /// What a developer's machine has in the context besides, and a clean checkout has not.
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

/// An instruction, or anything else that has a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Everything but RUN, here-documents included.
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
    /// A line for each command.
    Lines,
    /// The same, with comments and blank lines in between.
    Commented,
    /// A here-document, a line for each command.
    Heredoc,
    /// The exec form: `["/bin/sh", "-c", "…"]`.
    Exec,
}

/// Commands with what is between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script(pub Vec<(Command, Joiner)>);

/// What follows a command that is not the last.
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
    /// Words with a here-document: its name and its body.
    Document(Vec<String>, &'static str, String),
    /// A script within something: `(` … `)`, `if true; then` … `fi`.
    Within(String, Script, String),
    /// Two scripts within something: `if a; then` … `else` … `fi`.
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

    /// The context of a developer's machine.
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
                // Here-documents follow their own line.
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

    /// Whether it has a here-document.
    pub fn has_document(&self) -> bool {
        self.0.iter().any(|(command, _)| match command {
            Command::Simple(_) => false,
            Command::Document(..) => true,
            Command::Within(_, script, _) => script.has_document(),
            Command::Either(_, first, _, second, _) => first.has_document() || second.has_document(),
        })
    }

    /// What follows a command. `a && b &` would run both in the background, and how far `a` gets
    /// would be a matter of time.
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
    /// A command of words between blanks; a word with blanks is in quotes and stays one.
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

/// What follows a script: after `&` there is no `;`.
fn close<'t>(script: &Script, after: &'t str) -> &'t str {
    let ends_in_background = script.0.last().is_some_and(|(_, joiner)| *joiner == Joiner::Background);
    if ends_in_background { after.strip_prefix(';').unwrap_or(after) } else { after }
}

/// The words of a text; quotes hold one together.
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

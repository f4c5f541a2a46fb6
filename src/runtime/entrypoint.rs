//! What the image starts: the effective ENTRYPOINT, CMD and HEALTHCHECK instructions, what other
//! files of the repository start in it, and whether all of that needs a shell.
//!
//! A shell form is split into words only if it is one simple command. What that command reads in
//! turn is out of scope here.

use crate::context::CommandLine;
use crate::facts::{Facts, Stage};
use crate::syntax::{Body, Form, Item, Keyword};

/// An ENTRYPOINT, CMD or HEALTHCHECK instruction: the last one with its keyword in the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartCommand {
    /// The keyword of the instruction.
    pub keyword: Keyword,
    /// Its index in the file's items.
    pub item: usize,
    /// Its words without quotes. A shell form is split at white space.
    pub words: Vec<String>,
    /// Whether a shell runs it.
    pub by_shell: bool,
    /// Whether `words` is the complete command: one program with its arguments.
    pub is_plain: bool,
}

/// What the image starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entrypoint {
    /// In file order.
    pub all: Vec<StartCommand>,
    /// The commands that other files start in the image: services of compose files, CI workflows,
    /// makefiles, manifests.
    pub elsewhere: Vec<OtherRun>,
}

/// A command that another file starts in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRun {
    /// The words.
    pub words: Vec<String>,
    /// Whether a shell runs it.
    pub by_shell: bool,
}

/// Characters that join or redirect commands, or that splitting at white space does not handle.
const OPERATORS: &[char] = &[';', '&', '|', '<', '>', '(', ')', '`', '\n', '*', '?', '\\'];

impl Entrypoint {
    /// What the image built from a stage starts.
    pub(crate) fn of(facts: &Facts<'_>, stage: &Stage) -> Self {
        let mut all: Vec<StartCommand> = Vec::new();
        for item in stage.items.clone() {
            let Item::Instruction(instruction) = &facts.file.items[item] else { continue };
            let (Body::Cmd(form) | Body::Entrypoint(form) | Body::Healthcheck(Some(form))) =
                &instruction.body
            else {
                continue;
            };
            all.retain(|other| other.keyword != instruction.keyword);
            // Docker's reference, ENTRYPOINT: an ENTRYPOINT in shell form ignores the arguments
            // from CMD; a CMD before an ENTRYPOINT stays effective.
            all.push(read(instruction.keyword, item, form));
        }
        Self { all, elsewhere: elsewhere(facts, stage) }
    }

    /// The instruction whose first word is the program: ENTRYPOINT, otherwise CMD.
    pub fn main(&self) -> Option<&StartCommand> {
        let of =
            |keyword| self.all.iter().find(|command| command.keyword == keyword && !command.words.is_empty());
        of(Keyword::Entrypoint).or_else(|| of(Keyword::Cmd))
    }

    /// The program, if it is known.
    pub fn program(&self) -> Option<&str> {
        self.main().filter(|main| main.is_plain).and_then(|main| main.words.first()).map(String::as_str)
    }

    /// The program and all its arguments, including those from CMD.
    pub fn words(&self) -> Vec<&str> {
        let order = [Keyword::Entrypoint, Keyword::Cmd];
        let of = |keyword| self.all.iter().find(move |command| command.keyword == keyword);
        order.into_iter().filter_map(of).flat_map(|command| &command.words).map(String::as_str).collect()
    }

    /// Whether the image needs a shell: for a shell form, or because a command calls a shell or a
    /// shell script.
    pub fn needs_shell(&self) -> bool {
        let own = self.all.iter().map(|command| (command.by_shell, &command.words));
        let mut all = own.chain(self.elsewhere.iter().map(|command| (command.by_shell, &command.words)));
        all.any(|(by_shell, words)| by_shell || words.first().is_some_and(|word| is_shell(word)))
    }

    /// Whether a word of an effective command line names this program.
    pub fn names(&self, program: &str) -> bool {
        let is_program = |word: &str| word.rsplit('/').next() == Some(program);
        let divides = |c: char| c.is_whitespace() || OPERATORS.contains(&c) || matches!(c, '"' | '\'');
        let own = self.all.iter().flat_map(|command| &command.words);
        let all = own.chain(self.elsewhere.iter().flat_map(|command| &command.words));
        all.into_iter().any(|word| word.split(divides).any(is_program))
    }
}

/// Whether a program is a shell or a shell script.
fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash")) || word.ends_with(".sh")
}

/// What other files start in the image of a stage.
fn elsewhere(facts: &Facts<'_>, stage: &Stage) -> Vec<OtherRun> {
    let name = stage.name.as_deref();
    let is_last = stage.index + 1 == facts.stages.len();
    let is_run = |target: Option<&str>| target.map_or(is_last, |target| name == Some(target));
    let mut found = Vec::new();
    for service in facts.context_source.services().iter().filter(|service| is_run(service.target.as_deref()))
    {
        let lines = service.entrypoint.iter().chain(&service.command).chain(&service.others);
        for line in lines {
            let words = match line {
                CommandLine::Words(words) => words.clone(),
                CommandLine::Shell(text) => words_of(text),
            };
            found.push(OtherRun { words, by_shell: false });
        }
        if let Some(text) = &service.unparsed {
            let words = text.split_whitespace().map(str::to_owned).collect();
            found.push(OtherRun { words, by_shell: true });
        }
    }
    let runs = facts.context_source.runs().iter().filter(|_| is_last);
    found.extend(runs.map(|run| OtherRun { words: run.words.clone(), by_shell: run.by_shell }));
    found
}

/// The words of a command line that a shell or Compose splits, without quotes.
fn words_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect()
}

fn read(keyword: Keyword, item: usize, form: &Form) -> StartCommand {
    match form {
        Form::Exec(words) => {
            StartCommand { keyword, item, words: words.clone(), by_shell: false, is_plain: true }
        }
        Form::Shell(text) => {
            let mut words = words_of(text);
            if words.first().is_some_and(|word| word == "exec") {
                words.remove(0);
            }
            let is_plain =
                !text.contains(OPERATORS) && words.first().is_some_and(|word| !word.contains(['=', '$']));
            StartCommand { keyword, item, words, by_shell: true, is_plain }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn start(text: &str) -> Entrypoint {
        let text = format!("FROM a\n{text}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        Entrypoint::of(&facts, &facts.stages[0])
    }

    #[test]
    fn the_last_instruction_with_a_keyword_is_effective() {
        let entrypoint = start("CMD a\nENTRYPOINT [\"b\", \"c\"]\nCMD [\"d\"]");
        assert_eq!((entrypoint.program(), entrypoint.words()), (Some("b"), vec!["b", "c", "d"]));
        assert!(!entrypoint.needs_shell());
    }

    #[test]
    fn plain_shell_forms_are_split() {
        assert_eq!(start("CMD exec ./server --port $PORT").program(), Some("./server"));
        assert_eq!(start("CMD cd x && ./server").program(), None);
        assert!(start("CMD ./server").needs_shell());
        assert!(start("HEALTHCHECK CMD curl -f http://x || exit 1").names("curl"));
    }
}

//! What a command does with files: which ones it reads, writes, fetches, unpacks, removes, moves,
//! links, and changes in owner or mode.
//!
//! Only this module reads the arguments and redirections of commands for that;
//! `knowledge/commands.yaml` has the options of programs. The names are as written: the state of
//! the script says which paths they are.

mod arguments;
mod find;
mod scripts;

use crate::facts::execution::{Expanded, Target};
use crate::facts::{Facts, RunFacts};
use crate::knowledge::{Act, ArgumentForm, CommandLine, Knowledge, Scope};
use crate::syntax::shell::{Redirect, Word};

use arguments::{Argument, Arguments};

pub(crate) use arguments::Flag;
pub(super) use arguments::loose_paths;

/// What a command does with files.
#[derive(Debug, Clone, Default)]
pub struct Actions<'a> {
    /// The actions that are known, in the order of the arguments; those of redirections are last.
    known: Vec<Action<'a>>,
    /// Whether it may do anything else.
    is_open: bool,
}

impl<'a> Actions<'a> {
    /// What a program does with these words, of which the first is its name, and with the targets
    /// of its redirections. `surroundings` has the redirections of compound commands that start with
    /// it.
    pub(super) fn of(
        program: Option<&str>,
        words: &'a [Word],
        redirects: &'a [Redirect],
        surroundings: &[&'a Redirect],
        known: &Knowledge,
    ) -> Self {
        let mut actions = Self::of_words(program, words, known);
        let own = redirects.iter().filter_map(|redirect| Action::of_redirect(redirect, By::Redirection));
        let theirs =
            surroundings.iter().filter_map(|redirect| Action::of_redirect(redirect, By::Surroundings));
        actions.known.extend(own.chain(theirs));
        actions
    }

    fn of_words(program: Option<&str>, words: &'a [Word], known: &Knowledge) -> Self {
        let Some((first, arguments)) = words.split_first() else { return Self::default() };
        let program = program.unwrap_or_default();
        let is_open = match known.scope(program) {
            Some(Scope::Nothing) => return Self::default(),
            Some(Scope::Operands | Scope::Scripted | Scope::Archive | Scope::Download) => false,
            Some(Scope::Accounts | Scope::Named | Scope::System) | None => true,
        };
        match known.command_line(program) {
            Some(line) => match by_line(arguments, line) {
                actions if scripts::name_files(line.form, &actions) => {
                    Self { known: Vec::new(), is_open: true }
                }
                known => Self { known, is_open },
            },
            None if is_open => {
                let is_path = first.raw.contains('/');
                let known = is_path.then(|| Action::new(Act::Runs, Name::Word(first))).into_iter().collect();
                Self { known, is_open }
            }
            None => Self { known: by_line(arguments, &CommandLine::default()), is_open },
        }
    }

    /// The known actions. The command may do others.
    pub fn known(&self) -> &[Action<'a>] {
        &self.known
    }

    /// All actions, apart from what the program does with the system's own files; `None` if the
    /// command may do anything with any file.
    pub fn all(&self) -> Option<&[Action<'a>]> {
        (!self.is_open).then_some(&self.known[..])
    }

    /// Whether the command changes no file that it names.
    pub fn only_read(&self) -> bool {
        self.all().is_some_and(|all| all.iter().all(|action| !action.act.changes() && action.to.is_none()))
    }

    /// The targets of redirections, also of compound commands that start with this command.
    pub fn redirections(&self) -> impl Iterator<Item = &Action<'a>> {
        self.known.iter().filter(|action| action.is_redirection())
    }
}

/// The options among the arguments of a program, each letter of a cluster by itself, without the
/// values that are known to belong to them.
pub(crate) fn flags<'a>(program: &str, arguments: &'a [Word], known: &Knowledge) -> Vec<Flag<'a>> {
    match known.command_line(program) {
        Some(line) => Arguments::of(arguments, line).flags,
        None => Arguments::of(arguments, &CommandLine::default()).flags,
    }
}

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// What happens to the file.
    pub act: Act,
    /// The file.
    pub file: File<'a>,
    /// Where the file is copied, moved or linked to.
    pub to: Option<Destination<'a>>,
    /// What names the file.
    pub by: By,
}

/// What names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// An operand, or the program itself.
    Operand,
    /// The value of an option.
    Option,
    /// A redirection of the command.
    Redirection,
    /// A redirection of a compound command that starts with this command: `{ a; b; } > file`.
    Surroundings,
}

/// A file that a command names.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name, or that of its directory.
    pub name: Name<'a>,
    /// Its name in that directory, as written.
    pub inner: Option<&'a str>,
}

/// The name of a file, as the script writes it.
#[derive(Debug, Clone, Copy)]
pub enum Name<'a> {
    /// The working directory.
    Here,
    /// A whole word.
    Word(&'a Word),
    /// A part of a word, quotes included: the value of an option.
    Part(&'a str),
    /// A part of a word that is unknown.
    Unknown(&'a Word),
}

/// Where a command copies, moves or links a file to.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The file or directory.
    pub name: Name<'a>,
    /// Whether it is certainly a directory, which gets the file under its own name.
    pub is_directory: bool,
}

impl<'a> Name<'a> {
    /// As the script writes it.
    pub fn written(self) -> &'a str {
        match self {
            Self::Here => ".",
            Self::Word(word) | Self::Unknown(word) => &word.raw,
            Self::Part(text) => text,
        }
    }

    /// The text without quotes, if it is literal, or else as the script writes it.
    pub fn text(self) -> &'a str {
        self.word().map_or(self.written(), Word::text)
    }

    /// The word, if a whole word is the name.
    pub fn word(self) -> Option<&'a Word> {
        match self {
            Self::Word(word) => Some(word),
            Self::Here | Self::Part(_) | Self::Unknown(_) => None,
        }
    }
}

impl Facts<'_> {
    /// What a name in an invocation may refer to.
    pub fn target_of_name(&self, run: &RunFacts<'_>, invocation: usize, name: Name<'_>) -> Target {
        let directory = run.states.directory(invocation);
        match name {
            Name::Here => Target::of_directory(directory),
            name => self
                .name_expanded_in(run, invocation, name)
                .map_or(Target::UNKNOWN, |expanded| Target::of(&expanded, directory)),
        }
    }

    /// A name with its variables expanded, as in an invocation; `None` if nothing is known.
    pub fn name_expanded_in(
        &self,
        run: &RunFacts<'_>,
        invocation: usize,
        name: Name<'_>,
    ) -> Option<Expanded> {
        match name {
            Name::Here => Some(self.text_expanded_in(run, invocation, ".")),
            Name::Word(word) => Some(self.expanded_in(run, invocation, word)),
            Name::Part(text) => Some(self.text_expanded_in(run, invocation, text)),
            Name::Unknown(_) => None,
        }
    }
}

impl<'a> Action<'a> {
    fn new(act: Act, name: Name<'a>) -> Self {
        Self { act, file: File { name, inner: None }, to: None, by: By::Operand }
    }

    /// The use of a redirection's target, if that is a file: not `2>&1`, `> /dev/null` and `<<END`.
    fn of_redirect(redirect: &'a Redirect, by: By) -> Option<Self> {
        let target = redirect.target.as_ref().filter(|target| target.raw != "/dev/null")?;
        let is_descriptor = target.raw == "-" || target.raw.bytes().all(|byte| byte.is_ascii_digit());
        let act = if redirect.writes { Act::Writes } else { Act::Reads };
        (redirect.writes || !is_descriptor).then_some(Self { by, ..Self::new(act, Name::Word(target)) })
    }

    /// Whether it changes a file, or something in a directory, whose name contains a text.
    pub fn changes(&self, part: &str) -> bool {
        let names = |name: Name<'_>| name.written().contains(part);
        self.act.changes() && names(self.file.name) || self.to.is_some_and(|to| names(to.name))
    }

    /// Whether a redirection names the file.
    pub fn is_redirection(&self) -> bool {
        matches!(self.by, By::Redirection | By::Surroundings)
    }
}

fn by_line<'a>(words: &'a [Word], line: &CommandLine) -> Vec<Action<'a>> {
    let words = match (&line.verb, words) {
        (Some(verb), [first, rest @ ..]) if first.raw == *verb => rest,
        (Some(_), _) => return Vec::new(),
        (None, words) => words,
    };
    if line.form == ArgumentForm::Find {
        return find::actions(words);
    }
    let arguments = Arguments::of(words, line);
    let roles = Roles::of(&arguments, line);
    let mut actions = Vec::new();
    let mut operand = 0;
    for argument in &arguments.list {
        match *argument {
            Argument::Operand(word) if !line.endings.is_empty() => {
                let text = word.raw.trim_end_matches(['"', '\'']);
                let mut all = line.endings.iter();
                let act =
                    all.find(|(_, endings)| endings.iter().any(|ending| text.ends_with(ending.as_str())));
                actions.extend(act.map(|(act, _)| Action::new(*act, Name::Word(word))));
            }
            Argument::Operand(word) => {
                let act = roles.of_operand(operand);
                let to = roles.destination.filter(|_| matches!(act, Act::Reads | Act::Moves | Act::Links));
                actions.push(Action { to, ..Action::new(act, Name::Word(word)) });
                operand += 1;
            }
            Argument::Value(Act::Fetches | Act::Archive, name) if name.written() == "-" => {}
            Argument::Value(Act::Fetches, name) => actions.push(roles.fetched(name)),
            Argument::Value(act, name) => {
                actions.push(Action { by: By::Option, ..Action::new(roles.of_value(act), name) });
            }
        }
    }
    actions.extend(roles.in_directory(&arguments));
    actions
}

/// What the arguments of one command are.
struct Roles<'a, 'k> {
    line: &'k CommandLine,
    /// The number of operands.
    count: usize,
    /// What happens to the first operand, if it differs from the others.
    first: Option<Act>,
    /// What an option does with all operands but the first.
    with: Option<Act>,
    /// Where the operands are copied, moved or linked to.
    destination: Option<Destination<'a>>,
    /// Whether an option names that destination.
    is_given: bool,
    /// The directory of downloads that get the names in their addresses.
    under: Option<Name<'a>>,
    /// Whether it unpacks its archive.
    extracts: bool,
    /// Whether it writes its archive.
    creates: bool,
}

impl<'a, 'k> Roles<'a, 'k> {
    fn of(arguments: &Arguments<'a>, line: &'k CommandLine) -> Self {
        let count = arguments.operands().count();
        let value = |wanted: Act| {
            arguments.list.iter().find_map(|argument| match *argument {
                Argument::Value(act, name) if act == wanted => Some(name),
                _ => None,
            })
        };
        let with = line.with.iter().find(|(_, names)| arguments.has(names)).map(|(act, _)| *act);
        let mut first_with = line.first_with.iter().filter(|(_, names)| arguments.has(names));
        let first_with = first_with.next().map(|(act, _)| *act);
        let given = value(Act::Into);
        let destination = match (line.last, given, with) {
            (None, ..) | (_, _, Some(_)) => None,
            (Some(_), Some(name), None) => Some(Destination { name, is_directory: true }),
            (Some(_), None, None) if count > 1 => arguments.operands().next_back().map(|last| {
                let is_directory = count > 2 || last.raw.ends_with('/') || matches!(last.text(), "." | "..");
                Destination { name: Name::Word(last), is_directory }
            }),
            // `ln -s /x/y` makes a link in the working directory.
            (Some(_), None, None) => arguments.operands().next().map(|only| {
                let name = if line.operands == Act::Links { Name::Here } else { Name::Unknown(only) };
                Destination { name, is_directory: true }
            }),
        };
        Self {
            line,
            count,
            first: first_with.or(line.first).filter(|_| !arguments.has(&line.given)),
            with,
            destination,
            is_given: given.is_some(),
            under: value(Act::Under),
            extracts: line.extracts.is_empty() || arguments.has(&line.extracts),
            creates: arguments.has(&line.creates),
        }
    }

    fn of_operand(&self, at: usize) -> Act {
        match (self.first, self.line.last) {
            (Some(act), _) if at == 0 => act,
            _ if self.with.is_some() => self.with.unwrap_or_default(),
            (_, Some(act)) if at > 0 && at + 1 == self.count && !self.is_given => act,
            _ => self.line.operands,
        }
    }

    fn of_value(&self, act: Act) -> Act {
        match act {
            Act::Archive if self.extracts => Act::Unpacks,
            Act::Archive if self.creates => Act::Edits,
            Act::Archive => Act::Uses,
            // An archive is made of files in that directory.
            Act::Into if !self.extracts => Act::Uses,
            act => act,
        }
    }

    /// A download to a file with this name.
    fn fetched(&self, name: Name<'a>) -> Action<'a> {
        match (self.under.filter(|_| !self.line.named.is_empty()), name) {
            // Only curl puts it in the directory.
            (Some(under), name) => {
                let file = File { name: under, inner: Some(name.written()) };
                Action { file, ..Action::new(Act::Fetches, under) }
            }
            (None, name) => Action::new(Act::Fetches, name),
        }
    }

    /// The actions on a directory that no argument names as such.
    fn in_directory(&self, arguments: &Arguments<'a>) -> Vec<Action<'a>> {
        let line = self.line;
        let mut actions = Vec::new();
        if self.count <= usize::from(self.first.is_some()) && arguments.has(&line.here_with) {
            actions.push(Action::new(Act::Reads, Name::Here));
        }
        let unpacks_here = line.last.is_none() && line.options.contains_key(&Act::Into);
        if unpacks_here && self.extracts && !self.is_given
            || matches!(self.destination, Some(Destination { name: Name::Here, .. }))
        {
            actions.push(Action::new(Act::Into, Name::Here));
        }
        let is_named = if line.named.is_empty() {
            !arguments.has(&line.named_unless)
        } else {
            arguments.has(&line.named)
        };
        if line.form == ArgumentForm::Download && is_named {
            let directory = self.under.unwrap_or(Name::Here);
            if !arguments.has(&line.unnamed) {
                actions.extend(name_in_address(arguments).map(|inner| {
                    let file = File { name: directory, inner: Some(inner) };
                    Action { file, ..Action::new(Act::Fetches, directory) }
                }));
            }
            actions.push(Action::new(Act::Into, directory));
        }
        actions
    }
}

/// The last part of the only address, if a download certainly gets that name.
fn name_in_address<'a>(arguments: &Arguments<'a>) -> Option<&'a str> {
    let mut addresses = arguments.operands().filter(|word| word.raw.contains("://"));
    let address = addresses.next().filter(|_| addresses.next().is_none())?;
    let name = address.raw.trim_matches(['"', '\'']).rsplit('/').next()?;
    (!name.is_empty() && !name.contains(['?', '#', '%', '&', '(', ')', '`', '"', '\''])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Dockerfile;

    /// The actions of the last command of a script.
    fn actions(script: &str) -> Vec<String> {
        let text = format!("FROM debian\nRUN {script}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let invocation = facts.runs[0].invocations.last().expect("a command");
        let Some(actions) = invocation.actions.all() else { return vec!["Anything".to_owned()] };
        let shown = actions.iter().map(|action| {
            let inner = action.file.inner.map(|inner| format!("/{inner}")).unwrap_or_default();
            let to = action
                .to
                .map(|to| format!(" > {}{}", to.name.written(), if to.is_directory { "/" } else { "" }));
            format!("{:?} {}{inner}{}", action.act, action.file.name.written(), to.unwrap_or_default())
        });
        shown.collect()
    }

    #[test]
    fn values_of_options_are_no_operands() {
        assert_eq!(
            actions("install -m 755 -o app a /b"),
            ["Text 755", "Text app", "Reads a > /b", "Writes /b"]
        );
        assert_eq!(actions("install -dm755 /a /b"), ["Text 755", "Makes /a", "Makes /b"]);
        assert_eq!(actions("mkdir -pm 755 /a"), ["Text 755", "Makes /a"]);
        assert_eq!(actions("cp -rt /d a b"), ["Into /d", "Reads a > /d/", "Reads b > /d/"]);
        assert_eq!(actions("cp a b /d"), ["Reads a > /d/", "Reads b > /d/", "Writes /d"]);
        assert_eq!(actions("mv --target-directory=/d a"), ["Into /d", "Moves a > /d/"]);
        assert_eq!(actions("ln -s /x/y"), ["Links /x/y > ./", "Into ."]);
        assert_eq!(actions("chmod -R -w /a"), ["Changes /a"]);
        assert_eq!(actions("chown --reference=/a /b"), ["Reads /a", "Changes /b"]);
        assert_eq!(actions("rm -fr -- -x"), ["RemovesTrees -x"]);
        assert_eq!(actions("rm a"), ["Removes a"]);
        assert_eq!(actions("sort -ux -oout in"), ["Writes out", "Reads in"]);
    }

    #[test]
    fn scripts_and_patterns_are_no_files() {
        assert_eq!(actions("sed -i.bak s/a/b/ /x"), ["Nothing s/a/b/", "Edits /x"]);
        assert_eq!(actions("sed -e s/a/b/ -e s/c/d/ /x"), ["Nothing s/a/b/", "Nothing s/c/d/", "Reads /x"]);
        assert_eq!(actions("sed '/x/r /a' /y"), ["Anything"]);
        assert_eq!(actions("sed -n 's/a/b/w c' /y"), ["Anything"]);
        assert_eq!(actions("sed -f a /y"), ["Anything"]);
        assert_eq!(actions("sed 's/color red/or else/; s/\\r //' /y").len(), 2);
        assert_eq!(actions("awk '{ print > \"/a\" }' /y"), ["Anything"]);
        assert_eq!(actions("awk '$3 > 5 || $1 > $2 { print }' /y").len(), 2);
        assert_eq!(actions("grep -rq a/b"), ["Nothing a/b", "Reads ."]);
        assert_eq!(actions("grep -rq a/b c"), ["Nothing a/b", "Reads c"]);
        assert_eq!(actions("awk -F: '{ print }' /x"), ["Nothing :", "Nothing '{ print }'", "Reads /x"]);
    }

    #[test]
    fn downloads_are_written_where_the_options_say() {
        let address = "https://x.org/y.tgz";
        let cases: [(&str, &[&str]); 9] = [
            ("curl -fsSLo a", &["Fetches a"]),
            ("curl -fsSLoa/b", &["Fetches a/b"]),
            ("curl -o - -H 'A: /b'", &["Text 'A: /b'"]),
            ("curl -LO", &["Fetches ./y.tgz", "Into ."]),
            ("curl --output-dir /d -o a", &["Under /d", "Fetches /d/a"]),
            ("wget -q", &["Fetches ./y.tgz", "Into ."]),
            ("wget -qO-", &[]),
            ("wget -P /d", &["Under /d", "Fetches /d/y.tgz", "Into /d"]),
            ("wget --output-document=\"$X/a\" -o log", &["Fetches \"$X/a\"", "Writes log"]),
        ];
        for (command, expected) in cases {
            let found = actions(&format!("{command} {address}"));
            let found: Vec<_> = found.iter().filter(|action| !action.starts_with("Address")).collect();
            assert_eq!(found, expected, "{command}");
        }
    }

    #[test]
    fn archives_are_unpacked_into_a_directory() {
        assert_eq!(actions("tar xzf a.tgz -C /d"), ["Unpacks a.tgz", "Into /d"]);
        assert_eq!(actions("tar -xzC /d"), ["Into /d"]);
        assert_eq!(actions("tar -xf a.tar --directory=/d"), ["Unpacks a.tar", "Into /d"]);
        assert_eq!(actions("tar -xzf a.tgz"), ["Unpacks a.tgz", "Into ."]);
        assert_eq!(actions("tar czf a.tgz -C /d ."), ["Edits a.tgz", "Uses /d", "Uses ."]);
        assert_eq!(actions("unzip -q a.zip -d/d"), ["Unpacks a.zip", "Into /d"]);
        assert_eq!(actions("unzip -d /d a.zip"), ["Into /d", "Unpacks a.zip"]);
    }

    #[test]
    fn an_unknown_command_may_do_anything() {
        assert_eq!(actions("./x a"), ["Anything"]);
        assert_eq!(actions("$X a"), ["Anything"]);
        assert_eq!(actions("du -sh --exclude=/a"), ["Uses /a"]);
        assert_eq!(actions("jq -L../x .a"), ["Uses /x", "Uses ../x", "Uses .a"]);
        assert_eq!(actions("echo a"), [""; 0]);
    }
}

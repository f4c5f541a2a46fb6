//! The simple commands of a script, at any depth, without wrappers such as `sudo` and `env`.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::facts::actions::Actions;
use crate::facts::execution::{Assigned, Changes, ScriptStates, Walk};
use crate::facts::paths;
use crate::knowledge::lists::programs::NEEDING_FILES;
use crate::knowledge::{Act, Knowledge, unversioned};
use crate::syntax::shell::{
    Command, CommandKind, End, List, Operator, Redirect, Script, Simple, Statement, Word, base_name,
};

/// One simple command of a script.
#[derive(Debug, Clone)]
pub struct Invocation<'a> {
    /// The command with its redirections.
    pub command: &'a Command,
    /// Assignments and all words, wrappers included.
    pub simple: &'a Simple,
    /// The program and its arguments, wrappers left out; empty for assignments alone.
    pub words: &'a [Word],
    /// The program's name without its directory; `None` if it is unknown.
    pub program: Option<&'a str>,
    /// The user that the program runs as.
    pub elevation: Elevation,
    /// Whether a wrapper before it runs it any number of times (`xargs`).
    pub repeated: bool,
    /// Its place in the script.
    pub place: Place,
    /// Whether it can't be read; filled at the first question.
    unreadable: OnceCell<bool>,
    /// What it does with files, redirections included. `xargs` may add arguments.
    pub actions: Actions<'a>,
}

/// The user that a program runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elevation {
    /// As the user of the RUN.
    None,
    /// As root, by this prefix (`sudo -E`).
    Root(String),
    /// As another user, or an unknown one.
    Other,
}

/// What a script's success proves about one of its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Nothing: it may not have run, or have failed.
    None,
    /// It succeeded, if the script stops at the first failure (`set -e`).
    UnderErrexit,
    /// It succeeded.
    Always,
}

/// A part of a script that may not run: a branch, a loop, a function, what follows `||`, or what
/// follows `&&` in a list whose failure the script ignores. Parts within others are numbered; the
/// default is the whole script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Region(u64);

impl Region {
    /// Each level takes so many bits.
    const BITS: u32 = 16;
    /// Too many parts, or too deep: nothing is known to be in it.
    const UNKNOWN: Self = Self(u64::MAX);

    /// A part of this one, with a number from 1 on that no other part of the script has.
    pub(super) fn part(self, number: usize) -> Self {
        match u16::try_from(number) {
            Ok(number) if number < u16::MAX && self.0.leading_zeros() >= Self::BITS => {
                Self(self.0 << Self::BITS | u64::from(number))
            }
            _ => Self::UNKNOWN,
        }
    }

    /// Whether it is the other one or within it, so that it runs only if the other one does.
    pub fn is_within(self, other: Self) -> bool {
        let mut around = self.0;
        while around != 0 && around != other.0 {
            around >>= Self::BITS;
        }
        around == other.0 && other != Self::UNKNOWN
    }
}

/// A command's place in its script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The statement of the script's own list.
    pub statement: usize,
    /// The pipeline within that statement.
    pub pipeline: usize,
    /// Whether it is that pipeline, alone: not piped, not negated, not in a loop, group, subshell
    /// or substitution.
    pub alone: bool,
    /// Whether the script's success proves that it ran and succeeded.
    pub proof: Proof,
    /// Whether it is in a pipeline after `!`: what follows with `&&` runs if it fails.
    pub negated: bool,
    /// The part of the script that it is in and that may not run.
    pub region: Region,
    /// Whether it is within a word, in `$( … )` or backticks: such commands are read but not
    /// edited.
    pub in_word: bool,
    /// Whether it runs in the script's own shell, so its `cd` or `export` affects later commands.
    pub own_shell: bool,
}

impl Place {
    /// Whether it runs whenever the script gets there and succeeds: it is not in a branch, loop or
    /// function, not after `||`, and not after `&&` in a list whose failure the script ignores.
    pub fn is_certain(self) -> bool {
        self.region == Region::default()
    }

    /// Whether it comes before a use that follows it in the script: the use is in the same branch,
    /// and does not run only if this failed (`apt-get update || apt-get install x`).
    pub fn precedes(self, use_: Self) -> bool {
        let is_alternative = self.statement == use_.statement
            && self.pipeline != use_.pipeline
            && self.proof == Proof::None
            && !use_.is_certain();
        !self.negated && !is_alternative && use_.region.is_within(self.region)
    }
}

/// All commands of a script in the order of its text, and the state at each.
pub(super) fn invocations<'a>(
    script: &'a Script,
    known: &Knowledge,
    mut walk: Walk<'_, 'a>,
) -> (Vec<Invocation<'a>>, ScriptStates) {
    let statements = &script.list.statements;
    let pipelines = statements.iter().flat_map(Statement::pipelines);
    walk.reserve(pipelines.map(|pipeline| pipeline.commands.len()).sum());
    let last = statements.len().saturating_sub(1);
    for (index, statement) in statements.iter().enumerate() {
        let top = Place {
            statement: index,
            pipeline: 0,
            alone: true,
            proof: Proof::Always,
            negated: false,
            region: Region::default(),
            in_word: false,
            own_shell: true,
        };
        collect_statement(statement, index == last, top, known, &mut walk);
    }
    walk.finish()
}

/// The commands of one statement; `place` is the place of the list that contains it.
fn collect_statement<'a>(
    statement: &'a Statement,
    is_last: bool,
    place: Place,
    known: &Knowledge,
    walk: &mut Walk<'_, 'a>,
) {
    let proof = match (
        statement.is_and_chain() && statement.end != End::Background,
        is_last,
        statement.rest.is_empty(),
    ) {
        (false, ..) => Proof::None,
        (true, true, _) => Proof::Always,
        // Within `a && b`, a failure does not stop the script, `set -e` or not.
        (true, false, true) => Proof::UnderErrexit,
        (true, false, false) => Proof::None,
    };
    let is_top = place.alone;
    let background = (statement.end == End::Background).then(|| walk.enter_subshell());
    // Whether the script fails if this statement does.
    let counts = is_last && statement.end != End::Background && place.proof == Proof::Always;
    let last_or = statement.rest.iter().rposition(|(operator, _)| *operator == Operator::Or);
    let mut after_and = None;
    for (index, pipeline) in statement.pipelines().enumerate() {
        // `a || b && c`: b may not run; c runs if the list succeeds. With another list after it, or
        // in `a && b || c`, b and c may not run.
        let region = match index.checked_sub(1) {
            None => place.region,
            Some(operator) if statement.rest[operator].0 == Operator::Or => walk.region_in(place.region),
            Some(operator) if counts && last_or.is_none_or(|last| last < operator) => place.region,
            Some(_) => *after_and.get_or_insert_with(|| walk.region_in(place.region)),
        };
        for (at, command) in pipeline.commands.iter().enumerate() {
            let decides = !pipeline.negated && at + 1 == pipeline.commands.len();
            let inner = Place {
                pipeline: if is_top { index } else { place.pipeline },
                alone: is_top && pipeline.single().is_some(),
                negated: place.negated || pipeline.negated,
                region,
                proof: if decides { proof.min(place.proof) } else { Proof::None },
                own_shell: place.own_shell && pipeline.commands.len() == 1,
                ..place
            };
            if pipeline.commands.len() == 1 {
                collect(command, inner, known, walk);
            } else {
                let saved = walk.enter_subshell();
                collect(command, inner, known, walk);
                walk.leave_subshell(saved);
            }
        }
    }
    match background {
        Some(saved) => walk.leave_subshell(saved),
        None if !is_last => walk.after_statement(statement),
        None => {}
    }
}

fn collect<'a>(command: &'a Command, place: Place, known: &Knowledge, walk: &mut Walk<'_, 'a>) {
    let inside = Place { alone: false, ..place };
    let unproven = Place { proof: Proof::None, ..inside };
    for word in command.words() {
        for list in &word.substitutions {
            let saved = walk.enter_subshell();
            collect_list(list, Place { own_shell: false, in_word: true, ..unproven }, known, walk);
            walk.leave_subshell(saved);
        }
    }
    if !matches!(command.kind, CommandKind::Simple(_)) {
        walk.redirect(&command.redirects);
    }
    match &command.kind {
        CommandKind::Simple(simple) => {
            let around = walk.surroundings();
            walk.push(invocation(command, simple, &around, place, known));
        }
        CommandKind::Subshell(list) => {
            let saved = walk.enter_subshell();
            collect_list(list, Place { own_shell: false, ..inside }, known, walk);
            walk.leave_subshell(saved);
        }
        CommandKind::Group(list) | CommandKind::Prefixed(list) => collect_list(list, inside, known, walk),
        CommandKind::Function(name, list) => {
            // Its callers are unknown.
            let saved = walk.enter_subshell();
            walk.forget_everything();
            let region = walk.region_in(place.region);
            collect_list(list, Place { region, ..unproven }, known, walk);
            walk.leave_subshell(saved);
            walk.define(name, list);
        }
        CommandKind::Branching(branching) => {
            let changes = Changes::of_branching(branching);
            walk.forget(&changes);
            collect_list(&branching.condition, unproven, known, walk);
            for list in &branching.branches {
                walk.forget(&changes);
                let region = walk.region_in(place.region);
                collect_list(list, Place { region, ..unproven }, known, walk);
            }
            walk.forget(&changes);
        }
        CommandKind::Test(lists) => {
            for list in lists {
                collect_list(list, unproven, known, walk);
            }
        }
    }
}

fn collect_list<'a>(list: &'a List, place: Place, known: &Knowledge, walk: &mut Walk<'_, 'a>) {
    let last = list.statements.len().saturating_sub(1);
    for (index, statement) in list.statements.iter().enumerate() {
        collect_statement(statement, index == last, place, known, walk);
    }
}

fn invocation<'a>(
    command: &'a Command,
    simple: &'a Simple,
    around: &[&'a Redirect],
    place: Place,
    known: &Knowledge,
) -> Invocation<'a> {
    let mut words = &simple.words[..];
    let mut elevation = Elevation::None;
    let mut repeated = false;
    while let Some(wrapper) =
        words.first().and_then(Word::literal).and_then(|name| known.wrapper(base_name(name)))
    {
        let Some(inner) = unwrap(words, wrapper) else { break };
        let prefix = &words[..words.len() - inner.len()];
        if wrapper.changes_user {
            let plain = wrapper.name == "sudo"
                && prefix[1..].iter().all(|word| matches!(word.raw.as_str(), "-E" | "-H" | "-n" | "--"));
            elevation = match elevation {
                Elevation::None if plain => {
                    Elevation::Root(prefix.iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" "))
                }
                _ => Elevation::Other,
            };
        }
        repeated |= wrapper.name == "xargs";
        words = inner;
    }
    let program = words.first().and_then(|word| {
        let name = base_name(word.text());
        (!name.is_empty()
            && (word.literal().is_some() || !name.contains(['$', '`', '*', '"', '\'', '{', '}', '(', ')'])))
        .then_some(name)
    });
    let actions = Actions::of(program, words, &command.redirects, around, known);
    let unreadable = OnceCell::new();
    Invocation { command, simple, words, program, elevation, repeated, place, unreadable, actions }
}

/// The command after a wrapper's own options and operands; `None` if the wrapper runs nothing.
fn unwrap<'a>(words: &'a [Word], wrapper: &crate::knowledge::Wrapper) -> Option<&'a [Word]> {
    let mut at = 1;
    let mut operands = wrapper.operands;
    while let Some(word) = words.get(at) {
        let raw = word.raw.as_str();
        if raw == "--" {
            at += 1;
            break;
        }
        if word.is_option() {
            if wrapper.name == "command" && raw != "-p" {
                return None;
            }
            at += if wrapper.options_with_value.iter().any(|option| option == raw) { 2 } else { 1 };
        } else if matches!(wrapper.name.as_str(), "env" | "sudo" | "doas") && is_assignment(raw) {
            at += 1;
        } else if operands > 0 {
            operands -= 1;
            at += 1;
        } else {
            break;
        }
    }
    words.get(at..).filter(|rest| !rest.is_empty())
}

fn is_assignment(raw: &str) -> bool {
    raw.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

impl<'a> Invocation<'a> {
    /// The arguments, the program left out.
    pub fn arguments(&self) -> &'a [Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The program, its arguments, and the files of redirections.
    pub fn words_and_targets(&self) -> impl Iterator<Item = &'a Word> {
        self.words.iter().chain(self.targets())
    }

    /// The files of redirections.
    pub fn targets(&self) -> impl Iterator<Item = &'a Word> {
        self.actions.redirections().filter_map(|action| action.file.name.word())
    }

    /// Whether the program has this name, in any directory and version.
    pub fn is(&self, name: &str) -> bool {
        // Names are compared often, and most differ in the first letter.
        self.program.is_some_and(|program| {
            program.as_bytes().first() == name.as_bytes().first()
                && (program == name || program.len() > name.len() && unversioned(program) == name)
        })
    }

    /// Whether the script writes the program like this, and not by its path.
    pub fn is_written(&self, name: &str) -> bool {
        self.words.first().is_some_and(|word| word.raw == name)
    }

    /// Whether an option of one letter is among its arguments, by itself or in a cluster: `-f`,
    /// `-sfn`.
    pub fn has_short_option(&self, letter: char) -> bool {
        self.arguments().iter().filter_map(Word::short_options).any(|letters| letters.contains(letter))
    }

    /// The same for an option that has a long name, too.
    pub fn has_flag(&self, letter: char, long: &str) -> bool {
        self.has_short_option(letter) || self.arguments().iter().any(|word| word.raw == long)
    }

    /// The directory in the program's path, if it is called by a path.
    pub fn directory(&self) -> Option<&'a str> {
        let text = self.words.first()?.text();
        text.rfind('/').map(|at| &text[..at])
    }

    /// The words before the program: `sudo -E`, `env A=b`.
    pub fn wrappers(&self) -> &'a [Word] {
        &self.simple.words[..self.simple.words.len() - self.words.len()]
    }

    /// Whether there is no wrapper but `sudo` without options.
    pub fn has_only_sudo_before(&self) -> bool {
        self.wrappers().iter().all(|word| word.raw == "sudo")
    }

    /// Whether this is `rm` with `-f`, which ignores missing files.
    pub fn is_forced_removal(&self) -> bool {
        self.is("rm") && self.has_flag('f', "--force")
    }

    /// Whether the command would notice that a directory is missing or empty: it names the
    /// directory, or something in or around it, and is not a forced removal.
    pub fn notices(&self, directories: &[String]) -> bool {
        !self.is_forced_removal() && self.names_any(directories)
    }

    /// Whether the command names one of these directories, or something in or around it. In the
    /// script that a shell gets as a word, each part counts.
    pub fn names_any(&self, directories: &[String]) -> bool {
        let looks = NEEDING_FILES.iter().any(|program| self.is(program));
        let directories: Vec<Named<'_>> = directories.iter().map(|directory| Named::of(directory)).collect();
        let directories = &directories[..];
        // Most words have no slash, and most directories do.
        let are_paths = directories.iter().all(|directory| directory.part.contains('/'));
        let may_name = |word: &&Word| looks || !are_paths || word.raw.contains('/');
        self.words_and_targets().filter(may_name).any(|word| names_one(&word.raw, looks, directories))
            || self.scripts().any(|script| {
                let parts = || script.split(|c: char| c.is_whitespace() || "'\";|&()<>".contains(c));
                parts().any(|part| NEEDING_FILES.contains(&base_name(part)))
                    && parts().any(|part| names_one(part, true, directories))
            })
    }

    /// The scripts among its arguments, as the script writes them.
    fn scripts(&self) -> impl Iterator<Item = &'a str> {
        let scripts = self.actions.known().iter().filter(|action| action.act == Act::Evaluates);
        scripts.map(|action| action.file.name.written())
    }

    /// Whether the command passes a script to another shell that may call one of these programs.
    pub fn calls_in_another_shell(&self, programs: &[String]) -> bool {
        self.scripts().any(|script| {
            let mut parts = script.split(|c: char| c.is_whitespace() || "'\";|&()<>`$".contains(c));
            parts.any(|part| programs.iter().any(|program| base_name(part) == program))
        })
    }

    /// Whether the command runs in an environment that differs from the script's: `HOME=/x npm …`,
    /// `env HOME=/x npm …`.
    pub fn sets(&self, variable: &str) -> bool {
        self.value_for(variable).is_some()
    }

    /// The value that a variable gets for this command, whatever the case of its name: `HOME=/x npm
    /// …`, `env HOME=/x npm …`.
    pub fn value_for(&self, variable: &str) -> Option<Assigned> {
        let is_named = |name: &str| name.eq_ignore_ascii_case(variable);
        let own = self.simple.assignments.iter().rfind(|assignment| is_named(&assignment.name));
        let by_wrapper = || {
            let mut all = self.wrappers().iter().rev().filter_map(|word| word.raw.split_once('='));
            all.find(|(name, _)| is_named(name)).map(|(_, value)| Assigned::Known(value.to_owned()))
        };
        let text = |word: &Word| Assigned::Known(word.text().to_owned());
        own.map(|own| own.value.as_ref().map_or(Assigned::Unknown, text)).or_else(by_wrapper)
    }

    /// Whether this runs a script or program with unknown effects: a file by its path, a shell with
    /// a script, input piped into a shell, an unknown name.
    pub fn is_unreadable(&self, known: &Knowledge) -> bool {
        *self.unreadable.get_or_init(|| self.can_not_be_read(known))
    }

    fn can_not_be_read(&self, known: &Knowledge) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let Some(program) = self.program else { return true };
        if Knowledge::is_builtin(program) {
            return false;
        }
        let acts = |word: &Word| matches!(word.raw.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir");
        if self.is("find")
            && self
                .arguments()
                .windows(2)
                .any(|pair| acts(&pair[0]) && known.program(base_name(pair[1].text())).is_none())
        {
            return true;
        }
        if self.simple.words.iter().any(|word| word.raw == "-S" || word.raw.starts_with("--split-string"))
            && self.simple.words[0].raw.ends_with("env")
        {
            return true;
        }
        if let Some(directory) = self.directory() {
            let usual = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
            if !usual.contains(&directory) && !directory.ends_with("/bin") {
                return !matches!(program, "configure" | "autogen.sh" | "mvnw" | "gradlew");
            }
        }
        known.manager_of(program).is_none()
            && known.wrapper(program).is_none()
            && known.program(program).is_none()
            && {
                let plain = unversioned(program);
                plain == program || known.program(plain).is_none()
            }
    }
}

/// A directory for [`names_one`].
struct Named<'d> {
    /// Normalized.
    path: Cow<'d, str>,
    /// What a text that names it contains.
    part: String,
}

impl<'d> Named<'d> {
    fn of(directory: &'d str) -> Self {
        let path = paths::plain(directory);
        let part = paths::plain(&path);
        let part = part.strip_prefix('~').unwrap_or(&part).to_owned();
        Self { path, part }
    }
}

/// Whether a text names one of these directories, or something in or around it; with
/// `looks`, as an operand of a command that reads whole trees.
fn names_one(text: &str, looks: bool, directories: &[Named<'_>]) -> bool {
    let named = paths::plain(text);
    let is_relative =
        !text.starts_with(['/', '~', '$', '-', '.']) || text.starts_with(".c") || text.starts_with(".n");
    directories.iter().any(|Named { path: directory, part }| {
        text.contains(part.as_str())
            // The parent directory may exist only for this directory, as `~/.cache` does.
            || named.len() > 1 && paths::is_private_parent(&named, directory)
            || looks && named.len() > 1 && paths::within(directory, &named)
            || looks
                && is_relative
                && !named.is_empty()
                && [directory, "/"].concat().contains(&["/", &named, "/"].concat())
            || looks
                && text.contains('{')
                && paths::within(directory, &paths::normal(text.split('{').next().unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_script_are_within_those_around_them() {
        let all = Region::default();
        let (first, second) = (all.part(1), all.part(2));
        let inner = first.part(3);
        assert!(all.is_within(all) && first.is_within(all) && inner.is_within(all) && inner.is_within(first));
        assert!(
            !all.is_within(first)
                && !second.is_within(first)
                && !inner.is_within(second)
                && !first.is_within(inner)
        );
        let deep = (1..9).fold(all, Region::part);
        let numerous = all.part(70_000);
        assert!(deep.is_within(all) && !deep.is_within(deep) && !numerous.is_within(numerous));
    }
}

//! Calls of package managers at any place in a script: the manager, the verb, the options and
//! packages.

use crate::facts::commands::Invocation;
use crate::knowledge::lists::packages::{CHANGING_PACKAGE_SOURCES, NOT_CHANGING_PACKAGE_SOURCES};
use crate::knowledge::{Kind, Knowledge, Manager, unversioned};
use crate::syntax::shell::Word;

/// A call of a package manager.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The manager.
    pub manager: &'a Manager,
    /// Its index in the RUN's invocations.
    pub invocation: usize,
    /// The verb, in the manager's own words (`mod download`).
    pub verb: String,
    /// The last word of the verb, or the program if there is no verb. Options are inserted after
    /// it.
    pub verb_word: &'a Word,
    /// All options, before and after the verb.
    pub options: Vec<&'a Word>,
    /// The words that are values of those options.
    pub values: Vec<&'a Word>,
    /// The words after the verb that are neither options nor values of options.
    pub packages: Vec<&'a Word>,
}

/// The calls among a script's invocations, in order.
pub(crate) fn calls<'a>(invocations: &[Invocation<'a>], known: &'a Knowledge) -> Vec<Call<'a>> {
    let found = invocations.iter().enumerate().filter_map(|(index, invocation)| {
        let (manager, words) = manager(invocation, known)?;
        Some(read(manager, index, words))
    });
    found.collect()
}

/// The call that an invocation is, if it is one.
pub(crate) fn call_of<'c, 'a>(calls: &'c [Call<'a>], invocation: usize) -> Option<&'c Call<'a>> {
    calls.binary_search_by_key(&invocation, |call| call.invocation).ok().map(|at| &calls[at])
}

/// The manager that a command calls, and its words, starting with the program or the module's name.
fn manager<'a>(invocation: &Invocation<'a>, known: &'a Knowledge) -> Option<(&'a Manager, &'a [Word])> {
    let program = invocation.program?;
    if let Some(manager) = known.manager_of(program) {
        return Some((manager, invocation.words));
    }
    if matches!(unversioned(program), "python" | "pypy") {
        let at = invocation.words.iter().position(|word| word.raw == "-m")?;
        let module = invocation.words.get(at + 1)?.literal()?;
        return known.manager_of_module(module).map(|manager| (manager, &invocation.words[at + 1..]));
    }
    None
}

fn read<'a>(manager: &'a Manager, invocation: usize, words: &'a [Word]) -> Call<'a> {
    let mut options = Vec::new();
    let mut values = Vec::new();
    let mut plain: Vec<&Word> = Vec::new();
    let mut at = 1;
    while let Some(word) = words.get(at) {
        at += 1;
        if word.is_option() {
            options.push(word);
            if manager.options_with_value.iter().any(|option| word.raw == *option) {
                values.extend(words.get(at));
                at += 1;
            }
        } else {
            plain.push(word);
        }
    }
    // `cache\ clean` is one word, and not the verb of two.
    let known = |verb: &str| !verb.contains(' ') && manager.all_verbs().any(|known| known == verb);
    let (verb, taken, verb_word) = find_verb(manager, &options, &plain, known, &words[0]);
    Call {
        manager,
        invocation,
        verb,
        verb_word,
        options,
        values,
        packages: plain.split_off(taken.min(plain.len())),
    }
}

/// The verb, the number of plain words that it takes, and its last word.
fn find_verb<'a>(
    manager: &Manager,
    options: &[&'a Word],
    plain: &[&'a Word],
    known: impl Fn(&str) -> bool,
    program: &'a Word,
) -> (String, usize, &'a Word) {
    let has_clusters = manager.all_verbs().any(|verb| verb.starts_with('-'));
    if has_clusters && let Some(cluster) = options.iter().find(|option| known(&option.raw)) {
        return (cluster.raw.to_string(), 0, cluster);
    }
    if let [first, second, ..] = plain {
        let is_both = |verb: &&str| {
            let rest = verb.strip_prefix(first.text()).and_then(|rest| rest.strip_prefix(' '));
            rest == Some(second.text())
        };
        if let Some(verb) = manager.all_verbs().find(is_both) {
            return (verb.to_owned(), 2, second);
        }
    }
    match plain.first() {
        Some(first) if known(first.text()) => (first.text().to_owned(), 1, first),
        Some(first) => {
            let goal = plain.iter().position(|word| manager.kind == Kind::Build && known(word.text()));
            match (goal, &manager.default_verb) {
                (Some(at), _) => (plain[at].text().to_owned(), at + 1, plain[at]),
                (None, Some(verb)) if manager.verbs.install == [verb.as_str()] => (verb.clone(), 0, program),
                (None, _) if first.text().contains(' ') => (first.raw.to_string(), 1, *first),
                (None, _) => (first.text().to_owned(), 1, *first),
            }
        }
        None => (manager.default_verb.clone().unwrap_or_default(), 0, program),
    }
}

/// Whether a package may change what apt downloads afterwards: it adds sources or keys, or apt may
/// skip sources without it.
pub(crate) fn may_change_apt_sources(name: &str) -> bool {
    CHANGING_PACKAGE_SOURCES.iter().any(|part| name.contains(part))
        && !NOT_CHANGING_PACKAGE_SOURCES.contains(&name)
}

/// The calls that download the index of a manager before a command of the same script. They may be
/// in another branch, or fail.
pub(crate) fn index_downloads<'c, 'a>(
    calls: &'c [Call<'a>],
    manager: &'c Manager,
    command: usize,
) -> impl Iterator<Item = &'c Call<'a>> {
    calls.iter().filter(move |call| {
        call.invocation < command && call.manager.name == manager.name && manager.refreshes(&call.verb)
    })
}

impl Call<'_> {
    /// Whether the call has one of these options: alone, or with a value (`--setopt=x` for
    /// `--setopt`). A name that is not an option (`APT::Install-Recommends`) is searched for in the
    /// values, and so is the text after the `=` of an option (`--setopt=install_weak_deps`).
    pub fn has_option(&self, names: &[String]) -> bool {
        names.iter().any(|name| {
            let wanted =
                name.split_once('=').map_or(name.as_str(), |(_, value)| value.trim_start_matches("*."));
            let in_value =
                |word: &&Word| (!name.starts_with('-') || name.contains('=')) && word.text().contains(wanted);
            self.options.iter().copied().any(|word| self.is_option(word, name) || in_value(&word))
                || self.values.iter().copied().any(|word| in_value(&word))
        })
    }
}

impl Call<'_> {
    /// Whether its short options have these letters, each as often as here: `qq` is in `-q -q` and
    /// in `-qyq`. Letters of a value that follows its option count, too.
    pub fn has_letters(&self, letters: &str) -> bool {
        let given: Vec<&str> = self.options.iter().filter_map(|word| word.short_options()).collect();
        let count = |letter: char| given.iter().map(|cluster| cluster.matches(letter).count()).sum::<usize>();
        letters.chars().all(|letter| count(letter) >= letters.matches(letter).count())
    }
}

/// A shorter prefix is ambiguous.
const LEAST_ABBREVIATION: usize = "--no-x".len();

impl Call<'_> {
    /// Whether a word of the call is an option, alone or with a value, or an equivalent that the
    /// manager accepts.
    pub fn is_option(&self, word: &Word, name: &str) -> bool {
        let given = word.text();
        let without_value = given.split_once('=').map_or(given, |(option, _)| option);
        given == name
            || given.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
            || self.manager.abbreviates.is_some()
                && name.starts_with("--")
                && !name.contains('=')
                && without_value.len() >= LEAST_ABBREVIATION
                && name.starts_with(without_value)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::Facts;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn calls(script: &str) -> Vec<String> {
        let text = format!("FROM debian\nRUN {script}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let show = |call: &super::Call<'_>| {
            let packages: Vec<_> = call.packages.iter().map(|word| word.raw.as_str()).collect();
            format!("{} {} [{}]", call.manager.name, call.verb, packages.join(" "))
        };
        facts.runs[0].calls.iter().map(show).collect()
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        assert_eq!(calls("sudo -E apt-get -y -o A=B install curl"), ["apt-get install [curl]"]);
        assert_eq!(
            calls("for p in a b; do env X=1 time /opt/venv/bin/pip install -r req.txt $p; done"),
            ["pip install [$p]"]
        );
        assert_eq!(calls("python3.11 -m pip install x"), ["pip install [x]"]);
        assert_eq!(
            calls("pip3.9 install x || (uv pip install y)"),
            ["pip install [x]", "uv pip install [y]"]
        );
        assert_eq!(calls("$VENV/bin/pip install x"), ["pip install [x]"]);
    }

    #[test]
    fn quoted_text_is_no_call() {
        assert!(calls("echo 'apt-get install x' && sh -c 'apt-get install y'").is_empty());
    }

    #[test]
    fn verbs_may_be_two_words_or_an_option() {
        assert_eq!(
            calls("go mod download && pacman -Syu --noconfirm git && yarn"),
            ["go mod download []", "pacman -Syu [git]", "yarn install []"]
        );
    }
}

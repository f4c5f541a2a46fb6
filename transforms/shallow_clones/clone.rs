//! A `git clone` of one version from a server that offers that, and where the repository is.

use crate::facts::actions::{self, Name};
use crate::facts::execution::Target;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::Act;
use crate::knowledge::lists::version_control::{HARMLESS_OPTIONS_OF_CLONE, SERVERS};
use crate::syntax::shell::Word;

/// A clone that may leave out the history.
pub(super) struct Clone<'f, 'a> {
    pub run: &'f RunFacts<'a>,
    /// Its index in the RUN's invocations.
    pub index: usize,
    /// The word `clone`.
    pub verb: &'a Word,
    /// The directory of the repository.
    pub target: Target,
    /// The last part of its name, which other commands may mention.
    pub name: String,
    /// Whether it names a tag, so that git finds that tag and nothing else.
    pub has_tag: bool,
}

impl<'f, 'a> Clone<'f, 'a> {
    /// The clone that a command of a RUN makes.
    pub fn at(facts: &Facts<'_>, run: &'f RunFacts<'a>, index: usize) -> Option<Self> {
        let invocation = &run.invocations[index];
        let [_, verb, arguments @ ..] = invocation.words else { return None };
        let is_clone = invocation.program == Some("git") && verb.raw == "clone";
        if !is_clone || invocation.place.in_word || invocation.repeated {
            return None;
        }
        let flags = actions::flags("git", arguments, facts.known);
        if !flags.iter().all(|flag| HARMLESS_OPTIONS_OF_CLONE.iter().any(|name| flag.is(name))) {
            return None;
        }
        let known = invocation.actions.known();
        let mut addresses = known.iter().filter(|action| action.act == Act::Address);
        let (address, None) = (addresses.next()?.file.name, addresses.next()) else { return None };
        let address = facts.name_expanded_in(run, index, address)?;
        if !is_on_a_known_server(&address.known) {
            return None;
        }
        let given = known.iter().find(|action| action.act == Act::Writes && !action.is_redirection());
        let (target, name) = match given.map(|action| action.file.name) {
            Some(name) => (facts.target_of_name(run, index, name), last_part(name.text())),
            None => {
                let name = last_part(&address.written);
                (facts.target_of_name(run, index, Name::Part(&name)), name)
            }
        };
        Some(Self { run, index, verb, target, name, has_tag: tag(arguments).is_some_and(is_version) })
    }
}

/// The last part of an address or path, without `.git`.
fn last_part(text: &str) -> String {
    let text = text.trim_matches(['"', '\'']).trim_end_matches('/');
    let text = text.strip_suffix(".git").unwrap_or(text);
    text.rsplit(['/', ':']).next().unwrap_or_default().to_owned()
}

/// The value of `--branch`.
fn tag(arguments: &[Word]) -> Option<&str> {
    let mut words = arguments.iter().map(Word::text);
    words.find_map(|word| word.strip_prefix("--branch=")).or_else(|| {
        let at = arguments.iter().position(|word| matches!(word.raw.as_str(), "-b" | "--branch"))?;
        arguments.get(at + 1).map(Word::text)
    })
}

/// Whether a name ends in a version, as tags do: `v1.2.3`, `release-2.0`.
fn is_version(name: &str) -> bool {
    let start = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let version = name[start..].trim_start_matches('.');
    version.contains('.') && !version.ends_with('.')
}

/// Whether an address starts with the name of a server that offers single versions.
fn is_on_a_known_server(address: &str) -> bool {
    let rest = match address.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest,
        Some(_) => return false,
        None => address,
    };
    let Some(end) = rest.find(['/', ':']) else { return false };
    // A user, and perhaps a token, may be before the name.
    let end = rest.find('@').map_or(end, |at| rest[at..].find(['/', ':']).map_or(end, |end| at + end));
    let server = rest[..end].rsplit('@').next().unwrap_or_default();
    SERVERS.contains(&server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_recognised_in_all_forms_of_addresses() {
        for known in [
            "https://github.com/a/b",
            "http://gitlab.com/a/b.git",
            "git@github.com:a/b.git",
            "ssh://git@github.com/a/b",
            "https://user:token@github.com/a/b",
        ] {
            assert!(is_on_a_known_server(known), "{known}");
        }
        for unknown in [
            "https://example.com/github.com/a",
            "github.com/a/b/../c",
            "../github.com:x",
            "file://github.com/a",
            "https://github.com.example.com/a",
        ] {
            assert_eq!(is_on_a_known_server(unknown), unknown.starts_with("github.com/"), "{unknown}");
        }
    }

    #[test]
    fn versions_end_in_numbers() {
        assert!(["v1.2.3", "1.0", "release-2.0", "buildroot-2014.02"].into_iter().all(is_version));
        assert!(!["main", "4.2.x", "v3", "2.", "stable/kilo"].into_iter().any(is_version));
    }
}

//! Programs' own installers, which a script downloads from a known address and runs:
//! `curl -fsSL https://sh.rustup.rs | sh -s -- -y`. `knowledge/lists/installers.yaml` has those that
//! install no system packages. Others count as unreadable, also if they download the package index
//! themselves: if their own download fails, the RUN may go on with the index that is there.

use crate::facts::FURTHEST;
use crate::facts::actions::{Action, By, Name};
use crate::facts::commands::Invocation;
use crate::knowledge::Act;
use crate::knowledge::lists::installers::WITHOUT_PACKAGES;
use crate::knowledge::lists::programs::{INTERPRETERS_OF_INSTALLERS, SHELLS_OF_COMMANDS};
use crate::syntax::shell::{Word, base_name};

/// Whether an address is that of an installer that installs no system packages.
fn is_known(address: &str) -> bool {
    let address = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    address.is_some_and(|address| WITHOUT_PACKAGES.iter().any(|pattern| matches(pattern, address)))
}

/// Whether an address has the form of a pattern with at most one `*`.
fn matches(pattern: &str, address: &str) -> bool {
    match pattern.split_once('*') {
        None => address == pattern,
        Some((start, end)) => {
            address.len() >= start.len() + end.len() && address.starts_with(start) && address.ends_with(end)
        }
    }
}

/// Whether a command of a script runs a known installer.
pub(super) fn is_installer(invocations: &[Invocation<'_>], index: usize) -> bool {
    let invocation = &invocations[index];
    let Some(program) = invocation.program else { return false };
    let is_interpreter =
        SHELLS_OF_COMMANDS.contains(&program) || INTERPRETERS_OF_INSTALLERS.contains(&program);
    if !is_interpreter {
        let path = invocation.words.first().filter(|word| word.raw.contains('/'));
        return path.is_some_and(|path| is_downloaded(invocations, index, path));
    }
    match invocation.arguments() {
        [option, text, ..] if matches!(option.raw.as_str(), "-c" | "-lc" | "-ec") => {
            is_substituted(invocations, index, text)
        }
        arguments => match arguments.iter().find(|word| !word.is_option() && word.raw != "-") {
            Some(file)
                if arguments.first().is_none_or(|first| !matches!(first.raw.as_str(), "-s" | "--" | "-")) =>
            {
                is_downloaded(invocations, index, file)
            }
            _ => is_piped(invocations, index),
        },
    }
}

/// Whether a command gets a known installer from a pipe: `curl … | sh`.
fn is_piped(invocations: &[Invocation<'_>], index: usize) -> bool {
    let place = invocations[index].place;
    let is_beside = |other: &&Invocation<'_>| {
        other.place.statement == place.statement && other.place.pipeline == place.pipeline
    };
    // Commands within words are arguments of the others.
    let beside = invocations[..index].iter().rev().take_while(is_beside);
    let mut before = beside.filter(|other| !other.place.in_word);
    let (Some(download), None) = (before.next(), before.next()) else { return false };
    let is_fed = !place.own_shell && !download.place.own_shell && !place.in_word;
    let is_only_fed = invocations[index].command.redirects.is_empty();
    is_fed && is_only_fed && printed_address(download).is_some_and(is_known)
}

/// Whether a command gets a known installer from a command substitution: `sh -c "$(curl …)"`.
fn is_substituted(invocations: &[Invocation<'_>], index: usize, text: &Word) -> bool {
    let inner = text.raw.trim_matches('"');
    let is_whole = inner.starts_with("$(") && inner.ends_with(')') && text.substitutions.len() == 1;
    let [list] = &text.substitutions[..] else { return false };
    let mut commands = 0;
    list.walk(&mut |_| commands += 1);
    let Some(download) = index.checked_sub(1).map(|index| &invocations[index]) else { return false };
    let is_its = is_whole && commands == 1 && download.place.in_word;
    is_its && printed_address(download).is_some_and(is_known)
}

/// The address that a download prints to its standard output.
fn printed_address<'a>(download: &Invocation<'a>) -> Option<&'a str> {
    let actions = download.actions.known();
    let is_stored = actions.iter().any(|action| matches!(action.act, Act::Fetches | Act::Writes));
    address(actions).filter(|_| !is_stored)
}

/// The only address of a download.
fn address<'a>(actions: &[Action<'a>]) -> Option<&'a str> {
    let mut addresses = actions.iter().filter(|action| action.act == Act::Address);
    match (addresses.next(), addresses.next()) {
        (Some(only), None) => Some(only.file.name.text().trim_matches('"')),
        _ => None,
    }
}

/// Whether a file is a known installer that the same script downloads and does not change: `curl -o
/// a.sh … && sh a.sh`.
fn is_downloaded(invocations: &[Invocation<'_>], index: usize, file: &Word) -> bool {
    let name = base_name(file.text());
    if name.is_empty() || name.contains(['$', '*', '?', '`']) {
        return false;
    }
    let mut found = false;
    for earlier in &invocations[index.saturating_sub(FURTHEST)..index] {
        let actions = earlier.actions.known();
        let is_its = |file: Name<'_>, inner: Option<&str>| base_name(inner.unwrap_or(file.text())) == name;
        let stores = |action: &&Action<'_>| {
            action.act == Act::Fetches || action.act == Act::Writes && action.by == By::Redirection
        };
        let stored = actions.iter().find(stores).filter(|action| is_its(action.file.name, action.file.inner));
        if let (Some(_), Some(address)) = (stored, address(actions)) {
            found = is_known(address);
        } else if actions.iter().any(|action| action.act != Act::Changes && action.changes(name)) {
            found = false;
        }
    }
    found
}

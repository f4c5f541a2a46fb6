//! Files with literal names that a script downloads, unpacks, writes, removes, or whose owner or
//! mode it changes.
//!
//! A relative name is joined with the working directory of that command. If that is unknown, it
//! starts with `./`, the directory in which the RUN starts. After a `cd` to an unknown directory,
//! the list contains only files that are removed by their absolute paths. The list serves to find
//! savings; no guard may assume that a file that is not in it is unused.

use crate::facts::commands::Invocation;
use crate::facts::execution::{Directory, Expanded};
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::lists::options::{OF_PACKAGE_INSTALLATION, OF_WGET_ABOUT_OUTPUT};
use crate::knowledge::lists::programs::{CHECKING_OPERANDS, INSTALLING_FILES, RUNNING_A_FILE};
use crate::syntax::shell::Word;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// It is downloaded.
    Fetched,
    /// It is an archive, package or installer, and is unpacked, installed or run.
    Consumed,
    /// It is checked or listed; nothing depends on it afterwards.
    Checked,
    /// It is created or overwritten.
    Written,
    /// It is deleted or moved away.
    Removed,
    /// Its owner or mode changes, and that of everything in it.
    Reowned,
}

/// One command's use of one file or directory.
#[derive(Debug, Clone)]
pub struct FileUse<'a> {
    /// Its index in the RUN's invocations.
    pub invocation: usize,
    /// What happens to it.
    pub touch: Touch,
    /// The path: absolute, or starting with `./`; variables as written.
    pub path: String,
    /// The name as the script writes it, quotes included, if a single word is the name.
    pub word: Option<&'a Word>,
    /// The working directory, in the same form.
    pub directory: String,
}

impl<'a> Facts<'a> {
    /// The files that a RUN's script visibly uses, in order, and the working directory at its end,
    /// in the same form, or `None` if that is unknown.
    pub fn file_uses(&self, run: &RunFacts<'a>) -> (Vec<FileUse<'a>>, Option<String>) {
        let mut uses = Vec::new();
        for (index, one) in run.invocations.iter().enumerate() {
            let directory = written(run.states.directory(index));
            let mut add = |touch, expanded: &Expanded, word: Option<&'a Word>| {
                let name = expanded.written.as_str();
                let directory = match &directory {
                    Some(directory) => directory.clone(),
                    // An absolute path does not depend on the directory.
                    None if touch == Touch::Removed && name.starts_with(['/', '~']) => String::new(),
                    None => return,
                };
                if name.is_empty() || name.starts_with('$') && !name.contains('/') && touch == Touch::Written
                {
                    return;
                }
                let path = if name.starts_with(['/', '~', '$']) {
                    tidy(name)
                } else {
                    tidy(&format!("{directory}/{name}"))
                };
                uses.push(FileUse { invocation: index, touch, path, word, directory });
            };
            for (touch, word) in words(one) {
                add(touch, &self.expanded_in(run, index, word), Some(word));
            }
            if let Some(name) = remote_name(one) {
                add(Touch::Fetched, &self.text_expanded_in(run, index, name), None);
            }
            for redirect in one.command.redirects.iter().filter(|redirect| redirect.writes) {
                if let Some(target) = redirect.target.as_ref().filter(|target| target.raw != "/dev/null") {
                    add(Touch::Written, &self.expanded_in(run, index, target), Some(target));
                }
            }
        }
        (uses, written(run.states.end()))
    }
}

/// A directory in the form of the paths of file uses.
fn written(directory: &Directory) -> Option<String> {
    match directory {
        Directory::Known(path) => Some(path.clone()),
        Directory::FromStart(path) => Some(format!(".{path}")),
        Directory::Unknown => None,
    }
}

/// Whether removing `outer` (perhaps a pattern) or changing its owner affects `path`.
pub fn covers(outer: &str, path: &str) -> bool {
    if let Some((before, after)) = outer.split_once('*') {
        let directory = before.rsplit_once('/').map_or("", |(directory, _)| directory);
        let rest = after.rsplit('*').next().unwrap_or_default();
        return path.starts_with(before)
            && (rest.is_empty() || path.ends_with(rest))
            && paths::within(path, directory);
    }
    paths::within(path, outer.trim_end_matches('/'))
}

fn tidy(path: &str) -> String {
    let has = |part: &[u8]| path.as_bytes().windows(part.len()).any(|own| own == part);
    let path = match (has(b"//"), has(b"/./")) {
        (false, false) => path.to_owned(),
        _ => path.replace("//", "/").replace("/./", "/"),
    };
    let path = if let Some(rest) = path.strip_prefix("././") { format!("./{rest}") } else { path };
    path.strip_suffix('/').map(str::to_owned).unwrap_or(path)
}

/// The words of a command that name files, by what the program does with them.
fn words<'a>(one: &Invocation<'a>) -> Vec<(Touch, &'a Word)> {
    let arguments = one.arguments();
    let operands = || arguments.iter().filter(|word| !word.is_option());
    let all = |touch| operands().map(move |word| (touch, word)).collect::<Vec<_>>();
    let last = |touch| operands().next_back().map(|word| (touch, word)).into_iter().collect::<Vec<_>>();
    match one.program.unwrap_or_default() {
        "rm" | "rmdir" | "unlink" => all(Touch::Removed),
        "mkdir" | "touch" | "tee" => all(Touch::Written),
        "chown" | "chgrp" | "chmod" => operands().skip(1).map(|word| (Touch::Reowned, word)).collect(),
        "mv" => {
            let count = operands().count();
            operands()
                .enumerate()
                .map(|(at, word)| (if at + 1 == count { Touch::Written } else { Touch::Removed }, word))
                .collect()
        }
        "cp" | "ln" | "install" => last(Touch::Written),
        "wget" | "curl" => output(one).map(|word| (Touch::Fetched, word)).into_iter().collect(),
        "git" if operands().next().is_some_and(|verb| verb.raw == "clone") && operands().count() == 3 => {
            last(Touch::Written)
        }
        "tar" | "bsdtar" => tar(arguments),
        "unzip" => {
            let target = value_of(arguments, "-d").map(|word| (Touch::Written, word));
            operands().take(1).map(|word| (Touch::Consumed, word)).chain(target).collect()
        }
        program if CHECKING_OPERANDS.contains(&program) => all(Touch::Checked),
        "dpkg" | "rpm"
            if arguments.iter().any(|word| OF_PACKAGE_INSTALLATION.contains(&word.raw.as_str())) =>
        {
            all(Touch::Consumed)
        }
        program
            if INSTALLING_FILES.contains(&program)
                && operands().any(|word| word.raw.ends_with(".deb") || word.raw.ends_with(".rpm")) =>
        {
            operands()
                .filter(|word| word.raw.contains(".deb") || word.raw.contains(".rpm"))
                .map(|word| (Touch::Consumed, word))
                .collect()
        }
        program
            if RUNNING_A_FILE.contains(&program)
                && arguments.first().is_some_and(|word| !word.is_option()) =>
        {
            operands().take(1).map(|word| (Touch::Consumed, word)).collect()
        }
        _ => one
            .words
            .first()
            .filter(|word| word.raw.contains('/'))
            .map(|word| (Touch::Consumed, word))
            .into_iter()
            .collect(),
    }
}

/// The file that curl or wget writes.
fn output<'a>(one: &Invocation<'a>) -> Option<&'a Word> {
    let (short, longs): (char, &[&str]) =
        if one.is("curl") { ('o', &["--output"]) } else { ('O', &["--output-document"]) };
    let arguments = one.arguments();
    for (at, word) in arguments.iter().enumerate() {
        let raw = word.raw.as_str();
        let cluster = raw.starts_with('-')
            && !raw.starts_with("--")
            && raw.ends_with(short)
            && raw[1..].chars().all(|c| c.is_ascii_alphabetic());
        if cluster || longs.contains(&raw) {
            return arguments.get(at + 1).filter(|target| target.raw != "-");
        }
    }
    None
}

/// The name that curl `-O` or plain wget derives from the URL, or `None` if it is unknown.
fn remote_name<'a>(one: &Invocation<'a>) -> Option<&'a str> {
    let arguments = one.arguments();
    let wanted = match one.program? {
        "curl" => one.has_flag('O', "--remote-name"),
        "wget" => !arguments.iter().any(|word| {
            OF_WGET_ABOUT_OUTPUT.iter().any(|option| word.raw.starts_with(option))
                || word.raw.starts_with('-') && !word.raw.starts_with("--") && word.raw.ends_with('O')
        }),
        _ => false,
    };
    if !wanted {
        return None;
    }
    let mut addresses = arguments.iter().filter(|word| word.raw.contains("://"));
    let address = addresses.next().filter(|_| addresses.next().is_none())?;
    let name = address.raw.trim_matches(['"', '\'']).rsplit('/').next()?;
    (!name.is_empty() && !name.contains(['?', '#', '%', '&', '(', ')', '`', '"', '\''])).then_some(name)
}

/// The archive and the directory of tar.
fn tar(arguments: &[Word]) -> Vec<(Touch, &Word)> {
    let mut found = Vec::new();
    let mut extracts = false;
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        let raw = word.raw.as_str();
        at += 1;
        let bundle = !raw.starts_with("--")
            && (raw.starts_with('-') || at == 1)
            && raw.trim_start_matches('-').chars().all(|c| c.is_ascii_alphabetic());
        if bundle {
            extracts |= raw.contains('x');
            if raw.ends_with('f') {
                found.extend(
                    arguments
                        .get(at)
                        .filter(|archive| archive.raw != "-")
                        .map(|archive| (Touch::Consumed, archive)),
                );
                at += 1;
            } else if raw == "-C" {
                found.extend(arguments.get(at).map(|directory| (Touch::Written, directory)));
                at += 1;
            }
        } else if raw == "--extract" {
            extracts = true;
        }
    }
    if extracts { found } else { Vec::new() }
}

fn value_of<'a>(arguments: &'a [Word], option: &str) -> Option<&'a Word> {
    let at = arguments.iter().position(|word| word.raw == option)?;
    arguments.get(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn uses(script: &str) -> Vec<String> {
        let text = format!("FROM debian\nWORKDIR /w\nRUN {script}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        facts.file_uses(&facts.runs[0]).0.iter().map(|one| format!("{:?} {}", one.touch, one.path)).collect()
    }

    #[test]
    fn downloads_and_what_becomes_of_them() {
        assert_eq!(
            uses("curl -fsSLo a.tgz https://x/y && tar -xzf a.tgz -C /opt && rm a.tgz"),
            ["Fetched /w/a.tgz", "Consumed /w/a.tgz", "Written /opt", "Removed /w/a.tgz"]
        );
        assert_eq!(
            uses("cd /tmp && wget https://x/b-$V.zip && unzip b-$V.zip"),
            ["Fetched /tmp/b-$V.zip", "Consumed /tmp/b-$V.zip"]
        );
        assert_eq!(uses("curl https://x/y | tar xz"), [""; 0]);
        assert_eq!(uses("cd $X && wget https://x/y"), [""; 0]);
    }

    #[test]
    fn patterns_cover_what_they_match() {
        assert!(covers("/tmp/*", "/tmp/a.tgz"));
        assert!(covers("/w/*.tgz", "/w/a.tgz"));
        assert!(!covers("/w/*.zip", "/w/a.tgz"));
        assert!(covers("/w", "/w/a/b"));
    }
}

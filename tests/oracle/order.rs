//! Checks whether a copy may be moved to its new place.
//!
//! Written independently of the code under test: for each copy, every command that it moved past
//! must be of a kind that touches nothing at the copy's destination. Everything else is compared by
//! running it.

use crate::declared::OPTIONS;
use crate::missing_lists::commands;
use crate::steps::Step;

/// Programs that install packages by name, into the system's own directories.
const INSTALLERS: &[&str] = &[
    "apt-get",
    "apt",
    "aptitude",
    "apk",
    "yum",
    "dnf",
    "microdnf",
    "tdnf",
    "zypper",
    "pacman",
    "dpkg",
    "apt-key",
    "apt-mark",
    "rpm",
    "update-ca-certificates",
    "locale-gen",
    "dpkg-reconfigure",
    "debconf-set-selections",
    "add-apt-repository",
    "ldconfig",
    "update-alternatives",
    "gpg",
    "useradd",
    "adduser",
    "groupadd",
    "addgroup",
    "usermod",
    "docker-php-ext-install",
    "corepack",
];
/// Programs that touch only the files that they name.
const NAMERS: &[&str] = &[
    "rm",
    "mkdir",
    "ln",
    "chmod",
    "chown",
    "touch",
    "cp",
    "mv",
    "cat",
    "tee",
    "test",
    "[",
    "curl",
    "wget",
    "tar",
    "unzip",
    "grep",
    "sed",
    "awk",
    "ls",
    "find",
    "install",
    "sha256sum",
    "tr",
    "cut",
    "head",
    "tail",
    "sort",
    "git",
    "gzip",
    "gunzip",
    "md5sum",
    "stat",
];
/// Programs and shell keywords that touch nothing.
const SILENT: &[&str] = &[
    "echo",
    "printf",
    "set",
    "true",
    "false",
    ":",
    "export",
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "for",
    "do",
    "done",
    "while",
    "case",
    "esac",
    "in",
    "{",
    "}",
    "!",
    "sleep",
    "uname",
    "id",
    "date",
    "cd",
    "which",
    "command",
    "nproc",
    "exit",
    "dpkg-architecture",
    "arch",
    "sudo",
];
const OWNED: &[&str] = &[
    "bin", "boot", "dev", "etc", "lib", "lib64", "opt", "proc", "root", "run", "sbin", "sys", "tmp", "usr",
    "var",
];

/// The steps of both versions, without the copies if some of them moved. The error names a copy
/// that must not be at its new place.
pub fn without_moved_copies(old: &[Step], new: &[Step]) -> Result<(Vec<Step>, Vec<Step>), String> {
    let copies = |steps: &[Step]| -> Vec<(usize, Step)> {
        steps.iter().cloned().enumerate().filter(|(_, step)| matches!(step, Step::Copy { .. })).collect()
    };
    let mut rest = copies(new);
    let mut places = Vec::new();
    for (at, copy) in copies(old) {
        let Some(found) = rest.iter().position(|(_, other)| *other == copy) else {
            return Err(format!("a copy is missing: {copy}"));
        };
        places.push((at, rest.remove(found).0, copy));
    }
    // A copy that was added must be repeated by a later copy of the whole directory.
    for (at, extra) in &rest {
        if !new[*at..].iter().any(|later| later != extra && brings(later, extra)) {
            return Err(format!("a copy was added, and no later copy brings its files again: {extra}"));
        }
    }
    let mut moved = !rest.is_empty();
    // An update of apt's package lists that is repeated may be dropped, which the comparison of the
    // commands judges.
    let count = |steps: &[Step]| plain(steps).iter().filter(|(command, _)| is_update(command)).count();
    let drops_updates = count(new) < count(old);
    for (old_at, new_at, copy) in &places {
        let (before, after) = (plain(&old[..*old_at]), plain(&new[..*new_at]));
        let down = common(difference(&after, &before), &plain(&old[*old_at..]));
        let up = common(difference(&before, &after), &plain(&new[*new_at..]));
        for (command, cwd) in down.into_iter().chain(up) {
            if drops_updates && is_update(&command) {
                continue;
            }
            moved = true;
            if !is_independent(&command, &cwd, copy) && !is_install_of(&command, &rest) {
                return Err(format!("{copy}\n  changed sides with: {}", command.join(" ")));
            }
        }
        for (other_old, other_new, other) in &places {
            if (old_at < other_old) != (new_at < other_new) {
                moved = true;
                if overlap(destination(copy), destination(other)) {
                    return Err(format!("{copy}\n  changed sides with: {other}"));
                }
            }
        }
    }
    let without = |steps: &[Step]| {
        steps.iter().filter(|step| !moved || !matches!(step, Step::Copy { .. })).cloned().collect()
    };
    Ok((without(old), without(new)))
}

fn is_update(command: &[String]) -> bool {
    let has = |name: &str| command.iter().any(|word| word == name);
    has("update") && (has("apt-get") || has("apt"))
}

/// Those of `these` that are also in `those`.
fn common(these: Vec<(Vec<String>, String)>, those: &[(Vec<String>, String)]) -> Vec<(Vec<String>, String)> {
    these.into_iter().filter(|step| those.contains(step)).collect()
}

fn destination(step: &Step) -> Option<&str> {
    match step {
        Step::Copy { destination, .. } => destination.as_deref(),
        _ => None,
    }
}

/// Whether a later copy of a directory brings every file that an earlier copy of some of its files
/// brought.
fn brings(later: &Step, extra: &Step) -> bool {
    let (Step::Copy { text, destination: whole }, Step::Copy { text: few, destination: part }) =
        (later, extra)
    else {
        return false;
    };
    let sources = |text: &str| -> Vec<String> {
        let words: Vec<&str> =
            text.split_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
        words[..words.len().saturating_sub(1)]
            .iter()
            .map(|word| word.trim_start_matches("./").trim_end_matches('/').to_owned())
            .collect()
    };
    let (Some(whole), Some(part)) = (whole, part) else { return false };
    let from = sources(text);
    let within = |file: &String| {
        from.iter().any(|directory| {
            matches!(directory.as_str(), "" | ".") || file.starts_with(&format!("{directory}/"))
        })
    };
    overlap(Some(whole), Some(part)) && sources(few).iter().all(within)
}

/// Whether a command installs from manifests that the new version copies before it.
fn is_install_of(command: &[String], manifests: &[(usize, Step)]) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| command.iter().any(|argument| argument == word));
    !manifests.is_empty()
        && has(&[
            "npm", "yarn", "pnpm", "bun", "pip", "pip3", "poetry", "uv", "pipenv", "go", "bundle",
            "composer", "dotnet", "mix", "mvn", "gradle", "cargo",
        ])
        && (has(&["install", "ci", "sync", "fetch", "restore", "download", "i", "deps.get", "yarn"]))
}

/// The commands of the steps, each with the directory that its script starts in, without the
/// options and commands that may be added or dropped.
fn plain(steps: &[Step]) -> Vec<(Vec<String>, String)> {
    let mut all = Vec::new();
    for run in steps.iter().filter_map(Step::run) {
        for command in commands(&unquoted(&run.script)) {
            let is_option = |word: &String| OPTIONS.iter().any(|(option, _)| option == word);
            let words: Vec<String> = command.into_iter().filter(|word| !is_option(word)).collect();
            if !words.is_empty() && !is_cleanup(&words) {
                all.push((words, run.cwd.clone()));
            }
        }
    }
    all
}

fn is_cleanup(command: &[String]) -> bool {
    let cleans = |pair: &[String]| {
        matches!(
            (pair[0].as_str(), pair[1].as_str()),
            ("cache" | "apt-get" | "apt", "clean" | "dist-clean" | "purge")
        )
    };
    matches!(command[0].as_str(), "rm" | "{" | "}") || command.windows(2).any(cleans)
}

/// A script, without the characters in quotes that would be taken for operators.
fn unquoted(script: &str) -> String {
    let mut quote = None;
    let keep = |c: char| {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('(' | ')' | ';' | '&' | '|' | '<' | '>' | ' ', Some(_)) => return '_',
            _ => {}
        }
        c
    };
    script.chars().map(keep).collect()
}

fn difference(
    these: &[(Vec<String>, String)],
    those: &[(Vec<String>, String)],
) -> Vec<(Vec<String>, String)> {
    let mut rest = those.to_vec();
    let mut extra = Vec::new();
    for step in these {
        match rest.iter().position(|other| other == step) {
            Some(at) => drop(rest.swap_remove(at)),
            None => extra.push(step.clone()),
        }
    }
    extra
}

fn is_independent(command: &[String], cwd: &str, copy: &Step) -> bool {
    let Some(destination) = destination(copy) else { return false };
    let top = destination.split('/').find(|part| !part.is_empty()).unwrap_or_default();
    let system = top.is_empty() || OWNED.contains(&top) && !destination.starts_with("/usr/src/");
    let Some(program) = command.iter().find(|word| !SILENT.contains(&word.as_str()) && !word.contains('='))
    else {
        return true;
    };
    if SILENT.contains(&command[0].as_str())
        && !matches!(command[0].as_str(), "sudo" | "if" | "then" | "do" | "cd" | "{" | "!" | "else" | "while")
    {
        return true;
    }
    let name = program.rsplit('/').next().unwrap_or(program);
    let by_name = INSTALLERS.contains(&name)
        || matches!(name, "npm" | "pnpm")
            && command.iter().any(|word| matches!(word.as_str(), "-g" | "--global" | "config" | "cache"))
        || name.starts_with("pip")
            && !command.iter().any(|word| matches!(word.as_str(), "-r" | "-e" | "." | "-c" | "-m"));
    let words =
        command.iter().filter(|word| !word.starts_with('-') && !word.contains("://") && *word != program);
    let touches = |word: &String| {
        let is_path = word.contains('/') && !word.starts_with('@') || NAMERS.contains(&name);
        let at = if word.starts_with('/') {
            word.clone()
        } else {
            format!("{}/{word}", cwd.trim_end_matches('/'))
        };
        let at = at.split(['*', '$', '{']).next().unwrap_or_default().trim_end_matches("/.").to_owned();
        is_path && (overlap(Some(&at), Some(destination)) || word.starts_with('$'))
    };
    let here = matches!(name, "wget" | "tar" | "unzip" | "git")
        || name == "curl" && command.iter().any(|word| word.contains('O'));
    !system
        && (by_name || NAMERS.contains(&name))
        && !words.clone().any(touches)
        && !(here && overlap(Some(cwd), Some(destination)))
}

fn overlap(left: Option<&str>, right: Option<&str>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return true };
    let within = |path: &str, directory: &str| {
        path.strip_prefix(directory.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(left, right) || within(right, left)
}

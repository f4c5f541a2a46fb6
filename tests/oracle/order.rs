//! Whether a copy that stands elsewhere in the new version may stand there.
//!
//! Written without asking the code under test: for each copy, the commands that it changed sides with are looked at one by one,
//! and each must be of a kind that touches nothing where the copy goes. Afterwards the old steps are brought into the new order, so
//! that everything else is compared by executing it.

use crate::declared::OPTIONS;
use crate::leaning::commands;
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
/// Programs that touch what they name.
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
/// Programs and words of the shell that touch nothing.
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

/// Brings the copies among the old steps into the order that they have among the new ones; an error says which must not stand
/// there.
pub fn follow(old: &[Step], new: &[Step]) -> Result<Vec<Step>, String> {
    let copies = |steps: &[Step]| -> Vec<(usize, Step)> {
        steps.iter().cloned().enumerate().filter(|(_, step)| matches!(step, Step::Copy { .. })).collect()
    };
    let mut rest = copies(new);
    let mut places = Vec::new();
    for (at, copy) in copies(old) {
        let Some(found) = rest.iter().position(|(_, other)| *other == copy) else {
            return Err(format!("a copy is gone: {copy}"));
        };
        places.push((at, rest.remove(found).0, copy));
    }
    // An earlier copy of single files must be brought again by a copy of the whole that comes later.
    for (at, extra) in &rest {
        if !new[*at..].iter().any(|later| later != extra && brings(later, extra)) {
            return Err(format!("a copy is new, and nothing brings its files again: {extra}"));
        }
    }
    let mut result = old.to_vec();
    for (old_at, new_at, copy) in &places {
        let (before, after) = (plain(&old[..*old_at]), plain(&new[..*new_at]));
        let crossed = difference(&before, &after).into_iter().chain(difference(&after, &before));
        for (command, cwd) in crossed {
            if !is_independent(&command, &cwd, copy) && !is_install_of(&command, &rest) {
                return Err(format!("{copy}\n  changed sides with: {}", command.join(" ")));
            }
        }
        for (other_old, other_new, other) in &places {
            if (old_at < other_old) != (new_at < other_new) && overlap(destination(copy), destination(other))
            {
                return Err(format!("{copy}\n  changed sides with: {other}"));
            }
        }
    }
    result.retain(|step| !matches!(step, Step::Copy { .. }));
    let mut others = 0;
    let total = new.iter().filter(|step| !matches!(step, Step::Copy { .. })).count();
    // Where the scripts were merged or split, a copy goes where as many commands are before it.
    for step in new {
        match step {
            Step::Copy { .. } => {
                let before =
                    plain(&new[..new.iter().position(|one| std::ptr::eq(one, step)).unwrap_or(0)]).len();
                let at = place_after(&result, before, others, total);
                result.insert(at, step.clone());
            }
            _ => others += 1,
        }
    }
    Ok(result)
}

fn place_after(steps: &[Step], commands_before: usize, others: usize, total: usize) -> usize {
    let plain_steps = steps.iter().filter(|step| !matches!(step, Step::Copy { .. })).count();
    let mut seen = 0;
    for (at, step) in steps.iter().enumerate() {
        if plain_steps == total {
            // Step for step.
            if seen == others && !matches!(step, Step::Copy { .. }) {
                return at;
            }
            seen += usize::from(!matches!(step, Step::Copy { .. }));
        } else {
            if seen >= commands_before && matches!(step, Step::Run(_)) {
                return at;
            }
            seen = plain(&steps[..=at]).len();
        }
    }
    steps.len()
}

fn destination(step: &Step) -> Option<&str> {
    match step {
        Step::Copy { destination, .. } => destination.as_deref(),
        _ => None,
    }
}

/// Whether a later copy of a directory brings all that an earlier copy of some of its files brought.
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

/// A command that installs from manifests, where the new version copies manifests before it.
fn is_install_of(command: &[String], manifests: &[(usize, Step)]) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| command.iter().any(|one| one == word));
    !manifests.is_empty()
        && has(&[
            "npm", "yarn", "pnpm", "bun", "pip", "pip3", "poetry", "uv", "pipenv", "go", "bundle",
            "composer", "dotnet", "mix", "mvn", "gradle", "cargo",
        ])
        && (has(&["install", "ci", "sync", "fetch", "restore", "download", "i", "deps.get", "yarn"]))
}

/// The commands of the steps with the directory that their script starts in, without what may be added or dropped.
fn plain(steps: &[Step]) -> Vec<(Vec<String>, String)> {
    let runs = steps.iter().filter_map(Step::run);
    let all =
        runs.flat_map(|run| commands(&run.script).into_iter().map(|command| (command, run.cwd.clone())));
    let words = all.map(|(command, cwd)| {
        let kept = command
            .into_iter()
            .filter(|word| !OPTIONS.iter().any(|(option, _)| option == word))
            .collect::<Vec<_>>();
        (kept, cwd)
    });
    words
        .filter(|(command, _)| !command.is_empty() && !matches!(command[0].as_str(), "rm" | "{" | "}"))
        .collect()
}

fn difference(
    these: &[(Vec<String>, String)],
    those: &[(Vec<String>, String)],
) -> Vec<(Vec<String>, String)> {
    let mut rest = those.to_vec();
    let mut extra = Vec::new();
    for one in these {
        match rest.iter().position(|other| other == one) {
            Some(at) => drop(rest.swap_remove(at)),
            None => extra.push(one.clone()),
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

fn overlap(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    let within = |path: &str, directory: &str| {
        path.strip_prefix(directory.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

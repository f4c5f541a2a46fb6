//! The permitted changes to the commands that a RUN starts, written independently of Jettison.

use crate::trace::Record;

/// Options that may be added, each with the programs that accept it (the start of their names).
pub const OPTIONS: &[(&str, &[&str])] = &[
    ("--no-cache-dir", &["pip", "python"]),
    // pip accepts it as an abbreviation of `--no-cache-dir`.
    ("--no-cache", &["apk", "uv", "pip", "python"]),
    ("--no-cach", &["pip"]),
    ("--no-log-init", &["useradd"]),
    ("--pip-args=--no-cache-dir", &["pipx"]),
    ("-y", &["apt", "yum", "dnf", "zypper"]),
    ("--force", &["npm"]),
    ("--progress=dot:giga", &["wget"]),
];

/// Cache directories of package managers, in which `rm -rf` is a cleanup.
const CACHES: &[&str] = &[
    "/var/lib/apt/lists",
    "/var/cache/apt/",
    "/var/cache/apk/",
    "/var/cache/pacman/pkg/",
    "/var/cache/yum",
    "/var/cache/dnf",
    "/var/cache/libdnf5",
    "/var/cache/zypp",
    "/root/.cache/pip",
    "/root/.cache/uv",
    "/root/.cache/pypoetry/cache",
    "/root/.cache/pypoetry/artifacts",
    "/root/.cache/yarn",
    "/usr/local/share/.cache",
    "/root/.npm",
    "/root/.composer/cache",
    "/root/.cache/composer",
    "/root/.cargo/registry",
    "/usr/local/cargo/registry",
    "/root/.cpanm",
    "/root/.cpan/build",
    "/root/.cpan/sources",
    "/root/.cache/pnpm",
    "/root/.bundle/cache",
    "/root/.gem/specs",
    "/root/.local/share/gem/specs",
    "/root/.cache/gem/specs",
    "/opt/conda/pkgs",
    "/root/.cache/go-build",
    "/root/.m2/",
    "/root/.cache/bazel",
];

/// Cleanup commands: the program, and words that its arguments must contain.
const CLEANERS: &[(&str, &[&str])] = &[
    ("npm", &["cache", "clean", "--force"]),
    ("npm", &["cache", "clean", "-f"]),
    ("npm", &["cache", "clear", "--force"]),
    ("yarn", &["cache", "clean"]),
    ("dnf", &["clean", "all"]),
    ("dnf5", &["clean", "all"]),
    ("yum", &["clean", "all"]),
    ("microdnf", &["clean", "all"]),
    ("tdnf", &["clean", "all"]),
    ("zypper", &["clean", "--all"]),
    ("conda", &["clean"]),
    ("mamba", &["clean"]),
    ("micromamba", &["clean"]),
    ("composer", &["clear-cache"]),
    ("pnpm", &["store", "prune"]),
    ("uv", &["cache", "clean"]),
    ("apk", &["del"]),
    ("go", &["clean", "-modcache"]),
    ("apt-get", &["clean"]),
    ("apt-get", &["dist-clean"]),
    ("pip", &["cache", "purge"]),
    ("pip3", &["cache", "purge"]),
    ("python", &["-m", "pip", "cache", "purge"]),
];

/// Whether a new command corresponds to an old one: they are equal, or the new one has an added
/// option that the program accepts.
pub fn same(old: &Record, new: &Record) -> bool {
    (&old.cwd, &old.out, &old.notes, &old.env, &old.context)
        == (&new.cwd, &new.out, &new.notes, &new.env, &new.context)
        && (old.argv == new.argv
            || gains_options(&old.argv, &new.argv)
            || gains_caches(&old.argv, &new.argv)
            || leaves_settings_to_bundler(&old.argv, &new.argv)
            || calls_apt_get(&old.argv, &new.argv))
}

/// Whether the new one calls `apt-get` where the old one calls `apt`, with an added option at most.
fn calls_apt_get(old: &[String], new: &[String]) -> bool {
    let at = old.iter().position(|word| word == "apt");
    at.is_some_and(|at| {
        let renamed = [&old[..at], &["apt-get".to_owned()], &old[at + 1..]].concat();
        renamed == new || gains_options(&renamed, new)
    })
}

/// Whether both are the same `bundle install`, except that the new one lacks options that Bundler
/// remembers, with their values. The setting of each is set before (`is_cleanup`).
fn leaves_settings_to_bundler(old: &[String], new: &[String]) -> bool {
    const REMEMBERED: &[&str] =
        &["--deployment", "--without", "--with", "--path", "--clean", "--frozen", "--no-prune"];
    let is_install =
        |argv: &[String]| matches!(argv, [bundle, install, ..] if bundle == "bundle" && install == "install");
    let mut rest = new.iter().peekable();
    let mut in_option = false;
    let are_remembered = old.iter().all(|word| {
        if rest.next_if_eq(&word).is_some() {
            in_option = false;
            return true;
        }
        let is_option = REMEMBERED.contains(&word.split('=').next().unwrap_or_default());
        let is_value = in_option && !word.starts_with('-');
        in_option |= is_option;
        is_option || is_value
    });
    is_install(old) && is_install(new) && are_remembered && rest.peek().is_none()
}

/// Whether both are the same `rm -rf`, except that the new one also removes caches.
fn gains_caches(old: &[String], new: &[String]) -> bool {
    let is_removal = |argv: &[String]| matches!(argv, [rm, option, ..] if base_name(rm) == "rm" && matches!(option.as_str(), "-rf" | "-fr"));
    let mut rest = old.iter().peekable();
    let added: Vec<&String> = new.iter().filter(|word| rest.next_if_eq(word).is_none()).collect();
    let is_cache =
        |word: &&String| CACHES.iter().any(|cache| word.starts_with(cache)) && !word.contains("..");
    is_removal(old) && is_removal(new) && rest.peek().is_none() && added.iter().all(is_cache)
}

fn gains_options(old: &[String], new: &[String]) -> bool {
    let mut rest = old.iter().peekable();
    for (at, word) in new.iter().enumerate() {
        if rest.next_if_eq(&word).is_some() {
            continue;
        }
        let known = OPTIONS.iter().find(|(option, _)| option == word);
        let before = &new[..at];
        let is_for = |programs: &[&str]| {
            before.iter().any(|word| programs.iter().any(|name| base_name(word).starts_with(name)))
        };
        if !known.is_some_and(|(_, programs)| is_for(programs)) || before.iter().any(|word| word == "--") {
            return false;
        }
    }
    rest.peek().is_none()
}

/// Whether a command that the old version does not start is a cleanup. `before` are the commands
/// that the new version has started so far.
pub fn is_cleanup(record: &Record, before: &[Record]) -> bool {
    let words = without_sudo(&record.argv);
    let Some((program, arguments)) = words.split_first() else { return false };
    if base_name(program) == "rm" {
        let (options, paths): (Vec<&String>, Vec<&String>) =
            arguments.iter().partition(|word| word.starts_with('-'));
        let forced = options.iter().all(|option| {
            matches!(option.as_str(), "-f" | "-rf" | "-fr" | "-r" | "-rvf" | "-rfv" | "-vrf" | "-Rf" | "--")
        }) && options.iter().any(|option| option.contains('f'));
        let home = record.env.iter().find_map(|setting| setting.strip_prefix("HOME=")).unwrap_or("/root");
        let is_cache = |path: &str| {
            let path = path.strip_prefix(home).map_or_else(|| path.to_owned(), |rest| format!("/root{rest}"));
            CACHES.iter().any(|cache| path.starts_with(cache)) && !path.split('/').any(|part| part == "..")
        };
        let is_download = |path: &str| {
            before
                .iter()
                .filter(|earlier| earlier.run == record.run)
                .any(|earlier| fetches(earlier, &resolve(&record.cwd, path)))
        };
        // The stub of mktemp prints nothing, so a directory that it created has an empty name.
        let made =
            || before.iter().any(|earlier| earlier.run == record.run && earlier.argv == ["mktemp", "-d"]);
        let is_temporary = |path: &str| path.is_empty() && made();
        return forced
            && !paths.is_empty()
            && paths.iter().all(|path| is_cache(path) || is_download(path) || is_temporary(path));
    }
    if base_name(program) == "bundle"
        && matches!(arguments, [config, set, local, _, _] if config == "config" && set == "set" && local == "--local")
    {
        return true;
    }
    let is_cleaner = |(name, needed): &&(&str, &[&str])| {
        base_name(program) == *name && needed.iter().all(|word| arguments.iter().any(|own| own == word))
    };
    CLEANERS.iter().any(|cleaner| is_cleaner(&cleaner))
}

/// Whether a command of the old version may be missing: it only fills or clears apk's index, and no
/// later `apk add` of the new version needs the index.
pub fn is_dropped(record: &Record, after: &[Record]) -> bool {
    let words: Vec<&str> = without_sudo(&record.argv).iter().map(String::as_str).collect();
    let only_index = matches!(words.as_slice(), ["apk", options @ .., "update"] | ["apk", "update", options @ ..] if options.iter().all(|option| matches!(*option, "-q" | "--quiet" | "--no-cache")))
        || matches!(words.as_slice(), ["rm", paths @ ..] if paths.iter().any(|path| path.starts_with('/')) && paths.iter().all(|path| path.replace("//", "/").starts_with("/var/cache/apk") || matches!(*path, "-rf" | "-fr" | "-r" | "-f" | "-v" | "-rfv")));
    let fetches_itself = |other: &Record| {
        let words = without_sudo(&other.argv);
        let needs_lists = words.first().is_some_and(|word| base_name(word) == "apk")
            && words
                .iter()
                .any(|word| matches!(word.as_str(), "add" | "upgrade" | "fix" | "fetch" | "search"));
        !needs_lists
            || words
                .iter()
                .any(|word| matches!(word.as_str(), "--no-cache" | "-U" | "--update" | "--update-cache"))
    };
    only_index && after.iter().all(fetches_itself)
}

/// Commands that change neither the sources of apt nor its package lists, unless they name them.
const APART_FROM_APT: &[&str] = &[
    "cd",
    "chmod",
    "chown",
    "cp",
    "curl",
    "groupadd",
    "install",
    "ln",
    "locale-gen",
    "localedef",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "tar",
    "touch",
    "useradd",
    "wget",
];

/// The words of a call of apt, if it is one.
fn apt(record: &Record) -> Option<&[String]> {
    let words = without_sudo(&record.argv);
    let (program, arguments) = words.split_first()?;
    matches!(base_name(program), "apt-get" | "apt" | "aptitude").then_some(arguments)
}

fn is_update(record: &Record) -> bool {
    apt(record).is_some_and(|words| {
        let mut rest = words.iter().filter(|word| !word.starts_with("-y") && !word.starts_with("-q"));
        rest.next().is_some_and(|word| word == "update") && rest.next().is_none()
    })
}

fn is_of_lists(word: &str) -> bool {
    word.replace("//", "/").starts_with("/var/lib/apt/lists") && !word.contains("..")
}

/// Whether a command may change what apt downloads, or removes its package lists.
fn may_change_lists(record: &Record) -> bool {
    let named = |part: &str| record.argv.iter().any(|word| word.contains(part)) || record.out.contains(part);
    if ["/etc/apt", "/var/lib/apt", "keyring", "ca-certificates", "gnupg"].into_iter().any(named) {
        return true;
    }
    match apt(record) {
        Some(words) => words.iter().any(|word| word.contains('/') || word.ends_with("dist-clean")),
        None => {
            let program = without_sudo(&record.argv).first().map_or("", |program| base_name(program));
            !APART_FROM_APT.contains(&program)
        }
    }
}

/// Whether the package lists that a command of the old version downloads, or removes before it
/// downloads them again, are already there in the new one: nothing has changed them, or what they
/// are downloaded from, since the last update. If the old version failed, it may not have come to
/// the update after a removal.
pub fn is_repeated(old: &[Record], at: usize, new: &[Record], has_failed: bool) -> bool {
    let Some(updated) = new.iter().rposition(is_update) else { return false };
    if new[updated + 1..].iter().any(may_change_lists) {
        return false;
    }
    let mut rest = old[at + 1..].iter();
    let next = rest.by_ref().find(|record| apt(record).is_some());
    let is_before_update = || next.map_or(has_failed, is_update);
    let words = without_sudo(&old[at].argv);
    let removes_lists = || {
        let mut operands = words[1..].iter().filter(|word| !word.starts_with('-')).peekable();
        words[0] == "rm" && operands.peek().is_some() && operands.all(|word| is_of_lists(word))
    };
    is_update(&old[at]) || removes_lists() && is_before_update()
}

/// Whether both are the same `rm`, but the new one leaves package lists that would be downloaded
/// again.
pub fn leaves_lists(old: &[Record], at: usize, new: &[Record], new_at: usize, has_failed: bool) -> bool {
    let (before, after) = (&old[at].argv, &new[new_at].argv);
    let mut rest = after.iter().peekable();
    let is_shorter = before.iter().all(|word| rest.next_if_eq(&word).is_some() || is_of_lists(word));
    let next = old[at + 1..].iter().find(|record| apt(record).is_some());
    let updated = new[..new_at].iter().rposition(is_update);
    base_name(&without_sudo(before)[0]) == "rm"
        && is_shorter
        && rest.peek().is_none()
        && next.map_or(has_failed, is_update)
        && updated.is_some_and(|updated| !new[updated + 1..=new_at].iter().any(may_change_lists))
}

/// Whether a command downloads this file.
fn fetches(record: &Record, file: &str) -> bool {
    let words = without_sudo(&record.argv);
    if !words.first().is_some_and(|word| matches!(base_name(word), "curl" | "wget")) {
        return false;
    }
    if record.out == file {
        return true;
    }
    let directory = words.windows(2).find(|pair| pair[0] == "-P").map(|pair| pair[1].as_str());
    let directory = directory.or_else(|| {
        words.iter().find_map(|word| {
            word.strip_prefix("--directory-prefix=")
                .or_else(|| word.strip_prefix("-P").filter(|rest| !rest.is_empty()))
        })
    });
    words[1..].iter().any(|word| {
        let name = if word.contains("://") { base_name(word) } else { word };
        let name = ["--output=", "--output-document=", "-o", "-O"]
            .iter()
            .find_map(|option| name.strip_prefix(option))
            .unwrap_or(name);
        let at = directory.map_or_else(|| record.cwd.clone(), |directory| resolve(&record.cwd, directory));
        [name.to_owned(), name.split(['?', '#']).next().unwrap_or_default().to_owned()]
            .iter()
            .any(|name| resolve(&record.cwd, name) == file || resolve(&at, name) == file)
    })
}

fn resolve(cwd: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn without_sudo(argv: &[String]) -> &[String] {
    let Some(rest) =
        argv.split_first().filter(|(program, _)| base_name(program) == "sudo").map(|(_, rest)| rest)
    else {
        return argv;
    };
    let start = rest.iter().position(|word| !word.starts_with('-')).unwrap_or(rest.len());
    &rest[start..]
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

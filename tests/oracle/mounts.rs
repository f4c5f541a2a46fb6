//! The examples and fixtures with `caches: mount`.
//!
//! A mount replaces what the default mode would add: cleanups and options that disable the cache.
//! Without its added mounts, the new version must therefore become the old one by the changes that
//! the default mode may make. A separate table checks the paths of the mounts, and that nothing
//! removes a mount by its path.

use std::path::PathBuf;

use jettison::config::{Caches, Config, Settings};
use jettison::pipeline;
use jettison::syntax::{Dockerfile, Instruction};

use crate::agent::Agent;
use crate::corpus::files;
use crate::examples::texts;
use crate::judge::judge;
use crate::missing_lists;
use crate::steps::stages;
use crate::support::need;

/// Where a mount may be: the end of its path, and the program that the script must call.
const TARGETS: &[(&str, &str)] = &[
    ("/var/lib/apt/lists", "apt"),
    ("/.cache/pip", "pip"),
    ("/.cache/uv", "uv"),
    ("/.npm", "npm"),
    ("/usr/local/share/.cache/yarn", "yarn"),
    ("/.local/share/pnpm/store", "pnpm"),
    ("/.cache/pypoetry/cache", "poetry"),
    ("/.cache/pypoetry/artifacts", "poetry"),
    ("/go/pkg/mod", "go "),
    ("/.cache/go-build", "go "),
    ("/usr/local/cargo/registry", "cargo"),
    ("/usr/local/cargo/git/db", "cargo"),
    ("/.m2/repository", "mvn"),
    ("/var/cache/pacman/pkg", "pacman"),
    ("/tmp/cache", "composer"),
];

#[test]
fn mounts() {
    let changed = all(&texts());
    assert!(changed > 20, "only {changed} files got a mount");
}

#[test]
fn corpus_with_mounts() {
    let Some(files) = need("corpus_with_mounts", files()) else { return };
    let read = |path: PathBuf| Some((path.display().to_string(), std::fs::read_to_string(&path).ok()?));
    all(&files.into_iter().filter_map(read).collect::<Vec<_>>());
}

/// Judges all texts to which mounts are added, and returns their number.
fn all(texts: &[(String, String)]) -> usize {
    let Some(mut agent) = need("mounts", Agent::start()) else { return usize::MAX };
    let config =
        Config { caches: Caches::Mount, select: Some(vec!["cache-mounts".to_owned()]), ..Config::default() };
    let settings = Settings { config, ..Settings::default() };
    let (mut failures, mut changed) = (Vec::new(), 0);
    for (name, text) in texts {
        let outcome = pipeline::fix(text, &settings);
        let Some(new) = outcome.text() else { continue };
        changed += 1;
        match without_added_mounts(text, new) {
            Err(why) => failures.push(format!("{name}: {why}")),
            Ok(plain) => {
                let verdict = judge(&mut agent, &plain, text);
                // Here, the versions are swapped. Whether a command needs the lists is checked
                // below, in the right order.
                let own =
                    verdict.failures.into_iter().filter(|failure| !failure.starts_with("no package lists"));
                let harm = missing_lists::harm(&stages(text), &stages(&without_lists(new)));
                failures.extend(own.chain(harm).map(|failure| format!("{name}: {failure}")));
            }
        }
    }
    println!("{changed} files with new mounts");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    changed
}

/// The new text without the mounts that the old one lacks. An error if one of them is wrong.
fn without_added_mounts(old: &str, new: &str) -> Result<String, String> {
    let (before, after) = (Dockerfile::parse(old), Dockerfile::parse(new));
    let runs = |file: &'_ Dockerfile<'_>| {
        file.instructions().filter(|(_, instruction)| instruction.keyword.name() == "RUN").count()
    };
    if runs(&before) != runs(&after) {
        return Err("the number of RUNs differs".into());
    }
    let mut plain = new.to_owned();
    let mut cuts = Vec::new();
    for ((_, own), (_, other)) in after.instructions().zip(before.instructions()) {
        for flag in &own.flags {
            let text = flag.span.of(new);
            let is_old = other.flags.iter().any(|old_flag| old_flag.span.of(old) == text);
            if is_old || !text.starts_with("--mount=") {
                continue;
            }
            check(text, own)?;
            cuts.push(flag.span);
        }
    }
    for span in cuts.into_iter().rev() {
        plain.replace_range(span.range(), "");
    }
    Ok(plain)
}

/// The new text with an `rm` of the package lists at the end of each RUN that has them in a mount:
/// for later commands, that is the effect of the mount.
fn without_lists(new: &str) -> String {
    let file = Dockerfile::parse(new);
    let mut text = new.to_owned();
    let mounted = |instruction: &Instruction<'_>| {
        instruction.flags.iter().any(|flag| flag.span.of(new).contains("target=/var/lib/apt/lists"))
    };
    for (_, run) in file.instructions().rev().filter(|(_, run)| mounted(run)) {
        text.insert_str(run.arguments_span().end, " && rm -rf /var/lib/apt/lists/*");
    }
    text
}

fn check(flag: &str, run: &Instruction<'_>) -> Result<(), String> {
    let fields: Vec<&str> = flag.trim_start_matches("--mount=").split(',').collect();
    let value = |key: &str| fields.iter().find_map(|field| field.strip_prefix(key)?.strip_prefix('='));
    let target = value("target").unwrap_or_default();
    let script = run.arguments();
    let fits = TARGETS.iter().any(|(end, program)| target.ends_with(end) && script.contains(program));
    if value("type") != Some("cache") || !target.starts_with('/') || !fits {
        return Err(format!("{flag} is not a mount for {script}"));
    }
    // The path below the home directory, whatever that is.
    let tail = target.find("/.").map_or(target, |at| &target[at..]);
    let is_target = |word: &str| {
        let word = word.trim_end_matches(['/', '*']);
        // `~name` is another user's home directory.
        let is_other = word.starts_with('~') && !word.starts_with("~/");
        word == target || tail != target && word.ends_with(tail) && !is_other
    };
    let removed = script.split("&&").chain(script.split(';')).any(|command| {
        command.split_whitespace().any(|word| word == "rm") && command.split_whitespace().any(is_target)
    });
    let avoided = target.ends_with("/pip")
        && script.split("&&").any(|command| {
            command.contains("pip") && !command.contains("apk") && command.contains("--no-cache")
        })
        || target.ends_with("/uv") && script.contains("--no-cache ");
    if removed || avoided {
        return Err(format!("with {flag}, {script} still empties or avoids the cache"));
    }
    Ok(())
}

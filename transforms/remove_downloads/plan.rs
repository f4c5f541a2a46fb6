//! Files that a RUN downloads, uses and does not delete.

use crate::facts::caches::is_mounted;
use crate::facts::commands::{Elevation, Invocation};
use crate::facts::execution::{Expanded, Tail};
use crate::facts::files::{FileUse, Touch, covers};
use crate::facts::started::{Started, What};
use crate::facts::{FURTHEST, Facts, RunFacts, paths, variables};
use crate::knowledge::Act;
use crate::knowledge::lists::files::{OF_VERIFICATIONS, USELESS_AFTER_USE};
use crate::knowledge::lists::options::OF_REPEATED_DOWNLOADS;
use crate::knowledge::lists::programs::SERVING_DIRECTORIES;
use crate::reasons::{self, Reason};
use crate::syntax::shell::{CommandKind, Script, Word, base_name};
use crate::syntax::{Body, Instruction, Item, Keyword};
use crate::transforms::remove_downloads::readers;

/// The names to remove at the end of a RUN, as written there. An error says why a file is kept.
pub fn spent_downloads<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    keep: &[String],
) -> Vec<Result<String, Reason>> {
    let (uses, end) = facts.file_uses(run);
    if run.invocations.len() > FURTHEST {
        let has_any = uses.iter().any(|use_| use_.touch == Touch::Fetched);
        let reason = || left("downloads", reasons::too_many_commands_for_downloads(FURTHEST));
        return if has_any { vec![Err(reason())] } else { Vec::new() };
    }
    let mut found = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for fetched in uses.iter().filter(|use_| use_.touch == Touch::Fetched) {
        if seen.contains(&fetched.path.as_str()) || !is_spent(run, fetched, &uses) {
            continue;
        }
        // A signature alone is too small to be worth a command.
        let is_spent_with = |use_: &&FileUse<'a>| {
            use_.touch == Touch::Fetched
                && is_verification_of(&fetched.path, &use_.path)
                && is_spent(run, use_, &uses)
        };
        if is_verification(&fetched.path) && !uses.iter().any(|use_| is_spent_with(&use_)) {
            continue;
        }
        seen.push(&fetched.path);
        let name = name_at_end(facts, run, fetched, &uses, end.as_deref(), keep);
        found.push(name.map_err(|reason| left(base_name(&fetched.path), reason)));
    }
    found
}

/// The reason why downloads are left as they are.
fn left(what: &str, reason: Reason) -> Reason {
    reason.after(format_args!("{what} left alone, because"))
}

fn name_at_end<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    fetched: &FileUse<'a>,
    uses: &[FileUse<'a>],
    end: Option<&str>,
    keep: &[String],
) -> Result<String, Reason> {
    if keep.iter().any(|kept| paths::overlap(kept, &fetched.path)) {
        return Err(reasons::protected_by_configuration());
    }
    check_unused_later(facts, run, fetched)?;
    let is_consumer = |use_: &&FileUse<'a>| {
        matches!(use_.touch, Touch::Consumed | Touch::Checked) && use_.path == fetched.path
    };
    let consumer = uses.iter().find(is_consumer);
    let mut named = [Some(fetched), consumer].into_iter().flatten();
    let (word, is_absolute) =
        named.find_map(|use_| Some((use_.word?, use_.is_absolute))).ok_or_else(reasons::name_not_literal)?;
    let same_directory = Some(fetched.directory.as_str()) == end
        && consumer.is_none_or(|use_| use_.directory == fetched.directory);
    if is_absolute || same_directory {
        return Ok(word.raw.to_string());
    }
    if fetched.path.starts_with('/') {
        // The directory is written without quotes, so it must not need any.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
        if word.literal().is_some() {
            let is_usual = fetched.path.chars().all(is_plain);
            return if is_usual { Ok(fetched.path.clone()) } else { Err(reasons::unusual_path()) };
        }
        let may_follow = |c: char| is_plain(c) || "${}".contains(c);
        if fetched.directory.chars().all(is_plain) && word.raw.chars().all(may_follow) {
            let name = word.raw.strip_prefix("./").unwrap_or(&word.raw);
            return Ok(format!("{}/{name}", fetched.directory.trim_end_matches('/')));
        }
    }
    Err(reasons::script_changes_directory())
}

/// Checks that nothing later names the file, or may read it without naming it.
fn check_unused_later<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    fetched: &FileUse<'a>,
) -> Result<(), Reason> {
    let stems = stems(fetched);
    let names = |text: &str| stems.iter().any(|stem| text.contains(stem.as_str()));
    if facts.is_far_up(run.item) || facts.configuration.len() > FURTHEST {
        return Err(reasons::too_many_may_name(FURTHEST));
    }
    // The commands of an image may be set anywhere, even before the RUN or in another stage.
    let earlier = facts.configuration.iter().copied();
    let earlier = earlier.filter(|instruction| instruction.full.end <= run.instruction.full.start);
    let later =
        facts.file.items[run.item + 1..].iter().zip(run.item + 1..).filter_map(|(item, at)| match item {
            Item::Instruction(instruction) if configures(instruction) || facts.follows(run.stage, at) => {
                Some((at, &**instruction))
            }
            _ => None,
        });
    for (item, instruction) in earlier.map(|instruction| (run.item, instruction)).chain(later) {
        check_instruction(facts, item, instruction, &names, &fetched.path)?;
    }
    scripts_need(facts, run, &names, &fetched.path)?;
    readers::check(facts, &fetched.path, &names)?;
    let runs: Vec<&RunFacts<'a>> =
        facts.runs_after(run.item).iter().filter(|other| facts.follows(run.stage, other.item)).collect();
    for other in &runs {
        for (index, invocation) in other.invocations.iter().enumerate() {
            check_command(facts, other, (index, invocation), &fetched.path)?;
        }
    }
    if runs
        .iter()
        .filter_map(|other| other.script())
        .flat_map(loop_words)
        .any(|word| matches_pattern(&word, &fetched.path))
    {
        return Err(reasons::used_in_loop());
    }
    let is_temporary = fetched.path.starts_with("/tmp/") || fetched.path.starts_with("/var/tmp/");
    if !is_temporary && runs.iter().any(|other| has_unreadable_command(facts, other)) {
        return Err(reasons::unreadable_run_after());
    }
    Ok(())
}

/// Checks that an instruction does not use the file.
fn check_instruction(
    facts: &Facts<'_>,
    item: usize,
    instruction: &Instruction<'_>,
    names: &dyn Fn(&str) -> bool,
    path: &str,
) -> Result<(), Reason> {
    let text = instruction.logical.text.as_ref();
    let by_variable = || {
        variables::names_in(text)
            .any(|name| facts.outer().value(item, name).is_some_and(|value| names(&value)))
    };
    if names(text) || by_variable() {
        return Err(reasons::named_by_instruction(instruction.keyword.name()));
    }
    if configures(instruction) {
        let arguments = instruction.arguments();
        // `bash -c ./set*.sh`, or a server for all files in its directory.
        let runs_pattern =
            arguments.split([' ', '"', '\'', ',', ';']).any(|word| matches_pattern(word, path));
        let serves = SERVING_DIRECTORIES.iter().any(|server| arguments.contains(server));
        if runs_pattern || serves && !path.starts_with("/tmp/") {
            return Err(reasons::may_be_used_by_instruction(instruction.keyword.name()));
        }
    }
    match &instruction.body {
        Body::Copy(transfer) if transfer.sources.iter().any(|source| matches_pattern(source, path)) => {
            Err(reasons::may_be_copied())
        }
        _ => Ok(()),
    }
}

/// Checks that a command of a later RUN, with its index, does not use the file by another name.
fn check_command<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    (index, invocation): (usize, &Invocation<'a>),
    path: &str,
) -> Result<(), Reason> {
    if invocation.is_forced_removal() {
        return Ok(());
    }
    let name = base_name(path);
    // A variable may contain the whole name, or the start of it.
    let may_be_file = |word: &Word| {
        let Expanded { known, tail, written } = facts.expanded_in(run, index, word);
        base_name(&written) == name
            || tail == Tail::Unknown && !base_name(&known).is_empty() && name.starts_with(base_name(&known))
    };
    if invocation.words.iter().filter(|word| word.raw.contains('$')).any(may_be_file) {
        return Err(reasons::used_through_variable());
    }
    let pattern = invocation
        .words
        .iter()
        .any(|word| word.raw.contains(['*', '?', '[']) && matches_pattern(&word.raw, path));
    let checks = invocation.program.is_some_and(|program| program.ends_with("sum"))
        && invocation.arguments().iter().any(|word| word.raw == "-c" || word.raw == "--check");
    if pattern || checks { Err(reasons::used_by_pattern()) } else { Ok(()) }
}

/// Whether it is unknown what a RUN reads.
fn has_unreadable_command<'a>(facts: &Facts<'a>, run: &RunFacts<'a>) -> bool {
    let (_, resolved) = facts.started_by(run);
    run.script().is_none()
        || run
            .invocations
            .iter()
            .enumerate()
            .any(|(index, invocation)| invocation.is_unreadable(facts.known) && !resolved.contains(&index))
}

/// Whether a script that the image or a later RUN starts names the file, or may read it without
/// naming it.
fn scripts_need<'a>(
    facts: &Facts<'a>,
    run: &RunFacts<'a>,
    names: &dyn Fn(&str) -> bool,
    path: &str,
) -> Result<(), Reason> {
    let later = facts.runs_after(run.item).iter().filter(|other| facts.follows(run.stage, other.item));
    let scripts = later.flat_map(|other| &facts.started_by(other).0).chain(facts.started());
    let is_temporary = path.starts_with("/tmp/") || path.starts_with("/var/tmp/");
    for Started { who, what, .. } in scripts {
        match what {
            What::Script { text, .. } | What::Text(text) | What::Unparsed(text) if names(text) => {
                return Err(reasons::named_by_script(who));
            }
            What::Unknown(reason) if !is_temporary => {
                return Err(reasons::unreadable_script(who, reason));
            }
            What::Unparsed(_) if !is_temporary => {
                return Err(reasons::unparsed_script(who));
            }
            What::Script { .. }
            | What::Text(_)
            | What::Unparsed(_)
            | What::Unknown(_)
            | What::NoContext { .. } => {}
        }
    }
    Ok(())
}

/// Whether an instruction sets a command of the image, or of images built on it.
fn configures(instruction: &Instruction<'_>) -> bool {
    matches!(
        instruction.keyword,
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Onbuild
    )
}

/// The names by which another instruction may refer to a file: with variables expanded, and as
/// written. If a variable is unknown, the part before it, or else the extension.
fn stems(fetched: &FileUse<'_>) -> Vec<String> {
    let written = fetched.word.map(|word| word.raw.trim_matches(['"', '\'']));
    let names = std::iter::once(fetched.path.as_str()).chain(written).map(base_name);
    let stem = |name: &str| {
        let stem = name.split('$').next().unwrap_or(name);
        // If the name is `$V.tgz`, only the extension is known.
        let ending = name.rsplit(['}', '$']).next().unwrap_or(name);
        let ending = ending.find('.').map_or(name, |at| &ending[at..]);
        if stem.len() >= 3 { stem } else { ending }.to_owned()
    };
    names.map(stem).collect()
}

/// Whether the script has used up the file, and does nothing else with it.
fn is_spent<'a>(run: &RunFacts<'a>, fetched: &FileUse<'a>, uses: &[FileUse<'a>]) -> bool {
    let fetch = &run.invocations[fetched.invocation];
    let keeps = OF_REPEATED_DOWNLOADS;
    if fetch.arguments().iter().any(|word| keeps.contains(&word.raw.as_str())) {
        return false;
    }
    // The name as the script writes it is repeated at the end of the script.
    let own = uses.iter().filter(|use_| use_.path == fetched.path);
    let mut variables = own.filter_map(|use_| use_.word).flat_map(|word| variables::names_in(&word.raw));
    let reassigned = variables.any(|name| run.states.may_change_after(fetched.invocation, name));
    let name = base_name(&fetched.path);
    // A signature or a checksum is useless once it has served to check the file.
    let is_verification = is_verification(name);
    let sure = |invocation: &Invocation<'_>| {
        invocation.place.is_certain()
            && invocation.place.alone
            && invocation.elevation == Elevation::None
            && !invocation.repeated
    };
    if !is_verification && !USELESS_AFTER_USE.iter().any(|ending| name.ends_with(ending))
        || reassigned
        || name.starts_with('-')
        || name.contains(['*', '?', '['])
        || !sure(&run.invocations[fetched.invocation])
    {
        return false;
    }
    let is_use = |use_: &FileUse<'_>| match use_.touch {
        Touch::Consumed => true,
        Touch::Checked => is_verification && verifies(&run.invocations[use_.invocation]),
        _ => false,
    };
    let consumed = uses.iter().any(|use_| {
        is_use(use_)
            && use_.path == fetched.path
            && use_.invocation > fetched.invocation
            && sure(&run.invocations[use_.invocation])
    });
    let removed = uses.iter().any(|use_| {
        use_.touch == Touch::Removed
            && (covers(&use_.path, &fetched.path)
                // If one of the two directories is unknown, they may be the same.
                || base_name(&use_.path) == name
                || use_.path.contains(['$', '{', '`']))
    });
    // Every command that mentions the name must be one of the known uses.
    let only = run.invocations.iter().enumerate().all(|(index, invocation)| {
        let mentions = invocation.words_and_targets().any(|word| word.raw.contains(name));
        let harmless = || {
            uses.iter().any(|use_| {
                use_.invocation == index
                    && (use_.path == fetched.path || is_verification_of(&use_.path, &fetched.path))
                    && matches!(use_.touch, Touch::Fetched | Touch::Consumed | Touch::Checked)
            }) || invocation.is("echo") && invocation.command.redirects.is_empty()
                || invocation.actions.known().iter().any(|action| action.act == Act::Checks)
        };
        !mentions || harmless()
    });
    let removes = |invocation: &Invocation<'_>| {
        invocation.actions.known().iter().any(|action| action.act.removes() || action.act.prunes())
    };
    let unknown_removal = run
        .invocations
        .iter()
        .any(|invocation| (removes(invocation) || invocation.repeated) && !invocation.place.own_shell);
    let mounted = is_mounted(run, std::slice::from_ref(&fetched.path));
    consumed && !removed && only && !unknown_removal && !mounted && run.script().is_some()
}

/// Whether a command verifies a file with the files that it names: `gpg --verify`, `sha256sum -c`.
fn verifies(invocation: &Invocation<'_>) -> bool {
    let program = invocation.program.unwrap_or_default();
    program.starts_with("gpg") || program.ends_with("sum") && invocation.has_flag('c', "--check")
}

/// Whether a file only serves to verify others.
fn is_verification(path: &str) -> bool {
    OF_VERIFICATIONS.iter().any(|ending| path.ends_with(ending))
}

/// Whether a file only serves to verify another one: `tool.tgz.asc` for `tool.tgz`.
fn is_verification_of(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|ending| OF_VERIFICATIONS.contains(&ending))
}

/// The patterns that the loops of a script iterate over.
fn loop_words(script: &Script) -> Vec<String> {
    let mut words = Vec::new();
    script.list.walk(&mut |command| {
        if let CommandKind::Branching(branching) = &command.kind {
            words.extend(
                branching
                    .words
                    .iter()
                    .filter(|word| word.raw.contains(['*', '?', '[']))
                    .map(|word| word.raw.to_string()),
            );
        }
    });
    words
}

/// Whether a pattern may match a file: its last part matches the name, and its directory, if any,
/// is the file's.
fn matches_pattern(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_matches(['"', '\'']);
    if !pattern.contains(['*', '?', '[']) {
        return false;
    }
    let (directory, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let (own_directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let elsewhere = directory.starts_with('/')
        && !directory.contains(['*', '?', '[', '$'])
        && own_directory.starts_with('/')
        && directory != own_directory;
    let start = last.split(['*', '?', '[']).next().unwrap_or_default();
    let end = last.rsplit(['*', '?', ']']).next().unwrap_or_default();
    !elsewhere && (name.contains('$') || name.starts_with(start) && name.ends_with(end))
}

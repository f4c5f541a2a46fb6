//! Mutated Dockerfiles through the whole pipeline.

use std::collections::BTreeMap;

use jettison::config::{Bases, Caches, Config, Deadline, MergeRuns, Settings};
use jettison::context::{ContextSource, NoBuildContext};
use jettison::pipeline::{self, Unapplied};
use jettison::syntax::{Dockerfile, Item};
use jettison::transforms;
use nix::time::{ClockId, clock_gettime};

use crate::caught::caught;
use crate::mutate;
use crate::random::Random;
use crate::seeds;
use crate::session::{self, Counts, Finding};
use crate::shrink;
use crate::support;

/// The number of cases without `JETTISON_FUZZ_CASES` and `JETTISON_FUZZ_SECONDS`.
const CASES: usize = 2_000;
/// The limit of processor time for a small file, in seconds.
const MOST_SECONDS: i64 = 10;

#[test]
fn dockerfiles() {
    session::run(
        "dockerfiles",
        CASES,
        |seed, counts| {
            let (mode, settings, text) = case(seed);
            let changed = check(&text, &settings, &NoBuildContext)?;
            *counts.entry(mode).or_default() += 1;
            count(changed, counts);
            Ok(())
        },
        |seed, found| {
            let (mode, settings, text) = case(seed);
            let text = shrink::text(&text, |text| fails(text, &settings, &NoBuildContext, found));
            format!("{mode}: {:?}\n{text:?}", settings.config)
        },
    );
}

fn case(seed: u64) -> (&'static str, Settings, String) {
    let mut random = Random::new(seed);
    let others = seeds::dockerfiles();
    let mut text = others.pick(&mut random).clone();
    let times = random.between(1, 8);
    mutate::dockerfile(&mut random, &mut text, others, times);
    let (mode, settings) = settings(&mut random);
    (mode, settings, text)
}

pub fn count(changed: bool, counts: &mut Counts) {
    *counts.entry(if changed { "changed" } else { "unchanged" }).or_default() += 1;
}

/// Settings by name.
pub fn settings(random: &mut Random) -> (&'static str, Settings) {
    let plain = Config { comments: false, ..Config::default() };
    let all = random.pick(&["default", "unsafe", "mounts", "all merges", "everything", "one transform"]);
    let config = match all {
        "default" => plain,
        "unsafe" => Config { r#unsafe: true, ..plain },
        "mounts" => Config { caches: Caches::Mount, ..plain },
        "all merges" => Config { merge_runs: MergeRuns::All, ..plain },
        "everything" => Config {
            r#unsafe: random.chance(80),
            caches: if random.chance(50) { Caches::Mount } else { Caches::Clean },
            bases: if random.chance(50) { Bases::Alpine } else { Bases::Slim },
            merge_runs: if random.chance(50) { MergeRuns::All } else { MergeRuns::WhereItHelps },
            strip: random.chance(50),
            comments: random.chance(50),
            keep: if random.chance(20) {
                vec!["/var/cache".into(), "~/.cache/pip".into()]
            } else {
                Vec::new()
            },
            ..plain
        },
        _ => {
            let transform = &transforms::ALL[random.below(transforms::ALL.len())];
            let caches = if transform.id == "cache-mounts" { Caches::Mount } else { Caches::Clean };
            Config {
                select: Some(vec![transform.id.to_owned()]),
                r#unsafe: true,
                caches,
                merge_runs: MergeRuns::All,
                strip: true,
                ..plain
            }
        }
    };
    let proves = matches!(all, "everything" | "one transform") && random.chance(50);
    (all, Settings { config, proves, ..Settings::default() })
}

/// The processor time of this thread in seconds.
fn seconds() -> i64 {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("threads have a clock").tv_sec()
}

/// Whether a text fails in the same way.
pub fn fails(text: &str, settings: &Settings, context_source: &dyn ContextSource, found: &Finding) -> bool {
    check(text, settings, context_source).err().is_some_and(|other| other.kind == found.kind)
}

/// Checks what must be true for every text; returns whether it is changed.
pub fn check(text: &str, settings: &Settings, context_source: &dyn ContextSource) -> Result<bool, Finding> {
    let start = seconds();
    let deadline = Deadline::by(move || seconds() - start > MOST_SECONDS);
    let settings = Settings { deadline, ..settings.clone() };
    let outcome = caught(|| pipeline::fix_within(text, &settings, context_source))?;
    if outcome.is_late {
        return Err(Finding::of("it takes too long"));
    }
    if let Some(undone) = outcome.undone.first() {
        return Err(Finding { kind: kind(undone), detail: format!("{}: {}", undone.place, undone.reason) });
    }
    let new = outcome.text().unwrap_or(text);
    if caught(|| outcome.edits().apply(text))? != new {
        return Err(Finding::of("the edits taken together do not give the result"));
    }
    let (before, after) = (Dockerfile::parse(text), Dockerfile::parse(new));
    let joined: String = before.items.iter().map(|item| item.span().of(text)).collect();
    if joined != text {
        return Err(Finding::of("items do not tile the text"));
    }
    if errors(&before) != errors(&after) {
        return Err(Finding { kind: "other lines can't be read afterwards".into(), detail: new.to_owned() });
    }
    let (before, after) = (comments(text), comments(new));
    // A comment above a package is removed with it.
    let drops = outcome.steps.iter().any(|step| step.transform.contract.may_remove_comments);
    let mut lost = before.iter().filter(|(comment, times)| after.get(*comment).unwrap_or(&0) < times);
    if let Some((lost, _)) = lost.next().filter(|_| !drops) {
        return Err(Finding { kind: "a comment is lost".into(), detail: format!("{lost:?} in {new}") });
    }
    if !outcome.steps.is_empty() {
        let context = context_source.context().ok().map(|context| match outcome.ignore_file() {
            Some(text) => context.with_ignore(text),
            None => context.clone(),
        });
        let context_source = After { context, given: context_source };
        let again = caught(|| pipeline::fix_within(new, &settings, &context_source))?;
        let ids: Vec<_> = again.steps.iter().map(|step| step.transform.id).collect();
        if !ids.is_empty() {
            let second = again.text().unwrap_or(new);
            return Err(Finding {
                kind: format!("a second run is not silent: {}", ids.join(", ")),
                detail: format!("\n--- first\n{new}\n--- second\n{second}"),
            });
        }
    }
    Ok(!outcome.steps.is_empty())
}

/// The kind of a rolled-back step: its transform and the code of the reason.
fn kind(undone: &Unapplied) -> String {
    format!("{}: {}", undone.transform.unwrap_or("all"), undone.reason.code())
}

fn errors(file: &Dockerfile<'_>) -> usize {
    file.items.iter().filter(|item| matches!(item, Item::Error(..))).count()
}

/// How often each comment line occurs.
fn comments(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for comment in support::comments(text) {
        *found.entry(comment).or_default() += 1;
    }
    found
}

/// The surroundings of a file after the first run.
struct After<'a> {
    context: Option<jettison::context::BuildContext>,
    given: &'a dyn ContextSource,
}

impl ContextSource for After<'_> {
    fn context(&self) -> Result<&jettison::context::BuildContext, &str> {
        self.context.as_ref().ok_or("no build context is known")
    }

    fn proven(&self) -> &[jettison::context::RequiredPackage] {
        self.given.proven()
    }

    fn can_write_ignore_file(&self) -> bool {
        self.given.can_write_ignore_file()
    }

    fn dockerfile(&self) -> Option<&str> {
        self.given.dockerfile()
    }
}

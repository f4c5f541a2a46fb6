//! The harness for transforms: it checks what every transform promises, so their authors write only
//! examples.
//!
//! It runs the examples in the manual pages of the transforms, and
//! `tests/fixtures/<transform>/<situation>.Dockerfile` with the results in
//! `snapshots/<transform>/<situation>.snap`. A fixture named `keep-<situation>` must not change.
//!
//! Each fixture is a test of its own:
//!
//! ```text
//! cargo test --test transforms                              # all of them
//! cargo test --test transforms merge-runs/                  # those of one transform
//! cargo test --test transforms merge-runs/keep-background   # one of them
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jettison::config::{Caches, Config, MergeRuns, Settings};
use jettison::context::{ContextSource, NoBuildContext};
use jettison::pipeline::{self, Outcome};
use jettison::transform::{Applicability, Group, Transform};
use jettison::transforms;
use libtest_mimic::{Arguments, Trial};

mod support;

use support::Written;

fn main() -> ExitCode {
    let mut trials = vec![trial("fixtures and snapshots belong together".to_owned(), no_file_is_forgotten)];
    for transform in transforms::ALL {
        let id = transform.id;
        trials.push(trial(format!("{id} (manual page)"), move || manual_page_is_right(transform)));
        for path in fixtures(transform) {
            let name = format!("{id}/{}", situation(&path));
            let (alone, together) = (path.clone(), path);
            trials.push(trial(name.clone(), move || comes_out_as_its_snapshot_says(transform, &alone)));
            trials.push(trial(format!("{name} (all transforms)"), move || settles_under_all(&together)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that fails if the function panics.
fn trial(name: String, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn settings(transform: &Transform) -> Settings {
    let config = Config {
        select: Some(vec![transform.id.to_owned()]),
        r#unsafe: transform.applicability < Applicability::Safe,
        caches: if transform.id == "cache-mounts" { Caches::Mount } else { Caches::Clean },
        strip: true,
        minimize: true,
        ..Config::default()
    };
    Settings { config, proves: true, ..Settings::default() }
}

fn fixed<'a>(outcome: &'a Outcome, text: &'a str) -> &'a str {
    outcome.text().unwrap_or(text)
}

/// Checks what must be true for every text and every transform.
fn check_invariants(name: &str, text: &str, settings: &Settings, context_source: &dyn ContextSource) {
    let fix = |text: &str| pipeline::fix_within(text, settings, context_source);
    let outcome = fix(text);
    assert!(outcome.undone.is_empty(), "{name}: {:?}", outcome.undone);
    let new = fixed(&outcome, text);
    let after = ContextAfter { ignore_file: outcome.ignore_file(), given: context_source };
    assert!(
        pipeline::fix_within(new, settings, &*after.context_too()).steps.is_empty(),
        "{name}: a second run finds something to do in\n{new}"
    );
    let crlf = text.replace('\n', "\r\n");
    let new_crlf = fixed(&fix(&crlf), &crlf).to_owned();
    if support::documents(text) == support::documents(new) {
        assert_eq!(new_crlf, new.replace('\n', "\r\n"), "{name}: with CRLF");
    } else {
        // There, the shell takes the carriage return as a part of the last word of a line.
        assert_eq!(support::documents(&new_crlf), support::documents(&crlf), "{name}: with CRLF");
    }
    let marked = format!("\u{feff}{text}");
    assert_eq!(fixed(&fix(&marked), &marked), format!("\u{feff}{new}"), "{name}: with a byte-order mark");
    if let (Some(open), Some(new)) = (text.strip_suffix('\n'), new.strip_suffix('\n')) {
        assert_eq!(fixed(&fix(open), open), new, "{name}: without the last line break");
    }
}

/// The surroundings after a first run.
struct ContextAfter<'a> {
    ignore_file: Option<&'a str>,
    given: &'a dyn ContextSource,
}

impl ContextAfter<'_> {
    fn context_too(&self) -> Box<dyn ContextSource + '_> {
        match (self.ignore_file, self.given.context()) {
            (Some(text), Ok(context)) => Box::new(Written::from(context.with_ignore(text))),
            (_, Ok(context)) => Box::new(Written::from(context.clone())),
            (_, Err(_)) => Box::new(NoBuildContext),
        }
    }
}

/// The pairs of ```` ```dockerfile before ```` and `after` blocks of a manual page.
fn examples(page: &str) -> Vec<(String, String, Box<dyn ContextSource>)> {
    let block = |kind: &str| -> Vec<String> {
        let opening = format!("```dockerfile {kind}\n");
        page.split(&opening)
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
            .collect()
    };
    // A context above a pair belongs to the pair.
    let pairs =
        page.split("```dockerfile before").map(|part| part.rsplit_once("```context\n").map(|(_, text)| text));
    let context_source = pairs.map(|context| -> Box<dyn ContextSource> {
        match context {
            Some(text) => Box::new(Written::parse(text.split("```").next().unwrap_or_default())),
            None => Box::new(NoBuildContext),
        }
    });
    let texts = block("before").into_iter().zip(block("after"));
    texts
        .zip(context_source)
        .map(|((before, after), context_source)| (before, after, context_source))
        .collect()
}

/// Checks that the manual page has all its sections, and that its examples are correct.
fn manual_page_is_right(transform: &Transform) {
    let page = transform.manual();
    for heading in ["# Why", "# Safety", "# When it does nothing", "# Examples"] {
        assert!(page.contains(heading), "no section {heading:?}");
    }
    let examples = examples(&page);
    assert!(!examples.is_empty(), "no example");
    for (before, after, context_source) in examples {
        let settings = settings(transform);
        let outcome = pipeline::fix_within(&before, &settings, &*context_source);
        assert_eq!(fixed(&outcome, &before), after, "{}", transform.id);
        check_invariants(transform.id, &before, &settings, &*context_source);
    }
}

fn fixtures(transform: &Transform) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(transform.id);
    let mut all: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "Dockerfile"))
        .collect();
    all.sort();
    all
}

/// The situation of a fixture: `keep-this` for `tests/fixtures/merge-runs/keep-this.Dockerfile`.
fn situation(fixture: &Path) -> String {
    fixture.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// The build context of a fixture, from the file next to it with the same name.
fn context_source(fixture: &Path) -> Box<dyn ContextSource> {
    match fs::read_to_string(fixture.with_extension("context")) {
        Ok(text) => Box::new(Written::parse(&text)),
        Err(_) => Box::new(NoBuildContext),
    }
}

/// The settings of a transform's fixtures, with the configuration next to this one.
fn settings_for(transform: &Transform, fixture: &Path) -> Settings {
    let base = settings(transform);
    match fs::read_to_string(fixture.with_extension("yaml")) {
        Ok(text) => {
            let config = Config::parse(&text).expect("a configuration");
            let Config { select, r#unsafe, .. } = base.config;
            Settings { config: Config { select, r#unsafe, ..config }, ..base }
        }
        // The refusals to merge should be tested wherever a merge would be possible, not only where
        // it saves bytes.
        Err(_) if transform.id == "merge-runs" => {
            Settings { config: Config { merge_runs: MergeRuns::All, ..base.config }, ..base }
        }
        Err(_) => base,
    }
}

/// The content of a snapshot: the new text, and the fixes that were refused or withheld.
fn picture(outcome: &Outcome, text: &str) -> String {
    let mut picture = match outcome.text() {
        Some(new) => new.to_owned(),
        None => format!("(unchanged)\n{text}"),
    };
    if let Some(ignore) = outcome.ignore_file() {
        picture += &format!("\n.dockerignore:\n{ignore}");
    }
    let held = outcome
        .refused
        .iter()
        .map(|held| ("refused", held))
        .chain(outcome.withheld.iter().map(|held| ("withheld", held)));
    for (kind, held) in held {
        picture += &format!("\n{kind} at {}: {} ({})", held.place, held.reason, held.reason.code());
    }
    picture
}

fn comes_out_as_its_snapshot_says(transform: &Transform, path: &Path) {
    let settings = settings_for(transform, path);
    let situation = situation(path);
    let text = fs::read_to_string(path).expect("a readable fixture");
    let context_source = context_source(path);
    let outcome = pipeline::fix_within(&text, &settings, &*context_source);
    let picture = picture(&outcome, &text);
    assert_eq!(
        situation.starts_with("keep-"),
        outcome.steps.is_empty(),
        "what must stay is called keep-, and this came out as\n{picture}"
    );
    check_invariants(&situation, &text, &settings, &*context_source);
    insta::with_settings!({
        snapshot_path => Path::new("../snapshots").join(transform.id),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(situation.as_str(), picture) });
}

/// All transforms together must become stable too, and must not undo what a single one does.
fn settles_under_all(path: &Path) {
    let text = fs::read_to_string(path).expect("a readable fixture");
    let context_source = context_source(path);
    for (r#unsafe, caches) in [(false, Caches::Clean), (true, Caches::Clean), (false, Caches::Mount)] {
        let settings =
            Settings { config: Config { r#unsafe, caches, ..Config::default() }, ..Settings::default() };
        let mode = format!("unsafe: {}, caches: {caches:?}", settings.config.r#unsafe);
        check_invariants(&mode, &text, &settings, &*context_source);
    }
    let select = Some(Group::ALL.iter().map(|group| group.name().to_owned()).collect());
    let settings = Settings { config: Config { select, ..Config::default() }, ..Settings::default() };
    check_invariants("all groups", &text, &settings, &*context_source);
}

/// A fixture in a folder that does not belong to a transform, a context without a Dockerfile, or a
/// snapshot without a fixture would be a file that no test reads.
fn no_file_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut forgotten = Vec::new();
    for directory in folders(&root.join("tests/fixtures")) {
        let id = directory.file_name().expect("a name").to_string_lossy().into_owned();
        let situations: BTreeSet<String> = match transforms::ALL.iter().find(|transform| transform.id == id) {
            Some(transform) => fixtures(transform).iter().map(|path| situation(path)).collect(),
            None => BTreeSet::new(),
        };
        for folder in [directory, root.join("snapshots").join(&id)] {
            let files =
                fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
            forgotten.extend(files.filter(|path| !situations.contains(&situation(path))));
        }
    }
    assert!(forgotten.is_empty(), "no test reads {forgotten:#?}");
}

fn folders(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a readable directory");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
}

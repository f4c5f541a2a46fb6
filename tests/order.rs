//! The result does not depend on the order in which the transforms run.
//!
//! Each Dockerfile is fixed with the transforms in their own order, in reverse, and in random
//! orders, with and without `--unsafe`. Only those that choose stages and base images stay first. In every order, the same number of instructions must remain
//! (so the same RUN instructions are merged), the same caches must stay for the same reasons, the
//! same options must be added, and the same entries must be in the ignore file. Whether a cache is
//! emptied or not written at all may differ. [`EXPECTED`] lists other differences, each with the
//! reason why it is right.

mod support;

#[path = "differential/random.rs"]
#[allow(dead_code)]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jettison::config::{Config, Settings};
use jettison::context::{BuildContext, ContextSource, Entry, NoBuildContext};
use jettison::pipeline::{self, Outcome};
use jettison::syntax::Dockerfile;
use jettison::transform::Transform;
use jettison::transforms;

use random::Random;
use support::Written;

/// Files with other savings in some orders: the end of the name with its mode, and why they differ.
const EXPECTED: &[(&str, &str)] = &[
    ("copy-manifests-first/npm-with-a-build-in-the-same-run.Dockerfile", CLEANUP_LAST),
    ("npm-ci/a-lockfile-that-fits.Dockerfile", CLEANUP_LAST),
    ("npm-ci/a-lockfile-that-fits.Dockerfile --unsafe", CLEANUP_LAST),
    ("split-stages/node-global-programs.Dockerfile", CLEANUP_LAST),
    ("split-stages/python-translations-made-at-start.Dockerfile", CLEANUP_LAST),
    ("split-stages/python-translations.Dockerfile", CLEANUP_LAST),
    ("copy-manifests-first/a-solution-with-settings-above-its-projects.Dockerfile --unsafe", CLEANUP_LAST),
    ("agents-devbox/Dockerfile --unsafe", STORE_EMPTIED),
    ("production-dependencies/pnpm.Dockerfile --unsafe", STORE_EMPTIED),
    ("production-dependencies/pnpm-options-of-the-install.Dockerfile --unsafe", STORE_EMPTIED),
    ("split-stages/keep-a-package-with-an-odd-name.Dockerfile --unsafe", PURGED),
    ("split-stages/keep-node-programs-of-a-private-registry.Dockerfile --unsafe", PURGED),
    ("demisto-sdk__Dockerfile --unsafe", PURGED),
    ("bedtools__2.30.0__Dockerfile --unsafe", CLEANED_BEFORE_PURGE),
];

const CLEANUP_LAST: &str = "a cache must be emptied in the RUN of its install, so a RUN that ends in a \
    cleanup is not split after the install";
const STORE_EMPTIED: &str = "dev dependencies are removed before the store is emptied, not after it";
const PURGED: &str = "npm may be one of the packages that purge-build-packages removes, so its cache can \
    be emptied only before";
const CLEANED_BEFORE_PURGE: &str = "packages are removed in the RUN that installs them, and RUNs that \
    empty the lists themselves are not merged for that";

/// The transforms that choose the stages and their base images come first in every order: the
/// others then know which files ship.
const STAGES_FIRST: usize = 3;

/// The number of random orders of each file.
const RANDOM_ORDERS: u64 = 3;

/// The orders: the own one first.
fn orders(seed: u64) -> Vec<Vec<&'static Transform>> {
    let own: Vec<&Transform> = transforms::ALL.iter().collect();
    let (first, rest) = own.split_at(STAGES_FIRST);
    let reversed = first.iter().chain(rest.iter().rev()).copied().collect();
    let shuffled = (0..RANDOM_ORDERS).map(|number| {
        let mut random = Random::new(seed * RANDOM_ORDERS + number);
        let mut order = own.clone();
        for at in (STAGES_FIRST + 1..order.len()).rev() {
            order.swap(at, random.between(STAGES_FIRST, at));
        }
        order
    });
    let shuffled: Vec<_> = shuffled.collect();
    [own.clone(), reversed].into_iter().chain(shuffled).collect()
}

/// What a result saves, whatever the order.
#[derive(Debug, PartialEq, Eq)]
struct Saving {
    /// How many instructions of each kind remain.
    instructions: BTreeMap<&'static str, usize>,
    /// The options of instructions and commands, apart from those that empty or avoid a cache.
    options: BTreeSet<String>,
    /// Why caches stay.
    left: Vec<String>,
    /// The entries of the ignore file.
    ignored: Vec<String>,
}

/// Options with which a cache is emptied or avoided: either is enough.
const OPTIONS_ABOUT_CACHES: &[&str] = &[
    "--all",
    "--force",
    "--no-cache",
    "--no-cache-dir",
    "--no-document",
    "--pip-args=--no-cache-dir",
    "--yes",
];

impl Saving {
    fn of(outcome: &Outcome, before: &str) -> Self {
        let text = outcome.text().unwrap_or(before);
        let file = Dockerfile::parse(text);
        let (mut instructions, mut options) = (BTreeMap::new(), BTreeSet::new());
        for (_, instruction) in file.instructions() {
            *instructions.entry(instruction.keyword.name()).or_default() += 1;
            let words = instruction.full.of(text).split_whitespace().map(|word| word.trim_end_matches(';'));
            let words = words.filter(|word| word.starts_with("--"));
            for option in words.filter(|word| !OPTIONS_ABOUT_CACHES.contains(word)) {
                options.insert(option.to_owned());
            }
        }
        let about_caches =
            outcome.refused.iter().filter(|refused| refused.transform == Some("clean-package-caches"));
        let mut left: Vec<String> = about_caches.map(|refused| refused.reason.to_string()).collect();
        left.sort();
        let mut ignored: Vec<String> =
            outcome.ignore_file().unwrap_or_default().lines().map(str::to_owned).collect();
        ignored.sort();
        Self { instructions, options, left, ignored }
    }

    /// How the other one differs, in words.
    fn difference(&self, other: &Self) -> String {
        let mut lines = Vec::new();
        if self.instructions != other.instructions {
            lines.push(format!("{:?} and {:?}", self.instructions, other.instructions));
        }
        if self.options != other.options {
            lines.push(format!("{:?} and {:?}", self.options, other.options));
        }
        if self.left != other.left {
            lines.push(format!("{:?} and {:?}", self.left, other.left));
        }
        if self.ignored != other.ignored {
            lines.push(format!("ignore file: {:?} and {:?}", self.ignored, other.ignored));
        }
        lines.join("; ")
    }
}

/// The orders with another saving, one line each.
fn differences(name: &str, text: &str, context_source: &dyn ContextSource) -> Vec<String> {
    let seed = name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into())) >> 8;
    let mut found = Vec::new();
    for r#unsafe in [false, true] {
        let full_name = format!("{name}{}", if r#unsafe { " --unsafe" } else { "" });
        if EXPECTED.iter().any(|(end, _)| full_name.ends_with(end)) {
            continue;
        }
        let settings = Settings { config: Config { r#unsafe, ..Config::default() }, ..Settings::default() };
        let orders = orders(seed);
        let fix =
            |order: &[&'static Transform]| pipeline::fix_in_order(text, order, &settings, context_source);
        let own = Saving::of(&fix(&orders[0]), text);
        for (number, order) in orders.iter().enumerate().skip(1) {
            let other = Saving::of(&fix(order), text);
            if other != own {
                found.push(format!("{full_name}, order {number}: {}", own.difference(&other)));
                break;
            }
        }
    }
    found
}

/// Fails with all differences.
fn check(found: &[String]) {
    assert!(found.is_empty(), "{} files depend on the order:\n{}", found.len(), found.join("\n"));
}

/// The Dockerfiles below a directory.
fn dockerfiles(directory: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(directory).expect("a readable directory");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            dockerfiles(&path, found);
        } else if path.to_string_lossy().ends_with("Dockerfile") {
            found.push(path);
        }
    }
}

/// A directory as a build context.
fn context_of(directory: &Path) -> BuildContext {
    let (mut entries, mut texts, mut ignore) = (Vec::new(), BTreeMap::new(), None);
    let mut directories = vec![directory.to_owned()];
    while let Some(inner) = directories.pop() {
        for entry in fs::read_dir(inner).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(directory).expect("a path in the directory");
            let name = name.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).ok();
            let size = text.as_ref().map_or(0, |text| text.len() as u64);
            entries.push(Entry { path: name.clone(), size, is_link: false, executable: false });
            match text {
                Some(text) if name == ".dockerignore" => ignore = Some(text),
                Some(text) => drop(texts.insert(name, text)),
                None => {}
            }
        }
    }
    BuildContext::of(entries, texts, ".dockerignore", ignore)
}

fn relative(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[test]
fn examples() {
    let mut files = Vec::new();
    dockerfiles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"), &mut files);
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable file");
        let directory = path.parent().expect("a directory");
        found.extend(differences(&relative(&path), &text, &Written::from(context_of(directory))));
    }
    check(&found);
}

#[test]
fn fixtures() {
    let mut files = Vec::new();
    dockerfiles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut files);
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable file");
        let name = relative(&path);
        match fs::read_to_string(path.with_extension("context")) {
            Ok(context) => found.extend(differences(&name, &text, &Written::parse(&context))),
            Err(_) => found.extend(differences(&name, &text, &NoBuildContext)),
        }
    }
    check(&found);
}

/// Every so many files of the corpus are in the sample.
const SAMPLE: usize = 10;

#[test]
fn real_files() {
    let mut found = Vec::new();
    for real in support::corpus("real_files").unwrap_or_default().iter().step_by(SAMPLE) {
        let Some(text) = &real.text else { continue };
        found.extend(differences(&real.name, text, &NoBuildContext));
    }
    check(&found);
}

//! Mutated build contexts, ignore files, manifests, lockfiles and configurations around
//! Dockerfiles.

use jettison::config::{Config, Hadolint, Settings};

use crate::caught::caught;
use crate::dockerfiles;
use crate::folder::{self, BESIDE, Folder};
use crate::random::Random;
use crate::session::{self, Finding};
use crate::shrink;

/// The number of cases without `JETTISON_FUZZ_CASES` and `JETTISON_FUZZ_SECONDS`.
const CASES: usize = 1_000;

#[test]
fn contexts() {
    session::run(
        "contexts",
        CASES,
        |seed, counts| {
            let (mode, settings, folder) = case(seed)?;
            let changed = check(&folder, &settings)?;
            *counts.entry(mode).or_default() += 1;
            dockerfiles::count(changed, counts);
            Ok(())
        },
        |seed, found| {
            let Ok((mode, settings, folder)) = case(seed) else { return String::new() };
            let folder = smallest(folder, &settings, found);
            format!("{mode}: {:?}\n{:?}\n{:#?}", settings.config, folder.dockerfile, folder)
        },
    );
}

fn case(seed: u64) -> Result<(&'static str, Settings, Folder), Finding> {
    let mut random = Random::new(seed);
    let folder = folder::folder(&mut random);
    let (mode, mut settings) = dockerfiles::settings(&mut random);
    if random.chance(30) {
        // The configuration of the folder, if it is valid.
        let (path, text) = BESIDE[random.below(BESIDE.len())];
        let mut text = text.to_owned();
        folder::mutate_text(&mut random, path, &mut text);
        if let Ok(config) = caught(|| Config::parse(&text))? {
            settings.config = Config { comments: false, ..config };
            return Ok(("a configuration", settings, folder));
        }
        if let Ok(hadolint) = caught(|| Hadolint::parse(&text))? {
            settings.hadolint = hadolint;
        }
    }
    Ok((mode, settings, folder))
}

fn check(folder: &Folder, settings: &Settings) -> Result<bool, Finding> {
    let context_source = caught(|| folder.context_source())?;
    dockerfiles::check(&folder.dockerfile, settings, &context_source)
}

/// A folder with fewer files, shorter texts and a shorter Dockerfile.
fn smallest(folder: Folder, settings: &Settings, found: &Finding) -> Folder {
    let fails = |folder: &Folder| check(folder, settings).err().is_some_and(|other| other.kind == found.kind);
    let mut folder = folder;
    folder.files = shrink::list(folder.files.clone(), |files| {
        fails(&Folder { files: files.to_vec(), ..folder.clone() })
    });
    folder.dockerfile = shrink::text(&folder.dockerfile, |text| {
        fails(&Folder { dockerfile: text.to_owned(), ..folder.clone() })
    });
    for at in 0..folder.files.len() {
        let Some(text) = folder.files[at].text.clone() else { continue };
        let smaller = shrink::text(&text, |text| {
            let mut candidate = folder.clone();
            candidate.files[at].text = Some(text.to_owned());
            fails(&candidate)
        });
        folder.files[at].text = Some(smaller);
    }
    folder
}

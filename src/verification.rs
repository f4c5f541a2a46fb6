//! Keeps only the fixes after which the image still works: adds a package that a trial shows to be
//! missing, and rolls back the transform whose step breaks something, with the evidence.
//!
//! This module builds and runs nothing itself: a [`Trial`] does, so the search can be tested
//! without a container engine.

use crate::config::Settings;
use crate::context::{BuildContext, ContextSource, ImageRun, PythonPart, RequiredPackage, Service};
use crate::pipeline::{self, Outcome, Unapplied};
use crate::reasons;
use crate::span::Place;

/// Builds a version of the file and compares its image with the original one.
pub trait Trial {
    /// Conditions that prevent any result: no engine, a full disk, an interrupt.
    type Error;
    /// What a trial shows of a version that works.
    type Proof;

    /// The distribution and release of the original image: `debian:12`.
    fn release(&self) -> Option<String> {
        None
    }

    /// The files of the original image that its checks have read or executed: absolute paths.
    fn read_files(&self) -> Vec<String> {
        Vec::new()
    }

    /// Parts of the Python packages of the original image, and whether its checks have opened them;
    /// `None` if that is unknown.
    fn python_parts(&self) -> Option<Vec<PythonPart>> {
        None
    }

    /// Tries a version of the Dockerfile, with its ignore file if that changes too.
    ///
    /// # Errors
    /// If there is no result.
    fn check(
        &self,
        text: &str,
        ignore_file: Option<&str>,
    ) -> Result<Result<Self::Proof, Failure>, Self::Error>;
}

/// The result of a search.
#[derive(Debug)]
pub struct Proven<P> {
    /// The fixes after which the image works, and those that were held back.
    pub outcome: Outcome,
    /// What the last trial has shown; `None` if no fix was tried.
    pub proof: Option<P>,
}

/// Why a version does not work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The evidence, as shown to the user.
    pub evidence: String,
    /// Packages of the original image whose absence explains the failure.
    pub lacking: Vec<RequiredPackage>,
    /// Files of the original image that no package installs and whose absence explains it: absolute
    /// paths.
    pub lost: Vec<String>,
}

/// Fixes a text as far as the image still works.
///
/// If something breaks, the transform whose step broke it is left out, and the rest is tried again.
///
/// # Errors
/// The errors of the trial.
pub fn fix<T: Trial>(
    trial: &T,
    text: &str,
    settings: &Settings,
    context_source: &dyn ContextSource,
) -> Result<Proven<T::Proof>, T::Error> {
    let mut settings = settings.clone();
    let mut unapplied: Vec<Unapplied> = Vec::new();
    let mut proving = Proving {
        context_source,
        proven: context_source.proven().to_vec(),
        files: context_source.needed_files().to_vec(),
        read_files: trial.read_files(),
        python_parts: trial.python_parts(),
        release: trial.release(),
    };
    loop {
        let mut outcome = pipeline::fix_within(text, &settings, &proving);
        let last = outcome.steps.len();
        let checked = if last == 0 { None } else { Some(check_step(trial, &outcome, last)?) };
        let failure = match checked.transpose() {
            Ok(proof) => {
                outcome.refused.extend(unapplied);
                return Ok(Proven { outcome, proof });
            }
            Err(failure) => failure,
        };
        let installs = outcome.steps.iter().any(|step| step.transform.contract.chooses_base);
        if installs && proving.add(&failure) {
            continue;
        }
        let (bad, failure) = first_bad(trial, &outcome, failure)?;
        let step = &outcome.steps[bad - 1];
        let id = step.transform.id;
        let place = step.fixes.first().map_or(Place { line: 1, column: 1 }, |fix| fix.place);
        let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().to_owned();
        let reason = reasons::fails_with_fix(failure.evidence.trim_end());
        let lines = place.line..=place.line;
        unapplied.push(Unapplied {
            transform: Some(id),
            place,
            lines,
            line,
            reason,
            related: None,
            applicability: None,
        });
        settings.config.ignore.push(id.to_owned());
    }
}

/// The first step after which the image does not work, counted from 1, and the evidence. The
/// original works, and all steps together fail.
fn first_bad<T: Trial>(trial: &T, outcome: &Outcome, failure: Failure) -> Result<(usize, Failure), T::Error> {
    let (mut good, mut bad, mut evidence) = (0, outcome.steps.len(), failure);
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        match check_step(trial, outcome, middle)? {
            Ok(_) => good = middle,
            Err(failure) => (bad, evidence) = (middle, failure),
        }
    }
    Ok((bad, evidence))
}

/// Checks the text after this many steps, at least one.
fn check_step<T: Trial>(
    trial: &T,
    outcome: &Outcome,
    steps: usize,
) -> Result<Result<T::Proof, Failure>, T::Error> {
    let done = &outcome.steps[..steps];
    let text = &done[steps - 1].text;
    let ignore_file = done.iter().rev().find_map(|step| step.ignore_file.as_deref());
    trial.check(text, ignore_file)
}

/// The context, with the release, and the packages and files that trials have shown to be needed.
struct Proving<'a> {
    context_source: &'a dyn ContextSource,
    proven: Vec<RequiredPackage>,
    files: Vec<String>,
    read_files: Vec<String>,
    python_parts: Option<Vec<PythonPart>>,
    release: Option<String>,
}

impl ContextSource for Proving<'_> {
    fn context(&self) -> Result<&BuildContext, &str> {
        self.context_source.context()
    }

    fn dockerfile(&self) -> Option<&str> {
        self.context_source.dockerfile()
    }

    fn proven(&self) -> &[RequiredPackage] {
        &self.proven
    }

    fn needed_files(&self) -> &[String] {
        &self.files
    }

    fn read_files(&self) -> &[String] {
        &self.read_files
    }

    fn python_parts(&self) -> Option<&[PythonPart]> {
        self.python_parts.as_deref()
    }

    fn observed_release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    fn services(&self) -> &[Service] {
        self.context_source.services()
    }

    fn runs(&self) -> &[ImageRun] {
        self.context_source.runs()
    }

    fn texts_about_targets(&self) -> Result<&[(String, String)], &str> {
        self.context_source.texts_about_targets()
    }

    fn can_write_ignore_file(&self) -> bool {
        self.context_source.can_write_ignore_file()
    }
}

impl Proving<'_> {
    /// Adds the packages and files that are not known yet; returns whether there were any.
    fn add(&mut self, failure: &Failure) -> bool {
        let known = self.proven.len() + self.files.len();
        for package in &failure.lacking {
            if !self.proven.iter().any(|proven| proven.package == package.package) {
                self.proven.push(package.clone());
            }
        }
        for file in &failure.lost {
            if !self.files.contains(file) {
                self.files.push(file.clone());
            }
        }
        self.proven.len() + self.files.len() > known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Entry, NoBuildContext};
    use std::cell::Cell;
    use std::collections::BTreeMap;

    /// An image that breaks if the text has a phrase, and lacks a package unless the text names it.
    #[derive(Default)]
    struct Fake {
        breaks_on: &'static str,
        lacks: Option<&'static str>,
        checks: Cell<usize>,
    }

    impl Trial for Fake {
        type Error = std::convert::Infallible;
        type Proof = ();

        fn check(&self, text: &str, _: Option<&str>) -> Result<Result<(), Failure>, Self::Error> {
            self.checks.set(self.checks.get() + 1);
            let broken = text.contains(self.breaks_on);
            let lacking = self.lacks.filter(|package| broken && !text.contains(package));
            Ok(match lacking {
                _ if !broken => Ok(()),
                Some(package) => Err(Failure {
                    evidence: format!("`{package}` is missing"),
                    lacking: vec![RequiredPackage { package: package.into(), why: "it was called".into() }],
                    lost: Vec::new(),
                }),
                None if self.lacks.is_some() => Ok(()),
                None => Err(Failure { evidence: "it printed nothing".into(), ..Failure::default() }),
            })
        }
    }

    const TEXT: &str = "FROM python:3.12\nRUN apt-get update && apt-get install -y git\nRUN useradd -u 999999 app\nCOPY main.py /\nCMD [\"python\", \"/main.py\"]\n";

    fn settings() -> Settings {
        let mut settings = Settings::default();
        settings.config.r#unsafe = true;
        settings.proves = true;
        settings
    }

    /// A directory with the program that the image starts.
    struct Folder(BuildContext);

    impl Folder {
        fn new() -> Self {
            let entry = Entry { path: "main.py".into(), size: 9, is_link: false, executable: false };
            let texts = BTreeMap::from([("main.py".to_owned(), "print(1)\n".to_owned())]);
            Self(BuildContext::of(vec![entry], texts, ".dockerignore", None))
        }
    }

    impl ContextSource for Folder {
        fn context(&self) -> Result<&BuildContext, &str> {
            Ok(&self.0)
        }
    }

    fn fixed(trial: &Fake) -> Outcome {
        fix(trial, TEXT, &settings(), &Folder::new()).expect("the trial answers").outcome
    }

    #[test]
    fn what_works_is_kept_after_one_trial() {
        let trial = Fake { breaks_on: "no such text", ..Fake::default() };
        let outcome = fixed(&trial);
        assert!(outcome.steps.len() > 2, "{outcome:?}");
        assert_eq!(trial.checks.get(), 1);
        assert!(outcome.refused.iter().all(|unapplied| unapplied.reason.code() != "fails-with-fix"));
    }

    #[test]
    fn the_transform_that_breaks_it_is_held_back_and_the_others_stay() {
        for (breaks_on, id) in
            [("--no-log-init", "useradd-no-log-init"), ("rm -rf /var/lib/apt", "clean-package-caches")]
        {
            let outcome = fixed(&Fake { breaks_on, ..Fake::default() });
            let text = outcome.text().expect("the others are applied");
            assert!(!text.contains(breaks_on), "{text}");
            let unapplied = outcome
                .refused
                .iter()
                .find(|unapplied| unapplied.transform == Some(id))
                .expect("it is named");
            assert_eq!(unapplied.reason.to_string(), "held back: with it, it printed nothing");
            assert!(outcome.steps.iter().all(|step| step.transform.id != id));
        }
    }

    #[test]
    fn a_missing_package_is_installed() {
        let trial = Fake { breaks_on: "-slim", lacks: Some("libgomp1"), ..Fake::default() };
        let outcome = fixed(&trial);
        let text = outcome.text().expect("it is fixed");
        assert!(text.contains("-slim") && text.contains("libgomp1"), "{text}");
        assert_eq!(trial.checks.get(), 2);
    }

    #[test]
    fn the_release_of_the_original_image_is_known() {
        struct Works;
        impl Trial for Works {
            type Error = std::convert::Infallible;
            type Proof = ();

            fn release(&self) -> Option<String> {
                Some("debian:13".into())
            }

            fn check(&self, _: &str, _: Option<&str>) -> Result<Result<(), Failure>, Self::Error> {
                Ok(Ok(()))
            }
        }
        let text = "FROM gcc\nWORKDIR /src\nCOPY main.c ./\nRUN gcc -o /usr/local/bin/hello main.c\nCMD [\"hello\"]\n";
        let unknown = pipeline::fix_within(text, &settings(), &Folder::new());
        let codes: Vec<&str> = unknown.refused.iter().map(|unapplied| unapplied.reason.code()).collect();
        assert!(codes.contains(&"unknown-debian-release"), "{codes:?}");
        let Ok(known) = fix(&Works, text, &settings(), &Folder::new());
        let text = known.outcome.text().expect("it is split");
        assert!(text.contains("FROM debian:trixie-slim\n"), "{text}");
    }

    #[test]
    fn a_dev_dependency_that_a_check_has_read_stays() {
        struct Works(&'static str);
        impl Trial for Works {
            type Error = std::convert::Infallible;
            type Proof = ();

            fn read_files(&self) -> Vec<String> {
                vec![self.0.to_owned()]
            }

            fn check(&self, _: &str, _: Option<&str>) -> Result<Result<(), Failure>, Self::Error> {
                Ok(Ok(()))
            }
        }
        let texts = [
            (
                "package.json",
                r#"{"dependencies": {"express": "4"}, "devDependencies": {"debug": "4", "jest": "29"}}"#,
            ),
            (
                "package-lock.json",
                r#"{"lockfileVersion": 3, "packages": {"node_modules/debug": {"dev": true}, "node_modules/ms": {"dev": true}, "node_modules/express": {}}}"#,
            ),
            ("server.js", "require('express')().listen(80);\n"),
        ];
        let entry = |path: &str| Entry { path: path.into(), size: 9, is_link: false, executable: false };
        let entries = texts.iter().map(|(path, _)| entry(path)).collect();
        let texts = texts.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        let folder = Folder(BuildContext::of(entries, texts, ".dockerignore", None));
        let installs =
            "FROM node:18-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"server.js\"]\n";
        let builds = installs.replace("npm ci", "npm ci && npm run build").replace("-slim", "");
        for text in [installs, &builds] {
            let removes = |read: &'static str| {
                let Ok(fixed) = fix(&Works(read), text, &settings(), &folder);
                let new = fixed.outcome.text().unwrap_or(text).to_owned();
                new.contains("omit=dev")
            };
            assert!(removes("/app/node_modules/express/index.js"), "{text}");
            assert!(!removes("/app/node_modules/debug/src/index.js"), "{text}");
            // One of npm's own dependencies.
            assert!(removes("/usr/local/lib/node_modules/npm/node_modules/debug/src/index.js"), "{text}");
            // A dependency of a dev dependency, according to the lockfile.
            assert!(!removes("/app/node_modules/ms/index.js"), "{text}");
        }
    }

    #[test]
    fn a_trial_that_gives_no_answer_ends_it() {
        struct Gone;
        impl Trial for Gone {
            type Error = &'static str;
            type Proof = ();

            fn check(&self, _: &str, _: Option<&str>) -> Result<Result<(), Failure>, Self::Error> {
                Err("the engine is gone")
            }
        }
        let error = fix(&Gone, TEXT, &settings(), &NoBuildContext).expect_err("there is no answer");
        assert_eq!(error, "the engine is gone");
    }
}

//! Commands that run in both images, and must have the same output and exit status.

use std::fmt;

use super::Subject;
use super::containers::{self, Launch, Outcome};
use crate::image::{Image, Tree};
use crate::knowledge::lists::programs::INTERPRETERS;
use crate::measure::Error;
use crate::measure::engine::{Engine, last_lines};
use crate::measure::tracer::Tracer;
use jettison_trace::Trace;

/// A check to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Smoke {
    /// A command of the user, run by the shell of the image.
    Command(String),
    /// A program and its arguments.
    Program(Vec<String>),
    /// The HEALTHCHECK of the image, for a container that is started without options.
    Health,
    /// A container that is started without options ends alike, or runs on.
    Runs,
    /// The program that containers start exists.
    Starts(String),
}

impl fmt::Display for Smoke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(text) => write!(f, "`{text}`"),
            Self::Program(words) => write!(f, "`{}`", words.join(" ")),
            Self::Health => f.write_str("HEALTHCHECK"),
            Self::Runs => f.write_str("a container started without options"),
            Self::Starts(program) => write!(f, "`{program}` exists"),
        }
    }
}

/// Exit statuses of a command that did not run: a failure of the engine, a command that is not
/// executable, no such command. (Docker's manual, "docker run", "Exit status"; Podman's says the
/// same.)
const CANNOT_RUN: i32 = 125;
const NOT_FOUND: i32 = 127;

/// The checks: the user's commands, and those that follow from the configuration of the image.
pub(super) fn tests(image: &Image, tree: &Tree<'_>, commands: &[String]) -> Vec<Smoke> {
    let start = &image.config.start;
    let words: Vec<&String> = start.entrypoint.iter().chain(&start.cmd).flatten().collect();
    let mut tests = Vec::new();
    if let Some(program) = words.first() {
        tests.push(Smoke::Starts((*program).clone()));
    }
    let is_used = |name: &str| {
        words.iter().any(|word| word.split(|c: char| c.is_whitespace() || c == '/').any(|part| part == name))
    };
    for (name, option) in INTERPRETERS {
        if is_used(name) && find(image, tree, name) {
            tests.push(Smoke::Program(vec![(*name).to_owned(), (*option).to_owned()]));
        }
    }
    if start.checks_health() {
        tests.push(Smoke::Health);
    } else if !words.is_empty() {
        tests.push(Smoke::Runs);
    }
    tests.extend(commands.iter().cloned().map(Smoke::Command));
    tests
}

/// Whether an image contains a program, by its path or in the directories of PATH.
fn find(image: &Image, tree: &Tree<'_>, program: &str) -> bool {
    if program.contains('/') {
        let directory = image.config.start.working_dir.as_deref().unwrap_or("/");
        let path =
            if program.starts_with('/') { program.to_owned() } else { format!("{directory}/{program}") };
        return tree.resolve(&path).is_some();
    }
    image.config.start.path().any(|directory| tree.resolve(&format!("{directory}/{program}")).is_some())
}

/// One of the two images, and the files that a container sees.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    pub subject: &'s Subject,
    pub tree: &'s Tree<'s>,
}

impl Side<'_> {
    fn has(&self, program: &str) -> bool {
        find(&self.subject.image, self.tree, program)
    }
}

impl Smoke {
    /// Whether the check only looks at the files of the image.
    pub(super) fn starts_nothing(&self) -> bool {
        matches!(self, Self::Starts(_))
    }

    /// Runs the check in both images, and returns the failure of the second, if any.
    pub(super) fn compare(
        &self,
        engine: &Engine,
        before: Side<'_>,
        after: Side<'_>,
    ) -> Result<Option<String>, Error> {
        if let Self::Starts(program) = self {
            let is_lost = before.has(program) && !after.has(program);
            return Ok(
                is_lost.then(|| format!("`{program}`, the program that containers start, no longer exists"))
            );
        }
        let (was, _) = self.run(engine, before, None)?;
        if let Some(status @ CANNOT_RUN..) = was.code.filter(|code| *code <= NOT_FOUND) {
            let output = last_lines(was.said.as_bytes(), 8).trim_end().to_owned();
            return Err(Error::Smoke { check: self.to_string(), status, output });
        }
        let is = confirmed(&was.status, || Ok(self.run(engine, after, None)?.0))?;
        if was.status == is.status {
            if steady(&was.printed) == steady(&is.printed) {
                return Ok(None);
            }
            // Output that differs between two runs of the same image does not count.
            let (again, _) = self.run(engine, before, None)?;
            if was.status == again.status && differs_like(&was.printed, &again.printed, &is.printed) {
                return Ok(None);
            }
        }
        let shown = if is.said.trim().is_empty() { &is.printed } else { &is.said };
        Ok(Some(if was.status == is.status {
            let (was, is) = from_difference(&was.printed, &is.printed);
            format!("the output of {self} changed from\n  {was}\nto\n  {is}")
        } else {
            format!(
                "the result of {self} changed from {} to {}:\n{}",
                was.status,
                is.status,
                last_lines(shown.as_bytes(), 8).trim_end()
            )
        }))
    }

    /// Runs the check in one image. The trace is empty without a tracer, and if the program could
    /// not be traced.
    pub(super) fn run(
        &self,
        engine: &Engine,
        side: Side<'_>,
        tracer: Option<&Tracer>,
    ) -> Result<(Outcome, Trace), Error> {
        match self {
            Self::Health => containers::health(engine, side.subject, tracer),
            Self::Runs => containers::start(engine, side.subject, tracer),
            Self::Command(_) | Self::Program(_) | Self::Starts(_) => {
                let tag = side.subject.built.image.tag.as_str();
                let launch = Launch { tag, network: None, program: &self.words(side) };
                containers::run(engine, launch, tracer)
            }
        }
    }

    /// The program and its arguments, for checks that name one.
    fn words(&self, side: Side<'_>) -> Vec<String> {
        match self {
            Self::Command(text) if side.has("/bin/sh") => vec!["/bin/sh".into(), "-c".into(), text.clone()],
            // Without a shell, blanks separate the words.
            Self::Command(text) => text.split_whitespace().map(str::to_owned).collect(),
            Self::Program(words) => words.clone(),
            Self::Health | Self::Runs | Self::Starts(_) => Vec::new(),
        }
    }
}

/// The outcome of a check in the second image. One that ends otherwise than in the first image is run
/// again, since a program may start too late on a busy machine: two of three runs decide.
fn confirmed(expected: &str, mut run: impl FnMut() -> Result<Outcome, Error>) -> Result<Outcome, Error> {
    let first = run()?;
    if first.status == expected {
        return Ok(first);
    }
    let second = run()?;
    if second.status != expected {
        return Ok(first);
    }
    let third = run()?;
    Ok(if third.status == expected { third } else { first })
}

/// A text without durations: numbers followed by a unit of time.
fn steady(text: &str) -> String {
    let is_unit = |rest: &str| {
        let unit: String =
            rest.trim_start_matches(' ').chars().take_while(char::is_ascii_alphabetic).collect();
        matches!(unit.as_str(), "s" | "ms" | "us" | "ns" | "sec" | "secs" | "seconds" | "m")
    };
    let mut steady = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let length = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        steady.push_str(before);
        steady.push_str(if is_unit(&number[length..]) { "0" } else { &number[..length] });
        rest = &number[length..];
    }
    steady + rest
}

/// Whether the third text differs from the first only in lines in which the second also differs.
fn differs_like(first: &str, second: &str, third: &str) -> bool {
    let lines = |text: &str| steady(text).lines().map(str::to_owned).collect::<Vec<_>>();
    let (first, second, third) = (lines(first), lines(second), lines(third));
    first.len() == second.len()
        && first.len() == third.len()
        && first != second
        && first.iter().zip(&second).zip(&third).all(|((a, b), c)| a != b || a == c)
}

/// A few lines of each text, starting with the first difference.
fn from_difference(a: &str, b: &str) -> (String, String) {
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| steady(a) == steady(b)).count();
    let few = |text: &str| text.lines().skip(same).take(5).collect::<Vec<_>>().join("\n  ");
    (few(a), few(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_do_not_count() {
        assert_eq!(steady("3 passed in 0.12s\n"), steady("3 passed in 11.4s\n"));
        assert_ne!(steady("3 passed in 0.12s"), steady("4 passed in 0.12s"));
        assert_ne!(steady("Python 3.11.2"), steady("Python 3.12.1"));
        assert_eq!(steady("1 2.5 ms 3x"), "1 0 ms 3x");
    }

    #[test]
    fn two_of_three_runs_decide() {
        for (statuses, expected) in [("0", "0"), ("100", "0"), ("101", "1"), ("11", "1")] {
            let mut runs = statuses.chars();
            let run = || {
                let status = runs.next().expect("a run").to_string();
                Ok(Outcome { status, ..Outcome::default() })
            };
            assert_eq!(confirmed("0", run).expect("runs").status, expected, "{statuses}");
            assert_eq!(runs.next(), None, "{statuses}");
        }
    }

    #[test]
    fn what_is_shown_starts_where_it_differs() {
        assert_eq!(from_difference("a\nin 1s\nb\nc", "a\nin 2s\nx"), ("b\n  c".into(), "x".into()));
    }

    #[test]
    fn what_differs_anyway_does_not_count() {
        assert!(differs_like("a\nid 1\nb", "a\nid 2\nb", "a\nid 3\nb"));
        assert!(!differs_like("a\nid 1\nb", "a\nid 2\nb", "a\nid 3\nc"));
        assert!(!differs_like("a", "a", "b"));
        assert!(!differs_like("a\nid 1", "a\nid 2", "a"));
    }
}

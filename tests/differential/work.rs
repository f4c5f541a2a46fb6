//! The test: many test cases on all cores, and a report of the results.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::case::Case;
use crate::compare::Kind;
use crate::grammar;
use crate::judge::{Depth, Finding, Tally, judge};
use crate::random::Random;
use crate::server::Server;
use crate::shrink::shrink;
use crate::support;

/// The number of cases, unless the environment sets one.
const CASES: usize = 500;
/// The number of candidates that are tried to shrink a failing case.
const BUDGET: usize = 1500;
/// The number of cases of one kind that are shrunk and shown.
const SHOWN: usize = 2;

/// The common properties of one kind of finding: the transforms, and what differs.
type Key = (Vec<&'static str>, Kind, bool);

#[derive(Default)]
struct Report {
    tally: Tally,
    built: usize,
    transforms: BTreeMap<&'static str, usize>,
    findings: BTreeMap<Key, usize>,
    texts: Vec<String>,
}

#[test]
fn fixed_files_build_the_same() {
    let Some(first) = support::need("fixed_files_build_the_same", Server::start()) else { return };
    let mut servers = vec![first];
    let seed = number("JETTISON_DIFFERENTIAL_SEED").unwrap_or(1);
    let cases = number("JETTISON_DIFFERENTIAL_CASES").unwrap_or(CASES);
    let threads = number("JETTISON_DIFFERENTIAL_THREADS")
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .min(cases);
    while servers.len() < threads {
        servers.push(Server::start().expect("a second throwaway root"));
    }
    let (next, report, started) = (AtomicUsize::new(0), Mutex::new(Report::default()), Instant::now());
    std::thread::scope(|scope| {
        for mut server in servers {
            let (next, report) = (&next, &report);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= cases {
                        break;
                    }
                    test_case(&mut server, seed + index, report);
                    if index % 1000 == 999 {
                        progress(report, index + 1, started);
                    }
                }
            });
        }
    });
    progress(&report, cases, started);
    let report = report.into_inner().expect("no thread panicked");
    let found: usize = report.findings.values().sum();
    let counts: Vec<String> =
        report.transforms.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!("changed by: {}", counts.join(", "));
    for ((transforms, kind, has_fault), count) in &report.findings {
        println!(
            "{count} × {kind:?} by {}{}",
            transforms.join(", "),
            if *has_fault { ", with a failing command" } else { "" }
        );
    }
    assert!(found == 0, "{found} of {cases} cases differ:\n\n{}", report.texts.join("\n\n"));
}

fn progress(report: &Mutex<Report>, done: usize, started: Instant) {
    let report = report.lock().expect("no thread panicked");
    let seconds = started.elapsed().as_secs_f64();
    let found: usize = report.findings.values().sum();
    println!(
        "{done} cases in {seconds:.0} s: {} changed, {} of them build, {} builds, {} failing commands, {found} findings",
        report.tally.changed, report.built, report.tally.builds, report.tally.faults
    );
}

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text}")))
}

/// Tests the case of one seed.
fn test_case(server: &mut Server, seed: usize, report: &Mutex<Report>) {
    let mut random = Random::new(u64::try_from(seed).expect("a 64-bit number"));
    let case = grammar::case(&mut random);
    let faults = if random.chance(35) { 2 } else { 0 };
    let mut depth = if faults > 0 { Depth::Some(faults, random) } else { Depth::Plain };
    let mut tally = Tally::default();
    let finding = judge(server, &case, &mut depth, &mut tally).unwrap_or_else(|error| {
        panic!("seed {seed}: the server is gone: {error}\n{case}");
    });
    let mut all = report.lock().expect("no thread panicked");
    all.tally.builds += tally.builds;
    all.tally.changed += tally.changed;
    all.tally.faults += tally.faults;
    for name in &tally.transforms {
        *all.transforms.entry(name).or_default() += 1;
    }
    all.built += usize::from(tally.is_built);
    let Some(finding) = finding else { return };
    let mut transforms = finding.transforms.clone();
    transforms.sort_unstable();
    transforms.dedup();
    let count =
        all.findings.entry((transforms, finding.differences[0].kind, finding.fault.is_some())).or_default();
    *count += 1;
    let is_shown = *count <= SHOWN;
    drop(all);
    if is_shown {
        let text = describe(server, seed, case, &finding, tally.is_built);
        println!("{text}\n");
        report.lock().expect("no thread panicked").texts.push(text);
    }
}

/// Shrinks a failing case and prints it.
fn describe(server: &mut Server, seed: usize, case: Case, finding: &Finding, is_built: bool) -> String {
    let kind = finding.differences[0].kind;
    let mode = finding.mode;
    let mut last = finding.clone();
    let smallest = shrink(case, BUDGET, |candidate| {
        let mut depth = if finding.fault.is_some() { Depth::Every(mode) } else { Depth::Only(mode) };
        let mut tally = Tally::default();
        let Ok(Some(other)) = judge(server, candidate, &mut depth, &mut tally) else { return false };
        let is_alike = other.differences[0].kind == kind
            && tally.is_built == is_built
            && other.fault.is_some() == finding.fault.is_some();
        if is_alike {
            last = other;
        }
        is_alike
    });
    let fault = last.fault.as_ref().map(|fault| {
        let words = String::from_utf8_lossy(&fault.record).replace('\0', " ");
        format!(
            "failing command: {words}(number {}{})\n",
            fault.occurrence + 1,
            if fault.works { ", after its work" } else { "" }
        )
    });
    let ignore_file = last.ignore_file.as_ref().map(|text| format!("--- its .dockerignore\n{text}"));
    let differences: Vec<&str> =
        last.differences.iter().take(6).map(|difference| difference.text.as_str()).collect();
    format!(
        "=== JETTISON_DIFFERENTIAL_SEED={seed} JETTISON_DIFFERENTIAL_CASES=1: {mode:?}, by {}\nat first: {}\n{smallest}--- fixed\n{}{}{}--- differs\n{}",
        last.transforms.join(", "),
        finding.differences[0].text,
        last.fixed,
        ignore_file.unwrap_or_default(),
        fault.unwrap_or_default(),
        differences.join("\n"),
    )
}
